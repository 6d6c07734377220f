/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test load
 *
 * What `noroshi test` reads before it runs anything: rules, test files, the
 * examples beside rules; and the rules of one case when it changes some.
 */
#ifndef CMD_TEST_LOAD_H
#define CMD_TEST_LOAD_H

#include "cmd/test_cases.h"
#include "rule/ruleset.h"

#define TEST_PATHS_MAX 1024

struct test_paths {
	const char *rules[TEST_PATHS_MAX], *tests[TEST_PATHS_MAX];
	size_t nrules, ntests;
	bool examples;		/* of the rules, besides the test files */
};

/* The rules of a case that does not run against those of its group. */
struct test_own_rules {
	const struct test_case *of;	/* the case they were loaded for */
	struct rule_files files;
	struct rule_source *sources;
	struct ruleset *rules;		/* NULL: they do not load */
	struct diags diags;
};

/* Cases that run against the same rules: those of one test file, or examples. */
struct test_group {
	const struct engine_load *how;
	struct rule_files files;	/* rules */
	struct test_cases cases;
	struct ruleset *rules;
	struct diags diags;		/* of the rules */
	struct str name, text;		/* of the test file; unset for examples */
	struct test_own_rules own;	/* of the last case that has some */
};

struct test_session {
	struct engine_load how;	/* the rules are read */
	struct test_group *v;
	size_t n;
	struct diags diags;	/* of what could not be read, and of the test files */
};

/*
 * s->how is set before (its sources and places are not looked at). 0, or < 0 with the reasons among the diagnostics. *s is
 * to be freed either way.
 */
int test_load(struct test_session *s, const struct test_paths *p);
void test_session_free(struct test_session *s);

/* The rules a case runs against, NULL when they do not load, and what loading them said. Valid until the next call. */
struct ruleset *test_rules_of(struct test_group *g, const struct test_case *c, const struct diags **ret);

#endif
