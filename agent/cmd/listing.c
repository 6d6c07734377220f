/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/listing.h"
#include <stdio.h>

enum { OPT_NAMES, OPT_JSON };

const struct cmd_option listing_options[] = {
	[OPT_NAMES] = {"--names", 0, NULL, "the names alone"},
	[OPT_JSON] = {"--json", 0, NULL, "one JSON array of objects"},
	{},
};

bool listing_parse(const struct cmd *c, int argc, char **argv, enum listing_form *form, int *status)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	*form = LISTING_TEXT;
	while ((o = cmd_next(&p, c)) != CMD_END) {
		if (o == OPT_NAMES || o == OPT_JSON) {
			*form = o == OPT_NAMES ? LISTING_NAMES : LISTING_JSON;
			continue;
		}
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi %s: unexpected argument \"%s\"\n", c->name, p.value);
		*status = o == CMD_HELP ? EXIT_OK : EXIT_INPUT;
		return false;
	}
	return true;
}

static void print_row(json_t *row, enum listing_form form)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *type = json_string_value(json_object_get(row, "type"));

	if (form == LISTING_NAMES)
		puts(name);
	else
		printf("%-34s %-8s %s\n", name, type ? type : "", json_string_value(json_object_get(row, "doc")));
}

int listing_print(json_t *rows, enum listing_form form)
{
	json_t *row;
	size_t i;

	if (form == LISTING_JSON) {
		json_dumpf(rows, stdout, JSON_COMPACT);
		puts("");
	}
	json_array_foreach(rows, i, row) {
		if (form != LISTING_JSON)
			print_row(row, form);
	}
	json_decref(rows);
	return EXIT_OK;
}
