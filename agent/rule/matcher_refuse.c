/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusal
 *
 * Which events of a call no rule can match, by kind and by who did it: every
 * rule is judged for each of them with nothing else known. What is false then
 * whatever the rest of the event says need not leave the kernel.
 */
#include "event/attr.h"
#include "rule/matcher_judge.h"
#include <stdlib.h>

/* State that is kept whether or not a rule matches: these always come. */
static bool is_state(enum event_type type)
{
	return type == EVENT_CGROUP || type == EVENT_FORK || type == EVENT_EXIT || type == EVENT_DNS || type == EVENT_CRED_CHANGE;
}

/* Rules that may hold for a call at all: few of many. */
struct chosen {
	const struct matcher *m;
	uint32_t *v, n;
};

/* Those of one rule, or of all. */
static void choose(struct chosen *c, uint32_t rule, struct assumption *a)
{
	const struct matcher *m = c->m;

	c->n = 0;
	memset(a->memo, 0, m->nnodes);
	for (uint32_t i = 0; i < m->nrules; i++) {
		if (m->shown[i] && (i == rule || rule == UINT32_MAX) && matcher_judge(m, m->raw[i], a) != NODE_FALSE)
			c->v[c->n++] = i;
	}
}

static bool may_hold(const struct chosen *c, struct assumption *a)
{
	memset(a->memo, 0, c->m->nnodes);
	for (uint32_t i = 0; i < c->n; i++) {
		if (matcher_judge(c->m, c->m->raw[c->v[i]], a) != NODE_FALSE)
			return true;
	}
	return false;
}

/* One that was done without failing; of a connect that may be one on its way as well. */
static enum supposition done(enum event_call call, uint32_t kind)
{
	if (call_is_open(call))
		return kind == KIND_OPEN_READ ? SUPPOSE_READ_ONLY : SUPPOSE_DONE;
	return call == CALL_CONNECT || !call_can_fail(call) ? SUPPOSE_NOTHING : SUPPOSE_DONE;
}

static void suppose(struct assumption *a, uint32_t who)
{
	a->who = true;
	a->what = who & REFUSE_FAILED ? SUPPOSE_FAILED : done(a->call, a->kind);
	a->root = who & REFUSE_ROOT;
	a->host = who & REFUSE_HOST;
}

static bool kind_may_hold(const struct chosen *c, struct assumption *a, uint32_t who)
{
	union event_record rec;
	struct event ev = {.num = 1, .call = a->call, .rec = &rec};

	suppose(a, who);
	a->sample = &ev;
	for (unsigned int nth = 0; kind_sample(&rec, a->call, a->kind, nth, who & REFUSE_FAILED); nth++) {
		if (may_hold(c, a))
			return true;
	}
	return false;
}

/* Whether a condition asks anything that root or host answers; else they need not be told apart. */
static uint32_t asked_of(const struct matcher *m)
{
	uint32_t asks = 0;

	for (uint32_t i = 0; i < m->nslots; i++) {
		const struct slot *s = &m->slots[i];

		if (s->kind == EXPR_FIELD && !strcmp(s->field.desc->name, "user.uid"))
			asks |= REFUSE_ROOT;
		if (s->kind == EXPR_FIELD && !strncmp(s->field.desc->name, "container.", 10))
			asks |= REFUSE_HOST;
	}
	return asks;
}

static void refuse_of_call(const struct chosen *c, uint32_t asked, struct assumption *a, struct wire_refuse *ret)
{
	unsigned int n = kind_count(call_table[a->call].type);

	for (uint32_t who = 0; who < REFUSE_WHO; who++) {
		uint32_t same = who & (asked | REFUSE_FAILED), kinds = 0;

		if (same != who) {
			ret->kinds[who] = ret->kinds[same];
			continue;
		}
		for (a->kind = 0; a->kind < n; a->kind++)
			kinds |= kind_may_hold(c, a, who) ? 1u << a->kind : 0;
		a->kind = KIND_OTHER;
		if (n > 1 && n < KINDS_MAX && kind_may_hold(c, a, who))
			kinds |= 1u << KIND_OTHER;
		ret->kinds[who] = ~kinds;
	}
	refuse_finish(ret);
}

void matcher_refuse(const struct matcher *m, uint32_t rule, struct wire_refuse ret[CALL_MAX])
{
	_cleanup_(freep) struct field_scratch *scratch = malloc(sizeof(*scratch));
	_cleanup_(freep) uint32_t *rules = calloc(m->nrules + 1, sizeof(*rules));
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1);
	struct chosen c = {m, rules, 0};
	uint32_t asked = asked_of(m);

	memset(ret, 0, CALL_MAX * sizeof(*ret));
	for (enum event_call call = CALL_NONE + 1; memo && rules && scratch && call < CALL_MAX; call++) {
		struct assumption a = {.name = name_of_call(call), .call = call, .scratch = scratch, .memo = memo};

		scratch->cut = 0;
		if (is_state(call_table[call].type))
			continue;
		choose(&c, rule, &a);
		if (!c.n) {
			memset(ret[call].kinds, 0xff, sizeof(ret[call].kinds));
			refuse_finish(&ret[call]);
			continue;
		}
		refuse_of_call(&c, asked, &a, &ret[call]);
	}
}

