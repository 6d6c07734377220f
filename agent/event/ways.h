/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways
 *
 * The ways to do a thing that somebody may hope is not looked at, and what of each event shows whichever way it is
 * done: ways.def as a table. A cell that says "seen" names the live test that does it and compares.
 */
#ifndef EVENT_WAYS_H
#define EVENT_WAYS_H

#include "wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum way_state {
	WAY_SEEN,	/* as if it were done plainly */
	WAY_LESS,	/* the event is there, something of it is not */
	WAY_BLIND,	/* nothing is told */
	WAY_NONE,	/* it cannot be done that way */
};

/* What a host may lack. */
enum way_host { HOST_ANY, HOST_URING, HOST_URING_NAMED, HOST_URING_SIGHTS, HOST_IA32, HOST_SIGHTS, HOST_MAX };

struct way {
	const char *name;		/* "proc-root" */
	const char *doc;
	enum way_host needs;		/* without it nobody can go that way */
};

struct way_cell {
	unsigned int way;		/* index of way_table */
	uint64_t events;		/* a bit for each enum event_type */
	enum way_state state;
	const char *test;		/* test/e2e/TEST.py shows it; "" where nothing can be shown */
	const char *why;		/* what is less, why nothing is told, why it cannot be; "" where all is as it should be */
	enum way_host host;		/* on one that lacks it, the next two hold */
	enum way_state state_without;
	const char *why_without;
};

extern const struct way way_table[];
extern const unsigned int way_count;
extern const struct way_cell way_cells[];
extern const unsigned int way_cell_count;

/* What a host of that kind lacks, as a text: "io_uring of 5.19 or newer". */
extern const char *const way_host_text[HOST_MAX];

/* "seen" */
extern const char *const way_state_text[];

/* The events that the table speaks of: all but those no rule sees. */
uint64_t ways_events(void);

/* What holds on a host that has these, a bit for each enum way_host; *why never NULL. */
enum way_state way_state_here(const struct way_cell *c, unsigned int hosts, const char **why);

#endif
