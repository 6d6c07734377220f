/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judge
 *
 * What is certain of a condition when little is known of the event: abstract
 * interpretation with three values. Private to matcher_*.c.
 */
#ifndef RULE_MATCHER_JUDGE_H
#define RULE_MATCHER_JUDGE_H

#include "event/kind.h"
#include "rule/matcher_node.h"

enum supposition { SUPPOSE_NOTHING, SUPPOSE_FAILED, SUPPOSE_DONE, SUPPOSE_READ_ONLY };

/* What is known of an event. */
struct assumption {
	int name;			/* of the call, first: oracle_of_name() reads it */
	enum event_call call;
	enum supposition what;		/* SUPPOSE_READ_ONLY: an open, and it succeeded */
	bool who;			/* root and host are known */
	bool root;
	bool host;			/* false: it may be all the same */
	uint32_t kind;
	const struct event *sample;	/* of the kind, or NULL */
	struct field_scratch *scratch;
	uint8_t *memo;			/* per node: what was said; zeros for a new assumption */
};

/* One predicate, as matcher_judge(). */
uint32_t matcher_judge_pred(const struct matcher *m, const struct pred *p, const struct assumption *a);

/*
 * Whether a node may hold for some event: no new nodes are made, so that a matcher in use stays as it is. ctx is a struct
 * assumption. NODE_TRUE, NODE_FALSE, or NODE_BAD for "that depends".
 */
uint32_t matcher_judge(const struct matcher *m, uint32_t id, void *ctx);

/* matcher_opens.c: adds what the node can match of a call */
void matcher_opens_of(const struct matcher *m, uint32_t id, struct assumption *a, struct opens *ret);

bool call_is_open(enum event_call call);
bool call_can_fail(enum event_call call);

#endif
