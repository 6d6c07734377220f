/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent status
 *
 * What the agent says of itself: state with reasons, coverage, tables, queues.
 * Reads the stages; changes nothing but that a provider which was down is asked again.
 */
#include "agent.h"
#include "containers.h"
#include "util/clock.h"
#include "version.h"
#include <unistd.h>

uint64_t agent_lost_records(json_t *coverage, bool over_rate)
{
	const char *name, *why;
	json_t *event, *n;
	uint64_t sum = 0;

	json_object_foreach(json_object_get(coverage, "events"), name, event) {
		json_object_foreach(json_object_get(event, "lost"), why, n)
			sum += over_rate || strcmp(why, "rate") ? (uint64_t)json_integer_value(n) : 0;
	}
	return sum;
}

/* All that the stages say of themselves, into the ledger. */
static void look(struct agent *a, json_t *coverage, json_t *deliver, json_t *providers, json_t *canary)
{
	struct ledger_case end = {.code = ISSUE_ATTACH_LOST, .feed = FEED_COVERAGE};
	json_t *own = own_json(&a->own);
	struct enrich_stats e;

	feed_coverage(&a->feed, coverage);
	if (a->error < 0) {
		end.evidence = json_pack("{s:i, s:s}", "errno", -a->error, "why", a->why);
		ledger_raise(a->ledger, &end, "the sensor ended: %s", a->why);
	}
	feed_deliver(&a->feed, deliver);
	feed_canary(&a->feed, canary, coverage);
	learn_probe(&a->learn);
	feed_own(&a->feed, own);
	json_decref(own);
	feed_rules(&a->feed, a->o.ruleset, coverage);
	feed_self(&a->feed, clock_boot_offset());
	feed_attribution(&a->feed, providers, a->places.ecs_config.cluster);
	enrich_stats(a->pipeline.enrich, &e);
	feed_groups(&a->feed, e.container.unrecognised, e.container.unrecognised_path);
	feed_older(&a->feed, containers_older(enrich_workloads(a->pipeline.enrich), a->lifecycle.began));
	feed_excluded(&a->feed, exclude_of_host(&a->exclude));
	feed_imds(&a->feed, imds_state(a->imds), enrich_host(a->pipeline.enrich));
}

void agent_look(struct agent *a)
{
	json_t *coverage = a->source->ops->coverage(a->source), *deliver = deliver_status(a->deliver);
	json_t *providers = learn_attribution_json(&a->learn), *canary = canary_json(&a->canary);

	look(a, coverage, deliver, providers, canary);
	json_decref(canary);
	json_decref(coverage);
	json_decref(deliver);
	json_decref(providers);
}

/* As long as nothing of its own has come back it is not known whether anything does. */
static const char *state_of(const struct agent *a, bool lasting)
{
	const char *state = ledger_status(a->ledger, lasting);

	return canary_waits(&a->canary) && !strcmp(state, "healthy") ? "starting" : state;
}

const char *agent_state(struct agent *a, json_t **reasons, bool lasting)
{
	agent_look(a);
	*reasons = ledger_reasons(a->ledger);
	return state_of(a, lasting);
}

static json_t *pipeline_json(const struct pipeline *p)
{
	json_t *undecoded = json_object();

	for (int i = 1; i < DECODE_E_MAX; i++) {
		if (p->undecoded[i])
			json_object_set_new(undecoded, decode_error_text[i], json_integer((json_int_t)p->undecoded[i]));
	}
	return json_pack("{s:I, s:I, s:o}", "events", (json_int_t)p->events, "matches", (json_int_t)p->matched,
			 "undecoded", undecoded);
}

