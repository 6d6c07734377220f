/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process
 *
 * Rows are never moved, so a pointer to one is good until the next record. A
 * row that ended leaves by one of three doors: its grace is over and nobody
 * descends from it; its last descendant left; the table was full. Links to a
 * row that leaves are cut before.
 */
#include "enrich/image.h"
#include "enrich/lazy.h"
#include "enrich/links.h"
#include "util/clock.h"
#include "util/limits.h"
#include <stdlib.h>

#define GRACE (PROCESS_GRACE_SEC * NSEC_PER_SEC)
#define ROWS_MIN 16
#define OLDER 2			/* earlier images kept: a script's interpreter often execs twice in a row */
#define ROOM_TRIES 64		/* how much one record may throw out to make room for its texts */
#define SAMPLE 32		/* running rows looked at for one that has been silent */
#define UNKNOWN_ID 0xffffffffu	/* also the kernel's "unset" */

struct row {
	struct process p;	/* first: a struct process * is a struct row * */
	uint32_t hash_next;	/* next row of the bucket, or of the free list */
	bool held;		/* ended and over, but a descendant's lineage needs it */
	bool kin;		/* pgid … mntns are known, by exec or inherited */
	uint64_t seen;		/* time of the newest record */
	struct image *older[OLDER];	/* newest first */
	uint64_t retired;	/* when the newest of them was replaced */
};

/* Lists; heads lie behind the rows' own entries. */
struct process_table {
	struct row *rows;	/* 1 … max */
	struct link *ends;	/* rows that ended: in grace (`ended`), or held for their children (`held`) */
	struct link *retires;	/* rows with earlier images, by the time of the last exec */
	struct link *kids;	/* a row's siblings; the list of row i's children has the head max + 1 + i */
	uint32_t *buckets;
	struct images *images;
	uint32_t max, mask, fresh, free, hand;
	uint32_t ended, held, retired;	/* heads */
	uint32_t nheld;
	uint32_t pins[3];	/* rows that the record in hand is about: not to be evicted */
	uint64_t now;		/* newest record's time */
	uint64_t due;		/* nothing expires before */
	struct process_stats stats;
};

static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

struct process_table *process_table_new(uint32_t rows, size_t text_bytes)
{
	struct process_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->max = rows < ROWS_MIN ? ROWS_MIN : rows > PROCESS_MAX ? PROCESS_MAX : rows;
	t->mask = power_of_two(t->max) - 1;
	t->ended = t->max + 1;
	t->held = t->max + 2;
	t->retired = t->max + 1;
	t->due = UINT64_MAX;
	t->rows = lazy_new(t->max + 1, sizeof(*t->rows));
	t->ends = lazy_new(t->max + 3, sizeof(*t->ends));
	t->retires = lazy_new(t->max + 2, sizeof(*t->retires));
	t->kids = lazy_new(2 * ((size_t)t->max + 1), sizeof(*t->kids));
	t->buckets = lazy_new(t->mask + 1, sizeof(*t->buckets));
	t->images = images_new(t->max + t->max / 2, text_bytes);
	if (!t->rows || !t->ends || !t->retires || !t->kids || !t->buckets || !t->images)
		return process_table_free(t);
	links_init(t->ends, t->ended);
	links_init(t->ends, t->held);
	links_init(t->retires, t->retired);
	t->stats.rows_max = t->max;
	return t;
}

struct process_table *process_table_free(struct process_table *t)
{
	if (!t)
		return NULL;
	lazy_free(t->rows, t->max + 1, sizeof(*t->rows));
	lazy_free(t->ends, t->max + 3, sizeof(*t->ends));
	lazy_free(t->retires, t->max + 2, sizeof(*t->retires));
	lazy_free(t->kids, 2 * ((size_t)t->max + 1), sizeof(*t->kids));
	lazy_free(t->buckets, t->mask + 1, sizeof(*t->buckets));
	images_free(t->images);
	free(t);
	return NULL;
}

static uint32_t index_of(const struct process_table *t, const struct process *p)
{
	return (uint32_t)((const struct row *)p - t->rows);
}

/* Pids are given out in sequence: taken as they are they spread evenly, and neighbours share cache lines. */
static uint32_t *bucket(const struct process_table *t, uint32_t pid)
{
	return &t->buckets[pid & t->mask];
}

static uint32_t find(const struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i = *bucket(t, pid);

	while (i && (t->rows[i].p.pid != pid || t->rows[i].p.start != start))
		i = t->rows[i].hash_next;
	return i;
}

