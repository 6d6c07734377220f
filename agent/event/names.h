/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names
 *
 * Every name evt.type can have in a rule: all system calls and the original's
 * other events (names.def), whether or not the sensor can see them yet. A call
 * the sensor knows (events.def) is one of them.
 */
#ifndef EVENT_NAMES_H
#define EVENT_NAMES_H

#include "util/str.h"
#include "wire.h"

#define NAMES_MAX 640

struct name_set {
	uint64_t bits[NAMES_MAX / 64];
};

extern const char *const name_table[NAMES_MAX];	/* NULL after the last */
extern const unsigned int name_count;

int name_find(struct str name);			/* index, or -1 */
int name_of_call(enum event_call call);		/* index of a call's name, -1 for CALL_NONE */
enum event_call name_call(int name);		/* the sensor's call of that name, CALL_NONE when it has none */

static inline bool name_set_has(const struct name_set *s, int name)
{
	return s->bits[name / 64] >> (name % 64) & 1;
}

#endif
