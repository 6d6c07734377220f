/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Path
 *
 * A dentry and its mount to the path that the process would name it by, as
 * d_path() does it: up through parents and mount points until the process's
 * root. Each step is a global function that keeps its state in a map: the
 * verifier then checks it once, on 5.10 as well, and not once per component.
 */
#ifndef PROBES_PATH_H
#define PROBES_PATH_H

#include "kernel.h"
#include "maps.h"
#include "task.h"

#define WALK_MARCHES	16	/* of as many strides of WALK_STRIDE steps: "a/" up to PATH_MAX, mounts included */
#define WALK_STRIDE	8

enum walk_end {
	WALK_MORE,
	WALK_ROOT,	/* arrived at the process's root */
	WALK_OUTSIDE,	/* arrived at the top of the mounts, or of a detached one, without meeting it */
	WALK_LOOSE,	/* arrived at a dentry that hangs from nothing: pipes, memory files, lost NFS directories */
	WALK_LONG,	/* did not arrive */
};

static __always_inline struct walk *walk__get(__u32 kind)
{
	return bpf_map_lookup_elem(&walks, &kind);
}

/* Put n bytes at src, and a '/' where asked, in front of the text. */
static __always_inline int walk__prepend(struct walk *w, const void *src, __u32 n, bool slash)
{
	__u32 pos = w->pos;

	n &= 255;
	if (pos < n + slash)
		return -1;
	pos = (pos - n - slash) & (PATH_SIZE - 1);
	if (slash)
		w->text[pos] = '/';
	bpf_probe_read_kernel(&w->text[pos + slash], n, src);
	w->pos = pos;
	return 0;
}

static __always_inline struct mount *mount__of(struct vfsmount *mnt)
{
	return (void *)((char *)mnt - bpf_core_field_offset(struct mount, mnt));
}

/* One step up. 1 when the walk is over. */
static __always_inline int path__step(struct walk *w)
{
	struct dentry *d = w->dentry, *parent;
	struct mount *m = w->mnt, *above;
	struct qstr name = {};

	if (d == w->root && m == w->root_mnt) {
		w->end = WALK_ROOT;
		return 1;
	}
	if (d == w->mnt_root) {
		above = BPF_CORE_READ(m, mnt_parent);
		if (above == m || !above) {
			w->end = WALK_OUTSIDE;
			return 1;
		}
		w->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		w->mnt = above;
		w->mnt_root = BPF_CORE_READ(above, mnt.mnt_root);
		return 0;
	}
	parent = BPF_CORE_READ(d, d_parent);
	if (parent == d || !parent) {
		w->end = WALK_LOOSE;
		return 1;
	}
	BPF_CORE_READ_INTO(&name, d, d_name);
	if (walk__prepend(w, name.name, name.len, true)) {
		w->end = WALK_LONG;
		return 1;
	}
	w->dentry = parent;
	return 0;
}

/* Some steps. Verified once, however often it is called; the more it does, the fewer calls the verifier follows. */
__weak __attribute__((noinline)) int path__stride(__u32 kind)
{
	struct walk *w = walk__get(kind);
	int i;

	if (!w)
		return 1;
	for (i = 0; i < WALK_STRIDE; i++)
		if (path__step(w))
			return 1;
	return 0;
}

/* Many steps: of a loop in a loop the verifier follows the sum, not the product. */
__weak __attribute__((noinline)) int path__march(__u32 kind)
{
	int i;

	for (i = 0; i < WALK_MARCHES; i++)
		if (path__stride(kind))
			return 1;
	return 0;
}

/* All steps. */
__weak __attribute__((noinline)) int path__climb(__u32 kind)
{
	int i;

	for (i = 0; i < WALK_MARCHES; i++)
		if (path__march(kind))
			break;
	return 0;
}

/* "[4711]", as the only text so far: there is room. */
static __always_inline void walk__number(struct walk *w, unsigned long n)
{
	__u32 pos = w->pos;
	int i;

	w->text[--pos & (PATH_SIZE - 1)] = ']';
	for (i = 0; i < 20; i++) {
		w->text[--pos & (PATH_SIZE - 1)] = '0' + n % 10;
		n /= 10;
		if (!n)
			break;
	}
	w->text[--pos & (PATH_SIZE - 1)] = '[';
	w->pos = pos & (PATH_SIZE - 1);
}

