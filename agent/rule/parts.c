/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/parts.h"
#include "rule/ast_node.h"
#include "rule/matcher.h"
#include <errno.h>
#include <stdlib.h>

/* A node of the tree, laid flat: children stand behind their parent. */
struct flat {
	const struct ast *ast;
	uint32_t parent;	/* NONE: the root */
	uint32_t check;		/* AST_CHECK: which */
	/* of the event in hand */
	uint32_t yes;		/* members that hold */
	bool holds;
};

/* A mutant says of one node what it is instead; what that makes of the whole follows from the members' counts. */
struct change {
	uint32_t node;
	uint32_t other;		/* MUTATE_DROP: the member; MUTATE_OPERATOR: index among the conditions asked */
};

struct parts {
	struct arena *arena;
	struct flat *nodes;
	uint32_t nnodes;
	const char **texts;	/* of the checks */
	uint32_t nchecks;
	struct mutant *mutants;
	struct change *changes;
	uint32_t nmutants, max, left_out;
	const struct ast **asked;	/* every check, behind them those with another operator */
	uint32_t nasked;
	struct matcher *matcher;
	uint32_t *hits;
	bool *outcome;		/* per condition asked */
};

#define NONE UINT32_MAX

/* ---- taking apart ---- */

static void count(const struct ast *n, uint32_t *nodes, uint32_t *checks)
{
	++*nodes;
	*checks += n->kind == AST_CHECK;
	for (uint32_t i = 0; i < n->n; i++)
		count(n->v[i], nodes, checks);
}

static const char *text_of(struct arena *a, const char *prefix, const struct ast *n)
{
	_cleanup_(buf_free) struct buf b = {};

	buf_puts(&b, prefix);
	part_print(n, PART_TEXT_MAX, &b);
	return buf_error(&b) ? NULL : arena_strdup(a, b.p);
}

static bool lay(struct parts *p, const struct ast *n, uint32_t parent)
{
	uint32_t at = p->nnodes++;

	p->nodes[at] = (struct flat){.ast = n, .parent = parent, .check = NONE};
	if (n->kind == AST_CHECK) {
		p->nodes[at].check = p->nchecks;
		p->asked[p->nchecks] = n;
		p->texts[p->nchecks] = text_of(p->arena, "", n);
		if (!p->texts[p->nchecks++])
			return false;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		if (!lay(p, n->v[i], at))
			return false;
	}
	return true;
}

int parts_new(struct parts **ret, const struct ast *condition)
{
	struct parts *p = calloc(1, sizeof(*p));
	uint32_t nodes = 0, checks = 0;

	if (!p)
		return -ENOMEM;
	count(condition, &nodes, &checks);
	p->arena = arena_new(0);
	p->nodes = p->arena ? arena_array(p->arena, struct flat, nodes) : NULL;
	p->texts = p->nodes ? arena_array(p->arena, const char *, checks + 1) : NULL;
	p->asked = p->texts ? arena_array(p->arena, const struct ast *, 2 * checks + 1) : NULL;
	if (!p->asked || !lay(p, condition, NONE)) {
		parts_free(p);
		return -ENOMEM;
	}
	p->nasked = p->nchecks;
	*ret = p;
	return 0;
}

struct parts *parts_free(struct parts *p)
{
	if (!p)
		return NULL;
	matcher_free(p->matcher);
	arena_free(p->arena);
	free(p);
	return NULL;
}

uint32_t parts_count(const struct parts *p)
{
	return p->nchecks;
}

struct part parts_at(const struct parts *p, uint32_t i)
{
	return part_of_tree(p->asked[i]);
}

const char *parts_text(const struct parts *p, uint32_t i)
{
	return p->texts[i];
}

/* ---- mutants ---- */

static bool add(struct parts *p, enum mutation kind, const struct ast *n, uint32_t node, uint32_t other, const char *what)
{
	if (!what)
		return false;
	p->changes[p->nmutants] = (struct change){node, other};
	p->mutants[p->nmutants++] = (struct mutant){kind, n->place, n->macro, what};
	return true;
}

static bool room(struct parts *p)
{
	if (p->nmutants < p->max)
		return true;
	p->left_out++;
	return false;
}

/* What a comparison becomes: one that the same constants fit. OP_EXISTS: nothing. */
static enum op other_op(const struct ast *n)
{
	switch (n->op) {
	case OP_LT:
		return OP_LE;
	case OP_LE:
		return OP_LT;
	case OP_GT:
		return OP_GE;
	case OP_GE:
		return OP_GT;
	case OP_CONTAINS:
	case OP_ICONTAINS:
	case OP_STARTSWITH:
	case OP_ENDSWITH:
		/* constants of bytes are what the operator took them for */
		return n->lhs->type == TYPE_STR ? OP_EQ : OP_EXISTS;
	default:
		return OP_EXISTS;
	}
}

