/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Filter of opens
 *
 * Can a rule match the path of this file? Asked of the dentries, before a path
 * is made of them: first the last component, and only for rules that know files
 * by their folders the way up to the process's root. Whatever does not fit that
 * picture (no name, outside the root, too deep) is let through.
 */
#ifndef PROBES_OPENS_FILTER_H
#define PROBES_OPENS_FILTER_H

#include "filter.h"
#include "kernel.h"
#include "opens.h"
#include "path.h"
#include "task.h"

#define OPENS_DEPTH	24	/* steps up, mounts included */
#define OPENS_MOUNTS	4	/* mounts on top of each other */
#define OPENS_WALK	(OPENS_TOP | OPENS_PAIR | OPENS_PART)

/* What every step reads of a dentry: at once, where they lie side by side, because each read costs a call. */
struct dentry_head {
	struct dentry *parent;
	struct qstr name;
};

static __always_inline void dentry__read(struct dentry_head *h, struct dentry *d)
{
	if (bpf_core_field_offset(struct dentry, d_name) ==
	    bpf_core_field_offset(struct dentry, d_parent) + offsetof(struct dentry_head, name)) {
		bpf_probe_read_kernel(h, sizeof(*h), __builtin_preserve_access_index(&d->d_parent));
		return;
	}
	h->parent = BPF_CORE_READ(d, d_parent);
	BPF_CORE_READ_INTO(&h->name, d, d_name);
}

static __always_inline void path__read(struct path *to, struct path *from)
{
	if (bpf_core_field_offset(struct path, dentry) ==
	    bpf_core_field_offset(struct path, mnt) + offsetof(struct path, dentry)) {
		bpf_probe_read_kernel(to, sizeof(*to), __builtin_preserve_access_index(&from->mnt));
		return;
	}
	to->mnt = BPF_CORE_READ(from, mnt);
	to->dentry = BPF_CORE_READ(from, dentry);
}

static __always_inline __u64 qstr__hash(const struct qstr *name, __u64 seed)
{
	__u64 head[OPENS_HEAD] = {};
	__u32 n = name->len;

	if (n > sizeof(head))
		n = sizeof(head);
	bpf_probe_read_kernel(head, n, name->name);
	return opens__hash(head, name->len, seed);
}

static __always_inline bool opens__ending(const struct wire_opens *o, const struct qstr *name)
{
	__u32 len = name->len, i;
	__u64 tail = 0;

	if (len >= OPENS_SUFFIX)
		bpf_probe_read_kernel(&tail, sizeof(tail), name->name + len - OPENS_SUFFIX);
	else if (!bpf_probe_read_kernel(&tail, len & 7, name->name))
		tail <<= 8 * ((OPENS_SUFFIX - len) & 7);
	for (i = 1; i <= OPENS_SUFFIX; i++) {
		if (o->suffixes >> i & 1 && len >= i && opens__has(o, opens__suffix(tail, i)))
			return true;
	}
	return false;
}

static __always_inline const struct wire_opens *opens__of(const struct wire_control *c, __u32 way)
{
	return &c->opens[way & (OPENS_PLACES - 1)];
}

/* Is one component of the path a fact? On its own: the verifier follows it once. */
__weak __attribute__((noinline)) int opens__part(__u64 text, __u32 len, __u32 way)
{
	struct wire_control *c = control__get();
	struct qstr name = { .len = len, .name = (void *)text };

	return !c || opens__has(opens__of(c, way), qstr__hash(&name, OPENS_SEED_PART));
}

/*
 * The way up to the process's root, for what is known by its folders: from a dentry below top, which is where its mount
 * begins; or from a folder, with the name in it that is not there any more. way_len: enum opens_way, and the length of that
 * name shifted left by 8.
 */
