/* SPDX-License-Identifier: Apache-2.0 */
/* Cases and their events and expectations; tables are in test_table.c, setup and diagnostics in test_setup.c. */
#include "cmd/test_reading.h"
#include "rule/field.h"
#include <errno.h>
#include <stdarg.h>

#define TESTS_BYTES_MAX (256u << 20)	/* texts of all cases: the rows of a table have their own */

struct diag_place reading_place(const struct reading *r, const yaml_node_t *n)
{
	unsigned int len = 1;

	if (n && n->end_mark.line == n->start_mark.line && n->end_mark.column > n->start_mark.column)
		len = (unsigned int)(n->end_mark.column - n->start_mark.column);
	return (struct diag_place){r->file, n ? (unsigned int)n->start_mark.line + 1 : 1,
				   n ? (unsigned int)n->start_mark.column + 1 : 1, len};
}

static bool said(const struct diags *d, const struct diag_place *at, const char *message)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diag_place *p = &d->v[i].place;

		if (p->line == at->line && p->col == at->col && str_eq(p->file, at->file) && !strcmp(d->v[i].message, message))
			return true;
	}
	return false;
}

void reading_complain(struct reading *r, const yaml_node_t *n, const char *hint, const char *fmt, ...)
{
	struct diag_place at = reading_place(r, n);
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (!r->row || !said(r->diags, &at, message))
		diags_add(r->diags, DIAG_TEST, at, r->text, NULL, hint, "%s", message);
}

const char *reading_keep(struct reading *r, const char *s)
{
	const char *kept = s ? arena_strdup(r->t->arena, s) : NULL;

	r->no_memory = r->no_memory || (s && !kept);
	return kept;
}

const char *reading_beside(struct reading *r, const char *path)
{
	struct str name = str_after_last(r->file, '/');
	struct buf b = {};
	const char *s;

	if (path[0] != '/')
		buf_str(&b, str_n(r->file.p, (size_t)(name.p - r->file.p)));
	buf_puts(&b, path);
	s = reading_keep(r, b.p);
	buf_free(&b);
	return s;
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
	*v = (struct test_case){.place = reading_place(r, n)};
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
	json_t *v = reading_json(r, n), *list = json_array(), *one;
	size_t i;

	known_fields(r, n);
	if (json_is_object(v)) {
		json_t *single = json_array();

		json_array_append_new(single, v);
		v = single;
	}
	json_array_foreach(v, i, one) {
		json_t *merged = defaults ? json_copy(defaults) : json_object();

		if (!json_is_object(one) || !json_object_size(one))
			complain(r, n, NULL, "event %zu is no map of fields", i + 1);
		else
			json_object_update(merged, one);
		r->t->values += json_object_size(merged);
		json_array_append_new(list, merged);
	}
	if (!json_is_array(v) || !json_array_size(v))
		complain(r, n, NULL, "events wants a list of maps, field: value");
	json_decref(v);
	return list;
}

bool reading_keys(struct reading *r, const yaml_node_t *map, const struct known_keys *k)
{
	bool ok = true;

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		const char *s = yaml_text(key), *near;
		char hint[96];
		bool found = false;

		for (size_t i = 0; s && i < k->n; i++)
			found = found || !strcmp(s, k->v[i]);
		if (found)
			continue;
		near = s ? diag_nearest(str(s), k->v, k->n) : NULL;
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
		complain(r, key, near ? hint : NULL, "unknown key \"%s\" of %s", s ? s : "", k->what);
		ok = false;
	}
	return ok;
}

static bool read_number(struct reading *r, const yaml_node_t *n, const char *what, int *ret)
{
	const char *s = reading_text(r, n);
	char *end;
	long v = s ? strtol(s, &end, 10) : -1;

	if (!s || !*s || *end || v < 0 || v > 1000000) {
		complain(r, n, NULL, "%s wants a number", what);
		return false;
	}
	*ret = (int)v;
	return true;
}

static const char *const expectation_keys[] = {"rule", "event", "output", "fields", "count"};
static const struct known_keys expectation_known = {expectation_keys, ARRAY_SIZE(expectation_keys), "an expectation"};

