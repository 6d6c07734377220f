/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Of the inodes that were seen while a call was at work (name.h) the one that it was about, and its path: what the
 * programs share that report at the call's return.
 */
#ifndef PROBES_NAME_PICK_H
#define PROBES_NAME_PICK_H

#include "emit.h"
#include "name.h"

#define AT_REMOVEDIR	0x200

/* Which of the inodes seen the call was about. */
enum pick {
	PICK_MOVED,	/* has another name by now */
	PICK_FILE,	/* not a directory: those were touched for what they hold */
	PICK_CHILD,	/* a directory that lies in another one seen */
	PICK_MADE,	/* a new one: what the call cannot make was not kept (sights__makes()) */
	PICK_FIRST,
};

static __always_inline bool sight__moved(struct sight *at)
{
	struct dentry *d = (void *)at->dentry;

	return d && (__u64)BPF_CORE_READ(d, d_inode) == at->inode &&
	       ((__u64)BPF_CORE_READ(d, d_parent) != at->parent || BPF_CORE_READ(d, d_name.hash_len) != at->hash_len);
}

static __always_inline bool sight__child(struct sights *s, struct sight *at)
{
	struct dentry *above = (void *)at->parent;
	__u64 parent = at->dentry ? (__u64)BPF_CORE_READ(above, d_inode) : 0;
	__u32 i;

	if (!parent || (at->mode & S_IFMT) != S_IFDIR || parent == at->inode)
		return false;
	for (i = 0; i < SIGHTS_MAX && i < s->n; i++)
		if (s->at[i].inode == parent)
			return true;
	return false;
}

__weak __attribute__((noinline)) int sight__fits(__u32 nr, __u64 via, __u32 slot, __u32 how)
{
	struct sights *s = sights__get(nr, via);
	struct sight *at;
	__u64 k = slot;

	PIN(k);
	if (!s || k >= SIGHTS_MAX)
		return 0;
	at = &s->at[k];
	switch (how) {
	case PICK_MOVED:
		return sight__moved(at);
	case PICK_FILE:
		return at->dentry && (at->mode & S_IFMT) != S_IFDIR;
	case PICK_CHILD:
		return sight__child(s, at);
	case PICK_MADE:
		return !at->dentry;
	}
	return !!at->dentry;
}

/* Index of the inode the call was about, < 0 when it was not seen. An overlay's own inode goes before its layers'. */
__weak __attribute__((noinline)) int sights__pick(__u32 nr, __u64 via, __u32 how)
{
	struct sights *s = sights__get(nr, via);
	__u8 overlay = 0;
	__u32 i;

	if (!s)
		return -1;
	for (i = 0; i < SIGHTS_MAX && i < s->n; i++)
		overlay |= s->at[i].overlay;
	for (i = 0; i < SIGHTS_MAX && i < s->n; i++)
		if (s->at[i].overlay == overlay && sight__fits(nr, via, i, how))
			return i;
	return -1;
}

static __always_inline struct sight *sights__picked(__s32 nr, __u64 via, __u32 how)
{
	__s64 i = sights__pick(nr, via, how);
	struct sights *s = sights__get(nr, via);

	PIN(i);	/* the compiler knows what it returns, the verifier does not */
	if (!s || i < 0 || i >= SIGHTS_MAX)
		return NULL;
	return &s->at[i];
}

/* One path of a call: as the caller gave it, and where the record keeps that. */
struct name_arg {
	__u64 via;
	__u64 text;
	int dirfd;
};

#define ARG(n)		entry__arg(via, n)
#define PATH_AT(d, p)	((struct name_arg){ via, ARG(p), (int)ARG(d) })
#define PATH_CWD(p)	((struct name_arg){ via, ARG(p), AT_FDCWD })

static __always_inline void name__caller(struct wire_hdr *h, struct name_arg a, struct wire_blob *raw,
					 struct wire_blob *dir)
{
	entry__text(a.via, raw, a.text);
	record__dir(h, dir, a.dirfd);
}

/* The path that a sight had when it was seen. */
static __always_inline bool name__before(struct wire_hdr *h, struct wire_blob *b, struct sight *at, struct name_arg a)
{
	struct scratch *s = scratch__of(h);
	struct walk *w = walk__get(s->kind);
	__u64 mnt = mount__find(at->parent, mount__start(a.via, a.text, a.dirfd));

	if (!mnt || !w)
		return false;
	walk__tail(w, at->name, at->len);
	*b = blob__of(record__take_path(s->kind, s->task, at->parent, mnt, false));
	return true;
}

/* The path that a dentry has now. */
static __always_inline bool name__now(struct wire_hdr *h, struct wire_blob *b, struct dentry *d, struct name_arg a)
{
	__u64 mnt = d ? mount__find((__u64)d, mount__start(a.via, a.text, a.dirfd)) : 0;

	if (!mnt)
		return false;
	record__dentry(h, b, d, (struct vfsmount *)mnt);
	return true;
}

/* Refuse early what no rule wants; false when it was. */
static __always_inline bool name__wanted_kind(__u32 type, __u32 call, __u64 via, __s64 ret, __u32 kind)
{
	if (entry__wanted_as(via, type, call, ret < 0, 1u << kind))
		return true;
	sights__forget(via);
	return false;
}

static __always_inline bool name__wanted(__u32 type, __u32 call, __u64 via, __s64 ret)
{
	return name__wanted_kind(type, call, via, ret, KIND_NONE);
}

static __always_inline int name__done(struct wire_hdr *h, __u64 via, bool known, __s64 ret)
{
	if (!known)
		h->flags |= WIRE_NAME_USER;
	sights__forget(via);
	return record__send(h, ret);
}

#endif
