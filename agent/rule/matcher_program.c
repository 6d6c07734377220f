/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes → a program per class of event types, so that a shared part that is false skips every rule that needs it. */
#include "rule/matcher_node.h"
#include <errno.h>
#include <stdlib.h>

#define GUARDS_MAX 64		/* shared parts tried at one level, and levels: beyond it rules stand one by one */

/* ---- what is constant for an event type ---- */

static bool has_name(const struct pred *p, int name)
{
	uint32_t i;

	for (i = 0; name >= 0 && i < p->n; i++) {
		if (str_eq(p->v[i].s, str(name_table[name])))
			return true;
	}
	return false;
}

/* evt.num is never 0: rules say "never" and "always" with it. */
static uint32_t number_known(const struct pred *p)
{
	if (p->test == TEST_NUMBERS && p->n == 1 && !p->v[0].u)
		return p->negate ? NODE_TRUE : NODE_FALSE;
	if (p->test == TEST_RANGE && p->v[0].u <= 1 && p->v[1].u == UINT64_MAX)
		return NODE_TRUE;
	if (p->test == TEST_RANGE && (!p->v[1].u || p->v[0].u > p->v[1].u))
		return NODE_FALSE;
	return NODE_BAD;
}

uint32_t oracle_of_name(const struct matcher *m, const struct pred *p, void *ctx)
{
	const struct slot *s = &m->slots[p->slot];

	if (s->kind != EXPR_FIELD || s->multi)
		return NODE_BAD;
	if (p->slot == m->type_slot && p->test == TEST_EXISTS)
		return NODE_TRUE;
	if (p->slot == m->type_slot && p->test == TEST_TEXTS)
		return has_name(p, *(const int *)ctx) != p->negate;
	return strcmp(s->field.desc->name, "evt.num") ? NODE_BAD : number_known(p);
}

/* ---- classes ---- */

/* Every name that a condition compares evt.type with is a class of its own, all others are class 0. */
static int find_classes(struct matcher *m)
{
	uint32_t i, j;
	int name;

	m->class_name = arena_array(m->arena, int, NAMES_MAX + 1);
	if (!m->class_name)
		return -ENOMEM;
	m->class_name[0] = -1;
	m->nclasses = 1;
	for (i = 0; i < m->npreds; i++) {
		const struct pred *p = &m->preds[i];

		for (j = 0; p->slot == m->type_slot && p->test == TEST_TEXTS && j < p->n; j++) {
			name = name_find(p->v[j].s);
			if (name < 0 || m->class_of[name])
				continue;
			m->class_name[m->nclasses] = name;
			m->class_of[name] = (uint16_t)m->nclasses++;
		}
	}
	return 0;
}

/* ---- programs ---- */

/* A rule on its way into a program: the parts that are still to be asked. */
struct work {
	int32_t rule;
	uint32_t *v, n;
};

struct writer {
	struct matcher *m;
	struct program *p;
	uint32_t *count;	/* per node: works that need it */
	uint32_t room;
	unsigned int depth;
};

static bool add_step(struct program *p, uint32_t node, int32_t rule)
{
	uint32_t room = p->room ? 2 * p->room : 16;
	struct step *more;

	if (p->n == p->room) {
		more = realloc(p->v, room * sizeof(*more));
		if (!more)
			return false;
		p->v = more;
		p->room = room;
	}
	p->v[p->n] = (struct step){node, p->n + 1, rule};
	p->n++;
	return true;
}

/* A rule by itself: each of its parts in turn, the first that is false leaves. */
static bool write_one(struct writer *w, const struct work *x)
{
	uint32_t from = w->p->n, i;

	if (!x->n && !add_step(w->p, NODE_TRUE, x->rule))
		return false;
	for (i = 0; i < x->n; i++) {
		if (!add_step(w->p, x->v[i], i + 1 == x->n ? x->rule : -1))
			return false;
	}
	for (i = from; i < w->p->n; i++)
		w->p->v[i].skip = w->p->n;
	return true;
}

/* How much is won by asking a part first: rules that it is likely to end, by what it costs. */
static float gain(const struct writer *w, uint32_t id)
{
	const struct node *n = &w->m->nodes[id];

	return (float)w->count[id] * (1.001f - n->truth) / (n->cost + 1);
}

/* The part to ask first; NODE_BAD when no rule shares one with another. */
static uint32_t best_guard(struct writer *w, const struct work *x, uint32_t n)
{
	uint32_t i, j, best = NODE_BAD;
	bool shared = false;

	for (i = 0; i < n; i++) {
		for (j = 0; j < x[i].n; j++)
			shared |= ++w->count[x[i].v[j]] > 1;
	}
	for (i = 0; shared && i < n; i++) {
		for (j = 0; j < x[i].n; j++) {
			if (best == NODE_BAD || gain(w, x[i].v[j]) > gain(w, best))
				best = x[i].v[j];
		}
	}
	for (i = 0; i < n; i++) {
		for (j = 0; j < x[i].n; j++)
			w->count[x[i].v[j]] = 0;
	}
	return best;
}

