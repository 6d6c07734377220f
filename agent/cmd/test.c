/* SPDX-License-Identifier: Apache-2.0 */
/* Dry run of rules against test files and their own examples. No kernel, no privilege. */
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "cmd/test_coverage.h"
#include "cmd/test_load.h"
#include "cmd/test_mutate.h"
#include "cmd/test_report.h"
#include "cmd/test_run.h"
#include <errno.h>

#define GLOBS_MAX 64

extern const struct cmd cmd_test;

enum { OPT_TESTS, OPT_EXAMPLES, OPT_RULE, OPT_CONFIG, OPT_FORMAT, OPT_JSON, OPT_VERBOSE, OPT_FAIL_FAST, OPT_COVERAGE, OPT_MIN_COVERAGE, OPT_MUTATE,
       OPT_MIN_MUTATION, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_TESTS] = {"--tests", 't', "TESTS", "test file, or a folder: its *.test.yaml; without it, the rules' examples"},
	[OPT_EXAMPLES] = {"--examples", 0, NULL, "with --tests: the rules' examples as well"},
	[OPT_RULE] = {"--rule", 0, "GLOB", "only cases whose name, or a rule they name, is like that"},
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "its rules_files when no RULES are given, and what it says of rules and their outputs"},
	[OPT_FORMAT] = {"--format", 0, "FORMAT", "text (default), tap, junit or json"},
	[OPT_JSON] = {"--json", 0, NULL, "the same as --format json"},
	[OPT_VERBOSE] = {"--verbose", 'v', NULL, "text: also name the cases that hold"},
	[OPT_FAIL_FAST] = {"--fail-fast", 0, NULL, "stop at the first case that fails"},
	[OPT_COVERAGE] = {"--coverage", 0, NULL, "which checks of each condition were never true or never false"},
	[OPT_MIN_COVERAGE] = {"--min-coverage", 0, "PERCENT", "--coverage, and exit 1 when a rule has less"},
	[OPT_MUTATE] = {"--mutate", 0, NULL, "which changes of a condition no case notices"},
	[OPT_MIN_MUTATION] = {"--min-mutation", 0, "PERCENT", "--mutate, and exit 1 when fewer changes of a rule are noticed"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

struct args {
	struct test_paths paths;
	struct test_report report;
	struct rules_opts opts;
	const char *config;
	const char *globs[GLOBS_MAX];
	size_t nglobs;
	bool fail_fast, coverage, mutate;
	double min_coverage, min_mutation;
};

static bool parse_percent(const char *option, const char *s, double *ret)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end || !(v >= 0 && v <= 100))
		return fprintf(stderr, "noroshi test: %s wants a number from 0 to 100, not \"%s\"\n", option, s), false;
	*ret = v;
	return true;
}

static bool parse_option(struct args *a, int o, const char *value)
{
	bool bad = false;

	if (o >= 0 && rules_opts_take(&a->opts, "test", o - OPT_RULES_BASE, value, &bad))
		return !bad;
	if (o == OPT_TESTS && a->paths.ntests < TEST_PATHS_MAX)
		a->paths.tests[a->paths.ntests++] = value;
	else if (o == CMD_ARG && a->paths.nrules < TEST_PATHS_MAX)
		a->paths.rules[a->paths.nrules++] = value;
	else if (o == OPT_RULE && a->nglobs < GLOBS_MAX)
		a->globs[a->nglobs++] = value;
	else if (o == OPT_CONFIG)
		a->config = value;
	else if (o == OPT_EXAMPLES)
		a->paths.examples = true;
	else if (o == OPT_FORMAT)
		a->report.format = test_format_by_name(value);
	else if (o == OPT_JSON)
		a->report.format = FORMAT_JSON;
	else if (o == OPT_VERBOSE)
		a->report.verbose = true;
	else if (o == OPT_FAIL_FAST)
		a->fail_fast = true;
	else if (o == OPT_MUTATE || o == OPT_MIN_MUTATION)
		a->mutate = true;
	else if (o == OPT_COVERAGE || o == OPT_MIN_COVERAGE)
		a->coverage = true;
	else
		return false;
	if (o == OPT_MIN_COVERAGE || o == OPT_MIN_MUTATION)
		return parse_percent(options[o].name, value, o == OPT_MIN_COVERAGE ? &a->min_coverage : &a->min_mutation);
	if (a->report.format == FORMAT_MAX)
		return fprintf(stderr, "noroshi test: --format wants text, tap, junit or json, not \"%s\"\n", value), false;
	return true;
}

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	while ((o = cmd_next(&p, &cmd_test)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (!parse_option(a, o, p.value))
			return EXIT_INPUT + 1;
	}
	a->report.colour = test_colour();
	return 0;
}

/* ---- which cases ---- */

