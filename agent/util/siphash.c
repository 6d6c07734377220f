/* SPDX-License-Identifier: Apache-2.0 */
#include "util/siphash.h"

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the 128-bit variant as in their reference code. */

static uint64_t rotate(uint64_t x, unsigned int b)
{
	return x << b | x >> (64 - b);
}

static void rounds(uint64_t v[4], unsigned int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void mix(struct siphash *h, uint64_t word)
{
	h->v[3] ^= word;
	rounds(h->v, 2);
	h->v[0] ^= word;
}

void siphash_begin(struct siphash *h, const uint64_t key[2])
{
	h->v[0] = key[0] ^ 0x736f6d6570736575ull;
	h->v[1] = key[1] ^ 0x646f72616e646f6dull ^ 0xee;
	h->v[2] = key[0] ^ 0x6c7967656e657261ull;
	h->v[3] = key[1] ^ 0x7465646279746573ull;
	h->tail = 0;
	h->n = 0;
}

void siphash_add(struct siphash *h, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n && h->n % 8) {	/* fill the tail of the part before */
		h->tail |= (uint64_t)*at++ << 8 * (h->n++ % 8);
		n--;
		if (h->n % 8 == 0) {
			mix(h, h->tail);
			h->tail = 0;
		}
	}
	for (; n >= 8; n -= 8, at += 8, h->n += 8) {
		uint64_t word = 0;

		for (unsigned int i = 0; i < 8; i++)
			word |= (uint64_t)at[i] << 8 * i;
		mix(h, word);
	}
	while (n--)
		h->tail |= (uint64_t)*at++ << 8 * (h->n++ % 8);
}

void siphash_text(struct siphash *h, struct str s)
{
	uint64_t n = s.n;

	siphash_add(h, &n, sizeof(n));
	siphash_add(h, s.p, s.n);
}

void siphash_end(struct siphash *h, uint64_t ret[2])
{
	mix(h, h->tail | h->n << 56);
	h->v[2] ^= 0xee;
	rounds(h->v, 4);
	ret[0] = h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
	h->v[1] ^= 0xdd;
	rounds(h->v, 4);
	ret[1] = h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}
