/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generate
 *
 * Events and conditions at random, but of one make: a field has few values in a
 * batch of events, and constants are cut from those, so that checks come out
 * true, false and missing about as often.
 *
 *   random.c     numbers and texts
 *   event.c      facts, and events that say them in JSON
 *   native.c     records of the sensor, and the facts they hold
 *   condition.c  conditions; constant.c their constants
 */
#ifndef TEST_REFERENCE_GENERATE_H
#define TEST_REFERENCE_GENERATE_H

#include "event/event.h"
#include "reference.h"
#include <jansson.h>

#define EVENTS_MAX 64
#define CONDITIONS_MAX 60
#define POOL_MAX 4
#define NARROW 3
#define CHECKS_MAX 256

struct occasion {
	struct facts facts;
	struct event event;
	json_t *object;			/* of an event from JSON */
	struct json_fields *fields;
	void *native;			/* record and process of another */
};

struct batch {
	bool strict;
	struct rvalue pool[RFIELDS][POOL_MAX];	/* the values that a field has, of all events */
	unsigned int npool[RFIELDS];
	unsigned int share[RFIELDS];		/* of 100 events have the field */
	struct occasion *occasions;
	unsigned int noccasions;
	struct rtree *conditions[CONDITIONS_MAX];
	unsigned int nconditions;
	struct rtree *narrow[NARROW];		/* each compiled alone: what is needed for it is needed for nothing else */
	struct rtree *checks[CHECKS_MAX];	/* made so far: some are used again */
	unsigned int nchecks;
};

/* random.c */
void random_seed(uint64_t seed);
uint64_t random_bits(void);
uint32_t below(uint32_t n);			/* 0 to n - 1 */
bool chance(unsigned int percent);
struct str copy(const char *p, size_t n);	/* in the reference's memory */
struct str text_of_theme(enum theme theme);
struct str wild_text(size_t max);
struct str mutated(struct str s);
struct str as_b64(struct str s);
struct rvalue random_value(int field);

/* event.c */
void make_pools(struct batch *b);
void make_facts(struct batch *b, struct facts *e);
void make_json_event(struct occasion *o, uint64_t num);
void release_event(struct occasion *o);

/* native.c */
void make_native_event(struct batch *b, struct occasion *o, uint64_t num);
void release_native(void *native);

/* condition.c */
struct rtree *make_condition(struct batch *b);
struct rtree *make_narrow_condition(struct batch *b);	/* of some events, and of some outcomes of those */

/* constant.c */
void add_constant(struct batch *b, struct rtree *t);

#endif
