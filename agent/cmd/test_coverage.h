/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test coverage
 *
 * Which checks of each rule's condition were true in some case, and which were
 * false. Conditions are asked from left to right and only until the outcome
 * stands: a check counts when it was asked, in a case that judges the rule.
 */
#ifndef CMD_TEST_COVERAGE_H
#define CMD_TEST_COVERAGE_H

#include "cmd/test_load.h"
#include "cmd/test_report.h"

struct test_coverage;

/* Rules of all groups, those whose names match one of the globs; none: all. NULL without memory. */
struct test_coverage *test_coverage_new(const struct test_session *s, const char *const *globs, size_t nglobs);
struct test_coverage *test_coverage_free(struct test_coverage *c);

/* A case that held. rs: the rules it ran against. */
void test_coverage_add(struct test_coverage *c, struct ruleset *rs, const struct test_case *tc);

/* The figures, for people and as JSON. */
void test_coverage_report(const struct test_coverage *c, struct test_measure *ret);
/* *below names the rules that have less than that. */
void test_coverage_below(const struct test_coverage *c, double percent, struct buf *below);

/* Whether a rule's name is one of those asked for: by a glob, or there are none. */
bool test_named(const char *name, const char *const *globs, size_t nglobs);

/* What tells two rules of one name apart: the name and where it stands, however the path is written. To be freed. */
char *test_rule_key(const char *name, const struct diag_place *place);

#endif
