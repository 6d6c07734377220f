/* SPDX-License-Identifier: Apache-2.0 */
#include "util/arena.h"

#define CHUNK_MIN 16384u
#define ALIGN 16u

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct chunk *chunks;
	size_t used, max;
};

struct arena *arena_new(size_t max_bytes)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a)
		a->max = max_bytes ? max_bytes : SIZE_MAX / 2;
	return a;
}

struct arena *arena_free(struct arena *a)
{
	if (!a)
		return NULL;
	for (struct chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
	return NULL;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->chunks;
	size_t size;

	if (n > a->max || a->used > a->max - n)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!c || c->size - c->used < n) {
		size = n > CHUNK_MIN ? n : CHUNK_MIN;
		c = calloc(1, sizeof(*c) + size);
		if (!c)
			return NULL;
		c->size = size;
		c->next = a->chunks;
		a->chunks = c;
	}
	c->used += n;
	a->used += n;
	return c->data + c->used - n;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	return str_n(p, s.n);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return (char *)arena_str(a, str(s)).p;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
