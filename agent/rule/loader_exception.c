/* SPDX-License-Identifier: Apache-2.0 */
/* `exceptions:` of a rule: read, checked, and turned into "and not (...)" behind its condition. */
#include "rule/loader_state.h"
#include "rule/op.h"
#include <errno.h>
#include <time.h>

#define LEVELS_MAX 3	/* values, a tuple, a list within it: an alias can make more, and a circle */

/* A text, or a list of them (of them …): in exceptions the shape carries meaning. */
static bool read_value(struct loader *l, const yaml_node_t *n, const char *item, unsigned int level, struct exception_value *ret)
{
	struct place place = node_place(l, n);

	*ret = (struct exception_value){.text = node_scalar(l, n)};
	if (n->type == YAML_SEQUENCE_NODE && level < LEVELS_MAX) {
		ret->list = true;
		ret->n = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
		ret->v = arena_array(l->arena, struct exception_value, ret->n + 1);
		if (!ret->v) {
			l->no_memory = true;
			return false;
		}
		for (size_t i = 0; i < ret->n; i++) {
			if (!read_value(l, node_at(l, n->data.sequence.items.start[i]), item, level + 1, &ret->v[i]))
				return false;
		}
		return true;
	}
	if (ret->text.value.p)
		return true;
	say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "a text or a list is wanted here");
	return false;
}

static struct exception_def *find_exception(struct rule_def *r, struct str name)
{
	for (size_t i = 0; i < r->nexceptions; i++) {
		if (str_eq(r->exceptions[i].name.value, name))
			return &r->exceptions[i];
	}
	return NULL;
}

static struct exception_def *add_exception(struct loader *l, struct rule_def *r)
{
	struct exception_def *v = r->exceptions;

	if (!(r->nexceptions & (r->nexceptions - 1))) {	/* full: the room doubles */
		v = arena_array(l->arena, struct exception_def, r->nexceptions ? 2 * r->nexceptions : 1);
		if (!v) {
			l->no_memory = true;
			return NULL;
		}
		if (r->nexceptions)
			memcpy(v, r->exceptions, sizeof(*v) * r->nexceptions);
	}
	r->exceptions = v;
	return &v[r->nexceptions++];
}

/* "startswith anyof" → the operator, and whether a list follows it. False when there is no such operator. */
static bool read_comp(struct str s, enum op *op, bool *modified)
{
	size_t n = 0, rest;

	while (s.n && s.p[0] == ' ')
		s = str_skip(s, 1);
	while (n < s.n && s.p[n] != ' ')
		n++;
	for (*op = 0; *op < OP_MAX && !str_eq(str_n(s.p, n), str(op_table[*op].word)); (*op)++)
		;
	if (*op == OP_MAX)
		return false;
	for (rest = n; rest < s.n && s.p[rest] == ' '; rest++)
		;
	s = str_skip(s, rest);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	*modified = s.n > 0;
	for (size_t i = 1; i < MODIFIER_MAX; i++) {
		if (str_eq(s, str(modifier_table[i].word)))
			return op_table[*op].syntax == SYNTAX_TEXT;
	}
	return !s.n;
}

static bool takes_list(struct str comp)
{
	bool modified;
	enum op op;

	return read_comp(comp, &op, &modified) && (modified || op_table[op].syntax == SYNTAX_LIST);
}

static bool check_comp(struct loader *l, const struct scalar *comp, bool alone, const char *item)
{
	const char *words[OP_MAX];
	char hint[160];
	bool modified;
	enum op op;

	for (size_t i = 0; i < OP_MAX; i++)
		words[i] = op_table[i].word;
	if (!comp->value.p || !read_comp(comp->value, &op, &modified)) {
		say(l, DIAG_VALIDATE, &comp->place, item,
		    comp->value.p ? hint_text(hint, diag_nearest(comp->value, words, OP_MAX)) : NULL,
		    "\"" STR_FMT "\" is not a supported comparison operator", STR_ARG(comp->value));
		return false;
	}
	if (!alone || modified || op_table[op].syntax == SYNTAX_LIST)
		return true;
	say(l, DIAG_VALIDATE, &comp->place, item, NULL,
	    "where \"fields\" is one field, \"comps\" has to be in, pmatch, intersects or an operator with oneof, anyof or allof");
	return false;
}