static uint32_t find_running(const struct process_table *t, uint32_t pid)
{
	uint32_t i = *bucket(t, pid);

	while (i && (t->rows[i].p.pid != pid || t->rows[i].p.ended))
		i = t->rows[i].hash_next;
	return i;
}

struct process *process_table_find(struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i = start ? find(t, pid, start) : find_running(t, pid);

	return i ? &t->rows[i].p : NULL;
}

const struct image *process_image(const struct process *p, uint32_t exec_id)
{
	const struct row *r = (const struct row *)p;

	if (p->image && p->image->exec_id != exec_id)
		for (int k = 0; k < OLDER; k++)
			if (r->older[k] && r->older[k]->exec_id == exec_id)
				return r->older[k];
	return p->image;
}

static uint32_t kids_head(const struct process_table *t, uint32_t i)
{
	return t->max + 1 + i;
}

static bool has_kids(const struct process_table *t, uint32_t i)
{
	return links_first(t->kids, kids_head(t, i)) != kids_head(t, i);
}

static void due_by(struct process_table *t, uint64_t time)
{
	if (time < t->due)
		t->due = time;
}

static void drop_older(struct process_table *t, uint32_t i)
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
	uint32_t *at = bucket(t, t->rows[i].p.pid);

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
	due_by(t, t->now);
	return 0;
}

/* Frees the row, and every row above it that was only kept for its sake. */
static void row_free(struct process_table *t, uint32_t i)
{
	while (i) {
		struct row *r = &t->rows[i];
		struct process *parent = r->p.parent;

		while (has_kids(t, i))
			disown(t, links_first(t->kids, kids_head(t, i)));
		disown(t, i);
		unhash(t, i);
		drop_older(t, i);
		image_put(t->images, r->p.image);
		links_remove(t->ends, i);
		t->nheld -= r->held;
		t->stats.rows--;
		if (r->p.ended)
			t->stats.ended--;
		else
			t->stats.running--;
		*r = (struct row){.hash_next = t->free};
		t->free = i;
		i = no_longer_needed(t, parent);
	}
}

/* Ended rows and earlier images whose grace is over; a few per record, so that none waits long and none takes long. */
static void expire(struct process_table *t)
{
	if (t->now < t->due)
		return;
	t->due = UINT64_MAX;
	for (int n = 0; n < 8; n++) {
		uint32_t i = links_first(t->ends, t->ended);

		if (i == t->ended)
			break;
		if (t->now < t->rows[i].p.ended + GRACE) {
			due_by(t, t->rows[i].p.ended + GRACE);
			break;
		}
		due_by(t, t->now);
		if (has_kids(t, i))
			hold(t, i);
		else
			row_free(t, i);
	}
	for (int n = 0; n < 8; n++) {
		uint32_t i = links_first(t->retires, t->retired);

		if (i == t->retired)
			break;
		if (t->now < t->rows[i].retired + GRACE) {
			due_by(t, t->rows[i].retired + GRACE);
			break;
		}
		due_by(t, t->now);
		drop_older(t, i);
	}
}

