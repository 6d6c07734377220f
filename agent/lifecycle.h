/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifecycle
 *
 * That a container began or ended, as an event that rules match. It began when
 * its first process is met, and is told when it is known who it is, so that a
 * rule can ask for its image and rights; it ended when the last of its control
 * groups is removed. Containers that were there before the agent are not told
 * as started.
 */
#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include "pipeline.h"

struct lifecycle {
	struct pipeline *pipeline;
	uint64_t began;		/* of the agent, boot clock, ns */
};

/* It is known who that is. */
void lifecycle_decided(struct lifecycle *l, struct workload_row *row);

/* A control group of it was removed. */
void lifecycle_gone(struct lifecycle *l, struct workload_row *row, uint64_t time);

#endif
