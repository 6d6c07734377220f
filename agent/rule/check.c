/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check
 *
 * Gives every name of a condition its meaning: fields, types, operators,
 * constants. Goes on after an error, so that one run shows them all.
 */
#include "rule/constant.h"
#include "rule/diag.h"
#include "rule/lexer.h"
#include "rule/regex.h"
#include <errno.h>
#include <stdio.h>

struct checker {
	struct arena *a;
	bool compat;
	bool macros_left;	/* the caller speaks of macros */
	ast_report_fn report;
	void *ctx;
	const struct ast *node;	/* the check we are in */
	bool failed;
	bool no_memory;
};

static const char *const type_names[TYPE_MAX] = {
	[TYPE_NONE] = "opaque", [TYPE_BOOL] = "yes/no", [TYPE_INT] = "number", [TYPE_UINT] = "number", [TYPE_PORT] = "port",
	[TYPE_STR] = "text",    [TYPE_BYTES] = "bytes", [TYPE_IP] = "address", [TYPE_NET] = "network",
};

enum severity_of { PROBLEM, SUSPICIOUS, SEMANTICS };

static void say(struct checker *c, enum severity_of s, const struct span *at, const char *near, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void say(struct checker *c, enum severity_of s, const struct span *at, const char *near, const char *fmt, ...)
{
	struct ast_error e = {.pos = at->pos, .len = at->len ? at->len : 1, .line = at->line, .col = at->col,
			      .semantics = s == SEMANTICS};
	struct str macro = c->node ? c->node->macro : STR_NONE;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.message, sizeof(e.message), fmt, ap);
	va_end(ap);
	n = strlen(e.message);
	e.in_macro = macro.n > 0;
	if (macro.n)
		snprintf(e.message + n, sizeof(e.message) - n, " (in macro \"" STR_FMT "\")", STR_ARG(macro));
	if (near)
		snprintf(e.hint, sizeof(e.hint), "did you mean \"%s\"?", near);
	if (s == PROBLEM)
		c->failed = true;
	c->report(c->ctx, &e, s != PROBLEM);
}

#define ERROR(c, at, ...) say(c, PROBLEM, at, NULL, __VA_ARGS__)

/* Where a constant stands: one that a macro brought has no place of its own. */
static const struct span *constant_place(const struct ast *n, uint32_t i)
{
	return n->macro.n ? &n->span : &n->constants[i].span;
}

/* ---- fields ---- */

static struct str key_of(struct checker *c, struct str name, bool has_arg, struct str arg)
{
	char *text;

	if (!has_arg)
		return name;
	text = arena_alloc(c->a, name.n + arg.n + 3);
	if (!text) {
		c->no_memory = true;
		return name;
	}
	return str_n(text, (size_t)sprintf(text, STR_FMT "[" STR_FMT "]", STR_ARG(name), STR_ARG(arg)));
}

static void unknown_field(struct checker *c, const struct expr *x)
{
	const char *why = field_refused(x->text);

	if (why)
		ERROR(c, &x->span, "unknown field \"" STR_FMT "\": %s", STR_ARG(x->text), why);
	else
		say(c, PROBLEM, &x->span, field_nearest(x->text), "unknown field \"" STR_FMT "\"", STR_ARG(x->text));
}

static bool check_field(struct checker *c, struct expr *x)
{
	struct str text = key_of(c, x->text, x->has_arg, x->arg);
	struct field_ref *f = &x->field;

	switch (field_resolve(f, x->text, x->has_arg, x->arg, text)) {
	case FIELD_OK:
		break;
	case FIELD_E_UNKNOWN:
		unknown_field(c, x);
		return false;
	case FIELD_E_ARG_NEEDED:
		ERROR(c, &x->span, "the field \"" STR_FMT "\" needs an argument: " STR_FMT "[...]", STR_ARG(x->text),
		      STR_ARG(x->text));
		return false;
	case FIELD_E_NO_ARG:
		ERROR(c, &x->span, "the field \"" STR_FMT "\" takes no argument", STR_ARG(x->text));
		return false;
	case FIELD_E_ARG:
		say(c, PROBLEM, &x->span, x->has_arg ? NULL : arg_nearest(text), "\"" STR_FMT "\": %s", STR_ARG(text),
		    !x->has_arg ? "the field has no such argument" : x->arg.n ? "the argument of this field is a number" :
		    "the argument is empty");
		return false;
	}
	if (f->flags & FIELD_OUTPUT) {
		ERROR(c, &x->span, "the field \"" STR_FMT "\" is for outputs only", STR_ARG(text));
		return false;
	}
	x->type = f->type;
	x->list = f->flags & FIELD_LIST;
	return true;
}

