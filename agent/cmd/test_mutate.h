/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test mutate
 *
 * Each rule with one part of its condition changed, in turn: does any case
 * notice? What none does is a part that the cases do not test.
 */
#ifndef CMD_TEST_MUTATE_H
#define CMD_TEST_MUTATE_H

#include "cmd/test_load.h"
#include "cmd/test_report.h"

/* Runs the cases that hold again, with the mutants of the rules they judge. 0 or -ENOMEM. */
int test_mutate(struct test_session *s, const struct test_outcome *v, size_t n, const char *const *globs, size_t nglobs,
		struct test_measure *ret);

#endif
