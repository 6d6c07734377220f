// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Names changed
 *
 * rename, unlink, link, symlink and chmod, where they return. What they
 * touched was seen on the way (name.h); where nothing was, as for every
 * attempt that failed, the caller's text is all there is, and is marked so.
 */
#include "name.h"
#include <bpf/bpf_tracing.h>

#define AT_REMOVEDIR	0x200

/* Which of the inodes seen the call was about. */
enum pick {
	PICK_MOVED,	/* has another name by now */
	PICK_FILE,	/* not a directory: those were touched for what they hold */
	PICK_CHILD,	/* a directory that lies in another one seen */
	PICK_SYMLINK,
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

static __always_inline bool sight__fits(struct sights *s, struct sight *at, __u32 how)
{
	struct inode *inode = (void *)at->inode;

	switch (how) {
	case PICK_MOVED:
		return sight__moved(at);
	case PICK_FILE:
		return at->dentry && (at->mode & S_IFMT) != S_IFDIR;
	case PICK_CHILD:
		return sight__child(s, at);
	case PICK_SYMLINK:
		return (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFLNK;
	}
	return at->dentry;
}

/* Index of the inode the call was about, < 0 when it was not seen. An overlay's own inode goes before its layers'. */
__weak __attribute__((noinline)) int sights__pick(__u32 nr, __u32 how)
{
	struct sights *s = sights__get(nr);
	bool overlay = false;
	int found = -1;
	__u32 i;

	if (!s)
		return -1;
	for (i = 0; i < SIGHTS_MAX && i < s->n; i++)
		if (s->at[i].overlay)
			overlay = true;
	for (i = 0; i < SIGHTS_MAX && i < s->n; i++)
		if (found < 0 && s->at[i].overlay == overlay && sight__fits(s, &s->at[i], how))
			found = i;
	return found;
}

static __always_inline struct sight *sights__picked(__s32 nr, __u32 how)
{
	__s64 i = sights__pick(nr, how);
	struct sights *s = sights__get(nr);

	PIN(i);	/* the compiler knows what it returns, the verifier does not */
	if (!s || i < 0 || i >= SIGHTS_MAX)
		return NULL;
	return &s->at[i];
}

/* One path of a call: as the caller gave it, and where the record keeps that. */
struct name_arg {
	const char *text;
	int dirfd;
};

static __always_inline void name__caller(struct wire_hdr *h, struct name_arg a, struct wire_blob *raw,
					 struct wire_blob *dir)
{
	record__user_str(h, raw, a.text, PATH_SIZE);
	record__dir(h, dir, a.dirfd);
}

/* The path that a sight had when it was seen. */
static __always_inline bool name__before(struct wire_hdr *h, struct wire_blob *b, struct sight *at, struct name_arg a)
{
	struct scratch *s = scratch__of(h);
	struct walk *w = walk__get(s->kind);
	__u64 mnt = mount__find(at->parent, mount__start(a.text, a.dirfd));

	if (!mnt || !w)
		return false;
	walk__tail(w, at->name, at->len);
	record__ended(h, b, walk__on(s->kind, s->task, at->parent, mnt));
	return true;
}

/* The path that a dentry has now. */
static __always_inline bool name__now(struct wire_hdr *h, struct wire_blob *b, struct dentry *d, struct name_arg a)
{
	__u64 mnt = d ? mount__find((__u64)d, mount__start(a.text, a.dirfd)) : 0;

	if (!mnt)
		return false;
	record__dentry(h, b, d, (struct vfsmount *)mnt);
	return true;
}

/* Refuse early what no rule wants; false when it was. */
static __always_inline bool name__wanted(__u32 type, __s64 ret)
{
	struct wire_control *c = control__get();

	if (c && (ret >= 0 || c->want & WANT_FAILED))
		return true;
	counter__refused(type);
	sights__forget();
	return false;
}

static __always_inline int name__done(struct wire_hdr *h, bool known, __s64 ret)
{
	if (!known)
		h->flags |= WIRE_NAME_USER;
	sights__forget();
	return record__send(h, ret);
}

static __always_inline int rename__emit(struct sys_exit *ctx, __u16 call, struct name_arg old, struct name_arg new,
					__u32 flags)
{
	struct wire_rename *r;
	struct sight *at = NULL;
	bool known = false;

	if (!name__wanted(EVENT_RENAME, ctx->ret))
		return 0;
	r = record__new(EVENT_RENAME, call, sizeof(*r));
	if (!r) {
		sights__forget();
		return 0;
	}
	r->olddirfd = old.dirfd;
	r->newdirfd = new.dirfd;
	r->flags = flags;
	if (!ctx->ret)
		at = sights__picked(ctx->nr, PICK_MOVED);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		known = name__before(&r->hdr, &r->oldname, at, old) &&
			name__now(&r->hdr, &r->newname, (struct dentry *)at->dentry, new);
	}
	name__caller(&r->hdr, old, &r->oldraw, &r->olddir);
	name__caller(&r->hdr, new, &r->newraw, &r->newdir);
	return name__done(&r->hdr, known, ctx->ret);
}

static __always_inline int unlink__emit(struct sys_exit *ctx, __u16 call, struct name_arg a, __u32 flags)
{
	struct wire_unlink *r;
	struct sight *at = NULL;
	struct inode *inode;
	bool known = false;

	if (!name__wanted(EVENT_UNLINK, ctx->ret))
		return 0;
	r = record__new(EVENT_UNLINK, call, sizeof(*r));
	if (!r) {
		sights__forget();
		return 0;
	}
	r->dirfd = a.dirfd;
	r->flags = flags;
	if (!ctx->ret)
		at = sights__picked(ctx->nr, flags & AT_REMOVEDIR ? PICK_CHILD : PICK_FILE);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		/* the inode may be gone, its memory another's: then it has no links left */
		inode = (void *)at->inode;
		if (BPF_CORE_READ(inode, i_ino) == at->ino && inode__dev(inode) == at->dev)
			r->nlink = BPF_CORE_READ(inode, i_nlink);
		known = name__before(&r->hdr, &r->name, at, a);
	}
	name__caller(&r->hdr, a, &r->raw, &r->dir);
	return name__done(&r->hdr, known, ctx->ret);
}