/* ---- transformers ---- */

static bool check_expr(struct checker *c, struct expr *x);

static bool is_number(enum value_type t)
{
	return t == TYPE_INT || t == TYPE_UINT || t == TYPE_PORT;
}

static bool check_members(struct checker *c, struct expr *x)
{
	bool ok = true;
	uint32_t i;

	for (i = 0; i < x->n; i++) {
		ok &= check_expr(c, x->v[i]);
		if (x->v[i]->kind == EXPR_FIELD && x->v[i]->field.desc && x->v[i]->field.flags & FIELD_NO_TR) {
			ERROR(c, &x->v[i]->span, "no transformer takes the field \"" STR_FMT "\"",
			      STR_ARG(x->v[i]->field.text));
			ok = false;
		}
	}
	return ok;
}

static bool wrong_argument(struct checker *c, const struct expr *x, uint32_t i, const char *wanted)
{
	ERROR(c, &x->v[i]->span, STR_FMT "() takes %s here, not %s %s", STR_ARG(x->text), wanted,
	      x->v[i]->list ? "a list of" : "a", type_names[x->v[i]->type]);
	return false;
}

/* join()'s second argument and getopt()'s first: a list, in parentheses or of a field. */
static bool joinable(const struct expr *x)
{
	uint32_t i;

	for (i = 0; x->kind == EXPR_LIST && i < x->n; i++) {
		if (x->v[i]->list || (x->v[i]->type != TYPE_STR && !is_number(x->v[i]->type)))
			return false;
	}
	return x->kind == EXPR_LIST || (x->list && (x->type == TYPE_STR || is_number(x->type)));
}

static bool check_transform_types(struct checker *c, struct expr *x)
{
	struct expr *first = x->v[0];
	uint32_t i;

	x->type = TYPE_STR;
	x->list = first->list;
	switch (x->transform) {
	case TRANSFORM_TOLOWER:
	case TRANSFORM_TOUPPER:
	case TRANSFORM_BASENAME:
		return first->type == TYPE_STR && first->kind != EXPR_LIST ? true : wrong_argument(c, x, 0, "a text");
	case TRANSFORM_B64:
		x->type = first->type;
		return (first->type == TYPE_STR || first->type == TYPE_BYTES) && first->kind != EXPR_LIST
			       ? true
			       : wrong_argument(c, x, 0, "a text or bytes");
	case TRANSFORM_LEN:
		x->type = TYPE_UINT;
		x->list = false;
		return first->list || first->type == TYPE_STR || first->type == TYPE_BYTES
			   ? true
			   : wrong_argument(c, x, 0, "a text, bytes or a list");
	case TRANSFORM_JOIN:
		x->list = false;
		if (first->type != TYPE_STR || first->list)
			return wrong_argument(c, x, 0, "the text between the parts");
		return joinable(x->v[1]) ? true : wrong_argument(c, x, 1, "a list of texts and numbers");
	case TRANSFORM_CONCAT:
		x->list = false;
		for (i = 0; i < x->n; i++) {
			if (x->v[i]->type != TYPE_STR || x->v[i]->list)
				return wrong_argument(c, x, i, "a text");
		}
		return true;
	case TRANSFORM_GETOPT:
		x->list = !x->has_arg;
		if (!joinable(first))
			return wrong_argument(c, x, 0, "a list of texts");
		return x->v[1]->kind == EXPR_TEXT ? true : wrong_argument(c, x, 1, "a quoted text of option letters");
	case TRANSFORM_MAX:
		break;
	}
	return false;
}

static bool check_transform(struct checker *c, struct expr *x)
{
	const struct transform_desc *d = &transform_table[x->transform];
	bool ok = check_members(c, x);

	if (x->n < d->min || x->n > d->max) {
		ERROR(c, &x->span, "%s() takes %u%s argument%s, not %u", d->word, d->min,
		      d->max > d->min ? " or more" : "", d->min == 1 && d->max == 1 ? "" : "s", x->n);
		return false;
	}
	if (x->has_arg && x->transform != TRANSFORM_GETOPT) {
		ERROR(c, &x->span, "%s() takes no argument in brackets", d->word);
		return false;
	}
	if (x->has_arg && x->arg.n != 1) {
		ERROR(c, &x->span, "getopt() is asked for one option letter, not for \"" STR_FMT "\"", STR_ARG(x->arg));
		return false;
	}
	return ok && check_transform_types(c, x);
}

