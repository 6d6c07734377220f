/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Top
 *
 * Who makes how many of which events, and which rules hold for them: counted by
 * (event type, process, container, rule) while somebody asks, and for half a
 * minute after. Nothing is counted, and nothing costs, when nobody does.
 */
#ifndef TOP_H
#define TOP_H

#include "rule/engine.h"
#include <jansson.h>

struct top;

struct top *top_new(void);
struct top *top_free(struct top *t);

/* One event that reached the rules, and those that held for it. Allocates nothing. */
void top_count(struct top *t, const struct event *ev, const struct matches *m);

/*
 * { "rows": [{"type", "process", "pid", "container", "rule", "events"}], "others": 0 }: rule is null for what was seen, else
 * it is how often that rule held; others are events of more kinds than there is room for. New reference.
 */
json_t *top_json(const struct top *t);

#endif
