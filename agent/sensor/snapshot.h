/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshot
 *
 * The processes that were there before the agent: who they are from the
 * kernel's iterator, their texts from /proc, taken only while the start time
 * still says that it is the same process.
 */
#ifndef SENSOR_SNAPSHOT_H
#define SENSOR_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SNAPSHOT_TEXT_MAX 4096		/* of argv, and of the environment, of one process */

struct snapshot_options {
	bool env;		/* the environment is wanted too */
	/* A process of ours that reads /proc begins, or is over (0): nothing of it is to be reported. May be NULL. */
	void (*helper)(void *ctx, pid_t pid);
	void *ctx;
};

struct snapshot_stats {
	unsigned int given_up;	/* processes whose texts could not be read in time: they stay as the iterator has them */
};

/*
 * Reads records from the iterator until its end and writes them to out, completed, as SENSOR_FD_SNAPSHOT has them.
 * Returns the bytes written, or -errno.
 */
int64_t snapshot_take(int iterator, int out, const struct snapshot_options *o, struct snapshot_stats *stats);

#endif