static void evict_row(struct process_table *t, uint32_t i)
{
	if (!t->rows[i].p.ended)
		t->stats.evicted_running++;
	else if (t->now < t->rows[i].p.ended + GRACE)
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
static bool evict_ended(struct process_table *t)
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

static void pin(struct process_table *t, uint32_t i)
{
	t->pins[2] = t->pins[1];
	t->pins[1] = t->pins[0];
	t->pins[0] = i;
}

static void end_row(struct process_table *t, uint32_t i, uint64_t time, uint32_t status)
{
	struct process *p = &t->rows[i].p;

	if (p->ended)
		return;
	p->ended = time ? time : 1;
	p->status = status;
	links_push(t->ends, t->ended, i);
	due_by(t, p->ended + GRACE);
	t->stats.running--;
	t->stats.ended++;
}

/* Two processes do not run under one pid: of two, the one that began earlier has ended, unseen. */
static void settle_pid(struct process_table *t, uint32_t made)
{
	const struct process *p = &t->rows[made].p;

	for (uint32_t i = *bucket(t, p->pid); i; i = t->rows[i].hash_next) {
		if (i == made || t->rows[i].p.pid != p->pid)
			continue;
		if (t->rows[i].p.start < p->start)
			end_row(t, i, p->start, 0);
		else
			end_row(t, made, t->rows[i].p.start, 0);
	}
}

/* A row of that identity, of which nothing is known yet; pinned. 0 when there is no room. */
static uint32_t row_new(struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i, *at;

	if (!t->free && t->fresh == t->max && !evict_ended(t) && !evict_running(t))
		return 0;
	i = t->free;
	if (i)
		t->free = t->rows[i].hash_next;
	else
		i = ++t->fresh;
	at = bucket(t, pid);
	t->rows[i] = (struct row){
		.p = {.pid = pid, .start = start, .loginuid = UNKNOWN_ID, .uid = UNKNOWN_ID, .euid = UNKNOWN_ID,
		      .gid = UNKNOWN_ID, .egid = UNKNOWN_ID, .partial = true},
		.hash_next = *at,
	};
	*at = i;
	links_init(t->kids, kids_head(t, i));
	t->stats.rows++;
	t->stats.running++;
	t->stats.partial++;
	settle_pid(t, i);
	pin(t, i);
	return i;
}

/* No longer made up. */
static void complete(struct process_table *t, uint32_t i)
{
	t->stats.partial -= t->rows[i].p.partial;
	t->rows[i].p.partial = false;
}

/* The original parent stays: a process that is given to init later is still its parent's child. */
static void link_parent(struct process_table *t, uint32_t i, uint32_t ppid, uint64_t pstart)
{
	struct process *p = &t->rows[i].p;
	uint32_t parent;

	if (p->parent || !ppid)
		return;
	if (!p->ppid)
		p->ppid = ppid;
	parent = pstart ? find(t, ppid, pstart) : find_running(t, ppid);
	if (!parent && pstart && pstart < p->start)
		parent = row_new(t, ppid, pstart);	/* its own record may still come */
	if (!parent || t->rows[parent].p.start >= p->start)
		return;		/* a parent is older: so no line of ancestors ever closes to a ring */
	p->ppid = ppid;
	p->parent = &t->rows[parent].p;
	links_push(t->kids, kids_head(t, parent), i);
}

/* Frees something that holds texts. False when nothing is left to free. */
static bool make_room(struct process_table *t)
{
	uint32_t i = links_first(t->retires, t->retired);

	if (i != t->retired) {
		drop_older(t, i);
		return true;
	}
	return evict_ended(t);
}

static struct image *exec_image(struct process_table *t, const struct wire_exec *rec)
{
	struct image *i = image_of_exec(t->images, rec, false);

	for (int n = 0; !i && n < ROOM_TRIES && make_room(t); n++)
		i = image_of_exec(t->images, rec, false);
	return i ? i : image_of_exec(t->images, rec, true);
}

static struct image *fork_image(struct process_table *t, struct image *of, struct str comm, uint32_t exec_id)
{
	struct image *i;

	if (!of && !comm.n)
		return NULL;
	if (of && of->exec_id == exec_id && (!comm.n || str_eq(of->comm, comm)))
		return image_get(of);
	if (!comm.n)
		comm = of->comm;
	image_get(of);	/* making room must not take it */
	i = image_renamed(t->images, of, comm, exec_id, false);
	for (int n = 0; !i && n < ROOM_TRIES && make_room(t); n++)
		i = image_renamed(t->images, of, comm, exec_id, false);
	if (!i)
		i = image_renamed(t->images, of, comm, exec_id, true);
	image_put(t->images, of);
	return i;
}

/* The image that was current until now is kept for records that are still under way in the other ring. */
static void retire(struct process_table *t, uint32_t i, struct image *image)
{
	struct row *r = &t->rows[i];

	if (!image)
		return;
	image_put(t->images, r->older[OLDER - 1]);
	for (int k = OLDER - 1; k > 0; k--)
		r->older[k] = r->older[k - 1];
	r->older[0] = image;
	r->retired = t->now;
	links_push(t->retires, t->retired, i);
	due_by(t, t->now + GRACE);
}

static void take_kin(struct row *r, const struct wire_exec *x)
{
	struct process *p = &r->p;

	p->vpid = x->vpid;
	p->pgid = x->pgid;
	p->vpgid = x->vpgid;
	p->sid = x->sid;
	p->vsid = x->vsid;
	p->tty = x->tty;
	p->loginuid = x->loginuid;
	p->egid = x->egid;
	p->pidns_start = x->pidns_start;
	p->pidns = x->pidns;
	p->mntns = x->mntns;
	r->kin = true;
}

static bool newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;	/* generations wrap */
}