static void read_expectation(struct reading *r, const yaml_node_t *n, struct expectation *e)
{
	yaml_node_t *v;
	int number;

	*e = (struct expectation){.count = -1};
	if (yaml_text(n)) {	/* a bare name */
		e->rule = reading_keep(r, reading_text(r, n));
		return;
	}
	if (n->type != YAML_MAPPING_NODE) {
		complain(r, n, NULL, "an expectation is a rule's name or a map with the key \"rule\"");
		return;
	}
	reading_keys(r, n, &expectation_known);
	e->rule = reading_keep(r, reading_text(r, yaml_map_get(&r->doc, n, "rule", NULL)));
	if (!e->rule)
		complain(r, n, NULL, "this expectation names no rule");
	e->output = reading_keep(r, reading_text(r, yaml_map_get(&r->doc, n, "output", NULL)));
	v = yaml_map_get(&r->doc, n, "event", NULL);
	if (v && read_number(r, v, "event", &number))
		e->event = (unsigned int)number;
	v = yaml_map_get(&r->doc, n, "count", NULL);
	if (v)
		read_number(r, v, "count", &e->count);
	v = yaml_map_get(&r->doc, n, "fields", NULL);
	if (v)
		e->fields = reading_json(r, v);
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
	if (n->data.sequence.items.top - n->data.sequence.items.start > TEST_LIST_MAX) {
		complain(r, n, NULL, "more than %d expectations", TEST_LIST_MAX);
		return;
	}
	c->expect = arena_array(r->t->arena, struct expectation, (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) + 1);
	r->no_memory = r->no_memory || !c->expect;
	for (yaml_node_item_t *i = n->data.sequence.items.start; c->expect && i < n->data.sequence.items.top; i++)
		read_expectation(r, yaml_document_get_node(&r->doc, *i), &c->expect[c->nexpect++]);
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
	c->silent = arena_array(r->t->arena, const char *, (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) + 1);
	r->no_memory = r->no_memory || !c->silent;
	for (yaml_node_item_t *i = n->data.sequence.items.start; c->silent && i < n->data.sequence.items.top; i++) {
		const char *name = reading_text(r, yaml_document_get_node(&r->doc, *i));

		if (!name || c->nsilent == TEST_LIST_MAX)
			complain(r, n, NULL, "silent wants a list of at most %d rule names", TEST_LIST_MAX);
		else
			c->silent[c->nsilent++] = reading_keep(r, name);
	}
}

static const char *const case_keys[] = {"name", "rules", "setup", "variants", "defaults", "events", "replay", "expect", "silent",
					"allow_others", "diagnostics", "todo"};
static const struct known_keys case_known = {case_keys, ARRAY_SIZE(case_keys), "a case"};
static const char *const file_keys[] = {"rules", "tests"};
static const struct known_keys file_known = {file_keys, ARRAY_SIZE(file_keys), "a test file"};

const char *const *test_cases_keys(const char *map, size_t *n)
{
	const struct known_keys *k = !strcmp(map, "file") ? &file_known : !strcmp(map, "case") ? &case_known
				     : !strcmp(map, "expect") ? &expectation_known : &test_diagnostics_keys;

	*n = k->n;
	return k->v;
}

/* A list of paths; they are kept with the cases. */
static void read_rules(struct reading *r, const yaml_node_t *n, const char ***ret, size_t *count)
{
	const char **v;

	if (!n)
		return;
	if (n->type != YAML_SEQUENCE_NODE || n->data.sequence.items.top - n->data.sequence.items.start > TEST_LIST_MAX) {
		complain(r, n, NULL, "rules wants a list of at most %d paths", TEST_LIST_MAX);
		return;
	}
	v = arena_array(r->t->arena, const char *, *count + (size_t)(n->data.sequence.items.top - n->data.sequence.items.start) + 1);
	if (v && *count)
		memcpy(v, *ret, *count * sizeof(*v));	/* of another document of the file */
	*ret = v;
	for (yaml_node_item_t *i = n->data.sequence.items.start; *ret && i < n->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&r->doc, *i);
		const char *path = reading_text(r, item);

		if (path)
			(*ret)[(*count)++] = reading_beside(r, path);
		else
			complain(r, item, NULL, "rules wants a list of paths");
	}
}

static void read_flag(struct reading *r, const yaml_node_t *n, const char *what, bool *ret)
{
	const char *s = reading_text(r, n);

	if (!n)
		return;
	if (!s || (strcmp(s, "true") && strcmp(s, "false")))
		complain(r, n, NULL, "%s wants true or false", what);
	*ret = s && !strcmp(s, "true");
}

