/* SPDX-License-Identifier: Apache-2.0 */
/* What is certain of a condition when little is known of the event. */
#include "rule/matcher_judge.h"
#include "event/attr.h"
#include "rule/glob.h"

static bool is(const struct slot *s, const char *name)
{
	return s->kind == EXPR_FIELD && !strcmp(s->field.desc->name, name);
}

static bool is_text(const struct slot *s, const char *text)
{
	return s->kind == EXPR_FIELD && str_eq(s->field.text, str(text));
}

static uint32_t known(bool holds)
{
	return holds ? NODE_TRUE : NODE_FALSE;
}

/* A yes/no field of a known value. */
static uint32_t bool_known(const struct pred *p, bool value)
{
	uint32_t i;

	if (p->test == TEST_EXISTS)
		return NODE_TRUE;
	for (i = 0; p->test == TEST_BOOLS && i < p->n; i++) {
		if (p->v[i].b == value)
			return known(!p->negate);
	}
	return p->test == TEST_BOOLS ? known(p->negate) : NODE_BAD;
}

/* A text field that has not this value: it can only be said of a comparison with that value alone. */
static uint32_t text_is_not(const struct pred *p, const char *value)
{
	return p->test == TEST_TEXTS && p->n == 1 && str_eq(p->v[0].s, str(value)) ? known(p->negate) : NODE_BAD;
}

/* A number that is below zero. */
static uint32_t negative_number(const struct pred *p)
{
	bool below = false, above = false;
	uint32_t i;

	if ((p->test != TEST_RANGE && p->test != TEST_NUMBERS) || !p->n || p->v[0].type != TYPE_INT)
		return NODE_BAD;
	for (i = 0; i < p->n; i++) {
		below |= p->v[i].i < 0;
		above |= p->v[i].i >= 0;
	}
	if (p->test == TEST_RANGE && p->v[0].i == INT64_MIN && p->v[1].i >= -1)
		return NODE_TRUE;
	return !below && above ? known(p->negate) : NODE_BAD;
}

static uint32_t when_failed(const struct slot *s, const struct pred *p, bool open)
{
	if (is(s, "evt.failed"))
		return bool_known(p, true);
	if (is(s, "evt.res"))
		return text_is_not(p, "SUCCESS");
	if (is(s, "evt.rawres"))
		return negative_number(p);
	if (open && is(s, "fd.num"))
		return negative_number(p);
	if (open && is(s, "fd.typechar"))	/* a failed open's is 'o' */
		return p->test == TEST_TEXTS && p->n == 1 && !str_eq(p->v[0].s, STR("o")) ? known(p->negate) : NODE_BAD;
	return NODE_BAD;
}

/* A number that is not. */
static uint32_t natural_number(const struct pred *p)
{
	bool above = false;
	uint32_t i;

	if ((p->test != TEST_RANGE && p->test != TEST_NUMBERS) || !p->n || p->v[0].type != TYPE_INT)
		return NODE_BAD;
	if (p->test == TEST_RANGE)
		return p->v[1].i < 0 ? NODE_FALSE : p->v[0].i <= 0 && p->v[1].i == INT64_MAX ? NODE_TRUE : NODE_BAD;
	for (i = 0; i < p->n; i++)
		above |= p->v[i].i >= 0;
	return above ? NODE_BAD : known(p->negate);
}

static uint32_t when_done(const struct slot *s, const struct pred *p, bool open)
{
	uint32_t i;

	if (is(s, "evt.failed"))
		return bool_known(p, false);
	if (is(s, "evt.rawres") || (open && is(s, "fd.num")))
		return natural_number(p);
	if (!is(s, "evt.res") || p->test != TEST_TEXTS)
		return NODE_BAD;
	for (i = 0; i < p->n && !str_eq(p->v[i].s, STR("SUCCESS")); i++)
		;
	return known((i < p->n) != p->negate);
}

static uint32_t when_read_only(const struct slot *s, const struct pred *p)
{
	static const char *const flags[] = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_TMPFILE", "O_TRUNC", "O_F_CREATED"};
	uint32_t i, j, hits = 0;

	if (is(s, "evt.is_open_write") || is(s, "evt.is_open_create") || is(s, "evt.is_open_exec"))
		return bool_known(p, false);
	if (!is_text(s, "evt.arg.flags") || p->test != TEST_CONTAINS)
		return NODE_BAD;
	for (i = 0; i < p->n; i++) {
		for (j = 0; j < ARRAY_SIZE(flags) && !str_eq(p->v[i].s, str(flags[j])); j++)
			;
		hits += j < ARRAY_SIZE(flags);
	}
	return p->n && hits == p->n ? known(p->negate) : NODE_BAD;
}

/* ---- who ---- */