static bool check_comps(struct loader *l, const struct exception_def *e, const char *item)
{
	if (!e->has_comps)
		return true;
	if (e->comps.list != e->fields.list || (e->comps.list && e->comps.n != e->fields.n)) {
		say(l, DIAG_VALIDATE, &e->comps.text.place, item, NULL, "\"fields\" and \"comps\" have to be lists of equal length");
		return false;
	}
	if (!e->comps.list)
		return check_comp(l, &e->comps.text, true, item);
	for (size_t i = 0; i < e->comps.n; i++) {
		if (!check_comp(l, &e->comps.v[i].text, false, item))
			return false;
	}
	return true;
}

static void ignore(void *ctx __attribute__((unused)), const struct ast_error *e __attribute__((unused)),
		   bool warning __attribute__((unused)))
{
}

/* A field or transformer by itself: an exception may have no values yet, and still names its fields. */
static bool check_field(struct loader *l, const struct exception_value *f, const char *item)
{
	struct str name = f->text.value;
	struct ast_error e = {};
	struct ast *tree;
	char hint[160], *text;

	if (!name.p || f->list) {
		say(l, DIAG_VALIDATE, &f->text.place, item, NULL, "\"fields\" is a field or a list of fields");
		return false;
	}
	text = arena_alloc(l->arena, name.n + sizeof(" exists"));
	if (!text) {
		l->no_memory = true;
		return false;
	}
	if (!ast_parse(&tree, l->arena, str_n(text, (size_t)sprintf(text, STR_FMT " exists", STR_ARG(name))), 100, &e) &&
	    !ast_check(tree, l->arena, 0, ignore, NULL))
		return true;
	say(l, DIAG_VALIDATE, &f->text.place, item, hint_text(hint, field_nearest(name)),
	    "\"" STR_FMT "\" is not a supported field", STR_ARG(name));
	return false;
}

static bool check_fields(struct loader *l, const struct rule_def *r, const struct exception_def *e, const char *item)
{
	if (r->skip_unknown || r->skipped)
		return true;	/* the rule as a whole is judged when it is compiled, or never */
	if (!e->fields.list)
		return check_field(l, &e->fields, item);
	for (size_t i = 0; i < e->fields.n; i++) {
		if (!check_field(l, &e->fields.v[i], item))
			return false;
	}
	return true;
}

static bool check_values(struct loader *l, const struct exception_def *e, const char *item)
{
	for (size_t i = 0; i < e->values.n; i++) {
		const struct exception_value *v = &e->values.v[i];
		const char *wrong = NULL;

		if (e->fields.list && (!v->list || v->n != e->fields.n))
			wrong = "\"fields\" and each of \"values\" have to be lists of equal length";
		else if (!e->fields.list && v->list)
			wrong = "where \"fields\" is one field, \"values\" is a list of texts";
		for (size_t k = 0; !wrong && v->list && k < v->n; k++) {
			for (size_t j = 0; j < v->v[k].n; j++)
				wrong = v->v[k].v[j].list ? "a value is a text or a list of texts" : wrong;
		}
		if (!wrong)
			continue;
		say(l, DIAG_VALIDATE, &v->text.place, item, NULL, "%s", wrong);
		return false;
	}
	return true;
}

static bool join_values(struct loader *l, struct exception_value *all, const struct exception_value *more)
{
	size_t n = all->n + more->n, room = 2 * n;
	struct exception_value *v = all->v;

	if (n > all->room) {	/* a file may append one by one, thousands of times */
		v = arena_array(l->arena, struct exception_value, room);
		if (!v) {
			l->no_memory = true;
			return false;
		}
		if (all->n)
			memcpy(v, all->v, sizeof(*v) * all->n);
		all->v = v;
		all->room = room;
	}
	if (more->n)
		memcpy(v + all->n, more->v, sizeof(*v) * more->n);
	all->list = true;
	all->n = n;
	return true;
}

/* YYYY-MM-DD; the day itself still counts. */
static bool check_expiry(struct loader *l, const struct exception_def *e, const char *item)
{
	unsigned int y, m, d;
	char text[16] = "";
	int n = 0;

	if (!e->expires.place.file)
		return true;
	if (e->expires.value.n == 10)
		memcpy(text, e->expires.value.p, 10);
	if (sscanf(text, "%4u-%2u-%2u%n", &y, &m, &d, &n) == 3 && n == 10 && m >= 1 && m <= 12 && d >= 1 && d <= 31)
		return true;
	say(l, DIAG_VALIDATE, &e->expires.place, item, NULL, "\"expires\" has to be a date, YYYY-MM-DD");
	return false;
}

