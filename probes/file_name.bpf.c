// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Names changed
 *
 * rename, unlink, link, symlink and chmod, where they return. What they
 * touched was seen on the way (name.h); where nothing was, as for every
 * attempt that failed, the caller's text is all there is, and is marked so.
 */
#include "emit.h"
#include "name_pick.h"
#include "opens_filter.h"
#include <bpf/bpf_tracing.h>

__weak __attribute__((noinline)) int rename__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg old = nr == NR_RENAME ? PATH_CWD(1) : PATH_AT(1, 2);
	struct name_arg new = nr == NR_RENAME ? PATH_CWD(2) : PATH_AT(3, 4);
	__u16 call = nr == NR_RENAME ? CALL_RENAME : nr == NR_RENAMEAT ? CALL_RENAMEAT : CALL_RENAMEAT2;
	struct wire_rename *r;
	struct sight *at = NULL;
	bool known = false;

	if (!name__wanted(EVENT_RENAME, call, via, ret))
		return 0;
	r = entry__new(via, EVENT_RENAME, call, sizeof(*r));
	if (!r) {
		sights__forget(via);
		return 0;
	}
	r->olddirfd = old.dirfd;
	r->newdirfd = new.dirfd;
	r->flags = nr == NR_RENAMEAT2 ? ARG(5) : 0;
	if (!ret)
		at = sights__picked(nr, via, PICK_MOVED);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		known = name__before(&r->hdr, &r->oldname, at, old) &&
			name__now(&r->hdr, &r->newname, (struct dentry *)at->dentry, new);
	}
	name__caller(&r->hdr, old, &r->oldraw, &r->olddir);
	name__caller(&r->hdr, new, &r->newraw, &r->newdir);
	return name__done(&r->hdr, via, known, ret);
}

__weak __attribute__((noinline)) int unlink__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg a = nr == NR_UNLINKAT ? PATH_AT(1, 2) : PATH_CWD(1);
	__u16 call = nr == NR_UNLINK ? CALL_UNLINK : nr == NR_RMDIR ? CALL_RMDIR : CALL_UNLINKAT;
	__u32 flags = nr == NR_UNLINKAT ? ARG(3) : nr == NR_RMDIR ? AT_REMOVEDIR : 0;
	struct wire_unlink *r;
	struct sight *at = NULL;
	struct inode *inode;
	bool known = false;

	if (!name__wanted(EVENT_UNLINK, call, via, ret))
		return 0;
	r = entry__new(via, EVENT_UNLINK, call, sizeof(*r));
	if (!r) {
		sights__forget(via);
		return 0;
	}
	r->dirfd = a.dirfd;
	r->flags = flags;
	if (!ret)
		at = sights__picked(nr, via, flags & AT_REMOVEDIR ? PICK_CHILD : PICK_FILE);
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
	return name__done(&r->hdr, via, known, ret);
}

__weak __attribute__((noinline)) int link__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg old = nr == NR_LINK ? PATH_CWD(1) : PATH_AT(1, 2);
	struct name_arg new = nr == NR_LINK ? PATH_CWD(2) : PATH_AT(3, 4);
	__u16 call = nr == NR_LINK ? CALL_LINK : CALL_LINKAT;
	struct wire_link *r;
	struct sight *at = NULL;
	struct dentry *made;
	bool known = false;

	if (!name__wanted(EVENT_LINK, call, via, ret))
		return 0;
	r = entry__new(via, EVENT_LINK, call, sizeof(*r));
	if (!r) {
		sights__forget(via);
		return 0;
	}
	r->olddirfd = old.dirfd;
	r->newdirfd = new.dirfd;
	r->flags = nr == NR_LINK ? 0 : ARG(5);
	if (!ret)
		at = sights__picked(nr, via, PICK_FILE);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		made = inode__newest((struct inode *)at->inode);
		known = (__u64)made != at->dentry && name__before(&r->hdr, &r->oldname, at, old) &&
			name__now(&r->hdr, &r->newname, made, new);
	}
	name__caller(&r->hdr, old, &r->oldraw, &r->olddir);
	name__caller(&r->hdr, new, &r->newraw, &r->newdir);
	return name__done(&r->hdr, via, known, ret);
}

__weak __attribute__((noinline)) int symlink__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg a = nr == NR_SYMLINK ? PATH_CWD(2) : PATH_AT(2, 3);
	__u16 call = nr == NR_SYMLINK ? CALL_SYMLINK : CALL_SYMLINKAT;
	struct wire_symlink *r;
	struct sight *at = NULL;
	struct inode *inode;
	bool known = false;
	char *text = NULL;

	if (!name__wanted(EVENT_SYMLINK, call, via, ret))
		return 0;
	r = entry__new(via, EVENT_SYMLINK, call, sizeof(*r));
	if (!r) {
		sights__forget(via);
		return 0;
	}
	r->dirfd = a.dirfd;
	if (!ret)
		at = sights__picked(nr, via, PICK_MADE);
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
		entry__text(via, &r->target, ARG(1));
	name__caller(&r->hdr, a, &r->raw, &r->dir);
	return name__done(&r->hdr, via, known, ret);
}

