/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compress
 *
 * gzip and zstd over whole texts, named as HTTP's Content-Encoding names them.
 * Unpacking ends at the buffer's cap, so a bomb costs no more than that.
 */
#ifndef UTIL_COMPRESS_H
#define UTIL_COMPRESS_H

#include "util/buf.h"

enum coding {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_ZSTD,
};

/* "gzip", "x-gzip", "zstd", "identity", "" → *ret. False for any other name. */
bool coding_parse(struct str name, enum coding *ret);
const char *coding_name(enum coding c);

/* Appends the packed text. 0, -ENOMEM or -E2BIG (out->max). */
int compress_pack(struct buf *out, enum coding c, struct str in);

/* Appends the unpacked text. 0, -EBADMSG (not of that coding, cut short, or followed by junk), -E2BIG, -ENOMEM. */
int compress_unpack(struct buf *out, enum coding c, struct str in);

#endif
