/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader
 *
 * Bytes from outside, read in order and never past their end. A failed read
 * leaves the position where it was, so that a message can name it.
 */
#ifndef UTIL_READER_H
#define UTIL_READER_H

#include "util/str.h"

struct reader {
	const uint8_t *start, *pos, *end;
};

static inline struct reader reader(const void *p, size_t n)
{
	return (struct reader){p, p, (const uint8_t *)p + n};
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->pos);
}

static inline bool reader_u8(struct reader *r, uint8_t *ret)
{
	if (reader_left(r) < 1)
		return false;
	*ret = *r->pos++;
	return true;
}

static inline bool reader_u16be(struct reader *r, uint16_t *ret)
{
	if (reader_left(r) < 2)
		return false;
	*ret = (uint16_t)(r->pos[0] << 8 | r->pos[1]);
	r->pos += 2;
	return true;
}

static inline bool reader_u32be(struct reader *r, uint32_t *ret)
{
	if (reader_left(r) < 4)
		return false;
	*ret = (uint32_t)r->pos[0] << 24 | (uint32_t)r->pos[1] << 16 | (uint32_t)r->pos[2] << 8 | r->pos[3];
	r->pos += 4;
	return true;
}

static inline bool reader_bytes(struct reader *r, size_t n, struct str *ret)
{
	if (reader_left(r) < n)
		return false;
	*ret = str_n((const char *)r->pos, n);
	r->pos += n;
	return true;
}

/* The next n bytes, copied. */
static inline bool reader_copy(struct reader *r, void *ret, size_t n)
{
	struct str bytes;

	if (!reader_bytes(r, n, &bytes))
		return false;
	memcpy(ret, bytes.p, n);
	return true;
}

#endif
