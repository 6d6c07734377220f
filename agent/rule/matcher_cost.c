/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost
 *
 * Guesses that decide in which order parts are asked. A wrong one costs time,
 * never an outcome.
 */
#include "rule/matcher_node.h"

static const struct {
	float cost;
	float truth;
} tests[] = {
	[TEST_EXISTS] = {1, 0.8f},    [TEST_BOOLS] = {1, 0.3f},       [TEST_NUMBERS] = {1, 0.2f}, [TEST_RANGE] = {1, 0.5f},
	[TEST_TEXTS] = {2, 0.1f},     [TEST_ORDER] = {2, 0.5f},       [TEST_PREFIX] = {2, 0.1f},  [TEST_SUFFIX] = {2, 0.1f},
	[TEST_CONTAINS] = {8, 0.05f}, [TEST_ICONTAINS] = {40, 0.05f}, [TEST_GLOB] = {12, 0.1f},   [TEST_IGLOB] = {12, 0.1f},
	[TEST_REGEX] = {60, 0.1f},    [TEST_PATHS] = {8, 0.1f},       [TEST_NETS] = {3, 0.2f},    [TEST_FIELD] = {4, 0.3f},
};

/* Fields that mostly say the same thing when a rule asks them. */
static const struct {
	const char *field;
	enum test test;
	float truth;
} habits[] = {
	{"fd.num", TEST_RANGE, 0.95f},
	{"fd.typechar", TEST_TEXTS, 0.85f},
	{"fd.type", TEST_TEXTS, 0.85f},
	{"evt.is_open_read", TEST_BOOLS, 0.85f},
	{"evt.is_open_write", TEST_BOOLS, 0.15f},
	{"container.id", TEST_TEXTS, 0.5f},
	{"user.uid", TEST_NUMBERS, 0.5f},
	{"evt.res", TEST_TEXTS, 0.8f},
	{"evt.rawres", TEST_RANGE, 0.8f},
	{"fd.l4proto", TEST_TEXTS, 0.6f},
	{"evt.dir", TEST_TEXTS, 1.0f},
	{"proc.duration", TEST_RANGE, 0.2f},
	{"proc.tty", TEST_NUMBERS, 0.7f},
	{"evt.failed", TEST_BOOLS, 0.1f},
	{"evt.source", TEST_TEXTS, 1.0f},
};

/* What reading the field costs, beside the test. */
static float slot_cost(const struct slot *s)
{
	if (s->kind == EXPR_TRANSFORM)
		return 30;
	if (s->kind != EXPR_FIELD)
		return 0;
	if (s->multi)	/* ancestors are a walk */
		return 20;
	if (str_starts(s->field.text, STR("fd.")))	/* what the descriptor is has to be found first */
		return 3;
	return s->type == TYPE_STR ? 2 : 1;
}

float pred_cost(const struct matcher *m, const struct pred *p)
{
	float list = 1;

	if (p->n > 1 && (p->test == TEST_CONTAINS || p->test == TEST_ICONTAINS || p->test == TEST_GLOB ||
			 p->test == TEST_IGLOB || p->test == TEST_REGEX))
		list = (float)p->n;
	return tests[p->test].cost * list + slot_cost(&m->slots[p->slot]);
}

float pred_truth(const struct matcher *m, const struct pred *p)
{
	const struct slot *s = &m->slots[p->slot];
	float truth = tests[p->test].truth;
	unsigned int i;

	if (p->n > 8)	/* a long list is hit more often than one name */
		truth *= 2;
	for (i = 0; s->kind == EXPR_FIELD && i < ARRAY_SIZE(habits); i++) {
		if (habits[i].test == p->test && !strcmp(habits[i].field, s->field.desc->name))
			truth = habits[i].truth;
	}
	return p->negate ? 1 - truth : truth;
}
