/* SPDX-License-Identifier: Apache-2.0 */
#include "health/issue.h"
#include <string.h>

#define EV(id) (1ull << EVENT_##id)

const struct capability_desc capability_table[CAPABILITY_MAX] = {
	[CAPABILITY_OF_CODE] = {"", "", 0},
#define CAPABILITY(id, name, events, doc) [CAPABILITY_##id] = {name, doc, events},
#include "health/capability.def"
};

#define SEVERITY_INFO "info"
#define SEVERITY_LOW "low"
#define SEVERITY_MEDIUM "medium"
#define SEVERITY_HIGH "high"
#define SEVERITY_CRITICAL "critical"
#define SEEN(test, how) KNOWN_SEEN, test, how
#define LATER(how) KNOWN_LATER, "", how
#define NEVER(why) KNOWN_NEVER, "", why

const struct issue_desc issue_table[ISSUE_MAX] = {
#define ISSUE(code, row, severity, capability, effect, heals, impact, remedy, known) \
	[ISSUE_##code] = {#code, row, SEVERITY_##severity, CAPABILITY_##capability, EFFECT_##effect, heals, impact, remedy, known},
#include "health/issue.def"
};

const char *const issue_effect_text[] = {
	[EFFECT_NOTED] = "noted",
	[EFFECT_DEGRADED] = "degraded",
	[EFFECT_LASTING] = "degraded, after 15 minutes unhealthy",
	[EFFECT_UNHEALTHY] = "unhealthy",
	[EFFECT_EXCLUDED] = "excluded",
};

const char *const issue_known_text[] = {
	[KNOWN_SEEN] = "detected",
	[KNOWN_LATER] = "not yet",
	[KNOWN_NEVER] = "not by the agent",
};

enum capability capability_of_event(enum event_type type)
{
	for (unsigned int c = CAPABILITY_OF_CODE + 1; c < CAPABILITY_MAX; c++) {
		if (capability_table[c].events >> type & 1)
			return (enum capability)c;
	}
	return CAPABILITY_OF_CODE;
}

enum issue issue_by_code(const char *code)
{
	unsigned int i;

	for (i = 0; i < ISSUE_MAX; i++) {
		if (!strcmp(issue_table[i].code, code))
			break;
	}
	return (enum issue)i;
}

json_t *issue_table_json(void)
{
	json_t *all = json_array(), *capabilities = json_array();

	for (unsigned int i = 0; i < ISSUE_MAX; i++) {
		const struct issue_desc *d = &issue_table[i];

		json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s}", "code", d->code, "row", (int)d->row,
						     "severity", d->severity, "capability", capability_table[d->capability].name,
						     "effect", issue_effect_text[d->effect], "heals", (int)d->heals,
						     "impact", d->impact, "remedy", d->remedy, "known", issue_known_text[d->known],
						     "test", d->test, "how", d->how));
	}
	for (unsigned int c = CAPABILITY_OF_CODE + 1; c < CAPABILITY_MAX; c++)
		json_array_append_new(capabilities, json_pack("{s:s, s:s}", "name", capability_table[c].name, "doc", capability_table[c].doc));
	return json_pack("{s:o, s:o}", "issues", all, "capabilities", capabilities);
}
