/* SPDX-License-Identifier: Apache-2.0 */
/* The values of evt.type: those the sensor reports, with what they carry; --json also those it does not. */
#include "cmd/listing.h"
#include "event/attr.h"
#include "event/names.h"

extern const struct cmd cmd_events;

static json_t *parameters(const struct event_desc *d)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->nattrs; i++)
		json_array_append_new(a, json_pack("{s:s, s:s}", "name", d->attrs[i].name, "doc", d->attrs[i].doc));
	return a;
}

static int run(int argc, char **argv)
{
	enum listing_form form;
	json_t *rows;
	int status;

	if (!listing_parse(&cmd_events, argc, argv, &form, &status))
		return status;
	rows = json_array();
	for (int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		const struct event_desc *d = &event_table[call_table[c].type];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", call_table[c].name, "type", d->name,
						      "doc", call_table[c].doc, "seen", 1, "parameters", parameters(d)));
	}
	for (unsigned int i = 0; form == LISTING_JSON && i < name_count; i++) {
		if (name_call((int)i) == CALL_NONE)
			json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "name", name_table[i], "seen", 0, "doc",
							      "compiles in a condition; the sensor does not report it"));
	}
	return listing_print(rows, form);
}

const struct cmd cmd_events = {
	.name = "events",
	.args = "[--names | --json]",
	.summary = "what evt.type can be, and what each event carries",
	.options = listing_options,
	.run = run,
};
