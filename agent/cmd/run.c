/* SPDX-License-Identifier: Apache-2.0 */
/* The agent in the foreground: what systemd starts. */
#include "agent.h"
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "sensor/source.h"
#include "util/log.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

#define PATHS_MAX 256
#define DEFAULT_CONFIG "/etc/noroshi/noroshi.yaml"

extern const struct cmd cmd_run;

enum { OPT_CONFIG, OPT_RULES, OPT_SINK, OPT_STATE, OPT_JSON, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "configuration file (" DEFAULT_CONFIG " when it exists)"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of the default rules; \"default\" names those"},
	[OPT_SINK] = {"--sink", 0, "SPEC", "stdout, file:PATH or upload:URL in place of the configured sinks"},
	[OPT_STATE] = {"--state", 0, "DIR", "folder for the control socket and other state (/run/noroshi)"},
	[OPT_JSON] = {"--json", 0, NULL, "stdout sink: one JSON object a line"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

struct args {
	const char *config;
	const char *rules[PATHS_MAX];
	size_t nrules;
	struct config_sink sinks[16];
	size_t nsinks;
	const char *state;
	bool json;
	struct rules_opts opts;
};

/* 0, or the exit code + 1 when the command is over. */
static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	bool bad = false;
	int o;

	while ((o = cmd_next(&p, &cmd_run)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o >= 0 && rules_opts_take(&a->opts, "run", o - OPT_RULES_BASE, p.value, &bad)) {
			if (bad)
				return EXIT_INPUT + 1;
		} else if (o == OPT_CONFIG)
			a->config = p.value;
		else if (o == OPT_RULES && a->nrules < PATHS_MAX)
			a->rules[a->nrules++] = p.value;
		else if (o == OPT_SINK && a->nsinks < ARRAY_SIZE(a->sinks))
			a->sinks[a->nsinks++].spec = p.value;
		else if (o == OPT_STATE)
			a->state = p.value;
		else if (o == OPT_JSON)
			a->json = true;
		else if (o == CMD_ARG)
			return fprintf(stderr, "noroshi run: unexpected argument \"%s\"\n", p.value), EXIT_INPUT + 1;
		else if (o >= 0)
			return fprintf(stderr, "noroshi run: too many of %s\n", options[o].name), EXIT_INPUT + 1;
		else
			return EXIT_INPUT + 1;
	}
	return 0;
}

static int set_log_level(const char *word)
{
	static const char *const words[] = {"error", "warning", "info", "debug"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(word, words[i])) {
			log_set_level((enum log_level)i);
			return 0;
		}
	}
	log_error("log_level wants error, warning, info or debug, not \"%s\"", word);
	return -EINVAL;
}

static struct config *read_config(const struct args *a, struct diags *d)
{
	_cleanup_(config_freep) struct config *c = config_new();
	const char *path = a->config;

	if (!c)
		return NULL;
	if (!path && !access(DEFAULT_CONFIG, R_OK))
		path = DEFAULT_CONFIG;
	if (path && config_read(c, path, d) < 0)
		return NULL;
	if (a->state)
		c->state_dir = a->state;
	if (a->nsinks) {
		c->sinks = (struct config_sink *)a->sinks;
		c->nsinks = a->nsinks;
	}
	return set_log_level(c->log_level) < 0 ? NULL : take(c);
}

static int load_rules(struct agent_options *o, const struct rules_opts *opts, struct diags *d)
{
	int r = rules_opts_fill(opts, o->config, &o->load, &o->steps);

	if (r < 0)
		return r;
	if (!o->nrule_paths) {
		log_error("no rules: there is no folder of default rules here; rules_files or --rules names others");
		return -ENOENT;
	}
	return ruleset_read(&o->ruleset, &o->rules, o->rule_paths, o->nrule_paths, o->load, d);
}

/* The sensor first: it reads the kernel's types while rules are read, and has none of them in its memory. */
static int begin(struct agent_options *o, struct args *a, const char **paths, struct diags *d)
{
	char error[512];
	int r = source_kernel_fork(&o->source, error);

	if (r < 0) {
		log_error("%s", error);
		return r;
	}
	if (!a->nrules) {
		for (; a->nrules < o->config->rules_files.n; a->nrules++)
			a->rules[a->nrules] = o->config->rules_files.v[a->nrules];
	}
	o->nrule_paths = rules_arg_expand(paths, PATHS_MAX, a->rules, a->nrules);
	o->rule_paths = paths;
	o->json = a->json;
	return load_rules(o, &a->opts, d);
}

static int run(int argc, char **argv)
{
	struct diags d _cleanup_(diags_free) = {};
	struct agent_options o = {};
	const char *paths[PATHS_MAX];
	struct args a = {.opts = RULES_OPTS_INIT};
	int r = parse(&a, argc, argv);

	if (r)
		return r - 1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);	/* until there are rules to read again: they are being read */
	o.config = read_config(&a, &d);
	if (o.config)
		r = begin(&o, &a, paths, &d);
	rules_arg_print(&d);
	if (!o.config || r < 0) {
		log_error("not started: the %s", !o.config ? "configuration has errors" : "rules do not load");
		if (o.source)
			o.source->ops->free(o.source);
		config_free(o.config);
		free(o.steps);
		rule_files_free(&o.rules);
		return EXIT_INPUT;
	}
	r = agent_run(&o);
	return r < 0 ? EXIT_HOST : EXIT_OK;
}

const struct cmd cmd_run = {
	.name = "run",
	.args = "[-c CONFIG] [-r RULES]... [--sink SPEC]... [--state DIR] [--json] [--disable GLOB]...",
	.summary = "watch this host: the agent in the foreground",
	.options = options,
	.run = run,
};
