/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matcher, inside
 *
 * All conditions as one graph in which equal parts are one node. Per class of
 * event types (the names that no condition tells apart are one class) a program:
 * the graph simplified by what is constant there, and the rules ordered so that
 * a shared part that is false skips all rules that need it.
 *
 *   matcher.c          the life of a matcher, a match
 *   matcher_build.c    trees → nodes
 *   matcher_fold.c     nodes → simpler nodes
 *   matcher_program.c  nodes → a program per class
 *   matcher_cost.c     what asking costs, and how often the answer is yes
 *   matcher_test.c     predicates: made ready, evaluated
 *   matcher_slot.c     values: fields and transformers, once per event
 *   matcher_needs.c    what has to leave the kernel
 *   matcher_judge.c    what is certain when little is known
 *   matcher_opens.c    and of opens, which paths
 *   matcher_refuse.c   and of all calls, which kinds of events
 *   matcher_explain.c
 *   matcher_trace.c    which checks decide
 *   matcher_part.c     the parts of one condition, for those who show them
 */
#ifndef RULE_MATCHER_NODE_H
#define RULE_MATCHER_NODE_H

#include "rule/ast_node.h"
#include "rule/matcher.h"
#include "rule/regex.h"
#include "rule/set.h"

#define NODE_FALSE 0u
#define NODE_TRUE 1u
#define NODE_BAD UINT32_MAX		/* no memory */

#define TEXT_SCRATCH_BYTES (64u << 10)	/* texts that transformers build for one event */

/* ---- values ---- */

/* A field, or what a transformer makes of others. */
struct slot {
	enum expr_kind kind;
	struct field_ref field;
	enum transform transform;
	uint32_t *args, nargs;		/* slots */
	bool has_arg;
	struct str arg;
	struct value constant;		/* EXPR_TEXT, EXPR_NUMBER */
	enum value_type type;
	bool list;
	bool multi;			/* may have more than one value */
};

struct slot_state {
	uint32_t generation;		/* of the event that n, present and v are about */
	uint16_t n;
	bool present;
	struct value *v;		/* room for FIELD_VALUES_MAX; a slot with one value has room for that one */
};

/* ---- predicates ---- */

enum test {
	TEST_EXISTS,
	TEST_BOOLS,	/* is one of v */
	TEST_NUMBERS,
	TEST_RANGE,	/* v[0] to v[1] */
	TEST_TEXTS,
	TEST_ORDER,	/* op, v[0] */
	TEST_PREFIX,
	TEST_SUFFIX,
	TEST_CONTAINS,
	TEST_ICONTAINS,
	TEST_GLOB,
	TEST_IGLOB,
	TEST_REGEX,
	TEST_PATHS,
	TEST_NETS,	/* addresses as well */
	TEST_FIELD,	/* op, against the slot rhs */
};

/* How the test's outcome for the single values becomes the outcome. */
enum quant {
	QUANT_ANY,		/* holds for one at least */
	QUANT_ALL,		/* there is one, and it holds for all */
	QUANT_ALL_OR_NONE,	/* holds for all, also when there are none */
};

struct pred {
	enum test test;
	enum quant quant;
	enum op op;
	bool negate;		/* of every single value */
	bool multi;		/* the slot's */
	uint32_t slot, rhs;
	struct value *v;	/* sorted, unlike */
	uint32_t n;
	/* made ready by pred_prepare() */
	bool ready;
	union {
		struct text_set texts;
		struct affix_set affixes;
		struct needle_set *needles;
		struct path_set paths;
		struct net_set nets;
		struct regex **regexes;
	};
};

/* ---- nodes ---- */

enum node_kind { NODE_CONST, NODE_PRED, NODE_NOT, NODE_AND, NODE_OR, NODE_ONE };

struct node {
	enum node_kind kind;
	uint32_t pred;		/* NODE_PRED */
	float cost;		/* of asking it, about */
	float truth;		/* how often it holds, a guess from 0 to 1: only the order depends on it */
	uint32_t n;		/* children */
	uint32_t *v;
};

struct hash_table {
	uint32_t *slots;	/* index + 1 */
	uint32_t mask, used;
};

/* ---- programs ---- */

/* When node holds: the next step, and rule matches unless it is -1. Else on at skip. */
struct step {
	uint32_t node;
	uint32_t skip;
	int32_t rule;
};

