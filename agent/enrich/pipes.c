/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/pipes.h"
#include "enrich/lazy.h"
#include <stdlib.h>
#include <string.h>

#define WAYS 4	/* places a pipe may have; the one that was added to longest ago goes */

struct known {
	uint64_t pipe;		/* 0: an empty place */
	uint64_t used;		/* when it was added to, counted in additions */
	struct pipe_end ends[PIPE_SIDES][PIPE_ENDS];
};

struct pipes {
	struct known *v;	/* PIPES_MAX, in sets of WAYS */
	uint64_t additions, evicted;
};

struct pipes *pipes_new(void)
{
	struct pipes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->v = lazy_new(PIPES_MAX, sizeof(*t->v));
	return t->v ? t : pipes_free(t);
}

struct pipes *pipes_free(struct pipes *t)
{
	if (!t)
		return NULL;
	lazy_free(t->v, PIPES_MAX, sizeof(*t->v));
	free(t);
	return NULL;
}

static struct known *set_of(const struct pipes *t, uint64_t pipe)
{
	uint64_t hash = pipe * 0x9e3779b97f4a7c15ull >> 32;

	return &t->v[hash % (PIPES_MAX / WAYS) * WAYS];
}

static struct known *find(const struct pipes *t, uint64_t pipe)
{
	struct known *set = set_of(t, pipe);

	for (int i = 0; i < WAYS; i++)
		if (set[i].pipe == pipe)
			return &set[i];
	return NULL;
}

static struct known *find_or_make(struct pipes *t, uint64_t pipe)
{
	struct known *k = find(t, pipe), *set;

	if (k)
		return k;
	k = set = set_of(t, pipe);
	for (int i = 1; i < WAYS; i++)
		if (set[i].used < k->used)
			k = &set[i];
	t->evicted += !!k->pipe;
	*k = (struct known){.pipe = pipe};
	return k;
}

void pipes_add(struct pipes *t, uint64_t pipe, enum pipe_side side, struct pipe_end end)
{
	struct known *k = find_or_make(t, pipe);
	struct pipe_end *ends = k->ends[side];
	size_t i;

	k->used = ++t->additions;
	for (i = 0; i < PIPE_ENDS - 1; i++)	/* the same process again moves to the front */
		if (ends[i].pid == end.pid && ends[i].start == end.start)
			break;
	memmove(&ends[1], &ends[0], i * sizeof(ends[0]));
	ends[0] = end;
}

const struct pipe_end *pipes_find(const struct pipes *t, uint64_t pipe, enum pipe_side side)
{
	const struct known *k = pipe ? find(t, pipe) : NULL;

	return k ? k->ends[side] : NULL;
}

uint64_t pipes_evicted(const struct pipes *t)
{
	return t->evicted;
}
