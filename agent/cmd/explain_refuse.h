/* SPDX-License-Identifier: Apache-2.0 */
/* What of a rule the kernel side is told, so that it refuses events which the rule cannot match: for `explain`. */
#ifndef CMD_EXPLAIN_REFUSE_H
#define CMD_EXPLAIN_REFUSE_H

#include "rule/engine_condition.h"
#include <jansson.h>

/* An array, an object for each call that the rule may match. */
json_t *explain_refuse(const struct engine *engine, uint32_t id);

/* Its lines: calls of which the same is said in one. */
void explain_refuse_print(json_t *refuse);

#endif
