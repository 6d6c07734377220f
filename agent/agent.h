/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent
 *
 * One struct owns the program: built along the data path, freed in reverse.
 */
#ifndef AGENT_H
#define AGENT_H

#include "attribution/imds.h"
#include "canary.h"
#include "config.h"
#include "deliver/deliver.h"
#include "exclude.h"
#include "floods.h"
#include "health/feed.h"
#include "heartbeat.h"
#include "learn.h"
#include "lifecycle.h"
#include "own.h"
#include "pipeline.h"
#include "places.h"
#include "reload.h"
#include "sensor/source.h"
#include "top.h"
#include "util/loop.h"

struct agent_options {
	struct config *config;		/* taken */
	struct rule_files rules;	/* taken; kept as long as the rule set */
	struct ruleset *ruleset;	/* taken; loaded from rules */
	const char *const *rule_paths;	/* what a reload reads again */
	size_t nrule_paths;
	struct engine_load load;	/* how, at a reload too; its sources are rules */
	struct rule_select *steps;	/* taken; load's */
	struct source *source;		/* taken; forked, to be begun */
	bool json;			/* the stdout sink prints JSON lines */
};

struct control;

struct agent {
	struct agent_options o;
	char state_dir[256];
	char agent_id[37];		/* of this run */
	uv_loop_t loop;
	struct source *source;
	struct pipeline pipeline;
	struct places places;
	struct learn learn;
	struct lifecycle lifecycle;
	struct exclude exclude;
	struct canary canary;
	struct own own;
	struct imds *imds;		/* NULL: it is not asked, imds_why says why */
	const char *imds_url;		/* NULL: as well */
	char imds_why[160];
	struct deliver *deliver;
	struct control *control;
	struct floods *floods;
	struct top *top;		/* NULL while nobody asks */
	uv_timer_t fold_timer, hold_timer, flood_timer, top_timer, house_timer, watchdog_timer, heartbeat_timer;
	uv_signal_t signals[3];
	struct loop_meter meter;
	uint64_t started;		/* wall clock, ns */
	uint64_t lost_reported;		/* records lost, as of the last finding about it */
	struct ledger *ledger;		/* what is amiss */
	struct feed feed;
	struct reload reload;
	uint64_t reloads, reloads_failed;
	int confined;			/* version of Landlock that closes the file system to us; < 1: confined_why says why not */
	char confined_why[256];
	uint32_t heartbeats;		/* sequence of the last one */
	bool stopping;
	int error;			/* exit reason: 0, or < 0 when the source failed */
	char why[512];
};

/*
 * Runs until SIGTERM, SIGINT or the source's end. 0, -EPERM or -ENOTSUP when this host cannot run it, another
 * -errno on failure; every failure was logged. Takes what o says it takes.
 */
int agent_run(struct agent_options *o);

/* What has to leave the kernel for these rules, for the configuration, and for the canary (NULL: it is of no interest). */
void agent_needs(const struct config *c, const struct ruleset *rules, const struct canary *canary, struct needs *ret);
/* State of everything, for /coverage and `status`: new reference. */
json_t *agent_status(struct agent *a);
/*
 * What happened since somebody first asked, for /top: new reference. Counting begins with the first question and ends half
 * a minute after the last.
 */
json_t *agent_top(struct agent *a);
/* Records that the coverage counts as lost, of all events and for all reasons or for all but the rate; 0 of NULL. */
uint64_t agent_lost_records(json_t *coverage, bool over_rate);
/* Which host this is, as far as the configuration says, and where the rest is asked for. Before the confinement. */
void agent_find_host(struct agent *a);
int agent_start_imds(struct agent *a);	/* 0 or -ENOMEM; where it is not asked, nothing happens */
/* Whether the host may be tried, and of what the canary does, what is looked for: canary.ready. */
bool agent_canary_ready(void *ctx, struct canary *c);
#define AGENT_ERROR_MAX 400
/*
 * 0, or < 0 with the reason: who can write into the state folder could put another socket there, or a file of his making
 * under a name of ours.
 */
int agent_check_state_dir(const char *path, char error[AGENT_ERROR_MAX]);
/* Brings the ledger up to date: once a minute, and whenever somebody asks. */
void agent_look(struct agent *a);
/* "healthy", "degraded", "unhealthy" or "excluded", and the reasons, a new reference. lasting: as in ledger_status(). */
const char *agent_state(struct agent *a, json_t **reasons, bool lasting);

#endif
