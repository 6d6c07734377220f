/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts that can never be true, or always are. What an "and" asks for is laid
 * out as claims; two of them may leave no value for a field. An "or" always
 * holds when its members' opposites contradict each other.
 */
#include "rule/lint_state.h"

#define CLAIMS_MAX 256	/* of one "and": each is held against each */
#define PAIRS_MAX 1000000	/* values of two lists held against each other; what is longer is not looked at */

struct claim {
	const struct ast *n;
	bool negated;
	struct str text;
};

struct claims {
	struct lint *l;
	struct claim v[CLAIMS_MAX];
	uint32_t n;
	bool always;	/* they are the opposites of an "or" */
};

static void collect(struct claims *c, const struct ast *n, bool negated)
{
	if (n->kind == AST_NOT) {
		collect(c, n->v[0], !negated);
		return;
	}
	if (n->kind == (negated ? AST_OR : AST_AND)) {
		for (uint32_t i = 0; i < n->n; i++)
			collect(c, n->v[i], negated);
		return;
	}
	if (c->n < CLAIMS_MAX)
		c->v[c->n++] = (struct claim){n, negated, lint_text(c->l, n)};
}

/* ---- one value ---- */

/* A plain check of a field that has one value at most. */
static bool is_plain(const struct ast *n)
{
	return n->kind == AST_CHECK && !n->rhs && !n->trap && n->lhs->kind == EXPR_FIELD && n->lhs->field.desc && !n->lhs->list &&
	       !(n->lhs->field.flags & (FIELD_LIST | FIELD_ANY | FIELD_EITHER)) && strcmp(n->lhs->field.desc->name, "evt.num") &&
	       (n->lhs->type == TYPE_STR || n->lhs->type == TYPE_INT || n->lhs->type == TYPE_UINT || n->lhs->type == TYPE_PORT ||
		n->lhs->type == TYPE_BOOL) && (n->nconstants == n->nvalues || !n->nconstants);
}

static long double number(const struct value *v)
{
	return v->type == TYPE_INT ? (long double)v->i : v->type == TYPE_BOOL ? (long double)v->b : (long double)v->u;
}

static bool starts(struct str s, struct str with)
{
	return str_starts(s, with);
}

static bool ends(struct str s, struct str with)
{
	return str_ends(s, with);
}

static bool contains(struct str s, struct str what)
{
	return memmem(s.p, s.n, what.p, what.n);
}

static bool equal(const struct value *a, const struct value *b)
{
	if (a->type == TYPE_STR || b->type == TYPE_STR)
		return a->type == b->type && str_eq(a->s, b->s);
	return !(number(a) < number(b)) && !(number(b) < number(a));
}

/* What the check says of a value: 1, 0, or -1 when that is not for us to say. */
static int holds_for(const struct ast *n, const struct value *v)
{
	bool (*text)(struct str, struct str) = n->op == OP_STARTSWITH ? starts : n->op == OP_ENDSWITH ? ends :
						n->op == OP_CONTAINS ? contains : NULL;
	long double a, b;

	if (text && v->type == TYPE_STR && (!n->modifier || n->modifier == MODIFIER_ANYOF)) {
		for (uint32_t i = 0; i < n->nvalues; i++) {
			if (text(v->s, n->constants[i].text))
				return 1;
		}
		return 0;
	}
	if (n->modifier)
		return -1;
	if (n->op == OP_EQ || n->op == OP_EQEQ || n->op == OP_IN || n->op == OP_NE) {
		for (uint32_t i = 0; i < n->nvalues; i++) {
			if (equal(v, &n->values[i]))
				return n->op != OP_NE;
		}
		return n->op == OP_NE;
	}
	if (n->nvalues != 1 || v->type == TYPE_STR || n->values[0].type == TYPE_STR)
		return -1;
	a = number(v);
	b = number(&n->values[0]);
	return n->op == OP_LT ? a < b : n->op == OP_LE ? a <= b : n->op == OP_GT ? a > b : n->op == OP_GE ? a >= b : -1;
}

/* The claim names all values that are left. */
static bool is_choice(const struct claim *c)
{
	const struct ast *n = c->n;

	if (n->modifier || !n->nvalues)
		return false;
	return c->negated ? n->op == OP_NE : n->op == OP_EQ || n->op == OP_EQEQ || n->op == OP_IN;
}

/* None of a's values is left by b. */
static bool none_left(const struct claim *a, const struct claim *b)
{
	if ((uint64_t)a->n->nvalues * (b->n->nvalues + 1) > PAIRS_MAX)
		return false;
	for (uint32_t i = 0; i < a->n->nvalues; i++) {
		int holds = holds_for(b->n, &a->n->values[i]);

		if (holds < 0 || (holds != 0) != b->negated)
			return false;
	}
	return true;
}

/* ---- two claims ---- */

static bool bound(const struct claim *c, bool *lower, bool *with, long double *at)
{
	enum op op = c->n->op;

	if (c->n->modifier || c->n->nvalues != 1 || c->n->values[0].type == TYPE_STR || op < OP_LE || op > OP_GT)
		return false;
	*lower = (op == OP_GT || op == OP_GE) != c->negated;
	*with = (op == OP_LE || op == OP_GE) != c->negated;
	*at = number(&c->n->values[0]);
	return true;
}

