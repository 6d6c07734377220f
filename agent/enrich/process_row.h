/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process row
 *
 * The rows behind the process table: found, made, kept and thrown out. What a
 * record means for them is process.c's.
 */
#ifndef ENRICH_PROCESS_ROW_H
#define ENRICH_PROCESS_ROW_H

#include "enrich/image.h"
#include "enrich/links.h"
#include "util/clock.h"
#include "util/limits.h"

#define PROCESS_GRACE (PROCESS_GRACE_SEC * NSEC_PER_SEC)
#define OLDER 2			/* earlier images kept: a script's interpreter often execs twice in a row */

struct row {
	struct process p;	/* first: a struct process * is a struct row * */
	uint32_t hash_next;	/* next row of the bucket, or of the free list */
	bool held;		/* ended and over, but a descendant's lineage needs it */
	bool kin;		/* pgid … pidns_start are known, by exec or inherited */
	uint64_t seen;		/* time of the newest record */
	struct image *older[OLDER];	/* newest first */
	uint64_t retired;	/* when the newest of them was replaced */
};

/* Lists; heads lie behind the rows' own entries. */
struct process_table {
	struct row *rows;	/* 1 … max */
	struct link *ends;	/* rows that ended: in grace (`ended`), or held for their children (`held`) */
	struct link *retires;	/* rows with earlier images, by the time of the last exec */
	struct link *kids;	/* a row's siblings; the list of row i's children has the head max + 1 + i */
	uint32_t *buckets;
	struct images *images;
	uint32_t max, mask, fresh, free, hand;
	uint32_t ended, held, retired;	/* heads */
	uint32_t nheld;
	uint32_t pins[3];	/* rows that the record in hand is about: not to be evicted */
	uint64_t now;		/* newest record's time */
	uint64_t due;		/* nothing expires before */
	struct process_stats stats;
};

/* Pids are given out in sequence: taken as they are they spread evenly, and neighbours share cache lines. */
static inline uint32_t *row_bucket(const struct process_table *t, uint32_t pid)
{
	return &t->buckets[pid & t->mask];
}

static inline uint32_t row_find(const struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i = *row_bucket(t, pid);

	while (i && (t->rows[i].p.pid != pid || t->rows[i].p.start != start))
		i = t->rows[i].hash_next;
	return i;
}

uint32_t row_find_running(const struct process_table *t, uint32_t pid);

/* The head of the list of row i's children. */
static inline uint32_t row_kids_head(const struct process_table *t, uint32_t i)
{
	return t->max + 1 + i;
}

/* A row of that identity, of which nothing is known yet; pinned. 0 when there is no room. */
uint32_t row_new(struct process_table *t, uint32_t pid, uint64_t start);

/* The record in hand is about row i: nothing evicts it until the next one. */
void row_pin(struct process_table *t, uint32_t i);

void row_end(struct process_table *t, uint32_t i, uint64_t time, uint32_t status);
void row_drop_older(struct process_table *t, uint32_t i);	/* earlier images */

/* Something expires at that time. */
static inline void row_due_by(struct process_table *t, uint64_t time)
{
	if (time < t->due)
		t->due = time;
}

/* Ended rows and earlier images whose grace is over; a few per record, so that none waits long and none takes long. */
void rows_expire(struct process_table *t);

/* Throws out one row that ended; false when there is none. */
bool rows_evict_ended(struct process_table *t);

#endif
