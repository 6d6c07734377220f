/* SPDX-License-Identifier: Apache-2.0 */
/* Trees → nodes as written. Equal slots, predicates and nodes are one. */
#include "rule/matcher_node.h"
#include <stdlib.h>

/* ---- tables of what is there already ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

typedef bool (*same_fn)(const struct matcher *m, uint32_t index, const void *key);
typedef uint64_t (*hash_fn)(const struct matcher *m, uint32_t index);

/* Keeps the table at most half full. */
static bool table_grow(struct matcher *m, struct hash_table *t, hash_fn hash)
{
	struct hash_table more = {.mask = t->mask ? 2 * t->mask + 1 : 255, .used = t->used};
	uint32_t i, j;

	if (t->slots && 2 * t->used < t->mask)
		return true;
	more.slots = calloc((size_t)more.mask + 1, sizeof(*more.slots));
	if (!more.slots)
		return false;
	for (i = 0; t->slots && i <= t->mask; i++) {
		if (!t->slots[i])
			continue;
		for (j = (uint32_t)hash(m, t->slots[i] - 1) & more.mask; more.slots[j]; j = (j + 1) & more.mask)
			;
		more.slots[j] = t->slots[i];
	}
	free(t->slots);
	*t = more;
	return true;
}

/* The slot of the key: free (0) or the index + 1 of what is the same. */
static uint32_t *table_find(struct matcher *m, struct hash_table *t, uint64_t hash, same_fn same, const void *key)
{
	uint32_t i;

	for (i = (uint32_t)hash & t->mask; t->slots[i]; i = (i + 1) & t->mask) {
		if (same(m, t->slots[i] - 1, key))
			break;
	}
	return &t->slots[i];
}

/* ---- slots ---- */

static bool same_slot(const struct slot *a, const struct slot *b)
{
	if (a->kind != b->kind || a->nargs != b->nargs ||
	    (a->nargs && memcmp(a->args, b->args, a->nargs * sizeof(*a->args))))
		return false;
	if (a->kind == EXPR_FIELD)
		return a->field.desc == b->field.desc && str_eq(a->field.text, b->field.text);
	if (a->kind == EXPR_TRANSFORM)
		return a->transform == b->transform && a->has_arg == b->has_arg && str_eq(a->arg, b->arg);
	return a->kind == EXPR_LIST || str_eq(a->constant.s, b->constant.s);
}

static uint32_t add_slot(struct matcher *m, const struct slot *slot)
{
	struct slot *more;
	struct slot_state *states;
	uint32_t i, room = m->slots_room ? 2 * m->slots_room : 64;

	for (i = 0; i < m->nslots; i++) {
		if (same_slot(&m->slots[i], slot))
			return i;
	}
	if (m->nslots == m->slots_room) {
		more = realloc(m->slots, room * sizeof(*more));
		m->slots = more ? more : m->slots;
		states = realloc(m->states, room * sizeof(*states));
		m->states = states ? states : m->states;
		if (!more || !states)
			return NODE_BAD;
		m->slots_room = room;
	}
	m->slots[m->nslots] = *slot;
	memset(&m->states[m->nslots], 0, sizeof(*m->states));
	return m->nslots++;
}

static uint32_t slot_of(struct matcher *m, const struct expr *x)
{
	struct slot slot = {.kind = x->kind,
			    .field = x->field,
			    .transform = x->transform,
			    .has_arg = x->has_arg,
			    .arg = x->arg,
			    .type = x->type,
			    .list = x->list,
			    .nargs = x->n};
	uint32_t i;

	slot.multi = x->list || (x->kind == EXPR_FIELD && x->field.flags & (FIELD_ANY | FIELD_EITHER));
	slot.constant = (struct value){.type = TYPE_STR, .s = x->text};
	if (x->n) {
		slot.args = arena_array(m->arena, uint32_t, x->n);
		if (!slot.args)
			return NODE_BAD;
	}
	for (i = 0; i < x->n; i++) {
		slot.args[i] = slot_of(m, x->v[i]);
		if (slot.args[i] == NODE_BAD)
			return NODE_BAD;
	}
	i = add_slot(m, &slot);
	if (i != NODE_BAD && x->kind == EXPR_FIELD && !strcmp(x->field.desc->name, "evt.type"))
		m->type_slot = i;
	return i;
}

/* ---- nodes ---- */

static uint64_t node_hash_of(enum node_kind kind, uint32_t pred, const uint32_t *v, uint32_t n)
{
	uint64_t h = mix((uint64_t)kind << 32 | n, pred);
	uint32_t i;

	for (i = 0; i < n; i++)
		h = mix(h, v[i]);
	return h;
}