/* A dentry that hangs from nothing: 1 when that is its nature and it has a name of its own. */
__weak __attribute__((noinline)) int path__pseudo(__u32 kind)
{
	struct walk *w = walk__get(kind);
	struct dentry *d;
	struct qstr name = {};
	unsigned long ino;
	__u32 magic;

	if (!w)
		return 0;
	d = w->dentry;
	magic = BPF_CORE_READ(d, d_sb, s_magic);
	ino = BPF_CORE_READ(d, d_inode, i_ino);
	BPF_CORE_READ_INTO(&name, d, d_name);
	if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == NSFS_MAGIC) {
		walk__number(w, ino);
		if (magic == PIPEFS_MAGIC)
			walk__prepend(w, "pipe:", 5, false);
		else if (magic == SOCKFS_MAGIC)
			walk__prepend(w, "socket:", 7, false);
		else
			walk__prepend(w, "ns:", 3, false);
		return 1;
	}
	walk__prepend(w, name.name, name.len, false);
	if (magic == ANON_INODE_MAGIC)
		walk__prepend(w, "anon_inode:", 11, false);
	return magic == ANON_INODE_MAGIC || magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC;
}

/* Begin the text with a last component that is no longer what its dentry says; walk__on() from the parent then. */
static __always_inline void walk__tail(struct walk *w, const void *name, __u32 len)
{
	w->pos = PATH_SIZE - 1;
	walk__prepend(w, name, len, true);
}

/* Walk from a dentry to a task's root, before the text there is. Returns enum walk_end, LOOSE only if unnamed. */
static __always_inline int walk__on(struct walk *w, __u32 kind, __u64 task, __u64 dentry, __u64 mnt)
{
	struct fs_struct *fs;

	w->end = WALK_LONG;
	w->dentry = (void *)dentry;
	w->mnt = mount__of((void *)mnt);
	w->mnt_root = BPF_CORE_READ((struct vfsmount *)mnt, mnt_root);
	fs = BPF_CORE_READ((struct task_struct *)task, fs);
	w->root = BPF_CORE_READ(fs, root.dentry);
	w->root_mnt = mount__of(BPF_CORE_READ(fs, root.mnt));
	path__climb(kind);
	if (w->end == WALK_LOOSE && w->pos == PATH_SIZE - 1 && path__pseudo(kind))
		w->end = WALK_ROOT;
	else if (w->pos == PATH_SIZE - 1 && w->end != WALK_LONG)
		walk__prepend(w, "/", 1, false);
	return w->end;
}

/* One step from a control group to its hierarchy's root. */
__weak __attribute__((noinline)) int cgroup__step(__u32 kind)
{
	struct walk *w = walk__get(kind);
	struct kernfs_node *kn, *parent;
	const char *name;
	char *at;
	long n;

	if (!w)
		return 1;
	kn = w->dentry;
	if (!kn)
		return 1;
	if (bpf_core_field_exists(kn->__parent))
		parent = BPF_CORE_READ(kn, __parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___old *)kn, parent);
	if (!parent)
		return 1;
	name = BPF_CORE_READ(kn, name);
	/* kernfs keeps no length: read it behind the text first, then where it belongs */
	at = &w->text[PATH_SIZE];
	n = bpf_probe_read_kernel_str(at, 256, name);
	if (n <= 1 || walk__prepend(w, name, n - 1, true)) {
		w->end = WALK_LONG;
		return 1;
	}
	w->dentry = parent;
	return 0;
}

/* Some steps, as path__stride(). */
__weak __attribute__((noinline)) int cgroup__stride(__u32 kind)
{
	int i;

	for (i = 0; i < 8; i++)
		if (cgroup__step(kind))
			return 1;
	return 0;
}

__weak __attribute__((noinline)) int cgroup__walk(__u32 kind, __u64 kn)
{
	struct walk *w = walk__get(kind);
	int i;

	if (!w)
		return WALK_LONG;
	w->pos = PATH_SIZE - 1;
	w->end = WALK_ROOT;
	w->dentry = (void *)kn;
	for (i = 0; i < 8; i++)
		if (cgroup__stride(kind))
			break;
	if (w->pos == PATH_SIZE - 1)
		walk__prepend(w, "/", 1, false);
	return w->end;
}

#endif
