/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with a tree as a whole: macros put in, printed, listed. */
#include "rule/ast_node.h"
#include <errno.h>
#include <stdio.h>

/* ---- macros ---- */

static struct expr *copy_expr(const struct expr *x, struct arena *a, const struct span *at)
{
	struct expr *n;
	uint32_t i;

	if (!x)
		return NULL;
	n = arena_alloc(a, sizeof(*n));
	if (!n)
		return NULL;
	*n = *x;
	n->span = *at;
	if (x->n) {
		n->v = arena_array(a, struct expr *, x->n);
		for (i = 0; n->v && i < x->n; i++) {
			n->v[i] = copy_expr(x->v[i], a, at);
			if (!n->v[i])
				return NULL;
		}
	}
	return n->v || !x->n ? n : NULL;
}

static struct ast *copy_node(const struct ast *x, struct arena *a, const struct span *at, struct str macro);

static bool copy_members(struct ast *n, const struct ast *x, struct arena *a, const struct span *at, struct str macro)
{
	uint32_t i;

	n->v = arena_array(a, struct ast *, x->n);
	for (i = 0; n->v && i < x->n; i++) {
		n->v[i] = copy_node(x->v[i], a, at, macro);
		if (!n->v[i])
			return false;
	}
	return n->v;
}

/* What the check fills in is made anew for the copy, as its fields are resolved in its own place. */
static struct ast *copy_node(const struct ast *x, struct arena *a, const struct span *at, struct str macro)
{
	struct ast *n = arena_alloc(a, sizeof(*n));

	if (!n)
		return NULL;
	*n = *x;
	n->span = n->op_span = *at;
	n->macro = macro;
	n->values = NULL;
	n->nvalues = 0;
	n->trap = TRAP_NONE;
	if (x->n && !copy_members(n, x, a, at, macro))
		return NULL;
	n->lhs = copy_expr(x->lhs, a, at);
	n->rhs = copy_expr(x->rhs, a, at);
	if ((x->lhs && !n->lhs) || (x->rhs && !n->rhs))
		return NULL;
	return n;
}

int ast_expand(struct ast **root, struct arena *a, ast_find_macro_fn find, void *ctx, struct ast_error *e)
{
	struct ast *n = *root;
	const struct ast *body;
	uint32_t i;
	int r;

	for (i = 0; i < n->n; i++) {
		r = ast_expand(&n->v[i], a, find, ctx, e);
		if (r < 0)
			return r;
	}
	if (n->kind != AST_MACRO)
		return 0;
	body = find(ctx, n->macro);
	if (!body) {
		memset(e, 0, sizeof(*e));
		e->pos = n->span.pos;
		e->len = n->span.len;
		e->line = n->span.line;
		e->col = n->span.col;
		snprintf(e->message, sizeof(e->message), "undefined macro \"" STR_FMT "\"", STR_ARG(n->macro));
		return -ENOENT;
	}
	n = copy_node(body, a, &n->span, n->macro);
	if (!n)
		return -ENOMEM;
	*root = n;
	return 0;
}

void ast_each_macro(const struct ast *n, void (*fn)(void *ctx, struct str name), void *ctx)
{
	uint32_t i;

	if (n->kind == AST_MACRO)
		fn(ctx, n->macro);
	for (i = 0; i < n->n; i++)
		ast_each_macro(n->v[i], fn, ctx);
}

/* ---- text ---- */

static bool needs_quotes(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || strchr("='\"\\", c))
			return true;
	}
	return false;
}

static void print_value(struct str s, struct buf *out)
{
	static const char from[] = "\b\f\n\r\t\\\"", to[] = "bfnrt\\\"";
	const char *at;
	size_t i;

	if (!needs_quotes(s)) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '"');
	for (i = 0; i < s.n; i++) {
		at = s.p[i] ? strchr(from, s.p[i]) : NULL;
		if (at) {
			buf_char(out, '\\');
			buf_char(out, to[at - from]);
		} else if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
			buf_printf(out, "\\x%02x", (unsigned char)s.p[i]);
		} else {
			buf_char(out, s.p[i]);
		}
	}
	buf_char(out, '"');
}

