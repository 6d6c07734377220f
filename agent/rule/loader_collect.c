/* SPDX-License-Identifier: Apache-2.0 */
/* Documents → items: lists and macros; rules are in loader_rule.c. */
#include "rule/loader_state.h"
#include "util/limits.h"
#include <errno.h>

/* ---- reading nodes ---- */

yaml_node_t *node_at(const struct loader *l, int index)
{
	return yaml_document_get_node(l->doc, index);
}

yaml_node_t *map_get(const struct loader *l, const yaml_node_t *map, const char *key)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		if (str_eq(node_text(node_at(l, p->key)), str(key)))
			return node_at(l, p->value);
	}
	return NULL;
}

struct place node_place(const struct loader *l, const yaml_node_t *n)
{
	return place_of(l->file, n);
}

struct scalar node_scalar(struct loader *l, const yaml_node_t *n)
{
	struct str s = node_text(n);
	struct scalar ret = {};

	if (!n)
		return ret;
	ret.place = node_place(l, n);
	if (!s.p)
		return ret;
	ret.value = arena_str(l->arena, s);
	if (!ret.value.p)
		l->no_memory = true;
	return ret;
}

static bool earlier(const struct loader *l, const yaml_node_t *map, const yaml_node_pair_t *than, struct str key)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < than; p++) {
		if (str_eq(node_text(node_at(l, p->key)), key))
			return true;
	}
	return false;
}

#define KEYS_MAX 256	/* keys of one map that are looked at for repetitions */

void check_keys(struct loader *l, const yaml_node_t *map, const struct key_set *set, const char *item)
{
	size_t n = 0;

	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++, n++) {
		const yaml_node_t *node = node_at(l, p->key);
		struct str key = node_text(node);
		struct place place = node_place(l, node);
		bool known = false;
		char hint[160];

		for (size_t i = 0; i < set->n; i++)
			known = known || str_eq(key, str(set->known[i]));
		if (!known)
			say(l, DIAG_UNKNOWN_KEY, &place, item,
			    key.p ? hint_text(hint, diag_nearest(key, set->known, set->n)) : NULL, "unknown key \"%.*s\"",
			    key.p ? (int)(key.n < 100 ? key.n : 100) : 1, key.p ? key.p : "?");
		else if (n < KEYS_MAX && earlier(l, map, p, key))
			say(l, DIAG_UNKNOWN_KEY, &place, item, NULL, "key \"" STR_FMT "\" stands here twice; the first one counts",
			    STR_ARG(key));
	}
}

bool need_text(struct loader *l, const yaml_node_t *map, const char *key, const char *item, struct scalar *ret)
{
	const yaml_node_t *n = map_get(l, map, key);
	struct place place = node_place(l, n ? n : map);

	if (!n || node_is_null(n)) {
		place.end = n ? place.end : place.start + 1;
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "key \"%s\" is missing or empty", key);
		return false;
	}
	*ret = node_scalar(l, n);
	if (!ret->value.p) {
		if (!l->no_memory)
			say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"%s\" has to be a text", key);
		return false;
	}
	if (!ret->value.n)
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"%s\" is empty", key);
	return ret->value.n > 0;
}

bool get_bool(struct loader *l, const yaml_node_t *map, const char *key, const char *item, bool *ret)
{
	const yaml_node_t *n = map_get(l, map, key);
	struct place place;

	if (!n || node_bool(n, ret))
		return true;
	place = node_place(l, n);
	say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"%s\" has to be true or false", key);
	return false;
}

bool get_texts(struct loader *l, const yaml_node_t *map, const char *key, const char *item, struct str **ret, size_t *count)
{
	const yaml_node_t *n = map_get(l, map, key);
	size_t items = 1, k = 0;
	struct str *v;

	if (!n || node_is_null(n))
		return true;
	if (n->type == YAML_SEQUENCE_NODE)
		items = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
	v = arena_array(l->arena, struct str, items + 1);
	if (!v) {
		l->no_memory = true;
		return false;
	}
	for (; k < items; k++) {
		const yaml_node_t *one = n->type == YAML_SEQUENCE_NODE ? node_at(l, n->data.sequence.items.start[k]) : n;
		struct place place = node_place(l, one);

		v[k] = node_scalar(l, one).value;
		if (!v[k].p) {
			say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"%s\" has to be a list of texts", key);
			return false;
		}
	}
	*ret = v;
	*count = k;
	return true;
}

/* ---- lists ---- */

static bool add_items(struct loader *l, struct list_def *list, const yaml_node_t *items, const char *item)
{
	bool ok = true;

	for (yaml_node_item_t *i = items->data.sequence.items.start; i < items->data.sequence.items.top; i++) {
		const yaml_node_t *n = node_at(l, *i);
		struct scalar s = node_scalar(l, n);
		struct place place = node_place(l, n);

		if (!s.value.p) {
			say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "an item of a list has to be a text");
			ok = false;
			continue;
		}
		if (l->nitems == LIST_ITEMS_MAX) {
			say(l, DIAG_VALIDATE, &place, item, NULL, "all lists together have more than %u items", LIST_ITEMS_MAX);
			return false;
		}
		if (list->n == list->room) {
			size_t room = list->room ? 2 * list->room : 8;
			struct scalar *v = realloc(list->items, sizeof(*v) * room);

			if (!v) {
				l->no_memory = true;
				return false;
			}
			list->items = v;
			list->room = room;
		}
		list->items[list->n++] = s;
		l->nitems++;
	}
	return ok;
}

