/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Keeping what is seen of a call that changes names while it is at work (name.h): shared by the programs that see inodes
 * (file_path.bpf.c) and those that stand at functions of the kernel (file_hook.bpf.c).
 */
#ifndef PROBES_SIGHT_H
#define PROBES_SIGHT_H

#include "name.h"

static const struct sights sights_none = {};

static __always_inline void sight__take(struct sight *at, struct dentry *d)
{
	struct qstr name = {};

	BPF_CORE_READ_INTO(&name, d, d_name);
	at->dentry = (__u64)d;
	at->parent = (__u64)BPF_CORE_READ(d, d_parent);
	at->hash_len = name.hash_len;
	at->len = name.len & NAME_MAX;
	bpf_probe_read_kernel(at->name, name.len & NAME_MAX, name.name);
}

static __always_inline struct sights *sights__open(__s32 nr, __u64 via)
{
	__u64 key = sights__key(via);
	struct sights *s = bpf_map_lookup_elem(&sights, &key);

	if (!s) {
		bpf_map_update_elem(&sights, &key, &sights_none, BPF_ANY);
		s = bpf_map_lookup_elem(&sights, &key);
	}
	if (s && s->nr != nr) {
		s->nr = nr;
		s->n = 0;
	}
	return s;
}

/*
 * Where the inode is to be kept, < 0: nowhere. One without a name was made by the call or read on the way to its object,
 * which may be long and chosen by the caller: only the last that the call can have made is kept.
 */
static __always_inline __s64 sights__slot(struct sights *s, struct inode *inode, bool named, __u8 overlay)
{
	__u32 i;

	for (i = 0; i < SIGHTS_MAX && i < s->n; i++) {
		if (s->at[i].inode == (__u64)inode)
			return -1;
		if (!named && !s->at[i].dentry && s->at[i].overlay == overlay)
			return i;
	}
	return s->n;
}

/*
 * Which call is at work here, and by which way it came; < 0: none that changes names. A worker of io_uring has kept the
 * registers of a call that has nothing to do with its request.
 */
static __always_inline __s32 path__call(__u64 *via)
{
	struct task_struct *t = task__mine();
	bool typed = task__typed();
	__s32 nr;

	if (!t)
		return -1;
	if (READ(typed, t, flags) & PF_IO_WORKER) {
		*via = worker__request(t);
		return *via ? request__nr((struct io_kiocb *)*via) : -1;
	}
	nr = task__nr_now();
	if (!task__compat_now(t))
		return sights__call(nr) ? nr : -1;
	*via = VIA_COMPAT;
	nr = compat__nr(nr);
	return sights__call(nr) ? nr : -1;
}

/* A place for the inode, with its facts but not its name; NULL: none, or it has one already. */
static __always_inline struct sight *sight__new(__s32 nr, __u64 via, struct inode *inode, bool named, __u32 *slot)
{
	__u16 mode = BPF_CORE_READ(inode, i_mode);
	struct sights *s;
	struct sight *at;
	__u8 overlay;
	__s64 n;

	if (!named && !sights__makes(nr, mode))
		return NULL;
	s = sights__open(nr, via);
	if (!s)
		return NULL;
	overlay = inode__on(inode, OVERLAY_MAGIC);
	n = sights__slot(s, inode, named, overlay);
	PIN(n);
	if (n < 0 || n >= SIGHTS_MAX)
		return NULL;
	at = &s->at[n];
	at->inode = (__u64)inode;
	at->ino = BPF_CORE_READ(inode, i_ino);
	at->dev = inode__dev(inode);
	at->mode = mode;
	at->overlay = overlay;
	at->dentry = 0;
	if (s->n == n)
		s->n = n + 1;
	*slot = n;
	return at;
}

#endif
