/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/check_lint.h"
#include "cmd/events_file.h"
#include "cmd/test_cases.h"
#include "cmd/test_why.h"
#include "rule/engine_condition.h"
#include "rule/lint.h"
#include <stdio.h>

struct looking {
	struct lint_asked *v;
	uint32_t n;
	uint32_t *hits, room;	/* of one event */
	uint64_t events;
	const struct test_cases *examples;
	const struct check_events *given;
	struct diags *diags;
};

static void on_event(void *ctx, const struct event *ev, struct str line __attribute__((unused)))
{
	struct looking *o = ctx;

	o->events++;
	for (uint32_t i = 0; i < o->n; i++) {
		struct lint_asked *a = &o->v[i];
		uint32_t n = matcher_match(a->m, ev, o->hits);

		if (!n || o->hits[0] != 0)
			continue;	/* the rule would be silent anyway */
		a->held++;
		for (uint32_t k = 0; k < n; k++)
			a->met[o->hits[k]] = true;
	}
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

static void look_at_examples(struct looking *o)
{
	struct lint_asked *all = o->v;
	uint32_t n = o->n;

	for (uint32_t i = 0; i < n; i++) {
		o->v = &all[i];
		o->n = 1;
		for (size_t k = 0; k < o->examples->n; k++) {
			if (is_of(&o->examples->v[k], all[i].rule))
				test_case_events(&o->examples->v[k], on_event, o, NULL);
		}
	}
}

static void look_at_events(struct looking *o)
{
	for (size_t i = 0; i < o->given->n; i++) {
		struct buf error _cleanup_(buf_free) = {};

		if (events_file_each(o->given->paths[i], on_event, o, &error) < 0)
			diags_add(o->diags, DIAG_FILE_READ, (struct diag_place){.file = str(o->given->paths[i])}, STR_NONE, NULL, NULL,
				  "cannot read the events: %s", error.p ? error.p : "no memory");
	}
}

static uint64_t ask(void *ctx, struct lint_asked *v, uint32_t n)
{
	struct looking *o = ctx;

	o->v = v;
	o->n = n;
	for (uint32_t i = 0; i < n; i++)
		o->room = v[i].n > o->room ? v[i].n : o->room;
	o->hits = calloc(o->room + 1, sizeof(*o->hits));
	if (!o->hits)
		return 0;
	if (o->given->n)
		look_at_events(o);
	else
		look_at_examples(o);
	free(o->hits);
	return o->events;
}

int check_lint(const struct ruleset *rs, const struct rule_files *files, const struct engine_load *in, uint32_t lints,
	       const struct check_events *events, struct diags *d)
{
	struct test_cases cases = {};
	struct looking looking = {.examples = &cases, .given = events, .diags = d};
	struct lint_input lint = {
		.loaded = engine_condition_loaded(ruleset_engine(rs, "condition")),
		.sources = files->v, .nsources = files->n,
		.check_flags = in->strict_compat ? AST_STRICT_COMPAT : 0,
		.lints = lints, .now = time(NULL), .ask = ask, .events = events->n, .ctx = &looking,
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
