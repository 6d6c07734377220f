/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_cases.h"
#include "rule/field.h"
#include "util/arena.h"
#include "util/yaml_json.h"
#include <errno.h>
#include <string.h>

/* One YAML text being read. */
struct reading {
	struct test_cases *t;
	struct diags *diags;
	struct str file, text;
	yaml_document_t doc;
};

static struct diag_place place(const struct reading *r, const yaml_node_t *n)
{
	unsigned int len = 1;

	if (n && n->end_mark.line == n->start_mark.line && n->end_mark.column > n->start_mark.column)
		len = (unsigned int)(n->end_mark.column - n->start_mark.column);
	return (struct diag_place){r->file, n ? (unsigned int)n->start_mark.line + 1 : 1,
				   n ? (unsigned int)n->start_mark.column + 1 : 1, len};
}

#define complain(r, node, hint, ...) diags_add((r)->diags, DIAG_TEST, place(r, node), (r)->text, NULL, hint, __VA_ARGS__)

static const char *keep(struct reading *r, const char *s)
{
	return s ? arena_strdup(r->t->arena, s) : NULL;
}

static struct test_case *new_case(struct reading *r, const yaml_node_t *n)
{
	struct test_cases *t = r->t;
	struct test_case *v;

	if (t->n == TEST_CASES_MAX) {
		complain(r, n, NULL, "more than %d cases", TEST_CASES_MAX);
		return NULL;
	}
	if (t->n == t->room) {
		v = realloc(t->v, sizeof(*v) * (t->room ? t->room * 2 : 64));
		if (!v)
			return NULL;
		t->v = v;
		t->room = t->room ? t->room * 2 : 64;
	}
	v = &t->v[t->n++];
	*v = (struct test_case){.place = place(r, n)};
	v->place.file = arena_str(t->arena, r->file);
	return v;
}

/* A key that names no field would make a case hold, or fail, for nothing. */
static void known_field(struct reading *r, const yaml_node_t *key, const yaml_node_t *value)
{
	const char *s = yaml_text(key), *bracket = s ? strchr(s, '[') : NULL, *near;
	struct field_ref ref;
	struct str name, arg;
	char hint[128];

	if (!s || (!strcmp(s, "evt.arg") && value && value->type == YAML_MAPPING_NODE))
		return;	/* arguments as a map: spread by the reader of events */
	name = bracket ? str_n(s, (size_t)(bracket - s)) : str(s);
	arg = bracket ? str_n(bracket + 1, strcspn(bracket + 1, "]")) : STR_NONE;
	if (field_resolve(&ref, name, bracket != NULL, arg, str(s)) != FIELD_E_UNKNOWN)
		return;
	near = field_nearest(name);
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	complain(r, key, near ? hint : NULL, "unknown field \"%s\"", s);
}

static void known_fields(struct reading *r, const yaml_node_t *n)
{
	if (n->type == YAML_SEQUENCE_NODE) {
		for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
			const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);

			if (item->type == YAML_MAPPING_NODE)
				known_fields(r, item);
		}
	} else if (n->type == YAML_MAPPING_NODE) {
		for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
			known_field(r, yaml_document_get_node(&r->doc, p->key), yaml_document_get_node(&r->doc, p->value));
	}
}

/* A map, or a list of maps, each merged over the defaults. */
static json_t *read_events(struct reading *r, const yaml_node_t *n, json_t *defaults)
{
	json_t *v = yaml_json(&r->doc, n), *list = json_array(), *one;
	size_t i;

	known_fields(r, n);
	if (json_is_object(v)) {
		json_t *single = json_array();

		json_array_append_new(single, v);
		v = single;
	}
	json_array_foreach(v, i, one) {
		json_t *merged = defaults ? json_deep_copy(defaults) : json_object();

		if (!json_is_object(one) || !json_object_size(one))
			complain(r, n, NULL, "event %zu is no map of fields", i + 1);
		else
			json_object_update(merged, one);
		json_array_append_new(list, merged);
	}
	if (!json_is_array(v) || !json_array_size(v))
		complain(r, n, NULL, "events wants a list of maps, field: value");
	json_decref(v);
	return list;
}

