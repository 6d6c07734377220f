/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beat
 *
 * The heartbeat that waits for one sink, and what became of those before it.
 */
#ifndef DELIVER_BEAT_H
#define DELIVER_BEAT_H

#include "noroshi/v1/coverage.pb-c.h"
#include <stdbool.h>
#include <stdint.h>

/* A heartbeat that several sinks share. */
struct beat {
	Noroshi__V1__Coverage *message;
	unsigned int refs;
};

struct beat *beat_new(Noroshi__V1__Coverage *c);	/* takes c; NULL without memory (c is freed) */
void beat_unref(struct beat *b);			/* takes NULL */

struct beats {
	struct beat *waiting, *sending;
	bool yield;		/* the last one found no receiver: findings first */
	uint64_t delivered, replaced, failed;
};

void beats_push(struct beats *b, struct beat *beat);	/* adds a reference */
bool beats_begin(struct beats *b);			/* false when none waits */
void beats_delivered(struct beats *b);
void beats_again(struct beats *b, bool last_chance);	/* not delivered: waits again, unless a newer one does */
void beats_refused(struct beats *b);
void beats_clear(struct beats *b);

#endif
