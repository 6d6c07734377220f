/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshot from /proc
 *
 * A process that the kernel's iterator leaves out, though processes that it
 * shows have it as their parent: some kernels keep process 1 to themselves. Who
 * it is comes from /proc then, and its start time, to the nanosecond that later
 * records will name, from its children's records.
 */
#ifndef SENSOR_SNAPSHOT_PROC_H
#define SENSOR_SNAPSHOT_PROC_H

#include "util/buf.h"
#include "wire.h"

#define ABSENT_MAX 16	/* there should be none: one, and those that end meanwhile */

struct absent {
	uint32_t pid, exec_id;
	uint64_t start;
};

/* Parents that the iterator's records name and that have no record. Returns how many; no more than ABSENT_MAX. */
unsigned int absent_find(struct absent ret[ABSENT_MAX], const struct buf *records);

/* Its EXEC record, without executable's path, argv and working directory. The size, or 0: it is gone, or another. */
#define PROC_RECORD_MAX (sizeof(struct wire_exec) + 16)
size_t absent_record(uint8_t rec[PROC_RECORD_MAX], const struct absent *a);

#endif
