/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper
 *
 * A row of small tasks of which any may hang for ever in the kernel: memory of
 * a process can lie on a file system that a process of its own serves. They are
 * done by a child that can be left behind; nothing of ours is open in it.
 */
#ifndef SENSOR_HELPER_H
#define SENSOR_HELPER_H

#include "util/buf.h"
#include <sys/types.h>

#define HELPER_DEADLINE_MS 1000	/* of one task: no measure of speed, a busy machine must not lose any */
#define HELPERS_MAX 4		/* children left behind; then the remaining tasks are given up unseen, so that a start ends */

struct helper {
	size_t n;		/* tasks */
	/* In the child, in order: appends the result of task i. */
	void (*work)(void *ctx, size_t i, struct buf *out);
	/* Here, in order; p is NULL when it was given up. */
	void (*result)(void *ctx, size_t i, const void *p, size_t n);
	/* Before a child begins, and with 0 when it is over. May be NULL. */
	void (*child)(void *ctx, pid_t pid);
	void *ctx;
};

/* How many tasks were given up, or -errno when there is no child to be had. */
int64_t helper_run(const struct helper *h);

#endif
