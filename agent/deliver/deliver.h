/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliver
 *
 * Findings → batches → sinks. Each sink has its own bounded queue over shared
 * findings; what finds no room is counted, oldest and least severe first.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "deliver/sink.h"
#include "util/cleanup.h"
#include <jansson.h>

struct deliver;

struct deliver_limits {
	size_t batch_count, batch_bytes;	/* 0 = limits.h */
	unsigned int batch_age_ms;
	size_t queue_count, queue_bytes;
};

struct deliver *deliver_new(uv_loop_t *loop, const struct deliver_limits *l);
void deliver_add_sink(struct deliver *d, struct sink *s);	/* takes the sink */

/* Takes the finding (allocated with malloc as by protobuf-c; freed with noroshi__v1__finding__free_unpacked). */
void deliver_finding(struct deliver *d, Noroshi__V1__Finding *f);

/*
 * Offers it to every sink that takes heartbeats, before findings that wait; takes it, as above. One at a time waits for a
 * sink: a newer one, whose counts hold those of the older, replaces it. Once the agent stops each is tried only once.
 */
void deliver_heartbeat(struct deliver *d, Noroshi__V1__Coverage *c);
bool deliver_wants_heartbeats(const struct deliver *d);

/* A burst of events is over: sinks that cost nothing to wake (stdout, file) get what they have now. */
void deliver_flush(struct deliver *d);

/*
 * Sends everything that is queued; calls done once all sinks are empty or timeout_ms has passed (what is left then
 * is counted and its number given).
 */
void deliver_stop(struct deliver *d, unsigned int timeout_ms, void (*done)(void *ctx, size_t left), void *ctx);

struct deliver_stats {
	uint64_t delivered, lost;	/* over all sinks; lost for whatever reason */
	size_t queued;
};
void deliver_stats(const struct deliver *d, struct deliver_stats *ret);

json_t *deliver_status(const struct deliver *d);	/* new reference: per sink queue, delivered, lost, heartbeats, last error */
struct deliver *deliver_free(struct deliver *d);	/* close the sinks; run the loop until idle before exiting */

#endif
