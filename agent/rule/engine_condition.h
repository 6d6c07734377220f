/* SPDX-License-Identifier: Apache-2.0 */
/* What only the condition engine can say, for the people who write rules. */
#ifndef RULE_ENGINE_CONDITION_H
#define RULE_ENGINE_CONDITION_H

#include "rule/engine.h"
#include "rule/loader.h"
#include "rule/matcher.h"

/* A rule's condition evaluated part by part on the event: a line each, with outcome and values. */
void engine_condition_explain(struct engine *e, uint32_t id, const struct event *ev, struct buf *out);

/* Which successful opens the rule can match; for opens_free(). */
void engine_condition_opens(const struct engine *e, uint32_t id, enum opens_way way, struct opens *ret);

/* Its rules with their compiled conditions and outputs; ids are indexes. */
const struct loaded *engine_condition_loaded(const struct engine *e);

/* Every field that the output of the rule of this name prints, those of append_output's extra_fields included. */
void engine_condition_output_fields(const struct engine *e, const char *rule, void (*fn)(void *ctx, const char *field), void *ctx);

#endif
