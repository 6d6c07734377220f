/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every check of this host, its configuration, its rules and its receivers, live; of an agent that runs its own issues, and where
 * none does a trial whether one could.
 */
#include "agent.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/issues.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "health/check.h"
#include "util/escape.h"
#include "util/json_text.h"
#include <errno.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/noroshi/noroshi.yaml"
#define DEFAULT_STATE "/run/noroshi"

extern const struct cmd cmd_doctor;

enum { OPT_CONFIG, OPT_RULES, OPT_SINK, OPT_STATE, OPT_JSON, OPT_CODES };

static const struct cmd_option options[] = {
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "configuration file (" DEFAULT_CONFIG " when it exists)"},
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of those of the configuration"},
	[OPT_SINK] = {"--sink", 0, "SPEC", "sink in place of the configured ones"},
	[OPT_STATE] = {"--state", 0, "DIR", "the agent's state folder (" DEFAULT_STATE ")"},
	[OPT_JSON] = {"--json", 0, NULL, "everything, as one JSON object"},
	[OPT_CODES] = {"--codes", 0, NULL, "look at nothing: every issue that there can be, as one JSON object"},
	{},
};

struct doctor {
	const char *config_path, *state;
	const char *rules[RULES_PATHS_MAX];
	size_t nrules;
	struct config_sink sinks[16];
	size_t nsinks;
	bool json, codes;
	struct ledger *ledger;
	struct config *config;
	struct rule_files files;
	struct rule_select *steps;
	struct ruleset *ruleset;
	json_t *checks;		/* {"check", "ok", "said"} */
	json_t *agent;		/* its /coverage; NULL: none answers */
	bool blind;		/* no right to look at what only root sees */
	bool tried;		/* the probes were loaded for trial */
};

/* 0, or the exit code + 1 when the command is over. */
static int parse(struct doctor *d, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	while ((o = cmd_next(&p, &cmd_doctor)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o == OPT_CONFIG)
			d->config_path = p.value;
		else if (o == OPT_RULES && d->nrules < RULES_PATHS_MAX)
			d->rules[d->nrules++] = p.value;
		else if (o == OPT_SINK && d->nsinks < ARRAY_SIZE(d->sinks))
			d->sinks[d->nsinks++].spec = p.value;
		else if (o == OPT_STATE)
			d->state = p.value;
		else if (o == OPT_JSON)
			d->json = true;
		else if (o == OPT_CODES)
			d->codes = true;
		else if (o == CMD_ARG)
			return fprintf(stderr, "noroshi doctor: unexpected argument \"%s\"\n", p.value), EXIT_INPUT + 1;
		else if (o >= 0)
			return fprintf(stderr, "noroshi doctor: too many of %s\n", options[o].name), EXIT_INPUT + 1;
		else
			return EXIT_INPUT + 1;
	}
	return 0;
}

static void add(struct doctor *d, const char *name, const char *state, const char *said)
{
	json_array_append_new(d->checks, json_pack("{s:s, s:s, s:s}", "check", name, "state", state, "said", said));
}

static void on_check(void *ctx, const struct check *c)
{
	struct doctor *d = ctx;

	/* What needs a right that whoever asks does not have says nothing of the agent. */
	if (d->blind && (!strcmp(c->name, "capabilities") || !strcmp(c->name, "bpf") || !strcmp(c->name, "tracefs") || !strcmp(c->name, "memlock")))
		add(d, c->name, "not looked", "only root, or who has CAP_BPF and CAP_PERFMON, can look");
	else
		add(d, c->name, c->raised ? "issue" : "ok", c->said);
}

static void check_host(struct doctor *d)
{
	static const enum issue of_caller[] = {ISSUE_CAP_MISSING, ISSUE_BPF_SYSCALL_DENIED, ISSUE_LSM_DENIED, ISSUE_TRACEFS_ABSENT, ISSUE_MEMLOCK_LOW};
	struct check_host h = {.root = ""};

	d->blind = geteuid() && !check_has_right(&h);
	checks_run(d->ledger, &h, true, on_check, d);
	for (size_t i = 0; d->blind && i < ARRAY_SIZE(of_caller); i++)
		ledger_clear(d->ledger, of_caller[i], NULL);
}