static uint64_t node_hash(const struct matcher *m, uint32_t i)
{
	return node_hash_of(m->nodes[i].kind, m->nodes[i].pred, m->nodes[i].v, m->nodes[i].n);
}

static bool same_node(const struct matcher *m, uint32_t i, const void *key)
{
	const struct node *a = &m->nodes[i], *b = key;

	return a->kind == b->kind && a->pred == b->pred && a->n == b->n &&
	       (!a->n || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

static bool room_for_node(struct matcher *m)
{
	uint32_t room = m->nodes_room ? 2 * m->nodes_room : 256;
	struct node *more;

	if (m->nnodes < m->nodes_room)
		return true;
	more = realloc(m->nodes, room * sizeof(*more));
	if (!more)
		return false;
	m->nodes = more;
	m->nodes_room = room;
	return true;
}

/* Members are asked in turn until one decides: each costs only as far as those before it did not. */
static void estimate(const struct matcher *m, struct node *n)
{
	float reached = 1;
	uint32_t i;

	n->cost = n->kind == NODE_PRED ? pred_cost(m, &m->preds[n->pred]) : 0;
	n->truth = n->kind == NODE_PRED ? pred_truth(m, &m->preds[n->pred]) : n->pred;
	for (i = 0; i < n->n; i++) {
		const struct node *part = &m->nodes[n->v[i]];

		n->cost += reached * part->cost;
		if (n->kind == NODE_AND)
			reached *= part->truth;
		else if (n->kind == NODE_OR)
			reached *= 1 - part->truth;
	}
	if (n->kind == NODE_AND)
		n->truth = reached;
	else if (n->kind == NODE_OR)
		n->truth = 1 - reached;
	else if (n->kind == NODE_NOT)
		n->truth = 1 - m->nodes[n->v[0]].truth;
}

uint32_t matcher_node(struct matcher *m, enum node_kind kind, uint32_t pred, const uint32_t *v, uint32_t n)
{
	struct node node = {.kind = kind, .pred = pred, .n = n, .v = (uint32_t *)v};
	uint32_t *at;

	if (!table_grow(m, &m->node_table, node_hash) || !room_for_node(m))
		return NODE_BAD;
	at = table_find(m, &m->node_table, node_hash_of(kind, pred, v, n), same_node, &node);
	if (*at)
		return *at - 1;
	if (n) {
		node.v = arena_array(m->arena, uint32_t, n);
		if (!node.v)
			return NODE_BAD;
		memcpy(node.v, v, n * sizeof(*v));
	}
	estimate(m, &node);
	m->nodes[m->nnodes] = node;
	*at = ++m->nnodes;
	m->node_table.used++;
	return m->nnodes - 1;
}

/* ---- predicates ---- */

static uint64_t value_hash(const struct value *v)
{
	if (v->type == TYPE_STR || v->type == TYPE_BYTES)
		return str_hash(v->s);
	if (v->type == TYPE_IP || v->type == TYPE_NET)
		return str_hash(str_n((const char *)&v->ip, sizeof(v->ip)));
	return v->type == TYPE_BOOL ? v->b : v->u;
}

static uint64_t pred_hash_of(const struct pred *p)
{
	uint64_t h = mix(mix(p->test * 64u + p->quant * 2u + p->negate, p->op), (uint64_t)p->slot << 32 | p->rhs);
	uint32_t i;

	for (i = 0; i < p->n; i++)
		h = mix(h, value_hash(&p->v[i]));
	return h;
}

static uint64_t pred_hash(const struct matcher *m, uint32_t i)
{
	return pred_hash_of(&m->preds[i]);
}

static bool same_pred(const struct matcher *m, uint32_t index, const void *key)
{
	const struct pred *a = &m->preds[index], *b = key;
	uint32_t i;

	if (a->test != b->test || a->quant != b->quant || a->op != b->op || a->negate != b->negate ||
	    a->slot != b->slot || a->rhs != b->rhs || a->n != b->n)
		return false;
	for (i = 0; i < a->n && !value_cmp(&a->v[i], &b->v[i]); i++)
		;
	return i == a->n;
}

static int cmp_values(const void *a, const void *b)
{
	return value_cmp(a, b);
}

/* Sorts and drops what is there twice; a range and an order keep their places. */
static void canonical(struct pred *p)
{
	uint32_t i, kept = 0;

	if (p->test == TEST_RANGE || p->n < 2)
		return;
	qsort(p->v, p->n, sizeof(*p->v), cmp_values);
	for (i = 0; i < p->n; i++) {
		if (!kept || value_cmp(&p->v[i], &p->v[kept - 1]))
			p->v[kept++] = p->v[i];
	}
	p->n = kept;
}

uint32_t matcher_pred(struct matcher *m, const struct pred *wanted)
{
	struct pred p = *wanted, *more;
	uint32_t *at, room = m->preds_room ? 2 * m->preds_room : 256;

	if (p.test != TEST_ORDER && p.test != TEST_FIELD)
		p.op = OP_EQ;
	p.ready = false;
	p.multi = m->slots[p.slot].multi;
	canonical(&p);
	if (!table_grow(m, &m->pred_table, pred_hash))
		return NODE_BAD;
	if (m->npreds == m->preds_room) {
		more = realloc(m->preds, room * sizeof(*more));
		if (!more)
			return NODE_BAD;
		m->preds = more;
		m->preds_room = room;
	}
	at = table_find(m, &m->pred_table, pred_hash_of(&p), same_pred, &p);
	if (!*at) {
		m->preds[m->npreds] = p;
		*at = ++m->npreds;
		m->pred_table.used++;
	}
	return matcher_node(m, NODE_PRED, *at - 1, NULL, 0);
}

/* ---- checks ---- */

static bool is_equality(enum op op)
{
	return op == OP_EQ || op == OP_EQEQ || op == OP_NE || op == OP_IN || op == OP_INTERSECTS;
}

static enum test text_test(enum op op)
{
	switch (op) {
	case OP_STARTSWITH:
	case OP_BSTARTSWITH:
		return TEST_PREFIX;
	case OP_ENDSWITH:
		return TEST_SUFFIX;
	case OP_CONTAINS:
	case OP_BCONTAINS:
		return TEST_CONTAINS;
	case OP_ICONTAINS:
		return TEST_ICONTAINS;
	case OP_GLOB:
		return TEST_GLOB;
	case OP_IGLOB:
		return TEST_IGLOB;
	case OP_REGEX:
		return TEST_REGEX;
	case OP_PMATCH:
		return TEST_PATHS;
	default:
		return is_equality(op) ? TEST_TEXTS : TEST_ORDER;
	}
}

static enum test test_of(enum value_type type, enum op op)
{
	switch (type) {
	case TYPE_BOOL:
		return TEST_BOOLS;
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_PORT:
		return is_equality(op) ? TEST_NUMBERS : TEST_RANGE;
	case TYPE_IP:
	case TYPE_NET:
		return TEST_NETS;
	default:
		return text_test(op);
	}
}

static enum quant quant_of(const struct slot *s, enum op op)
{
	if (s->list)
		return op == OP_IN ? QUANT_ALL_OR_NONE : QUANT_ANY;
	return s->kind == EXPR_FIELD && s->field.flags & FIELD_EITHER && op == OP_NE ? QUANT_ALL : QUANT_ANY;
}

/* A constant that the field's type cannot be equals nothing: it is left out. */
static bool fits(const struct value *v, enum value_type type)
{
	if (type == TYPE_INT)
		return v->type == TYPE_INT || v->u <= INT64_MAX;
	return v->type == TYPE_UINT;
}

static void range_signed(struct pred *p, enum op op, const struct value *c)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;
	bool below = c->type == TYPE_INT, above = !below && c->u > INT64_MAX;
	int64_t x = above ? INT64_MAX : c->i;

	switch (op) {
	case OP_LT:
		hi = above ? INT64_MAX : x - (x > INT64_MIN);
		lo = !above && x == INT64_MIN ? INT64_MAX : lo;
		break;
	case OP_LE:
		hi = x;
		break;
	case OP_GT:
		lo = x + (x < INT64_MAX);
		hi = x == INT64_MAX ? INT64_MIN : hi;
		break;
	default:
		lo = x;
		hi = above ? INT64_MIN : hi;
		break;
	}
	p->v[0] = (struct value){.type = TYPE_INT, .i = lo};
	p->v[1] = (struct value){.type = TYPE_INT, .i = hi};
}

static void range_unsigned(struct pred *p, enum op op, const struct value *c)
{
	uint64_t lo = 0, hi = UINT64_MAX, x = c->u;
	bool negative = c->type == TYPE_INT, none = false;

	switch (op) {
	case OP_LT:
		none = negative || !x;
		hi = x - 1;
		break;
	case OP_LE:
		none = negative;
		hi = x;
		break;
	case OP_GT:
		none = !negative && x == UINT64_MAX;
		lo = negative ? 0 : x + 1;
		break;
	default:
		lo = negative ? 0 : x;
		break;
	}
	p->v[0] = (struct value){.type = TYPE_UINT, .u = none ? 1 : lo};
	p->v[1] = (struct value){.type = TYPE_UINT, .u = none ? 0 : hi};
}

static uint32_t build_pred(struct matcher *m, uint32_t slot, enum op op, const struct value *v, uint32_t n)
{
	const struct slot *s = &m->slots[slot];
	struct pred p = {
	    .slot = slot, .op = op, .test = test_of(s->type, op), .quant = quant_of(s, op), .negate = op == OP_NE};
	uint32_t i;

	p.v = arena_array(m->arena, struct value, n + 2);
	if (!p.v)
		return NODE_BAD;
	if (p.test == TEST_RANGE) {
		if (s->type == TYPE_INT)
			range_signed(&p, op, &v[0]);
		else
			range_unsigned(&p, op, &v[0]);
		p.n = 2;
		return matcher_pred(m, &p);
	}
	for (i = 0; i < n; i++) {
		if (p.test != TEST_NUMBERS || fits(&v[i], s->type))
			p.v[p.n++] = v[i];
	}
	for (i = 0; p.test == TEST_NUMBERS && i < p.n; i++)
		p.v[i].type = s->type == TYPE_INT ? TYPE_INT : TYPE_UINT;
	return matcher_pred(m, &p);
}

static uint32_t build_modified(struct matcher *m, uint32_t slot, const struct ast *n)
{
	uint32_t *v, i;
	enum node_kind kind = n->modifier == MODIFIER_ONEOF   ? NODE_ONE
			      : n->modifier == MODIFIER_ANYOF ? NODE_OR
							      : NODE_AND;

	if (!n->nvalues)
		return NODE_FALSE;
	v = arena_array(m->arena, uint32_t, n->nvalues);
	if (!v)
		return NODE_BAD;
	for (i = 0; i < n->nvalues; i++) {
		v[i] = build_pred(m, slot, n->op, &n->values[i], 1);
		if (v[i] == NODE_BAD)
			return NODE_BAD;
	}
	return matcher_node(m, kind, 0, v, n->nvalues);
}

static uint32_t build_check(struct matcher *m, const struct ast *n, struct shown *shown)
{
	struct pred p = {};
	enum op op = n->op == OP_EQEQ ? OP_EQ : n->op;

	shown->slot = slot_of(m, n->lhs);
	if (shown->slot == NODE_BAD)
		return NODE_BAD;
	if (n->trap)
		return n->trap == TRAP_TRUE ? NODE_TRUE : NODE_FALSE;
	p.slot = shown->slot;
	if (op == OP_EXISTS) {
		p.test = TEST_EXISTS;
		return matcher_pred(m, &p);
	}
	if (n->rhs) {
		shown->rhs = slot_of(m, n->rhs);
		if (shown->rhs == NODE_BAD)
			return NODE_BAD;
		p.test = TEST_FIELD;
		p.rhs = shown->rhs;
		p.negate = op == OP_NE;
		p.op = is_equality(op) ? OP_EQ : op;
		p.quant = quant_of(&m->slots[p.slot], op);
		return matcher_pred(m, &p);
	}
	if (op_table[op].syntax == SYNTAX_LIST && !n->nvalues && !m->slots[p.slot].list)
		return NODE_FALSE;
	if (n->modifier)
		return build_modified(m, p.slot, n);
	return build_pred(m, p.slot, op, n->values, n->nvalues);
}

/* ---- trees ---- */

static uint32_t build_members(struct matcher *m, const struct ast *n, struct shown *s)
{
	enum node_kind kind = n->kind == AST_AND ? NODE_AND : n->kind == AST_OR ? NODE_OR : NODE_NOT;
	uint32_t *v = arena_array(m->arena, uint32_t, n->n), i;

	s->v = arena_array(m->arena, struct shown *, n->n);
	if (!v || !s->v)
		return NODE_BAD;
	for (i = 0; i < n->n; i++) {
		v[i] = matcher_build(m, n->v[i], &s->v[i]);
		if (v[i] == NODE_BAD)
			return NODE_BAD;
	}
	s->n = n->n;
	return matcher_node(m, kind, 0, v, n->n);
}

uint32_t matcher_build(struct matcher *m, const struct ast *n, struct shown **shown)
{
	struct shown *s = arena_new_object(m->arena, struct shown);

	if (!s)
		return NODE_BAD;
	*shown = s;
	s->ast = n;
	s->slot = s->rhs = UINT32_MAX;
	if (n->kind == AST_CHECK)
		s->node = build_check(m, n, s);
	else if (n->kind == AST_MACRO)	/* ast_check() refused it */
		s->node = NODE_FALSE;
	else
		s->node = build_members(m, n, s);
	return s->node;
}
