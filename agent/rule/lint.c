/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/lint.h"
#include "rule/lint_state.h"
#include "rule/part.h"
#include <errno.h>
#include <stdarg.h>

static const struct {
	enum diag_code code;
	void (*run)(struct lint *l);
} lints[] = {
#define LINT(ID, function, title, doc) {DIAG_LINT_##ID, function},
#include "rule/lint.def"
};

/* ---- saying it ---- */

static const struct rule_source *source_of(const struct lint *l, struct str file)
{
	for (size_t i = 0; i < l->in->nsources; i++) {
		if (str_eq(l->in->sources[i].name, file))
			return &l->in->sources[i];
	}
	return NULL;
}

static bool before(unsigned int line, unsigned int col, unsigned int other_line, unsigned int other_col)
{
	return line != other_line ? line < other_line : col < other_col;
}

static bool said(const struct lint *l, const struct diag_place *at)
{
	for (size_t i = 0; i < l->diags->n; i++) {
		const struct diag *d = &l->diags->v[i];

		if (d->code == l->code && d->place.line == at->line && d->place.col == at->col && str_eq(d->place.file, at->file))
			return true;
	}
	return false;
}

/* Whether the item that the place is within wants this lint silent. */
static bool quiet(const struct lint *l, const struct diag_place *at)
{
	for (size_t i = 0; i < l->loaded->nquiet; i++) {
		const struct loaded_quiet *q = &l->loaded->quiet[i];

		if ((q->lints & l->bit) && str_eq(q->from.file, at->file) && !before(at->line, at->col, q->from.line, q->from.col) &&
		    before(at->line, at->col, q->to_line, q->to_col))
			return true;
	}
	return false;
}

void lint_say(struct lint *l, const struct diag_place *at, const struct loaded_rule *r, const char *hint, const char *fmt, ...)
{
	const struct rule_source *s;
	char message[512], item[160];
	va_list ap;

	if (!at && r)
		at = &r->place;
	if (!at || quiet(l, at) || (r && quiet(l, &r->place)) || said(l, at))
		return;
	s = source_of(l, at->file);
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (r)
		snprintf(item, sizeof(item), "rule \"%.120s\"", r->info.name);
	diags_add(l->diags, l->code, *at, s ? s->text : STR_NONE, r ? item : NULL, hint, "%s", message);
}

struct str lint_source(const struct lint *l, const struct diag_place *at)
{
	const struct rule_source *s = at ? source_of(l, at->file) : NULL;
	struct str rest = s ? s->text : STR_NONE;

	for (unsigned int line = 1; s && line < at->line; line++) {
		const char *nl = memchr(rest.p, '\n', rest.n);

		rest = nl ? str_skip(rest, (size_t)(nl + 1 - rest.p)) : STR_NONE;
		if (!nl)
			break;
	}
	return rest.n >= at->col && at->col ? str_skip(rest, at->col - 1) : STR_NONE;
}

/* ---- texts of parts ---- */

/* Sorted, each once. Returns how many are left. */
static uint32_t sort_once(struct str *v, uint32_t n)
{
	uint32_t k = 0;

	qsort(v, n, sizeof(*v), str_order);
	for (uint32_t i = 0; i < n; i++) {
		if (!k || !str_eq(v[k - 1], v[i]))
			v[k++] = v[i];
	}
	return k;
}

/* Of its members, those of a member of the same kind in its place. Without v they are only counted. */
static uint32_t members(struct lint *l, const struct ast *n, enum ast_kind kind, struct str *v)
{
	uint32_t count = 0;

	if (n->kind != kind) {
		if (v)
			*v = lint_text(l, n);
		return 1;
	}
	for (uint32_t i = 0; i < n->n; i++)
		count += members(l, n->v[i], kind, v ? v + count : NULL);
	return count;
}

struct str *lint_members(struct lint *l, const struct ast *n, enum ast_kind kind, uint32_t *ret)
{
	uint32_t count = members(l, n, kind, NULL);
	struct str *v = arena_array(l->arena, struct str, count);

	*ret = 0;
	if (!v) {
		l->no_memory = true;
		return NULL;
	}
	members(l, n, kind, v);
	*ret = sort_once(v, count);
	return v;
}

static void put_joined(struct buf *b, const struct str *v, uint32_t n, const char *between)
{
	buf_char(b, '(');
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(b, i ? between : "");
		buf_str(b, v[i]);
	}
	buf_char(b, ')');
}

static void put_check(struct lint *l, struct buf *b, const struct ast *n)
{
	struct ast bare = *n;
	struct str *v;

	if (!n->list || n->nconstants < 2) {
		ast_print(n, b);
		return;
	}
	bare.nconstants = 0;
	ast_print(&bare, b);
	v = arena_array(l->arena, struct str, n->nconstants);
	if (!v) {
		l->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n->nconstants; i++)
		v[i] = n->constants[i].text;
	put_joined(b, v, sort_once(v, n->nconstants), "\n");
}

