/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record
 *
 * A file of records, for replay: a header with version and clock offset, then
 * records as they came from the rings, each behind its length.
 */
#ifndef SENSOR_RECORD_H
#define SENSOR_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct recorder;

/* Creates (or replaces) the file. boot_offset: wall - boottime, ns. 0 or -errno. */
int recorder_open(struct recorder **ret, const char *path, uint64_t boot_offset);
int recorder_add(struct recorder *r, const void *rec, size_t n);	/* 0 or -errno; buffered */
int recorder_close(struct recorder *r);	/* flushes; 0 or the -errno of the first write that failed */

#endif
