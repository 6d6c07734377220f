/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loop
 *
 * The event loop's longest turn, and its end.
 */
#ifndef UTIL_LOOP_H
#define UTIL_LOOP_H

#include <stdint.h>
#include <uv.h>

#define LOOP_SLOW_MS 20	/* the budget: an event waits no longer than this for what the loop does with others */

/* How long the loop was busy without looking at its descriptors; time in which the machine ran others is in it. */
struct loop_meter {
	uv_prepare_t handle;
	uint64_t at, idle, cpu;	/* as of the last turn, ns */
	uint64_t longest;	/* ns */
	uint64_t longest_cpu;	/* ns of processor time: of a turn, not necessarily the same one */
	uint64_t slow;		/* turns longer than LOOP_SLOW_MS */
};

/* To be called before the loop runs; the meter keeps no loop alive. 0 or -errno. */
int loop_meter_start(struct loop_meter *m, uv_loop_t *loop);

/* Closes what handles are left, runs what they end with, and closes the loop. */
void loop_end(uv_loop_t *loop);

#endif
