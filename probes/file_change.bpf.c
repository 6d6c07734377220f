// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Files changed
 *
 * Directories and nodes made, owners, extended attributes, sizes and times
 * changed, where the call returns. The file is the kernel's own where the
 * inode was seen on the way (name.h) or the call has a descriptor, else the
 * caller's text, and marked so.
 */
#include "name_pick.h"
#include <bpf/bpf_tracing.h>

#define AT_EMPTY_PATH	0x1000
#define XATTR_HEAD	64	/* of a value: security.capability has 24 bytes at most */

/* Where a record keeps its file: all these events have the same members for it. */
struct change {
	struct wire_hdr *h;
	__u32 *dev;
	__u64 *ino;
	struct wire_blob *name, *raw, *dir;
};

#define CHANGE(r) ((struct change){ &(r)->hdr, &(r)->dev, &(r)->ino, &(r)->name, &(r)->raw, &(r)->dir })

/* By a path. Returns the inode where it is known. */
static __always_inline struct inode *change__path(struct change c, __s32 nr, __u64 via, struct name_arg a, __u32 how,
						  __s64 ret)
{
	struct sight *at = ret ? NULL : sights__picked(nr, via, how);
	struct inode *inode = NULL;
	struct dentry *d;
	bool known = false;

	if (at) {
		inode = (struct inode *)at->inode;
		d = at->dentry ? (struct dentry *)at->dentry : inode__newest(inode);
		*c.ino = at->dentry ? at->ino : BPF_CORE_READ(inode, i_ino);
		*c.dev = at->dev;
		known = name__now(c.h, c.name, d, a);
	}
	name__caller(c.h, a, c.raw, c.dir);
	if (!known)
		c.h->flags |= WIRE_NAME_USER;
	return inode;
}

/* By a descriptor. */
static __always_inline struct inode *change__fd(struct change c, __u64 via, int fd)
{
	struct file *f = via < VIA_WAYS ? fd__file(entry__task(via), fd) : BPF_CORE_READ((struct io_kiocb *)via, file);
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;

	if (!inode) {
		c.h->flags |= WIRE_NAME_USER;
		return NULL;
	}
	*c.ino = BPF_CORE_READ(inode, i_ino);
	*c.dev = inode__dev(inode);
	record__file(c.h, c.name, f);
	return inode;
}

static __always_inline int change__done(struct wire_hdr *h, __u64 via, __s64 ret)
{
	sights__forget(via);
	return record__send(h, ret);
}

/* A new record, or NULL when none is wanted: then what was seen on the way is forgotten. */
static __always_inline void *change__new(__u64 via, __u16 type, __u16 call, __u32 size, __s64 ret)
{
	void *r;

	if (!name__wanted(type, call, via, ret))
		return NULL;
	r = entry__new(via, type, call, size);
	if (!r)
		sights__forget(via);
	return r;
}

__weak __attribute__((noinline)) int mkdir__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg a = nr == NR_MKDIR ? PATH_CWD(1) : PATH_AT(1, 2);
	struct wire_mkdir *r = change__new(via, EVENT_MKDIR, nr == NR_MKDIR ? CALL_MKDIR : CALL_MKDIRAT, sizeof(*r), ret);

	if (!r)
		return 0;
	r->dirfd = a.dirfd;
	r->mode = (__u16)(nr == NR_MKDIR ? ARG(2) : ARG(3));
	change__path(CHANGE(r), nr, via, a, PICK_MADE, ret);
	return change__done(&r->hdr, via, ret);
}

__weak __attribute__((noinline)) int mknod__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg a = nr == NR_MKNOD ? PATH_CWD(1) : PATH_AT(1, 2);
	struct wire_mknod *r = change__new(via, EVENT_MKNOD, nr == NR_MKNOD ? CALL_MKNOD : CALL_MKNODAT, sizeof(*r), ret);

	if (!r)
		return 0;
	r->dirfd = a.dirfd;
	r->mode = (__u16)(nr == NR_MKNOD ? ARG(2) : ARG(3));
	r->rdev = nr == NR_MKNOD ? ARG(3) : ARG(4);
	change__path(CHANGE(r), nr, via, a, PICK_MADE, ret);
	return change__done(&r->hdr, via, ret);
}

/* The older 32-bit calls know ids of 16 bits, with a none of their own. */
static __always_inline __u32 chown__id(__u64 via, __u32 id)
{
	if (via != VIA_COMPAT || task__nr_now() >= NR32_LCHOWN)
		return id;
	return (id & 0xffff) == 0xffff ? ~0u : id & 0xffff;
}