static void found(struct doctor *d, enum issue code, const char *check, const char *subject, const char *text)
{
	struct ledger_case c = {.code = code, .subject = subject, .evidence = json_pack("{s:s}", "error", text)};

	ledger_raise(d->ledger, &c, "%s", text);
	add(d, check, "issue", text);
}

/* "file:line:col: message" of the first error. */
static void first_error(char *dst, size_t room, const struct diags *diags)
{
	snprintf(dst, room, "no memory");
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *e = &diags->v[i];

		if (diag_code_severity(e->code) != DIAG_ERROR)
			continue;
		snprintf(dst, room, STR_FMT ":%u:%u: %s", STR_ARG(e->place.file), e->place.line, e->place.col, e->message);
		return;
	}
}

static void check_config(struct doctor *d)
{
	struct diags diags _cleanup_(diags_free) = {};
	const char *path = d->config_path;
	char text[400];

	d->config = config_new();
	if (!path && !access(DEFAULT_CONFIG, R_OK))
		path = DEFAULT_CONFIG;
	if (!d->config || (path && config_read(d->config, path, &diags) < 0)) {
		d->config = config_free(d->config);
		first_error(text, sizeof(text), &diags);
		found(d, ISSUE_CONFIG_ERROR, "config", "config", text);
		return;
	}
	add(d, "config", "ok", path ? path : "no file; the defaults hold");
	if (d->state)
		d->config->state_dir = d->state;
	else if (d->config->state_dir)
		d->state = d->config->state_dir;
	if (d->nsinks) {
		d->config->sinks = d->sinks;
		d->config->nsinks = d->nsinks;
	}
}

/* What an agent that starts would find. */
static void check_state(struct doctor *d)
{
	const char *path = d->state ? d->state : DEFAULT_STATE;
	char error[AGENT_ERROR_MAX] = "", text[AGENT_ERROR_MAX + 80];
	int r = agent_check_state_dir(path, error);

	if (r == -ENOENT) {
		add(d, "state", "ok", "the folder is not there yet; an agent makes it");
	} else if (r < 0) {
		found(d, ISSUE_CONFIG_ERROR, "state", "state", error);
	} else if (access(path, W_OK) < 0 && errno == EROFS) {
		snprintf(text, sizeof(text), "the state folder %s: %s", path, strerror(EROFS));
		found(d, ISSUE_SPOOL_READONLY, "state", "state", text);
	} else {
		add(d, "state", "ok", path);
	}
}

static void check_rules(struct doctor *d)
{
	struct diags diags _cleanup_(diags_free) = {};
	struct rules_opts opts = RULES_OPTS_INIT;
	struct engine_load in = {};
	const char *paths[RULES_PATHS_MAX];
	char text[400];
	size_t n;

	for (size_t i = 0; d->config && !d->nrules && i < d->config->rules_files.n && i < RULES_PATHS_MAX; i++)
		paths[i] = d->config->rules_files.v[i];
	n = d->nrules ? d->nrules : d->config ? d->config->rules_files.n : 0;
	n = rules_arg_expand(paths, RULES_PATHS_MAX, d->nrules ? d->rules : paths, n < RULES_PATHS_MAX ? n : RULES_PATHS_MAX);
	if (!n) {
		found(d, ISSUE_RULES_EMPTY, "rules", NULL, "there is no folder of default rules here, and none is named");
		return;
	}
	if (rules_opts_fill(&opts, d->config, &in, &d->steps) < 0 || ruleset_read(&d->ruleset, &d->files, paths, n, in, &diags) < 0) {
		first_error(text, sizeof(text), &diags);
		found(d, ISSUE_RULES_PARSE_ERROR, "rules", NULL, text);
		return;
	}
	if (!ruleset_count(d->ruleset)) {
		found(d, ISSUE_RULES_EMPTY, "rules", NULL, "no rule is enabled: nothing is looked for");
		return;
	}
	snprintf(text, sizeof(text), "%u in %zu files", ruleset_count(d->ruleset), d->files.n);
	add(d, "rules", "ok", text);
}

