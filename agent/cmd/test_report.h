/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test report
 *
 * How the cases went: for people, as TAP, as JUnit's XML, as JSON.
 */
#ifndef CMD_TEST_REPORT_H
#define CMD_TEST_REPORT_H

#include "cmd/test_cases.h"
#include "cmd/test_measure.h"

enum test_format { FORMAT_TEXT, FORMAT_TAP, FORMAT_JUNIT, FORMAT_JSON, FORMAT_MAX };

enum test_format test_format_by_name(const char *s);	/* FORMAT_MAX: none of them */

struct test_outcome {
	const struct test_case *c;
	bool ok;
	struct buf why;
};

struct test_totals {
	size_t cases, failed;
	size_t todo;		/* did not hold and need not */
	size_t skipped;		/* marked todo */
	size_t left;		/* not run after a failure */
	size_t off;		/* not run: their rules are off */
};

struct test_report {
	enum test_format format;
	bool verbose, colour;
};

bool test_colour(void);		/* stdout is a terminal that wants colours */

void test_report_begin(const struct test_report *r, size_t cases);
/* Called as soon as the case ran; number is from 1. */
void test_report_case(const struct test_report *r, const struct test_outcome *o, size_t number);

/* Takes over no reference of the measures. */
void test_report_end(const struct test_report *r, const struct test_totals *t, const struct test_outcome *v,
		     const struct test_measure *m, size_t nmeasures);

#endif
