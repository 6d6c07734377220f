/* SPDX-License-Identifier: Apache-2.0 */
#include "shares.h"

#define CLASSES (R_TYPES + 1)	/* the last: lists */

enum form { CONSTANT, ONEOF, ANYOF, ALLOF, FIELD, TRANSFORMED, ANCESTORS, EITHER, EVENT_TYPE, FORMS };

static const char *const class_names[CLASSES] = {"signed", "unsigned", "port", "bool", "text", "bytes", "address", "network", "list"};
static const char *const form_names[FORMS] = {"constants", "oneof", "anyof", "allof", "field on the right",
	"transformer", "any ancestor", "client or server", "evt.type"};

static uint64_t by_type[RO_MAX][CLASSES][O_MAX], by_form[FORMS][O_MAX];

void shares_count(const struct rtree *t, enum outcome o)
{
	const struct rexpr *l = t->lhs;

	if (l->kind == RX_FIELD && rfields[l->field].flags & RF_NAME) {
		by_form[EVENT_TYPE][o]++;
		return;
	}
	by_type[t->op][l->list ? R_TYPES : (int)l->type][o]++;
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

static bool row(FILE *to, const char *a, const char *b, const uint64_t n[O_MAX], bool two)
{
	double all = (double)(n[0] + n[1] + n[2]);
	bool good;

	if (all == 0)
		return true;
	good = (double)n[O_TRUE] >= all / 10 && (double)n[O_MISSING] >= all / 10 && (two || (double)n[O_FALSE] >= all / 10);
	fprintf(to, "%-*s%-*s %10.0f  %5.1f  ", *b ? 13 : 22, a, *b ? 9 : 0, b, all,
		100 * (double)n[O_TRUE] / all);
	if (two)
		fprintf(to, "    -");
	else
		fprintf(to, "%5.1f", 100 * (double)n[O_FALSE] / all);
	fprintf(to, "  %5.1f%s\n", 100 * (double)n[O_MISSING] / all, good ? "" : "  below 10 %");
	return good;
}

bool shares_print(FILE *to)
{
	bool good = true;

	fprintf(to, "%-13s%-9s %10s  %5s  %5s  %5s\n", "operator", "type", "checks", "true", "false", "missing, %");
	for (int op = 0; op < RO_MAX; op++) {
		for (int c = 0; c < CLASSES; c++)
			good &= row(to, rop_words[op], class_names[c], by_type[op][c], op == RO_EXISTS);
	}
	for (int f = 0; f < FORMS; f++)
		good &= row(to, form_names[f], "", by_form[f], false) || f == EVENT_TYPE;	/* never missing */
	return good;
}