/* All numbers of the language are whole. */
static bool apart(const struct claim *a, const struct claim *b)
{
	bool lower[2], with[2];
	long double at[2];

	if (!bound(a, &lower[0], &with[0], &at[0]) || !bound(b, &lower[1], &with[1], &at[1]) || lower[0] == lower[1])
		return false;
	at[0] += with[0] ? 0 : lower[0] ? 1 : -1;
	at[1] += with[1] ? 0 : lower[1] ? 1 : -1;
	return lower[0] ? at[0] > at[1] : at[1] > at[0];
}

static bool other_begin(const struct claim *a, const struct claim *b)
{
	struct str x, y;

	if (a->n->op != OP_STARTSWITH || b->n->op != OP_STARTSWITH || a->n->modifier || b->n->modifier || a->negated || b->negated ||
	    a->n->nconstants != 1 || b->n->nconstants != 1)
		return false;
	x = a->n->constants[0].text;
	y = b->n->constants[0].text;
	return !str_starts(x, y) && !str_starts(y, x);
}

/* *missing: only for events that have the field. */
static bool contradict(const struct claims *all, const struct claim *a, const struct claim *b, bool *missing)
{
	*missing = false;
	if (lint_placeholder(a->n) || lint_placeholder(b->n))
		return false;
	if (str_eq(a->text, b->text))
		return a->negated != b->negated;
	if (a->n->kind != AST_CHECK || b->n->kind != AST_CHECK || !str_eq(a->n->lhs->text, b->n->lhs->text) ||
	    !str_eq(a->n->lhs->arg, b->n->lhs->arg) || !is_plain(a->n) || !is_plain(b->n))
		return false;
	if (!all->always && a->negated && b->negated)
		return false;	/* both hold where the field is missing */
	if (!all->always && ((a->n->op == OP_EXISTS && a->negated) || (b->n->op == OP_EXISTS && b->negated)))
		return true;
	*missing = true;
	if (is_choice(a) && (all->always || !a->negated) && none_left(a, b))
		return true;
	if (is_choice(b) && (all->always || !b->negated) && none_left(b, a))
		return true;
	return apart(a, b) || other_begin(a, b);
}

static void look_claims(struct claims *c, const struct loaded_rule *r, const struct ast *n)
{
	char one[96], two[96];
	bool missing;

	for (uint32_t k = 1; k < c->n; k++) {
		for (uint32_t i = 0; i < k; i++) {
			const struct claim *a = &c->v[i], *b = &c->v[k];

			if (!contradict(c, a, b, &missing))
				continue;
			if (c->always)	/* b stands for its opposite */
				lint_say(c->l, lint_place(n, b->n, a->n), r, "\"and\" may be meant", "\"%s%s\" or \"%s%s\" always holds%s",
					 a->negated ? "" : "not ", lint_shown(one, a->n, n), b->negated ? "" : "not ", lint_shown(two, b->n, n),
					 missing ? " where the field is there" : "");
			else
				lint_say(c->l, lint_place(n, b->n, a->n), r, lint_exception(r, n) ? "the exception leaves nothing" : "\"or\" may be meant",
					 "never true together: \"%s%s\" and \"%s%s\"", a->negated ? "not " : "", lint_shown(one, a->n, n),
					 b->negated ? "not " : "", lint_shown(two, b->n, n));
			return;
		}
	}
}

static void look_at(struct lint *l, const struct loaded_rule *r, const struct ast *n, bool always)
{
	struct claims *c = arena_new_object(l->arena, struct claims);

	if (!c) {
		l->no_memory = true;
		return;
	}
	c->l = l;
	c->n = 0;
	c->always = always;
	collect(c, n, always);
	look_claims(c, r, n);
}

/* ---- lists of nothing ---- */

/* "in ()" as it was written; a named list without items is a place for the reader's own. */
static bool written_empty(const struct lint *l, const struct ast *n)
{
	struct str s = lint_source(l, n->place);
	size_t i;

	if (s.n > 400)
		s.n = 400;
	for (i = 0; i < s.n && s.p[i] != '('; i++)
		;
	for (i++; i < s.n && strchr(" \t\r\n", s.p[i]); i++)
		;
	return i < s.n && s.p[i] == ')';
}

static bool no_event(const struct ast *n)
{
	struct name_set set;

	ast_events(n, &set);
	for (size_t i = 0; i < ARRAY_SIZE(set.bits); i++) {
		if (set.bits[i])
			return false;
	}
	return true;
}

static void look_never(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *parent)
{
	if (!parent && no_event(n)) {
		lint_say(l, n->place, r, "look at what it asks of evt.type and evt.num", "the condition can hold for no event");
		return;
	}
	if (n->kind == AST_CHECK && n->list && !n->nconstants && n->lhs->kind == EXPR_FIELD && written_empty(l, n))
		lint_say(l, n->place, r, NULL, "nothing is in an empty list: this is never true");
	if (n->kind == AST_AND && (!parent || parent->kind != AST_AND))
		look_at(l, r, n, false);
}

void lint_never(struct lint *l)
{
	lint_each_part(l, look_never);
}

static void look_always(struct lint *l, const struct loaded_rule *r, const struct ast *n, const struct ast *parent)
{
	if (n->kind == AST_OR && (!parent || parent->kind != AST_OR))
		look_at(l, r, n, true);
}

void lint_always(struct lint *l)
{
	lint_each_part(l, look_always);
}
