/* SPDX-License-Identifier: Apache-2.0 */
/* Predicates: constants put into the form that is cheap to ask, then asked; and the nodes made of them. */
#include "rule/glob.h"
#include "rule/matcher_node.h"
#include <errno.h>
#include <stdlib.h>

/* ---- making ready ---- */

static int prepare_regexes(struct matcher *m, struct pred *p)
{
	char why[160];
	uint32_t i;
	int r;

	if (!m->regex)
		m->regex = regex_scratch_new();	/* for all of them; a rule set without any does without */
	p->regexes = calloc(p->n + 1, sizeof(*p->regexes));
	if (!p->regexes || !m->regex)
		return -ENOMEM;
	for (i = 0; i < p->n; i++) {
		r = regex_new(&p->regexes[i], p->v[i].s, why);
		if (r < 0)
			return r;
		m->extra_bytes += regex_bytes(p->regexes[i]);
	}
	return 0;
}

int pred_prepare(struct matcher *m, struct pred *p)
{
	bool ok = true;

	if (p->ready)
		return 0;
	p->ready = true;
	switch (p->test) {
	case TEST_TEXTS:
		if (p->n > 1)
			ok = text_set_init(&p->texts, m->arena, p->v, p->n);
		break;
	case TEST_PREFIX:
	case TEST_SUFFIX:
		ok = affix_set_init(&p->affixes, m->arena, p->v, p->n, p->test == TEST_SUFFIX);
		break;
	case TEST_CONTAINS:
		p->needles = arena_new_object(m->arena, struct needle_set);
		ok = p->needles && needle_set_init(p->needles, m->arena, p->v, p->n);
		break;
	case TEST_PATHS:
		ok = path_set_init(&p->paths, m->arena, p->v, p->n);
		break;
	case TEST_NETS:
		ok = net_set_init(&p->nets, m->arena, p->v, p->n);
		break;
	case TEST_REGEX:
		return prepare_regexes(m, p);
	default:
		break;
	}
	return ok ? 0 : -ENOMEM;
}

void pred_release(struct pred *p)
{
	uint32_t i;

	if (p->test != TEST_REGEX || !p->ready || !p->regexes)
		return;
	for (i = 0; i < p->n; i++)
		regex_free(p->regexes[i]);
	free(p->regexes);
}

/* ---- asking ---- */

static bool same_number(const struct value *a, const struct value *b)
{
	return a->u == b->u;	/* constants that the field's type cannot be are gone: the bits decide */
}

static bool one_of(const struct pred *p, const struct value *v)
{
	uint32_t lo = 0, hi = p->n, mid;

	if (p->n <= 4) {
		for (lo = 0; lo < p->n; lo++) {
			if (same_number(&p->v[lo], v))
				return true;
		}
		return false;
	}
	while (lo < hi) {
		int order;

		mid = (lo + hi) / 2;
		order = v->type == TYPE_INT ? (v->i > p->v[mid].i) - (v->i < p->v[mid].i)
					    : (v->u > p->v[mid].u) - (v->u < p->v[mid].u);
		if (!order)
			return true;
		if (order > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static bool in_range(const struct pred *p, const struct value *v)
{
	if (p->v[0].type == TYPE_INT)
		return v->i >= p->v[0].i && v->i <= p->v[1].i;
	return v->u >= p->v[0].u && v->u <= p->v[1].u;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool has_folded(struct str text, struct str needle)
{
	size_t i, j;

	if (!needle.n)
		return true;
	for (i = 0; i + needle.n <= text.n; i++) {
		for (j = 0; j < needle.n && lower(text.p[i + j]) == lower(needle.p[j]); j++)
			;
		if (j == needle.n)
			return true;
	}
	return false;
}

static bool has_text(struct str text, struct str needle)
{
	return !needle.n || (needle.n <= text.n && memmem(text.p, text.n, needle.p, needle.n));
}

static bool matches_one(const struct pred *p, struct str text, bool fold_case)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (glob_match(p->v[i].s, text, fold_case))
			return true;
	}
	return false;
}

static bool contains_folded(const struct pred *p, struct str text)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		if (has_folded(text, p->v[i].s))
			return true;
	}
	return false;
}

static bool regex_one(struct matcher *m, const struct pred *p, struct str text)
{
	uint32_t i;

	for (i = 0; i < p->n; i++) {
		switch (regex_match(p->regexes[i], m->regex, text)) {
		case REGEX_YES:
			return true;
		case REGEX_LIMIT:
			m->regex_limit++;
			break;
		case REGEX_NO:
			break;
		}
	}
	return false;
}

static bool ordered(enum op op, int order)
{
	switch (op) {
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	default:
		return order == 0;
	}
}

