/* SPDX-License-Identifier: Apache-2.0 */
/* Test measure: what coverage and mutation have in common when they report. */
#ifndef CMD_TEST_MEASURE_H
#define CMD_TEST_MEASURE_H

#include "util/buf.h"
#include <jansson.h>

/* Coverage and mutation: lines for people, and the same as JSON; NULL without. */
struct test_measure {
	const char *name;	/* "coverage" */
	struct buf text;
	json_t *json;
};

double measure_percent(uint32_t part, uint32_t whole);	/* 100 of nothing */
json_t *measure_text(struct str s);
void measure_below(struct buf *below, const char *rule, double is, double wanted);	/* names the rule when it has less */

#endif
