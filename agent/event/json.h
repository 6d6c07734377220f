/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Json
 *
 * Events as flat JSON objects, field name → value: what tests, `eval` and
 * `replay` read and `record --json` writes. A missing key is a missing field.
 * The corpus's form is read as well: a map under `evt.arg` is spread to
 * `evt.arg.NAME`, `X[N]` keys win over X, the text `<NA>` is a missing value.
 */
#ifndef EVENT_JSON_H
#define EVENT_JSON_H

#include "event/event.h"
#include <jansson.h>

struct json_fields;

/*
 * Takes one object (borrowed: its values are kept by reference, the caller may drop its own).
 * 0 or -EINVAL with a reason in error[] (no object, no evt.type that is a text, a value that is neither scalar nor list).
 */
int json_fields_new(struct json_fields **ret, json_t *object, char error[128]);
struct json_fields *json_fields_free(struct json_fields *f);

/* The value under a full key ("proc.aname[2]", "evt.arg.flags"), or NULL when it is missing. */
const json_t *json_fields_get(const struct json_fields *f, struct str key);

/* The object as it was given (borrowed). */
json_t *json_fields_object(const struct json_fields *f);

#endif
