/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent canary
 *
 * What of the canary can be tried: what the sensor sees here, and sends because
 * rules want it.
 */
#include "agent.h"
#include "event/attr.h"
#include "util/json_text.h"

static bool is_wanted(json_t *calls, unsigned int kind, char why_not[128])
{
	json_t *call = json_object_get(calls, call_table[canary_call(kind)].name);
	const char *state = json_word(call, "state");

	why_not[0] = 0;
	if (!strcmp(state, "attached"))
		return true;
	if (!strcmp(state, "lost"))
		snprintf(why_not, 128, "not seen here: %s", json_word(call, "reason"));
	else
		snprintf(why_not, 128, "no rule looks for it");
	return false;
}

bool agent_canary_ready(void *ctx, struct canary *c)
{
	struct agent *a = ctx;
	const char *by = exclude_of_host(&a->exclude);
	json_t *coverage = by ? NULL : a->source->ops->coverage(a->source);
	bool any = false;

	for (unsigned int i = 0; i < CANARY_KINDS; i++) {
		struct canary_kind *k = &c->kind[i];

		k->wanted = is_wanted(json_object_get(coverage, "calls"), i, k->why_not);
		any |= k->wanted;
	}
	if (!any)
		snprintf(c->why_not, sizeof(c->why_not), "%s", by ? "the host is not watched" : "no rule looks for any of it");
	json_decref(coverage);
	return any;
}
