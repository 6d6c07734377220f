/* SPDX-License-Identifier: Apache-2.0 */
/* Operators, modifiers, and the walk over the tree. */
#include "reference.h"
#include <stdlib.h>

const char *const rop_words[RO_MAX] = {
	"exists", "<=", "<", ">=", ">", "=", "!=", "glob", "iglob", "contains", "icontains", "bcontains",
	"startswith", "bstartswith", "endswith", "regex", "intersects", "in", "pmatch",
};

const char *const rmodifier_words[RM_MAX] = {"", "oneof", "anyof", "allof"};

/* The value's leading bits are the network's; an address is a network of one. */
static bool within_network(const struct rvalue *v, const struct rvalue *net)
{
	unsigned int bits = net->type == R_NET && net->prefix ? net->prefix : net->type == R_NET ? 0 : net->six ? 128 : 32;

	if (v->six != net->six)
		return false;
	for (unsigned int i = 0; i < bits; i++) {
		if ((v->address[i / 8] ^ net->address[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static bool equal(const struct rvalue *a, const struct rvalue *b)
{
	switch (a->type) {
	case R_STR:
	case R_BYTES:
		return text_same(a->text, b->text);
	case R_IP:
	case R_NET:
		return within_network(a, b);
	default:
		return a->number == b->number;
	}
}

static int order(const struct rvalue *a, const struct rvalue *b)
{
	if (a->type == R_STR)
		return text_order(a->text, b->text);
	return a->number < b->number ? -1 : a->number > b->number;
}

static bool compare(enum rop op, const struct rvalue *a, const struct rvalue *b)
{
	switch (op) {
	case RO_EQ:
		return equal(a, b);
	case RO_NE:
		return !equal(a, b);
	case RO_LT:
		return order(a, b) < 0;
	case RO_LE:
		return order(a, b) <= 0;
	case RO_GT:
		return order(a, b) > 0;
	case RO_GE:
		return order(a, b) >= 0;
	case RO_CONTAINS:
	case RO_BCONTAINS:
		return text_within(a->text, b->text, false);
	case RO_ICONTAINS:
		return text_within(a->text, b->text, true);
	case RO_STARTSWITH:
	case RO_BSTARTSWITH:
		return text_begins(a->text, b->text);
	case RO_ENDSWITH:
		return text_ends(a->text, b->text);
	case RO_GLOB:
		return text_glob(a->text, b->text, false);
	case RO_IGLOB:
		return text_glob(a->text, b->text, true);
	case RO_REGEX:
		return text_regex(a->text, b->text);
	case RO_PMATCH:
		return text_pmatch(a->text, b->text);
	default:
		abort();
	}
}

/* One value on the right. Of ancestors one is enough, of client and server too, but both have to differ. */
static bool holds_for(const struct rvalues *l, enum rop op, bool both_differ, const struct rvalue *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < l->n; i++)
		n += compare(op, &l->v[i], c);
	return op == RO_NE && both_differ ? l->n && n == l->n : n > 0;
}

static bool is_in(const struct rvalue *v, const struct rvalue *set, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (equal(v, &set[i]))
			return true;
	}
	return false;
}

static bool membership(const struct rvalues *l, bool all, const struct rvalue *set, unsigned int n)
{
	unsigned int hits = 0;

	for (unsigned int i = 0; i < l->n; i++)
		hits += is_in(&l->v[i], set, n);
	return all ? hits == l->n : hits > 0;
}

/* ---- what the original makes of some checks ---- */

enum trap { AS_MEANT, NEVER, ALWAYS, FIRST_ONLY };

static enum trap trap_of(const struct rtree *t)
{
	const struct rexpr *l = t->lhs;
	unsigned int flags;
	enum rtype type;
	bool any, listed = t->op == RO_IN || t->op == RO_INTERSECTS;

	if (l->kind != RX_FIELD || t->rhs || t->op == RO_EXISTS)
		return AS_MEANT;
	flags = rfields[l->field].flags;
	type = rfields[l->field].type;
	any = flags & RF_ANCESTORS && l->index < 0;
	if (t->modifier && (flags & RF_EITHER || any))
		return FIRST_ONLY;
	if (t->modifier && type == R_NET && t->op == RO_EQ)
		return NEVER;
	if (t->modifier && type == R_NET && t->op == RO_NE && t->modifier == RM_ALLOF)
		return ALWAYS;
	if (t->op == RO_IN && flags & RF_EITHER && type == R_NET)
		return FIRST_ONLY;
	if (t->op == RO_INTERSECTS && flags & RF_EITHER)
		return NEVER;
	if (t->op == RO_IN && flags & RF_EITHER && type == R_IP)
		return NEVER;
	if (listed && (any || flags & RF_RAWARG) && (type == R_INT || type == R_UINT || type == R_PORT))
		return NEVER;
	return AS_MEANT;
}

/* Numbers that a type has not wrap around in the original. */
static struct rvalue as_original(const struct rvalue *c, bool narrow)
{
	struct rvalue v = *c;

	if (v.type == R_UINT)
		v.number = (__int128)(uint64_t)v.number;
	if (v.type == R_PORT)
		v.number &= 65535;
	if (narrow && (v.type == R_UINT || v.type == R_INT))
		v.number &= UINT32_MAX;
	return v;
}

/* ---- checks ---- */

static bool modified(const struct rtree *t, const struct rvalues *l, bool both, const struct rvalue *c, unsigned int n)
{
	unsigned int hits = 0;

	for (unsigned int i = 0; i < n; i++)
		hits += holds_for(l, t->op, both, &c[i]);
	if (!n)
		return false;
	return t->modifier == RM_ONEOF ? hits == 1 : t->modifier == RM_ANYOF ? hits > 0 : hits == n;
}

static bool any_path(const struct rvalues *l, const struct rvalue *c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (holds_for(l, RO_PMATCH, false, &c[i]))
			return true;
	}
	return false;
}

enum outcome ref_check(const struct facts *e, const struct rtree *t, bool strict)
{
	enum trap trap = strict ? trap_of(t) : AS_MEANT;
	struct rvalue constants[RVALUES_MAX];
	unsigned int n = t->nconstants;
	struct rvalues l, r;
	bool both, narrow;

	if (trap == NEVER || trap == ALWAYS)
		return trap == ALWAYS;
	ref_values(e, t->lhs, &l);
	if (!l.present)
		return O_MISSING;
	narrow = t->lhs->kind == RX_FIELD && rfields[t->lhs->field].flags & RF_32_BITS;
	if (t->op == RO_EXISTS)
		return O_TRUE;
	for (unsigned int i = 0; i < n; i++)
		constants[i] = strict ? as_original(&t->constants[i], narrow) : t->constants[i];
	if (trap == FIRST_ONLY && n > 1)
		n = 1;
	if (t->rhs) {
		ref_values(e, t->rhs, &r);
		if (!r.present)
			return O_MISSING;
		memcpy(constants, r.v, r.n * sizeof(*r.v));
		n = r.n;
	}
	both = t->lhs->kind == RX_FIELD && rfields[t->lhs->field].flags & RF_EITHER;
	if (t->modifier)
		return modified(t, &l, both, constants, n);
	if (t->op == RO_IN || t->op == RO_INTERSECTS)
		return membership(&l, t->op == RO_IN && t->lhs->list, constants, n);
	if (t->op == RO_PMATCH)
		return any_path(&l, constants, n);
	return n && holds_for(&l, t->op, both, &constants[0]);
}

/* ---- the tree ---- */

bool ref_holds(const struct facts *e, const struct rtree *t, bool strict, seen_fn seen)
{
	unsigned int hits = 0;
	enum outcome o;

	if (t->kind == RK_CHECK) {
		o = ref_check(e, t, strict);
		if (seen)
			seen(t, o);
		return o == O_TRUE;
	}
	for (unsigned int i = 0; i < t->n; i++)
		hits += ref_holds(e, t->v[i], strict, seen);
	return t->kind == RK_NOT ? !hits : t->kind == RK_AND ? hits == t->n : hits > 0;
}
