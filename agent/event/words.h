/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words
 *
 * Names of parameters' bits and values, of records and of captures alike:
 * words.def has the original's under the original's numbers, words_own.def what
 * only records have.
 */
#ifndef EVENT_WORDS_H
#define EVENT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

enum words {
	WORDS_NONE,
#define FLAGS(table, ...) WORDS_##table,
#include "event/words.def"
#define FLAGS(table, ...) WORDS_##table,
#define MORE(table, ...)
#include "event/words_own.def"
	WORDS_MAX
};

/* Which names count: the original's alone, as it prints them, or ours behind them. */
enum words_of { WORDS_THEIRS, WORDS_ALL };

struct word;

struct words_walk {
	const struct word *at, *then;
	uint64_t set, left;
	bool bits;
};

/* The names of the bits of set, in the table's order; one of several bits uses them up, one of no bits stands for none. */
struct words_walk words_bits(enum words table, enum words_of of, uint64_t set);

/* The names of one value: some have two. */
struct words_walk words_value(enum words table, enum words_of of, uint64_t value);

/* The next name, NULL behind the last. */
const char *words_next(struct words_walk *w);

#endif
