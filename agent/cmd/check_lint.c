/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/check_lint.h"
#include "cmd/test_cases.h"
#include "cmd/test_why.h"
#include "rule/engine_condition.h"
#include "rule/lint.h"
#include <stdio.h>

struct asking {
	struct matcher *m;
	bool hit;
};

static void on_event(void *ctx, const struct event *ev, struct str line __attribute__((unused)))
{
	struct asking *a = ctx;
	uint32_t which;

	a->hit = a->hit || matcher_match(a->m, ev, &which);
}

/* An example names its rule as one that fires, or as one that stays silent. */
static bool is_of(const struct test_case *c, const char *rule)
{
	for (size_t i = 0; i < c->nexpect; i++) {
		if (c->expect[i].rule && !strcmp(c->expect[i].rule, rule))
			return true;
	}
	for (size_t i = 0; i < c->nsilent; i++) {
		if (!strcmp(c->silent[i], rule))
			return true;
	}
	return false;
}

static bool example_hits(void *ctx, const char *rule, struct matcher *m)
{
	const struct test_cases *t = ctx;
	struct asking a = {.m = m};

	for (size_t i = 0; i < t->n && !a.hit; i++) {
		if (is_of(&t->v[i], rule))
			test_case_events(&t->v[i], on_event, &a, NULL);
	}
	return a.hit;
}

int check_lint(const struct ruleset *rs, const struct rule_files *files, const struct engine_load *in, uint32_t lints, struct diags *d)
{
	struct test_cases cases = {};
	struct lint_input lint = {
		.loaded = engine_condition_loaded(ruleset_engine(rs, "condition")),
		.sources = files->v, .nsources = files->n,
		.check_flags = in->strict_compat ? AST_STRICT_COMPAT : 0,
		.lints = lints, .now = time(NULL), .example_hits = example_hits, .ctx = &cases,
	};
	int r = 0, error;

	for (size_t i = 0; i < files->n; i++)
		r = test_cases_examples(&cases, files->v[i].name, files->v[i].text, d) ?: r;
	error = lint_run(&lint, d);
	test_cases_free(&cases);
	return error ?: r;
}

uint32_t check_lint_names(const char *list)
{
	uint32_t with = 0, without = 0;
	struct str rest = str(list);
	char hint[96];

	for (bool more = true; more;) {
		const char *comma = memchr(rest.p, ',', rest.n);
		struct str name = comma ? str_n(rest.p, (size_t)(comma - rest.p)) : rest;
		bool minus = name.n && name.p[0] == '-';
		uint32_t one = lint_named(minus ? str_skip(name, 1) : name);

		if (!one) {
			const char *near = lint_hint(hint, minus ? str_skip(name, 1) : name);

			fprintf(stderr, "noroshi check: no lint has the name \"" STR_FMT "\"%s%s\n", STR_ARG(name), *near ? "; " : "", near);
			return 0;
		}
		*(minus ? &without : &with) |= one;
		more = comma != NULL;
		rest = more ? str_skip(rest, name.n + 1) : rest;
	}
	return (with ? with : LINTS_ALL) & ~without;
}
