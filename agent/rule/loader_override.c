/* SPDX-License-Identifier: Apache-2.0 */
/* `append: true` and `override:` of an item: what is to happen to each of its keys. */
#include "rule/loader_state.h"

/* append: true: in the original's older form every appendable key that is present is appended. */
static bool legacy_append(struct loader *l, const yaml_node_t *map, const char *item, const struct change_key *keys, size_t n,
			  struct changes *ret)
{
	const yaml_node_t *node = map_get(l, map, "append");
	struct place place;
	bool on = false;

	if (!get_bool(l, map, "append", item, &on))
		return false;
	if (!on)
		return true;
	place = node_place(l, node);
	if (map_get(l, map, "override")) {
		say(l, DIAG_VALIDATE, &place, item, NULL, "\"append: true\" and \"override\" exclude each other");
		return false;
	}
	say(l, DIAG_DEPRECATED, &place, item, NULL,
	    "the key \"append\" is deprecated: write what is appended under \"override\", as in \"condition: append\"");
	ret->any = ret->legacy = true;
	for (size_t i = 0; i < n; i++) {
		if (keys[i].append)
			ret->of[i] = CHANGE_APPEND;
	}
	return true;
}

static bool read_change(struct loader *l, const yaml_node_t *value, const char *item, const struct change_key *k, enum change *ret)
{
	struct place place = node_place(l, value);
	struct str word = node_text(value);

	if (str_eq(word, STR("append")))
		*ret = CHANGE_APPEND;
	else if (str_eq(word, STR("replace")))
		*ret = CHANGE_REPLACE;
	else {
		say(l, DIAG_VALIDATE, &place, item, NULL, "invalid override \"" STR_FMT "\" of \"%s\": it is append or replace",
		    STR_ARG(word), k->key);
		return false;
	}
	if (*ret == CHANGE_APPEND ? k->append : k->replace)
		return true;
	say(l, DIAG_VALIDATE, &place, item, NULL, "key \"%s\" cannot be %s", k->key,
	    *ret == CHANGE_APPEND ? "appended to, use \"replace\" instead" : "replaced, use \"append\" instead");
	return false;
}

static bool read_override(struct loader *l, const yaml_node_t *node, const char *item, const struct change_key *keys, size_t n,
			  struct changes *ret)
{
	const char *names[32];
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].key;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = node_at(l, p->key);
		struct place place = node_place(l, key);
		struct str name = node_text(key);
		size_t i = 0;
		char hint[160];

		while (i < n && !str_eq(name, str(keys[i].key)))
			i++;
		if (i < n) {
			ok = read_change(l, node_at(l, p->value), item, &keys[i], &ret->of[i]) && ok;
			continue;
		}
		say(l, DIAG_VALIDATE, &place, item, name.p ? hint_text(hint, diag_nearest(name, names, n)) : NULL,
		    "key \"" STR_FMT "\" cannot be overridden", STR_ARG(name));
		ok = false;
	}
	return ok;
}

/* Every key that is changed is there, and every key that is there is changed. */
static bool keys_agree(struct loader *l, const yaml_node_t *map, const yaml_node_t *node, const char *item,
		       const struct change_key *keys, size_t n, const struct changes *c)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *value = map_get(l, map, keys[i].key);
		struct place place = node_place(l, value ? value : node);

		if (c->of[i] && !value)
			say(l, DIAG_VALIDATE, &place, item, NULL, "an override of \"%s\" was specified, but \"%s\" is not defined",
			    keys[i].key, keys[i].key);
		else if (!c->of[i] && value)
			say(l, DIAG_VALIDATE, &place, item, NULL,
			    "unexpected key \"%s\": no corresponding entry under \"override\" is defined", keys[i].key);
		else
			continue;
		ok = false;
	}
	return ok;
}

bool get_changes(struct loader *l, const yaml_node_t *map, const char *item, const struct change_key *keys, size_t n,
		 struct changes *ret)
{
	const yaml_node_t *node = map_get(l, map, "override");
	struct place place;

	*ret = (struct changes){};
	if (!legacy_append(l, map, item, keys, n, ret))
		return false;
	if (!node || node_is_null(node))
		return true;
	ret->any = true;
	place = node_place(l, node);
	if (node->type != YAML_MAPPING_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"override\" has to be a map: \"condition: append\"");
		return false;
	}
	return read_override(l, node, item, keys, n, ret) && keys_agree(l, map, node, item, keys, n, ret);
}
