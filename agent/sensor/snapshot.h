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

#define SNAPSHOT_TEXT_MAX 4096		/* of argv, and of the environment, of one process */

/* Reads records from the iterator until its end and writes them to out, completed, as SENSOR_FD_SNAPSHOT has them.
 * Returns the bytes written, or -errno. env: the environment is wanted too. */
int64_t snapshot_take(int iterator, int out, bool env);

#endif