struct program {
	struct step *v;
	uint32_t n, room;
};

/* ---- what explain shows ---- */

/* A node of the tree, and what became of it. */
struct shown {
	const struct ast *ast;
	uint32_t node;		/* as written, not simplified */
	uint32_t slot, rhs;	/* UINT32_MAX: none */
	struct shown **v;
	uint32_t n;		/* of v */
};

struct matcher {
	struct arena *arena;
	uint32_t nrules;
	bool compat;

	struct slot *slots;
	struct slot_state *states;
	uint32_t nslots, slots_room;

	struct pred *preds;
	uint32_t npreds, preds_room;
	struct hash_table pred_table;

	struct node *nodes;
	uint32_t *memo;		/* per node: generation << 1 | outcome */
	uint32_t nnodes, nodes_room;
	struct hash_table node_table;

	uint32_t *raw;		/* per rule: node as written */
	struct shown **shown;	/* per rule, NULL without a condition */

	uint32_t type_slot;	/* of evt.type, UINT32_MAX when no condition names it */
	uint16_t class_of[NAMES_MAX + 1];	/* [NAMES_MAX]: a name not in names.def */
	struct program *programs;
	int *class_name;	/* a name of the class, -1 for the class of all others */
	uint32_t nclasses;
	uint64_t *hits;		/* a bit per rule, for sorting; all zero between events */
	size_t extra_bytes;	/* memory outside the arena */

	/* the event in hand */
	const struct event *event;
	uint32_t generation;
	size_t text_used;
	char *text;		/* TEXT_SCRATCH_BYTES */
	struct field_scratch *scratch;
	struct regex_scratch *regex;
	uint64_t regex_limit;
	uint64_t texts_cut;
};

/* What is known of a predicate before any event: NODE_TRUE, NODE_FALSE, or anything else for nothing. */
typedef uint32_t (*oracle_fn)(const struct matcher *m, const struct pred *p, void *ctx);

/* One simplification under one oracle: what it found is kept, so that rules share the work. */
struct fold {
	struct matcher *m;
	oracle_fn oracle;
	void *ctx;
	uint32_t *memo;		/* per node as written: what it is here, NODE_BAD when not known yet */
	uint32_t n;
};

/* matcher_build.c: a node or NODE_BAD */
uint32_t matcher_build(struct matcher *m, const struct ast *condition, struct shown **shown);
uint32_t matcher_pred(struct matcher *m, const struct pred *p);
uint32_t matcher_node(struct matcher *m, enum node_kind kind, uint32_t pred, const uint32_t *v, uint32_t n);

/* matcher_fold.c */
int fold_begin(struct fold *f, struct matcher *m, oracle_fn oracle, void *ctx);
void fold_again(struct fold *f);	/* the oracle's mind has changed */
uint32_t fold_node(struct fold *f, uint32_t raw);
void fold_end(struct fold *f);

/* matcher_program.c */
int matcher_compile(struct matcher *m);
uint32_t oracle_of_name(const struct matcher *m, const struct pred *p, void *ctx);	/* ctx: int *, a name or -1 */

/* matcher_test.c */
int pred_prepare(struct matcher *m, struct pred *p);
void pred_release(struct pred *p);
bool node_holds(struct matcher *m, uint32_t id);
float pred_cost(const struct matcher *m, const struct pred *p);
float pred_truth(const struct matcher *m, const struct pred *p);

/* matcher_explain.c */
void slot_print(struct matcher *m, uint32_t slot, struct buf *out);

/* matcher_refuse.c: lets through what the agent keeps for itself; peers: whom processes talk to */
void matcher_refuse_no_state(struct wire_refuse table[CALL_MAX], bool peers);

/* matcher_slot.c */
void slot_load(struct matcher *m, uint32_t slot);

static inline const struct slot_state *slot_values(struct matcher *m, uint32_t slot)
{
	struct slot_state *s = &m->states[slot];

	if (s->generation != m->generation)
		slot_load(m, slot);
	return s;
}

/* matcher.c */
int matcher_event_name(const struct event *ev);	/* of evt.type, -1 when it is none of names.def */
void matcher_begin(struct matcher *m, const struct event *ev);

#endif
