/* SPDX-License-Identifier: Apache-2.0 */
#include "util/compress.h"
#include "util/cleanup.h"
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW (15 + 16)		/* the largest window, with gzip's header */
#define GZIP_LEVEL 3			/* a full batch in under 10 ms: it is packed on the loop */
#define ZSTD_LEVEL 1
#define ZSTD_WINDOW_LOG_MAX 23		/* 8 MiB: what a stranger's frame may make the decoder allocate (RFC 8878) */
#define PART (32u << 10)

static const char *const names[] = {"identity", "gzip", "zstd"};

bool coding_parse(struct str name, enum coding *ret)
{
	if (!name.n) {
		*ret = CODING_IDENTITY;
		return true;
	}
	if (name.n == 6 && !strncasecmp(name.p, "x-gzip", 6))
		name = str_skip(name, 2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (name.n == strlen(names[i]) && !strncasecmp(name.p, names[i], name.n)) {
			*ret = (enum coding)i;
			return true;
		}
	}
	return false;
}

const char *coding_name(enum coding c)
{
	return names[c];
}

static int pack_gzip(struct buf *out, struct str in)
{
	z_stream z = {};
	Bytef part[PART];
	int r = Z_OK;

	if (in.n > UINT32_MAX)
		return -E2BIG;
	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	while (r == Z_OK && !buf_error(out)) {
		z.next_out = part;
		z.avail_out = sizeof(part);
		r = deflate(&z, Z_FINISH);
		buf_add(out, part, sizeof(part) - z.avail_out);
	}
	deflateEnd(&z);
	return buf_error(out);
}

static int pack_zstd(struct buf *out, struct str in)
{
	size_t room = ZSTD_compressBound(in.n), n;
	_cleanup_(freep) void *p = malloc(room);

	if (!p)
		return -ENOMEM;
	n = ZSTD_compress(p, room, in.p, in.n, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return -ENOMEM;
	buf_add(out, p, n);
	return buf_error(out);
}

int compress_pack(struct buf *out, enum coding c, struct str in)
{
	switch (c) {
	case CODING_GZIP:
		return pack_gzip(out, in);
	case CODING_ZSTD:
		return pack_zstd(out, in);
	default:
		buf_str(out, in);
		return buf_error(out);
	}
}

static int unpack_gzip(struct buf *out, struct str in)
{
	z_stream z = {};
	Bytef part[PART];
	int r = Z_OK;

	if (in.n > UINT32_MAX)
		return -E2BIG;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	while (r == Z_OK && !buf_error(out)) {
		z.next_out = part;
		z.avail_out = sizeof(part);
		r = inflate(&z, Z_NO_FLUSH);
		buf_add(out, part, sizeof(part) - z.avail_out);
	}
	inflateEnd(&z);
	if (buf_error(out))
		return buf_error(out);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	return r == Z_STREAM_END && !z.avail_in ? 0 : -EBADMSG;
}

static int unpack_zstd(struct buf *out, struct str in)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer from = {in.p, in.n, 0};
	char part[PART];
	size_t r = 1;

	if (!d)
		return -ENOMEM;
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	while (r && !ZSTD_isError(r) && !buf_error(out)) {
		ZSTD_outBuffer to = {part, sizeof(part), 0};
		size_t before = from.pos;

		r = ZSTD_decompressStream(d, &to, &from);
		if (ZSTD_isError(r))
			break;
		buf_add(out, part, to.pos);
		if (r && !to.pos && from.pos == before)
			break;	/* wants more than there is */
	}
	ZSTD_freeDCtx(d);
	if (buf_error(out))
		return buf_error(out);
	return r == 0 && from.pos == from.size ? 0 : -EBADMSG;
}

int compress_unpack(struct buf *out, enum coding c, struct str in)
{
	switch (c) {
	case CODING_GZIP:
		return unpack_gzip(out, in);
	case CODING_ZSTD:
		return unpack_zstd(out, in);
	default:
		buf_str(out, in);
		return buf_error(out);
	}
}
