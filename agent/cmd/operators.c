/* SPDX-License-Identifier: Apache-2.0 */
/* The words between a field and a constant, and what may stand around them. */
#include "cmd/listing.h"
#include "rule/op.h"

extern const struct cmd cmd_operators;

static void add(json_t *rows, const char *name, const char *kind, const char *doc)
{
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "name", name, "type", kind, "doc", doc));
}

static int run(int argc, char **argv)
{
	enum listing_form form;
	json_t *rows;
	int status;

	if (!listing_parse(&cmd_operators, argc, argv, &form, &status))
		return status;
	rows = json_array();
	for (int i = 0; i < OP_MAX; i++)
		add(rows, op_table[i].word, "operator", op_table[i].doc);
	for (int i = MODIFIER_NONE + 1; i < MODIFIER_MAX; i++)
		add(rows, modifier_table[i].word, "modifier", modifier_table[i].doc);
	for (int i = 0; i < TRANSFORM_MAX; i++)
		add(rows, transform_table[i].word, "function", transform_table[i].doc);
	return listing_print(rows, form);
}

const struct cmd cmd_operators = {
	.name = "operators",
	.args = "[--names | --json]",
	.summary = "operators, modifiers and functions of conditions",
	.options = listing_options,
	.run = run,
};