static bool check_expr(struct checker *c, struct expr *x)
{
	switch (x->kind) {
	case EXPR_FIELD:
		return check_field(c, x);
	case EXPR_TRANSFORM:
		return check_transform(c, x);
	case EXPR_TEXT:
	case EXPR_NUMBER:	/* stands as a text wherever a transformer may take one */
		x->type = TYPE_STR;
		return true;
	case EXPR_LIST:
		x->type = TYPE_STR;
		x->list = true;
		return check_members(c, x);
	}
	return false;
}

/* ---- operators ---- */

static uint32_t class_of(const struct expr *x)
{
	static const uint32_t classes[TYPE_MAX] = {
	    [TYPE_NONE] = C_NONE, [TYPE_BOOL] = C_BOOL,   [TYPE_INT] = C_NUM, [TYPE_UINT] = C_NUM, [TYPE_PORT] = C_NUM,
	    [TYPE_STR] = C_STR,   [TYPE_BYTES] = C_BYTES, [TYPE_IP] = C_ADDR, [TYPE_NET] = C_ADDR,
	};

	return x->list ? C_LIST : classes[x->type];
}

static void operators_for(uint32_t class, char *dst, size_t room)
{
	size_t used = 0;
	unsigned int i;

	dst[0] = '\0';
	for (i = 0; i < OP_MAX; i++) {
		if (op_table[i].classes & class && used < room && i != OP_EQEQ)
			used += (size_t)snprintf(dst + used, room - used, "%s%s", used ? " " : "", op_table[i].word);
	}
}

static bool check_operator(struct checker *c, const struct ast *n)
{
	uint32_t class = class_of(n->lhs);
	char allowed[160];

	if (op_table[n->op].classes & class)
		return true;
	operators_for(class, allowed, sizeof(allowed));
	ERROR(c, &n->op_span, "the operator \"%s\" does not take %s%s (it takes: %s)", op_table[n->op].word,
	      n->lhs->list ? "a list of " : "", type_names[n->lhs->type], allowed);
	return false;
}

static bool comparable(struct checker *c, const struct expr *x)
{
	if (x->kind != EXPR_FIELD || !(x->field.flags & FIELD_NO_RHS))
		return true;
	ERROR(c, &x->span, "the field \"" STR_FMT "\" compares with constants only", STR_ARG(x->field.text));
	return false;
}

/* As type_names, where two numbers of different kinds meet. */
static const char *exact_name(enum value_type t)
{
	return t == TYPE_INT ? "signed number" : t == TYPE_UINT ? "unsigned number" : type_names[t];
}

/* field against field, or against a transformer */
static bool check_rhs(struct checker *c, struct ast *n)
{
	const struct expr *l = n->lhs, *r = n->rhs;

	if (!check_expr(c, n->rhs))
		return false;
	if (n->op == OP_PMATCH || n->op == OP_REGEX || l->type == TYPE_NET || r->type == TYPE_NET) {
		ERROR(c, &r->span, "%s%s compares with constants only",
		      n->op == OP_PMATCH || n->op == OP_REGEX ? op_table[n->op].word : "",
		      n->op == OP_PMATCH || n->op == OP_REGEX ? "" : "a network");
		return false;
	}
	if (!comparable(c, l) || !comparable(c, r))
		return false;
	if (l->type != r->type || l->list != r->list) {
		ERROR(c, &r->span, "the sides differ: %s%s on the left, %s%s on the right", l->list ? "a list of " : "",
		      exact_name(l->type), r->list ? "a list of " : "", exact_name(r->type));
		return false;
	}
	return true;
}

/* ---- constants ---- */

static bool is_field(const struct expr *x, const char *name)
{
	return x->kind == EXPR_FIELD && !strcmp(x->field.desc->name, name);
}

