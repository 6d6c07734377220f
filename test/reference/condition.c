/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: every operator for every type that takes it, both kinds of right side, and trees of them. */
#include "generate.h"
#include <stdlib.h>

#define BIT(op) (1u << RO_##op)
#define EQUAL (BIT(EXISTS) | BIT(EQ) | BIT(NE) | BIT(IN) | BIT(INTERSECTS))
#define ORDER (BIT(LT) | BIT(LE) | BIT(GT) | BIT(GE))

static const uint32_t operators[R_TYPES] = {
	[R_INT] = EQUAL | ORDER, [R_UINT] = EQUAL | ORDER, [R_PORT] = EQUAL | ORDER,
	[R_BOOL] = EQUAL, [R_IP] = EQUAL, [R_NET] = EQUAL,
	[R_STR] = EQUAL | ORDER | BIT(CONTAINS) | BIT(ICONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(GLOB) | BIT(IGLOB) |
		  BIT(REGEX) | BIT(PMATCH),
	[R_BYTES] = EQUAL | BIT(CONTAINS) | BIT(STARTSWITH) | BIT(ENDSWITH) | BIT(BCONTAINS) | BIT(BSTARTSWITH),
};

/* ---- left and right sides ---- */

static struct rexpr *new_expr(enum rexpr_kind kind)
{
	struct rexpr *x = ref_memory(sizeof(*x));

	memset(x, 0, sizeof(*x));
	x->kind = kind;
	x->index = -1;
	x->type = R_STR;
	return x;
}

static struct rexpr *field_of(enum rtype type, bool list, unsigned int without)
{
	struct rexpr *x = new_expr(RX_FIELD);
	int i;

	do {
		i = (int)below(RFIELDS);
	} while (rfields[i].type != type || rfields[i].flags & without || list != !!(rfields[i].flags & RF_LIST));
	x->field = i;
	x->type = type;
	x->list = list;
	if (rfields[i].flags & RF_ANCESTORS && chance(40))
		x->index = (int)below(4);
	return x;
}

static struct rexpr *text(struct str s)
{
	struct rexpr *x = new_expr(RX_TEXT);

	x->text = s;
	return x;
}

static struct rexpr *transformed(enum rtype type, bool list, unsigned int depth);

static struct rexpr *inner(enum rtype type, bool list, unsigned int depth)
{
	return depth < 2 && chance(25) ? transformed(type, list, depth + 1) : field_of(type, list, RF_NO_TR);
}

static struct rexpr *new_transform(enum rtransform t, enum rtype type, bool list, struct rexpr *first)
{
	struct rexpr *x = new_expr(RX_TRANSFORM);

	x->transform = t;
	x->type = type;
	x->list = list;
	x->v[x->n++] = first;
	return x;
}

static struct rexpr *number_or_text(void)
{
	static const enum rtype types[] = {R_STR, R_STR, R_INT, R_UINT, R_PORT};
	struct rexpr *x;

	if (chance(75))
		return field_of(types[below(5)], false, RF_NO_TR);
	if (chance(50))
		return text(text_of_theme(THEME_OPTIONS));
	x = new_expr(RX_NUMBER);
	x->text = chance(50) ? STR("17") : STR("-3");
	return x;
}

static struct rexpr *options_of(bool list, unsigned int depth)
{
	static const char *const letters[] = {"ab:", "abcx", "a:b::c", "xz"};
	struct rexpr *x, *in;

	if (chance(70)) {
		in = inner(R_STR, true, depth);
	} else {
		in = new_expr(RX_LIST);
		in->list = true;
		for (in->n = 0; in->n < 3; in->n++)
			in->v[in->n] = chance(50) ? text(text_of_theme(THEME_OPTIONS)) : field_of(R_STR, false, RF_NO_TR);
	}
	x = new_transform(RT_GETOPT, R_STR, list, in);
	x->v[x->n++] = text(str(letters[below(4)]));
	if (!list)
		x->letter = "abcx"[below(4)];
	return x;
}

static struct rexpr *joined(unsigned int depth)
{
	static const char *const separators[] = {",", "", " ", "/"};
	struct rexpr *x = new_transform(RT_JOIN, R_STR, false, text(str(separators[below(4)]))), *in;

	if (chance(50)) {
		x->v[x->n++] = inner(R_STR, true, depth);
		return x;
	}
	in = new_expr(RX_LIST);
	in->list = true;
	for (unsigned int k = 1 + below(3); in->n < k;)
		in->v[in->n++] = number_or_text();
	x->v[x->n++] = in;
	return x;
}

static struct rexpr *concatenated(unsigned int depth)
{
	struct rexpr *x = new_transform(RT_CONCAT, R_STR, false, inner(R_STR, false, depth));

	for (unsigned int k = 2 + below(2); x->n < k;)
		x->v[x->n++] = chance(40) ? text(text_of_theme(THEME_NAME)) : inner(R_STR, false, depth);
	return x;
}

static struct rexpr *transformed(enum rtype type, bool list, unsigned int depth)
{
	static const enum rtransform simple[] = {RT_TOLOWER, RT_TOUPPER, RT_BASENAME, RT_B64};
	struct rexpr *x;

	if (type == R_UINT)
		return new_transform(RT_LEN, R_UINT, false, chance(50) ? inner(R_STR, false, depth)
						       : chance(50) ? inner(R_STR, true, depth) : inner(R_BYTES, false, depth));
	if (type == R_BYTES)
		return new_transform(RT_B64, R_BYTES, false, inner(R_BYTES, false, depth));
	switch (list ? below(6) : below(9)) {
	case 4:
	case 5:
		return options_of(list, depth);
	case 6:
		return joined(depth);
	case 7:
		return concatenated(depth);
	default:
		x = new_transform(simple[chance(12) ? 3 : below(3)], R_STR, list, NULL);
		x->v[0] = x->transform == RT_B64 && !list ? field_of(R_STR, false, RF_NO_TR) : inner(R_STR, list, depth);
		if (x->transform == RT_B64 && !list && chance(70))
			x->v[0]->field = F_PROC_EXE;
		return x;
	}
}

static bool has_transforms(enum rtype type)
{
	return type == R_STR || type == R_UINT || type == R_BYTES;
}

static struct rexpr *side(enum rtype type, bool list, unsigned int without)
{
	return has_transforms(type) && chance(25) ? transformed(type, list, 0) : field_of(type, list, without);
}

/* ---- checks ---- */

static enum rtype random_type(bool *list)
{
	static const enum rtype types[] = {R_STR, R_STR, R_STR, R_STR, R_STR, R_STR, R_STR, R_STR, R_INT, R_UINT, R_PORT, R_BOOL,
		R_BYTES, R_BYTES, R_IP, R_NET, R_STR};
	unsigned int i = below(sizeof(types) / sizeof(*types));

	*list = i == sizeof(types) / sizeof(*types) - 1;
	return types[i];
}

static enum rop random_op(enum rtype type, bool list)
{
	uint32_t allowed = list ? BIT(EXISTS) | BIT(IN) | BIT(INTERSECTS) : operators[type];
	enum rop op;

	do {
		op = (enum rop)below(RO_MAX);
	} while (!(allowed >> op & 1) || (op == RO_EXISTS && chance(60)));
	return op;
}

static bool takes_modifier(enum rop op)
{
	return op >= RO_EQ && op <= RO_REGEX;
}

static unsigned int constants_of(const struct rtree *t)
{
	if (t->modifier == RM_ALLOF)
		return chance(5) ? 0 : 1 + below(2);
	if (t->modifier || t->op == RO_PMATCH)
		return chance(3) ? 0 : 1 + below(4);
	if (t->op == RO_IN || t->op == RO_INTERSECTS) {
		if (t->lhs->type == R_BOOL)
			return 1 + !below(4);
		return chance(4) ? 0 : chance(10) ? chance(15) ? 12 + below(50) : 6 + below(6) : 1 + below(t->lhs->list ? 6 : 4);
	}
	return 1;
}

static struct rtree *new_tree(enum rkind kind)
{
	struct rtree *t = ref_memory(sizeof(*t));

	memset(t, 0, sizeof(*t));
	t->kind = kind;
	return t;
}

static void fill_constants(struct batch *b, struct rtree *t)
{
	for (unsigned int k = constants_of(t); t->nconstants < k;)
		add_constant(b, t);
}

static bool rhs_possible(const struct rtree *t)
{
	bool name = t->lhs->kind == RX_FIELD && rfields[t->lhs->field].flags & RF_NO_RHS;

	return t->op != RO_EXISTS && t->op != RO_PMATCH && t->op != RO_REGEX && t->lhs->type != R_NET && !name;
}

static struct rtree *make_check(struct batch *b)
{
	struct rtree *t = new_tree(RK_CHECK);
	bool list, ordered;
	enum rtype type = random_type(&list);

	t->op = random_op(type, list);
	ordered = type == R_STR && (t->op == RO_LT || t->op == RO_LE || t->op == RO_GT || t->op == RO_GE);
	do {
		t->lhs = side(type, list, 0);
	} while (ordered && t->lhs->kind == RX_FIELD && t->lhs->field == F_EVT_TYPE);
	if (t->op == RO_EXISTS)
		return t;
	if (rhs_possible(t) && chance(ordered ? 60 : 15)) {
		t->rhs = side(type, list, RF_NO_RHS);
		return t;
	}
	if (takes_modifier(t->op) && chance(20))
		t->modifier = (enum rmodifier)(1 + below(3));
	fill_constants(b, t);
	return t;
}

/* evt.type = x, != x, in (…): what programs are made by. */
static struct rtree *event_check(struct batch *b)
{
	struct rtree *t = new_tree(RK_CHECK);

	t->op = chance(30) ? RO_EQ : chance(10) ? RO_NE : RO_IN;
	t->lhs = new_expr(RX_FIELD);
	t->lhs->field = F_EVT_TYPE;
	fill_constants(b, t);
	return t;
}

/* One used before, a new one, or one about the event's type. */
static struct rtree *some_check(struct batch *b)
{
	struct rtree *t;

	if (b->nchecks && chance(30))
		return b->checks[below(b->nchecks)];
	t = chance(8) ? event_check(b) : make_check(b);
	if (b->nchecks < CHECKS_MAX)
		b->checks[b->nchecks++] = t;
	return t;
}

/* The same question with other constants. */
static struct rtree *sibling(struct batch *b, const struct rtree *t)
{
	struct rtree *s = new_tree(RK_CHECK);

	if (t->kind != RK_CHECK || t->rhs || t->op == RO_EXISTS)
		return some_check(b);
	s->lhs = t->lhs;
	s->op = t->op;
	if (chance(12) && (t->op == RO_EQ || t->op == RO_NE)) {	/* the very same constants, the other way round */
		*s = *t;
		s->op = t->op == RO_EQ ? RO_NE : RO_EQ;
		return s;
	}
	if (chance(10) && t->op == RO_EQ)
		s->op = RO_IN;
	s->modifier = chance(80) && takes_modifier(s->op) ? t->modifier : RM_NONE;
	fill_constants(b, s);
	return s;
}

/* ---- trees ---- */

/* One that is often about a field with several values, and often an inequality: what may be merged, and what may not. */
static struct rtree *first_of_family(struct batch *b)
{
	const unsigned int several = RF_LIST | RF_ANCESTORS | RF_EITHER;
	struct rtree *t = some_check(b);
	bool wanted = chance(40);

	for (int i = 0; wanted && i < 40; i++) {
		if (t->lhs->kind == RX_FIELD && rfields[t->lhs->field].flags & several && (t->op == RO_NE || chance(30)))
			break;
		t = make_check(b);
	}
	return t;
}

static struct rtree *negated(struct rtree *inside)
{
	struct rtree *t = new_tree(RK_NOT);

	t->v[t->n++] = inside;
	return t;
}

static struct rtree *make_tree(struct batch *b, unsigned int depth)
{
	struct rtree *t;
	bool family, inverted;

	if (!depth || chance(20))
		return chance(15) ? negated(some_check(b)) : some_check(b);
	if (chance(12))
		return negated(make_tree(b, depth - 1));
	t = new_tree(chance(50) ? RK_AND : RK_OR);
	family = chance(30);
	inverted = family && chance(t->kind == RK_AND ? 70 : 15);
	for (unsigned int k = 2 + below(3); t->n < k;) {
		struct rtree *part;

		if (family && t->n)
			part = sibling(b, t->v[0]->kind == RK_NOT ? t->v[0]->v[0] : t->v[0]);
		else
			part = family ? first_of_family(b) : make_tree(b, depth - 1);
		t->v[t->n++] = inverted && part->kind == RK_CHECK ? negated(part) : part;
	}
	return t;
}

/* A question whose answer the sensor's filters know as well. */
static struct rtree *filter_check(struct batch *b)
{
	static const int fields[] = {F_EVT_FAILED, F_EVT_RES, F_EVT_RAWRES, F_FD_NUM, F_EVT_OPEN_WRITE, F_ARG_FLAGS,
		F_FD_NAME, F_FD_NAME, F_FD_DIRECTORY};
	struct rtree *t = new_tree(RK_CHECK);

	t->lhs = new_expr(RX_FIELD);
	t->lhs->field = fields[below(sizeof(fields) / sizeof(*fields))];
	t->lhs->type = rfields[t->lhs->field].type;
	t->op = random_op(t->lhs->type, false);
	if (takes_modifier(t->op) && chance(10))
		t->modifier = (enum rmodifier)(1 + below(3));
	if (t->op != RO_EXISTS)
		fill_constants(b, t);
	return chance(30) ? negated(t) : t;
}

/* Most are like rules: the event's type, and more. */
struct rtree *make_condition(struct batch *b)
{
	struct rtree *t, *alternative;

	if (chance(50))
		return make_tree(b, 1 + below(3));
	t = new_tree(RK_AND);
	t->v[t->n++] = event_check(b);
	if (chance(20))
		t->v[t->n++] = filter_check(b);
	for (unsigned int k = 2 + below(3); t->n < k;)
		t->v[t->n++] = make_tree(b, below(3));
	if (chance(75))
		return t;
	alternative = new_tree(RK_OR);
	alternative->v[alternative->n++] = t;
	alternative->v[alternative->n++] = make_condition(b);
	return alternative;
}

struct rtree *make_narrow_condition(struct batch *b)
{
	struct rtree *t = new_tree(RK_AND), *either;

	t->v[t->n++] = event_check(b);
	t->v[t->n++] = filter_check(b);
	if (chance(60))
		return t;
	either = new_tree(RK_OR);
	either->v[either->n++] = filter_check(b);
	either->v[either->n++] = chance(50) ? filter_check(b) : some_check(b);
	t->v[t->n++] = either;
	return t;
}
