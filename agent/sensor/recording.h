/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording
 *
 * The file format that recorder_*() writes and the file source reads:
 *
 *   header   magic, version, wire (a hash of events.def's layout), boot_offset
 *   frames   u32 length, u32 sum over the bytes, the record, zeros up to 8 bytes
 *   the end  a frame of length 0 whose sum is over the u64 that follows: how many records there were
 *
 * Numbers are in the host's byte order. The sum tells damage from data; it is no
 * protection against a forger, decode() trusts nothing anyway. A recording
 * without its end was cut short, which is said, and what is there still counts.
 */
#ifndef SENSOR_RECORDING_H
#define SENSOR_RECORDING_H

#include "util/cleanup.h"
#include <stddef.h>
#include <stdint.h>

#define RECORDING_MAGIC "noroshi\n"
#define RECORDING_VERSION 2u

struct recording_header {
	char magic[8];		/* RECORDING_MAGIC, without its final NUL */
	uint32_t version;
	uint32_t reserved;	/* 0 */
	uint64_t wire;		/* recording_wire() of the build that wrote it */
	uint64_t boot_offset;	/* wall - boottime, ns */
};

struct recording_frame {
	uint32_t len;	/* of the record; 0: the end */
	uint32_t sum;	/* recording_sum() of its bytes */
};

/* A hash of all that the meaning of a record's bytes hangs on: events, calls, sizes, attributes, offsets. */
uint64_t recording_wire(void);
uint32_t recording_sum(const void *p, size_t n);

struct recording;

/* Takes fd (also when it fails), reads the header. name is for messages. 0, or -errno and a reason in error[]. */
int recording_open(struct recording **ret, int fd, const char *name, char error[512]);
struct recording *recording_free(struct recording *r);
DEFINE_CLEANUP(struct recording *, recording_free);

/* 1 and a record, aligned to 8 and gone at the next call; 0 at the end; -errno, with recording_error() naming the offset. */
int recording_next(struct recording *r, const void **rec, size_t *n);
const char *recording_error(const struct recording *r);
uint64_t recording_boot_offset(const struct recording *r);

#endif
