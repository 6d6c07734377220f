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

struct test_mutation {
	const char *const *globs;	/* of the rules; none: all */
	size_t nglobs;
	double min;			/* per cent of a rule's mutants that have to be killed */
};

/*
 * Runs the cases that hold again, with the mutants of the rules they judge. *below names the rules that have less than
 * the minimum. 0 or -ENOMEM.
 */
int test_mutate(struct test_session *s, const struct test_outcome *v, size_t n, const struct test_mutation *how,
		struct test_measure *ret, struct buf *below);

#endif
