/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test why
 *
 * Why a case does not hold, as lines of text for people: which part of a
 * condition was false, with values; where two outputs differ.
 */
#ifndef CMD_TEST_WHY_H
#define CMD_TEST_WHY_H

#include "cmd/test_cases.h"
#include "event/event.h"
#include "rule/ruleset.h"

/* What stands between these bytes differs; nothing else in the lines is below a blank. */
#define WHY_MARK '\001'
#define WHY_UNMARK '\002'

typedef void (*test_event_fn)(void *ctx, const struct event *ev, struct str line);

/* Calls fn for every event of the case. False when they cannot be read, *why says the reason. */
bool test_case_events(const struct test_case *c, test_event_fn fn, void *ctx, struct buf *why);

/* Values come from files: what a terminal would obey becomes "?". Nothing happens without a buffer. */
void why_printf(struct buf *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void why_diff(struct buf *why, const char *expected, const char *got);

/* The parts of the rule's condition on that event, 0: on the first ones of a type it looks at. */
void why_explain(struct ruleset *rs, const struct test_case *c, const char *rule, unsigned int event, struct buf *why);

/* Whether the diagnostics are those that the case expects, and no other error. */
bool test_diagnostics(const struct test_case *c, const struct diags *d, struct buf *why);

#endif
