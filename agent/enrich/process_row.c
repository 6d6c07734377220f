/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process row
 *
 * Rows are never moved, so a pointer to one is good until the next record. A
 * row that ended leaves by one of three doors: its grace is over and nobody
 * descends from it; its last descendant left; the table was full. Links to a
 * row that leaves are cut before.
 */
#include "enrich/process_row.h"

#define SAMPLE 32		/* running rows looked at for one that has been silent */
#define UNKNOWN_ID 0xffffffffu	/* also the kernel's "unset" */

static uint32_t index_of(const struct process_table *t, const struct process *p)
{
	return (uint32_t)((const struct row *)p - t->rows);
}

uint32_t row_find_running(const struct process_table *t, uint32_t pid)
{
	uint32_t i = *row_bucket(t, pid);

	while (i && (t->rows[i].p.pid != pid || t->rows[i].p.ended))
		i = t->rows[i].hash_next;
	return i;
}

static bool has_kids(const struct process_table *t, uint32_t i)
{
	return links_first(t->kids, row_kids_head(t, i)) != row_kids_head(t, i);
}

void row_drop_older(struct process_table *t, uint32_t i)
{
	struct row *r = &t->rows[i];

	for (int k = 0; k < OLDER; k++) {
		image_put(t->images, r->older[k]);
		r->older[k] = NULL;
	}
	links_remove(t->retires, i);
}

static void unhash(struct process_table *t, uint32_t i)
{
	uint32_t *at = row_bucket(t, t->rows[i].p.pid);

	while (*at != i)
		at = &t->rows[*at].hash_next;
	*at = t->rows[i].hash_next;
}

static void disown(struct process_table *t, uint32_t i)
{
	t->rows[i].p.parent = NULL;
	links_remove(t->kids, i);
}

/* Over, but an ancestor of somebody: kept outside the grace. */
static void hold(struct process_table *t, uint32_t i)
{
	t->rows[i].held = true;
	t->nheld++;
	links_push(t->ends, t->held, i);
}

static bool pinned(const struct process_table *t, uint32_t i)
{
	return i == t->pins[0] || i == t->pins[1] || i == t->pins[2];
}

/* The row above i when it was only kept for i's sake and may go as well, else 0. */
static uint32_t no_longer_needed(struct process_table *t, struct process *parent)
{
	uint32_t i = parent ? index_of(t, parent) : 0;

	if (!i || !t->rows[i].held || has_kids(t, i))
		return 0;
	if (!pinned(t, i))
		return i;
	t->rows[i].held = false;
	t->nheld--;
	links_push(t->ends, t->ended, i);
	row_due_by(t, t->now);
	return 0;
}

/* Frees the row, and every row above it that was only kept for its sake. */
static void row_free(struct process_table *t, uint32_t i)
{
	while (i) {
		struct row *r = &t->rows[i];
		struct process *parent = r->p.parent;

		while (has_kids(t, i))
			disown(t, links_first(t->kids, row_kids_head(t, i)));
		disown(t, i);
		unhash(t, i);
		row_drop_older(t, i);
		image_put(t->images, r->p.image);
		links_remove(t->ends, i);
		t->nheld -= r->held;
		t->stats.rows--;
		t->stats.partial -= r->p.partial;
		if (r->p.ended)
			t->stats.ended--;
		else
			t->stats.running--;
		*r = (struct row){.hash_next = t->free};
		t->free = i;
		i = no_longer_needed(t, parent);
	}
}

void rows_expire(struct process_table *t)
{
	if (t->now < t->due)
		return;
	t->due = UINT64_MAX;
	for (int n = 0; n < 8; n++) {
		uint32_t i = links_first(t->ends, t->ended);

		if (i == t->ended)
			break;
		if (t->now < t->rows[i].p.ended + PROCESS_GRACE) {
			row_due_by(t, t->rows[i].p.ended + PROCESS_GRACE);
			break;
		}
		row_due_by(t, t->now);
		if (has_kids(t, i))
			hold(t, i);
		else
			row_free(t, i);
	}
	for (int n = 0; n < 8; n++) {
		uint32_t i = links_first(t->retires, t->retired);

		if (i == t->retired)
			break;
		if (t->now < t->rows[i].retired + PROCESS_GRACE) {
			row_due_by(t, t->rows[i].retired + PROCESS_GRACE);
			break;
		}
		row_due_by(t, t->now);
		row_drop_older(t, i);
	}
}