static json_t *tables_json(const struct pipeline *p)
{
	struct enrich_stats e;
	struct fold_stats f;

	enrich_stats(p->enrich, &e);
	fold_stats(p->fold, &f);
	return json_pack("{s:{s:i, s:i, s:i, s:I, s:I, s:I, s:I}, s:{s:i, s:i, s:i, s:I, s:I}, s:{s:i, s:I}, s:{s:I}, s:{s:i, s:i, s:I, s:I, s:I}}",
			 "processes", "rows", (int)e.process.rows, "max", (int)e.process.rows_max, "running", (int)e.process.running,
			 "evictedEnded", (json_int_t)e.process.evicted_ended, "evictedRunning", (json_int_t)e.process.evicted_running,
			 "partial", (json_int_t)e.process.partial, "textBytes", (json_int_t)e.process.text_bytes,
			 "groups", "rows", (int)e.container.groups, "containers", (int)e.container.containers,
			 "gone", (int)e.container.gone,
			 "evicted", (json_int_t)e.container.evicted, "unknown", (json_int_t)e.container.unknown,
			 "dnsNames", "rows", (int)e.dns_names, "evicted", (json_int_t)e.dns_evicted,
			 "pipes", "evicted", (json_int_t)e.pipes_evicted,
			 "folding", "open", (int)f.open, "waiting", (int)f.waiting, "findings", (json_int_t)f.findings, "repeats", (json_int_t)f.repeats,
			 "unfolded", (json_int_t)f.unfolded);
}

/* Regex matches given up at their limit count as no match, and texts cut for want of room may: they have to be seen. */
static struct engine_stats condition_stats(const struct ruleset *rs)
{
	const struct engine *e = ruleset_engine(rs, "condition");
	struct engine_stats s = {};

	if (e)
		e->ops->stats(e, &s);
	return s;
}

static json_t *loop_json(const struct loop_meter *m)
{
	return json_pack("{s:f, s:f, s:I}", "maxMs", (double)m->longest / NSEC_PER_MSEC,
			 "maxCpuMs", (double)m->longest_cpu / NSEC_PER_MSEC, "slow", (json_int_t)m->slow);
}

/* Who the containers are beside who is asked about them; nothing where nobody is. */
static void add_containers(const struct agent *a, json_t *providers)
{
	json_t *containers = containers_json(enrich_workloads(a->pipeline.enrich), a->lifecycle.began, a->pipeline.boot_offset);

	if (json_is_object(providers))
		json_object_update(providers, containers);
	json_decref(containers);
}

static json_t *confinement_json(const struct agent *a)
{
	if (a->confined > 0)
		return json_pack("{s:i}", "landlock", a->confined);
	return json_pack("{s:i, s:s}", "landlock", 0, "reason", a->confined_why);
}

json_t *agent_status(struct agent *a)
{
	json_t *coverage = a->source->ops->coverage(a->source), *deliver = deliver_status(a->deliver);
	json_t *status, *health, *who = learn_attribution_json(&a->learn), *canary = canary_json(&a->canary);
	struct engine_stats engine = condition_stats(a->o.ruleset);
	char started[CLOCK_TEXT_MAX];

	look(a, coverage, deliver, who, canary);
	add_containers(a, who);
	health = ledger_json(a->ledger);
	status = json_pack("{s:s, s:o, s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:{s:i, s:s, s:I, s:I, s:I, s:I}, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
			 "state", state_of(a, true), "reasons", ledger_reasons(a->ledger), "version", NOROSHI_VERSION, "revision", NOROSHI_REVISION,
			 "pid", (int)getpid(), "started", clock_rfc3339(started, a->started),
			 "confinement", confinement_json(a), "loop", loop_json(&a->meter), "hashes", learn_json(&a->learn), "rules", "enabled", (int)ruleset_count(a->o.ruleset), "digest", ruleset_digest(a->o.ruleset),
			 "reloads", (json_int_t)a->reloads, "reloadsFailed", (json_int_t)a->reloads_failed,
			 "regexGivenUp", (json_int_t)engine.regex_limit, "textsCut", (json_int_t)engine.texts_cut,
			 "pipeline", pipeline_json(&a->pipeline), "observed", observed_json(a->pipeline.observed),
			 "observedUncounted", (json_int_t)observed_uncounted(a->pipeline.observed), "tables", tables_json(&a->pipeline),
			 "coverage", coverage ? coverage : json_null(), "losers", floods_json(a->floods, a->pipeline.enrich), "deliver", deliver,
			 "attribution", who);
	json_object_set_new(status, "startedSec", json_real((double)(a->started / NSEC_PER_MSEC) / 1e3));
	json_object_set_new(status, "canary", canary);
	json_object_set_new(status, "excluded", exclude_json(&a->exclude));
	json_object_set_new(status, "host", imds_json(a->imds, enrich_host(a->pipeline.enrich), a->imds_why));
	json_object_del(health, "status");	/* it is "state" */
	json_object_update(status, health);
	json_decref(health);
	return status;
}