/* Two values of the same type; NE is told as EQ and negated. */
static bool compare_values(struct matcher *m, enum op op, const struct value *a, const struct value *b)
{
	switch (op) {
	case OP_CONTAINS:
	case OP_BCONTAINS:
		return has_text(a->s, b->s);
	case OP_ICONTAINS:
		return has_folded(a->s, b->s);
	case OP_STARTSWITH:
	case OP_BSTARTSWITH:
		return str_starts(a->s, b->s);
	case OP_ENDSWITH:
		return str_ends(a->s, b->s);
	case OP_GLOB:
	case OP_IGLOB:
		return glob_match(b->s, a->s, op == OP_IGLOB);
	default:
		(void)m;
		if (a->type == TYPE_IP)	/* the prefix is the constant's affair */
			return ordered(op, a->ip.family != b->ip.family || memcmp(a->ip.ip, b->ip.ip, 16));
		return ordered(op, value_cmp(a, b));
	}
}

static bool against_field(struct matcher *m, const struct pred *p, const struct value *v)
{
	const struct slot_state *r = slot_values(m, p->rhs);
	uint16_t i;

	for (i = 0; i < r->n; i++) {
		if (compare_values(m, p->op, v, &r->v[i]))
			return true;
	}
	return false;
}

static bool value_holds(struct matcher *m, const struct pred *p, const struct value *v)
{
	switch (p->test) {
	case TEST_EXISTS:
		return true;
	case TEST_BOOLS:
		return (p->n && p->v[0].b == v->b) || (p->n > 1 && p->v[1].b == v->b);
	case TEST_NUMBERS:
		return one_of(p, v);
	case TEST_RANGE:
		return in_range(p, v);
	case TEST_TEXTS:
		return p->n == 1 ? str_eq(p->v[0].s, v->s) : text_set_has(&p->texts, v->s);
	case TEST_ORDER:
		return ordered(p->op, str_cmp(v->s, p->v[0].s));
	case TEST_PREFIX:
	case TEST_SUFFIX:
		return affix_set_has(&p->affixes, v->s);
	case TEST_CONTAINS:
		return needle_set_within(p->needles, v->s);
	case TEST_ICONTAINS:
		return contains_folded(p, v->s);
	case TEST_GLOB:
		return matches_one(p, v->s, false);
	case TEST_IGLOB:
		return matches_one(p, v->s, true);
	case TEST_REGEX:
		return regex_one(m, p, v->s);
	case TEST_PATHS:
		return path_set_has(&p->paths, v->s);
	case TEST_NETS:
		return net_set_has(&p->nets, &v->ip);
	case TEST_FIELD:
		return against_field(m, p, v);
	}
	return false;
}

static bool many_hold(struct matcher *m, const struct pred *p, const struct slot_state *s)
{
	uint16_t i;

	for (i = 0; i < s->n; i++) {
		if ((value_holds(m, p, &s->v[i]) != p->negate) != (p->quant != QUANT_ANY))
			return p->quant == QUANT_ANY;
	}
	return p->quant == QUANT_ALL_OR_NONE || (p->quant == QUANT_ALL && s->n);
}

static bool pred_holds(struct matcher *m, const struct pred *p)
{
	const struct slot_state *s = slot_values(m, p->slot);

	if (p->test == TEST_EXISTS || !s->present)
		return s->present;
	if (p->test == TEST_FIELD && !slot_values(m, p->rhs)->present)
		return false;
	if (!p->multi)
		return s->n && value_holds(m, p, &s->v[0]) != p->negate;
	return many_hold(m, p, s);
}

/* ---- nodes ---- */

static bool evaluate(struct matcher *m, const struct node *n)
{
	uint32_t i, count = 0;

	switch (n->kind) {
	case NODE_PRED:
		return pred_holds(m, &m->preds[n->pred]);
	case NODE_NOT:
		return !node_holds(m, n->v[0]);
	case NODE_AND:
		for (i = 0; i < n->n; i++) {
			if (!node_holds(m, n->v[i]))
				return false;
		}
		return true;
	case NODE_OR:
		for (i = 0; i < n->n; i++) {
			if (node_holds(m, n->v[i]))
				return true;
		}
		return false;
	case NODE_ONE:
		for (i = 0; i < n->n && count < 2; i++)
			count += node_holds(m, n->v[i]);
		return count == 1;
	case NODE_CONST:
		return n->pred == NODE_TRUE;
	}
	return false;
}

bool node_holds(struct matcher *m, uint32_t id)
{
	uint32_t memo = m->memo[id];
	bool r;

	if (memo >> 1 == m->generation)
		return memo & 1;
	r = evaluate(m, &m->nodes[id]);
	m->memo[id] = m->generation << 1 | r;
	return r;
}
