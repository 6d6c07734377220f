/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Opens
 *
 * How a fact about a path becomes a bit of struct wire_opens: computed by the
 * agent from a rule's constants and by the probes from a dentry's name, here
 * for both. Both sides are little-endian.
 */
#ifndef PROBES_OPENS_H
#define PROBES_OPENS_H

#include "wire.h"

#define OPENS_HEAD	4	/* words of a name that count, and its length: longer ones alike so far are taken for one */

/* What a hash is of. A suffix of n bytes has seed OPENS_SEED_SUFFIX + n; a pair's second name that of its first. */
enum opens_seed { OPENS_SEED_NAME = 1, OPENS_SEED_TOP, OPENS_SEED_PART, OPENS_SEED_PAIR, OPENS_SEED_SUFFIX = 16 };

static inline __attribute__((always_inline)) __u64 opens__mix(__u64 h, __u64 word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

/* Of a name whose first bytes, with zeros behind, are head. */
static inline __attribute__((always_inline)) __u64 opens__hash(const __u64 head[OPENS_HEAD], __u32 len, __u64 seed)
{
	__u64 h = opens__mix(seed, len);

	h = opens__mix(h, head[0]);
	h = opens__mix(h, head[1]);
	h = opens__mix(h, head[2]);
	return opens__mix(h, head[3]);
}

/* Of the last n of the eight bytes at the end of a name. */
static inline __attribute__((always_inline)) __u64 opens__suffix(__u64 tail, __u32 n)
{
	return opens__mix(OPENS_SEED_SUFFIX + n, tail >> (64 - 8 * n));
}

static inline __attribute__((always_inline)) __u32 opens__bit(__u64 hash)
{
	return (__u32)(hash ^ hash >> 17) % OPENS_BITS;
}

static inline __attribute__((always_inline)) int opens__has(const struct wire_opens *o, __u64 hash)
{
	__u32 bit = opens__bit(hash);

	return o->bits[bit / 64] >> (bit % 64) & 1;
}

#endif