static __always_inline int link__emit(struct sys_exit *ctx, __u16 call, struct name_arg old, struct name_arg new,
				      __u32 flags)
{
	struct wire_link *r;
	struct sight *at = NULL;
	struct dentry *made;
	bool known = false;

	if (!name__wanted(EVENT_LINK, ctx->ret))
		return 0;
	r = record__new(EVENT_LINK, call, sizeof(*r));
	if (!r) {
		sights__forget();
		return 0;
	}
	r->olddirfd = old.dirfd;
	r->newdirfd = new.dirfd;
	r->flags = flags;
	if (!ctx->ret)
		at = sights__picked(ctx->nr, PICK_FILE);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		made = inode__newest((struct inode *)at->inode);
		known = (__u64)made != at->dentry && name__before(&r->hdr, &r->oldname, at, old) &&
			name__now(&r->hdr, &r->newname, made, new);
	}
	name__caller(&r->hdr, old, &r->oldraw, &r->olddir);
	name__caller(&r->hdr, new, &r->newraw, &r->newdir);
	return name__done(&r->hdr, known, ctx->ret);
}

static __always_inline int symlink__emit(struct sys_exit *ctx, __u16 call, const char *target, struct name_arg a)
{
	struct wire_symlink *r;
	struct sight *at = NULL;
	struct inode *inode;
	bool known = false;
	char *text = NULL;

	if (!name__wanted(EVENT_SYMLINK, ctx->ret))
		return 0;
	r = record__new(EVENT_SYMLINK, call, sizeof(*r));
	if (!r) {
		sights__forget();
		return 0;
	}
	r->dirfd = a.dirfd;
	if (!ctx->ret)
		at = sights__picked(ctx->nr, PICK_SYMLINK);
	if (at) {
		inode = (void *)at->inode;
		r->ino = BPF_CORE_READ(inode, i_ino);
		r->dev = at->dev;
		text = BPF_CORE_READ(inode, i_link);
		known = name__now(&r->hdr, &r->name, inode__newest(inode), a);
	}
	if (text)	/* what the kernel keeps in memory: most file systems, for short ones */
		record__str(&r->hdr, &r->target, text, PATH_SIZE);
	else
		record__user_str(&r->hdr, &r->target, target, PATH_SIZE);
	name__caller(&r->hdr, a, &r->raw, &r->dir);
	return name__done(&r->hdr, known, ctx->ret);
}

static __always_inline int chmod__emit(struct sys_exit *ctx, __u16 call, struct name_arg a, __u32 mode, __u32 flags)
{
	struct wire_chmod *r;
	struct sight *at = NULL;
	bool known = false;

	if (!name__wanted(EVENT_CHMOD, ctx->ret))
		return 0;
	r = record__new(EVENT_CHMOD, call, sizeof(*r));
	if (!r) {
		sights__forget();
		return 0;
	}
	r->dirfd = a.dirfd;
	r->mode = mode;
	r->flags = flags;
	if (!ctx->ret)
		at = sights__picked(ctx->nr, PICK_FIRST);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		known = name__now(&r->hdr, &r->name, (struct dentry *)at->dentry, a);
	}
	name__caller(&r->hdr, a, &r->raw, &r->dir);
	return name__done(&r->hdr, known, ctx->ret);
}

