/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/glob.h"

static unsigned char folded(unsigned char c, bool fold_case)
{
	return fold_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool in_class(struct str name, unsigned char c)
{
	bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
	bool blank = c == ' ' || c == '\t', printed = c > ' ' && c < 0x7f;

	if (str_eq(name, STR("alpha")))
		return lower || upper;
	if (str_eq(name, STR("digit")))
		return digit;
	if (str_eq(name, STR("alnum")))
		return lower || upper || digit;
	if (str_eq(name, STR("lower")))
		return lower;
	if (str_eq(name, STR("upper")))
		return upper;
	if (str_eq(name, STR("space")))
		return blank || (c >= '\n' && c <= '\r');
	if (str_eq(name, STR("blank")))
		return blank;
	if (str_eq(name, STR("punct")))
		return printed && !lower && !upper && !digit;
	if (str_eq(name, STR("print")))
		return printed || c == ' ';
	if (str_eq(name, STR("graph")))
		return printed;
	if (str_eq(name, STR("cntrl")))
		return c < ' ' || c == 0x7f;
	return str_eq(name, STR("xdigit")) && (digit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

/* One character of a set, an escaped one included; where the next begins. */
static size_t set_character(struct str p, size_t i, unsigned char *ret)
{
	if (p.p[i] == '\\' && i + 1 < p.n)
		i++;
	*ret = (unsigned char)p.p[i];
	return i + 1;
}

/*
 * The set that begins at p[0] == '[': its length, and whether it holds c. 0 when it is not closed: then the bracket is a
 * character like others, but, as fnmatch(3) has it, nothing matches (*ret) where a range breaks off.
 */
static size_t match_set(struct str p, unsigned char c, bool fold_case, bool *ret)
{
	bool negated = p.n > 1 && (p.p[1] == '!' || p.p[1] == '^'), hit = false;
	size_t i = negated ? 2 : 1, first = i;
	unsigned char lo, hi;
	bool broken = false;

	while (i < p.n && (p.p[i] != ']' || i == first)) {
		const char *end = p.p[i] == '[' && i + 1 < p.n && p.p[i + 1] == ':'
				      ? memmem(p.p + i + 2, p.n - i - 2, ":]", 2)
				      : NULL;

		if (end) {
			struct str name = str_n(p.p + i + 2, (size_t)(end - p.p) - i - 2);

			hit |= in_class(name, c) || (fold_case && (in_class(name, folded(c, true)) ||
								   (c >= 'a' && c <= 'z' && in_class(name, c & 0xdf))));
			i = (size_t)(end - p.p) + 2;
			continue;
		}
		i = set_character(p, i, &lo);
		hi = lo;
		broken = broken || (i + 1 == p.n && p.p[i] == '-' && !hit && folded(lo, fold_case) != folded(c, fold_case));
		if (i + 1 < p.n && p.p[i] == '-' && p.p[i + 1] != ']')
			i = set_character(p, i + 1, &hi);
		hit |= (folded(c, fold_case) >= folded(lo, fold_case) && folded(c, fold_case) <= folded(hi, fold_case));
	}
	*ret = i < p.n ? hit != negated : broken;
	return i < p.n ? i + 1 : 0;
}

/* Matches one character against the head of the pattern: how much of the pattern it took, 0 when it does not. */
static size_t match_one(struct str p, unsigned char c, bool fold_case)
{
	size_t n;
	bool hit;

	switch (p.p[0]) {
	case '?':
		return 1;
	case '[':
		n = match_set(p, c, fold_case, &hit);
		if (n || hit)
			return n && hit ? n : 0;
		break;
	case '\\':
		if (p.n < 2)
			return 0;
		return folded((unsigned char)p.p[1], fold_case) == folded(c, fold_case) ? 2 : 0;
	}
	return folded((unsigned char)p.p[0], fold_case) == folded(c, fold_case) ? 1 : 0;
}

bool glob_match(struct str pattern, struct str text, bool fold_case)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0, n;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = ++p;
			resume = t;
			continue;
		}
		n = p < pattern.n ? match_one(str_skip(pattern, p), (unsigned char)text.p[t], fold_case) : 0;
		if (n) {
			p += n;
			t++;
		} else if (star == SIZE_MAX) {
			return false;
		} else {	/* let the last star take one more */
			p = star;
			t = ++resume;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

bool glob_special(struct str pattern)
{
	size_t i;

	for (i = 0; i < pattern.n; i++) {
		if (pattern.p[i] == '*' || pattern.p[i] == '?' || pattern.p[i] == '[')
			return true;
	}
	return false;
}
