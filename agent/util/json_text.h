/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of any origin as a JSON string: what is no UTF-8, and a NUL, becomes U+FFFD. */
#ifndef UTIL_JSON_TEXT_H
#define UTIL_JSON_TEXT_H

#include "util/str.h"
#include <jansson.h>

/* New reference, NULL without memory. */
json_t *json_text(struct str s);

#endif
