/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test cases
 *
 * Test files and the examples beside rules → one kind of case: events, what
 * must fire on them, what must stay silent, what loading must complain of.
 */
#ifndef CMD_TEST_CASES_H
#define CMD_TEST_CASES_H

#include "rule/diag.h"
#include "rule/engine.h"
#include <jansson.h>

struct expectation {
	const char *rule;
	unsigned int event;	/* 1 = the first; 0 = any */
	const char *output;	/* NULL = any */
	json_t *fields;		/* name → value, or NULL */
	int count;		/* times the rule fires in the case; -1 = at least once */
};

/* A diagnostic that loading the case's rules must give. */
struct expected_diag {
	const char *code;		/* NULL = any */
	const char *message;		/* part of the text, or NULL */
	const char *file;		/* end of the path; NULL: the setup */
	unsigned int line, col;		/* of the file, or counted from where the setup begins; 0 = any */
};

/* Items of a rules file that one case adds to the rules. Its lines are those of the test file. */
struct test_setup {
	struct rule_source source;
	unsigned int line, col;		/* in the test file, of its line 1 and column 1 */
	unsigned int indent;		/* columns that the test file has before each line of the source */
};

struct test_case {
	struct diag_place place;	/* place.file names the file */
	const char *name;
	const char *todo;		/* reason: a failure is expected and does not count; NULL */
	json_t *events;			/* array of flat maps; NULL with replay, or when only diagnostics are expected */
	const char *replay;		/* path of a recording or of JSON lines */
	struct expectation *expect;
	size_t nexpect;
	const char **silent;
	size_t nsilent;
	const struct test_setup *setup;	/* or NULL */
	const char **rules;		/* files instead of those of the test file and the command line; NULL */
	size_t nrules;
	struct expected_diag *diagnostics;
	size_t ndiagnostics;
	bool silent_all, allow_others;
	bool example;			/* of a rule: only that rule is looked at */
};

struct test_cases {
	struct test_case *v;
	size_t n, room;
	const char **rules;	/* files that the test file names */
	size_t nrules;
	struct arena *arena;
	size_t values;		/* of all events */
};

#define TEST_CASES_MAX 20000
#define TEST_LIST_MAX 1024		/* expectations or names of one case */
#define TEST_VALUES_MAX 4000000		/* fields and values of all cases: a table multiplies its case */

/* The cases of a test file. 0, or -EINVAL with errors in *diags. text is borrowed until the cases are freed. */
int test_cases_file(struct test_cases *t, struct str file, struct str text, struct diags *diags);

/* One case for each example of each rule of a rule file. */
int test_cases_examples(struct test_cases *t, struct str file, struct str text, struct diags *diags);

void test_cases_free(struct test_cases *t);

/* The keys that a map of a test file may have, for what describes them elsewhere: "file", "case", "expect", "diagnostics". */
const char *const *test_cases_keys(const char *map, size_t *n);

#endif