static bool expired(const struct exception_def *e)
{
	char today[16];
	time_t now = time(NULL);
	struct tm tm;

	if (!e->expires.value.n || !gmtime_r(&now, &tm) || !strftime(today, sizeof(today), "%Y-%m-%d", &tm))
		return false;
	return str_cmp(e->expires.value, str(today)) < 0;
}

bool exception_applies(const struct exception_def *e)
{
	return e->values.n && !expired(e);
}

static bool append_values(struct loader *l, struct exception_def *to, const struct exception_def *e, const char *item)
{
	struct exception_def added;

	if (e->has_fields || e->has_comps) {
		say(l, DIAG_VALIDATE, &e->place, item, NULL,
		    "cannot append fields or comps to the exception \"" STR_FMT "\" that is there, only values", STR_ARG(to->name.value));
		return false;
	}
	if (!e->values.n)
		say(l, DIAG_APPEND_NO_VALUES, &e->place, item, NULL, "nothing is appended to the exception \"" STR_FMT "\": no values",
		    STR_ARG(to->name.value));
	if (e->expires.value.p)
		to->expires = e->expires;
	added = *to;
	added.values = e->values;
	return check_values(l, &added, item) && join_values(l, &to->values, &e->values);
}

static bool new_exception(struct loader *l, struct rule_def *r, const struct exception_def *e, bool to_append, const char *item)
{
	struct exception_def *to;

	if (!e->has_fields) {
		say(l, to_append ? DIAG_VALIDATE : DIAG_YAML_VALIDATE, &e->place, item, NULL, "exception \"" STR_FMT "\" has no \"fields\"", STR_ARG(e->name.value));
		return false;
	}
	if (to_append && !e->values.list) {
		say(l, DIAG_VALIDATE, &e->place, item, NULL, "exception \"" STR_FMT "\" is new and has no \"values\"", STR_ARG(e->name.value));
		return false;
	}
	if (find_exception(r, e->name.value))
		say(l, DIAG_EXCEPTION_NAME, &e->name.place, item, NULL, "a second exception \"" STR_FMT "\"; both apply",
		    STR_ARG(e->name.value));
	if (!check_comps(l, e, item) || !check_fields(l, r, e, item) || !check_values(l, e, item))
		return false;
	to = add_exception(l, r);
	if (to)
		*to = *e;
	return to;
}

static const char *const exception_known[] = {"name", "fields", "comps", "values", "expires"};
const struct key_set loader_exception_keys = {exception_known, ARRAY_SIZE(exception_known)};

static bool get_exception(struct loader *l, const yaml_node_t *map, struct rule_def *r, bool to_append, const char *item)
{
	struct exception_def e = {.place = node_place(l, map)};
	const yaml_node_t *n;
	struct exception_def *old;

	if (map->type != YAML_MAPPING_NODE) {
		say(l, DIAG_YAML_VALIDATE, &e.place, item, NULL, "an exception has to be a map");
		return false;
	}
	check_keys(l, map, &loader_exception_keys, item);
	if (!need_text(l, map, "name", item, &e.name))
		return false;
	n = map_get(l, map, "fields");
	e.has_fields = n && !node_is_null(n);
	if (e.has_fields && !read_value(l, n, item, 0, &e.fields))
		return false;
	n = map_get(l, map, "comps");
	e.has_comps = n && !node_is_null(n);
	if (e.has_comps && !read_value(l, n, item, 0, &e.comps))
		return false;
	n = map_get(l, map, "values");
	if (n && !node_is_null(n) && !read_value(l, n, item, 0, &e.values))
		return false;
	if (n && !node_is_null(n) && !e.values.list) {
		say(l, DIAG_YAML_VALIDATE, &e.values.text.place, item, NULL, "\"values\" of an exception has to be a list");
		return false;
	}
	e.expires = node_scalar(l, map_get(l, map, "expires"));
	if (!check_expiry(l, &e, item))
		return false;
	old = to_append ? find_exception(r, e.name.value) : NULL;
	return old ? append_values(l, old, &e, item) : new_exception(l, r, &e, to_append, item);
}

