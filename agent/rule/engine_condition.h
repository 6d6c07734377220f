/* SPDX-License-Identifier: Apache-2.0 */
/* What only the condition engine can say, for the people who write rules. */
#ifndef RULE_ENGINE_CONDITION_H
#define RULE_ENGINE_CONDITION_H

#include "rule/engine.h"
#include "rule/loader.h"
#include "rule/matcher.h"

/* A rule's condition evaluated part by part on the event: a line each, with outcome and values. */
void engine_condition_explain(struct engine *e, uint32_t id, const struct event *ev, struct buf *out);

/* Which checks of a rule's condition decide about the event, see matcher_trace(). */
bool engine_condition_trace(struct engine *e, uint32_t id, const struct event *ev, matcher_trace_fn fn, void *ctx);

/* Which successful opens the rule can match; for opens_free(). */
void engine_condition_opens(const struct engine *e, uint32_t id, enum opens_way way, struct opens *ret);

/* Which events the rule cannot match; and for one call, what of its checks the kernel side is told (matcher.h). */
void engine_condition_refuse(const struct engine *e, uint32_t id, struct wire_refuse ret[CALL_MAX]);
void engine_condition_told(const struct engine *e, uint32_t id, enum event_call call, matcher_told_fn fn, void *ctx);

/* Its rules with their compiled conditions and outputs; ids are indexes. */
const struct loaded *engine_condition_loaded(const struct engine *e);

/* Every field that the output of the rule of this name prints, those of append_output's extra_fields included. */
void engine_condition_output_fields(const struct engine *e, const char *rule, void (*fn)(void *ctx, const char *field), void *ctx);

#endif