static void print_expr(const struct expr *x, struct buf *out)
{
	uint32_t i;

	if (x->kind == EXPR_TEXT || x->kind == EXPR_NUMBER) {
		buf_str(out, x->text);
		return;
	}
	if (x->kind != EXPR_LIST)
		buf_str(out, x->text);
	if (x->kind != EXPR_FIELD) {
		buf_char(out, '(');
		for (i = 0; i < x->n; i++) {
			buf_puts(out, !i ? "" : x->kind == EXPR_LIST ? ", " : ",");
			print_expr(x->v[i], out);
		}
		buf_char(out, ')');
	}
	if (x->has_arg) {
		buf_char(out, '[');
		buf_str(out, x->arg);
		buf_char(out, ']');
	}
}

static void print_check(const struct ast *n, struct buf *out)
{
	uint32_t i;

	print_expr(n->lhs, out);
	buf_char(out, ' ');
	buf_puts(out, op_table[n->op].word);
	if (op_table[n->op].syntax == SYNTAX_UNARY)
		return;
	buf_char(out, ' ');
	if (n->modifier)
		buf_printf(out, "%s ", modifier_table[n->modifier].word);
	if (n->rhs && n->rhs->kind == EXPR_FIELD) {
		buf_puts(out, "val(");
		print_expr(n->rhs, out);
		buf_char(out, ')');
	} else if (n->rhs) {
		print_expr(n->rhs, out);
	}
	if (n->list)
		buf_char(out, '(');
	for (i = 0; i < n->nconstants; i++) {
		buf_puts(out, i ? ", " : "");
		print_value(n->constants[i].text, out);
	}
	if (n->list)
		buf_char(out, ')');
}

void ast_print(const struct ast *n, struct buf *out)
{
	uint32_t i;

	switch (n->kind) {
	case AST_AND:
	case AST_OR:
		buf_char(out, '(');
		for (i = 0; i < n->n; i++) {
			buf_puts(out, !i ? "" : n->kind == AST_AND ? " and " : " or ");
			ast_print(n->v[i], out);
		}
		buf_char(out, ')');
		break;
	case AST_NOT:
		buf_puts(out, "not ");
		ast_print(n->v[0], out);
		break;
	case AST_MACRO:
		buf_str(out, n->macro);
		break;
	case AST_CHECK:
		print_check(n, out);
		break;
	}
}

/* ---- what a tree names ---- */

struct seen {
	const struct ast *root;
	void (*field)(void *ctx, const struct field_ref *f);
	void *ctx;
};

typedef bool (*expr_fn)(const struct expr *x, void *ctx);

/* Calls fn for every field until it returns true. */
static bool each_field_of(const struct expr *x, expr_fn fn, void *ctx)
{
	uint32_t i;

	if (!x)
		return false;
	if (x->kind == EXPR_FIELD && fn(x, ctx))
		return true;
	for (i = 0; i < x->n; i++) {
		if (each_field_of(x->v[i], fn, ctx))
			return true;
	}
	return false;
}

static bool each_field(const struct ast *n, expr_fn fn, void *ctx)
{
	uint32_t i;

	for (i = 0; i < n->n; i++) {
		if (each_field(n->v[i], fn, ctx))
			return true;
	}
	return n->kind == AST_CHECK && (each_field_of(n->lhs, fn, ctx) || each_field_of(n->rhs, fn, ctx));
}

/* The first field of that text in the tree: is it the one we are at? */
static bool same_text(const struct expr *x, void *ctx)
{
	return str_eq(x->field.text, (*(const struct expr **)ctx)->field.text) && (*(const struct expr **)ctx = x);
}

static bool report_first(const struct expr *x, void *ctx)
{
	struct seen *s = ctx;
	const struct expr *first = x;

	each_field(s->root, same_text, &first);
	if (first == x && x->field.desc)
		s->field(s->ctx, &x->field);
	return false;
}

void ast_each_field(const struct ast *n, void (*fn)(void *ctx, const struct field_ref *f), void *ctx)
{
	struct seen s = {n, fn, ctx};

	each_field(n, report_first, &s);
}

static void operators(const struct ast *n, bool seen[OP_MAX], void (*fn)(void *ctx, const char *op), void *ctx)
{
	uint32_t i;

	for (i = 0; i < n->n; i++)
		operators(n->v[i], seen, fn, ctx);
	if (n->kind == AST_CHECK && !seen[n->op]) {
		seen[n->op] = true;
		fn(ctx, op_table[n->op].word);
	}
}

void ast_each_operator(const struct ast *n, void (*fn)(void *ctx, const char *op), void *ctx)
{
	bool seen[OP_MAX] = {};

	operators(n, seen, fn, ctx);
}
