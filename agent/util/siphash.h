/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Siphash
 *
 * SipHash-2-4 with 128 bits of result: a keyed hash whose collisions cannot be
 * made by somebody who does not know the key.
 */
#ifndef UTIL_SIPHASH_H
#define UTIL_SIPHASH_H

#include "util/str.h"

struct siphash {
	uint64_t v[4];
	uint64_t tail;	/* bytes not yet mixed in, n % 8 of them */
	uint64_t n;	/* bytes taken so far */
};

void siphash_begin(struct siphash *h, const uint64_t key[2]);
void siphash_add(struct siphash *h, const void *p, size_t n);
void siphash_text(struct siphash *h, struct str s);	/* with its length: "a", "bc" is not "ab", "c" */
void siphash_end(struct siphash *h, uint64_t ret[2]);

#endif
