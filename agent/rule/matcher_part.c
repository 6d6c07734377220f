/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/matcher_part.h"
#include "rule/matcher_node.h"
#include "rule/ast_node.h"
#include "util/utf8.h"
#include <stdlib.h>

#define WHY_MAX 5		/* checks that one sentence names */
#define WHY_TEXT_MAX 120	/* bytes of what a check compares with */

const struct shown *matcher_parts(const struct matcher *m, uint32_t i)
{
	return i < m->nrules ? m->shown[i] : NULL;
}

struct part part_of(const struct shown *s)
{
	return part_of_tree(s->ast);
}

void part_text(const struct shown *s, struct buf *out)
{
	part_print(s->ast, PART_SHOWN_MAX, out);
}

const struct shown *part_member(const struct shown *s, uint32_t i)
{
	return s->v[i];
}

/* ---- cost ---- */

struct guess {
	struct part_cost cost;
	float truth;
	bool known;	/* by the event's type: truth is 0 or 1, and nothing is asked */
	float rank;	/* among the members of one part */
};

static struct guess guess_check(const struct matcher *m, const struct shown *s, int name)
{
	const struct node *n = &m->nodes[s->node];
	uint32_t known = n->kind == NODE_CONST ? n->pred : NODE_BAD;
	struct guess g = {};

	if (n->kind == NODE_PRED)
		known = oracle_of_name(m, &m->preds[n->pred], &name);
	g.known = known == NODE_TRUE || known == NODE_FALSE;
	g.truth = g.known ? (known == NODE_TRUE ? 1 : 0) : n->truth;
	if (g.known)
		return g;
	g.cost.expected = g.cost.most = n->cost;
	for (uint32_t i = 0; i < n->n; i++)	/* oneof, anyof, allof: a node per constant */
		g.cost.most = (i ? g.cost.most : 0) + m->nodes[n->v[i]].cost;
	return g;
}

static int by_rank(const void *a, const void *b)
{
	const struct guess *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

static struct guess guess_part(const struct matcher *m, const struct shown *s, int name);

/* All of, or with the truths turned round any of: the matcher puts first what is cheap and decides often. */
static struct guess guess_members(const struct matcher *m, const struct shown *s, int name)
{
	_cleanup_(freep) struct guess *v = calloc(s->n + 1, sizeof(*v));
	bool any = s->ast->kind == AST_OR;
	struct guess g = {.known = true};
	float reached = 1;

	for (uint32_t i = 0; v && i < s->n; i++) {
		float decides;

		v[i] = guess_part(m, s->v[i], name);
		decides = any ? v[i].truth : 1 - v[i].truth;
		if (v[i].known && decides > 0.5f)
			return (struct guess){.known = true, .truth = any ? 1 : 0};
		v[i].rank = v[i].cost.expected / (decides > 0.001f ? decides : 0.001f);
	}
	if (v)
		qsort(v, s->n, sizeof(*v), by_rank);
	for (uint32_t i = 0; v && i < s->n; i++) {
		g.known &= v[i].known;
		g.cost.expected += reached * v[i].cost.expected;
		g.cost.most += v[i].cost.most;
		reached *= any ? 1 - v[i].truth : v[i].truth;
	}
	g.truth = any ? 1 - reached : reached;
	return g;
}

static struct guess guess_part(const struct matcher *m, const struct shown *s, int name)
{
	struct guess g;

	if (s->ast->kind == AST_CHECK)
		return guess_check(m, s, name);
	if (s->ast->kind == AST_AND || s->ast->kind == AST_OR)
		return guess_members(m, s, name);
	if (!s->n)
		return (struct guess){.known = true};
	g = guess_part(m, s->v[0], name);
	g.truth = 1 - g.truth;
	return g;
}

struct part_cost part_cost(const struct matcher *m, const struct shown *s, int name)
{
	return guess_part(m, s, name).cost;
}

/* ---- an event ---- */

void matcher_ask(struct matcher *m, const struct event *ev)
{
	matcher_begin(m, ev);
}

bool matcher_may_hold(const struct matcher *m, const struct event *ev)
{
	int name = matcher_event_name(ev);

	return !(ev->rec && ev->call == CALL_NONE) && m->programs[name < 0 ? 0 : m->class_of[name]].n;
}

enum part_result part_result(struct matcher *m, const struct shown *s)
{
	if (node_holds(m, s->node))
		return PART_TRUE;
	if (s->ast->kind != AST_CHECK || s->ast->trap || s->slot == UINT32_MAX || s->ast->op == OP_EXISTS)
		return PART_FALSE;
	if (!slot_values(m, s->slot)->present || (s->rhs != UINT32_MAX && !slot_values(m, s->rhs)->present))
		return PART_MISSING;
	return PART_FALSE;
}

void part_value(struct matcher *m, const struct shown *s, struct buf *out)
{
	if (s->slot == UINT32_MAX || (s->rhs == UINT32_MAX && part_result(m, s) == PART_MISSING))
		return;
	slot_print(m, s->slot, out);
	if (s->rhs != UINT32_MAX) {
		buf_puts(out, " against ");
		slot_print(m, s->rhs, out);
	}
}

/* ---- why ---- */

static bool is_single(const struct shown *s)
{
	while (s->ast->kind == AST_NOT && s->n)
		s = s->v[0];
	return s->ast->kind == AST_CHECK;
}

/*
 * The member that decides by itself. What no event of this type could meet comes first, wherever it stands: nothing else
 * of the event matters then. Next a single check, which is the shortest reason.
 */
static const struct shown *deciding(struct matcher *m, const struct shown *s, bool holds)
{
	const struct shown *first = NULL;
	int name = matcher_event_name(m->event);

	for (uint32_t i = 0; i < s->n && !holds; i++) {
		struct guess g = guess_part(m, s->v[i], name);

		if (g.known && g.truth < 0.5f)
			return s->v[i];
	}

	for (uint32_t i = 0; i < s->n; i++) {
		if (node_holds(m, s->v[i]->node) != holds)
			continue;
		if (is_single(s->v[i]))
			return s->v[i];
		first = first ? first : s->v[i];
	}
	return first;
}

/* Checks that together make the part what it is, into ret as far as there is room. Returns how many there are. */
static uint32_t reasons(struct matcher *m, const struct shown *s, const struct shown **ret, uint32_t room)
{
	const struct shown *one = s;
	uint32_t n = 0;
	bool holds;

	while (one && one->n) {
		s = one;
		holds = node_holds(m, s->node);
		if (s->ast->kind != AST_NOT && holds == (s->ast->kind == AST_AND))
			break;
		one = s->ast->kind == AST_NOT ? s->v[0] : deciding(m, s, holds);
	}
	if (!one || !one->n) {
		if (room)
			*ret = one ? one : s;
		return 1;
	}
	for (uint32_t i = 0; i < s->n; i++)
		n += reasons(m, s->v[i], room > n ? ret + n : ret, room > n ? room - n : 0);
	return n;
}

/* Where the operator stands: outside of parentheses, brackets and quotes. The text's end when it was cut before it. */
static size_t operator_at(struct str text, const char *word)
{
	size_t n = strlen(word);
	int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i + n < text.n; i++) {
		char c = text.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (c == '(' || c == '[')
			depth++;
		else if (c == ')' || c == ']')
			depth--;
		else if (c == ' ' && !quoted && depth <= 0 && !memcmp(text.p + i + 1, word, n))
			return i;
	}
	return text.n;
}

