/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Str
 *
 * Borrowed text: a pointer and a length, owned by somebody else, not terminated.
 * {NULL, 0} is "no text"; an empty text has a pointer.
 */
#ifndef UTIL_STR_H
#define UTIL_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_n(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (!prefix.n || !memcmp(s.p, prefix.p, prefix.n));
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && (!suffix.n || !memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n));
}

/* < 0, 0, > 0 as strcmp() on the two texts. */
static inline int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* The same for qsort() over struct str. */
static inline int str_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static inline struct str str_skip(struct str s, size_t n)
{
	return n > s.n ? str_n(s.p + s.n, 0) : str_n(s.p + n, s.n - n);
}

/* What follows the last sep, or all of s. */
static inline struct str str_after_last(struct str s, char sep)
{
	const char *at = s.n ? memrchr(s.p, sep, s.n) : NULL;

	return at ? str_n(at + 1, (size_t)(s.p + s.n - at - 1)) : s;
}

/* 64-bit hash of the bytes; not for keys an attacker may collide on purpose in an unbounded table. */
uint64_t str_hash(struct str s);

#endif
