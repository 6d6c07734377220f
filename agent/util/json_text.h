/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of any origin as a JSON string: what is no UTF-8, and a NUL, becomes U+FFFD. */
#ifndef UTIL_JSON_TEXT_H
#define UTIL_JSON_TEXT_H

#include "util/str.h"
#include <jansson.h>

/* New reference, NULL without memory. */
json_t *json_text(struct str s);

/* A JSON string's bytes, borrowed; STR_NONE of anything else, and of NULL. */
static inline struct str json_str(const json_t *v)
{
	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_NONE;
}

/* For people: a member that is a text, "" when it is none. */
static inline const char *json_word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

#endif