static void apply_exec(struct process_table *t, uint32_t i, const struct wire_exec *x)
{
	bool snapshot = x->hdr.flags & WIRE_SNAPSHOT;
	struct row *r = &t->rows[i];
	struct image *image, *current = r->p.image;

	link_parent(t, i, x->ppid, x->pstart);
	if (x->hdr.res < 0 && !snapshot)
		return;		/* it still runs what it ran */
	complete(t, i);
	if (snapshot && current && !newer(x->hdr.exec_id, current->exec_id)) {
		if (!r->kin)
			take_kin(r, x);
		return;		/* what was seen to happen is better than what was found */
	}
	image = exec_image(t, x);
	if (!image)
		return;
	current = r->p.image;
	if (current && newer(current->exec_id, image->exec_id)) {
		retire(t, i, image);	/* a later exec is known already */
		return;
	}
	take_kin(r, x);
	r->p.image = image;
	if (current && current->exec_id == image->exec_id)
		image_put(t->images, current);
	else
		retire(t, i, current);
}

static void inherit(struct row *c, const struct row *from, const struct wire_fork *f)
{
	struct process *p = &c->p;
	bool first = f->child_vpid == 1 && f->child != 1;

	p->pgid = from->p.pgid;
	p->vpgid = from->p.vpgid;
	p->sid = from->p.sid;
	p->vsid = from->p.vsid;
	p->tty = from->p.tty;
	p->loginuid = from->p.loginuid;
	p->egid = from->p.egid;
	p->mntns = from->p.mntns;
	p->pidns = first ? 0 : from->p.pidns;	/* a namespace of its own: its number comes with the exec */
	p->pidns_start = first ? f->child_start : from->p.pidns_start;
	c->kin = from->kin;
}

static void apply_fork(struct process_table *t, uint32_t caller, const struct wire_fork *f)
{
	struct str comm = f->comm.len ? str_n((const char *)f + f->comm.off, f->comm.len) : STR_NONE;
	uint32_t child = find(t, f->child, f->child_start);
	struct row *c;

	if (!f->child || child == caller)
		return;
	if (child)
		pin(t, child);
	else
		child = row_new(t, f->child, f->child_start);
	if (!child)
		return;
	c = &t->rows[child];
	link_parent(t, child, f->ppid, f->pstart);
	complete(t, child);
	if (!c->kin)
		inherit(c, &t->rows[caller], f);
	if (!c->p.image)
		c->p.image = fork_image(t, (struct image *)process_image(&t->rows[caller].p, f->child_exec_id), comm,
					f->child_exec_id);
	c->p.vpid = f->child_vpid;
	if (c->seen > f->hdr.time)
		return;		/* the child's own records were faster */
	c->seen = f->hdr.time;
	c->p.uid = f->hdr.uid;
	c->p.euid = f->hdr.euid;
	c->p.gid = f->hdr.gid;
	c->p.cgroup = f->child_cgroup;
}

static void refresh(struct row *r, const struct wire_hdr *h)
{
	if (h->time < r->seen || (h->flags & WIRE_SNAPSHOT && r->seen))
		return;
	r->seen = h->time;
	r->p.uid = h->uid;
	r->p.euid = h->euid;
	r->p.gid = h->gid;
	r->p.cgroup = h->cgroup;
}

struct process *process_table_apply(struct process_table *t, const union event_record *rec)
{
	const struct wire_hdr *h = &rec->hdr;
	uint32_t i;

	if (h->time > t->now)
		t->now = h->time;
	t->pins[0] = t->pins[1] = t->pins[2] = 0;
	expire(t);
	if (!h->tgid)
		return NULL;
	i = find(t, h->tgid, h->start);
	pin(t, i);
	if (!i)
		i = row_new(t, h->tgid, h->start);	/* its beginning was not seen */
	if (!i)
		return NULL;
	refresh(&t->rows[i], h);
	if (h->type == EVENT_EXEC)
		apply_exec(t, i, &rec->exec);
	else if (h->type == EVENT_FORK)
		apply_fork(t, i, &rec->fork);
	else if (h->type == EVENT_EXIT)
		end_row(t, i, h->time, rec->exit.status);
	return &t->rows[i].p;
}

void process_table_stats(const struct process_table *t, struct process_stats *ret)
{
	*ret = t->stats;
	ret->no_text = images_no_text(t->images);
	ret->text_bytes = images_text_used(t->images);
	ret->text_max = images_text_max(t->images);
}