__weak __attribute__((noinline)) int chown__emit(__s32 nr, __u64 via, __s64 ret)
{
	__u16 call = nr == NR_CHOWN ? CALL_CHOWN : nr == NR_LCHOWN ? CALL_LCHOWN : nr == NR_FCHOWN ? CALL_FCHOWN : CALL_FCHOWNAT;
	struct wire_chown *r = change__new(via, EVENT_CHOWN, call, sizeof(*r), ret);
	bool at = nr == NR_FCHOWNAT;

	if (!r)
		return 0;
	r->uid = chown__id(via, at ? ARG(3) : ARG(2));
	r->gid = chown__id(via, at ? ARG(4) : ARG(3));
	r->flags = at ? ARG(5) : 0;
	r->dirfd = at || nr == NR_FCHOWN ? (__s32)ARG(1) : AT_FDCWD;
	if (nr == NR_FCHOWN)
		change__fd(CHANGE(r), via, r->dirfd);
	else
		change__path(CHANGE(r), nr, via, at ? PATH_AT(1, 2) : PATH_CWD(1), PICK_FIRST, ret);
	return change__done(&r->hdr, via, ret);
}

static __always_inline __u16 xattr__call(__s32 nr)
{
	switch (nr) {
	case NR_SETXATTR:	return CALL_SETXATTR;
	case NR_LSETXATTR:	return CALL_LSETXATTR;
	case NR_FSETXATTR:	return CALL_FSETXATTR;
	case NR_REMOVEXATTR:	return CALL_REMOVEXATTR;
	case NR_LREMOVEXATTR:	return CALL_LREMOVEXATTR;
	case NR_SETXATTRAT:	return CALL_SETXATTRAT;
	case NR_REMOVEXATTRAT:	return CALL_REMOVEXATTRAT;
	}
	return CALL_FREMOVEXATTR;
}

static __always_inline bool xattr__sets(__s32 nr)
{
	return nr == NR_SETXATTR || nr == NR_LSETXATTR || nr == NR_FSETXATTR || nr == NR_SETXATTRAT;
}

/* include/uapi/linux/xattr.h: what setxattrat is given by its fifth argument. */
struct xattr_args {
	__u64 value;
	__u32 size, flags;
};

static __always_inline void xattr__value(struct wire_xattr *r, __s32 nr, __u64 via)
{
	struct asked *a = via < VIA_WAYS ? NULL : asked__get(via);
	struct xattr_args args = {};
	__u64 value = ARG(3);

	if (nr == NR_SETXATTRAT) {
		bpf_probe_read_user(&args, sizeof(args), (void *)ARG(5));
		value = args.value;
		r->size = args.size;
		r->flags = args.flags;
	} else {
		r->size = ARG(4);
		r->flags = ARG(5);
	}
	if (a)
		record__bytes(&r->hdr, &r->value, &a->text[1][ASKED_VALUE], r->size < XATTR_HEAD ? r->size : XATTR_HEAD, XATTR_HEAD);
	else
		record__user_bytes(&r->hdr, &r->value, (void *)value, r->size < XATTR_HEAD ? r->size : XATTR_HEAD, XATTR_HEAD);
}

__weak __attribute__((noinline)) int xattr__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct wire_xattr *r = change__new(via, EVENT_XATTR, xattr__call(nr), sizeof(*r), ret);
	bool fd = nr == NR_FSETXATTR || nr == NR_FREMOVEXATTR, at = nr == NR_SETXATTRAT || nr == NR_REMOVEXATTRAT;

	if (!r)
		return 0;
	r->dirfd = fd || at ? (__s32)ARG(1) : AT_FDCWD;
	entry__text(via, &r->attr, at ? ARG(4) : ARG(2));
	if (xattr__sets(nr))
		xattr__value(r, nr, via);
	if (fd || (at && ARG(3) & AT_EMPTY_PATH && !entry__first(via, ARG(2))))
		change__fd(CHANGE(r), via, r->dirfd);
	else
		change__path(CHANGE(r), nr, via, at ? PATH_AT(1, 2) : PATH_CWD(1), PICK_FIRST, ret);
	return change__done(&r->hdr, via, ret);
}

/* 64 bits in two 32-bit registers, the lower ones first. */
static __always_inline __u64 compat__pair(__u64 low, __u64 high)
{
	return (__u32)low | high << 32;
}

/* The numbers of 32-bit entries: truncate64 and ftruncate64, fallocate, and the older two. */
static __always_inline void truncate__compat(struct wire_truncate *r)
{
	__s32 nr = task__nr_now();
	__u64 a2 = compat__arg(VIA_COMPAT, 2), a3 = compat__arg(VIA_COMPAT, 3);

	if (nr == NR32_TRUNCATE64 || nr == NR32_FTRUNCATE64) {
		r->length = compat__pair(a2, a3);
	} else if (nr == NR32_TRUNCATE || nr == NR32_FTRUNCATE) {
		r->length = (__s32)a2;
	} else {
		r->offset = compat__pair(a3, compat__arg(VIA_COMPAT, 4));
		r->length = compat__pair(compat__arg(VIA_COMPAT, 5), compat__sixth(VIA_COMPAT));
	}
}