static bool known_key(struct reading *r, const yaml_node_t *map, const char *const *known, size_t n, const char *what)
{
	bool ok = true;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		const char *s = yaml_text(key), *near;
		char hint[96];
		bool found = false;

		for (size_t i = 0; s && i < n; i++)
			found = found || !strcmp(s, known[i]);
		if (found)
			continue;
		near = s ? diag_nearest(str(s), known, n) : NULL;
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
		complain(r, key, near ? hint : NULL, "unknown key \"%s\" of %s", s ? s : "", what);
		ok = false;
	}
	return ok;
}

static bool read_number(struct reading *r, const yaml_node_t *n, const char *what, int *ret)
{
	const char *s = yaml_text(n);
	char *end;
	long v = s ? strtol(s, &end, 10) : -1;

	if (!s || !*s || *end || v < 0 || v > 1000000) {
		complain(r, n, NULL, "%s wants a number", what);
		return false;
	}
	*ret = (int)v;
	return true;
}

static void read_expectation(struct reading *r, const yaml_node_t *n, struct expectation *e)
{
	static const char *const keys[] = {"rule", "event", "output", "fields", "count"};
	yaml_node_t *v;
	int number;

	*e = (struct expectation){.count = -1};
	if (yaml_text(n)) {	/* a bare name */
		e->rule = keep(r, yaml_text(n));
		return;
	}
	if (n->type != YAML_MAPPING_NODE) {
		complain(r, n, NULL, "an expectation is a rule's name or a map with the key \"rule\"");
		return;
	}
	known_key(r, n, keys, ARRAY_SIZE(keys), "an expectation");
	e->rule = keep(r, yaml_text(yaml_map_get(&r->doc, n, "rule", NULL)));
	if (!e->rule)
		complain(r, n, NULL, "this expectation names no rule");
	e->output = keep(r, yaml_text(yaml_map_get(&r->doc, n, "output", NULL)));
	v = yaml_map_get(&r->doc, n, "event", NULL);
	if (v && read_number(r, v, "event", &number))
		e->event = (unsigned int)number;
	v = yaml_map_get(&r->doc, n, "count", NULL);
	if (v)
		read_number(r, v, "count", &e->count);
	v = yaml_map_get(&r->doc, n, "fields", NULL);
	if (v)
		e->fields = yaml_json(&r->doc, v);
	if (v && !json_is_object(e->fields))
		complain(r, v, NULL, "fields wants a map, field: value");
	else if (v)
		known_fields(r, v);
}

static void read_expect(struct reading *r, const yaml_node_t *n, struct test_case *c)
{
	if (!n)
		return;
	if (n->type != YAML_SEQUENCE_NODE) {
		complain(r, n, NULL, "expect wants a list");
		return;
	}
	c->expect = arena_array(r->t->arena, struct expectation, TEST_LIST_MAX);
	for (yaml_node_item_t *i = n->data.sequence.items.start; c->expect && i < n->data.sequence.items.top; i++) {
		if (c->nexpect == TEST_LIST_MAX) {
			complain(r, n, NULL, "more than %d expectations", TEST_LIST_MAX);
			return;
		}
		read_expectation(r, yaml_document_get_node(&r->doc, *i), &c->expect[c->nexpect++]);
	}
}

static void read_silent(struct reading *r, const yaml_node_t *n, struct test_case *c)
{
	if (!n)
		return;
	if (yaml_text(n) && !strcmp(yaml_text(n), "all")) {
		c->silent_all = true;
		return;
	}
	if (n->type != YAML_SEQUENCE_NODE) {
		complain(r, n, NULL, "silent wants a list of rule names, or all");
		return;
	}
	c->silent = arena_array(r->t->arena, const char *, TEST_LIST_MAX);
	for (yaml_node_item_t *i = n->data.sequence.items.start; c->silent && i < n->data.sequence.items.top; i++) {
		const char *name = yaml_text(yaml_document_get_node(&r->doc, *i));

		if (!name || c->nsilent == TEST_LIST_MAX)
			complain(r, n, NULL, "silent wants a list of at most %d rule names", TEST_LIST_MAX);
		else
			c->silent[c->nsilent++] = keep(r, name);
	}
}