/* A text that names a field, or looks like a transformer, was probably meant as one. */
static void check_misused(struct checker *c, const struct ast *n, uint32_t i)
{
	struct str text = n->constants[i].text, name, arg = STR_NONE;
	struct ast_error ignored;
	struct lexer l = {.text = text, .e = &ignored};
	struct field_ref f;
	unsigned int t;
	bool has_arg;

	lex_blank(&l);
	if (lex_field(&l, &name)) {
		has_arg = lex_literal(&l, "[") && lex_bare_arg(&l, &arg) && lex_literal(&l, "]");
		lex_blank(&l);
		if (lex_end(&l) && field_resolve(&f, name, has_arg, arg, text) == FIELD_OK)
			say(c, SUSPICIOUS, constant_place(n, i), NULL,
			    "the text \"" STR_FMT
			    "\" is the name of a field; to compare with the field write val(" STR_FMT ")",
			    STR_ARG(text), STR_ARG(text));
		return;
	}
	for (t = 0; t < TRANSFORM_MAX; t++) {
		if (text.n && text.p[text.n - 1] == ')' && str_starts(text, str(transform_table[t].word)) &&
		    text.p[strlen(transform_table[t].word)] == '(')
			say(c, SUSPICIOUS, constant_place(n, i), NULL,
			    "the text \"" STR_FMT "\" looks like a transformer; without the quotes it is one",
			    STR_ARG(text));
	}
}

static void check_event_name(struct checker *c, const struct ast *n, uint32_t i)
{
	struct str name = n->constants[i].text;

	if (name_find(name) < 0)
		say(c, PROBLEM, constant_place(n, i), diag_nearest(name, name_table, name_count),
		    "unknown event type \"" STR_FMT "\"", STR_ARG(name));
}

static void check_regex(struct checker *c, const struct ast *n, uint32_t i)
{
	struct regex *r;
	char why[160];
	int error = regex_new(&r, n->constants[i].text, why);

	if (error == -ENOMEM)
		c->no_memory = true;
	else if (error < 0)
		ERROR(c, constant_place(n, i), "invalid regex pattern: %s", why);
	if (error < 0)
		return;
	regex_free(r);
	if (regex_is_plain(n->constants[i].text))
		say(c, SUSPICIOUS, constant_place(n, i), NULL,
		    "the regex \"" STR_FMT
		    "\" may be optimized with simpler operators (=, contains, startswith, endswith)",
		    STR_ARG(n->constants[i].text));
}

#define OUTSIDE "\"" STR_FMT "\" is outside what the field can be; the original compares with another number"

/* What only this field of the original makes of its constants. */
static void check_field_constant(struct checker *c, struct ast *n, uint32_t i, bool said)
{
	const struct field_ref *f = &n->lhs->field;
	const struct span *at = constant_place(n, i);

	if (n->lhs->kind != EXPR_FIELD)
		return;
	if (constant_overflows(f->desc->name, &n->values[i], c->compat) && !said)
		say(c, SEMANTICS, at, NULL, OUTSIDE, STR_ARG(n->constants[i].text));
	if (strcmp(f->desc->name, "evt.rawarg") || (f->type != TYPE_BYTES && !str_eq(f->arg, STR("sig"))))
		return;
	if (c->compat)
		ERROR(c, at, "the original has no constants of the type of \"" STR_FMT "\": wrong parameter type", STR_ARG(f->text));
	else
		say(c, SEMANTICS, at, NULL, "the original refuses constants for \"" STR_FMT "\"", STR_ARG(f->text));
}

static void check_constant(struct checker *c, struct ast *n, uint32_t i)
{
	const struct span *at = constant_place(n, i);
	enum constant_result result;
	char why[160];

	result = constant_parse(&n->values[i], c->a, n->lhs->type, n->op, n->constants[i].text, c->compat, why);
	switch (result) {
	case CONSTANT_OK:
		break;
	case CONSTANT_WRAPS:
		say(c, SEMANTICS, at, NULL, OUTSIDE, STR_ARG(n->constants[i].text));
		break;
	case CONSTANT_HEX:
		say(c, SEMANTICS, at, NULL, "\"" STR_FMT "\" is hexadecimal; the original refuses it",
		    STR_ARG(n->constants[i].text));
		break;
	case CONSTANT_REFUSED:
		say(c, SEMANTICS, at, NULL, "the original refuses \"" STR_FMT "\"", STR_ARG(n->constants[i].text));
		break;
	case CONSTANT_BAD:
		ERROR(c, at, "%s", why);
		return;
	case CONSTANT_NO_MEMORY:
		c->no_memory = true;
		return;
	}
	check_field_constant(c, n, i, result == CONSTANT_WRAPS);
	if (is_field(n->lhs, "evt.type"))
		check_event_name(c, n, i);
	else if (n->op == OP_REGEX)
		check_regex(c, n, i);
	if (n->lhs->type == TYPE_STR)
		check_misused(c, n, i);
}

