/* SPDX-License-Identifier: Apache-2.0 */
/* The rules over recorded events: every match is a finding, nothing is folded. */
#include "cmd/cmd.h"
#include "cmd/events_file.h"
#include "cmd/rules_arg.h"
#include "finding/finding.h"
#include "rule/ruleset.h"
#include "version.h"
#include <string.h>

#define PATHS_MAX 256

extern const struct cmd cmd_replay;

enum { OPT_EVENTS, OPT_RULES, OPT_JSON };

static const struct cmd_option options[] = {
	[OPT_EVENTS] = {"--events", 'e', "EVENTS", "recording, .scap capture or JSON lines"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of the default rules"},
	[OPT_JSON] = {"--json", 0, NULL, "findings as JSON lines, each with its eventNumber"},
	{},
};

struct replay {
	struct ruleset *rules;
	struct finding_context context;
	bool json;
	uint64_t events, findings;
};

static void print(const struct replay *r, const Noroshi__V1__Finding *f, const struct event *ev)
{
	struct buf b = {};
	json_t *o;

	if (!r->json) {
		finding_text_line(f, false, &b);
		printf(STR_FMT "\n", STR_ARG(buf_view(&b)));
		buf_free(&b);
		return;
	}
	o = finding_json(&f->base);
	json_object_set_new(o, "eventNumber", json_integer((json_int_t)ev->num));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct replay *r = ctx;
	const struct matches *m = ruleset_match(r->rules, ev);

	(void)line;
	r->events++;
	for (uint32_t i = 0; i < m->n; i++) {
		_cleanup_(finding_freep) Noroshi__V1__Finding *f = finding_new(&r->context, ev, &m->v[i]);

		if (!f)
			continue;
		f->sequence = (uint32_t)++r->findings;
		print(r, f, ev);
	}
}

static int replay(struct replay *r, const char *events, const char *const *paths, size_t npaths)
{
	struct diags d _cleanup_(diags_free) = {};
	struct rule_files files = {};
	struct buf error = {};
	int e = ruleset_read(&r->rules, &files, paths, npaths, (struct engine_load){.min_priority = 7}, &d);

	rules_arg_print(&d);
	if (e >= 0) {
		r->context = (struct finding_context){.agent_version = NOROSHI_VERSION, .ruleset_digest = ruleset_digest(r->rules),
						      .hostname = "", .boot_id = "", .kernel = ""};
		e = events_file_each(events, on_event, r, &error);
		fprintf(stderr, "noroshi replay: %llu events, %llu findings\n", (unsigned long long)r->events, (unsigned long long)r->findings);
	}
	if (error.n)
		fprintf(stderr, "noroshi replay: %s\n", error.p);
	buf_free(&error);
	ruleset_free(r->rules);
	rule_files_free(&files);
	return e < 0 ? EXIT_INPUT : EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	const char *rules[PATHS_MAX], *paths[PATHS_MAX], *events = NULL;
	struct replay r = {};
	size_t nrules = 0;
	int o;

	while ((o = cmd_next(&p, &cmd_replay)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o == OPT_EVENTS)
			events = p.value;
		else if (o == OPT_RULES && nrules < PATHS_MAX)
			rules[nrules++] = p.value;
		else if (o == OPT_JSON)
			r.json = true;
		else if (o == CMD_ARG)
			return fprintf(stderr, "noroshi replay: unexpected argument \"%s\"\n", p.value), EXIT_INPUT;
		else
			return EXIT_INPUT;
	}
	if (!events)
		return fprintf(stderr, "noroshi replay: -e EVENTS is needed\n"), EXIT_INPUT;
	nrules = rules_arg_expand(paths, PATHS_MAX, rules, nrules);
	return replay(&r, events, paths, nrules);
}

const struct cmd cmd_replay = {
	.name = "replay",
	.args = "-e EVENTS [-r RULES]... [--json]",
	.summary = "the rules over recorded events",
	.options = options,
	.run = run,
};
