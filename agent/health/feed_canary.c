/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: what the agent did itself and did not see. */
#include "health/feed.h"
#include "util/json_text.h"
#include <string.h>

#define MISSED 2	/* in a row: one may be chance */

static enum capability capability_of(const char *name)
{
	for (unsigned int i = 0; i < CAPABILITY_MAX; i++) {
		if (!strcmp(capability_table[i].name, name))
			return (enum capability)i;
	}
	return CAPABILITY_SENSOR;
}

/* The sensor's numbers say whether the kernel side made a record at all. */
static json_t *evidence_of(json_t *kind, json_t *event)
{
	json_t *o = json_pack("{s:O, s:O}", "missed", json_object_get(kind, "missed"), "missedSum", json_object_get(kind, "missedSum"));

	if (json_object_get(kind, "lastSeen"))
		json_object_set(o, "lastSeen", json_object_get(kind, "lastSeen"));
	if (event)
		json_object_set(o, "records", event);
	return o;
}

static void judge_kind(struct feed *f, const char *name, json_t *kind, json_t *events)
{
	struct ledger_case c = {.code = ISSUE_CANARY_MISSED, .subject = name, .feed = FEED_CANARY,
				.capability = capability_of(json_word(kind, "capability"))};
	long long missed = json_integer_value(json_object_get(kind, "missed"));

	if (!strcmp(json_word(kind, "state"), "not done")) {
		c.code = ISSUE_CANARY_NOT_DONE;
		c.evidence = json_pack("{s:s}", "error", json_word(kind, "reason"));
		ledger_raise(f->ledger, &c, "the canary's %s cannot be done here: %s", name, json_word(kind, "reason"));
	} else if (!strcmp(json_word(kind, "state"), "missed") && missed >= MISSED) {
		c.since = (uint64_t)json_integer_value(json_object_get(kind, "since"));
		c.evidence = evidence_of(kind, json_object_get(events, name));
		ledger_raise(f->ledger, &c, "the agent did not see its own %s, %lld times in a row", name, missed);
	}
}

void feed_canary(struct feed *f, json_t *canary, json_t *coverage)
{
	const char *name;
	json_t *kind;

	ledger_round(f->ledger, FEED_CANARY);
	json_object_foreach(json_object_get(canary, "kinds"), name, kind)
		judge_kind(f, name, kind, json_object_get(coverage, "events"));
	ledger_round_end(f->ledger, FEED_CANARY);
}