/* A path of a test file is relative to that file. */
static const char *beside(struct reading *r, const char *path)
{
	struct str name = str_after_last(r->file, '/');
	struct buf b = {};
	const char *s;

	if (path[0] != '/')
		buf_str(&b, str_n(r->file.p, (size_t)(name.p - r->file.p)));
	buf_puts(&b, path);
	s = keep(r, b.p);
	buf_free(&b);
	return s;
}

static void read_case(struct reading *r, const yaml_node_t *n)
{
	static const char *const keys[] = {"name", "defaults", "events", "replay", "expect", "silent", "allow_others", "todo"};
	const yaml_node_t *events, *replay, *defaults;
	struct test_case *c = new_case(r, n);
	const char *s;
	json_t *base = NULL;

	if (!c)
		return;
	if (n->type != YAML_MAPPING_NODE) {
		complain(r, n, NULL, "a case is a map with name, events and expect or silent");
		return;
	}
	known_key(r, n, keys, ARRAY_SIZE(keys), "a case");
	s = yaml_text(yaml_map_get(&r->doc, n, "name", NULL));
	c->name = keep(r, s ? s : "(without a name)");
	c->todo = keep(r, yaml_text(yaml_map_get(&r->doc, n, "todo", NULL)));
	s = yaml_text(yaml_map_get(&r->doc, n, "allow_others", NULL));
	c->allow_others = s && !strcmp(s, "true");
	if (s && strcmp(s, "true") && strcmp(s, "false"))
		complain(r, yaml_map_get(&r->doc, n, "allow_others", NULL), NULL, "allow_others wants true or false");
	defaults = yaml_map_get(&r->doc, n, "defaults", NULL);
	events = yaml_map_get(&r->doc, n, "events", NULL);
	replay = yaml_map_get(&r->doc, n, "replay", NULL);
	if (defaults)
		base = yaml_json(&r->doc, defaults);
	if (defaults && !json_is_object(base))
		complain(r, defaults, NULL, "defaults wants a map of fields");
	else if (defaults)
		known_fields(r, defaults);
	if (events)
		c->events = read_events(r, events, json_is_object(base) ? base : NULL);
	else if (yaml_text(replay))
		c->replay = beside(r, yaml_text(replay));
	else
		complain(r, n, NULL, "this case has neither events nor replay");
	json_decref(base);
	read_expect(r, yaml_map_get(&r->doc, n, "expect", NULL), c);
	read_silent(r, yaml_map_get(&r->doc, n, "silent", NULL), c);
	if (!c->nexpect && !c->nsilent && !c->silent_all)
		complain(r, n, NULL, "this case expects nothing: it needs expect or silent");
}

static void read_rules(struct reading *r, const yaml_node_t *n)
{
	struct test_cases *t = r->t;
	const char **v;

	if (!n)
		return;
	if (n->type != YAML_SEQUENCE_NODE) {
		complain(r, n, NULL, "rules wants a list of paths");
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		const char *path = yaml_text(yaml_document_get_node(&r->doc, *i));

		v = path && t->nrules < TEST_LIST_MAX ? realloc(t->rules, sizeof(*v) * (t->nrules + 1)) : NULL;
		if (!v) {
			complain(r, n, NULL, "rules wants a list of at most %d paths", TEST_LIST_MAX);
			return;
		}
		t->rules = v;
		t->rules[t->nrules++] = beside(r, path);
	}
}

static void read_test_document(struct reading *r, const yaml_node_t *root)
{
	static const char *const keys[] = {"rules", "tests"};
	const yaml_node_t *tests;

	if (root->type != YAML_MAPPING_NODE) {
		complain(r, root, NULL, "a test file is a map with rules and tests");
		return;
	}
	known_key(r, root, keys, ARRAY_SIZE(keys), "a test file");
	read_rules(r, yaml_map_get(&r->doc, root, "rules", NULL));
	tests = yaml_map_get(&r->doc, root, "tests", NULL);
	if (!tests || tests->type != YAML_SEQUENCE_NODE) {
		complain(r, tests ? tests : root, NULL, "tests wants a list of cases");
		return;
	}
	for (yaml_node_item_t *i = tests->data.sequence.items.start; i < tests->data.sequence.items.top; i++)
		read_case(r, yaml_document_get_node(&r->doc, *i));
}

