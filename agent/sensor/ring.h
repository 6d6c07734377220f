/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring
 *
 * Reads a BPF ring buffer through its memory alone. libbpf's reader asks the
 * kernel about the map, which Linux 5.10 refuses to a process without CAP_BPF;
 * mapping the descriptor it does not refuse. The agent reads with no
 * capability at all, hence this reader of its own.
 */
#ifndef SENSOR_RING_H
#define SENSOR_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	uint64_t *consumer;		/* shared with the kernel, written by us */
	const uint64_t *producer;	/* shared with the kernel, read only */
	const uint8_t *data;		/* behind it its beginning once more: no record wraps */
	uint64_t pos;			/* our copy of *consumer */
	size_t bytes;			/* of the data once, a power of two */
	size_t longest;			/* of a record with its header: so much of the beginning is mapped again */
	size_t page;			/* 0 when the memory is the caller's (tests) */
};

/* Maps the ring behind fd, whose data area is `bytes` long. 0 or -errno. The descriptor stays the caller's. */
int ring_map(struct ring *ret, int fd, size_t bytes);
void ring_unmap(struct ring *r);	/* a zeroed struct is fine */

/* A ring over memory of the caller: data is 2 * bytes long, its halves show the same. */
void ring_init(struct ring *ret, uint64_t *consumer, const uint64_t *producer, const void *data, size_t bytes);

typedef void (*ring_record_fn)(void *ctx, const void *rec, size_t n);

/* Where the kernel will put the next record: what lies before it had been begun when this was read. */
uint64_t ring_end(const struct ring *r);

#define RING_ALL UINT64_MAX

/*
 * Hands up to max finished records that begin before `end` to fn, oldest first; each is gone when fn returns. Stops
 * early at one that is still being written. Returns how many were taken, or -EIO when what lies there cannot be a record.
 */
int ring_drain(struct ring *r, unsigned int max, uint64_t end, ring_record_fn fn, void *ctx);

/* Bytes written and not yet read, those of unfinished records included. */
size_t ring_used(const struct ring *r);

#endif
