/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/queue.h"
#include <stdlib.h>

struct item *item_new(Noroshi__V1__Finding *f, uint64_t time)
{
	struct item *i = malloc(sizeof(*i));

	if (!i) {
		noroshi__v1__finding__free_unpacked(f, NULL);
		return NULL;
	}
	*i = (struct item){.finding = f, .refs = 1, .time = time, .size = noroshi__v1__finding__get_packed_size(f)};
	i->severity = (unsigned int)f->severity < QUEUE_SEVERITIES ? (unsigned int)f->severity : 0;
	return i;
}

void item_unref(struct item *i)
{
	if (--i->refs)
		return;
	noroshi__v1__finding__free_unpacked(i->finding, NULL);
	free(i);
}

void queue_init(struct queue *q, size_t n_max, size_t bytes_max)
{
	*q = (struct queue){.n_max = n_max, .bytes_max = bytes_max};
	TAILQ_INIT(&q->order);
	for (unsigned int i = 0; i < QUEUE_SEVERITIES; i++)
		TAILQ_INIT(&q->same[i]);
}

static bool is_urgent(const struct item *i)
{
	return i->severity >= NOROSHI__V1__SEVERITY__SEVERITY_HIGH;
}

static void remove_node(struct queue *q, struct node *n)
{
	TAILQ_REMOVE(&q->order, n, order);
	TAILQ_REMOVE(&q->same[n->item->severity], n, same);
	q->n--;
	q->bytes -= n->item->size;
	q->urgent -= is_urgent(n->item);
	item_unref(n->item);
	free(n);
}

void queue_clear(struct queue *q)
{
	queue_done(q, q->n);
}

/* The least severe finding that is not being sent, of those the oldest. */
static struct node *victim(struct queue *q)
{
	for (unsigned int i = 0; i < QUEUE_SEVERITIES; i++) {
		struct node *n;

		TAILQ_FOREACH(n, &q->same[i], same)
			if (!n->sending)
				return n;
	}
	return NULL;
}

void queue_push(struct queue *q, struct item *i)
{
	struct node *n = malloc(sizeof(*n));

	if (!n) {
		q->dropped[i->severity]++;
		return;
	}
	*n = (struct node){.item = i};
	i->refs++;
	TAILQ_INSERT_TAIL(&q->order, n, order);
	TAILQ_INSERT_TAIL(&q->same[i->severity], n, same);
	q->n++;
	q->bytes += i->size;
	q->urgent += is_urgent(i);
	while (q->n > q->n_max || q->bytes > q->bytes_max) {
		n = victim(q);
		if (!n)
			break;	/* all of it is being sent: at most one batch beyond the bound */
		q->dropped[n->item->severity]++;
		remove_node(q, n);
	}
}

size_t queue_take(struct queue *q, Noroshi__V1__Finding **v, size_t n_max, size_t bytes)
{
	size_t n = 0, sum = 0;
	struct node *at;

	TAILQ_FOREACH(at, &q->order, order) {
		if (n == n_max || (n && sum + at->item->size > bytes))
			break;
		sum += at->item->size;
		at->sending = true;
		v[n++] = at->item->finding;
	}
	return n;
}

void queue_done(struct queue *q, size_t n)
{
	while (n-- && !TAILQ_EMPTY(&q->order))
		remove_node(q, TAILQ_FIRST(&q->order));
}

void queue_back(struct queue *q)
{
	struct node *n;

	TAILQ_FOREACH(n, &q->order, order) {
		if (!n->sending)
			break;
		n->sending = false;
	}
}
