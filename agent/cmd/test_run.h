/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test run
 *
 * One case against a rule set: what fired, what should have, and why not.
 */
#ifndef CMD_TEST_RUN_H
#define CMD_TEST_RUN_H

#include "cmd/test_cases.h"
#include "rule/ruleset.h"

/* True when the case holds. Otherwise *why says in lines what did not, with the parts of a condition that were false. */
bool test_run(struct ruleset *rs, const struct test_case *c, struct buf *why);

#endif
