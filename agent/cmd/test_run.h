/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test run
 *
 * One case against a rule set: what fired, what should have, and why not; and
 * whether it would notice a rule that is a little different.
 */
#ifndef CMD_TEST_RUN_H
#define CMD_TEST_RUN_H

#include "cmd/test_cases.h"
#include "rule/parts.h"
#include "rule/ruleset.h"

/*
 * True when the case holds. Otherwise *why says in lines what did not, with the parts of a condition that were false.
 * said: what loading the rules gave; rs is NULL when they did not load.
 */
bool test_run(struct ruleset *rs, const struct diags *said, const struct test_case *c, struct buf *why);

/* Whether the case says anything of that rule: an example of its own rule only, another case of all it does not allow. */
bool test_judges(const struct test_case *c, const char *rule);

/* A case that holds, with the mutants of one rule in the rule's place: killed[i] becomes true when it fails then. */
void test_run_mutants(struct ruleset *rs, const struct test_case *c, uint32_t id, struct parts *p, bool *killed);

#endif
