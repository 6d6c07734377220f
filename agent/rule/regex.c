/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rule/regex.h"
#include "util/limits.h"
#include "util/utf8.h"
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define SUBJECT_MAX (96u << 10)		/* a value of the longest record, every byte of it three bytes long */
#define JIT_STACK_MIN (32u << 10)
#define JIT_STACK_MAX (512u << 10)

struct regex {
	pcre2_code *code;
};

struct regex_scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
	char subject[SUBJECT_MAX];
};

/* ---- syntax ---- */

/* What may follow a backslash in POSIX syntax as RE2 has it: any punctuation, control characters, numbers. */
static bool escape_allowed(char c)
{
	return (c > ' ' && c < 0x7f && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9')) ||
	       (c && strchr("afnrtvx", c));
}

/* Behind the bracket expression that begins at i, or p.n when it is not closed. */
static size_t skip_bracket(struct str p, size_t i)
{
	i++;
	if (i < p.n && p.p[i] == '^')
		i++;
	if (i < p.n && p.p[i] == ']')
		i++;
	while (i < p.n && p.p[i] != ']') {
		if (p.p[i] == '[' && i + 1 < p.n && p.p[i + 1] == ':') {
			const char *end = memmem(p.p + i + 2, p.n - i - 2, ":]", 2);

			i = end ? (size_t)(end - p.p) + 2 : i + 1;
		} else {
			i += p.p[i] == '\\' && i + 1 < p.n ? 2 : 1;
		}
	}
	return i < p.n ? i + 1 : p.n;
}

/* An escape within [from, to) that POSIX syntax has not, or to. */
static size_t bad_escape(struct str p, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++) {
		if (p.p[i] == '\\' && (i + 1 >= p.n || !escape_allowed(p.p[++i])))
			return i < p.n ? i - 1 : p.n - 1;
	}
	return to;
}

static int refuse(char why[160], struct str p, size_t at, size_t n, const char *text)
{
	snprintf(why, 160, "\"" STR_FMT "\" %s", STR_ARG(str_n(p.p + at, p.n - at < n ? p.n - at : n)), text);
	return -EINVAL;
}

/* pcre2 takes more than the language does, and some of it means something else: refuse what POSIX has not. */
static int check_syntax(struct str p, char why[160])
{
	size_t i, end;
	bool repeated = false;

	for (i = 0; i < p.n; i = end) {
		char c = p.p[i];
		bool repeat = c == '*' || c == '+' || c == '?';

		end = c == '[' ? skip_bracket(p, i) : c == '\\' ? i + 2 : i + 1;
		if (end > p.n)
			end = p.n;
		if ((c == '[' || c == '\\') && bad_escape(p, i, end) < end)
			return refuse(why, p, bad_escape(p, i, end), 2,
				      "is no POSIX escape (use [0-9], [[:space:]], [[:alnum:]_])");
		if (c == '(' && i + 1 < p.n && (p.p[i + 1] == '?' || p.p[i + 1] == '*'))
			return refuse(why, p, i, 3, "is no POSIX syntax (for either case write [aA])");
		if (c == '+' && repeated)
			return refuse(why, p, i ? i - 1 : 0, 2,
				      "repeats a repetition: put the inner one in parentheses");
		repeated = repeat || c == '}';
	}
	return 0;
}

bool regex_is_plain(struct str p)
{
	size_t i;

	if (p.n && p.p[0] == '^')
		p = str_skip(p, 1);
	if (p.n && p.p[p.n - 1] == '$')
		p.n--;
	if (p.n >= 2 && p.p[0] == '.' && strchr("*+?", p.p[1]))
		p = str_skip(p, 2);
	if (p.n >= 2 && p.p[p.n - 2] == '.' && strchr("*+?", p.p[p.n - 1]))
		p.n -= 2;
	for (i = 0; i < p.n; i++) {
		if (p.p[i] && strchr(".^$*+?()[]{}\\|", p.p[i]))
			return false;
	}
	return true;
}

/* ---- compile ---- */

int regex_new(struct regex **ret, struct str pattern, char why[160])
{
	const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_MULTILINE | PCRE2_UTF |
				 PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
	struct regex *r;
	PCRE2_SIZE at;
	int error;

	error = check_syntax(pattern, why);
	if (error < 0)
		return error;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &error, &at, NULL);
	if (!r->code) {
		PCRE2_UCHAR text[128];

		pcre2_get_error_message(error, text, sizeof(text));
		snprintf(why, 160, "%s at offset %zu", (const char *)text, (size_t)at);
		regex_free(r);
		return -EINVAL;
	}
	/* A host that forbids writable code gets the slower interpreter. */
	pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	*ret = r;
	return 0;
}

struct regex *regex_free(struct regex *r)
{
	if (r)
		pcre2_code_free(r->code);
	free(r);
	return NULL;
}

size_t regex_bytes(const struct regex *r)
{
	size_t code = 0, jit = 0;

	pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &code);
	pcre2_pattern_info(r->code, PCRE2_INFO_JITSIZE, &jit);
	return sizeof(*r) + code + jit;
}

struct regex_scratch *regex_scratch_new(void)
{
	struct regex_scratch *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	memset(s, 0, offsetof(struct regex_scratch, subject));
	s->context = pcre2_match_context_create(NULL);
	s->data = pcre2_match_data_create(1, NULL);
	s->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (!s->context || !s->data)
		return regex_scratch_free(s);
	pcre2_set_match_limit(s->context, REGEX_MATCH_LIMIT);
	if (s->stack)
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
	return s;
}

struct regex_scratch *regex_scratch_free(struct regex_scratch *s)
{
	if (!s)
		return NULL;
	pcre2_match_context_free(s->context);
	pcre2_match_data_free(s->data);
	if (s->stack)
		pcre2_jit_stack_free(s->stack);
	free(s);
	return NULL;
}

/* ---- match ---- */

static bool is_ascii(struct str s)
{
	uint64_t w;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&w, s.p + i, 8);
		if (w & 0x8080808080808080ull)
			return false;
	}
	for (; i < s.n; i++) {
		if (s.p[i] & 0x80)
			return false;
	}
	return true;
}

/* The value with U+FFFD for every byte that belongs to no character; {NULL, 0} without room. */
static struct str sanitise(struct regex_scratch *s, struct str value)
{
	bool cut = false;
	size_t n = utf8_clean(s->subject, sizeof(s->subject), value, &cut);

	return cut ? STR_NONE : str_n(s->subject, n);
}

enum regex_result regex_match(const struct regex *r, struct regex_scratch *s, struct str value)
{
	int n;

	if (!is_ascii(value)) {
		value = sanitise(s, value);
		if (!value.p)
			return REGEX_LIMIT;
	}
	n = pcre2_match(r->code, (PCRE2_SPTR)(value.p ? value.p : ""), value.n, 0, PCRE2_NO_UTF_CHECK, s->data,
			s->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return REGEX_NO;
	return n < 0 ? REGEX_LIMIT : REGEX_YES;
}