/* A number between two of which none is below zero. */
static uint32_t number_within(const struct pred *p, uint64_t lo, uint64_t hi)
{
	bool is_signed = p->n && p->v[0].type == TYPE_INT, one = false;
	uint32_t i;

	if (p->test == TEST_RANGE && !p->negate) {
		if (is_signed && p->v[1].i < 0)
			return NODE_FALSE;
		if (p->v[1].u < lo || (!(is_signed && p->v[0].i < 0) && p->v[0].u > hi))
			return NODE_FALSE;
		return p->v[1].u >= hi && ((is_signed && p->v[0].i < 0) || p->v[0].u <= lo) ? NODE_TRUE : NODE_BAD;
	}
	if (p->test != TEST_NUMBERS)
		return NODE_BAD;
	for (i = 0; i < p->n; i++)
		one |= !(is_signed && p->v[i].i < 0) && p->v[i].u >= lo && p->v[i].u <= hi;
	return !one ? known(p->negate) : lo == hi ? known(!p->negate) : NODE_BAD;
}

static uint32_t when_root(const struct slot *s, const struct pred *p, bool root)
{
	if (!is(s, "user.uid"))
		return NODE_BAD;
	return root ? number_within(p, 0, 0) : number_within(p, 1, UINT32_MAX);
}

/* ---- kinds ---- */

static bool text_holds(const struct pred *p, struct str text)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		struct str c = p->v[i].s;

		if (p->test == TEST_TEXTS ? str_eq(text, c) : p->test == TEST_PREFIX ? str_starts(text, c) :
		    p->test == TEST_SUFFIX ? str_ends(text, c) : p->test == TEST_GLOB ? glob_match(c, text, false) :
		    !c.n || (text.n >= c.n && memmem(text.p, text.n, c.p, c.n)))
			return true;
	}
	return false;
}

/* The predicate for this value, without anything that has to be made ready first. */
static uint32_t value_known(const struct pred *p, const struct value *v)
{
	switch (p->test) {
	case TEST_BOOLS:
		return bool_known(p, v->b);
	case TEST_NUMBERS:
	case TEST_RANGE:
		return v->type == TYPE_INT && v->i < 0 ? NODE_BAD : number_within(p, v->u, v->u);
	case TEST_TEXTS:
	case TEST_PREFIX:
	case TEST_SUFFIX:
	case TEST_CONTAINS:
	case TEST_GLOB:
		return known(text_holds(p, v->s) != p->negate);
	default:
		return NODE_BAD;
	}
}

