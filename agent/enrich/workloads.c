/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/workloads.h"
#include "enrich/lazy.h"
#include "util/clock.h"

#define BUCKETS 4096	/* a power of two */

const char *const workload_state_names[WORKLOAD_STATES] = {
	[WORKLOAD_FRESH] = "pending", [WORKLOAD_PENDING] = "pending", [WORKLOAD_RESOLVED] = "resolved",
	[WORKLOAD_PARTIAL] = "partial", [WORKLOAD_FAILED] = "failed",
};

struct workloads {
	struct workload_row *rows;	/* 1 … CGROUP_MAX + 1, as the rows of containers */
	uint32_t buckets[BUCKETS];
	uint32_t unused, used;		/* free list; rows never used begin behind used, so that their pages stay untouched */
	uint32_t fresh_first, fresh_last;
	uint64_t tickets;
};

struct workloads *workloads_new(void)
{
	struct workloads *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->rows = lazy_new(CGROUP_MAX + 2, sizeof(*t->rows));
	return t->rows ? t : workloads_free(t);
}

struct workloads *workloads_free(struct workloads *t)
{
	if (!t)
		return NULL;
	for (uint32_t i = 1; t->rows && i <= t->used; i++)
		workload_free((struct workload *)t->rows[i].known);
	lazy_free(t->rows, CGROUP_MAX + 2, sizeof(*t->rows));
	free(t);
	return NULL;
}

static uint32_t *bucket(struct workloads *t, const char *id)
{
	return &t->buckets[str_hash(str(id)) & (BUCKETS - 1)];
}

static uint32_t add(struct workloads *t, const struct workload_row *key, uint32_t *bucket_of)
{
	uint32_t i = t->unused ? t->unused : ++t->used;
	struct workload_row *r = &t->rows[i];

	if (i == t->unused)
		t->unused = r->hash_next;
	*r = *key;
	r->hash_next = *bucket_of;
	r->ticket = ++t->tickets << 16 | i;
	*bucket_of = i;
	*(t->fresh_first ? &t->rows[t->fresh_last].fresh_next : &t->fresh_first) = i;
	t->fresh_last = i;
	return i;
}
_Static_assert(CGROUP_MAX < 1 << 16, "a ticket has 16 bits for the row");

struct workload_row *workloads_hold(struct workloads *t, const struct workload_row *key)
{
	uint32_t *at = bucket(t, key->id), i = *at;

	while (i && strcmp(t->rows[i].id, key->id))
		i = t->rows[i].hash_next;
	if (!i)
		i = add(t, key, at);
	t->rows[i].groups++;
	t->rows[i].alive++;
	return &t->rows[i];
}

static void leave_fresh(struct workloads *t, uint32_t i)
{
	uint32_t *at = &t->fresh_first, last = 0;

	while (*at && *at != i) {
		last = *at;
		at = &t->rows[*at].fresh_next;
	}
	if (!*at)
		return;
	*at = t->rows[i].fresh_next;
	if (t->fresh_last == i)
		t->fresh_last = last;
}

void workloads_release(struct workloads *t, struct workload_row *r)
{
	uint32_t i = (uint32_t)(r - t->rows), *at;

	if (--r->groups)
		return;
	at = bucket(t, r->id);
	while (*at != i)
		at = &t->rows[*at].hash_next;
	*at = r->hash_next;
	if (r->state == WORKLOAD_FRESH)
		leave_fresh(t, i);
	workload_free((struct workload *)r->known);
	*r = (struct workload_row){.hash_next = t->unused};
	t->unused = i;
}

struct workload_row *workloads_fresh(struct workloads *t)
{
	uint32_t i = t->fresh_first;

	if (!i)
		return NULL;
	t->fresh_first = t->rows[i].fresh_next;
	t->rows[i].fresh_next = 0;
	t->rows[i].state = WORKLOAD_PENDING;
	return &t->rows[i];
}

struct workload_row *workloads_find(struct workloads *t, uint64_t ticket)
{
	uint32_t i = ticket & 0xffff;

	return ticket && i <= t->used && t->rows[i].ticket == ticket ? &t->rows[i] : NULL;
}

void workloads_tell(struct workload_row *r, struct workload *w, enum workload_state state, const char *why)
{
	if (w) {
		workload_free((struct workload *)r->known);
		r->known = w;
	}
	r->state = state;
	r->told = clock_boot_ns();
	snprintf(r->why, sizeof(r->why), "%s", why ? why : "");
}

struct workload_row *workloads_next(struct workloads *t, const struct workload_row *after)
{
	for (uint32_t i = after ? (uint32_t)(after - t->rows) + 1 : 1; i <= t->used; i++) {
		if (t->rows[i].ticket)
			return &t->rows[i];
	}
	return NULL;
}
