/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Record
 *
 * Build one record in the scratch and send it: the only code that touches the
 * rings. It counts before it tries, so that what the agent did not see is a
 * number with a reason.
 *
 *	struct wire_connect *r = record__new(EVENT_CONNECT, CALL_CONNECT, sizeof(*r));
 *
 *	if (!r)
 *		return 0;			refused, or lost and counted
 *	r->fd = …;				the fixed part is zero, the header is filled
 *	record__str(&r->hdr, &r->path, …);
 *	return record__send(&r->hdr, ret);	or record__drop(&r->hdr)
 *
 * Every record__new() that gave a record is followed by exactly one of the last two: they give the scratch back.
 */
#ifndef PROBES_RECORD_H
#define PROBES_RECORD_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include "creds.h"
#include "filter.h"
#include "maps.h"
#include "path.h"
#include "rate.h"
#include "refused.h"
#include "task.h"

#define RECORD_CLEARED	208	/* of a record, when it is begun: the fixed part of all but few; the rest where its size is known */

static __always_inline struct scratch *scratch__of(struct wire_hdr *h)
{
	return (void *)((char *)h - offsetof(struct scratch, rec));
}

static __always_inline void scratch__release(struct scratch *s)
{
	__sync_fetch_and_add(&s->busy, -1);
}

static __always_inline struct scratch *scratch__get(__u32 kind)
{
	return bpf_map_lookup_elem(&scratches, &kind);
}

static __always_inline struct scratch *scratch__claim(__u32 kind, struct task_struct *t, struct cgroup *cg)
{
	struct scratch *s = scratch__get(kind);

	if (!s)
		return NULL;
	/* 5.10 has no atomic with a result. Add and look: two that meet here may both give up, never both go on. */
	__sync_fetch_and_add(&s->busy, 1);
	if (*(volatile __u32 *)&s->busy != 1) {
		scratch__release(s);
		return NULL;
	}
	s->kind = kind;
	s->task = (__u64)t;
	s->cgroup = (__u64)cg;
	return s;
}

/*
 * Zeroes by one call: stores are verified one by one on each path that leads to them. What cannot be read is zero in the
 * copy, the verifier counts on that too, and at no address nothing can be read.
 */
static __always_inline void record__zero(void *dst, __u32 n)
{
	bpf_probe_read_kernel(dst, n, NULL);
}

/* Room for max more bytes; an empty blob and a mark when there is none. */
static __always_inline char *record__room(struct wire_hdr *h, __u64 *off, __u32 max)
{
	__u64 at = h->size;
	char *room;

	PIN(at);
	if (at > SCRATCH_REC - max) {
		h->flags |= WIRE_TRUNCATED;
		return NULL;
	}
	PIN(at);
	room = (char *)h + at;
	PIN(room);	/* not to be derived anew from what is stored below */
	*off = at;
	return room;
}

static __always_inline void record__grown(struct wire_hdr *h, struct wire_blob *b, __u64 off, __u32 n)
{
	b->off = n ? off : 0;
	b->len = n;
	h->size = off + n;
}

/* A string of the kernel, at most max - 1 bytes; its NUL is not kept. max is a constant. */
static __always_inline void record__str(struct wire_hdr *h, struct wire_blob *b, const void *s, __u32 max)
{
	__u64 off;
	char *at = record__room(h, &off, max);
	long n;

	if (!at)
		return;
	n = bpf_probe_read_kernel_str(at, max, s);
	record__grown(h, b, off, n > 0 ? n - 1 : 0);
}

/* A string of the caller's memory. */
static __always_inline void record__user_str(struct wire_hdr *h, struct wire_blob *b, const void *s, __u32 max)
{
	__u64 off;
	char *at = record__room(h, &off, max), last = 0;
	long n;

	if (!at)
		return;
	n = bpf_probe_read_user_str(at, max, s);
	if (n < 0)
		h->flags |= WIRE_UNREADABLE;
	if (n == max && !bpf_probe_read_user(&last, 1, (const char *)s + max - 1) && last)
		h->flags |= WIRE_TRUNCATED;
	record__grown(h, b, off, n > 0 ? n - 1 : 0);
}

