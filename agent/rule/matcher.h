/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matcher
 *
 * All conditions of a rule set, compiled together: indexed by event type, what
 * is constant for a type folded away, equal sub-conditions of different rules
 * evaluated once per event. No allocation after matcher_new().
 */
#ifndef RULE_MATCHER_H
#define RULE_MATCHER_H

#include "event/needs.h"
#include "rule/ast.h"

struct matcher;

/* n checked conditions; a NULL one never matches. The trees have to live as long: what explain shows is read off them. */
int matcher_new(struct matcher **ret, const struct ast *const *conditions, uint32_t n, unsigned int check_flags);
struct matcher *matcher_free(struct matcher *m);

/* Writes the indexes of all conditions that hold, ascending; room for n. Returns how many. */
uint32_t matcher_match(struct matcher *m, const struct event *ev, uint32_t *ret);

/*
 * Adds what these conditions need of the kernel: calls, and of the calls the parts (read opens, raw paths, failed
 * attempts, environment) that some condition can tell apart. A superset when in doubt.
 */
void matcher_needs(const struct matcher *m, struct needs *n);

/* What successful opens some condition can match, as facts about their paths: a superset. Texts belong to the matcher. */
struct opens {
	bool all;			/* nothing can be said */
	struct open_fact *v;
	uint32_t n, room;
};

void matcher_opens(const struct matcher *m, uint32_t rule, enum opens_way way, struct opens *ret);	/* rule UINT32_MAX: all */
void opens_free(struct opens *o);

/*
 * Which events no condition can match, by call, kind and who did it (probes/refuse.h); of one rule, or UINT32_MAX for all.
 * What the agent keeps of events for itself is not thought of here: matcher_needs() does.
 */
void matcher_refuse(const struct matcher *m, uint32_t rule, struct wire_refuse ret[CALL_MAX]);

/* What the kernel is told of a rule's checks for one call, field by field; a field may be in both. */
typedef void (*matcher_told_fn)(void *ctx, const struct field_ref *f, bool told, bool untold);
void matcher_told(const struct matcher *m, uint32_t rule, enum event_call call, matcher_told_fn fn, void *ctx);

/* One condition evaluated as a tree, slowly: an indented line per part with its outcome and the values seen. */
bool matcher_explain(struct matcher *m, uint32_t i, const struct event *ev, struct buf *out);

/*
 * Asks the checks of one condition in the order of the text, until what they say decides: a check behind a false one of
 * an "and" is not asked. fn gets the index of each that was, among all checks of the condition; it may ask anew about this
 * event.
 */
typedef void (*matcher_trace_fn)(void *ctx, uint32_t check, bool holds);
bool matcher_trace(struct matcher *m, uint32_t i, const struct event *ev, matcher_trace_fn fn, void *ctx);

uint64_t matcher_texts_cut(const struct matcher *m);	/* texts that fields or transformers had no room for */
uint64_t matcher_regex_limit(const struct matcher *m);	/* regex matches given up at REGEX_MATCH_LIMIT */
size_t matcher_bytes(const struct matcher *m);

#endif
