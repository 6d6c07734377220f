/* SPDX-License-Identifier: Apache-2.0 */
/* The file reader over any bytes; corpus: test/fuzz/corpus/recording/. */
#include "sensor/recording.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct recording *r = NULL;
	int fd = memfd_create("recording", MFD_CLOEXEC);
	uint64_t wire = recording_wire();
	uint64_t bytes = 0;
	char error[512];
	const void *rec;
	size_t len;

	if (fd < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	/* A fuzzer cannot guess the hash, and the corpus must not go stale with events.def: it is filled in. */
	if (n >= sizeof(struct recording_header) &&
	    pwrite(fd, &wire, sizeof(wire), offsetof(struct recording_header, wire)) != sizeof(wire))
		abort();
	if (recording_open(&r, fd, "fuzz", error) < 0)
		return 0;
	while (recording_next(r, &rec, &len) > 0) {
		/* Every byte that is handed out is ours to read. */
		for (size_t i = 0; i < len; i++)
			bytes += ((const uint8_t *)rec)[i];
	}
	recording_free(r);
	return bytes == UINT64_MAX;
}
