/* SPDX-License-Identifier: Apache-2.0 */
/* Who is asked about containers, and does not answer. */
#include "health/feed.h"
#include "util/json_text.h"
#include <stdio.h>
#include <string.h>

#define OLDEST_MAJOR 1	/* the ECS agent's 1.77.0, the oldest that Amazon's own service takes */
#define OLDEST_MINOR 77

static void judge_provider(struct feed *f, json_t *p)
{
	static const struct {
		const char *name;
		enum issue code;
	} codes[] = {{"docker", ISSUE_DOCKER_SOCKET_UNREADABLE}, {"ecs", ISSUE_ECS_AGENT_UNREACHABLE}};
	const char *name = json_word(p, "name"), *state = json_word(p, "state");
	struct ledger_case c = {.feed = FEED_ATTRIBUTION};

	if (strcmp(state, "down") && strcmp(state, "refused") && strcmp(state, "garbage"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strcmp(name, codes[i].name))
			continue;
		c.code = codes[i].code;
		c.evidence = json_pack("{s:s, s:s, s:O?, s:O?}", "state", state, "lastError", json_word(p, "lastError"), "asked",
				       json_object_get(p, "asked"), "answered", json_object_get(p, "answered"));
		ledger_raise(f->ledger, &c, "%s is asked who containers are, and is %s: %s", name, state, json_word(p, "lastError"));
	}
}

/* "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)"; what has no such number is not judged. */
static bool too_old(const char *version)
{
	const char *v = strstr(version, " v");
	unsigned int major, minor;

	if (!v || sscanf(v, " v%u.%u", &major, &minor) != 2)
		return false;
	return major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR);
}

static void judge_agent(struct feed *f, json_t *ecs, const char *cluster)
{
	struct ledger_case c = {.feed = FEED_ATTRIBUTION};

	if (!json_is_true(json_object_get(ecs, "known")))
		return;
	if (!json_is_true(json_object_get(ecs, "registered"))) {
		c.code = ISSUE_ECS_AGENT_NOT_REGISTERED;
		c.evidence = json_pack("{s:s}", "cluster", json_word(ecs, "cluster"));
		ledger_raise(f->ledger, &c, "the ECS agent says of no container instance that it is this host");
	}
	if (too_old(json_word(ecs, "agentVersion"))) {
		c.code = ISSUE_ECS_AGENT_TOO_OLD;
		c.evidence = json_pack("{s:s}", "version", json_word(ecs, "agentVersion"));
		ledger_raise(f->ledger, &c, "the ECS agent is older than %d.%d.0: %s", OLDEST_MAJOR, OLDEST_MINOR, json_word(ecs, "agentVersion"));
	}
	if (*cluster && *json_word(ecs, "cluster") && strcmp(cluster, json_word(ecs, "cluster"))) {
		c.code = ISSUE_CLUSTER_MISMATCH;
		c.evidence = json_pack("{s:s, s:s}", "configured", cluster, "registered", json_word(ecs, "cluster"));
		ledger_raise(f->ledger, &c, "the ECS agent is of cluster %s, its configuration says %s", json_word(ecs, "cluster"), cluster);
	}
}

void feed_groups(struct feed *f, uint64_t unrecognised, const char *path)
{
	struct ledger_case c = {.code = ISSUE_CGROUP_UNRECOGNISED};

	if (!growth_recent(&f->unrecognised, unrecognised, f->now())) {
		ledger_clear(f->ledger, c.code, NULL);
		return;
	}
	c.evidence = json_pack("{s:o, s:I}", "path", json_text(str(path)), "groups", (json_int_t)unrecognised);
	ledger_raise(f->ledger, &c, "%llu control groups look like containers' and are none that is known, the last is %s",
		     (unsigned long long)unrecognised, path);
}

void feed_older(struct feed *f, size_t containers)
{
	struct ledger_case c = {.code = ISSUE_TASK_PREDATES_AGENT};

	if (!containers) {
		ledger_clear(f->ledger, c.code, NULL);
		return;
	}
	c.evidence = json_pack("{s:I}", "containers", (json_int_t)containers);
	ledger_raise(f->ledger, &c, "%zu containers ran before the agent did: they are watched since it runs", containers);
}

void feed_excluded(struct feed *f, const char *by)
{
	struct ledger_case c = {.code = ISSUE_OPTED_OUT_TAG};

	if (!by) {
		ledger_clear(f->ledger, c.code, NULL);
		return;
	}
	c.evidence = json_pack("{s:s}", "by", by);
	ledger_raise(f->ledger, &c, "this host is not watched, as asked: %s", by);
}

void feed_attribution(struct feed *f, json_t *providers, const char *cluster)
{
	json_t *p;
	size_t i;

	if (!json_is_object(providers))
		return;
	ledger_round(f->ledger, FEED_ATTRIBUTION);
	json_array_foreach(json_object_get(providers, "providers"), i, p)
		judge_provider(f, p);
	judge_agent(f, json_object_get(providers, "ecs"), cluster);
	ledger_round_end(f->ledger, FEED_ATTRIBUTION);
}