static void check_sink(struct doctor *d, const struct config_sink *s)
{
	struct sink_options o = {.format = s->format, .ca_file = s->ca_file, .token_file = s->token_file, .compression = s->compression,
				 .cert_file = s->cert_file, .key_file = s->key_file};
	struct check c = {.ledger = d->ledger, .name = "sink"};
	char error[256] = "", text[400];

	if (sink_check(s->spec, o, error) < 0) {
		snprintf(text, sizeof(text), "sink %s: %s", s->spec, error);
		found(d, ISSUE_SINK_FAILED, "sink", s->spec, text);
		return;
	}
	if (strncmp(s->spec, "upload:", 7)) {
		add(d, "sink", "ok", s->spec);
		return;
	}
	check_upload(&c, s->spec, &(struct check_sink){
		.url = s->spec + 7, .ca_file = s->ca_file, .token_file = s->token_file, .cert_file = s->cert_file, .key_file = s->key_file,
		.connect_timeout_ms = (unsigned int)s->connect_timeout, .timeout_ms = (unsigned int)s->timeout,
	});
	add(d, "sink", c.raised ? "issue" : "ok", c.said);
}

static void check_sinks(struct doctor *d)
{
	bool uploads = false;

	for (size_t i = 0; d->config && i < d->config->nsinks; i++) {
		uploads |= !strncmp(d->config->sinks[i].spec, "upload:", 7);
		check_sink(d, &d->config->sinks[i]);
	}
	if (!uploads)
		ledger_capability(d->ledger, CAPABILITY_UPLOAD, "off", "no receiver is configured: findings stay on this host");
}

/* Loads what the rules need, as an agent does at its start, looks, and lets go. */
static void try_sensor(struct doctor *d)
{
	struct needs needs = {};
	struct source *s = NULL;
	char error[512] = "";
	struct feed feed;
	json_t *coverage;

	agent_needs(d->config, d->ruleset, NULL, &needs);
	if (source_kernel_new(&s, &needs, error) < 0) {
		struct ledger_case c = {.code = ISSUE_UNKNOWN, .subject = "sensor"};

		c.evidence = json_pack("{s:s, s:i, s:O}", "error", error, "errno", errno, "checks", d->checks);
		ledger_raise(d->ledger, &c, "the sensor does not start: %s", error);
		add(d, "sensor", "issue", error);
		return;
	}
	coverage = s->ops->coverage(s);
	feed_init(&feed, d->ledger, NULL, "");
	feed_coverage(&feed, coverage);
	feed_rules(&feed, d->ruleset, coverage);
	feed_free(&feed);
	json_decref(coverage);
	s->ops->free(s);
	d->tried = true;
	add(d, "sensor", "ok", "the probes were loaded and let go again; the matrix says what they would see");
}

static void check_agent(struct doctor *d)
{
	char error[600] = "", text[300], socket[300];
	const char *state = d->state ? d->state : DEFAULT_STATE;

	d->agent = ask(state, "coverage", error, sizeof(error));
	if (d->agent) {
		snprintf(text, sizeof(text), "process %lld answers, since %.19sZ: %s", json_integer_value(json_object_get(d->agent, "pid")),
			 json_word(d->agent, "started"), json_word(d->agent, "state"));
		add(d, "agent", !strcmp(json_word(d->agent, "state"), "healthy") ? "ok" : "issue", text);
		return;
	}
	snprintf(socket, sizeof(socket), "%s/control.sock", state);
	if (!access(socket, F_OK) && access(socket, R_OK | W_OK))
		add(d, "agent", "not looked", "its control socket is not for this user");
	else
		add(d, "agent", "none", "no agent runs here, or with another --state");
}