static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("()\"'=, \t\r\n\b", s.p[i]))
			return false;
	}
	return s.n > 0;
}

static const char *const list_known[] = {"list", "items", "append", "override", "no_lint"};
const struct key_set loader_list_keys = {list_known, ARRAY_SIZE(list_known)};
static const struct change_key list_changes[] = {{"items", true, true}};

static void collect_list(struct loader *l, const yaml_node_t *map)
{
	struct changes changes;
	struct scalar name;
	struct list_def *list;
	const yaml_node_t *items;
	struct place place;
	char item[160];

	if (!need_text(l, map, "list", "list", &name))
		return;
	item_text(item, "list", name.value);
	check_keys(l, map, &loader_list_keys, item);
	if (!is_bare(name.value))
		say(l, DIAG_NAME_INVALID_LIST, &name.place, item, NULL,
		    "the name of a list cannot have blanks, quotes, parentheses, commas or =");
	items = map_get(l, map, "items");
	if (!get_changes(l, map, item, list_changes, ARRAY_SIZE(list_changes), &changes))
		return;
	place = node_place(l, items ? items : map);
	if (!items || items->type != YAML_SEQUENCE_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, items ? "\"items\" has to be a list" : "key \"items\" is missing");
		return;
	}
	list = list_find(l, name.value);
	if (changes.of[0] == CHANGE_APPEND && !list) {
		say(l, DIAG_VALIDATE, &name.place, item, NULL, "nothing to append to: no list of that name stands before it");
		return;
	}
	if (!list) {
		list = list_add(l, &name);
		if (!list)
			return;
		list->index = l->order;
		list->odd = !is_bare(name.value);
		l->odd_lists += list->odd;
	} else if (changes.of[0] != CHANGE_APPEND) {
		defined_again(l, "list", &list->name, &name);
		l->nitems -= list->n;
		list->n = 0;
		list->name = name;
	}
	list->visibility = l->order++;
	add_items(l, list, items, item);
}

/* ---- macros ---- */

static bool is_identifier(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (!i || (c != '_' && (c < '0' || c > '9'))))
			return false;
	}
	return s.n > 0;
}

static const char *const macro_known[] = {"macro", "condition", "append", "override", "no_lint"};
const struct key_set loader_macro_keys = {macro_known, ARRAY_SIZE(macro_known)};
static const struct change_key macro_changes[] = {{"condition", true, true}};

static void collect_macro(struct loader *l, const yaml_node_t *map)
{
	struct scalar name, condition;
	struct changes changes;
	struct macro_def *m;
	char item[160];

	if (!need_text(l, map, "macro", "macro", &name))
		return;
	item_text(item, "macro", name.value);
	check_keys(l, map, &loader_macro_keys, item);
	if (!is_identifier(name.value))
		say(l, DIAG_NAME_INVALID_MACRO, &name.place, item, NULL,
		    "the name of a macro has to begin with a letter and have only letters, digits and _");
	if (!get_changes(l, map, item, macro_changes, ARRAY_SIZE(macro_changes), &changes))
		return;
	m = macro_find(l, name.value);
	if (changes.of[0] == CHANGE_APPEND && !m) {
		say(l, DIAG_VALIDATE, &name.place, item, NULL, "nothing to append to: no macro of that name stands before it");
		return;
	}
	if (!m) {
		m = macro_add(l, &name);
		if (!m)
			return;
		m->index = l->order;
		m->first = l->file;
	}
	m->visibility = l->order++;
	if (!need_text(l, map, "condition", item, &condition)) {
		m->broken = true;
		return;
	}
	if (changes.of[0] == CHANGE_APPEND) {
		ctext_add(&m->condition, STR(" "), &(struct segment){.place = condition.place, .value = condition.value});
	} else {
		if (m->condition.text.n)
			defined_again(l, "macro", &m->name, &name);
		ctext_free(&m->condition);
		m->broken = false;
		m->name = name;
	}
	if (ctext_scalar(&m->condition, condition.value, &condition.place) < 0)
		l->no_memory = true;
}

/* ---- documents ---- */

static void unknown_item(struct loader *l, const yaml_node_t *map)
{
	static const char *const kinds[] = {"rule", "macro", "list", "required_engine_version", "required_plugin_versions"};
	const yaml_node_pair_t *first = map->data.mapping.pairs.start;
	const yaml_node_t *n = first < map->data.mapping.pairs.top ? node_at(l, first->key) : map;
	struct place place = node_place(l, n);
	struct str key = node_text(n);
	char hint[160];

	say(l, DIAG_UNKNOWN_ITEM, &place, NULL, key.p ? hint_text(hint, diag_nearest(key, kinds, ARRAY_SIZE(kinds))) : NULL,
	    "neither a rule, a macro nor a list: \"%.*s\"", (int)(key.n < 100 ? key.n : 100), key.p ? key.p : "");
}