static bool asked_for(const struct args *a, const struct test_case *c)
{
	bool yes = test_named(c->name, a->globs, a->nglobs);

	for (size_t i = 0; i < c->nexpect && !yes; i++)
		yes = test_named(c->expect[i].rule, a->globs, a->nglobs);
	for (size_t i = 0; i < c->nsilent && !yes; i++)
		yes = test_named(c->silent[i], a->globs, a->nglobs);
	return yes;
}

static const struct rule_info *rule_named(const struct ruleset *rs, const char *name)
{
	for (const struct engine_ops *const *o = engine_list; *o; o++) {
		const struct engine *e = ruleset_engine(rs, (*o)->name);

		for (uint32_t i = 0; e && i < e->ops->count(e); i++) {
			if (!strcmp(e->ops->rule(e, i)->name, name))
				return e->ops->rule(e, i);
		}
	}
	return NULL;
}

/* All rules it names are there and off by a selection: nothing of it could fire. */
static bool is_off(const struct test_group *g, const struct test_case *c)
{
	size_t n = c->nexpect + c->nsilent;

	if ((!g->how->nselect && g->how->min_priority == 7) || c->rules)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct rule_info *rule = rule_named(g->rules, i < c->nexpect ? c->expect[i].rule : c->silent[i - c->nexpect]);

		if (!rule || rule->enabled)
			return false;
	}
	return n > 0;
}

/* *off, if wanted: asked for, but of rules that are off. */
static bool chosen(const struct args *a, const struct test_group *g, const struct test_case *c, size_t *off)
{
	if (!asked_for(a, c))
		return false;
	if (!is_off(g, c))
		return true;
	if (off)
		++*off;
	return false;
}

/* Globs that no rule is named like are about cases: figures are then of all rules. */
static size_t rule_globs(const struct args *a, const struct test_session *s)
{
	for (size_t g = 0; g < s->n; g++) {
		const struct engine *e = ruleset_engine(s->v[g].rules, "condition");

		for (uint32_t i = 0; i < e->ops->count(e); i++) {
			if (test_named(e->ops->rule(e, i)->name, a->globs, a->nglobs))
				return a->nglobs;
		}
	}
	return 0;
}

/* ---- running ---- */

struct running {
	const struct args *a;
	struct test_session *s;
	struct test_outcome *v;
	struct test_totals t;
	struct test_coverage *coverage;
};

static void run_one(struct running *r, struct test_group *g, const struct test_case *c)
{
	struct test_outcome *o = &r->v[r->t.cases++];
	const struct diags *said;
	struct ruleset *rs = test_rules_of(g, c, &said);

	o->c = c;
	o->ok = test_run(rs, said, c, &o->why);
	r->t.todo += c->todo && !o->ok;
	r->t.failed += !o->ok && !c->todo;
	r->t.skipped += c->todo != NULL;
	test_report_case(&r->a->report, o, r->t.cases);
	if (r->coverage && o->ok && !c->todo)
		test_coverage_add(r->coverage, rs, c);
}

static void run_all(struct running *r)
{
	for (size_t g = 0; g < r->s->n; g++) {
		for (size_t i = 0; i < r->s->v[g].cases.n; i++) {
			if (!chosen(r->a, &r->s->v[g], &r->s->v[g].cases.v[i], &r->t.off))
				continue;
			if (r->a->fail_fast && r->t.failed)
				r->t.left++;
			else
				run_one(r, &r->s->v[g], &r->s->v[g].cases.v[i]);
		}
	}
}

/* A figure that was asked for and not reached. */
static void say_below(const char *what, double wanted, const struct buf *rules, int *code)
{
	if (!rules->n)
		return;
	fflush(stdout);
	fprintf(stderr, "noroshi test: %s is below %g %%: %s\n", what, wanted, rules->p);
	*code = EXIT_FINDINGS;
}

/* Coverage and mutation, then the end of the report. Returns the exit code. */
static int finish(struct running *r)
{
	const struct args *a = r->a;
	struct test_mutation how = {.globs = a->globs, .nglobs = rule_globs(a, r->s), .min = a->min_mutation};
	_cleanup_(buf_free) struct buf covered = {}, killed = {};
	struct test_measure m[2] = {};
	size_t n = 0;
	int code = r->t.failed || !r->t.cases ? EXIT_FINDINGS : EXIT_OK;

	if (r->coverage) {
		test_coverage_report(r->coverage, &m[n++]);
		test_coverage_below(r->coverage, a->min_coverage, &covered);
	}
	if (a->mutate && r->t.failed)
		fprintf(stderr, "noroshi test: --mutate waits for cases that hold\n");
	else if (a->mutate && test_mutate(r->s, r->v, r->t.cases, &how, &m[n], &killed) < 0)
		code = EXIT_FINDINGS;
	else
		n += a->mutate;
	test_report_end(&a->report, &r->t, r->v, m, n);
	say_below("coverage", a->min_coverage, &covered, &code);
	say_below("mutation", a->min_mutation, &killed, &code);
	for (size_t i = 0; i < n; i++) {
		buf_free(&m[i].text);
		json_decref(m[i].json);
	}
	return code;
}

