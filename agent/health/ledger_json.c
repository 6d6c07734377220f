/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as JSON, for /coverage and all that is made of it. */
#include "health/ledger.h"
#include "health/ledger_state.h"
#include "util/clock.h"
#include "util/json_text.h"
#include <string.h>

static int rank(const struct ledger *l, const struct entry *e)
{
	static const char *const severities[] = {"info", "low", "medium", "high", "critical"};
	enum issue_effect effect = ledger_lasts(l, e) ? EFFECT_UNHEALTHY : issue_table[e->code].effect;
	int s = 0;

	while (strcmp(severities[s], issue_table[e->code].severity))
		s++;
	return (int)(effect == EFFECT_LASTING ? EFFECT_DEGRADED : effect) * 8 + s;
}

/* Worst first; of the same rank the oldest. There are few. */
static void sort(const struct ledger *l, const struct entry *v[LEDGER_OPEN_MAX])
{
	for (size_t i = 0; i < l->n; i++) {
		size_t k = i;

		for (; k && rank(l, v[k - 1]) < rank(l, l->open[i]); k--)
			v[k] = v[k - 1];
		v[k] = l->open[i];
	}
}

static json_t *time_json(uint64_t wall_ns)
{
	char text[CLOCK_TEXT_MAX];

	return json_string(clock_rfc3339(text, wall_ns));
}

static json_t *entry_json(const struct ledger *l, const struct entry *e)
{
	const struct issue_desc *d = &issue_table[e->code];
	enum issue_effect effect = ledger_lasts(l, e) ? EFFECT_UNHEALTHY : d->effect == EFFECT_LASTING ? EFFECT_DEGRADED : d->effect;

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:b, s:O, s:s, s:s}", "code", d->code, "severity", d->severity,
			 "effect", issue_effect_text[effect], "capability", capability_table[e->capability].name,
			 "subject", json_text(str(e->subject)), "text", json_text(str(e->text)), "since", time_json(e->since), "last", time_json(e->last),
			 "count", (int)e->count, "heals", (int)d->heals, "evidence", e->evidence ? e->evidence : json_null(),
			 "impact", d->impact, "remedy", d->remedy);
}

static json_t *recent_json(const struct ledger *l)
{
	json_t *all = json_array();

	for (size_t i = 0; i < l->nrecent; i++) {
		const struct entry *e = l->recent[i];

		if (e->until + LEDGER_RECENT_SEC * NSEC_PER_SEC < l->now())
			break;
		json_array_append_new(all, json_pack("{s:s, s:o, s:o, s:o, s:o, s:i}", "code", issue_table[e->code].code,
						     "subject", json_text(str(e->subject)), "text", json_text(str(e->text)),
						     "since", time_json(e->since), "until", time_json(e->until), "count", (int)e->count));
	}
	return all;
}

/* The worst issue that touches it, of those that make something less. */
static const struct entry *worst_of(const struct ledger *l, enum capability c)
{
	const struct entry *worst = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = l->open[i];

		if (e->capability == c && issue_table[e->code].effect != EFFECT_NOTED && (!worst || rank(l, e) > rank(l, worst)))
			worst = e;
	}
	return worst;
}

static json_t *capability_json(const struct ledger *l, enum capability c)
{
	const struct matrix_row *r = &l->matrix[c];
	const struct entry *e = worst_of(l, c);
	const char *state = r->state;

	if (e && (!strcmp(state, "works") || !strcmp(state, "off")))
		state = issue_table[e->code].effect >= EFFECT_UNHEALTHY ? "lost" : "less";
	return json_pack("{s:s, s:o, s:o}", "state", state, "reason", json_text(str(e ? e->text : r->why)),
			 "since", time_json(e && e->since > r->since ? e->since : r->since));
}

json_t *ledger_json(const struct ledger *l)
{
	const struct entry *v[LEDGER_OPEN_MAX];
	json_t *issues = json_array(), *capabilities = json_object();

	sort(l, v);
	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(issues, entry_json(l, v[i]));
	for (unsigned int c = CAPABILITY_OF_CODE + 1; c < CAPABILITY_MAX; c++)
		json_object_set_new(capabilities, capability_table[c].name, capability_json(l, (enum capability)c));
	return json_pack("{s:s, s:o, s:I, s:o, s:o}", "status", ledger_status(l, true), "issues", issues, "notKept", (json_int_t)ledger_not_kept(l),
			 "recent", recent_json(l), "capabilities", capabilities);
}

json_t *ledger_reasons(const struct ledger *l)
{
	const struct entry *v[LEDGER_OPEN_MAX];
	json_t *all = json_array();

	sort(l, v);
	for (size_t i = 0; i < l->n; i++) {
		if (issue_table[v[i]->code].effect != EFFECT_NOTED)
			json_array_append_new(all, json_text(str(v[i]->text)));
	}
	if (ledger_not_kept(l))
		json_array_append_new(all, json_sprintf("%llu more issues than are kept", (unsigned long long)ledger_not_kept(l)));
	return all;
}
