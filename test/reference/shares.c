/* SPDX-License-Identifier: Apache-2.0 */
#include "shares.h"

#define CLASSES (R_TYPES + 2)	/* the last two: lists, and evt.type, which every event has */
#define LISTS R_TYPES
#define EVENT_TYPE (R_TYPES + 1)

enum form { CONSTANT, ONEOF, ANYOF, ALLOF, FIELD, TRANSFORMED, ANCESTORS, EITHER, FORMS };

static const char *const class_names[CLASSES] = {
	"signed", "unsigned", "port", "bool", "text", "bytes", "address", "network", "list", "evt.type"};
static const char *const form_names[FORMS] = {"constants", "oneof", "anyof", "allof", "field on the right",
	"transformer", "any ancestor", "client or server"};

static uint64_t by_type[RO_MAX][CLASSES][O_MAX], by_form[FORMS][O_MAX];

void shares_count(const struct rtree *t, enum outcome o)
{
	const struct rexpr *l = t->lhs;

	/* a field on its right may be missing: then it is a check like others */
	if (l->kind == RX_FIELD && rfields[l->field].flags & RF_NAME && !t->rhs) {
		by_type[t->op][EVENT_TYPE][o]++;
		return;
	}
	by_type[t->op][l->list ? LISTS : (int)l->type][o]++;
	if (t->op == RO_EXISTS)
		return;
	by_form[t->rhs ? FIELD : t->modifier ? ONEOF + (int)t->modifier - 1 : CONSTANT][o]++;
	if (l->kind == RX_TRANSFORM)
		by_form[TRANSFORMED][o]++;
	else if (rfields[l->field].flags & RF_ANCESTORS && l->index < 0)
		by_form[ANCESTORS][o]++;
	else if (rfields[l->field].flags & RF_EITHER)
		by_form[EITHER][o]++;
}

/* A tenth at least, or none at all where it cannot be. */
static bool share(FILE *to, uint64_t n, double all, bool possible)
{
	if (!possible && !n)
		fprintf(to, "  %5s", "-");
	else
		fprintf(to, "  %5.1f", 100 * (double)n / all);
	return possible ? (double)n >= all / 10 : !n;
}

static bool row(FILE *to, const char *a, const char *b, const uint64_t n[O_MAX], bool false_possible, bool missing_possible)
{
	double all = (double)(n[0] + n[1] + n[2]);
	bool good;

	if (all == 0)
		return true;
	fprintf(to, "%-*s%-*s %10.0f", *b ? 13 : 22, a, *b ? 9 : 0, b, all);
	good = share(to, n[O_TRUE], all, true);
	good &= share(to, n[O_FALSE], all, false_possible);
	good &= share(to, n[O_MISSING], all, missing_possible);
	fprintf(to, "%s\n", good ? "" : "  below 10 %");
	return good;
}

bool shares_print(FILE *to)
{
	bool good = true;

	fprintf(to, "%-13s%-9s %10s  %5s  %5s  %s\n", "operator", "type", "checks", "true", "false", "missing, % (-: not possible)");
	for (int op = 0; op < RO_MAX; op++) {
		for (int c = 0; c < CLASSES; c++)
			good &= row(to, rop_words[op], class_names[c], by_type[op][c], op != RO_EXISTS, c != EVENT_TYPE);
	}
	for (int f = 0; f < FORMS; f++)
		good &= row(to, form_names[f], "", by_form[f], true, true);
	return good;
}
