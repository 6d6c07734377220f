/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/record.h"
#include "sensor/recording.h"
#include "util/cleanup.h"
#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BUFFER_BYTES (256u << 10)	/* written at once */

struct recorder {
	int fd;
	int failed;	/* the first error: nothing is written after it */
	uint64_t records;
	size_t n;
	uint8_t buf[BUFFER_BYTES];
};

static int flush(struct recorder *r)
{
	size_t done = 0;

	while (!r->failed && done < r->n) {
		ssize_t w = write(r->fd, r->buf + done, r->n - done);

		if (w >= 0)
			done += (size_t)w;
		else if (errno != EINTR)
			r->failed = -errno;
	}
	r->n = 0;
	return r->failed;
}

static int put(struct recorder *r, const void *p, size_t n)
{
	if (r->n + n > sizeof(r->buf))
		flush(r);
	if (r->failed)
		return r->failed;
	memcpy(r->buf + r->n, p, n);
	r->n += n;
	return 0;
}

int recorder_open(struct recorder **ret, const char *path, uint64_t boot_offset)
{
	_cleanup_(freep) struct recorder *r = malloc(sizeof(*r));
	struct recording_header h = {
		.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.wire = recording_wire(),
		.boot_offset = boot_offset,
	};

	if (!r)
		return -ENOMEM;
	/* For the owner alone: a recording holds command lines, environments and DNS messages. */
	r->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->fd < 0)
		return -errno;
	r->failed = 0;
	r->records = 0;
	r->n = 0;
	put(r, &h, sizeof(h));
	*ret = take(r);
	return 0;
}

int recorder_add(struct recorder *r, const void *rec, size_t n)
{
	static const uint8_t zeros[8];
	struct recording_frame f;
	int err;

	if (!n || n > WIRE_RECORD_MAX)
		return -EINVAL;
	f = (struct recording_frame){(uint32_t)n, recording_sum(rec, n)};
	err = put(r, &f, sizeof(f)) ?: put(r, rec, n) ?: put(r, zeros, -n & 7);
	if (!err)
		r->records++;
	return err;
}

int recorder_close(struct recorder *r)
{
	struct recording_frame end;
	int err;

	if (!r)
		return 0;
	end = (struct recording_frame){0, recording_sum(&r->records, sizeof(r->records))};
	put(r, &end, sizeof(end));
	put(r, &r->records, sizeof(r->records));
	err = flush(r);
	if (close(r->fd) && !err)
		err = -errno;	/* some file systems say only now that the disk is full */
	free(r);
	return err;
}
