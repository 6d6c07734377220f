/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test cases
 *
 * Test files and the examples beside rules → one kind of case: events, what
 * must fire on them, what must stay silent.
 */
#ifndef CMD_TEST_CASES_H
#define CMD_TEST_CASES_H

#include "rule/diag.h"
#include <jansson.h>

struct expectation {
	const char *rule;
	unsigned int event;	/* 1 = the first; 0 = any */
	const char *output;	/* NULL = any */
	json_t *fields;		/* name → value, or NULL */
	int count;		/* times the rule fires in the case; -1 = at least once */
};

struct test_case {
	struct diag_place place;	/* place.file names the file */
	const char *name;
	const char *todo;		/* reason: a failure is expected and does not count; NULL */
	json_t *events;			/* array of flat maps; NULL with replay */
	const char *replay;		/* path of a recording or of JSON lines */
	struct expectation *expect;
	size_t nexpect;
	const char **silent;
	size_t nsilent;
	bool silent_all, allow_others;
	bool example;			/* of a rule: only that rule is looked at */
};

struct test_cases {
	struct test_case *v;
	size_t n, room;
	const char **rules;	/* files that the test files name */
	size_t nrules;
	struct arena *arena;
};

#define TEST_CASES_MAX 20000
#define TEST_LIST_MAX 1024	/* events, expectations or names of one case */

/* The cases of a test file. 0, or -EINVAL with errors in *diags. text is borrowed until the cases are freed. */
int test_cases_file(struct test_cases *t, struct str file, struct str text, struct diags *diags);

/* One case for each example of each rule of a rule file. */
int test_cases_examples(struct test_cases *t, struct str file, struct str text, struct diags *diags);

void test_cases_free(struct test_cases *t);

#endif