/* n bytes of the kernel, at most max; max is a constant. */
static __always_inline void record__bytes(struct wire_hdr *h, struct wire_blob *b, const void *src, __u32 n, __u32 max)
{
	__u64 off, len = n;
	char *at = record__room(h, &off, max);

	if (!at)
		return;
	if (len > max) {
		h->flags |= WIRE_TRUNCATED;
		len = max;
	}
	PIN(len);
	if (len > max)
		return;
	PIN(len);
	if (bpf_probe_read_kernel(at, len, src))
		len = 0;
	record__grown(h, b, off, len);
}

/* n bytes of the caller's memory, at most max. */
static __always_inline void record__user_bytes(struct wire_hdr *h, struct wire_blob *b, const void *src, __u64 n,
					       __u32 max)
{
	__u64 off, len = n;
	char *at = record__room(h, &off, max);

	if (!at)
		return;
	if (len > max) {
		h->flags |= WIRE_TRUNCATED;
		len = max;
	}
	PIN(len);
	if (len > max)
		return;
	PIN(len);
	if (bpf_probe_read_user(at, len, src)) {
		h->flags |= WIRE_UNREADABLE;
		len = 0;
	}
	record__grown(h, b, off, len);
}

/*
 * Puts the text of the last walk of that kind at the end of its record; a struct wire_blob as a number. A global function:
 * where it is used the verifier sees that number, and not once more each way in which a text can end.
 */
__weak __attribute__((noinline)) __u32 record__take_walk(__u32 kind)
{
	struct scratch *s = scratch__get(kind);
	struct walk *w = walk__get(kind);
	struct wire_blob b = {};
	__u32 pos;

	if (!s || !w)
		return 0;
	pos = w->pos & (PATH_SIZE - 1);
	record__bytes((void *)s->rec, &b, &w->text[pos], PATH_SIZE - 1 - pos, PATH_SIZE - 1);
	return b.off | (__u32)b.len << 16;
}

static __always_inline struct wire_blob blob__of(__u32 taken)
{
	return (struct wire_blob){ .off = taken, .len = taken >> 16 };
}

/*
 * Walks from a dentry to a task's root and puts the path at the end of that kind's record; as record__take_walk(). fresh:
 * the text begins here, else it has its last component already (walk__tail()).
 */
__weak __attribute__((noinline)) __u32 record__take_path(__u32 kind, __u64 task, __u64 dentry, __u64 mnt, __u32 fresh)
{
	struct scratch *s = scratch__get(kind);
	struct walk *w = walk__get(kind);
	struct wire_hdr *h;
	int end;

	if (!s || !w || !dentry || !mnt)
		return 0;
	h = (void *)s->rec;
	if (fresh)
		w->pos = PATH_SIZE - 1;
	end = walk__on(w, kind, task, dentry, mnt);
	if (end == WALK_OUTSIDE || end == WALK_LOOSE)
		h->flags |= WIRE_OUTSIDE;
	if (end == WALK_LONG)
		h->flags |= WIRE_TRUNCATED;
	return record__take_walk(kind);
}

/* The path of a dentry under a mount, as the record's process would name it. */
static __always_inline void record__dentry(struct wire_hdr *h, struct wire_blob *b, struct dentry *d,
					   struct vfsmount *mnt)
{
	struct scratch *s = scratch__of(h);

	*b = blob__of(record__take_path(s->kind, s->task, (__u64)d, (__u64)mnt, true));
}

static __always_inline void record__path(struct wire_hdr *h, struct wire_blob *b, struct path *p)
{
	record__dentry(h, b, BPF_CORE_READ(p, dentry), BPF_CORE_READ(p, mnt));
}

/* The path of an open file. */
static __always_inline void record__file(struct wire_hdr *h, struct wire_blob *b, struct file *f)
{
	if (f)
		record__path(h, b, __builtin_preserve_access_index(&f->f_path));
}

/*
 * Whether to wake the agent. With flags 0 the kernel wakes only a reader that has caught up, so a record behind one
 * that was left unannounced must force it. Where nobody is to be woken the ring must not run full for it: announce
 * when a quarter is used, and once more at every sixteenth after that.
 */
