/* SPDX-License-Identifier: Apache-2.0 */
/* Texts compared byte by byte; globs as fnmatch(3) has them. */
#include "reference.h"
#include <fnmatch.h>

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_char(char a, char b, bool either_case)
{
	return either_case ? small(a) == small(b) : a == b;
}

bool text_same(struct str a, struct str b)
{
	return text_order(a, b) == 0;
}

int text_order(struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		if (a.p[i] != b.p[i])
			return (unsigned char)a.p[i] < (unsigned char)b.p[i] ? -1 : 1;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

static bool stands_at(struct str text, size_t at, struct str needle, bool either_case)
{
	if (needle.n > text.n - at)
		return false;
	for (size_t i = 0; i < needle.n; i++) {
		if (!same_char(text.p[at + i], needle.p[i], either_case))
			return false;
	}
	return true;
}

bool text_within(struct str text, struct str needle, bool either_case)
{
	for (size_t at = 0; at <= text.n; at++) {
		if (stands_at(text, at, needle, either_case))
			return true;
	}
	return false;
}

bool text_begins(struct str text, struct str head)
{
	return stands_at(text, 0, head, false);
}

bool text_ends(struct str text, struct str tail)
{
	return tail.n <= text.n && stands_at(text, text.n - tail.n, tail, false);
}

bool text_glob(struct str text, struct str pattern, bool either_case)
{
	char *t = ref_memory(text.n + 1), *p = ref_memory(pattern.n + 1);

	memcpy(t, text.p, text.n);
	t[text.n] = '\0';
	memcpy(p, pattern.p, pattern.n);
	p[pattern.n] = '\0';
	return fnmatch(p, t, either_case ? FNM_CASEFOLD : 0) == 0;
}

/* The part of a path that begins at *at, without slashes; false behind the last. */
static bool part(struct str path, size_t *at, struct str *ret)
{
	size_t from;

	while (*at < path.n && path.p[*at] == '/')
		++*at;
	from = *at;
	while (*at < path.n && path.p[*at] != '/')
		++*at;
	*ret = (struct str){path.p + from, *at - from};
	return *at > from;
}

bool text_pmatch(struct str text, struct str path)
{
	size_t t = 0, p = 0;
	struct str have, want;

	while (part(path, &p, &want)) {
		bool pattern = memchr(path.p, '?', path.n) || memchr(path.p, '*', path.n) || memchr(path.p, '[', path.n);

		if (!part(text, &t, &have))
			return false;
		if (pattern ? !text_glob(have, want, false) : !text_same(have, want))
			return false;
	}
	return true;
}
