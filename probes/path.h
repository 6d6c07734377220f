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

#define WALK_STEPS	2048	/* "a/" up to PATH_MAX, mounts included */

enum walk_end {
	WALK_MORE,
	WALK_ROOT,	/* arrived at the process's root */
	WALK_OUTSIDE,	/* arrived at the top of the mounts, or of a detached one, without meeting it */
	WALK_LOOSE,	/* arrived at a dentry that hangs from nothing: pipes, memory files, lost NFS directories */
	WALK_LONG,	/* did not arrive */
};

static __always_inline struct walk *walk__get(__u32 kind)
{
	__u32 zero = 0;

	if (kind == SCRATCH_TASK)
		return bpf_map_lookup_elem(&walk_task, &zero);
	if (kind == SCRATCH_SOFT)
		return bpf_map_lookup_elem(&walk_soft, &zero);
	return bpf_map_lookup_elem(&walk_iter, &zero);
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
__weak __attribute__((noinline)) int path__step(__u32 kind)
{
	struct walk *w = walk__get(kind);
	struct dentry *d, *parent;
	struct mount *m, *above;
	struct qstr name = {};

	if (!w)
		return 1;
	d = w->dentry;
	m = w->mnt;
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

/* "pipe:[" ino "]": names that the kernel makes up when asked. */
static __always_inline void walk__numbered(struct walk *w, const char *prefix, __u32 n, unsigned long ino)
{
	char c = ']';
	int i;

	walk__prepend(w, &c, 1, false);
	for (i = 0; i < 20; i++) {
		c = '0' + ino % 10;
		walk__prepend(w, &c, 1, false);
		ino /= 10;
		if (!ino)
			break;
	}
	walk__prepend(w, prefix, n, false);
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
	if (magic == PIPEFS_MAGIC) {
		walk__numbered(w, "pipe:[", 6, ino);
	} else if (magic == SOCKFS_MAGIC) {
		walk__numbered(w, "socket:[", 8, ino);
	} else if (magic == ANON_INODE_MAGIC) {
		walk__prepend(w, name.name, name.len, false);
		walk__prepend(w, "anon_inode:", 11, false);
	} else if (magic == NSFS_MAGIC) {
		walk__numbered(w, "ns:[", 4, ino);
	} else {
		walk__prepend(w, name.name, name.len, false);
		return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC;
	}
	return 1;
}

/* Walk from a dentry to a task's root. The text is then in the kind's walk; returns enum walk_end, LOOSE only if unnamed. */
__weak __attribute__((noinline)) int path__walk(__u32 kind, __u64 task, __u64 dentry, __u64 mnt)
{
	struct walk *w = walk__get(kind);
	struct fs_struct *fs;
	__u32 i;

	if (!w)
		return WALK_LONG;
	w->pos = PATH_SIZE - 1;
	w->end = WALK_LONG;
	w->dentry = (void *)dentry;
	w->mnt = mount__of((void *)mnt);
	w->mnt_root = BPF_CORE_READ((struct vfsmount *)mnt, mnt_root);
	fs = BPF_CORE_READ((struct task_struct *)task, fs);
	w->root = BPF_CORE_READ(fs, root.dentry);
	w->root_mnt = mount__of(BPF_CORE_READ(fs, root.mnt));
	for (i = 0; i < WALK_STEPS; i++)
		if (path__step(kind))
			break;
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

__weak __attribute__((noinline)) int cgroup__walk(__u32 kind, __u64 kn)
{
	struct walk *w = walk__get(kind);
	__u32 i;

	if (!w)
		return WALK_LONG;
	w->pos = PATH_SIZE - 1;
	w->end = WALK_ROOT;
	w->dentry = (void *)kn;
	for (i = 0; i < 64; i++)
		if (cgroup__step(kind))
			break;
	if (w->pos == PATH_SIZE - 1)
		walk__prepend(w, "/", 1, false);
	return w->end;
}

#endif
