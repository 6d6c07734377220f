/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process
 *
 * What each record says about the rows. Records come from two rings and from a
 * snapshot, so nothing here relies on their order: what is newer, by time,
 * start or generation, wins.
 */
#include "enrich/lazy.h"
#include "enrich/process_row.h"
#include <stdlib.h>

#define ROWS_MIN 16
#define ROOM_TRIES 64		/* how much one record may throw out to make room for its texts */

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

struct process *process_table_find(struct process_table *t, uint32_t pid, uint64_t start)
{
	uint32_t i = start ? row_find(t, pid, start) : row_find_running(t, pid);

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
	parent = pstart ? row_find(t, ppid, pstart) : row_find_running(t, ppid);
	if (!parent && pstart && pstart < p->start)
		parent = row_new(t, ppid, pstart);	/* its own record may still come */
	if (!parent || t->rows[parent].p.start >= p->start)
		return;		/* a parent is older: so no line of ancestors ever closes to a ring */
	p->ppid = ppid;
	p->parent = &t->rows[parent].p;
	links_push(t->kids, row_kids_head(t, parent), i);
}

/* Frees something that holds texts. False when nothing is left to free. */
static bool make_room(struct process_table *t)
{
	uint32_t i = links_first(t->retires, t->retired);

	if (i != t->retired) {
		row_drop_older(t, i);
		return true;
	}
	return rows_evict_ended(t);
}

/* What wrote the executable, while its process is known with that very image. To be asked anew after room was made. */
static const struct image *writer_image(struct process_table *t, const struct wire_exec *rec)
{
	const struct process *p = rec->writer ? process_table_find(t, rec->writer, rec->writer_start) : NULL;
	const struct image *i = p && p->image ? process_image(p, rec->writer_exec_id) : NULL;

	return i && i->exec_id == rec->writer_exec_id ? i : NULL;
}

static struct image *exec_image(struct process_table *t, const struct wire_exec *rec)
{
	struct image *i = image_of_exec(t->images, rec, writer_image(t, rec), false);

	for (int n = 0; !i && n < ROOM_TRIES && make_room(t); n++)
		i = image_of_exec(t->images, rec, writer_image(t, rec), false);
	return i ? i : image_of_exec(t->images, rec, writer_image(t, rec), true);
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
	row_due_by(t, t->now + PROCESS_GRACE);
}

static void take_kin(struct row *r, const struct wire_exec *x)
{
	struct process *p = &r->p;

	p->pgid = x->pgid;
	p->vpgid = x->vpgid;
	p->sid = x->sid;
	p->vsid = x->vsid;
	p->tty = x->tty;
	p->loginuid = x->loginuid;
	p->pidns_start = x->pidns_start;
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
	p->pidns_start = first ? f->child_start : from->p.pidns_start;
	c->kin = from->kin;
}

static void apply_fork(struct process_table *t, uint32_t caller, const struct wire_fork *f)
{
	struct str comm = f->comm.len ? str_n((const char *)f + f->comm.off, f->comm.len) : STR_NONE;
	uint32_t child = row_find(t, f->child, f->child_start);
	struct row *c;

	if (!f->child || child == caller)
		return;
	if (child)
		row_pin(t, child);
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
	if (h->vpid)
		r->p.vpid = h->vpid;	/* for life */
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
	rows_expire(t);
	if (!h->tgid)
		return NULL;
	i = row_find(t, h->tgid, h->start);
	row_pin(t, i);
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
		row_end(t, i, h->time, rec->exit.status);
	return &t->rows[i].p;
}

void process_table_stats(const struct process_table *t, struct process_stats *ret)
{
	*ret = t->stats;
	ret->no_text = images_no_text(t->images);
	ret->text_bytes = images_text_used(t->images);
	ret->text_max = images_text_max(t->images);
}