static void read_example(struct reading *r, const yaml_node_t *n, const char *rule)
{
	const yaml_node_t *match = yaml_map_get(&r->doc, n, "match", NULL);
	const yaml_node_t *nomatch = yaml_map_get(&r->doc, n, "nomatch", NULL);
	struct test_case *c;
	char name[256];

	if (!match == !nomatch) {
		complain(r, n, NULL, "an example of rule \"%s\" is a map with either match or nomatch", rule);
		return;
	}
	c = new_case(r, n);
	if (!c)
		return;
	snprintf(name, sizeof(name), "%s: example at line %u %s", rule, c->place.line, match ? "matches" : "does not match");
	c->name = keep(r, name);
	c->example = true;
	c->events = read_events(r, match ? match : nomatch, NULL);
	c->expect = arena_array(r->t->arena, struct expectation, 1);
	if (c->expect)
		c->expect[c->nexpect++] = (struct expectation){.rule = keep(r, rule), .count = match ? -1 : 0};
}

static void read_rules_document(struct reading *r, const yaml_node_t *root)
{
	if (root->type != YAML_SEQUENCE_NODE)
		return;	/* the loader says what is wrong with it */
	for (yaml_node_item_t *i = root->data.sequence.items.start; i < root->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
		const char *rule = yaml_text(yaml_map_get(&r->doc, item, "rule", NULL));
		const yaml_node_t *examples = yaml_map_get(&r->doc, item, "examples", NULL);

		if (!rule || !examples)
			continue;
		if (examples->type != YAML_SEQUENCE_NODE) {
			complain(r, examples, NULL, "examples wants a list");
			continue;
		}
		for (yaml_node_item_t *e = examples->data.sequence.items.start; e < examples->data.sequence.items.top; e++)
			read_example(r, yaml_document_get_node(&r->doc, *e), rule);
	}
}

static int read_all(struct test_cases *t, struct str file, struct str text, struct diags *diags,
		    void (*document)(struct reading *r, const yaml_node_t *root))
{
	struct reading r = {.t = t, .diags = diags, .file = file, .text = text};
	size_t errors = diags->errors;
	yaml_parser_t y;

	if (!t->arena)
		t->arena = arena_new(256u << 20);
	if (!t->arena || !yaml_parser_initialize(&y))
		return -ENOMEM;
	yaml_parser_set_input_string(&y, (const unsigned char *)text.p, text.n);
	for (;;) {
		const yaml_node_t *root;

		if (!yaml_parser_load(&y, &r.doc)) {
			struct diag_place at = {.file = file, .len = 1};

			yaml_error_place(&y, text.p, text.n, &at.line, &at.col);
			diags_add(diags, DIAG_TEST, at, text, NULL, NULL, "not YAML: %s", y.problem ? y.problem : "unreadable");
			break;
		}
		root = yaml_document_get_root_node(&r.doc);
		if (root)
			document(&r, root);
		yaml_document_delete(&r.doc);
		if (!root)
			break;
	}
	yaml_parser_delete(&y);
	return diags->errors > errors ? -EINVAL : 0;
}

int test_cases_file(struct test_cases *t, struct str file, struct str text, struct diags *diags)
{
	return read_all(t, file, text, diags, read_test_document);
}

int test_cases_examples(struct test_cases *t, struct str file, struct str text, struct diags *diags)
{
	return read_all(t, file, text, diags, read_rules_document);
}

void test_cases_free(struct test_cases *t)
{
	for (size_t i = 0; i < t->n; i++) {
		json_decref(t->v[i].events);
		for (size_t k = 0; k < t->v[i].nexpect; k++)
			json_decref(t->v[i].expect[k].fields);
	}
	free(t->v);
	free(t->rules);
	arena_free(t->arena);
	*t = (struct test_cases){};
}