static void put_cut(struct str s, struct buf *out)
{
	size_t n = utf8_cut(s, WHY_TEXT_MAX);

	buf_str(out, str_n(s.p, n));
	if (n < s.n)
		buf_puts(out, " ...");
}

static const struct {
	const char *yes, *no;
} verbs[OP_MAX] = {
	[OP_LE] = {"is at most", "is not at most"},
	[OP_LT] = {"is less than", "is not less than"},
	[OP_GE] = {"is at least", "is not at least"},
	[OP_GT] = {"is more than", "is not more than"},
	[OP_EQEQ] = {"is", "is not"},
	[OP_EQ] = {"is", "is not"},
	[OP_NE] = {"is not", "is"},
	[OP_GLOB] = {"matches the pattern", "does not match the pattern"},
	[OP_IGLOB] = {"matches the pattern", "does not match the pattern"},
	[OP_CONTAINS] = {"contains", "does not contain"},
	[OP_ICONTAINS] = {"contains", "does not contain"},
	[OP_BCONTAINS] = {"contains the bytes", "does not contain the bytes"},
	[OP_STARTSWITH] = {"starts with", "does not start with"},
	[OP_BSTARTSWITH] = {"starts with the bytes", "does not start with the bytes"},
	[OP_ENDSWITH] = {"ends with", "does not end with"},
	[OP_REGEX] = {"matches the expression", "does not match the expression"},
	[OP_INTERSECTS] = {"has a value in", "has no value in"},
	[OP_IN] = {"is in", "is not in"},
	[OP_PMATCH] = {"is below one of", "is below none of"},
};

static void put_check(struct matcher *m, const struct shown *s, struct buf *out)
{
	_cleanup_(buf_free) struct buf whole = {};
	enum op op = s->ast->op == OP_EQEQ ? OP_EQ : s->ast->op;
	bool holds = node_holds(m, s->node), left;
	const char *word = op_table[op].word;
	struct str field, rest, text;
	size_t at;

	part_text(s, &whole);
	text = buf_view(&whole);
	at = operator_at(text, word);
	if (s->ast->kind != AST_CHECK || s->ast->trap || s->slot == UINT32_MAX || at == text.n) {
		put_cut(text, out);
		buf_puts(out, holds ? " always holds" : " never holds");
		return;
	}
	field = str_n(text.p, at);
	if (op == OP_EXISTS) {
		buf_printf(out, STR_FMT " is %s", STR_ARG(field), holds ? "there" : "missing");
		return;
	}
	left = slot_values(m, s->slot)->present;
	if (part_result(m, s) == PART_MISSING) {
		rest = left ? m->slots[s->rhs].field.text : field;
		buf_printf(out, STR_FMT " is missing", STR_ARG(rest.n ? rest : text));
		return;
	}
	rest = str_n(text.p + at + 1 + strlen(word), text.n - at - 1 - strlen(word));
	buf_printf(out, STR_FMT " = ", STR_ARG(field));
	slot_print(m, s->slot, out);
	buf_printf(out, " %s", holds ? verbs[op].yes : verbs[op].no);
	put_cut(rest, out);
	if (s->rhs != UINT32_MAX) {
		buf_puts(out, " = ");
		slot_print(m, s->rhs, out);
	}
}

void part_why(struct matcher *m, const struct shown *s, struct buf *out)
{
	const struct shown *v[WHY_MAX];
	uint32_t n = reasons(m, s, v, WHY_MAX), shown = n < WHY_MAX ? n : WHY_MAX;

	buf_puts(out, node_holds(m, s->node) ? "true because " : "false because ");
	for (uint32_t i = 0; i < shown; i++) {
		buf_puts(out, !i ? "" : i + 1 == n ? " and " : ", ");
		put_check(m, v[i], out);
	}
	if (n > shown)
		buf_printf(out, " and %u more check%s", n - shown, n - shown > 1 ? "s" : "");
}
