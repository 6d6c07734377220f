/* SPDX-License-Identifier: Apache-2.0 */
#include "util/str.h"

/* A multiply-and-fold hash, eight bytes a step. The seed is fixed: tables are bounded and chains short. */
#define K0 0x9e3779b97f4a7c15ull
#define K1 0xd6e8feb86659fd93ull

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t str_hash(struct str s)
{
	uint64_t h = K0 ^ s.n;
	uint64_t w;

	while (s.n >= 8) {
		memcpy(&w, s.p, 8);
		h = fold(h ^ w, K1);
		s.p += 8;
		s.n -= 8;
	}
	if (s.n) {
		w = 0;
		memcpy(&w, s.p, s.n);
		h = fold(h ^ w, K1);
	}
	return fold(h, K0);
}