static bool mutate_check(struct parts *p, uint32_t at)
{
	const struct ast *n = p->nodes[at].ast;
	enum op op = other_op(n);
	struct ast *changed;

	if (room(p) && !add(p, MUTATE_NEGATE, n, at, NONE, text_of(p->arena, "negated: not ", n)))
		return false;
	if (op == OP_EXISTS || n->trap || !room(p))
		return true;
	changed = arena_new_object(p->arena, struct ast);
	if (!changed)
		return false;
	*changed = *n;
	changed->op = op;
	p->asked[p->nasked++] = changed;
	return add(p, MUTATE_OPERATOR, n, at, p->nasked - 1, text_of(p->arena, "changed to: ", changed));
}

static bool mutate_group(struct parts *p, uint32_t at)
{
	const struct ast *n = p->nodes[at].ast;
	struct ast swapped = *n;

	swapped.kind = n->kind == AST_AND ? AST_OR : AST_AND;
	if (room(p) && !add(p, MUTATE_SWAP, n, at, NONE,
			    text_of(p->arena, n->kind == AST_AND ? "\"and\" became \"or\": " : "\"or\" became \"and\": ", &swapped)))
		return false;
	for (uint32_t i = at + 1, members = 0; members < n->n; i++) {
		if (p->nodes[i].parent != at)
			continue;
		members++;
		if (room(p) && !add(p, MUTATE_DROP, p->nodes[i].ast, at, i, text_of(p->arena, "dropped: ", p->nodes[i].ast)))
			return false;
	}
	return true;
}

static int make_matcher(struct parts *p, unsigned int check_flags)
{
	p->hits = arena_array(p->arena, uint32_t, p->nasked + 1);
	p->outcome = arena_array(p->arena, bool, p->nasked + 1);
	if (!p->hits || !p->outcome)
		return -ENOMEM;
	return matcher_new(&p->matcher, p->asked, p->nasked, check_flags);
}

int parts_mutate(struct parts *p, uint32_t max, unsigned int check_flags)
{
	bool ok = true;

	p->max = max;
	p->mutants = arena_array(p->arena, struct mutant, max + 1);
	p->changes = arena_array(p->arena, struct change, max + 1);
	if (!p->mutants || !p->changes)
		return -ENOMEM;
	for (uint32_t i = 0; ok && i < p->nnodes; i++) {
		if (p->nodes[i].check != NONE)
			ok = mutate_check(p, i);
		else if (p->nodes[i].ast->n > 1)
			ok = mutate_group(p, i);
	}
	return ok ? make_matcher(p, check_flags) : -ENOMEM;
}

uint32_t parts_mutants(const struct parts *p)
{
	return p->nmutants;
}

uint32_t parts_left_out(const struct parts *p)
{
	return p->left_out;
}

const struct mutant *parts_mutant(const struct parts *p, uint32_t i)
{
	return &p->mutants[i];
}

/* ---- judging ---- */

static bool holds_with(const struct flat *f, uint32_t yes)
{
	switch (f->ast->kind) {
	case AST_AND:
		return yes == f->ast->n;
	case AST_OR:
		return yes > 0;
	case AST_NOT:
		return !yes;
	default:
		return false;	/* a macro that is not there */
	}
}

/* From the last node to the first: members stand behind their group. */
static void judge_nodes(struct parts *p)
{
	for (uint32_t i = 0; i < p->nnodes; i++)
		p->nodes[i].yes = 0;
	for (uint32_t i = p->nnodes; i-- > 0;) {
		struct flat *f = &p->nodes[i];

		f->holds = f->check != NONE ? p->outcome[f->check] : holds_with(f, f->yes);
		if (f->parent != NONE)
			p->nodes[f->parent].yes += f->holds;
	}
}

static bool changed_node(const struct parts *p, uint32_t i)
{
	const struct change *c = &p->changes[i];
	const struct flat *f = &p->nodes[c->node];
	uint32_t yes = f->yes;

	switch (p->mutants[i].kind) {
	case MUTATE_NEGATE:
		return !f->holds;
	case MUTATE_OPERATOR:
		return p->outcome[c->other];
	case MUTATE_SWAP:
		return f->ast->kind == AST_AND ? yes > 0 : yes == f->ast->n;
	case MUTATE_DROP:
		yes -= p->nodes[c->other].holds;
		return f->ast->kind == AST_AND ? yes == f->ast->n - 1 : yes > 0;
	}
	return f->holds;
}

/* The whole condition when one node says holds: upwards until a group does not mind. */
static bool whole_with(const struct parts *p, uint32_t node, bool holds)
{
	while (p->nodes[node].holds != holds) {
		uint32_t parent = p->nodes[node].parent;

		if (parent == NONE)
			return holds;
		holds = holds_with(&p->nodes[parent], p->nodes[parent].yes + (holds ? 1u : -1u));
		node = parent;
	}
	return p->nodes[0].holds;
}

bool parts_judge(struct parts *p, const struct event *ev, bool *ret)
{
	uint32_t n = matcher_match(p->matcher, ev, p->hits);

	memset(p->outcome, 0, p->nasked * sizeof(*p->outcome));
	for (uint32_t i = 0; i < n; i++)
		p->outcome[p->hits[i]] = true;
	judge_nodes(p);
	for (uint32_t i = 0; i < p->nmutants; i++)
		ret[i] = whole_with(p, p->changes[i].node, changed_node(p, i));
	return p->nodes[0].holds;
}