/* ---- traps of the original ---- */

/* The original looks at the first constant only. */
static void only_first(struct checker *c, struct ast *n)
{
	if (n->nconstants < 2)
		return;
	if (c->compat)
		n->nvalues = 1;
	else
		say(c, SEMANTICS, &n->op_span, NULL,
		    "the original compares \"" STR_FMT "\" with the first value of the list only",
		    STR_ARG(n->lhs->field.text));
}

static void never_matches(struct checker *c, struct ast *n, bool always)
{
	if (c->compat)
		n->trap = always ? TRAP_TRUE : TRAP_FALSE;
	else
		say(c, SEMANTICS, &n->op_span, NULL, "in the original \"" STR_FMT " %s%s%s\" %s",
		    STR_ARG(n->lhs->field.text), op_table[n->op].word, n->modifier ? " " : "",
		    modifier_table[n->modifier].word, always ? "always matches" : "never matches");
}

static bool is_one_side_net(const struct field_ref *f)
{
	return f->type == TYPE_NET && !(f->flags & FIELD_EITHER);
}

static void check_traps(struct checker *c, struct ast *n)
{
	const struct field_ref *f = &n->lhs->field;
	bool in = n->op == OP_IN, intersects = n->op == OP_INTERSECTS, equal = n->op == OP_EQ || n->op == OP_EQEQ;

	if (n->lhs->kind != EXPR_FIELD || n->rhs)
		return;
	if (n->modifier && (f->flags & (FIELD_EITHER | FIELD_ANY)))
		only_first(c, n);
	else if (n->modifier && is_one_side_net(f) && n->op == OP_NE && n->modifier == MODIFIER_ALLOF)
		never_matches(c, n, true);
	else if (n->modifier && is_one_side_net(f) && equal)
		never_matches(c, n, false);
	else if (in && f->flags & FIELD_EITHER && f->type == TYPE_NET)
		only_first(c, n);
	else if (intersects && f->flags & FIELD_EITHER)
		never_matches(c, n, false);
	else if (in && f->flags & FIELD_EITHER && f->type == TYPE_IP)
		never_matches(c, n, false);
	else if ((in || intersects) && is_number(f->type) &&
		 (f->flags & FIELD_ANY || str_starts(f->text, STR("evt.rawarg"))))
		never_matches(c, n, false);
}

/* ---- the tree ---- */

static void check_check(struct checker *c, struct ast *n)
{
	bool ok;
	uint32_t i;

	c->node = n;
	ok = check_expr(c, n->lhs);
	if (n->rhs && ok && check_operator(c, n))
		check_rhs(c, n);
	else if (n->rhs)
		check_expr(c, n->rhs);
	else if (ok)
		ok = check_operator(c, n);
	if (!ok || n->rhs || op_table[n->op].syntax == SYNTAX_UNARY)
		return;
	n->values = arena_array(c->a, struct value, n->nconstants + 1);
	if (!n->values) {
		c->no_memory = true;
		return;
	}
	n->nvalues = n->nconstants;
	for (i = 0; i < n->nconstants; i++)
		check_constant(c, n, i);
	check_traps(c, n);
}

static void check_node(struct checker *c, struct ast *n)
{
	uint32_t i;

	for (i = 0; i < n->n; i++)
		check_node(c, n->v[i]);
	if (n->kind == AST_CHECK) {
		check_check(c, n);
		c->node = NULL;
	} else if (n->kind == AST_MACRO && !c->macros_left) {
		ERROR(c, &n->span, "undefined macro \"" STR_FMT "\"", STR_ARG(n->macro));
	}
}

int ast_check(struct ast *root, struct arena *a, unsigned int flags, ast_report_fn report, void *ctx)
{
	struct checker c = {.a = a, .compat = flags & AST_STRICT_COMPAT, .macros_left = flags & AST_MACROS_LEFT, .report = report, .ctx = ctx};

	check_node(&c, root);
	return c.no_memory ? -ENOMEM : c.failed ? -EINVAL : 0;
}