/* A field that has the sample's value in every event that is meant. */
static uint32_t sample_known(const struct slot *s, const struct pred *p, const struct assumption *a)
{
	struct value v[FIELD_VALUES_MAX];
	bool present;
	unsigned int n;

	if (p->test == TEST_FIELD)
		return NODE_BAD;
	a->scratch->used = 0;
	n = field_values(&s->field, a->sample, a->scratch, v, &present);
	if (p->test == TEST_EXISTS)
		return known(present);
	return present && n ? value_known(p, &v[0]) : NODE_FALSE;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	return !memcmp(a, b, bits / 8) && !(bits % 8 && (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

/* Does the first network hold the second; do they have an address in common. */
static bool net_holds(const struct value_ip *a, const struct kind_net *b)
{
	return a->family == b->family && a->prefix <= b->prefix && same_bits(a->ip, b->ip, a->prefix);
}

static bool net_meets(const struct value_ip *a, const struct kind_net *b)
{
	return a->family == b->family && same_bits(a->ip, b->ip, a->prefix < b->prefix ? a->prefix : b->prefix);
}

/* An address that lies in one of the networks: in all of them the same must come out. */
static uint32_t address_inside(const struct pred *p, const struct kind_net *nets, unsigned int n)
{
	unsigned int met = 0, held = 0;

	for (unsigned int k = 0; k < n; k++) {
		bool meets = false, holds = false;

		for (uint32_t i = 0; i < p->n; i++) {
			meets |= net_meets(&p->v[i].ip, &nets[k]);
			holds |= net_holds(&p->v[i].ip, &nets[k]);
		}
		met += meets;
		held += holds;
	}
	return held == n ? known(!p->negate) : !met ? known(p->negate) : NODE_BAD;
}

/* An address of their family that lies in none of them: nor in any network within them, or of the other family. */
static uint32_t address_outside(const struct pred *p, const struct kind_net *nets, unsigned int n)
{
	for (uint32_t i = 0; i < p->n; i++) {
		bool within = p->v[i].ip.family != nets[0].family;

		for (unsigned int k = 0; k < n && !within; k++)
			within = p->v[i].ip.prefix >= nets[k].prefix && same_bits(p->v[i].ip.ip, nets[k].ip, nets[k].prefix);
		if (!within)
			return NODE_BAD;
	}
	return known(p->negate);
}

static uint32_t address_known(const struct pred *p, enum event_type type, uint32_t kind)
{
	const struct kind_net *nets;
	bool outside;
	unsigned int n = kind_networks(type, kind, &nets, &outside);

	if (p->test != TEST_NETS || !n)
		return NODE_BAD;
	return outside ? address_outside(p, nets, n) : address_inside(p, nets, n);
}

/* A mode's names: which of them it has is known of some, of those for execution only that it has none. */
static uint32_t mode_known(const struct pred *p, uint32_t kind)
{
	static const struct {
		const char *name;
		uint32_t bit;
		bool whole;
	} bits[] = {{"S_ISUID", KIND_CHMOD_SUID, true},	   {"S_ISGID", KIND_CHMOD_SGID, true},	  {"S_ISVTX", KIND_CHMOD_STICKY, true},
		    {"S_IWOTH", KIND_CHMOD_OTHERS, true}, {"S_IXUSR", KIND_CHMOD_EXEC, false}, {"S_IXGRP", KIND_CHMOD_EXEC, false},
		    {"S_IXOTH", KIND_CHMOD_EXEC, false}};
	uint32_t absent = 0;

	for (uint32_t i = 0; p->test == TEST_CONTAINS && i < p->n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(bits); k++) {
			if (!str_eq(p->v[i].s, str(bits[k].name)))
				continue;
			if (bits[k].whole && kind & bits[k].bit)
				return known(!p->negate);
			absent += !(kind & bits[k].bit);
		}
	}
	return p->test == TEST_CONTAINS && p->n && absent == p->n ? known(p->negate) : NODE_BAD;
}

static uint32_t when_kind(const struct slot *s, const struct pred *p, const struct assumption *a)
{
	enum event_type type = call_table[a->call].type;

	if (kind_settles(type, a->kind, a->what == SUPPOSE_FAILED, s->field.text))
		return sample_known(s, p, a);
	if (kind_is_address(type, s->field.text))
		return a->what == SUPPOSE_FAILED && type == EVENT_ACCEPT ? NODE_BAD : address_known(p, type, a->kind);
	if (type == EVENT_CHMOD && is_text(s, "evt.arg.mode"))
		return mode_known(p, a->kind);
	if (type == EVENT_DUP && is(s, "evt.rawres") && a->what == SUPPOSE_DONE && a->kind >> 3 == DUP_RES_MORE)
		return number_within(p, DUP_RES_MORE, INT64_MAX);
	return NODE_BAD;
}

/* ---- predicates ---- */

static uint32_t when_who(const struct slot *s, const struct pred *p, const struct assumption *a)
{
	static const char *const container[] = {"container.id", "container.full_id", "container.type", "container.name"};
	uint32_t r = when_root(s, p, a->root);

	for (size_t i = 0; r > NODE_TRUE && a->host && a->sample && i < ARRAY_SIZE(container); i++) {
		if (is(s, container[i]))
			r = sample_known(s, p, a);	/* it has none */
	}
	return r;
}

uint32_t matcher_judge_pred(const struct matcher *m, const struct pred *p, const struct assumption *a)
{
	uint32_t r = oracle_of_name(m, p, (void *)&a->name);
	const struct slot *s = &m->slots[p->slot];
	bool open = call_is_open(a->call);

	if (r <= NODE_TRUE || s->kind != EXPR_FIELD || s->multi || p->quant != QUANT_ANY)
		return r;
	if (a->what == SUPPOSE_FAILED)
		r = when_failed(s, p, open);
	else if (a->what != SUPPOSE_NOTHING)
		r = when_done(s, p, open);
	if (r > NODE_TRUE && a->what == SUPPOSE_READ_ONLY)
		r = when_read_only(s, p);
	if (r > NODE_TRUE && a->who)
		r = when_who(s, p, a);
	if (r > NODE_TRUE && a->sample)
		r = when_kind(s, p, a);
	return r;
}

/* ---- conditions ---- */

uint32_t matcher_judge(const struct matcher *m, uint32_t id, void *ctx)
{
	struct assumption *a = ctx;
	const struct node *n = &m->nodes[id];
	uint32_t r, i, part, decisive;
	uint8_t *memo = a->memo;

	if (memo[id])
		return memo[id] == 3 ? NODE_BAD : memo[id] - 1u;
	switch (n->kind) {
	case NODE_CONST:
		r = id;
		break;
	case NODE_PRED:
		r = matcher_judge_pred(m, &m->preds[n->pred], a);
		break;
	case NODE_NOT:
		r = matcher_judge(m, n->v[0], a);
		r = r <= NODE_TRUE ? !r : NODE_BAD;
		break;
	case NODE_ONE:
		r = NODE_BAD;
		break;
	default:
		decisive = n->kind == NODE_AND ? NODE_FALSE : NODE_TRUE;
		for (i = 0, r = !decisive; i < n->n && r != decisive; i++) {
			part = matcher_judge(m, n->v[i], a);
			r = part == decisive ? decisive : part > NODE_TRUE ? NODE_BAD : r;
		}
		break;
	}
	r = r <= NODE_TRUE ? r : NODE_BAD;
	memo[id] = r == NODE_BAD ? 3 : (uint8_t)(r + 1);
	return r;
}

bool call_is_open(enum event_call call)
{
	return call == CALL_OPEN || call == CALL_OPENAT || call == CALL_OPENAT2 || call == CALL_CREAT ||
	       call == CALL_OPEN_BY_HANDLE_AT;
}

bool call_can_fail(enum event_call call)
{
	return call != CALL_PROCEXIT && call != CALL_DNS && call != CALL_TLS && call != CALL_HTTP &&
	       call != CALL_CRED_CHANGE && call != CALL_SIGNAL && call != CALL_MODULE_LOAD && call != CALL_CONTAINER;
}
