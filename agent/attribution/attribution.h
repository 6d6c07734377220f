/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attribution
 *
 * Asks those who may know (provider.h) about every container that was met, and
 * puts their answers together: which container, image and task it is. Nothing
 * in the path of events waits for it.
 */
#ifndef ATTRIBUTION_ATTRIBUTION_H
#define ATTRIBUTION_ATTRIBUTION_H

#include "attribution/ecs_host.h"
#include "attribution/provider.h"

struct attribution;

/* What is known of that container has become final: resolved, partial or failed. The row is borrowed. */
typedef void (*attribution_done_fn)(void *ctx, struct workload_row *row);

struct attribution_options {
	uv_loop_t *loop;
	struct workloads *workloads;			/* outlives it */
	const struct attribution_places *places;	/* outlives it */
	const char *user_agent;
	attribution_done_fn done;
	void *ctx;
};

/* NULL without memory. Before the loop runs. */
struct attribution *attribution_new(const struct attribution_options *o);

/* Containers may have been met: asks about them. After a burst of records. */
void attribution_wake(struct attribution *a);

/*
 * The ticket of an answer that is to come and that done() will tell, or 0: what the row says is all for now. A container
 * that nobody knew is asked for again when that was some seconds ago.
 */
uint64_t attribution_wait(struct attribution *a, struct workload_row *row);

/* Who could not be asked last is asked again, about anybody: he may be back, and nobody else may want to know. When somebody looks. */
void attribution_probe(struct attribution *a);

/* What is still asked for is told as far as it is known; nothing is asked any more. NULL is taken. */
void attribution_stop(struct attribution *a);

struct attribution *attribution_free(struct attribution *a);	/* NULL; handles close on the loop */

/* For status: the providers with their state and counts, what the ECS agent says of the host, how many are asked about. New reference. */
json_t *attribution_json(const struct attribution *a);

#endif
