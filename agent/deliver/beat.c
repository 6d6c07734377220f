/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/beat.h"
#include "util/cleanup.h"
#include <stdlib.h>

struct beat *beat_new(Noroshi__V1__Coverage *c)
{
	struct beat *b = malloc(sizeof(*b));

	if (b)
		*b = (struct beat){c, 1};
	else
		noroshi__v1__coverage__free_unpacked(c, NULL);
	return b;
}

void beat_unref(struct beat *b)
{
	if (!b || --b->refs)
		return;
	noroshi__v1__coverage__free_unpacked(b->message, NULL);
	free(b);
}

void beats_push(struct beats *b, struct beat *beat)
{
	b->replaced += b->waiting != NULL;
	beat_unref(b->waiting);
	beat->refs++;
	b->waiting = beat;
}

bool beats_begin(struct beats *b)
{
	if (!b->waiting)
		return false;
	b->sending = take(b->waiting);
	return true;
}

void beats_delivered(struct beats *b)
{
	b->delivered++;
	b->yield = false;
	beat_unref(take(b->sending));
}

void beats_again(struct beats *b, bool last_chance)
{
	b->yield = true;
	if (last_chance) {
		beats_refused(b);
	} else if (b->waiting) {
		b->replaced++;
		beat_unref(take(b->sending));
	} else {
		b->waiting = take(b->sending);
	}
}

void beats_refused(struct beats *b)
{
	b->failed++;
	beat_unref(take(b->sending));
}

void beats_clear(struct beats *b)
{
	beat_unref(take(b->waiting));
	beat_unref(take(b->sending));
}
