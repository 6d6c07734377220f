/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/text_pool.h"
#include "enrich/lazy.h"
#include "enrich/links.h"
#include "util/cleanup.h"
#include <string.h>

#define SLAB TEXT_POOL_MAX
#define NO_BLOCK UINT32_MAX

static const uint32_t sizes[] = {
	32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768, SLAB,
};

#define SIZES ARRAY_SIZE(sizes)

struct slab {
	uint32_t free;		/* offset of the first free block, each holds the next one's */
	uint32_t fresh;		/* offset where no block was taken yet: untouched memory */
	uint32_t used;		/* blocks */
	uint32_t size;		/* index into sizes[] */
};

/* List heads: slabs of a size that have room, and slabs of no size. Slab s is entry s + HEADS. */
enum { HEAD_EMPTY = SIZES + 1, HEADS };	/* entry 0 stays unused: 0 is "in no list" */

struct text_pool {
	char *base;
	struct slab *slabs;
	struct link *links;
	uint32_t nslabs;
	size_t used;
};

static uint32_t head_of(uint32_t size)
{
	return size + 1;
}

struct text_pool *text_pool_new(size_t bytes)
{
	struct text_pool *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->nslabs = (uint32_t)((bytes + SLAB - 1) / SLAB);
	t->base = lazy_new(t->nslabs, SLAB);
	t->slabs = calloc(t->nslabs, sizeof(*t->slabs));
	t->links = calloc(t->nslabs + HEADS, sizeof(*t->links));
	if (!t->base || !t->slabs || !t->links)
		return text_pool_free(t);
	for (uint32_t h = 1; h < HEADS; h++)
		links_init(t->links, h);
	for (uint32_t s = t->nslabs; s-- > 0;)
		links_push(t->links, HEAD_EMPTY, s + HEADS);
	return t;
}

struct text_pool *text_pool_free(struct text_pool *t)
{
	if (!t)
		return NULL;
	lazy_free(t->base, t->nslabs, SLAB);
	free(t->slabs);
	free(t->links);
	free(t);
	return NULL;
}

static char *take_from(struct text_pool *t, uint32_t s)
{
	struct slab *slab = &t->slabs[s];
	uint32_t size = sizes[slab->size];
	char *p;

	if (slab->free != NO_BLOCK) {
		p = t->base + (size_t)s * SLAB + slab->free;
		memcpy(&slab->free, p, sizeof(slab->free));
	} else {
		p = t->base + (size_t)s * SLAB + slab->fresh;
		slab->fresh += size;
	}
	slab->used++;
	t->used += size;
	if (slab->free == NO_BLOCK && slab->fresh + size > SLAB)
		links_remove(t->links, s + HEADS);	/* full */
	return p;
}

char *text_pool_take(struct text_pool *t, size_t n)
{
	uint32_t want = 0, first;

	if (n > SLAB)
		return NULL;
	while (sizes[want] < n)
		want++;
	first = links_first(t->links, head_of(want));
	if (first != head_of(want))
		return take_from(t, first - HEADS);
	first = links_last(t->links, HEAD_EMPTY);	/* emptied last: its memory was touched already */
	if (first != HEAD_EMPTY) {
		t->slabs[first - HEADS] = (struct slab){.free = NO_BLOCK, .size = want};
		links_push(t->links, head_of(want), first);
		return take_from(t, first - HEADS);
	}
	/* No slab is left for this size: a longer block does as well. */
	while (++want < SIZES) {
		first = links_first(t->links, head_of(want));
		if (first != head_of(want))
			return take_from(t, first - HEADS);
	}
	return NULL;
}

void text_pool_give(struct text_pool *t, char *p)
{
	uint32_t s, off;
	struct slab *slab;

	if (!p)
		return;
	s = (uint32_t)((size_t)(p - t->base) / SLAB);
	off = (uint32_t)((size_t)(p - t->base) % SLAB);
	slab = &t->slabs[s];
	memcpy(p, &slab->free, sizeof(slab->free));
	slab->free = off;
	t->used -= sizes[slab->size];
	if (!--slab->used)
		links_push(t->links, HEAD_EMPTY, s + HEADS);
	else if (!links_in(t->links, s + HEADS))
		links_push(t->links, head_of(slab->size), s + HEADS);
}

size_t text_pool_used(const struct text_pool *t)
{
	return t->used;
}

size_t text_pool_size(const struct text_pool *t)
{
	return (size_t)t->nslabs * SLAB;
}