__weak __attribute__((noinline)) int chmod__emit(__s32 nr, __u64 via, __s64 ret)
{
	struct name_arg a = nr == NR_CHMOD ? PATH_CWD(1) : PATH_AT(1, 2);
	__u16 call = nr == NR_CHMOD ? CALL_CHMOD : nr == NR_FCHMODAT ? CALL_FCHMODAT : CALL_FCHMODAT2;
	__u32 mode = nr == NR_CHMOD ? ARG(2) : ARG(3);
	struct wire_chmod *r;
	struct sight *at = NULL;
	bool known = false;

	if (!name__wanted_kind(EVENT_CHMOD, call, via, ret, kind__chmod(mode)))
		return 0;
	r = entry__new(via, EVENT_CHMOD, call, sizeof(*r));
	if (!r) {
		sights__forget(via);
		return 0;
	}
	r->dirfd = a.dirfd;
	r->mode = mode;
	r->flags = nr == NR_FCHMODAT2 ? ARG(4) : 0;
	if (!ret)
		at = sights__picked(nr, via, PICK_FIRST);
	if (at) {
		r->ino = at->ino;
		r->dev = at->dev;
		known = name__now(&r->hdr, &r->name, (struct dentry *)at->dentry, a);
	}
	name__caller(&r->hdr, a, &r->raw, &r->dir);
	return name__done(&r->hdr, via, known, ret);
}

/* The one of them that has a descriptor. */
__weak __attribute__((noinline)) int fchmod__emit(__u64 via, __s64 ret)
{
	__u32 mode = ARG(2);
	struct wire_chmod *r;
	struct inode *inode;
	struct file *f;

	if (!entry__wanted_as(via, EVENT_CHMOD, CALL_FCHMOD, ret < 0, 1u << kind__chmod(mode)))
		return 0;
	r = entry__new(via, EVENT_CHMOD, CALL_FCHMOD, sizeof(*r));
	if (!r)
		return 0;
	r->dirfd = ARG(1);
	r->mode = mode;
	f = fd__file(task__current(), r->dirfd);
	if (f) {
		inode = BPF_CORE_READ(f, f_inode);
		r->ino = BPF_CORE_READ(inode, i_ino);
		r->dev = inode__dev(inode);
		record__file(&r->hdr, &r->name, f);
	}
	return record__send(&r->hdr, ret);
}

/* ---- refused by name: calls that succeeded, whose paths the kernel knows ---- */

/* Whether a rule may know the path that the picked sight had. */
__weak __attribute__((noinline)) int names__let_before(__s32 nr, __u32 pick, __u64 text, __s32 dirfd)
{
	struct sight *at = sights__picked(nr, VIA_CALL, pick);
	__u64 mnt = at ? mount__find(at->parent, mount__start(VIA_CALL, text, dirfd)) : 0;

	return !mnt || names__let(at->parent, mnt, task__number(at->name), at->len);
}

/* Whether it may know the path of a dentry. */
__weak __attribute__((noinline)) int names__let_now(__u64 dentry, __u64 text, __s32 dirfd)
{
	__u64 mnt = dentry ? mount__find(dentry, mount__start(VIA_CALL, text, dirfd)) : 0;

	return !mnt || names__let(dentry, mnt, 0, 0);
}

static __always_inline bool names__refused_rename(__s32 nr)
{
	__u64 via = VIA_CALL;
	struct name_arg old = nr == NR_RENAME ? PATH_CWD(1) : PATH_AT(1, 2);
	struct name_arg new = nr == NR_RENAME ? PATH_CWD(2) : PATH_AT(3, 4);
	struct sight *at = sights__picked(nr, via, PICK_MOVED);

	return at && !names__let_now(at->dentry, new.text, new.dirfd) && !names__let_before(nr, PICK_MOVED, old.text, old.dirfd);
}

static __always_inline bool names__refused_unlink(__s32 nr)
{
	__u64 via = VIA_CALL;
	struct name_arg a = nr == NR_UNLINKAT ? PATH_AT(1, 2) : PATH_CWD(1);
	bool folder = nr == NR_RMDIR || (nr == NR_UNLINKAT && ARG(3) & AT_REMOVEDIR);

	return !names__let_before(nr, folder ? PICK_CHILD : PICK_FILE, a.text, a.dirfd);
}

static __always_inline bool names__refused_link(__s32 nr)
{
	__u64 via = VIA_CALL;
	struct name_arg old = nr == NR_LINK ? PATH_CWD(1) : PATH_AT(1, 2);
	struct name_arg new = nr == NR_LINK ? PATH_CWD(2) : PATH_AT(3, 4);
	struct sight *at = sights__picked(nr, via, PICK_FILE);
	__u64 made = at ? (__u64)inode__newest((struct inode *)at->inode) : 0;

	return made && made != at->dentry && !names__let_now(made, new.text, new.dirfd) &&
	       !names__let_before(nr, PICK_FILE, old.text, old.dirfd);
}

/* Only calls: requests of io_uring and 32-bit entries are few. What the kernel does not know the path of is sent. */
__weak __attribute__((noinline)) int names__refused(__s32 nr, __s64 ret)
{
	struct wire_control *c = control__get();
	__u32 type = 0;

	if (!c || ret || !(c->opens[OPENS_NAMED].tests & OPENS_NARROW))
		return 0;
	if (nr == NR_RENAME || nr == NR_RENAMEAT || nr == NR_RENAMEAT2)
		type = names__refused_rename(nr) ? EVENT_RENAME : 0;
	else if (nr == NR_UNLINK || nr == NR_UNLINKAT || nr == NR_RMDIR)
		type = names__refused_unlink(nr) ? EVENT_UNLINK : 0;
	else if (nr == NR_LINK || nr == NR_LINKAT)
		type = names__refused_link(nr) ? EVENT_LINK : 0;
	if (type) {
		counter__refused(type);
		sights__forget(VIA_CALL);
	}
	return type;
}

/* All of them in one program: what they share is most of them, and the verifier follows it once. */
SEC("tracepoint")
int names__exit(struct sys_exit *ctx)
{
	__s32 nr = ctx->nr;
	__s64 ret = ctx->ret;

	return names__refused(nr, ret) ? 0 : name__emit(nr, VIA_CALL, ret);
}
