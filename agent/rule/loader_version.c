/* SPDX-License-Identifier: Apache-2.0 */
/* Versions a file asks for: of the language, and of plugins whose work the agent does itself. */
#include "rule/loader_state.h"

#define ENGINE_MAJOR 0
#define ENGINE_MINOR 63	/* the version of the original whose language this is */

/* N means 0.N.0; else MAJOR.MINOR.PATCH, with what may follow. */
static bool read_version(struct str s, unsigned int v[3], bool plain_number)
{
	char text[64];
	int n = 0;

	if (!s.p || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	v[0] = v[1] = v[2] = 0;
	if (plain_number && s.n < 6 && strspn(text, "0123456789") == s.n && s.n)
		return sscanf(text, "%u", &v[1]) == 1;
	return sscanf(text, "%5u.%5u.%5u%n", &v[0], &v[1], &v[2], &n) == 3 && (!text[n] || text[n] == '-' || text[n] == '+');
}

void collect_engine_version(struct loader *l, const yaml_node_t *map)
{
	static const char *const known[] = {"required_engine_version"};
	const yaml_node_t *n = map_get(l, map, known[0]);
	struct place place = node_place(l, n);
	struct str text = node_text(n);
	unsigned int v[3];

	check_keys(l, map, &(struct key_set){known, ARRAY_SIZE(known)}, known[0]);
	if (!read_version(text, v, true)) {
		say(l, DIAG_YAML_VALIDATE, &place, known[0], NULL, "cannot read \"" STR_FMT "\": wanted is a number N (0.N.0) or X.Y.Z",
		    STR_ARG(text));
		return;
	}
	if (v[0] != ENGINE_MAJOR || v[1] > ENGINE_MINOR) {
		say(l, DIAG_VALIDATE, &place, known[0], NULL, "rules need engine version %u.%u.%u, this is %d.%d.0", v[0], v[1], v[2],
		    ENGINE_MAJOR, ENGINE_MINOR);
		return;
	}
	if (v[1] > l->engine_minor)
		l->engine_minor = v[1];
}

/* What plugins do for the original and the agent does itself. */
static const struct {
	const char *name;
	unsigned int v[3];
} built_in[] = {
	{"container", {0, 7, 0}},
};

/* 0: not here, 1: here, but too old or of another major version, 2: good. */
static int plugin_state(struct loader *l, const yaml_node_t *map)
{
	struct str name = node_text(map_get(l, map, "name"));
	unsigned int v[3];

	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++) {
		if (!str_eq(name, str(built_in[i].name)))
			continue;
		if (!read_version(node_text(map_get(l, map, "version")), v, false) || v[0] != built_in[i].v[0])
			return 1;
		return v[1] < built_in[i].v[1] || (v[1] == built_in[i].v[1] && v[2] <= built_in[i].v[2]) ? 2 : 1;
	}
	return 0;
}

static void check_plugin(struct loader *l, const yaml_node_t *map)
{
	static const char item[] = "required_plugin_versions";
	const yaml_node_t *others;
	struct place place = node_place(l, map);
	struct scalar name, version;
	int state;

	if (map->type != YAML_MAPPING_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "an entry has to be a map with name and version");
		return;
	}
	if (!need_text(l, map, "name", item, &name) || !need_text(l, map, "version", item, &version))
		return;
	state = plugin_state(l, map);
	others = map_get(l, map, "alternatives");
	if (!state && others && others->type == YAML_SEQUENCE_NODE) {
		for (yaml_node_item_t *i = others->data.sequence.items.start; !state && i < others->data.sequence.items.top; i++) {
			const yaml_node_t *other = node_at(l, *i);

			state = other->type == YAML_MAPPING_NODE ? plugin_state(l, other) : 0;
		}
	}
	if (state != 2)
		say(l, DIAG_VALIDATE, &version.place, item, NULL, "plugin \"" STR_FMT "\" of version " STR_FMT " is needed; there is %s",
		    STR_ARG(name.value), STR_ARG(version.value), state ? "one of another version" : "none");
}

void collect_plugin_versions(struct loader *l, const yaml_node_t *map)
{
	static const char *const known[] = {"required_plugin_versions"};
	const yaml_node_t *n = map_get(l, map, known[0]);
	struct place place = node_place(l, n);

	check_keys(l, map, &(struct key_set){known, ARRAY_SIZE(known)}, known[0]);
	if (n->type != YAML_SEQUENCE_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, known[0], NULL, "wanted is a list of plugins");
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
		check_plugin(l, node_at(l, *i));
}
