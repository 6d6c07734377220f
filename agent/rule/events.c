/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events
 *
 * For which event types can a condition be true? Negation is pushed to the
 * leaves; and is intersection, or is union, what decides nothing is all.
 */
#include "rule/ast_node.h"

#define WORDS (NAMES_MAX / 64)

static void set_none(struct name_set *s)
{
	memset(s, 0, sizeof(*s));
}

static void set_add(struct name_set *s, int name)
{
	s->bits[name / 64] |= 1ull << (name % 64);
}

static void set_all(struct name_set *s)
{
	unsigned int i;

	set_none(s);
	for (i = 0; i < name_count; i++)
		set_add(s, (int)i);
}

static void set_complement(struct name_set *s)
{
	struct name_set all;
	unsigned int i;

	set_all(&all);
	for (i = 0; i < WORDS; i++)
		s->bits[i] = all.bits[i] & ~s->bits[i];
}

static void set_join(struct name_set *s, const struct name_set *other, bool intersection)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		s->bits[i] = intersection ? s->bits[i] & other->bits[i] : s->bits[i] | other->bits[i];
}

static bool is_field(const struct expr *x, const char *name)
{
	return x->kind == EXPR_FIELD && x->field.desc && !strcmp(x->field.desc->name, name);
}

/* evt.type compared with names: true when the check decides. */
static bool type_check(const struct ast *n, struct name_set *ret)
{
	uint32_t i;
	int name;

	if (n->rhs || n->modifier || (!is_field(n->lhs, "evt.type") && !is_field(n->lhs, "syscall.type")))
		return false;
	if (n->op != OP_EQ && n->op != OP_EQEQ && n->op != OP_NE && n->op != OP_IN && n->op != OP_EXISTS)
		return false;
	if (n->op == OP_EXISTS) {	/* some events have no syscall.type: there it decides nothing */
		set_all(ret);
		return is_field(n->lhs, "evt.type");
	}
	set_none(ret);
	for (i = 0; i < n->nconstants; i++) {
		name = name_find(n->constants[i].text);
		if (name >= 0)
			set_add(ret, name);
	}
	if (n->op == OP_NE)
		set_complement(ret);
	return true;
}

/* evt.num is at least 1: 0 never, 1 always, -1 when that says nothing. */
static int number_check(const struct ast *n)
{
	const struct value *v = n->values;
	bool zero, below;

	if (n->rhs || n->modifier || !v || !is_field(n->lhs, "evt.num"))
		return -1;
	if (n->op == OP_IN && !n->nconstants)
		return 0;
	if (n->nconstants != 1)
		return -1;
	zero = v->type == TYPE_UINT && v->u == 0;
	below = v->type == TYPE_INT || zero;	/* not above 0 */
	switch (n->op) {
	case OP_EQ:
	case OP_EQEQ:
	case OP_IN:
		return below ? 0 : -1;
	case OP_NE:
		return below ? 1 : -1;
	case OP_LT:
		return below || v->u == 1 ? 0 : -1;
	case OP_LE:
		return below ? 0 : -1;
	case OP_GT:
		return below ? 1 : -1;
	case OP_GE:
		return below || v->u == 1 ? 1 : -1;
	default:
		return -1;
	}
}

static void events(const struct ast *n, bool negated, struct name_set *ret)
{
	struct name_set part;
	uint32_t i;
	int decided;

	if (n->kind == AST_NOT) {
		events(n->v[0], !negated, ret);
		return;
	}
	if (n->kind == AST_AND || n->kind == AST_OR) {
		events(n->v[0], negated, ret);
		for (i = 1; i < n->n; i++) {
			events(n->v[i], negated, &part);
			set_join(ret, &part, (n->kind == AST_AND) != negated);
		}
		return;
	}
	set_all(ret);
	if (n->kind != AST_CHECK)
		return;
	decided = number_check(n);
	if (type_check(n, ret)) {
		if (negated)
			set_complement(ret);
	} else if (decided >= 0 && decided == negated) {
		set_none(ret);
	}
}

void ast_events(const struct ast *n, struct name_set *ret)
{
	events(n, false, ret);
}
