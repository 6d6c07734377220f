/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set
 *
 * Constants in the form in which asking is cheap: texts by hash, prefixes and
 * suffixes sorted, paths by their folders, networks as ranges. Built once from
 * values that are sorted and unlike; nothing here is freed but with its arena.
 */
#ifndef RULE_SET_H
#define RULE_SET_H

#include "rule/value.h"
#include "util/arena.h"

/* Total order of values of one type; numbers by sign and size. */
int value_cmp(const struct value *a, const struct value *b);

struct text_set {
	uint64_t lengths;	/* bit n: some text is n bytes long; bit 63: 63 and longer */
	uint64_t first[4];	/* bit c: some text begins with the byte c */
	uint32_t mask;		/* slots - 1 */
	uint32_t *tags;		/* per slot: hash with the lowest bit set, 0 when it is free */
	struct str *texts;
};

bool text_set_init(struct text_set *s, struct arena *a, const struct value *v, uint32_t n);
bool text_set_has(const struct text_set *s, struct str text);

/* Texts of which none begins with (or, reversed, ends with) another; sorted. */
struct affix_set {
	struct str *v;
	uint32_t n;
	uint64_t first[4];	/* the byte at the anchored end */
	bool always;		/* the empty text is one of them */
	bool reversed;
};

bool affix_set_init(struct affix_set *s, struct arena *a, const struct value *v, uint32_t n, bool reversed);
bool affix_set_has(const struct affix_set *s, struct str text);

/* Texts looked for within another: one pass for all of them, led by their first two bytes. */
struct needle_set {
	struct str *v;
	uint32_t n;
	uint64_t pairs[64];	/* bit pair_of(): some needle begins with such a pair */
	bool always;		/* the empty text is one of them */
	bool single;		/* some are one byte long */
	uint8_t rare;		/* of a lone needle: where its least common byte is */
};

bool needle_set_init(struct needle_set *s, struct arena *a, const struct value *v, uint32_t n);
bool needle_set_within(const struct needle_set *s, struct str text);

/* Paths for pmatch: literal ones by the hash of their normal form, those with patterns one by one. */
struct path_set {
	struct text_set literal;
	bool always;		/* "/" or "" is one of them */
	bool any_literal;
	struct str *patterns;	/* normal form */
	uint32_t npatterns;
};

#define PATH_DEPTH_MAX 512	/* components of a value that are compared */

bool path_set_init(struct path_set *s, struct arena *a, const struct value *v, uint32_t n);
bool path_set_has(const struct path_set *s, struct str path);

/* Networks: ranges that do not touch, sorted, each family by itself. */
struct net_range {
	uint8_t first[16], last[16];
};

struct net_set {
	struct {
		struct net_range *v;
		uint32_t n;
	} family[2];	/* IPv4 (in the first four bytes), IPv6 */
};

/* Addresses are networks of their own length. */
bool net_set_init(struct net_set *s, struct arena *a, const struct value *v, uint32_t n);
bool net_set_has(const struct net_set *s, const struct value_ip *ip);

#endif
