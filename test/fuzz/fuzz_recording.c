/* SPDX-License-Identifier: Apache-2.0 */
/* The file reader over any bytes; corpus: test/fuzz/corpus/recording/. */
#include "sensor/recording.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One file for all executions: making one costs more than reading it. */
static int file_of(const uint8_t *data, size_t n)
{
	static int file = -1;
	int fd;

	if (file < 0)
		file = memfd_create("recording", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, (off_t)n) || pwrite(file, data, n, 0) != (ssize_t)n || lseek(file, 0, SEEK_SET))
		abort();
	fd = dup(file);	/* recording_open() takes it */
	if (fd < 0)
		abort();
	return fd;
}

/*
 * A fuzzer cannot guess a sum, and the corpus must not go stale with events.def: the header's hash is filled in, and
 * the frames' sums are where the reserved word of the header is even.
 */
static void fill_in(uint8_t *data, size_t n)
{
	struct recording_header h;
	struct recording_frame f;
	size_t at = sizeof(h);

	if (n < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	h.wire = recording_wire();
	memcpy(data, &h, sizeof(h));
	while (h.reserved % 2 == 0 && n - at >= sizeof(f)) {
		size_t len;

		memcpy(&f, data + at, sizeof(f));
		len = f.len ? f.len : sizeof(uint64_t);
		if (len > n - at - sizeof(f))
			return;
		f.sum = recording_sum(data + at + sizeof(f), len);
		memcpy(data + at, &f, sizeof(f));
		len = (len + 7) & ~(size_t)7;
		if (len > n - at - sizeof(f))
			return;
		at += sizeof(f) + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct recording *r = NULL;
	uint8_t *copy = malloc(n + 1);
	uint64_t bytes = 0;
	char error[512];
	const void *rec;
	size_t len;

	if (!copy)
		abort();
	memcpy(copy, data, n);
	fill_in(copy, n);
	if (recording_open(&r, file_of(copy, n), "fuzz", error) == 0) {
		while (recording_next(r, &rec, &len) > 0) {
			/* Every byte that is handed out is ours to read. */
			for (size_t i = 0; i < len; i++)
				bytes += ((const uint8_t *)rec)[i];
		}
		recording_free(r);
	}
	free(copy);
	return bytes == UINT64_MAX;
}
