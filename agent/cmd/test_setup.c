/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that one case adds, and what loading them must complain of. The items reach the loader as a text of their own
 * in which every line keeps its number, so that what is wrong with them is said at its place in the test file.
 */
#include "cmd/test_reading.h"

static bool count_lines(struct reading *r)
{
	size_t n = 1, k = 0;

	if (r->lines)
		return true;
	for (size_t i = 0; i < r->text.n; i++)
		n += r->text.p[i] == '\n';
	r->lines = arena_array(r->t->arena, size_t, n + 1);
	if (!r->lines)
		return false;
	r->lines[k++] = 0;
	for (size_t i = 0; i < r->text.n; i++) {
		if (r->text.p[i] == '\n')
			r->lines[k++] = i + 1;
	}
	r->nlines = k;
	return true;
}

/* The byte that a mark, which counts characters, stands at. */
static size_t byte_of(const struct reading *r, const yaml_mark_t *m)
{
	size_t at = m->line < r->nlines ? r->lines[m->line] : r->text.n;

	for (size_t col = 0; col < m->column && at < r->text.n; col++) {
		at++;
		while (at < r->text.n && ((unsigned char)r->text.p[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

/* Text for the loader, behind so many empty lines and blanks. */
static struct str placed(struct reading *r, size_t lines, size_t blanks, struct str text)
{
	char *p = text.p ? arena_alloc(r->t->arena, lines + blanks + text.n + 1) : NULL;

	r->no_memory = r->no_memory || !p;
	if (!p)
		return STR_NONE;
	memset(p, '\n', lines);
	memset(p + lines, ' ', blanks);
	memcpy(p + lines + blanks, text.p, text.n);
	return str_n(p, lines + blanks + text.n);
}

/* Blanks before a line. */
static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* How many columns further right the lines of a block scalar stand in the file. */
static unsigned int block_indent(const struct reading *r, const yaml_node_t *n, struct str value)
{
	size_t line = n->start_mark.line + 1;

	for (; value.n && value.p[0] == '\n'; line++)
		value = str_skip(value, 1);
	if (line >= r->nlines)
		return 0;
	return (unsigned int)(indent_of(str_n(r->text.p + r->lines[line], r->text.n - r->lines[line])) - indent_of(value));
}

static void setup_of_text(struct reading *r, const yaml_node_t *n, struct test_setup *s)
{
	struct str value = str_n((const char *)n->data.scalar.value, n->data.scalar.length);

	if (n->data.scalar.style != YAML_LITERAL_SCALAR_STYLE) {
		complain(r, n, NULL, "setup as a text wants its lines kept: \"setup: |\"");
		return;
	}
	s->indent = block_indent(r, n, value);
	s->line = (unsigned int)n->start_mark.line + 2;
	s->col = s->indent + 1;
	s->source.text = placed(r, s->line - 1, 0, reading_fill(r, n, value));
}

static void setup_of_items(struct reading *r, const yaml_node_t *n, struct test_setup *s)
{
	size_t begin = byte_of(r, &n->start_mark), end = byte_of(r, &n->end_mark);
	struct str items = str_n(r->text.p + begin, end > begin ? end - begin : 0);

	s->line = (unsigned int)n->start_mark.line + 1;
	s->col = (unsigned int)(begin - r->lines[n->start_mark.line]) + 1;
	s->source.text = placed(r, n->start_mark.line, s->col - 1, reading_fill(r, n, items));
}

/* The rows of a table that leave the setup alone share one, and with it the loaded rules. */
static const struct test_setup *of_last_row(const struct reading *r, const struct test_setup *s)
{
	const struct test_setup *last = r->again && r->t->n > 1 ? r->t->v[r->t->n - 2].setup : NULL;

	return last && last->line == s->line && str_eq(last->source.text, s->source.text) ? last : s;
}

void read_setup(struct reading *r, const yaml_node_t *n, struct test_case *c)
{
	struct test_setup *s = n ? arena_new_object(r->t->arena, struct test_setup) : NULL;

	if (!n)
		return;
	if (!s || !count_lines(r)) {
		r->no_memory = true;
		return;
	}
	s->source.name = c->place.file;
	if (n->type == YAML_SEQUENCE_NODE && n->start_mark.line < r->nlines)
		setup_of_items(r, n, s);
	else if (n->type == YAML_SCALAR_NODE && n->data.scalar.length)
		setup_of_text(r, n, s);
	else
		complain(r, n, NULL, "setup wants a list of lists, macros and rules, as a rules file has, or such a file as a text");
	if (s->source.text.p)
		c->setup = of_last_row(r, s);
}

/* ---- diagnostics ---- */

static const char *const diagnostic_keys[] = {"code", "line", "col", "message", "file"};
const struct known_keys test_diagnostics_keys = {diagnostic_keys, ARRAY_SIZE(diagnostic_keys), "an expected diagnostic"};

static const char *known_code(struct reading *r, const yaml_node_t *n, const char *code)
{
	const char *names[DIAG_CODE_MAX], *near;
	char hint[96];

	for (int i = 0; i < DIAG_CODE_MAX; i++) {
		names[i] = diag_code_name((enum diag_code)i);
		if (!strcmp(names[i], code))
			return names[i];
	}
	near = diag_nearest(str(code), names, DIAG_CODE_MAX);
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	complain(r, n, near ? hint : NULL, "no diagnostic has the code \"%s\"", code);
	return NULL;
}

static void read_position(struct reading *r, const yaml_node_t *map, const char *key, unsigned int *ret)
{
	const yaml_node_t *n = yaml_map_get(&r->doc, map, key, NULL);
	const char *s = reading_text(r, n);
	char *end;
	unsigned long v = s ? strtoul(s, &end, 10) : 0;

	if (!n)
		return;
	if (!v || *end || v > 1000000000)
		complain(r, n, NULL, "%s wants a number from 1", key);
	else
		*ret = (unsigned int)v;
}

static void read_diagnostic(struct reading *r, const yaml_node_t *n, struct expected_diag *d)
{
	const yaml_node_t *code = n;
	const char *text;

	if (n->type == YAML_MAPPING_NODE) {
		reading_keys(r, n, &test_diagnostics_keys);
		code = yaml_map_get(&r->doc, n, "code", NULL);
		d->message = reading_keep(r, reading_text(r, yaml_map_get(&r->doc, n, "message", NULL)));
		d->file = reading_keep(r, reading_text(r, yaml_map_get(&r->doc, n, "file", NULL)));
		read_position(r, n, "line", &d->line);
		read_position(r, n, "col", &d->col);
	}
	text = reading_text(r, code);
	if (text)
		d->code = known_code(r, code, text);
	else if (code || (!d->message && !d->line && !d->file))
		complain(r, n, NULL, "an expected diagnostic is a code, or a map with code, line, col, message or file");
}

void read_diagnostics(struct reading *r, const yaml_node_t *n, struct test_case *c)
{
	if (!n)
		return;
	if (n->type != YAML_SEQUENCE_NODE || n->data.sequence.items.start == n->data.sequence.items.top) {
		complain(r, n, NULL, "diagnostics wants a list");
		return;
	}
	if (n->data.sequence.items.top - n->data.sequence.items.start > TEST_LIST_MAX) {
		complain(r, n, NULL, "more than %d diagnostics", TEST_LIST_MAX);
		return;
	}
	c->diagnostics = arena_array(r->t->arena, struct expected_diag,
				     (size_t)(n->data.sequence.items.top - n->data.sequence.items.start));
	r->no_memory = r->no_memory || !c->diagnostics;
	for (yaml_node_item_t *i = n->data.sequence.items.start; c->diagnostics && i < n->data.sequence.items.top; i++)
		read_diagnostic(r, yaml_document_get_node(&r->doc, *i), &c->diagnostics[c->ndiagnostics++]);
}
