/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/recording.h"
#include "event/attr.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES (64u << 10)	/* read at once; holds any frame with room to spare */

/*
 * Read in chunks and not mapped: a file that is cut while it is read is then an error and no SIGBUS, a pipe works,
 * and the memory stays the same however long the recording is.
 */
struct recording {
	int fd;
	uint64_t boot_offset;
	uint64_t offset;	/* in the file, of pos */
	uint64_t records;
	size_t pos, n;		/* in buf: what is read and not yet handed out */
	bool eof, ended;	/* no more bytes; the end frame was seen */
	int failed;		/* what recording_next() returned, for good */
	char name[128];
	char error[512];
	uint8_t buf[CHUNK_BYTES] __attribute__((aligned(8)));
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	while (*s)
		h = mix(h, (uint8_t)*s++);
	return mix(h, 0x100);
}

uint64_t recording_wire(void)
{
	uint64_t h = mix(sizeof(struct wire_hdr), WIRE_RECORD_MAX);

	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		const struct event_desc *d = &event_table[e];

		h = mix(mix_text(h, d->name), d->size);
		for (unsigned int i = 0; i < d->nattrs; i++)
			h = mix(mix_text(h, d->attrs[i].name), (uint64_t)d->attrs[i].kind << 32 | d->attrs[i].off);
	}
	for (unsigned int c = 0; c < CALL_MAX; c++)
		h = mix(mix_text(h, call_table[c].name), call_table[c].type);
	return h;
}

uint32_t recording_sum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = n, v = 0;

	for (; n >= 8; n -= 8, b += 8) {
		memcpy(&v, b, 8);
		h = mix(h, v);
	}
	v = 0;
	memcpy(&v, b, n);
	h = mix(h, v);
	return (uint32_t)(h ^ h >> 29);
}

/* Sets the error for good: "NAME: at byte 123: REASON". */
__attribute__((format(printf, 3, 4))) static int fail(struct recording *r, int error, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(r->error, sizeof(r->error), "%s: at byte %llu: ", r->name, (unsigned long long)r->offset);

	va_start(ap, fmt);
	vsnprintf(r->error + n, sizeof(r->error) - (size_t)n, fmt, ap);
	va_end(ap);
	return r->failed = error;
}

/* Has at least want bytes at pos when it returns 1; 0 when the file ends before; -errno. */
static int fill(struct recording *r, size_t want)
{
	if (r->n - r->pos >= want)
		return 1;
	/* pos is a multiple of 8, so what moves to the front stays aligned. */
	memmove(r->buf, r->buf + r->pos, r->n - r->pos);
	r->n -= r->pos;
	r->pos = 0;
	while (!r->eof && r->n < want) {
		ssize_t got = read(r->fd, r->buf + r->n, sizeof(r->buf) - r->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(r, -errno, "cannot read: %s", strerror(errno));
		r->eof = got == 0;
		r->n += (size_t)got;
	}
	return r->n >= want;
}

static int read_header(struct recording *r)
{
	struct recording_header h = {};
	int got = fill(r, sizeof(h));

	if (got < 0)
		return got;
	memcpy(&h, r->buf, r->n < sizeof(h) ? r->n : sizeof(h));
	if (memcmp(h.magic, RECORDING_MAGIC, sizeof(h.magic)))
		return fail(r, -EINVAL, "this is no recording of noroshi");
	if (!got)
		return fail(r, -EINVAL, "the recording is cut within its header");
	if (h.version == __builtin_bswap32(RECORDING_VERSION))
		return fail(r, -ENOTSUP, "it was recorded on a machine with the other byte order");
	if (h.version != RECORDING_VERSION)
		return fail(r, -ENOTSUP, "format version %u; this build reads %u", h.version, RECORDING_VERSION);
	if (h.wire != recording_wire())
		return fail(r, -ENOTSUP, "it was recorded by a build with other events (%016llx, here %016llx): replay it there",
			    (unsigned long long)h.wire, (unsigned long long)recording_wire());
	r->boot_offset = h.boot_offset;
	r->pos = sizeof(h);
	r->offset = sizeof(h);
	return 0;
}

int recording_open(struct recording **ret, int fd, const char *name, char error[512])
{
	_cleanup_(closep) int taken_fd = fd;
	_cleanup_(recording_freep) struct recording *r = malloc(sizeof(*r));
	int err;

	if (!r) {
		snprintf(error, 512, "%s: out of memory", name);
		return -ENOMEM;
	}
	memset(r, 0, offsetof(struct recording, buf));
	r->fd = take_fd(taken_fd);
	snprintf(r->name, sizeof(r->name), "%s", name);
	err = read_header(r);
	if (err < 0) {
		snprintf(error, 512, "%s", r->error);
		return err;
	}
	*ret = take(r);
	return 0;
}

struct recording *recording_free(struct recording *r)
{
	if (r) {
		closep(&r->fd);
		free(r);
	}
	return NULL;
}

/* The end frame: the number of records, and nothing behind it. */
static int read_end(struct recording *r, const struct recording_frame *f)
{
	uint64_t records;
	int got = fill(r, sizeof(*f) + sizeof(records));

	if (got < 0)
		return got;
	if (!got)
		return fail(r, -EPIPE, "the recording is cut within its last frame");
	memcpy(&records, r->buf + r->pos + sizeof(*f), sizeof(records));
	if (f->sum != recording_sum(&records, sizeof(records)))
		return fail(r, -EBADMSG, "the last frame is damaged");
	if (records != r->records)
		return fail(r, -EBADMSG, "%llu records were written, %llu are here", (unsigned long long)records,
			    (unsigned long long)r->records);
	r->pos += sizeof(*f) + sizeof(records);
	r->offset += sizeof(*f) + sizeof(records);
	got = fill(r, 1);
	if (got < 0)
		return got;
	if (got)
		return fail(r, -EBADMSG, "bytes after the end of the recording");
	r->ended = true;
	return 0;
}

int recording_next(struct recording *r, const void **rec, size_t *n)
{
	struct recording_frame f;
	size_t room;
	int got;

	if (r->failed || r->ended)
		return r->failed;
	got = fill(r, sizeof(f));
	if (got < 0)
		return got;
	if (!got)
		return fail(r, -EPIPE, "the recording is cut off here, after %llu records", (unsigned long long)r->records);
	memcpy(&f, r->buf + r->pos, sizeof(f));
	if (!f.len)
		return read_end(r, &f);
	if (f.len > WIRE_RECORD_MAX)
		return fail(r, -EBADMSG, "a record of %u bytes: the file is damaged", f.len);
	room = sizeof(f) + ((f.len + 7ul) & ~7ul);
	got = fill(r, room);
	if (got < 0)
		return got;
	if (!got)
		return fail(r, -EPIPE, "the recording is cut within record %llu", (unsigned long long)r->records + 1);
	if (f.sum != recording_sum(r->buf + r->pos + sizeof(f), f.len))
		return fail(r, -EBADMSG, "record %llu is damaged", (unsigned long long)r->records + 1);
	*rec = r->buf + r->pos + sizeof(f);
	*n = f.len;
	r->pos += room;
	r->offset += room;
	r->records++;
	return 1;
}

const char *recording_error(const struct recording *r)
{
	return r->error;
}

uint64_t recording_boot_offset(const struct recording *r)
{
	return r->boot_offset;
}