/* ---- what is kept of events that no rule needs ---- */

static void let(struct wire_refuse *r, bool failed, uint32_t kinds)
{
	for (uint32_t who = 0; who < REFUSE_WHO; who++) {
		if (!(who & REFUSE_FAILED) || failed)
			r->kinds[who] &= ~kinds;
	}
	refuse_finish(r);
}

void matcher_refuse_no_state(struct wire_refuse table[CALL_MAX], bool peers)
{
	static const enum event_call talk[] = {CALL_CONNECT, CALL_ACCEPT, CALL_ACCEPT4};

	let(&table[CALL_EXECVE], false, 1u << KIND_NONE);
	let(&table[CALL_EXECVEAT], false, 1u << KIND_NONE);
	for (size_t i = 0; peers && i < ARRAY_SIZE(talk); i++)
		let(&table[talk[i]], false, ~(0xfu << (PLACE_UNIX << 2)));	/* who talks to whom: not within the host */
}

/* ---- what is told of a rule ---- */

struct telling {
	const struct matcher *m;
	struct assumption *a;
	uint8_t *said;		/* per predicate: enum said */
};

enum said { SAID_SEEN = 1 << 0, SAID_TOLD = 1 << 1, SAID_UNTOLD = 1 << 2 };

/* Whether paths are told by it. */
static bool told_by_path(const struct telling *t, uint32_t node)
{
	struct opens o = {};
	bool told;

	if (!call_is_open(t->a->call) && !call_is_named(t->a->call))
		return false;
	matcher_opens_of(t->m, node, t->a, &o);
	told = !o.all;
	opens_free(&o);
	return told;
}

/* Asks a predicate under every assumption that the table makes. */
static uint8_t say(const struct telling *t, const struct pred *p)
{
	struct assumption a = *t->a;
	unsigned int n = kind_count(call_table[a.call].type);
	union event_record rec;
	struct event ev = {.num = 1, .call = a.call, .rec = &rec};
	uint8_t said = 0;

	a.sample = &ev;
	for (uint32_t who = 0; who < REFUSE_WHO; who++) {
		for (a.kind = 0; a.kind < n; a.kind++) {
			suppose(&a, who);
			for (unsigned int nth = 0; kind_sample(&rec, a.call, a.kind, nth, who & REFUSE_FAILED); nth++)
				said |= matcher_judge_pred(t->m, p, &a) <= NODE_TRUE ? SAID_TOLD : SAID_UNTOLD;
		}
	}
	return said;
}

/* The predicates that the call's name does not settle, nor the parts they are in. */
static void say_of_node(const struct telling *t, uint32_t id)
{
	const struct node *n = &t->m->nodes[id];

	if (matcher_judge(t->m, id, t->a) <= NODE_TRUE)
		return;
	if (n->kind == NODE_PRED && !t->said[n->pred])
		t->said[n->pred] = (uint8_t)(SAID_SEEN | say(t, &t->m->preds[n->pred]) | (told_by_path(t, id) ? SAID_TOLD : 0));
	for (uint32_t i = 0; n->kind != NODE_PRED && i < n->n; i++)
		say_of_node(t, n->v[i]);
}

static void give_slot(const struct matcher *m, const struct slot *s, uint8_t said, matcher_told_fn fn, void *ctx)
{
	if (s->kind == EXPR_FIELD)
		fn(ctx, &s->field, said & SAID_TOLD, said & SAID_UNTOLD);
	for (uint32_t i = 0; i < s->nargs; i++)
		give_slot(m, &m->slots[s->args[i]], said, fn, ctx);
}

void matcher_told(const struct matcher *m, uint32_t rule, enum event_call call, matcher_told_fn fn, void *ctx)
{
	_cleanup_(freep) struct field_scratch *scratch = malloc(sizeof(*scratch));
	_cleanup_(freep) uint8_t *memo = calloc(m->nnodes, 1), *said = calloc(m->npreds + 1, 1);
	struct assumption a = {.name = name_of_call(call), .call = call, .scratch = scratch, .memo = memo};
	struct telling t = {m, &a, said};

	if (!scratch || !memo || !said || !m->shown[rule])
		return;
	scratch->cut = 0;
	say_of_node(&t, m->raw[rule]);
	for (uint32_t i = 0; i < m->npreds; i++) {
		if (!said[i])
			continue;
		give_slot(m, &m->slots[m->preds[i].slot], said[i], fn, ctx);
		if (m->preds[i].test == TEST_FIELD)
			give_slot(m, &m->slots[m->preds[i].rhs], said[i], fn, ctx);
	}
}
