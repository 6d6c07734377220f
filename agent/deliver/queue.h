/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue
 *
 * The findings that wait for one sink, in the order they were made. Bounded by
 * number and bytes: what has no room is dropped, least severe first and of
 * those the oldest; what is being sent is never dropped.
 */
#ifndef DELIVER_QUEUE_H
#define DELIVER_QUEUE_H

#include "noroshi/v1/finding.pb-c.h"
#include <stdbool.h>
#include <sys/queue.h>

#define QUEUE_SEVERITIES 6	/* Noroshi__V1__Severity */

/* A finding that several queues share. */
struct item {
	Noroshi__V1__Finding *finding;
	size_t size;		/* packed */
	unsigned int severity;
	unsigned int refs;
	uint64_t time;		/* of the loop when it came, ms */
};

struct item *item_new(Noroshi__V1__Finding *f, uint64_t time);	/* takes f; NULL without memory (f is freed) */
void item_unref(struct item *i);

struct node {
	TAILQ_ENTRY(node) order, same;	/* all; those of equal severity */
	struct item *item;
	bool sending;
};

TAILQ_HEAD(node_list, node);

struct queue {
	struct node_list order, same[QUEUE_SEVERITIES];
	size_t n, bytes;
	size_t urgent;		/* of severity high and above */
	size_t n_max, bytes_max;
	uint64_t dropped[QUEUE_SEVERITIES];
};

void queue_init(struct queue *q, size_t n_max, size_t bytes_max);
void queue_clear(struct queue *q);

/* Adds a reference to the finding, then drops what there is no room for: perhaps the newcomer. */
void queue_push(struct queue *q, struct item *i);

/*
 * Writes the oldest findings to v, at most n_max of at most bytes together but always one, and marks them as being
 * sent. Returns how many.
 */
size_t queue_take(struct queue *q, Noroshi__V1__Finding **v, size_t n_max, size_t bytes);

void queue_done(struct queue *q, size_t n);	/* the n oldest leave */
void queue_back(struct queue *q);		/* nothing is being sent any more: all may be dropped again */

static inline struct item *queue_first(const struct queue *q)
{
	return TAILQ_EMPTY(&q->order) ? NULL : TAILQ_FIRST(&q->order)->item;
}

#endif