static __always_inline __u64 ring__flags(void *ring, __u32 index, __u32 size, bool quiet)
{
	__u64 cap, used;
	__u32 *pending = bpf_map_lookup_elem(&unnotified, &index);

	if (!pending)
		return 0;
	if (!quiet) {
		if (!*pending)
			return 0;
		*pending = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	cap = bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 16 ?: 1;
	used = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	if (used + size > cap * 4 && used / cap != (used + size) / cap)
		return BPF_RB_FORCE_WAKEUP;
	if (!*pending)
		*pending = 1;
	return BPF_RB_NO_WAKEUP;
}

/*
 * Count, then try. 0, or < 0 when it did not get there. This and record__start() are global functions: the verifier
 * follows them once per program and not at each of their uses.
 */
__weak __attribute__((noinline)) int record__output(__u32 kind)
{
	struct scratch *s = scratch__get(kind);
	struct wire_control *c = control__get();
	struct wire_counter *n;
	struct wire_hdr *h;
	bool quiet, critical;
	__u64 size, flags;
	int err;

	if (!s || !c)
		return -1;
	h = (void *)s->rec;
	n = counter__get(h->type);
	if (!n)
		return -1;
	size = h->size;
	__sync_fetch_and_add(&n->seen, 1);
	quiet = c->batch || h->type == EVENT_FORK || h->type == EVENT_EXIT;
	critical = event__critical(h->type);
	flags = critical ? ring__flags(&ring_critical, 0, size, quiet) : ring__flags(&ring_bulk, 1, size, quiet);
	PIN(size);
	if (size > SCRATCH_REC) {
		__sync_fetch_and_add(&n->lost[LOSS_TOO_BIG], 1);
		group__lost(h->cgroup, h->type, 0, 0);
		return -1;
	}
	PIN(size);
	err = critical ? bpf_ringbuf_output(&ring_critical, h, size, flags) :
			 bpf_ringbuf_output(&ring_bulk, h, size, flags);
	if (err) {
		__sync_fetch_and_add(&n->lost[LOSS_RING_FULL], 1);
		group__lost(h->cgroup, h->type, 0, 0);
	}
	return err;
}

static __always_inline int record__drop(struct wire_hdr *h)
{
	scratch__release(scratch__of(h));
	return 0;
}

static __always_inline int record__send(struct wire_hdr *h, __s64 res)
{
	h->res = res;
	record__output(scratch__of(h)->kind);
	return record__drop(h);
}

/* Whether no rule can match the record that is being built: its header is filled. */
__weak __attribute__((noinline)) int record__refused(__u32 scratch, __u32 failed, __u32 kind)
{
	struct scratch *s = scratch__get(scratch);
	struct wire_control *c = control__get();
	const struct wire_refuse *f;
	struct wire_hdr *h;
	__u32 who = !!failed;

	if (!s || !c)
		return 0;
	h = (void *)s->rec;
	f = refuse__of(c, h->call);
	if (!f)
		return 0;
	if (f->asks & REFUSE_ROOT && !h->euid)
		who |= REFUSE_ROOT;
	if (f->asks & REFUSE_HOST && hosts__has(c, h->cgroup))
		who |= REFUSE_HOST;
	if (!(f->kinds[who & (REFUSE_WHO - 1)] >> (kind & (KINDS_MAX - 1)) & 1))
		return 0;
	counter__refused(h->type);
	return 1;
}

/* Of a kind that is known by now only. */
static __always_inline int record__send_kind(struct wire_hdr *h, __s64 res, bool failed, __u32 kind)
{
	if (record__refused(scratch__of(h)->kind, failed, kind))
		return record__drop(h);
	return record__send(h, res);
}

/* Who and when. The control group is known already. typed: the verifier knows that t is a task. */
static __always_inline void record__fill(struct wire_hdr *h, struct task_struct *t, bool typed, __u16 type, __u16 call,
					 __u32 size)
{
	h->type = type;
	h->call = call;
	h->size = size;
	h->time = bpf_ktime_get_boot_ns();
	h->start = task__start(t, typed);
	h->tgid = READ(typed, t, tgid);
	h->tid = READ(typed, t, pid);
	h->exec_id = READ(typed, t, self_exec_id);
	h->cpu = bpf_get_smp_processor_id();
	task__credentials(h, t, typed);
	task__namespaces(h, t, typed);
}

/* The header in the scratch goes on as one of another record. */
static __always_inline void record__becomes(struct wire_hdr *h, __u16 type, __u16 call, __u32 size)
{
	h->type = type;
	h->call = call;
	h->size = size;
	h->flags = 0;
}

/* So does the CGROUP record of the scratch's group. */
static __always_inline void record__cgroup(struct scratch *s, __u32 kind, __u32 version)
{
	struct cgroup *cg = (void *)s->cgroup;
	struct wire_cgroup *r = (void *)s->rec;

	record__becomes(&r->hdr, EVENT_CGROUP, CALL_NONE, sizeof(*r));
	r->version = version;
	r->gone = 0;
	if (cgroup__walk(kind, (__u64)BPF_CORE_READ(cg, kn)) == WALK_LONG)
		r->hdr.flags |= WIRE_TRUNCATED;
	r->path = blob__of(record__take_walk(kind));
}

/* Send it; the scratch is claimed and its header filled. It counts as seen once it got there. */
__weak __attribute__((noinline)) int record__introduce(__u32 kind, __u64 id, __u32 version)
{
	struct scratch *s = scratch__get(kind);
	__u8 one = 1;

	if (!s)
		return 0;
	record__cgroup(s, kind, version);
	if (!record__output(kind))
		bpf_map_update_elem(&cgroups_seen, &id, &one, BPF_ANY);
	return 0;
}

/*
 * A control group that later records will name but no record is at hand for, unless it is in the ring already. Who met it
 * is left out.
 */
static __always_inline void record__meet(__u32 kind, struct cgroup *cg, __u64 id, __u32 version)
{
	struct wire_hdr *h;
	struct scratch *s;

	if (bpf_map_lookup_elem(&cgroups_seen, &id))
		return;
	s = scratch__claim(kind, NULL, cg);
	if (!s) {
		counter__lost(EVENT_CGROUP, LOSS_SCRATCH_BUSY);
		return;
	}
	h = (void *)s->rec;
	record__zero(h, sizeof(*h));
	h->time = bpf_ktime_get_boot_ns();
	h->cpu = bpf_get_smp_processor_id();
	h->cgroup = id;
	record__introduce(kind, id, version);
	scratch__release(s);
}

/* Turn the scratch, whose header is filled, into a CRED_CHANGE record: from what its thread was to what it is. */
static __always_inline void record__cred_change(struct scratch *s, const struct creds *now, enum cred_reason reason)
{
	struct wire_cred_change *r = (void *)s->rec;

	record__becomes(&r->hdr, EVENT_CRED_CHANGE, CALL_CRED_CHANGE, sizeof(*r));
	r->reason = reason;
	r->suid = now->suid;
	r->fsuid = now->fsuid;
	r->sgid = now->sgid;
	r->fsgid = now->fsgid;
	r->old_uid = s->was.uid;
	r->old_euid = s->was.euid;
	r->old_suid = s->was.suid;
	r->old_gid = s->was.gid;
	r->old_egid = s->was.egid;
	r->old_sgid = s->was.sgid;
	r->old_userns = s->was.userns;
	r->cap_permitted = now->permitted;
	r->old_cap_permitted = s->was.permitted;
	r->old_cap_effective = s->was.effective;
}

/* Where a thread's credentials of now stand until its record is made: the stack has no room. */
#define CREDS_NOW	1024

/*
 * The current thread's credentials, as they stand in the scratch, beside what they were at its last event, and a record
 * where no call could have made the one of the other. The scratch is claimed and its header filled.
 */
__weak __attribute__((noinline)) int record__credentials(__u32 kind)
{
	struct scratch *s = scratch__get(kind);
	struct wire_control *c = control__get();
	__u32 tid = bpf_get_current_pid_tgid();
	struct creds *now, *known;

	if (!s || !c)
		return 0;
	now = (void *)&s->rec[CREDS_NOW];
	known = bpf_map_lookup_elem(&creds, &tid);
	if (!known || known->start != now->start || known->exec_id != now->exec_id) {
		bpf_map_update_elem(&creds, &tid, now, BPF_ANY);
		return 0;
	}
	s->was = *known;
	s->was_known = 1;
	if (creds__same(&s->was, now))
		return 0;
	*known = *now;
	if (!control__wants(c, CALL_CRED_CHANGE) || !creds__forged(&s->was, now, false, false))
		return 0;
	record__cred_change(s, now, CRED_FORGED);
	record__output(kind);
	return 1;
}

/*
 * Begin a record of a task: 1 when the scratch of that kind is claimed and holds its header, 0 when it was refused or
 * lost, and counted. A control group that no record has named yet is introduced first, from the same scratch. mine: t is
 * the current task.
 */
static __always_inline int record__begin(__u32 kind, __u32 type, __u32 call, struct task_struct *t, bool mine,
					 __u32 tgid)
{
	bool typed = mine && task__typed();
	struct wire_control *c = control__get();
	struct wire_hdr *h;
	struct scratch *s;
	struct cgroup *cg;
	__u32 version = 2;
	__u64 id;

	if (!c || control__self(c, tgid))
		return 0;
	if (!control__wants(c, call)) {
		counter__refused(type);
		return 0;
	}
	if (!t) {
		counter__lost(type, LOSS_NO_ARGS);
		return 0;
	}
	cg = task__cgroup(t, typed);
	id = cg ? cgroup__id(cg, typed, &version) : 0;
	if (!event__state(type) && excluded__has(c, id)) {
		counter__refused(type);
		return 0;
	}
	if (rate__exceeded(c, type, id)) {
		counter__lost(type, LOSS_RATE);
		group__lost(id, type, READ(typed, t, tgid), task__start(t, typed));
		return 0;
	}
	s = scratch__claim(kind, t, cg);
	if (!s) {
		counter__lost(type, LOSS_SCRATCH_BUSY);
		group__lost(id, type, 0, 0);
		return 0;
	}
	h = (void *)s->rec;
	record__zero(h, sizeof(*h));
	record__fill(h, t, typed, type, call, sizeof(*h));
	h->cgroup = id;
	if (cg && !bpf_map_lookup_elem(&cgroups_seen, &id))
		record__introduce(kind, id, version);
	s->was_known = 0;
	if (mine && c->want & WANT_CREDS && type != EVENT_EXEC && !(READ(typed, t, flags) & PF_KTHREAD)) {
		record__zero(&s->rec[CREDS_NOW], sizeof(struct creds));
		creds__read((void *)&s->rec[CREDS_NOW], t, typed);
		record__credentials(kind);
	}
	record__zero(s->rec + sizeof(*h), RECORD_CLEARED - sizeof(*h));
	record__becomes(h, type, call, sizeof(*h));
	return 1;
}

/* Of the current task. */
__weak __attribute__((noinline)) int record__start(__u32 kind, __u32 type, __u32 call)
{
	return record__begin(kind, type, call, task__mine(), true, bpf_get_current_pid_tgid() >> 32);
}

/* Of another one, for whom the current task works. */
__weak __attribute__((noinline)) int record__start_of(__u64 task, __u32 type, __u32 call)
{
	struct task_struct *t = (void *)task;

	return record__begin(SCRATCH_TASK, type, call, t, false, BPF_CORE_READ(t, tgid));
}

/* The record that has just been begun, its own fields zero. */
static __always_inline void *record__begun(__u32 kind, __u32 size)
{
	struct scratch *s = scratch__get(kind);

	if (!s)
		return NULL;
	if (size > RECORD_CLEARED)
		record__zero(s->rec + RECORD_CLEARED, size - RECORD_CLEARED);
	((struct wire_hdr *)s->rec)->size = size;
	return s->rec;
}

/* A record of the current task, from a program of the given kind. NULL: refused or lost, and counted. */
static __always_inline void *record__new_in(__u32 kind, __u16 type, __u16 call, __u32 size)
{
	return record__start(kind, type, call) ? record__begun(kind, size) : NULL;
}

static __always_inline void *record__new(__u16 type, __u16 call, __u32 size)
{
	struct wire_hdr *h = record__new_in(SCRATCH_TASK, type, call, size);

#ifdef ENTRY32
	if (h)
		h->flags |= WIRE_COMPAT;
#endif
	return h;
}

#endif
