/* SPDX-License-Identifier: Apache-2.0 */
/* The rules over recorded events: every match is a finding, nothing is folded. */
#include "cmd/cmd.h"
#include "cmd/events_file.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "finding/falco.h"
#include "rule/engine_condition.h"
#include "rule/ruleset.h"
#include "version.h"
#include <string.h>
#include <unistd.h>


extern const struct cmd cmd_replay;

enum { OPT_EVENTS, OPT_RULES, OPT_CONFIG, OPT_JSON, OPT_FALCO_JSON, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_EVENTS] = {"--events", 'e', "EVENTS", "recording, .scap capture or JSON lines"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of the default rules"},
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "priority, rules, rule_matching, semantics and append_output of this configuration"},
	[OPT_JSON] = {"--json", 0, NULL, "findings as JSON lines, each with its eventNumber"},
	[OPT_FALCO_JSON] = {"--falco-json", 0, NULL, "the JSON lines that Falco would print"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

struct replay {
	struct ruleset *rules;
	struct finding_context context;
	bool json, falco;
	char hostname[256];
	uint64_t events, findings, observed;
};

static void output_fields(void *ctx, const char *rule, void (*fn)(void *fn_ctx, const char *field), void *fn_ctx)
{
	const struct replay *r = ctx;

	engine_condition_output_fields(ruleset_engine(r->rules, "condition"), rule, fn, fn_ctx);
}

static void print(struct replay *r, const Noroshi__V1__Finding *f, const struct event *ev, bool observed)
{
	struct buf b = {};
	json_t *o;

	if (!r->json) {
		if (r->falco)
			finding_falco_line(f, &(struct finding_template){output_fields, r}, &b);
		else
			finding_text_line(f, false, &b);
		printf("%s" STR_FMT "\n", observed && !r->falco ? "observed: " : "", STR_ARG(buf_view(&b)));
		buf_free(&b);
		return;
	}
	o = finding_json(&f->base);
	json_object_set_new(o, "eventNumber", json_integer((json_int_t)ev->num));
	if (observed)
		json_object_set_new(o, "observed", json_true());
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
		r->findings += !m->v[i].rule->observe;
		r->observed += m->v[i].rule->observe;
		f->sequence = (uint32_t)(r->findings + r->observed);
		print(r, f, ev, m->v[i].rule->observe);
	}
}

struct args {
	const char *rules[RULES_PATHS_MAX], *events, *config;
	size_t nrules;
	bool json, falco;
	struct rules_opts opts;
};

/* Matches that cost more than a match may: counted as none. */
static uint64_t given_up(const struct ruleset *rs)
{
	const struct engine *e = ruleset_engine(rs, "condition");
	struct engine_stats s;

	e->ops->stats(e, &s);
	return s.regex_limit;
}

static int replay(struct replay *r, const char *events)
{
	struct buf error = {};
	int e;

	r->context = (struct finding_context){.agent_version = NOROSHI_VERSION, .ruleset_digest = ruleset_digest(r->rules),
					      .hostname = r->hostname, .boot_id = "", .kernel = ""};
	e = events_file_each(events, on_event, r, &error);
	fprintf(stderr, "noroshi replay: %llu events, %llu findings", (unsigned long long)r->events, (unsigned long long)r->findings);
	if (r->observed)
		fprintf(stderr, ", %llu matches only observed", (unsigned long long)r->observed);
	if (given_up(r->rules))
		fprintf(stderr, ", %llu regular expressions given up at their limit", (unsigned long long)given_up(r->rules));
	fputs("\n", stderr);
	if (error.n)
		fprintf(stderr, "noroshi replay: %s\n", error.p);
	buf_free(&error);
	return e < 0 ? EXIT_INPUT : EXIT_OK;
}

static int start(struct args *a)
{
	struct replay r = {.json = a->json, .falco = a->falco};
	struct rules_read read;
	int status = EXIT_INPUT;

	if (a->falco)
		gethostname(r.hostname, sizeof(r.hostname) - 1);
	if (rules_read(&read, &a->opts, a->config, a->rules, a->nrules, true) >= 0) {
		r.rules = read.rules;
		status = replay(&r, a->events);
	}
	rules_read_end(&read);
	return status;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	struct args a = {.opts = RULES_OPTS_INIT};
	bool bad = false;
	int o;

	while ((o = cmd_next(&p, &cmd_replay)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o >= 0 && rules_opts_take(&a.opts, "replay", o - OPT_RULES_BASE, p.value, &bad)) {
			if (bad)
				return EXIT_INPUT;
		} else if (o == OPT_EVENTS)
			a.events = p.value;
		else if (o == OPT_RULES && a.nrules < RULES_PATHS_MAX)
			a.rules[a.nrules++] = p.value;
		else if (o == OPT_CONFIG)
			a.config = p.value;
		else if (o == OPT_JSON)
			a.json = true;
		else if (o == OPT_FALCO_JSON)
			a.falco = true;
		else if (o == CMD_ARG)
			return fprintf(stderr, "noroshi replay: unexpected argument \"%s\"\n", p.value), EXIT_INPUT;
		else
			return EXIT_INPUT;
	}
	if (!a.events)
		return fprintf(stderr, "noroshi replay: -e EVENTS is needed\n"), EXIT_INPUT;
	return start(&a);
}

const struct cmd cmd_replay = {
	.name = "replay",
	.args = "-e EVENTS [-c CONFIG] [-r RULES]... [--json|--falco-json]",
	.summary = "the rules over recorded events",
	.options = options,
	.run = run,
};