static int run_cases(struct test_session *s, const struct args *a)
{
	struct running r = {.a = a, .s = s};
	size_t n = 0;
	int code = EXIT_FINDINGS;

	for (size_t g = 0; g < s->n; g++) {
		for (size_t i = 0; i < s->v[g].cases.n; i++)
			n += chosen(a, &s->v[g], &s->v[g].cases.v[i], NULL);
	}
	r.v = calloc(n + 1, sizeof(*r.v));
	if (a->coverage)
		r.coverage = test_coverage_new(s, a->globs, rule_globs(a, s));
	if (r.v && (r.coverage || !a->coverage)) {
		test_report_begin(&a->report, n);
		run_all(&r);
		code = finish(&r);
	}
	if (!n && r.t.off)
		fprintf(stderr, "noroshi test: the rules of every case are off\n");
	else if (!n)
		fprintf(stderr, a->nglobs ? "noroshi test: no case is like --rule %s\n" : "noroshi test: no case and no example found\n",
			a->nglobs ? a->globs[0] : "");
	for (size_t i = 0; r.v && i < r.t.cases; i++)
		buf_free(&r.v[i].why);
	free(r.v);
	test_coverage_free(r.coverage);
	return code;
}

static bool says(const struct diags *d, const struct diag *what)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].code == what->code && !strcmp(d->v[i].message, what->message))
			return true;
	}
	return false;
}

/* Each test file has its own rules: a selection is in vain when no file has a rule for it, and that is said once. */
static void drop_vain(struct test_session *s, size_t g)
{
	struct diags *d = &s->v[g].diags;

	for (size_t i = d->n; i-- > 0;) {
		bool in_all = d->v[i].code == DIAG_SELECTS_NONE;

		for (size_t k = 0; k < s->n && in_all; k++)
			in_all = says(&s->v[k].diags, &d->v[i]);
		if (d->v[i].code == DIAG_SELECTS_NONE && (g || !in_all))
			diags_drop(d, i);
	}
}

static void print_diags(struct test_session *s)
{
	for (size_t i = 0; i < s->n; i++)
		drop_vain(s, i);
	rules_arg_print(&s->diags);
	for (size_t i = 0; i < s->n; i++)
		rules_arg_print(&s->v[i].diags);
}

/* Whether some file could not be read at all. */
static bool unreadable(const struct test_session *s)
{
	bool yes = diags_have(&s->diags, DIAG_FILE_READ);

	for (size_t i = 0; i < s->n; i++)
		yes = yes || diags_have(&s->v[i].diags, DIAG_FILE_READ);
	return yes;
}

/* The selection of the command line over that of the configuration, which lends its rules where none are named. */
static bool how_to_load(struct test_session *s, struct args *a, struct config **c, struct rule_select **steps)
{
	*c = a->config ? rules_config(a->config) : NULL;
	if ((a->config && !*c) || rules_opts_fill(&a->opts, *c, &s->how, steps) < 0)
		return false;
	if (*c && !a->paths.nrules) {
		for (size_t i = 0; i < (*c)->rules_files.n && i < TEST_PATHS_MAX; i++)
			a->paths.rules[a->paths.nrules++] = (*c)->rules_files.v[i];
	}
	if (s->how.first_match && a->mutate) {
		fprintf(stderr, "noroshi test: --mutate changes rules one by one, and none is by itself where only the first match counts\n");
		return false;
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct test_session s = {};
	_cleanup_(config_freep) struct config *c = NULL;
	_cleanup_(freep) struct rule_select *steps = NULL;
	struct args a = {.opts = RULES_OPTS_INIT};
	int r = parse(&a, argc, argv);

	if (r)
		return r - 1;
	if (!how_to_load(&s, &a, &c, &steps))
		return EXIT_INPUT;
	r = test_load(&s, &a.paths);
	print_diags(&s);
	if (r < 0) {
		if (a.report.format == FORMAT_TAP)
			puts("Bail out! rules or test files do not load");
		r = unreadable(&s) ? EXIT_INPUT : EXIT_FINDINGS;
	} else {
		r = run_cases(&s, &a);
	}
	test_session_free(&s);
	return r;
}

const struct cmd cmd_test = {
	.name = "test",
	.args = "[RULES...] [-t TESTS]... [-c CONFIG] [--disable GLOB]...",
	.summary = "dry run of rules against test files, or their own examples",
	.options = options,
	.run = run,
};
