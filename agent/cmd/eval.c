/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a file for which a condition holds. */
#include "cmd/cmd.h"
#include "cmd/events_file.h"
#include "cmd/filter.h"
#include "cmd/rules_arg.h"
#include "event/json.h"
#include "rule/event_json.h"
#include <string.h>

#define PATHS_MAX 256

extern const struct cmd cmd_eval;

enum { OPT_EVENTS, OPT_RULES, OPT_COMPAT };

static const struct cmd_option options[] = {
	[OPT_EVENTS] = {"--events", 'e', "EVENTS", "recording, .scap capture or JSON lines"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder that supplies lists and macros"},
	[OPT_COMPAT] = {"--falco-strict", 0, NULL, "the condition means what it means in Falco also where that is a trap"},
	{},
};

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	json_t *o;

	if (!filter_match(ctx, ev))
		return;
	if (line.p) {
		printf(STR_FMT "\n", STR_ARG(line));
		return;
	}
	o = ev->fields ? json_incref(json_fields_object(ev->fields)) : event_json(ev);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	struct diags d _cleanup_(diags_free) = {};
	const char *rules[PATHS_MAX], *paths[PATHS_MAX], *events = NULL, *condition = NULL;
	struct filter f = {};
	struct buf error = {};
	size_t nrules = 0;
	int o, r;

	while ((o = cmd_next(&p, &cmd_eval)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o == OPT_EVENTS)
			events = p.value;
		else if (o == OPT_RULES && nrules < PATHS_MAX)
			rules[nrules++] = p.value;
		else if (o == OPT_COMPAT)
			f.compat = true;
		else if (o == CMD_ARG && !condition)
			condition = p.value;
		else if (o == CMD_ARG)
			return fprintf(stderr, "noroshi eval: one condition only; quote it\n"), EXIT_INPUT;
		else
			return EXIT_INPUT;
	}
	if (!events || !condition)
		return fprintf(stderr, "noroshi eval: %s\n", events ? "a CONDITION is needed" : "-e EVENTS is needed"), EXIT_INPUT;
	if (nrules)
		nrules = rules_arg_expand(paths, PATHS_MAX, rules, nrules);
	r = filter_load(&f, condition, paths, nrules, &d);
	rules_arg_print_errors(&d, FILTER_NAME);
	if (r >= 0)
		r = events_file_each(events, on_event, &f, &error);
	if (error.n)
		fprintf(stderr, "noroshi eval: %s\n", error.p);
	buf_free(&error);
	filter_free(&f);
	return r < 0 ? EXIT_INPUT : EXIT_OK;
}

const struct cmd cmd_eval = {
	.name = "eval",
	.args = "-e EVENTS [-r RULES]... [--falco-strict] 'CONDITION'",
	.summary = "print the events of a file for which a condition holds",
	.options = options,
	.run = run,
};