__weak __attribute__((noinline)) int opens__climb(__u64 dentry, __u64 mount, __u64 mnt_root, __u32 way_len, __u64 gone)
{
	struct wire_control *c = control__get();
	struct dentry *d = (void *)dentry, *top = (void *)mnt_root;
	struct mount *m = (void *)mount, *root_mnt, *above;
	struct task_struct *t = task__mine();
	struct fs_struct *fs = t ? READ(task__typed(), t, fs) : NULL;
	struct qstr first = {}, second = {};
	struct dentry_head h = {};
	struct path root = {};
	const struct wire_opens *o;
	__u32 way;
	__u64 hash;
	int i;

	if (!c || !fs)
		return 1;
	way = way_len & (OPENS_PLACES - 1);
	o = opens__of(c, way);
	first.len = way_len >> 8;
	first.name = (void *)gone;
	if (first.len && o->tests & OPENS_PART && opens__part(gone, first.len, way))
		return 1;
	path__read(&root, __builtin_preserve_access_index(&fs->root));
	root_mnt = mount__of(root.mnt);
	for (i = 0; i < OPENS_DEPTH && (d != root.dentry || m != root_mnt); i++) {
		if (d == top) {
			above = BPF_CORE_READ(m, mnt_parent);
			if (above == m || !above)
				return 1;
			d = BPF_CORE_READ(m, mnt_mountpoint);
			m = above;
			top = BPF_CORE_READ(m, mnt.mnt_root);
			continue;
		}
		dentry__read(&h, d);
		if (h.parent == d || !h.parent)
			return 1;
		if (o->tests & OPENS_PART && o->part_lens >> (h.name.len < 63 ? h.name.len : 63) & 1 &&
		    opens__part((__u64)h.name.name, h.name.len, way))
			return 1;
		second = first;
		first = h.name;
		d = h.parent;
	}
	if (d != root.dentry || m != root_mnt || !first.len)
		return 1;
	hash = qstr__hash(&first, OPENS_SEED_TOP);
	if (o->tests & OPENS_TOP && opens__has(o, hash))
		return 1;
	return o->tests & OPENS_PAIR && second.len && opens__has(o, qstr__hash(&second, OPENS_SEED_PAIR + hash));
}

/* Whether the open of a file, struct file *, may be what a rule is after. */
__weak __attribute__((noinline)) int opens__let(__u64 file, __u32 way)
{
	struct wire_control *c = control__get();
	struct file *f = (void *)file;
	const struct wire_opens *o;
	struct dentry_head h = {};
	struct path p = {};
	struct dentry *d, *top;
	struct mount *m;
	int i;

	if (!c)
		return 1;
	o = opens__of(c, way);
	if (!(o->tests & OPENS_NARROW))
		return 1;
	path__read(&p, __builtin_preserve_access_index(&f->f_path));
	d = p.dentry;
	m = mount__of(p.mnt);
	for (i = 0; i < OPENS_MOUNTS; i++) {
		top = BPF_CORE_READ(m, mnt.mnt_root);
		if (d != top)
			break;
		d = BPF_CORE_READ(m, mnt_mountpoint);
		m = BPF_CORE_READ(m, mnt_parent);
	}
	dentry__read(&h, d);
	if (i == OPENS_MOUNTS || d == h.parent)
		return 1;
	if (opens__has(o, qstr__hash(&h.name, OPENS_SEED_NAME)))
		return 1;
	if (o->suffixes && opens__ending(o, &h.name))
		return 1;
	return o->tests & OPENS_WALK ? opens__climb((__u64)d, (__u64)m, (__u64)top, way, 0) : 0;
}

/*
 * Whether a name may be what a rule is after: a dentry under a mount, struct vfsmount *; or of len bytes in the folder that
 * the dentry is.
 */
__weak __attribute__((noinline)) int names__let(__u64 dentry, __u64 vfsmount, __u64 name, __u32 len)
{
	struct dentry *d = (void *)dentry, *top;
	struct wire_control *c = control__get();
	struct qstr last = { .len = len, .name = (void *)name };
	const struct wire_opens *o;
	struct dentry_head h = {};
	struct mount *m;

	if (!c)
		return 1;
	o = opens__of(c, OPENS_NAMED);
	if (!len) {
		dentry__read(&h, d);
		if (h.parent == d)
			return 1;
		last = h.name;
	}
	if (opens__has(o, qstr__hash(&last, OPENS_SEED_NAME)))
		return 1;
	if (o->suffixes && opens__ending(o, &last))
		return 1;
	if (!(o->tests & OPENS_WALK))
		return 0;
	m = mount__of((void *)vfsmount);
	top = BPF_CORE_READ(m, mnt.mnt_root);
	return opens__climb((__u64)d, (__u64)m, (__u64)top, OPENS_NAMED | len << 8, name);
}

#endif