struct str lint_text(struct lint *l, const struct ast *n)
{
	struct buf b _cleanup_(buf_free) = {};
	struct str ret, *v;
	uint32_t count;

	if (n->kind == AST_AND || n->kind == AST_OR) {
		v = lint_members(l, n, n->kind, &count);
		put_joined(&b, v, count, n->kind == AST_AND ? " and " : " or ");
	} else if (n->kind == AST_NOT && n->v[0]->kind == AST_NOT) {
		return lint_text(l, n->v[0]->v[0]);
	} else if (n->kind == AST_NOT) {
		buf_puts(&b, "not ");
		buf_str(&b, lint_text(l, n->v[0]));
	} else {
		put_check(l, &b, n);
	}
	ret = arena_str(l->arena, buf_view(&b));
	if (!ret.p)
		l->no_memory = true;
	return ret.p ? ret : STR("");
}

struct str lint_macro(const struct ast *n)
{
	while (n->kind == AST_NOT)
		n = n->v[0];
	return n->macro;
}

bool lint_placeholder(const struct ast *n)
{
	while (n->kind == AST_NOT)
		n = n->v[0];
	return n->kind == AST_CHECK &&
	       ((n->list && !n->nconstants) || (n->lhs->kind == EXPR_FIELD && str_eq(n->lhs->text, STR("evt.num"))));
}

const struct diag_place *lint_place(const struct ast *within, const struct ast *first, const struct ast *second)
{
	if (str_eq(lint_macro(first), lint_macro(within)))
		return first->place;
	return str_eq(lint_macro(second), lint_macro(within)) ? second->place : within->place;
}

const char *lint_shown(char buf[96], const struct ast *n, const struct ast *within)
{
	struct str macro = lint_macro(n);
	struct buf b _cleanup_(buf_free) = {};

	if (macro.n && !str_eq(macro, within->macro)) {
		snprintf(buf, 96, "%s%.*s", n->kind == AST_NOT ? "not " : "", (int)(macro.n < 90 ? macro.n : 90), macro.p);
		return buf;
	}
	part_print(n, 72, &b);
	snprintf(buf, 96, "%s", b.p ? b.p : "");
	return buf;
}

/* ---- walking ---- */

const struct loaded_exception *lint_exception(const struct loaded_rule *r, const struct ast *n)
{
	const struct loaded_written *w = r->written;

	for (size_t i = 0; w && n->kind == AST_NOT && n->place && i < w->nexceptions; i++) {
		const struct diag_place *p = &w->exceptions[i].place;

		if (p->line == n->place->line && p->col == n->place->col && str_eq(p->file, n->place->file))
			return &w->exceptions[i];
	}
	return NULL;
}

static void walk(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *parent, lint_part_fn fn)
{
	if (lint_exception(r, n))
		return;
	fn(l, r, n, parent);
	for (uint32_t i = 0; i < n->n; i++)
		walk(l, r, n->v[i], n, fn);
}

void lint_each_part(struct lint *l, lint_part_fn fn)
{
	for (uint32_t i = 0; i < l->loaded->nrules; i++) {
		if (l->loaded->rules[i].tree)
			walk(l, &l->loaded->rules[i], l->loaded->rules[i].tree, NULL, fn);
	}
}

/* ---- the whole ---- */

static size_t file_order(const struct lint *l, struct str file)
{
	const struct rule_source *s = source_of(l, file);

	return s ? (size_t)(s - l->in->sources) : l->in->nsources;
}

static bool stands_before(const struct lint *l, const struct diag *a, const struct diag *b)
{
	size_t x = file_order(l, a->place.file), y = file_order(l, b->place.file);

	if (x != y)
		return x < y;
	return before(a->place.line, a->place.col, b->place.line, b->place.col);
}

static void sort(const struct lint *l)
{
	struct diag *v = l->diags->v;

	for (size_t i = 1; i < l->diags->n; i++) {	/* DIAGS_MAX at most */
		struct diag d = v[i];
		size_t k = i;

		for (; k > 0 && stands_before(l, &d, &v[k - 1]); k--)
			v[k] = v[k - 1];
		v[k] = d;
	}
}

int lint_run(const struct lint_input *in, struct diags *d)
{
	struct lint l = {.in = in, .loaded = in->loaded, .diags = d};

	for (size_t i = 0; i < ARRAY_SIZE(lints) && !l.no_memory; i++) {
		l.bit = 1u << i;
		if (!(in->lints & l.bit))
			continue;
		l.arena = arena_new(0);
		if (!l.arena)
			return -ENOMEM;
		l.code = lints[i].code;
		lints[i].run(&l);
		l.arena = arena_free(l.arena);
	}
	sort(&l);
	return l.no_memory ? -ENOMEM : 0;
}