/* Its events: given, or a file's. A case about diagnostics needs none. */
static void read_input(struct reading *r, const yaml_node_t *n, struct test_case *c)
{
	const yaml_node_t *defaults = yaml_map_get(&r->doc, n, "defaults", NULL);
	const yaml_node_t *events = yaml_map_get(&r->doc, n, "events", NULL);
	const yaml_node_t *replay = yaml_map_get(&r->doc, n, "replay", NULL);
	const char *path = reading_text(r, replay);
	json_t *base = defaults ? reading_json(r, defaults) : NULL;

	if (defaults && !json_is_object(base))
		complain(r, defaults, NULL, "defaults wants a map of fields");
	else if (defaults)
		known_fields(r, defaults);
	if (events)
		c->events = read_events(r, events, json_is_object(base) ? base : NULL);
	else if (path)
		c->replay = reading_beside(r, path);
	if (events && replay)
		complain(r, replay, NULL, "a case has either events or replay");
	json_decref(base);
}

/* row: of the table that the case stands for, NULL without one. */
static void read_one(struct reading *r, const yaml_node_t *n, const yaml_node_t *row)
{
	const yaml_node_t *name = yaml_map_get(&r->doc, n, "name", NULL);
	struct test_case *c = new_case(r, row ? row : n);
	const char *s = reading_text(r, name);

	if (!c)
		return;
	c->name = reading_row_name(r, reading_keep(r, s ? s : "(without a name)"), s && strcmp(s, yaml_text(name)));
	c->todo = reading_keep(r, reading_text(r, yaml_map_get(&r->doc, n, "todo", NULL)));
	read_flag(r, yaml_map_get(&r->doc, n, "allow_others", NULL), "allow_others", &c->allow_others);
	read_rules(r, yaml_map_get(&r->doc, n, "rules", NULL), &c->rules, &c->nrules);
	read_setup(r, yaml_map_get(&r->doc, n, "setup", NULL), c);
	read_diagnostics(r, yaml_map_get(&r->doc, n, "diagnostics", NULL), c);
	read_input(r, n, c);
	read_expect(r, yaml_map_get(&r->doc, n, "expect", NULL), c);
	read_silent(r, yaml_map_get(&r->doc, n, "silent", NULL), c);
	if (!c->events && !c->replay && (!c->ndiagnostics || c->nexpect || c->nsilent || c->silent_all))
		complain(r, n, NULL, "this case has neither events nor replay");
	if (!c->nexpect && !c->nsilent && !c->silent_all && !c->ndiagnostics)
		complain(r, n, NULL, "this case expects nothing: it needs expect, silent or diagnostics");
}

static void read_case(struct reading *r, const yaml_node_t *n)
{
	const yaml_node_t *table;

	if (n->type != YAML_MAPPING_NODE) {
		complain(r, n, NULL, "a case is a map with name, events and expect or silent");
		return;
	}
	reading_keys(r, n, &case_known);
	table = yaml_map_get(&r->doc, n, "variants", NULL);
	if (table)
		reading_table(r, table, read_one, n);
	else
		read_one(r, n, NULL);
}

static void read_test_document(struct reading *r, const yaml_node_t *root)
{
	const yaml_node_t *tests;

	if (root->type != YAML_MAPPING_NODE) {
		complain(r, root, NULL, "a test file is a map with the keys rules and tests");
		return;
	}
	reading_keys(r, root, &file_known);
	read_rules(r, yaml_map_get(&r->doc, root, "rules", NULL), &r->t->rules, &r->t->nrules);
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
	c->name = reading_keep(r, name);
	c->example = true;
	c->events = read_events(r, match ? match : nomatch, NULL);
	c->expect = arena_array(r->t->arena, struct expectation, 1);
	if (c->expect)
		c->expect[c->nexpect++] = (struct expectation){.rule = reading_keep(r, rule), .count = match ? -1 : 0};
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
		t->arena = arena_new(TESTS_BYTES_MAX);
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
	if (r.no_memory)
		diags_add(diags, DIAG_TEST, (struct diag_place){.file = file}, STR_NONE, NULL, NULL,
			  "the cases need more memory than the %u MiB they may have", TESTS_BYTES_MAX >> 20);
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
	arena_free(t->arena);
	*t = (struct test_cases){};
}