bool get_exceptions(struct loader *l, const yaml_node_t *map, const char *item, struct rule_def *r, bool to_append)
{
	const yaml_node_t *n = map_get(l, map, "exceptions");
	struct place place;
	bool ok = true;

	if (!n || node_is_null(n))
		return true;
	place = node_place(l, n);
	if (n->type != YAML_SEQUENCE_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"exceptions\" has to be a list");
		return false;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
		ok = get_exception(l, node_at(l, *i), r, to_append, item) && ok;
	return ok;
}

/* ---- condition text ---- */

struct writer {
	struct loader *l;
	struct ctext *out;
	const struct scalar *place;	/* what generated text stands for */
};

static void put(struct writer *w, struct str text)
{
	struct segment s = {.place = w->place->place, .value = w->place->value, .fixed = true, .fixed_len = w->place->value.n};

	if (ctext_add(w->out, text, &s) < 0)
		w->l->no_memory = true;
}

static void put_scalar(struct writer *w, const struct scalar *s)
{
	if (s->value.n && ctext_scalar(w->out, s->value, &s->place) < 0)
		w->l->no_memory = true;
}

/* A value with a blank is quoted; anything else stands as it was written, as in the original. */
static void put_quoted(struct writer *w, const struct scalar *s)
{
	bool quote = !s->value.n || (memchr(s->value.p, ' ', s->value.n) && !strchr("\"'", s->value.p[0]));

	if (quote)
		put(w, STR("\""));
	put_scalar(w, s);
	if (quote)
		put(w, STR("\""));
}

static void put_list(struct writer *w, const struct exception_value *v)
{
	put(w, STR("("));
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			put(w, STR(", "));
		put_quoted(w, &v->v[i].text);
	}
	put(w, STR(")"));
}

static void put_comp(struct writer *w, const struct scalar *comp, const char *otherwise)
{
	put(w, STR(" "));
	if (comp)
		put_scalar(w, comp);
	else
		put(w, str(otherwise));
	put(w, STR(" "));
}

static void put_tuple(struct writer *w, const struct exception_def *e, const struct exception_value *v)
{
	put(w, STR("("));
	for (size_t i = 0; i < v->n; i++) {
		const struct scalar *comp = e->has_comps ? &e->comps.v[i].text : NULL;
		const struct exception_value *one = &v->v[i];

		if (i)
			put(w, STR(" and "));
		put_scalar(w, &e->fields.v[i].text);
		put_comp(w, comp, "=");
		if (one->list) {
			put_list(w, one);
		} else if (comp && takes_list(comp->value) && !(one->text.value.n && one->text.value.p[0] == '(')) {
			put(w, STR("("));
			put_quoted(w, &one->text);
			put(w, STR(")"));
		} else {
			put_quoted(w, &one->text);
		}
	}
	put(w, STR(")"));
}

static void put_exception(struct writer *w, const struct exception_def *e)
{
	put(w, STR(" and not ("));
	if (!e->fields.list) {
		put_scalar(w, &e->fields.text);
		put_comp(w, e->has_comps ? &e->comps.text : NULL, "in");
		put_list(w, &e->values);
	}
	for (size_t i = 0; e->fields.list && i < e->values.n; i++) {
		if (i)
			put(w, STR(" or "));
		put_tuple(w, e, &e->values.v[i]);
	}
	put(w, STR(")"));
}

bool add_exceptions(struct loader *l, struct rule_def *r, struct ctext *out)
{
	struct writer w = {l, out, &r->name};
	size_t n = 0;
	char item[160];

	for (size_t i = 0; i < r->nexceptions; i++)
		n += exception_applies(&r->exceptions[i]);
	if (n)
		put(&w, STR("("));
	if (ctext_copy(out, &r->condition, 0, r->condition.text.n) < 0)
		l->no_memory = true;
	if (n)
		put(&w, STR(")"));
	for (size_t i = 0; i < r->nexceptions; i++) {
		const struct exception_def *e = &r->exceptions[i];

		w.place = &e->name;
		if (expired(e))
			say(l, DIAG_DEPRECATED, &e->expires.place, item_text(item, "rule", r->name.value), NULL,
			    "exception \"" STR_FMT "\" has expired and no longer applies", STR_ARG(e->name.value));
		else if (exception_applies(e))
			put_exception(&w, e);
	}
	return !l->no_memory;
}
