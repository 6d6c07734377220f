/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fold
 *
 * Simplifies nodes under what an oracle knows: constants vanish, groups within
 * groups of their kind open up, checks of one value with several constants
 * become one check. Evaluation has no side effects, so order is free: the cheap
 * stand first.
 */
#include "rule/matcher_node.h"
#include <errno.h>
#include <stdlib.h>

int fold_begin(struct fold *f, struct matcher *m, oracle_fn oracle, void *ctx)
{
	*f = (struct fold){.m = m, .oracle = oracle, .ctx = ctx, .n = m->nnodes};
	f->memo = malloc((size_t)f->n * sizeof(*f->memo));
	if (!f->memo)
		return -ENOMEM;
	fold_again(f);
	return 0;
}

void fold_again(struct fold *f)
{
	memset(f->memo, 0xff, (size_t)f->n * sizeof(*f->memo));
}

void fold_end(struct fold *f)
{
	free(f->memo);
	f->memo = NULL;
}

/* ---- merging checks of one value ---- */

static bool is_list_test(enum test t)
{
	return t == TEST_BOOLS || t == TEST_NUMBERS || t == TEST_TEXTS || t == TEST_PREFIX || t == TEST_SUFFIX ||
	       t == TEST_CONTAINS || t == TEST_ICONTAINS || t == TEST_GLOB || t == TEST_IGLOB || t == TEST_PATHS ||
	       t == TEST_NETS;
}

/* x in A or x in B; not x in A and not x in B; x != a and x != b. Of one key: can become one. 0: cannot. */
static uint64_t merge_key(const struct matcher *m, uint32_t id, enum node_kind group)
{
	const struct node *n = &m->nodes[id];
	bool inverted = n->kind == NODE_NOT && m->nodes[n->v[0]].kind == NODE_PRED;
	const struct pred *p;

	if (inverted)
		n = &m->nodes[n->v[0]];
	if (n->kind != NODE_PRED || inverted != (group == NODE_AND && !m->preds[n->pred].negate))
		return 0;
	p = &m->preds[n->pred];
	if (!is_list_test(p->test) || p->quant != QUANT_ANY || p->negate != (group == NODE_AND && !inverted) ||
	    (p->negate && p->multi))
		return 0;
	return 1ull << 63 | (uint64_t)inverted << 62 | (uint64_t)p->test << 40 | p->slot;
}

static const struct pred *pred_of(const struct matcher *m, uint32_t id)
{
	const struct node *n = &m->nodes[id];

	return &m->preds[n->kind == NODE_NOT ? m->nodes[n->v[0]].pred : n->pred];
}

static uint32_t negation(struct matcher *m, uint32_t id);

/* One check for v[0..n), all of one key. */
static uint32_t merge(struct matcher *m, const uint32_t *v, uint32_t n)
{
	struct pred p = *pred_of(m, v[0]);
	bool inverted = m->nodes[v[0]].kind == NODE_NOT;
	uint32_t i, total = 0;

	for (i = 0; i < n; i++)
		total += pred_of(m, v[i])->n;
	p.v = arena_array(m->arena, struct value, total + 1);
	if (!p.v)
		return NODE_BAD;
	for (i = 0, p.n = 0; i < n; i++) {
		const struct pred *part = pred_of(m, v[i]);

		if (part->n)
			memcpy(p.v + p.n, part->v, part->n * sizeof(*p.v));
		p.n += part->n;
	}
	i = matcher_pred(m, &p);
	return i == NODE_BAD || !inverted ? i : negation(m, i);
}

struct member {
	uint64_t key;		/* to merge by, 0: alone */
	uint32_t id;
	float rank;
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->key != y->key)
		return (x->key > y->key) - (x->key < y->key);
	return (x->id > y->id) - (x->id < y->id);
}

static int by_rank(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->rank != y->rank)
		return (x->rank > y->rank) - (x->rank < y->rank);
	return (x->id > y->id) - (x->id < y->id);
}

/* Drops doubles, merges what has one key. Returns how many are left, UINT32_MAX without memory. */
static uint32_t merge_members(struct matcher *m, struct member *v, uint32_t n, uint32_t *ids)
{
	uint32_t i, j, k, kept = 0;

	qsort(v, n, sizeof(*v), by_key);
	for (i = 0, j = 0; i < n; i++) {
		if (!j || v[j - 1].id != v[i].id)
			v[j++] = v[i];
	}
	n = j;
	for (i = 0; i < n; i = j) {
		for (j = i + 1; v[i].key && j < n && v[j].key == v[i].key; j++)
			;
		for (k = i; k < j; k++)
			ids[k - i] = v[k].id;
		v[kept].id = j - i > 1 ? merge(m, ids, j - i) : v[i].id;
		if (v[kept].id == NODE_BAD)
			return UINT32_MAX;
		kept++;
	}
	return kept;
}

/* ---- groups ---- */

