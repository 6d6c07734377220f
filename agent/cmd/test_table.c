/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One case, many rows: "<column>" in a text of the case stands for the row's value. Only names of columns are
 * replaced, so that <NA> and what shells write between angle brackets stay what they are.
 */
#include "cmd/test_reading.h"
#include "util/utf8.h"

#define ROWS_MAX 4096
#define COLUMNS_MAX 64
#define NAME_VALUE_MAX 60	/* bytes of one value in the name of a case */

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* The length of "<word>" at the beginning of s, 0 when there is none. */
static size_t placeholder(struct str s)
{
	size_t n = 1;

	if (!s.n || s.p[0] != '<')
		return 0;
	while (n < s.n && word_char(s.p[n]))
		n++;
	return n > 1 && n < s.n && s.p[n] == '>' ? n + 1 : 0;
}

/* The scalar below n that the text is of: an error points at it. */
static const yaml_node_t *scalar_with(struct reading *r, const yaml_node_t *n, struct str text, unsigned int depth)
{
	const yaml_node_t *found = NULL;

	if (!n || depth > YAML_JSON_DEPTH_MAX)
		return NULL;
	if (n->type == YAML_SCALAR_NODE)
		return n->data.scalar.length >= text.n && memmem(n->data.scalar.value, n->data.scalar.length, text.p, text.n) ? n : NULL;
	if (n->type == YAML_SEQUENCE_NODE) {
		for (yaml_node_item_t *i = n->data.sequence.items.start; !found && i < n->data.sequence.items.top; i++)
			found = scalar_with(r, yaml_document_get_node(&r->doc, *i), text, depth + 1);
	} else if (n->type == YAML_MAPPING_NODE) {
		for (yaml_node_pair_t *p = n->data.mapping.pairs.start; !found && p < n->data.mapping.pairs.top; p++)
			found = scalar_with(r, yaml_document_get_node(&r->doc, p->value), text, depth + 1);
	}
	return found;
}

/* The value of "<word>", NULL when there is no such column; one that is nearly a column's name is a mistake. */
static const json_t *column(struct reading *r, const yaml_node_t *n, struct str bracketed)
{
	const char *names[COLUMNS_MAX], *name, *near;
	struct str word = str_n(bracketed.p + 1, bracketed.n - 2);
	const json_t *v = NULL;
	json_t *one;
	size_t count = 0;
	char hint[96];

	json_object_foreach((json_t *)r->row, name, one) {
		if (str_eq(str(name), word)) {
			json_object_set_new(r->used, name, json_true());
			v = one;
		}
		if (count < COLUMNS_MAX)
			names[count++] = name;
	}
	near = v || str_eq(word, STR("NA")) ? NULL : diag_nearest(word, names, count);
	if (near) {
		snprintf(hint, sizeof(hint), "did you mean \"<%.60s>\"?", near);
		complain(r, scalar_with(r, n, bracketed, 0) ?: n, hint, "the table has no column \"%.*s\"", (int)word.n, word.p);
	}
	return v;
}

static void put_value(struct buf *b, const json_t *v)
{
	char *s;

	if (json_is_string(v)) {
		buf_puts(b, json_string_value(v));
		return;
	}
	s = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	buf_puts(b, s ? s : "");
	free(s);
}

struct str reading_fill(struct reading *r, const yaml_node_t *n, struct str text)
{
	_cleanup_(buf_free) struct buf b = {};

	if (!r->row || !memchr(text.p, '<', text.n))
		return text;
	while (text.n) {
		size_t len = placeholder(text);
		const json_t *v = len ? column(r, n, str_n(text.p, len)) : NULL;

		if (v)
			put_value(&b, v);
		else
			buf_add(&b, text.p, len = 1);
		text = str_skip(text, len);
	}
	text = arena_str(r->t->arena, buf_view(&b));
	r->no_memory = r->no_memory || !text.p;
	return text;
}

const char *reading_text(struct reading *r, const yaml_node_t *n)
{
	const char *s = yaml_text(n);

	return s && r->row ? reading_fill(r, n, str(s)).p : s;
}

/* Counts what the cases hold as well: aliases and tables multiply. */
static json_t *fill_json(struct reading *r, const yaml_node_t *n, json_t *v)
{
	const char *key;
	json_t *one, *kept;
	size_t i;

	r->t->values++;
	if (json_is_object(v)) {
		void *next;

		json_object_foreach_safe(v, next, key, one) {
			kept = fill_json(r, n, json_incref(one));
			json_object_set_new(v, key, kept);
		}
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, one)
			json_array_set_new(v, i, fill_json(r, n, json_incref(one)));
	} else if (json_is_string(v) && r->row && strchr(json_string_value(v), '<')) {
		struct str s = str(json_string_value(v));
		const json_t *whole = placeholder(s) == s.n ? column(r, n, s) : NULL;
		struct str filled = whole ? STR_NONE : reading_fill(r, n, s);
		json_t *is = whole ? json_deep_copy(whole) : json_stringn(filled.p ? filled.p : "", filled.n);

		json_decref(v);
		return is ? is : json_null();
	}
	return v;
}