/* Those of doctor's own and those of the agent; what both found stands as the agent says it: it knows since when. */
static json_t *all_issues(const struct doctor *d, json_t *mine)
{
	json_t *theirs = json_object_get(d->agent, "issues"), *all = json_array(), *i, *k;
	size_t n, m;

	json_array_extend(all, theirs);
	json_array_foreach(json_object_get(mine, "issues"), n, i) {
		bool known = false;

		json_array_foreach(theirs, m, k)
			known |= !strcmp(json_word(i, "code"), json_word(k, "code")) && !strcmp(json_word(i, "subject"), json_word(k, "subject"));
		if (!known)
			json_array_append(all, i);
	}
	return all;
}

static const char *worst(const struct doctor *d)
{
	const char *mine = ledger_status(d->ledger, true), *theirs = d->agent ? json_word(d->agent, "state") : "healthy";

	if (!strcmp(theirs, "excluded") || !strcmp(theirs, "unhealthy") || !strcmp(mine, "healthy"))
		return theirs;
	return mine;
}

static void print(const struct doctor *d, const char *status, json_t *issues, json_t *capabilities)
{
	json_t *c;
	size_t i;

	json_array_foreach(d->checks, i, c) {
		struct buf b = {};

		escape_add(&b, str(json_word(c, "said")));
		printf("%-10s %-12s " STR_FMT "\n", json_word(c, "state"), json_word(c, "check"), STR_ARG(buf_view(&b)));
		buf_free(&b);
	}
	puts("");
	printf("state      %s\n", d->blind && !d->agent ? "not known: some checks need root" : status);
	issues_print(issues, true);
	issues_print_recent(json_object_get(d->agent, "recent"));
	if (d->agent || d->tried)
		issues_print_capabilities(capabilities);
}

static int report(const struct doctor *d)
{
	json_t *mine = ledger_json(d->ledger), *issues = all_issues(d, mine);
	json_t *capabilities = json_object_get(d->agent ? d->agent : mine, "capabilities");
	const char *status = worst(d);

	if (d->json) {
		json_t *o = json_pack("{s:s, s:b, s:O, s:O, s:O, s:O}", "state", status, "complete", !d->blind || d->agent, "checks", d->checks,
				      "issues", issues, "capabilities", d->agent || d->tried ? capabilities : json_null(),
				      "agent", d->agent ? d->agent : json_null());

		json_dumpf(o, stdout, JSON_COMPACT);
		puts("");
		json_decref(o);
	} else {
		print(d, status, issues, capabilities);
	}
	json_decref(issues);
	json_decref(mine);
	return d->blind && !d->agent ? EXIT_HOST : issues_exit(status);
}

static void end(struct doctor *d)
{
	if (d->config && d->nsinks)
		d->config->nsinks = 0;
	ruleset_free(d->ruleset);
	rule_files_free(&d->files);
	free(d->steps);
	config_free(d->config);
	json_decref(d->checks);
	json_decref(d->agent);
	ledger_free(d->ledger);
}

static int print_codes(void)
{
	json_t *all = issue_table_json();

	json_dumpf(all, stdout, JSON_COMPACT);
	puts("");
	json_decref(all);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct doctor d = {};
	int r = parse(&d, argc, argv);

	if (r)
		return r - 1;
	if (d.codes)
		return print_codes();
	d.ledger = ledger_new(NULL);
	d.checks = json_array();
	if (!d.ledger || !d.checks)
		return EXIT_HOST;
	ledger_quiet(d.ledger);
	check_host(&d);
	check_config(&d);
	check_state(&d);
	check_rules(&d);
	check_agent(&d);
	/* Before the sinks: the sensor is forked while there is no other thread. */
	if (!d.agent && !d.blind && d.ruleset && d.config && strcmp(ledger_status(d.ledger, true), "unhealthy"))
		try_sensor(&d);
	check_sinks(&d);
	r = report(&d);
	end(&d);
	return r;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.args = "[-c CONFIG] [-r RULES]... [--sink SPEC]... [--state DIR] [--json | --codes]",
	.summary = "check this host, its configuration and its agent: what is amiss, and what to do",
	.options = options,
	.run = run,
};