/* Members of a group, those of groups of its kind within it in their place; UINT32_MAX: the other constant decides. */
static uint32_t collect(const struct matcher *m, enum node_kind kind, const uint32_t *v, uint32_t n, uint32_t *dst)
{
	uint32_t neutral = kind == NODE_AND ? NODE_TRUE : NODE_FALSE, i, j, count = 0;

	for (i = 0; i < n; i++) {
		const struct node *x = &m->nodes[v[i]];

		if (v[i] == neutral)
			continue;
		if (x->kind == NODE_CONST)
			return UINT32_MAX;
		for (j = 0; x->kind == kind && j < x->n; j++, count++) {
			if (dst)
				dst[count] = x->v[j];
		}
		if (x->kind != kind) {
			if (dst)
				dst[count] = v[i];
			count++;
		}
	}
	return count;
}

/* The classic order: what it costs by how often it decides. */
static float rank(const struct matcher *m, enum node_kind kind, uint32_t id)
{
	const struct node *n = &m->nodes[id];
	float decides = kind == NODE_AND ? 1 - n->truth : n->truth;

	return n->cost / (decides > 0.001f ? decides : 0.001f);
}

static uint32_t group(struct matcher *m, enum node_kind kind, const uint32_t *v, uint32_t n)
{
	uint32_t neutral = kind == NODE_AND ? NODE_TRUE : NODE_FALSE, count = collect(m, kind, v, n, NULL), i;
	_cleanup_(freep) struct member *members = NULL;
	_cleanup_(freep) uint32_t *ids = NULL;

	if (count == UINT32_MAX)
		return !neutral;
	if (!count)
		return neutral;
	members = calloc(count, sizeof(*members));
	ids = calloc(count, sizeof(*ids));
	if (!members || !ids)
		return NODE_BAD;
	collect(m, kind, v, n, ids);
	for (i = 0; i < count; i++) {
		members[i].id = ids[i];
		members[i].key = merge_key(m, ids[i], kind);
	}
	count = merge_members(m, members, count, ids);
	if (count == UINT32_MAX)
		return NODE_BAD;
	for (i = 0; i < count; i++)
		members[i].rank = rank(m, kind, members[i].id);
	qsort(members, count, sizeof(*members), by_rank);
	for (i = 0; i < count; i++)
		ids[i] = members[i].id;
	return count == 1 ? ids[0] : matcher_node(m, kind, 0, ids, count);
}

/* not (a or b) is not a and not b: as members of a rule's conjunction they can be shared one by one. */
static uint32_t negation(struct matcher *m, uint32_t id)
{
	_cleanup_(freep) uint32_t *ids = NULL;
	uint32_t i, n = m->nodes[id].n;

	if (id <= NODE_TRUE)
		return !id;
	if (m->nodes[id].kind == NODE_NOT)
		return m->nodes[id].v[0];
	if (m->nodes[id].kind != NODE_OR)
		return matcher_node(m, NODE_NOT, 0, &id, 1);
	ids = calloc(n, sizeof(*ids));
	if (!ids)
		return NODE_BAD;
	for (i = 0; i < n; i++) {
		ids[i] = negation(m, m->nodes[id].v[i]);
		if (ids[i] == NODE_BAD)
			return NODE_BAD;
	}
	return group(m, NODE_AND, ids, n);
}

/* Exactly one member: constants count, doubles too, nothing may be merged. */
static uint32_t exactly_one(struct matcher *m, const uint32_t *v, uint32_t n)
{
	return matcher_node(m, NODE_ONE, 0, v, n);
}

static uint32_t fold_members(struct fold *f, uint32_t raw)
{
	struct matcher *m = f->m;
	enum node_kind kind = m->nodes[raw].kind;
	uint32_t n = m->nodes[raw].n, i;
	_cleanup_(freep) uint32_t *v = calloc(n, sizeof(*v));

	if (!v)
		return NODE_BAD;
	for (i = 0; i < n; i++) {
		v[i] = fold_node(f, m->nodes[raw].v[i]);
		if (v[i] == NODE_BAD)
			return NODE_BAD;
	}
	if (kind == NODE_NOT)
		return negation(m, v[0]);
	return kind == NODE_ONE ? exactly_one(m, v, n) : group(m, kind, v, n);
}

uint32_t fold_node(struct fold *f, uint32_t raw)
{
	const struct node *n = &f->m->nodes[raw];
	uint32_t r;

	if (n->kind == NODE_CONST)
		return raw;
	if (raw < f->n && f->memo[raw] != NODE_BAD)
		return f->memo[raw];
	if (n->kind == NODE_PRED) {
		r = f->oracle(f->m, &f->m->preds[n->pred], f->ctx);
		r = r <= NODE_TRUE ? r : raw;
	} else {
		r = fold_members(f, raw);
	}
	if (raw < f->n)
		f->memo[raw] = r;
	return r;
}
