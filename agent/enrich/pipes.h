/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes
 *
 * Which processes were started with which pipe or FIFO as descriptor 0, 1 or 2:
 * so a shell that talks to the network through another program can be told.
 * The table knows what exec and the snapshot told; a pipe that was passed on
 * later, or made and used within one process, is not in it.
 */
#ifndef ENRICH_PIPES_H
#define ENRICH_PIPES_H

#include "util/limits.h"
#include <stdbool.h>
#include <stdint.h>

struct pipes;

/* Who held one end, by descriptor: 0 reads, 1 and 2 write. */
struct pipe_end {
	uint32_t pid;		/* 0: an empty place */
	uint32_t fd;
	uint64_t start;		/* of the process, CLOCK_BOOTTIME ns */
};

struct pipes *pipes_new(void);	/* PIPES_MAX pipes; NULL without memory */
struct pipes *pipes_free(struct pipes *t);

/* The pipe (as the exec record names it, not 0) is descriptor fd of that process. The oldest end goes when there are PIPE_ENDS. */
void pipes_add(struct pipes *t, uint64_t pipe, const struct pipe_end *end);

/* The ends of a pipe that are known, PIPE_ENDS places, newest first; NULL when it is not. */
const struct pipe_end *pipes_find(const struct pipes *t, uint64_t pipe);

uint64_t pipes_evicted(const struct pipes *t);	/* pipes that had to go for others */

#endif