__weak __attribute__((noinline)) int truncate__emit(__s32 nr, __u64 via, __s64 ret)
{
	__u16 call = nr == NR_TRUNCATE ? CALL_TRUNCATE : nr == NR_FTRUNCATE ? CALL_FTRUNCATE : CALL_FALLOCATE;
	struct wire_truncate *r = change__new(via, EVENT_TRUNCATE, call, sizeof(*r), ret);

	if (!r)
		return 0;
	if (nr == NR_FALLOCATE)
		r->mode = ARG(2);
	if (via == VIA_COMPAT) {
		truncate__compat(r);
	} else if (nr == NR_FALLOCATE) {
		r->offset = ARG(3);
		r->length = ARG(4);
	} else {
		r->length = ARG(2);
	}
	r->dirfd = nr == NR_TRUNCATE ? AT_FDCWD : (__s32)ARG(1);
	if (nr == NR_TRUNCATE)
		change__path(CHANGE(r), nr, via, PATH_CWD(1), PICK_FILE, ret);
	else
		change__fd(CHANGE(r), via, r->dirfd);
	return change__done(&r->hdr, via, ret);
}

__weak __attribute__((noinline)) int utime__emit(__s32 nr, __u64 via, __s64 ret)
{
	bool at = nr == NR_UTIMENSAT || nr == NR_FUTIMESAT;
	__u16 call = nr == NR_UTIMENSAT ? CALL_UTIMENSAT : nr == NR_FUTIMESAT ? CALL_FUTIMESAT :
		     nr == NR_UTIMES ? CALL_UTIMES : CALL_UTIME;
	struct wire_utime *r = change__new(via, EVENT_UTIME, call, sizeof(*r), ret);
	struct inode *inode;

	if (!r)
		return 0;
	r->dirfd = at ? (__s32)ARG(1) : AT_FDCWD;
	r->flags = nr == NR_UTIMENSAT ? ARG(4) : 0;
	if (at && !ARG(2))	/* of the descriptor itself */
		inode = change__fd(CHANGE(r), via, r->dirfd);
	else
		inode = change__path(CHANGE(r), nr, via, at ? PATH_AT(1, 2) : PATH_CWD(1), PICK_FIRST, ret);
	if (inode && !ret) {
		r->atime = inode__atime(inode);
		r->mtime = inode__mtime(inode);
	}
	return change__done(&r->hdr, via, ret);
}

static __always_inline int change__emit(__s32 nr, __u64 via, __s64 ret)
{
	switch (nr) {
#ifdef __TARGET_ARCH_x86
	case NR_MKDIR:
#endif
	case NR_MKDIRAT:
		return mkdir__emit(nr, via, ret);
#ifdef __TARGET_ARCH_x86
	case NR_CHOWN:
	case NR_LCHOWN:
#endif
	case NR_FCHOWN:
	case NR_FCHOWNAT:
		return chown__emit(nr, via, ret);
	case NR_TRUNCATE:
	case NR_FTRUNCATE:
	case NR_FALLOCATE:
		return truncate__emit(nr, via, ret);
#ifdef __TARGET_ARCH_x86
	case NR_UTIMES:
	case NR_FUTIMESAT:
	case NR_UTIME:
#endif
	case NR_UTIMENSAT:
		return utime__emit(nr, via, ret);
	}
	return 0;
}

static __always_inline int mark__emit(__s32 nr, __u64 via, __s64 ret)
{
	switch (nr) {
#ifdef __TARGET_ARCH_x86
	case NR_MKNOD:
#endif
	case NR_MKNODAT:
		return mknod__emit(nr, via, ret);
	case NR_SETXATTR:
	case NR_LSETXATTR:
	case NR_FSETXATTR:
	case NR_REMOVEXATTR:
	case NR_LREMOVEXATTR:
	case NR_FREMOVEXATTR:
	case NR_SETXATTRAT:
	case NR_REMOVEXATTRAT:
		return xattr__emit(nr, via, ret);
	}
	return 0;
}

SEC("tracepoint")
int changes__exit(struct sys_exit *ctx)
{
	return change__emit(ctx->nr, VIA_CALL, ctx->ret);
}

/* Device nodes and extended attributes, for which more rules ask than for the others. */
SEC("tracepoint")
int marks__exit(struct sys_exit *ctx)
{
	return mark__emit(ctx->nr, VIA_CALL, ctx->ret);
}