static void collect_item(struct loader *l, const yaml_node_t *n)
{
	static const struct {
		const char *key;
		void (*fn)(struct loader *l, const yaml_node_t *map);
	} kinds[] = {
		{"required_engine_version", collect_engine_version}, {"required_plugin_versions", collect_plugin_versions},
		{"list", collect_list}, {"macro", collect_macro}, {"rule", collect_rule},
	};
	struct place place = node_place(l, n);

	if (node_is_null(n))
		return;
	begin_item(l, &place);
	if (n->type != YAML_MAPPING_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, NULL, NULL, "an item has to be a map: \"- rule: NAME\" and its keys");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const yaml_node_t *name = map_get(l, n, kinds[i].key);
		char item[160];

		if (name) {
			if (map_get(l, n, "no_lint"))
				collect_no_lint(l, n, &place, item_text(item, kinds[i].key, node_text(name)));
			kinds[i].fn(l, n);
			return;
		}
	}
	unknown_item(l, n);
}

static void collect_document(struct loader *l)
{
	const yaml_node_t *root = yaml_document_get_root_node(l->doc);
	struct place place;

	if (!root || node_is_null(root))
		return;
	place = node_place(l, root);
	if (root->type != YAML_SEQUENCE_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, NULL, NULL, "a rules file is a list of items that begin with \"- \"");
		return;
	}
	for (yaml_node_item_t *i = root->data.sequence.items.start; i < root->data.sequence.items.top; i++)
		collect_item(l, node_at(l, *i));
}

static void yaml_error(struct loader *l, const yaml_parser_t *p)
{
	yaml_node_t at = {.start_mark = p->problem_mark, .end_mark = p->problem_mark};
	struct place place;

	if (p->error == YAML_MEMORY_ERROR) {
		l->no_memory = true;
		return;
	}
	if (p->error == YAML_READER_ERROR) {	/* has an offset in bytes, no mark */
		place = (struct place){.file = l->file, .start = p->problem_offset < l->file->text.n ? p->problem_offset : l->file->text.n};
		place.end = place.start;
	} else {
		place = node_place(l, &at);
	}
	if (p->context && p->context_mark.line + 1 < place_diag(&place, place.start, 1).line)
		say(l, DIAG_YAML_PARSE, &place, NULL, NULL, "%s, %s that begins in line %zu", p->problem ? p->problem : "not YAML",
		    p->context, p->context_mark.line + 1);
	else
		say(l, DIAG_YAML_PARSE, &place, NULL, NULL, "%s%s%s", p->problem ? p->problem : "not YAML", p->context ? ", " : "",
		    p->context ? p->context : "");
}

static void parser_on(yaml_parser_t *p, const struct origin_file *f)
{
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, (const unsigned char *)f->text.p + f->skip, f->text.n - f->skip);
}

/*
 * Before any document is built: how many events the file has and how deep it nests, both bounded. False when there
 * is nothing to go on with; a syntax error is left to the reading proper, which keeps what stands before it.
 */
static bool fits(struct loader *l)
{
	size_t events = 0, depth = 0;
	bool done = false, ok = true;
	yaml_parser_t p;

	if (!yaml_parser_initialize(&p)) {
		l->no_memory = true;
		return false;
	}
	parser_on(&p, l->file);
	while (!done && ok) {
		struct place place = {.file = l->file};
		yaml_event_t e;

		if (!yaml_parser_parse(&p, &e))
			break;
		depth += e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_MAPPING_START_EVENT;
		depth -= e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT;
		done = e.type == YAML_STREAM_END_EVENT;
		if (++events > YAML_EVENTS_MAX || depth > YAML_DEPTH_MAX) {
			yaml_node_t at = {.start_mark = e.start_mark, .end_mark = e.end_mark};

			place = node_place(l, &at);
			say(l, DIAG_YAML_PARSE, &place, NULL, NULL, depth > YAML_DEPTH_MAX ? "nested too deeply" : "too many items in one file");
			ok = false;
		}
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return ok;
}

static void collect_file(struct loader *l)
{
	yaml_document_t doc;
	yaml_parser_t p;
	bool more = fits(l);

	if (!more || !yaml_parser_initialize(&p))
		return;
	parser_on(&p, l->file);
	while (more) {
		if (!yaml_parser_load(&p, &doc)) {
			yaml_error(l, &p);
			break;
		}
		l->doc = &doc;
		more = yaml_document_get_root_node(&doc) != NULL;
		collect_document(l);
		yaml_document_delete(&doc);
		l->doc = NULL;
	}
	yaml_parser_delete(&p);
}

int collect(struct loader *l)
{
	for (size_t i = 0; i < l->nfiles; i++) {
		l->file = &l->files[i];
		collect_file(l);
	}
	return l->no_memory ? -ENOMEM : 0;
}
