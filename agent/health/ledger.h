/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger
 *
 * The open issues: what is amiss now, of what, since when, and what showed it.
 * Who knows of something raises it and clears it; the ledger says once when one
 * begins and when it ends, and from all of them what the agent is.
 */
#ifndef HEALTH_LEDGER_H
#define HEALTH_LEDGER_H

#include "health/issue.h"
#include "util/cleanup.h"

struct ledger;

/* Who raises, for those who look at everything of theirs at once: see ledger_round(). */
enum ledger_feed { FEED_NONE, FEED_COVERAGE, FEED_DELIVER, FEED_RULES, FEED_SELF, FEED_ATTRIBUTION, FEED_CHECKS, FEED_CANARY, FEED_OWN, FEED_MAX };

struct ledger *ledger_new(uint64_t (*now)(void));	/* now: wall clock, ns; NULL: clock_wall_ns. NULL without memory */
struct ledger *ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger *, ledger_free);

void ledger_quiet(struct ledger *l);	/* beginnings and ends are not logged: the caller prints the issues itself */

struct ledger_case {
	enum issue code;
	const char *subject;		/* which of several: a sink, a file; NULL or "": there is only one */
	enum capability capability;	/* CAPABILITY_OF_CODE: issue.def's */
	enum ledger_feed feed;
	json_t *evidence;		/* taken; an object, or NULL */
	uint64_t since;			/* wall clock, ns, of its beginning, where that is known; 0: now */
};

/*
 * It is so: the text says in one sentence what. Open already, its evidence and text are replaced and its beginning stays.
 * With no room for more issues it is counted, the state says so.
 */
void ledger_raise(struct ledger *l, const struct ledger_case *c, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* It is so no more; nothing happens when it was not open. */
void ledger_clear(struct ledger *l, enum issue code, const char *subject);

/*
 * Between the two everything that this feed knows of is raised; what it raised before and not now is over.
 */
void ledger_round(struct ledger *l, enum ledger_feed feed);
void ledger_round_end(struct ledger *l, enum ledger_feed feed);

/* What stands in the matrix where no issue speaks: "works", "off" (not asked for; why may say more), "less", "lost". */
void ledger_capability(struct ledger *l, enum capability c, const char *state, const char *why);

/*
 * "healthy", "degraded", "unhealthy" or "excluded". lasting: what has been degraded for long counts as unhealthy; false: only
 * what starting the agent again may mend does, so nothing of uploads.
 */
const char *ledger_status(const struct ledger *l, bool lasting);

bool ledger_open(const struct ledger *l, enum issue code, const char *subject);
size_t ledger_count(const struct ledger *l);	/* of open ones */

/*
 * { "status": "degraded",
 *   "issues": [ { "code", "severity", "effect", "capability", "subject", "text", "since", "last", "count", "heals", "evidence",
 *                 "impact", "remedy" }, … ],		worst first, then oldest
 *   "notKept": 0,				issues there was no room for
 *   "recent": [ { "code", "subject", "text", "since", "until", "count" }, … ],		over, newest first
 *   "capabilities": { "exec": { "state", "reason", "since" }, … } }
 * count: how often it began, as far back as it is remembered.
 */
json_t *ledger_json(const struct ledger *l);	/* new reference */

/* What makes it less than healthy, in sentences: new reference. */
json_t *ledger_reasons(const struct ledger *l);

#endif
