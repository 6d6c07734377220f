/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a rules file: they load or are refused with reasons, and what loaded matches and prints. */
#include "event/json.h"
#include "rule/ruleset.h"

static const char event[] = "{\"evt.type\":\"open\",\"proc.name\":\"bash\",\"fd.name\":\"/etc/shadow\",\"proc.aname\":[\"a\",\"b\"],\"fd.sip\":\"10.0.0.1\"}";

static void match(struct ruleset *rs)
{
	json_t *object = json_loads(event, 0, NULL);
	struct json_fields *fields = NULL;
	struct event ev = {.num = 1};
	char why[128];

	if (!json_fields_new(&fields, object, why)) {
		const struct matches *m;

		ev.fields = fields;
		m = ruleset_match(rs, &ev);
		for (uint32_t i = 0; i < m->n; i++) {
			struct buf out = {};

			m->v[i].engine->ops->output(m->v[i].engine, m->v[i].id, &ev, &out);
			buf_free(&out);
		}
	}
	json_fields_free(fields);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule_source v = {STR("rules.yaml"), str_n((const char *)data, size)};
	struct engine_load in = {.sources = &v, .nsources = 1, .min_priority = 7};
	struct diags d = {};
	struct ruleset *rs = NULL;
	struct buf text = {};

	if (!ruleset_load(&rs, &in, &d)) {
		match(rs);
		ruleset_free(rs);
	}
	diags_print(&d, &text);
	buf_free(&text);
	diags_free(&d);
	return 0;
}
