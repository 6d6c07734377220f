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
	const char *value;	/* the first constant; NULL: any */
	float truth;
} habits[] = {
	{"fd.num", TEST_RANGE, NULL, 0.95f},
	{"fd.typechar", TEST_TEXTS, "f", 0.85f},
	{"fd.typechar", TEST_TEXTS, "4", 0.8f},
	{"fd.type", TEST_TEXTS, "file", 0.85f},
	{"fd.type", TEST_TEXTS, "ipv4", 0.8f},
	{"evt.is_open_read", TEST_BOOLS, NULL, 0.85f},
	{"evt.is_open_write", TEST_BOOLS, NULL, 0.15f},
	{"container.id", TEST_TEXTS, "host", 0.3f},
	{"user.uid", TEST_NUMBERS, NULL, 0.5f},
	{"evt.res", TEST_TEXTS, NULL, 0.8f},
	{"evt.rawres", TEST_RANGE, NULL, 0.8f},
	{"fd.l4proto", TEST_TEXTS, NULL, 0.6f},
	{"evt.dir", TEST_TEXTS, NULL, 1.0f},
	{"evt.source", TEST_TEXTS, NULL, 1.0f},
	{"evt.failed", TEST_BOOLS, NULL, 0.1f},
	{"proc.duration", TEST_RANGE, NULL, 0.2f},
	{"proc.tty", TEST_NUMBERS, NULL, 0.7f},
};

/* What reading a field costs beside the test; the first that begins its name. */
static const struct {
	const char *begin;
	float cost;
} reads[] = {
	{"evt.arg", 25},	/* put together as a text */
	{"thread.cap", 40},
	{"proc.env", 10},
	{"fd.name", 4},		/* of a socket: put together */
	{"fd.", 3},		/* what the descriptor is has to be found first */
	{"user.name", 5},
	{"evt.", 1},
	{"proc.p", 10},		/* another process: cold memory */
	{"proc.", 6},
	{"", 2},
};

static float slot_cost(const struct slot *s)
{
	unsigned int i;

	if (s->kind == EXPR_TRANSFORM)
		return 30;
	if (s->kind != EXPR_FIELD)
		return 0;
	if (s->multi)	/* ancestors are a walk */
		return 20;
	for (i = 0; !str_starts(s->field.text, str(reads[i].begin)); i++)
		;
	return reads[i].cost;
}

float pred_cost(const struct matcher *m, const struct pred *p)
{
	float list = 1;

	if (p->n > 1 && (p->test == TEST_ICONTAINS || p->test == TEST_GLOB ||
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
		if (habits[i].test == p->test && !strcmp(habits[i].field, s->field.desc->name) &&
		    (!habits[i].value || (p->n && str_eq(p->v[0].s, str(habits[i].value)))))
			truth = habits[i].truth;
	}
	return p->negate ? 1 - truth : truth;
}
