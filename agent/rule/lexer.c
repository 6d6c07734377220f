/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/lexer.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Not isalpha() and the like: these must not depend on the locale. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character n places on, NUL behind the end: a NUL within the text ends every word as well. */
static char peek(const struct lexer *l, size_t n)
{
	return l->at + n < l->text.n ? l->text.p[l->at + n] : '\0';
}

static struct str taken(struct lexer *l, size_t n)
{
	struct str s = str_n(l->text.p + l->at, n);

	l->at += n;
	return s;
}

bool lex_end(const struct lexer *l)
{
	return l->at >= l->text.n;
}

bool lex_at(const struct lexer *l, char c)
{
	return !lex_end(l) && l->text.p[l->at] == c;
}

bool lex_blank(struct lexer *l)
{
	size_t from = l->at;

	while (!lex_end(l) && is_blank(l->text.p[l->at]))
		l->at++;
	return l->at > from;
}

bool lex_literal(struct lexer *l, const char *word)
{
	size_t n = strlen(word);

	if (!str_starts(str_skip(l->text, l->at), str_n(word, n)))
		return false;
	l->at += n;
	return true;
}

bool lex_word(struct lexer *l, const char *word)
{
	size_t from = l->at;

	if (lex_literal(l, word) && lex_blank(l))
		return true;
	l->at = from;
	return false;
}

static size_t identifier_at(const struct lexer *l, size_t from)
{
	size_t n = from;

	if (!is_letter(peek(l, n)))
		return 0;
	while (is_letter(peek(l, n)) || is_digit(peek(l, n)) || peek(l, n) == '_')
		n++;
	return n - from;
}

bool lex_identifier(struct lexer *l, struct str *ret)
{
	size_t n = identifier_at(l, 0);

	if (!n)
		return false;
	*ret = taken(l, n);
	return true;
}

bool lex_field(struct lexer *l, struct str *ret)
{
	size_t n = identifier_at(l, 0), part, parts = 0;

	while (n && peek(l, n) == '.' && (part = identifier_at(l, n + 1))) {
		n += 1 + part;
		parts++;
	}
	if (!parts)
		return false;
	*ret = taken(l, n);
	return true;
}

static size_t digits_at(const struct lexer *l, size_t from)
{
	size_t n = from;

	while (is_digit(peek(l, n)))
		n++;
	return n - from;
}

bool lex_number(struct lexer *l, struct str *ret)
{
	size_t n = 0;

	if (peek(l, 0) == '0' && (peek(l, 1) | 0x20) == 'x' && hex_digit(peek(l, 2)) >= 0) {
		for (n = 3; hex_digit(peek(l, n)) >= 0;)
			n++;
		*ret = taken(l, n);
		return true;
	}
	if (peek(l, 0) == '+' || peek(l, 0) == '-')
		n++;
	if (!digits_at(l, n))
		return false;
	n += digits_at(l, n);
	if (peek(l, n) == '.')
		n++;
	n += digits_at(l, n);
	if ((peek(l, n) | 0x20) == 'e' && (peek(l, n + 1) == '+' || peek(l, n + 1) == '-') && digits_at(l, n + 2))
		n += 2 + digits_at(l, n + 2);
	*ret = taken(l, n);
	return true;
}

static bool lex_until(struct lexer *l, const char *stop, struct str *ret)
{
	size_t n = 0;

	while (l->at + n < l->text.n && !is_blank(peek(l, n)) && !(peek(l, n) && strchr(stop, peek(l, n))))
		n++;
	if (!n)
		return false;
	*ret = taken(l, n);
	return true;
}

bool lex_bare(struct lexer *l, struct str *ret)
{
	return lex_until(l, "()\"'=,", ret);
}

bool lex_bare_arg(struct lexer *l, struct str *ret)
{
	return lex_until(l, "[]\"'", ret);
}

struct str lex_peek_word(const struct lexer *l)
{
	struct lexer copy = *l;
	struct str s;

	if (lex_until(&copy, "()[]\"',", &s))
		return s;
	return lex_end(l) ? STR_NONE : str_n(l->text.p + l->at, 1);
}

/* The escape that begins at p[0] == '\\'; how many bytes it takes, 0 when there is no such escape. */
static size_t unescape(struct str s, char quote, char *ret)
{
	static const char from[] = "bfnrt\\/", to[] = "\b\f\n\r\t\\/";
	const char *at;

	if (s.n < 2)
		return 0;
	*ret = '\\';
	if (s.p[1] == ' ')
		return 2;	/* the original's old behaviour: the blank is gone */
	*ret = quote;
	if (s.p[1] == quote)
		return 2;
	if (s.p[1] == 'x' && s.n >= 4 && hex_digit(s.p[2]) >= 0 && hex_digit(s.p[3]) >= 0) {
		*ret = (char)(hex_digit(s.p[2]) << 4 | hex_digit(s.p[3]));
		return 4;
	}
	at = s.p[1] ? strchr(from, s.p[1]) : NULL;
	*ret = at ? to[at - from] : '\0';
	return at ? 2 : 0;
}

int lex_quoted(struct lexer *l, struct str *ret)
{
	char quote = peek(l, 0), *dst;
	size_t end = l->at + 1, i, step;
	struct str raw;

	if (quote != '"' && quote != '\'')
		return 1;
	/* A quote behind a backslash never closes, not even behind two of them. */
	while (end < l->text.n && (l->text.p[end] != quote || l->text.p[end - 1] == '\\'))
		end++;
	if (end >= l->text.n)
		return lex_fail(l, l->at, l->text.n - l->at, "the text that begins with %c is not closed", quote);
	raw = str_n(l->text.p + l->at + 1, end - l->at - 1);
	dst = arena_alloc(l->arena, raw.n + 1);
	if (!dst)
		return -ENOMEM;
	ret->p = dst;
	for (i = 0; i < raw.n; i += step) {
		step = 1;
		*dst = raw.p[i];
		if (raw.p[i] == '\\')
			step = unescape(str_skip(raw, i), quote, dst);
		if (!step)
			return lex_fail(l, l->at + 1 + i, 2, "unknown escape \"" STR_FMT "\" in a text",
					STR_ARG(str_n(raw.p + i, raw.n - i < 2 ? 1 : 2)));
		dst++;
	}
	ret->n = (size_t)(dst - ret->p);
	l->at = end + 1;
	return 0;
}

/* Counts on from the last place: a list of a hundred thousand items asks for as many. */
void lex_place(struct lexer *l, size_t pos, struct span *ret)
{
	size_t i;

	if (pos < l->mark.pos)
		memset(&l->mark, 0, sizeof(l->mark));
	for (i = l->mark.pos; i < pos && i < l->text.n; i++) {
		if (l->text.p[i] == '\n' || l->text.p[i] == '\r') {
			l->mark.lines++;
			l->mark.begin = i + 1;
		}
	}
	l->mark.pos = pos;
	ret->pos = (uint32_t)pos;
	ret->len = 1;
	ret->line = l->mark.lines + 1;
	ret->col = (uint32_t)(pos - l->mark.begin + 1);
}

int lex_fail(struct lexer *l, size_t pos, size_t len, const char *fmt, ...)
{
	struct span at;
	va_list ap;

	lex_place(l, pos, &at);
	l->e->pos = pos;
	l->e->len = len ? len : 1;
	l->e->line = at.line;
	l->e->col = at.col;
	l->e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(l->e->message, sizeof(l->e->message), fmt, ap);
	va_end(ap);
	return -EINVAL;
}
