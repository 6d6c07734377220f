/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/modes.h"
#include "cmd/rules_arg.h"
#include <string.h>

const char *mode_of_rule(const struct loaded_rule *r)
{
	return !r->info.enabled ? "off" : r->info.observe ? "observe" : "on";
}

json_t *modes_of_rules(const struct loaded *l, unsigned int min_priority)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < l->nrules; i++) {
		const struct loaded_rule *r = &l->rules[i];
		json_t *one;

		if (r->info.enabled && !r->info.observe)
			continue;
		one = json_pack("{s:s, s:s%, s:i, s:s}", "rule", r->info.name, "file", r->place.file.p ? r->place.file.p : "",
				r->place.file.n, "line", (int)r->place.line, "mode", mode_of_rule(r));
		if (one && !r->info.enabled)
			json_object_set_new(one, "because", json_string(r->priority > min_priority ? "priority" : "disabled"));
		json_array_append_new(all, one);
	}
	return all;
}

/* Those whose key has that value. */
static void print_where(json_t *modes, const char *key, const char *value, const char *where)
{
	json_t *names = json_array(), *one;
	size_t i;

	json_array_foreach(modes, i, one) {
		const char *is = json_string_value(json_object_get(one, key));

		if (is && !strcmp(is, value))
			json_array_append(names, json_object_get(one, "rule"));
	}
	rules_arg_names(where, names);
	json_decref(names);
}

void modes_print(json_t *modes)
{
	if (json_array_size(modes))
		puts("Rules that make no findings:");
	print_where(modes, "mode", "observe", "  only observed: ");
	print_where(modes, "because", "disabled", "  disabled: ");
	print_where(modes, "because", "priority", "  below the priority: ");
}
