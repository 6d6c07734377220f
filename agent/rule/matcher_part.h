/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matcher parts
 *
 * One condition as it was written, macros put in, part by part: what each is,
 * what asking it costs, what it says of an event and why the whole is what it
 * is. For people who write rules; slow, and may allocate.
 */
#ifndef RULE_MATCHER_PART_H
#define RULE_MATCHER_PART_H

#include "rule/matcher.h"
#include "rule/part.h"

struct shown;	/* a part */

#define PART_SHOWN_MAX 400	/* of one check's text */

const struct shown *matcher_parts(const struct matcher *m, uint32_t i);	/* of condition i, NULL without one */
struct part part_of(const struct shown *s);
void part_text(const struct shown *s, struct buf *out);	/* of a check */
const struct shown *part_member(const struct shown *s, uint32_t i);

/* In comparisons of two numbers. Guesses, those by which the matcher puts members in order. */
struct part_cost {
	float expected;		/* members asked in the matcher's order until one decides */
	float most;		/* every part is asked */
};

/* For an event of that name (event/names.h; -1: of none of them): what its type decides costs nothing. */
struct part_cost part_cost(const struct matcher *m, const struct shown *s, int name);

/* From here on the functions below are about this event. */
void matcher_ask(struct matcher *m, const struct event *ev);
bool matcher_may_hold(const struct matcher *m, const struct event *ev);	/* some condition may, by its type */

enum part_result { PART_FALSE, PART_TRUE, PART_MISSING };	/* a check of a field the event does not have is missing: false */

enum part_result part_result(struct matcher *m, const struct shown *s);
void part_value(struct matcher *m, const struct shown *s, struct buf *out);	/* of a check: what it looked at, nothing when the one field is missing */
void part_why(struct matcher *m, const struct shown *s, struct buf *out);	/* "false because ...", one sentence */

#endif
