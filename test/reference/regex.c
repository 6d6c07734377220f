/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions by sets of places: which places of the text can be reached
 * by what stands before, and from those which by the next part. No choice is
 * ever taken back, so that there is nothing to bound. Characters, not bytes: a
 * byte that belongs to none is U+FFFD, a character of its own.
 *
 * Read are the parts that the conditions of condition.c are written with:
 * characters, escaped punctuation, ".", "^", "$", sets with ranges and classes,
 * groups, "|", and * + ? {n} {n,} {n,m}.
 */
#include "reference.h"
#include <stdlib.h>

#define CHARACTERS_MAX 4096

struct subject {
	uint32_t c[CHARACTERS_MAX];
	size_t n;
};

/* A bit for the place in front of each character, and for the end. */
struct places {
	uint64_t bits[CHARACTERS_MAX / 64 + 1];
};

static bool has(const struct places *p, size_t i)
{
	return p->bits[i / 64] >> (i % 64) & 1;
}

static void put(struct places *p, size_t i, bool yes)
{
	if (yes)
		p->bits[i / 64] |= 1ull << (i % 64);
}

static size_t character(struct str s, size_t at, uint32_t *ret)
{
	unsigned char lead = (unsigned char)s.p[at];
	size_t n = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3
		   : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
	uint32_t c = n == 1 ? lead : n == 2 ? lead & 0x1f : n == 3 ? lead & 0xf : lead & 7;

	*ret = 0xfffd;
	if (!n || at + n > s.n)
		return 1;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s.p[at + i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | ((unsigned char)s.p[at + i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 1;
	*ret = c;
	return n;
}

static bool in_class(const char *name, size_t n, uint32_t c)
{
	bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';

	if (n == 5 && !memcmp(name, "alpha", 5))
		return lower || upper;
	if (n == 5 && !memcmp(name, "digit", 5))
		return digit;
	if (n == 5 && !memcmp(name, "alnum", 5))
		return lower || upper || digit;
	if (n == 5 && !memcmp(name, "lower", 5))
		return lower;
	if (n == 5 && !memcmp(name, "upper", 5))
		return upper;
	if (n == 5 && !memcmp(name, "space", 5))
		return c == ' ' || (c >= '\t' && c <= '\r');
	abort();
}

/* A set that begins at *at, behind the bracket; leaves *at behind its end. */
static bool in_set(struct str p, size_t *at, uint32_t c)
{
	bool negated = p.p[*at] == '^', hit = false;
	size_t first;
	uint32_t lo, hi;

	*at += negated;
	for (first = *at; p.p[*at] != ']' || *at == first;) {
		if (p.p[*at] == '[' && p.p[*at + 1] == ':') {
			const char *name = p.p + *at + 2, *end = memchr(name, ':', p.n - *at - 2);

			hit |= in_class(name, (size_t)(end - name), c);
			*at = (size_t)(end - p.p) + 2;
			continue;
		}
		*at += character(p, *at, &lo);
		hi = lo;
		if (p.p[*at] == '-' && p.p[*at + 1] != ']') {
			++*at;
			*at += character(p, *at, &hi);
		}
		hit |= c >= lo && c <= hi;
	}
	++*at;
	return hit != negated;
}

static struct places alternatives(const struct subject *s, struct str p, size_t *at, struct places from);

/* One character, set, group or anchor at *at. */
static struct places atom(const struct subject *s, struct str p, size_t *at, struct places from)
{
	size_t begin = *at, i;
	struct places to = {};
	uint32_t c;

	if (p.p[begin] == '(') {
		++*at;
		to = alternatives(s, p, at, from);
		++*at;
		return to;
	}
	*at += p.p[begin] == '\\';
	*at += character(p, *at, &c);
	for (i = 0; i <= s->n; i++) {
		size_t behind = begin + 1;
		bool hit = false;

		if (p.p[begin] == '^')
			put(&to, i, has(&from, i) && (!i || s->c[i - 1] == '\n'));
		else if (p.p[begin] == '$')
			put(&to, i, has(&from, i) && (i == s->n || s->c[i] == '\n'));
		if (p.p[begin] == '^' || p.p[begin] == '$' || i == s->n)
			continue;
		if (p.p[begin] == '[')
			hit = in_set(p, &behind, s->c[i]);
		else if (p.p[begin] == '.')
			hit = s->c[i] != '\n';
		else
			hit = s->c[i] == c;
		put(&to, i + 1, hit && has(&from, i));
	}
	if (p.p[begin] == '[') {
		*at = begin + 1;
		in_set(p, at, 0);
	}
	return to;
}

static size_t digits(struct str p, size_t *at)
{
	size_t n = 0;

	while (p.p[*at] >= '0' && p.p[*at] <= '9')
		n = n * 10 + (size_t)(p.p[(*at)++] - '0');
	return n;
}

/* How often what stood before may stand here; *at is left behind it. */
static void repeats(struct str p, size_t *at, size_t *least, size_t *most)
{
	char c = *at < p.n ? p.p[*at] : '\0';

	*least = c == '*' || c == '?' ? 0 : 1;
	*most = c == '*' || c == '+' ? CHARACTERS_MAX : 1;
	if (c == '*' || c == '+' || c == '?')
		++*at;
	if (c != '{')
		return;
	++*at;
	*least = *most = digits(p, at);
	if (p.p[*at] == ',') {
		++*at;
		*most = p.p[*at] == '}' ? CHARACTERS_MAX : digits(p, at);
	}
	++*at;
}

static void join(struct places *a, const struct places *b)
{
	for (size_t i = 0; i <= CHARACTERS_MAX / 64; i++)
		a->bits[i] |= b->bits[i];
}

static struct places sequence(const struct subject *s, struct str p, size_t *at, struct places from)
{
	while (*at < p.n && p.p[*at] != '|' && p.p[*at] != ')') {
		size_t begin = *at, behind, least, most, i;
		struct places now = from, reached = {}, before;

		atom(s, p, at, from);
		behind = *at;
		repeats(p, at, &least, &most);
		if (!least)
			reached = now;
		for (i = 1; i <= most; i++) {
			behind = begin;
			now = atom(s, p, &behind, now);
			before = reached;
			if (i >= least)
				join(&reached, &now);
			if (i > least && !memcmp(&before, &reached, sizeof(before)))
				break;
		}
		from = reached;
	}
	return from;
}

static struct places alternatives(const struct subject *s, struct str p, size_t *at, struct places from)
{
	struct places all = sequence(s, p, at, from), one;

	while (*at < p.n && p.p[*at] == '|') {
		++*at;
		one = sequence(s, p, at, from);
		join(&all, &one);
	}
	return all;
}

bool text_regex(struct str text, struct str pattern)
{
	static struct subject s;
	struct places from = {}, to;
	char *p = ref_memory(pattern.n + 1);
	size_t at = 0;

	s.n = 0;
	while (at < text.n && s.n < CHARACTERS_MAX)
		at += character(text, at, &s.c[s.n++]);
	if (at < text.n)
		abort();
	memcpy(p, pattern.p, pattern.n);
	p[pattern.n] = '\0';	/* so that a look one ahead is safe */
	put(&from, 0, true);
	at = 0;
	to = alternatives(&s, (struct str){p, pattern.n}, &at, from);
	return has(&to, s.n);
}
