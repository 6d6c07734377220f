/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event JSON
 *
 * An event as one flat JSON object, field name → value: the other direction of
 * event/json.h. What tests, `eval` and `replay` read back means the same.
 */
#ifndef RULE_EVENT_JSON_H
#define RULE_EVENT_JSON_H

#include "event/event.h"
#include <jansson.h>

/* Every field that the event has a value for, arguments and ancestors as arrays included. New reference. */
json_t *event_json(const struct event *ev);

/* One field by its name as a condition writes it ("proc.aname[2]"); NULL when the event has none. New reference. */
json_t *event_field_json(const struct event *ev, const char *name);

#endif