json_t *reading_json(struct reading *r, const yaml_node_t *n)
{
	json_t *v;

	if (r->t->values > TEST_VALUES_MAX) {
		if (!r->too_much)
			complain(r, n, NULL, "the cases have more than %d fields and values", TEST_VALUES_MAX);
		r->too_much = true;
		return NULL;
	}
	v = yaml_json(&r->doc, n);
	return v ? fill_json(r, n, v) : NULL;
}

/* ---- rows ---- */

static bool row_good(struct reading *r, const yaml_node_t *n, const json_t *row, const json_t *first)
{
	const char *name;
	json_t *v;
	bool ok = true;

	if (!json_is_object(row) || !json_object_size(row) || json_object_size(row) > COLUMNS_MAX) {
		complain(r, n, NULL, "a row is a map of at most %d columns, column: value", COLUMNS_MAX);
		return false;
	}
	json_object_foreach((json_t *)first, name, v) {
		if (json_object_get(row, name))
			continue;
		complain(r, n, NULL, "this row has no column \"%s\"", name);
		ok = false;
	}
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
		const char *s = yaml_text(key);
		struct str bracketed;
		char text[80];

		snprintf(text, sizeof(text), "<%s>", s);
		bracketed = str(text);
		if (placeholder(bracketed) != bracketed.n) {
			complain(r, key, NULL, "the name of a column has letters, digits, \"_\", \"-\" and \".\" only, and at most 77 of them");
			ok = false;
		} else if (!json_object_get(first, s)) {
			complain(r, key, NULL, "the first row has no column \"%s\"", s);
			ok = false;
		}
	}
	return ok;
}

static void check_used(struct reading *r, const yaml_node_t *first)
{
	for (yaml_node_pair_t *p = first->data.mapping.pairs.start; p < first->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);

		if (!json_object_get(r->used, yaml_text(key)))
			complain(r, key, NULL, "no text of the case has \"<%s>\": the column does nothing", yaml_text(key));
	}
}

void reading_table(struct reading *r, const yaml_node_t *table, void (*one)(struct reading *r, const yaml_node_t *n, const yaml_node_t *row),
		   const yaml_node_t *n)
{
	const yaml_node_t *first = NULL;
	json_t *columns = NULL;

	if (table->type != YAML_SEQUENCE_NODE || table->data.sequence.items.start == table->data.sequence.items.top) {
		complain(r, table, NULL, "variants wants a list of rows, each a map column: value");
		return;
	}
	if (table->data.sequence.items.top - table->data.sequence.items.start > ROWS_MAX) {
		complain(r, table, NULL, "more than %d variants", ROWS_MAX);
		return;
	}
	r->used = json_object();
	for (yaml_node_item_t *i = table->data.sequence.items.start; r->used && i < table->data.sequence.items.top; i++) {
		const yaml_node_t *node = yaml_document_get_node(&r->doc, *i);
		json_t *row = yaml_json(&r->doc, node);

		if (row_good(r, node, row, columns ? columns : row)) {
			first = first ? first : node;
			columns = columns ? columns : json_incref(row);
			r->row = row;
			one(r, n, node);
			r->row = NULL;
			r->again = true;
		}
		json_decref(row);
	}
	if (first)
		check_used(r, first);
	r->again = false;
	json_decref(r->used);
	json_decref(columns);
	r->used = NULL;
}

/* What a person needs to tell the rows apart; a long value is cut. */
const char *reading_row_name(struct reading *r, const char *name, bool mentions)
{
	_cleanup_(buf_free) struct buf b = {};
	const char *key, *between = " [";
	json_t *v;

	if (!r->row || mentions)
		return name;
	buf_puts(&b, name ? name : "");
	json_object_foreach((json_t *)r->row, key, v) {
		_cleanup_(buf_free) struct buf value = {};
		size_t cut;

		put_value(&value, v);
		cut = utf8_cut(buf_view(&value), NAME_VALUE_MAX);
		buf_printf(&b, "%s%s=%.*s%s", between, key, (int)cut, value.p ? value.p : "", value.n > cut ? "..." : "");
		between = ", ";
	}
	buf_puts(&b, "]");
	return reading_keep(r, b.p);
}
