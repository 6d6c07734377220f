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

/* Who held an end. */
struct pipe_end {
	uint32_t pid;		/* 0: an empty place */
	uint64_t start;		/* of the process, CLOCK_BOOTTIME ns */
};

enum pipe_side { PIPE_READERS, PIPE_WRITERS, PIPE_SIDES };

/* A FIFO that has a name, of whose readers nothing needs to be known (probes/events.def, exec.stdin_pipe). */
static inline bool pipe_is_fifo(uint64_t pipe)
{
	return pipe >> 32;
}

struct pipes *pipes_new(void);	/* PIPES_MAX pipes; NULL without memory */
struct pipes *pipes_free(struct pipes *t);

/* The process has an end of the pipe (as the exec record names it, not 0). Of PIPE_ENDS on that side the oldest goes. */
void pipes_add(struct pipes *t, uint64_t pipe, enum pipe_side side, struct pipe_end end);

/* The ends on that side that are known, PIPE_ENDS places, newest first; NULL when the pipe is not. */
const struct pipe_end *pipes_find(const struct pipes *t, uint64_t pipe, enum pipe_side side);

uint64_t pipes_evicted(const struct pipes *t);	/* pipes that had to go for others */

#endif
