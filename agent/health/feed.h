/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feed
 *
 * What the agent knows anyway, as issues: each function looks at all of one
 * stage, raises what is so and ends what is so no more. Called when somebody
 * asks and once a minute; none of them asks the kernel for more than a few
 * small files.
 */
#ifndef HEALTH_FEED_H
#define HEALTH_FEED_H

#include "health/ledger.h"
#include "rule/ruleset.h"
#include "util/limits.h"

struct imds_state;
struct host_facts;

#define FEED_RECENT_SEC 600u	/* so long a loss shows in the state: its number stays, the finding about it was sent */
#define FEED_BACKLOG_SEC 300u
#define FEED_CPU_SEC 50u	/* the shortest minute: somebody may ask in between */
#define FEED_CPU_SHARE 20	/* one period in so many may be throttled */
#define FEED_SILENT_SEC 60u	/* beyond two heartbeats: an attempt may take so long, and the wait before it */
#define FEED_SINKS 16
#define FEED_NEAR 0.9		/* of a limit */

/* A number that should not grow. */
struct growth {
	uint64_t seen;
	uint64_t at;		/* wall clock, ns, of its last growth; 0: it was never seen to grow */
	uint64_t by;		/* so much */
};

/* Files of the own control group: opened while that is allowed, read for as long as the agent lives. -1: not there. */
struct feed_files {
	int cpu_stat, memory_current, memory_max, memory_stat, memory_events;
};

struct feed {
	struct ledger *ledger;
	uint64_t (*now)(void);
	struct growth lost, detached, regex, unrecognised, pauses;
	struct feed_sink {
		char name[LEDGER_SUBJECT_MAX];
		struct growth queue, refused, not_taken;
	} sink[FEED_SINKS];
	struct {
		uint64_t taken, at;	/* of the reader, and when it was first seen there with something to read; 0 */
	} ring[2];
	struct feed_files files;
	char proc[256];			/* "/proc" */
	struct {
		uint64_t at, throttled, periods;	/* when the minute began, and the numbers then */
		uint64_t last_throttled, last_periods;	/* of the minute before it */
	} cpu;
	unsigned int beat_sec;		/* how often sinks that take heartbeats get one; 0: never */
	uint64_t boot_offset;		/* wall clock against time since boot; 0: not asked yet */
	uint64_t jumped;		/* time since boot, ns, when that was last seen to change; 0 */
};

/* now: NULL: clock_wall_ns. root: "" but in tests, before /proc and /sys/fs/cgroup. Opens the own control group's files. */
void feed_init(struct feed *f, struct ledger *l, uint64_t (*now)(void), const char *root);
void feed_free(struct feed *f);

/* coverage: that of sensor/coverage.h; NULL: nothing is known, nothing changes. */
void feed_coverage(struct feed *f, json_t *coverage);

/* status: deliver_status(). */
void feed_deliver(struct feed *f, json_t *status);

/* providers: attribution_json(). cluster: of the ECS agent's configuration, "" when it names none. */
void feed_attribution(struct feed *f, json_t *providers, const char *cluster);

/* coverage tells which calls are lost. */
void feed_rules(struct feed *f, const struct ruleset *rules, json_t *coverage);

/* canary: { "kinds": { "exec": { "state", "capability", "reason", "missed", … } } }, as the agent's canary says it. */
void feed_canary(struct feed *f, json_t *canary, json_t *coverage);

/* own: own_json() of the agent: its program, what it was told by, its time. */
void feed_own(struct feed *f, json_t *own);

/* Processor, memory, descriptors, clock. offset: clock_boot_offset(). */
void feed_self(struct feed *f, uint64_t offset);

/* s: imds_state(); NULL: it is not asked, and nothing is amiss. */
void feed_imds(struct feed *f, const struct imds_state *s, const struct host_facts *h);

/* Control groups that look like containers' and are not known as such: how many were met, and the path of the last. */
void feed_groups(struct feed *f, uint64_t unrecognised, const char *path);

/* Containers that run, are watched and are older than the agent. */
void feed_older(struct feed *f, size_t containers);

/* by: exclude_of_host(). */
void feed_excluded(struct feed *f, const char *by);

/* A reload went well (d NULL) or did not: the first error of d, or why. */
void feed_reload(struct feed *f, const struct diags *d, const char *why);

/* Whether n has grown since the last look, or within FEED_RECENT_SEC before. The first look counts all of it. */
bool growth_recent(struct growth *g, uint64_t n, uint64_t now);

#endif
