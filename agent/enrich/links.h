/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links
 *
 * Doubly linked lists over the indexes of an array. A list is named by the
 * index of its head, an entry of the same array that is no member; a member is
 * in one list at a time. An entry of zeros is in none.
 */
#ifndef ENRICH_LINKS_H
#define ENRICH_LINKS_H

#include <stdbool.h>
#include <stdint.h>

struct link {
	uint32_t prev, next;
};

static inline void links_init(struct link *l, uint32_t head)
{
	l[head] = (struct link){head, head};
}

static inline uint32_t links_first(const struct link *l, uint32_t head)
{
	return l[head].next;	/* the head itself when the list is empty */
}

static inline uint32_t links_last(const struct link *l, uint32_t head)
{
	return l[head].prev;
}

static inline bool links_in(const struct link *l, uint32_t i)
{
	return l[i].next;
}

static inline void links_remove(struct link *l, uint32_t i)
{
	if (!links_in(l, i))
		return;
	l[l[i].prev].next = l[i].next;
	l[l[i].next].prev = l[i].prev;
	l[i] = (struct link){0, 0};
}

/* Behind all others; out of the list it was in. */
static inline void links_push(struct link *l, uint32_t head, uint32_t i)
{
	links_remove(l, i);
	l[i] = (struct link){l[head].prev, head};
	l[l[head].prev].next = i;
	l[head].prev = i;
}

#endif
