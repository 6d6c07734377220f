/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/never.h"
#include "cmd/rules_arg.h"
#include <string.h>

struct search {
	json_t *found;
	bool condition;
};

static json_t *with_field(json_t *list, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (!strcmp(json_string_value(json_object_get(one, "field")), name))
			return one;
	}
	return NULL;
}

static void look(void *ctx, const struct field_ref *f)
{
	struct search *s = ctx;
	const char *why = field_never(f->desc);

	if (why && !with_field(s->found, f->desc->name))
		json_array_append_new(s->found, json_pack("{s:s, s:s, s:b}", "field", f->desc->name, "because", why,
							  "condition", s->condition));
}

json_t *never_of_rule(const struct loaded_rule *r)
{
	struct search s = {json_array(), true};

	if (r->tree)
		ast_each_field(r->tree, look, &s);
	s.condition = false;
	if (r->output)
		output_each_field(r->output, look, &s);
	return s.found;
}

json_t *never_of_rules(const struct loaded *l)
{
	json_t *all = json_array(), *one;
	size_t i;

	for (uint32_t k = 0; k < l->nrules; k++) {
		json_t *mine = l->rules[k].condition ? never_of_rule(&l->rules[k]) : json_array();

		json_array_foreach(mine, i, one) {
			const char *field = json_string_value(json_object_get(one, "field"));
			bool condition = json_is_true(json_object_get(one, "condition"));
			json_t *sum = with_field(all, field);

			if (!sum) {
				sum = json_pack("{s:s, s:O, s:[], s:[]}", "field", field, "because", json_object_get(one, "because"),
						"conditions", "outputs");
				json_array_append_new(all, sum);
			}
			json_array_append_new(json_object_get(sum, condition ? "conditions" : "outputs"), json_string(l->rules[k].info.name));
		}
		json_decref(mine);
	}
	return all;
}

void never_print(json_t *never)
{
	json_t *one;
	size_t i;

	if (json_array_size(never))
		puts("Fields that no event here carries; a comparison with one is always false, an output prints <NA>:");
	json_array_foreach(never, i, one) {
		printf("  %s: %s\n", json_string_value(json_object_get(one, "field")), json_string_value(json_object_get(one, "because")));
		rules_arg_names("    in the condition of ", json_object_get(one, "conditions"));
		rules_arg_names("    in the output of ", json_object_get(one, "outputs"));
	}
}
