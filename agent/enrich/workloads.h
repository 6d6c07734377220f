/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads
 *
 * The containers that were met, by their ids: who each of them is, as far as
 * that is known by now. A container has many control groups and one row here.
 * Kept by the table of control groups (container.h); filled by attribution/.
 */
#ifndef ENRICH_WORKLOADS_H
#define ENRICH_WORKLOADS_H

#include "enrich/workload.h"

enum workload_state {
	WORKLOAD_FRESH,		/* nobody was asked yet */
	WORKLOAD_PENDING,	/* asked for; what is known may be a part */
	WORKLOAD_RESOLVED,	/* container, image and, where there is one, the task are known */
	WORKLOAD_PARTIAL,	/* something of it is missing, and nobody here knows it: why says what */
	WORKLOAD_FAILED,	/* nobody knows it: why */
	WORKLOAD_STATES
};

extern const char *const workload_state_names[WORKLOAD_STATES];

#define WORKLOAD_BY_MAX 128

struct workload_row {
	char id[80];		/* as in struct container, and these */
	char runtime[16];
	char task_id[40];
	char cluster[256];
	const struct workload *known;	/* NULL: nothing but the above */
	enum workload_state state;
	char why[200];		/* of partial and failed; of pending what is waited for */
	bool excluded;		/* not to be watched */
	char by[WORKLOAD_BY_MAX];	/* who said so, or that it is to be: "exclude.families: batch-*"; "" when nobody did */
	uint64_t ticket;	/* names this row, and never another */
	uint64_t told;		/* boot clock, ns: when the state was told last */
	uint64_t cgroup;	/* its first control group, and who was met there: 0 and 0 when that was not said */
	uint64_t start;
	uint32_t first;		/* its pid */
	uint64_t met;		/* boot clock, ns */
	bool started, died;	/* told as events */
	uint32_t groups;	/* control groups that are known */
	uint32_t alive;		/* of these, that are there: 0 when the container has ended */
	uint32_t hash_next;	/* of a free row the next of these */
	uint32_t fresh_next;
};

struct workloads;

struct workloads *workloads_new(void);
struct workloads *workloads_free(struct workloads *t);

/* One more group of this container: its row. A new one is a copy of key, which has what the path says. Never NULL: there are as many rows as groups. */
struct workload_row *workloads_hold(struct workloads *t, const struct workload_row *key);
void workloads_release(struct workloads *t, struct workload_row *r);	/* the group is forgotten; the row goes with the last */

/* The next row that nobody was asked about, which is pending from now on; NULL when there is none. */
struct workload_row *workloads_fresh(struct workloads *t);

/* The row of that ticket, NULL when it is gone. */
struct workload_row *workloads_find(struct workloads *t, uint64_t ticket);

/* What is known of it is this from now on; takes w, which may be NULL: then it stays as it is. Valid pointers to the old are none after this. */
void workloads_tell(struct workload_row *r, struct workload *w, enum workload_state state, const char *why);

/* All rows, in no order: start with NULL, NULL is the end. */
struct workload_row *workloads_next(struct workloads *t, const struct workload_row *after);

#endif