static bool drop_part(struct work *x, uint32_t part)
{
	uint32_t i;

	for (i = 0; i < x->n && x->v[i] != part; i++)
		;
	if (i == x->n)
		return false;
	memmove(x->v + i, x->v + i + 1, (x->n - i - 1) * sizeof(*x->v));
	x->n--;
	return true;
}

static bool write_group(struct writer *w, struct work *x, uint32_t n)
{
	uint32_t guards, guard, i, with, at;
	struct work swap;

	for (guards = 0; n > 1 && guards < GUARDS_MAX && w->depth < GUARDS_MAX; guards++) {
		guard = best_guard(w, x, n);
		if (guard == NODE_BAD)
			break;
		for (i = 0, with = 0; i < n; i++) {
			if (!drop_part(&x[i], guard))
				continue;
			swap = x[with];
			x[with++] = x[i];
			x[i] = swap;
		}
		at = w->p->n;
		if (!add_step(w->p, guard, -1))
			return false;
		w->depth++;
		if (!write_group(w, x, with))
			return false;
		w->depth--;
		w->p->v[at].skip = w->p->n;
		x += with;
		n -= with;
	}
	for (i = 0; i < n; i++) {
		if (!write_one(w, &x[i]))
			return false;
	}
	return true;
}

static int fill_work(struct matcher *m, struct work *x, int32_t rule, uint32_t root)
{
	const struct node *n = &m->nodes[root];

	x->rule = rule;
	x->n = root == NODE_TRUE ? 0 : n->kind == NODE_AND ? n->n : 1;
	x->v = malloc((x->n + 1) * sizeof(*x->v));
	if (!x->v)
		return -ENOMEM;
	if (n->kind == NODE_AND)
		memcpy(x->v, n->v, x->n * sizeof(*x->v));
	else
		x->v[0] = root;
	return 0;
}

static int write_program(struct matcher *m, struct fold *f, struct program *p)
{
	struct work *x = calloc(m->nrules + 1, sizeof(*x));
	struct writer w = {.m = m, .p = p};
	uint32_t i, n = 0, root;
	int r = x ? 0 : -ENOMEM;

	for (i = 0; !r && i < m->nrules; i++) {
		root = m->shown[i] ? fold_node(f, m->raw[i]) : NODE_FALSE;
		if (root == NODE_BAD)
			r = -ENOMEM;
		else if (root != NODE_FALSE)
			r = fill_work(m, &x[n++], (int32_t)i, root);
	}
	if (!r) {
		w.count = calloc(m->nnodes, sizeof(*w.count));
		r = w.count && write_group(&w, x, n) ? 0 : -ENOMEM;
	}
	for (i = 0; i < n; i++)
		free(x[i].v);
	free(x);
	free(w.count);
	return r;
}

/* Only predicates that some program, or explain, asks are made ready. */
static int prepare(struct matcher *m, uint32_t id, uint8_t *seen)
{
	const struct node *n = &m->nodes[id];
	uint32_t i;
	int r = 0;

	if (seen[id])
		return 0;
	seen[id] = 1;
	if (n->kind == NODE_PRED)
		r = pred_prepare(m, &m->preds[n->pred]);
	for (i = 0; !r && i < n->n; i++)
		r = prepare(m, n->v[i], seen);
	return r;
}

static int prepare_all(struct matcher *m)
{
	_cleanup_(freep) uint8_t *seen = calloc(m->nnodes, 1);
	uint32_t i, j;
	int r = seen ? 0 : -ENOMEM;

	for (i = 0; !r && i < m->nrules; i++)
		r = m->shown[i] ? prepare(m, m->raw[i], seen) : 0;
	for (i = 0; !r && i < m->nclasses; i++) {
		for (j = 0; !r && j < m->programs[i].n; j++)
			r = prepare(m, m->programs[i].v[j].node, seen);
	}
	return r;
}

/* Values of slots with one value stand side by side; behind the last a getter may still fill a whole array. */
static int give_room(struct matcher *m)
{
	uint32_t i, n = FIELD_VALUES_MAX;
	struct value *v;

	for (i = 0; i < m->nslots; i++)
		n += m->slots[i].multi ? FIELD_VALUES_MAX : 1;
	v = arena_array(m->arena, struct value, n);
	if (!v)
		return -ENOMEM;
	for (i = 0; i < m->nslots; i++) {
		m->states[i].v = v;
		v += m->slots[i].multi ? FIELD_VALUES_MAX : 1;
	}
	return 0;
}

int matcher_compile(struct matcher *m)
{
	struct fold f;
	uint32_t i;
	int name, r = give_room(m);

	if (!r)
		r = find_classes(m);
	if (r < 0)
		return r;
	m->programs = calloc(m->nclasses, sizeof(*m->programs));
	if (!m->programs)
		return -ENOMEM;
	r = fold_begin(&f, m, oracle_of_name, &name);
	for (i = 0; !r && i < m->nclasses; i++) {
		name = m->class_name[i];
		fold_again(&f);
		r = write_program(m, &f, &m->programs[i]);
	}
	fold_end(&f);
	if (!r)
		r = prepare_all(m);
	if (r)
		return r;
	m->memo = calloc(m->nnodes, sizeof(*m->memo));
	return m->memo ? 0 : -ENOMEM;
}
