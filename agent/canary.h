/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canary
 *
 * The agent does itself what it has to see. At an interval a child of it opens a file for writing, connects, asks for a
 * name and starts a program, all within the host and all marked; each has to come back through the kernel's ring and the
 * rules. What does not come back twice in a row is not seen here, whatever else looks well. Only that is tried which the
 * rules look for anyway, and nothing of it is a finding.
 */
#ifndef CANARY_H
#define CANARY_H

#include "event/event.h"
#include "rule/ruleset.h"
#include "sensor/source.h"
#include <limits.h>
#include <uv.h>

#define CANARY_KINDS 4		/* canary.def */
#define CANARY_JUDGE_MS 5000u	/* what has not come back by then is missed */

struct canary_kind {
	bool wanted;		/* rules look for it, and a program of the kernel side is attached */
	char why_not[128];
	bool waiting;		/* done in this round and not back yet */
	int error;		/* errno of the last attempt to do it; 0 */
	uint64_t last;		/* wall clock, ns, when it last came back; 0: never */
	uint64_t since;		/* wall clock, ns, when it was done for the first time of those that are missed; 0 */
	uint64_t latency;	/* ns from the doing until its record was matched */
	uint32_t missed;	/* in a row */
	uint64_t missed_sum;
};

struct canary {
	struct ruleset *rules;
	struct rule_source text;
	uint16_t port;		/* where DNS is spoken */
	char token[33];		/* of this run: the mark */
	char path[PATH_MAX + 64];		/* the file that is opened */
	unsigned char query[128];
	size_t nquery;
	uint32_t pidns;		/* ours */
	int null;		/* for the program's output */
	uv_timer_t timer;
	bool begun;		/* it is done at all */
	bool under_way;		/* the timer's next turn judges */
	char why_not[128];
	uint64_t interval;	/* ms */
	bool (*ready)(void *ctx, struct canary *c);	/* before each round: sets wanted and why_not; false: no round now, why_not says why */
	void *ctx;
	struct canary_kind kind[CANARY_KINDS];
	uint64_t rounds;	/* that were judged */
	uint64_t at;		/* wall clock, ns, of the last one's beginning */
	uint64_t begun_at;	/* the same, CLOCK_BOOTTIME */
	/* The child: its id in our namespace, 0 when there is none; in the initial one with its start once a record told them. */
	int child;
	uint64_t reaped;	/* CLOCK_BOOTTIME, ns; 0: not yet */
	uint32_t tgid;
	uint64_t start;
};

/* Compiles its rules. port: where DNS is spoken. 0, or < 0 with a reason in error[]. */
int canary_init(struct canary *c, uint16_t port, char error[512]);

/* Widens n so that the marked events of what is in it anyway leave the kernel. Changes nothing of c: any thread may ask. */
void canary_needs(const struct canary *c, struct needs *n);

/* state_dir: where the marked file is. Before the confinement. */
void canary_begin(struct canary *c, const char *state_dir, uint64_t interval_ms);

/* The first round begins at once, the next after the interval. ready and ctx are set by now. */
void canary_start(struct canary *c, uv_loop_t *loop);
void canary_stop(struct canary *c);
void canary_free(struct canary *c);

/* Whether the event is the child's: then no rule's match is a finding. */
bool canary_is(struct canary *c, const struct event *ev);
/* Notes what came back with it. Neither allocates. */
void canary_take(struct canary *c, const struct event *ev);

/* No round is over yet, and one is under way. */
bool canary_waits(const struct canary *c);

/* The calls whose state in the sensor's coverage decides whether a kind is tried. */
enum event_call canary_call(unsigned int kind);

/*
 * { "state": "on",			on | off (why says who turned it off) | waiting (no round is over yet)
 *   "why": "", "intervalSec": 60, "rounds": 12, "last": "2026-…",
 *   "kinds": { "exec": { "state": "seen",		seen | missed | not done | not tried | waiting
 *       "capability": "file", "reason": "", "ms": 0.8, "lastSeen": "2026-…", "missed": 0, "missedSum": 0, "since": 0 }, … } }
 */
json_t *canary_json(const struct canary *c);	/* new reference */

#endif
