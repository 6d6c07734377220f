/* SPDX-License-Identifier: Apache-2.0 */
/* The values of evt.type: those the sensor reports, with what they carry; --json also those it does not. */
#include "cmd/events_ways.h"
#include "cmd/listing.h"
#include "event/attr.h"
#include "event/names.h"
#include "rule/field_arg.h"
#include "util/buf.h"
#include <stdio.h>

extern const struct cmd cmd_events;

enum { OPT_NAMES, OPT_JSON, OPT_WAYS };

static const struct cmd_option options[] = {
	[OPT_NAMES] = {"--names", 0, NULL, "the names alone"},
	[OPT_JSON] = {"--json", 0, NULL, "one JSON array of objects"},
	[OPT_WAYS] = {"--ways", 0, NULL, "which events show on this host whichever way they are done, and which do not"},
	{},
};

static json_t *parameters(const struct event_desc *d)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < d->nattrs; i++)
		json_array_append_new(a, json_pack("{s:s, s:s}", "name", d->attrs[i].name, "doc", d->attrs[i].doc));
	return a;
}

/* What stands behind evt.arg. in a rule. */
static json_t *arguments(enum event_call call)
{
	json_t *a = json_array();

	for (const struct param *p = params_of(call); p->name; p++)
		json_array_append_new(a, json_string(param_name(p->name)));
	return a;
}

/* For people: the description, and the arguments behind it. */
static json_t *described(const char *doc, const json_t *arguments)
{
	struct buf b = {};
	json_t *name, *text;
	size_t i;

	buf_printf(&b, "%s%s", doc, json_array_size(arguments) ? "; evt.arg:" : "");
	json_array_foreach(arguments, i, name)
		buf_printf(&b, " %s", json_string_value(name));
	text = json_string(b.p ? b.p : doc);
	buf_free(&b);
	return text;
}

static int list(enum listing_form form)
{
	json_t *rows = json_array();

	for (int c = CALL_NONE + 1; c < CALL_MAX; c++) {
		const struct event_desc *d = &event_table[call_table[c].type];
		json_t *args = arguments((enum event_call)c);
		json_t *doc = form == LISTING_TEXT ? described(call_table[c].doc, args) : json_string(call_table[c].doc);

		json_array_append_new(rows, json_pack("{s:s, s:s, s:o, s:b, s:o, s:o}", "name", call_table[c].name, "type", d->name, "doc",
						      doc, "seen", 1, "arguments", args, "parameters", parameters(d)));
	}
	for (unsigned int i = 0; form == LISTING_JSON && i < name_count; i++) {
		if (name_call((int)i) == CALL_NONE)
			json_array_append_new(rows, json_pack("{s:s, s:b, s:s}", "name", name_table[i], "seen", 0, "doc",
							      "compiles in a condition; the sensor does not report it"));
	}
	return listing_print(rows, form);
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	bool names = false, json = false, ways = false;
	int o;

	while ((o = cmd_next(&p, &cmd_events)) != CMD_END) {
		names |= o == OPT_NAMES;
		json |= o == OPT_JSON;
		ways |= o == OPT_WAYS;
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi events: unexpected argument \"%s\"\n", p.value);
		if (o < 0)
			return o == CMD_HELP ? EXIT_OK : EXIT_INPUT;
	}
	if (ways && names) {
		fprintf(stderr, "noroshi events: --ways has no list of names\n");
		return EXIT_INPUT;
	}
	return ways ? events_ways(json) : list(json ? LISTING_JSON : names ? LISTING_NAMES : LISTING_TEXT);
}

const struct cmd cmd_events = {
	.name = "events",
	.args = "[--names] [--ways] [--json]",
	.summary = "what evt.type can be, and what each event carries; which ways of doing it show",
	.options = options,
	.run = run,
};