static void evict_row(struct process_table *t, uint32_t i)
{
	if (!t->rows[i].p.ended)
		t->stats.evicted_running++;
	else if (t->now < t->rows[i].p.ended + PROCESS_GRACE)
		t->stats.evicted_ended++;
	row_free(t, i);
}

/* The oldest of a list that the record in hand does not need, or 0. With `lone` those with children are passed over, to `held`. */
static uint32_t oldest(struct process_table *t, uint32_t head, bool lone)
{
	uint32_t i = links_first(t->ends, head), next;

	for (; i != head; i = next) {
		next = t->ends[i].next;
		if (pinned(t, i))
			continue;
		if (!lone || !has_kids(t, i))
			return i;
		hold(t, i);
	}
	return 0;
}

/*
 * Dead ancestors go last, for lineage is worth more than a grace; but a process that forks and exits for ever, each
 * time one generation deeper, must not fill the table with them.
 */
bool rows_evict_ended(struct process_table *t)
{
	bool deep = t->nheld > t->max / 4;
	uint32_t i = deep ? oldest(t, t->held, false) : oldest(t, t->ended, true);

	if (!i)
		i = deep ? oldest(t, t->ended, true) : oldest(t, t->held, false);
	if (i)
		evict_row(t, i);
	return i;
}

/* The table is full of running processes, or of such whose exit was lost: the longest silent of a sample goes. */
static bool evict_running(struct process_table *t)
{
	uint32_t best = 0;

	for (uint32_t n = 0; n < SAMPLE && n < t->max; n++) {
		t->hand = t->hand < t->max ? t->hand + 1 : 1;
		if (!pinned(t, t->hand) && (!best || t->rows[t->hand].seen < t->rows[best].seen))
			best = t->hand;
	}
	if (best)
		evict_row(t, best);
	return best;
}

void row_pin(struct process_table *t, uint32_t i)
{
	t->pins[2] = t->pins[1];
	t->pins[1] = t->pins[0];
	t->pins[0] = i;
}

void row_end(struct process_table *t, uint32_t i, uint64_t time, uint32_t status)
{
	struct process *p = &t->rows[i].p;

	if (p->ended)
		return;
	p->ended = time ? time : 1;
	p->status = status;
	links_push(t->ends, t->ended, i);
	row_due_by(t, p->ended + PROCESS_GRACE);
	t->stats.running--;
	t->stats.ended++;
}

/* Two processes do not run under one pid: of two, the one that began earlier has ended, unseen. */
static void settle_pid(struct process_table *t, uint32_t made)
{
	const struct process *p = &t->rows[made].p;

	for (uint32_t i = *row_bucket(t, p->pid); i; i = t->rows[i].hash_next) {
		if (i == made || t->rows[i].p.pid != p->pid)
			continue;
		if (t->rows[i].p.start < p->start)
			row_end(t, i, p->start, 0);
		else
			row_end(t, made, t->rows[i].p.start, 0);
	}
}

uint32_t row_new(struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i, *at;

	if (!t->free && t->fresh == t->max && !rows_evict_ended(t) && !evict_running(t))
		return 0;
	i = t->free;
	if (i)
		t->free = t->rows[i].hash_next;
	else
		i = ++t->fresh;
	at = row_bucket(t, pid);
	t->rows[i] = (struct row){
		.p = {.pid = pid, .start = start, .loginuid = UNKNOWN_ID, .uid = UNKNOWN_ID, .euid = UNKNOWN_ID,
		      .gid = UNKNOWN_ID, .partial = true},
		.hash_next = *at,
	};
	*at = i;
	links_init(t->kids, row_kids_head(t, i));
	t->stats.rows++;
	t->stats.running++;
	t->stats.partial++;
	settle_pid(t, i);
	row_pin(t, i);
	return i;
}

