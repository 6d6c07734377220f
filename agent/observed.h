/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observed
 *
 * Matches of rules that are only tried out (`enabled: observe`): counted, with
 * the first ones and the latest ones as text. No finding comes of them.
 */
#ifndef OBSERVED_H
#define OBSERVED_H

#include "rule/engine.h"
#include <jansson.h>

struct observed;

struct observed *observed_new(void);
struct observed *observed_free(struct observed *o);

/* ev->time is in nanoseconds. Takes text of a rule's first matches, then of one a second at most. */
void observed_match(struct observed *o, const struct event *ev, const struct match *m);

/* [{"rule", "matches", "first": [{"time", "output"}], "latest": [...]}], in the order of first matches. New reference. */
json_t *observed_json(const struct observed *o);
uint64_t observed_uncounted(const struct observed *o);	/* matches of more rules than there is room for */

#endif