#define ARG(n)		task__arg(task__regs(), n)
#define PATH_AT(d, p)	((struct name_arg){ (const char *)ARG(p), (int)ARG(d) })
#define PATH_CWD(p)	((struct name_arg){ (const char *)ARG(p), AT_FDCWD })

SEC("tracepoint/syscalls/sys_exit_rename")
int rename__exit(struct sys_exit *ctx)
{
	return rename__emit(ctx, CALL_RENAME, PATH_CWD(1), PATH_CWD(2), 0);
}

SEC("tracepoint/syscalls/sys_exit_renameat")
int renameat__exit(struct sys_exit *ctx)
{
	return rename__emit(ctx, CALL_RENAMEAT, PATH_AT(1, 2), PATH_AT(3, 4), 0);
}

SEC("tracepoint/syscalls/sys_exit_renameat2")
int renameat2__exit(struct sys_exit *ctx)
{
	return rename__emit(ctx, CALL_RENAMEAT2, PATH_AT(1, 2), PATH_AT(3, 4), ARG(5));
}

SEC("tracepoint/syscalls/sys_exit_unlink")
int unlink__exit(struct sys_exit *ctx)
{
	return unlink__emit(ctx, CALL_UNLINK, PATH_CWD(1), 0);
}

SEC("tracepoint/syscalls/sys_exit_unlinkat")
int unlinkat__exit(struct sys_exit *ctx)
{
	return unlink__emit(ctx, CALL_UNLINKAT, PATH_AT(1, 2), ARG(3));
}

SEC("tracepoint/syscalls/sys_exit_link")
int link__exit(struct sys_exit *ctx)
{
	return link__emit(ctx, CALL_LINK, PATH_CWD(1), PATH_CWD(2), 0);
}

SEC("tracepoint/syscalls/sys_exit_linkat")
int linkat__exit(struct sys_exit *ctx)
{
	return link__emit(ctx, CALL_LINKAT, PATH_AT(1, 2), PATH_AT(3, 4), ARG(5));
}

SEC("tracepoint/syscalls/sys_exit_symlink")
int symlink__exit(struct sys_exit *ctx)
{
	return symlink__emit(ctx, CALL_SYMLINK, (const char *)ARG(1), PATH_CWD(2));
}

SEC("tracepoint/syscalls/sys_exit_symlinkat")
int symlinkat__exit(struct sys_exit *ctx)
{
	return symlink__emit(ctx, CALL_SYMLINKAT, (const char *)ARG(1), PATH_AT(2, 3));
}

SEC("tracepoint/syscalls/sys_exit_chmod")
int chmod__exit(struct sys_exit *ctx)
{
	return chmod__emit(ctx, CALL_CHMOD, PATH_CWD(1), ARG(2), 0);
}

SEC("tracepoint/syscalls/sys_exit_fchmodat")
int fchmodat__exit(struct sys_exit *ctx)
{
	return chmod__emit(ctx, CALL_FCHMODAT, PATH_AT(1, 2), ARG(3), 0);
}

SEC("tracepoint/syscalls/sys_exit_fchmodat2")
int fchmodat2__exit(struct sys_exit *ctx)
{
	return chmod__emit(ctx, CALL_FCHMODAT2, PATH_AT(1, 2), ARG(3), ARG(4));
}

/* The one of them that has a descriptor. */
SEC("tracepoint/syscalls/sys_exit_fchmod")
int fchmod__exit(struct sys_exit *ctx)
{
	struct wire_chmod *r;
	struct inode *inode;
	struct file *f;

	if (!name__wanted(EVENT_CHMOD, ctx->ret))
		return 0;
	r = record__new(EVENT_CHMOD, CALL_FCHMOD, sizeof(*r));
	if (!r)
		return 0;
	r->dirfd = ARG(1);
	r->mode = ARG(2);
	f = fd__file(task__current(), r->dirfd);
	if (f) {
		inode = BPF_CORE_READ(f, f_inode);
		r->ino = BPF_CORE_READ(inode, i_ino);
		r->dev = inode__dev(inode);
		record__file(&r->hdr, &r->name, f);
	}
	return record__send(&r->hdr, ctx->ret);
}
