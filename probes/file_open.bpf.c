// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Opens
 *
 * Seen where the call returns: the descriptor leads to the kernel's own file.
 * Most opens are of no interest to any rule and are refused first: failed ones
 * and those that only read on nothing but the registers, the others by the name
 * of the file.
 */
#include "entered.h"
#include "entry.h"
#include "kernel.h"
#include "opens_filter.h"
#include "pid.h"
#include <bpf/bpf_tracing.h>

#define O_ACCMODE	00000003
#define O_WRONLY	00000001
#define O_CREAT		00000100
#define O_EXCL		00000200
#define O_NOCTTY	00000400
#define O_TRUNC		00001000
#define O_TMPFILE_BIT	020000000
#define O_CLOEXEC	02000000
#define O_PATH		010000000
#if defined(__TARGET_ARCH_arm64)
#define O_LARGEFILE	0400000
#else
#define O_LARGEFILE	00100000
#endif

/* What the kernel's file keeps no longer, and what only a 64-bit kernel put there. */
#define O_FORGOTTEN	(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC | O_LARGEFILE)

struct open_args {
	__u64 filename;
	__u64 flags;
	__u64 mode;
	__u64 resolve;
	__s32 dirfd;
};

static __always_inline bool open__reads(__u64 flags)
{
	return !(flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE_BIT));
}

static __always_inline void open__file(struct wire_open *r, struct file *f, __u64 asked)
{
	struct inode *inode = BPF_CORE_READ(f, f_inode);
	enum layer layer = inode__layer(inode);

	r->flags = (BPF_CORE_READ(f, f_flags) & ~O_FORGOTTEN) | (asked & O_FORGOTTEN);
	r->file_mode = BPF_CORE_READ(inode, i_mode);
	r->dev = inode__dev(inode);
	r->ino = BPF_CORE_READ(inode, i_ino);
	r->nlink = BPF_CORE_READ(inode, i_nlink);
	if (BPF_CORE_READ(f, f_mode) & FMODE_CREATED)
		r->file_flags |= FILE_CREATED;
	if (layer == LAYER_UPPER)
		r->file_flags |= FILE_UPPER;
	if (layer == LAYER_LOWER)
		r->file_flags |= FILE_LOWER;
	if (file__memory(f))
		r->file_flags |= FILE_MEMFD;
	record__about(r, inode);
	record__file(&r->hdr, &r->name, f);
}

/* The path that was asked for: where somebody wants to know, as it was when the call came in. */
static __always_inline void open__raw(struct wire_open *r, const struct wire_control *c, __u64 via, __s32 nr, __u64 text)
{
	struct entered *e = via == VIA_CALL && c->want & WANT_ARGS ? entered__get(nr) : NULL;

	if (!e) {
		entry__text(via, &r->raw, text);
		return;
	}
	record__str(&r->hdr, &r->raw, e->text, PATH_SIZE);
	if (entered__changed(nr, text))
		r->hdr.flags |= WIRE_ARGS_CHANGED;
	e->nr = -1;
}

static __always_inline int open__emit(struct wire_control *c, __u64 via, __s32 nr, __u16 call, const struct open_args *a,
				       struct file *f, __s64 ret)
{
	struct wire_open *r = entry__new(via, EVENT_OPEN, call, sizeof(*r));

	if (!r)
		return 0;
	r->dirfd = a->dirfd;
	r->flags = a->flags;
	r->mode = a->flags & (O_CREAT | O_TMPFILE_BIT) ? a->mode : 0;
	r->resolve = a->resolve;
	if (f)
		open__file(r, f, a->flags);
	else
		r->hdr.flags |= WIRE_NAME_USER;	/* failed, or another thread has closed it already */
	if (call != CALL_OPEN_BY_HANDLE_AT && (!f || c->want & WANT_OPEN_RAW))
		open__raw(r, c, via, nr, a->filename);
	if (!f && call != CALL_OPEN_BY_HANDLE_AT)
		record__dir(&r->hdr, &r->dir, a->dirfd);
	return record__send(&r->hdr, ret);
}

/* Refused on nothing but result and flags. */
static __always_inline bool open__refused(const struct wire_control *c, __u64 flags, __s64 ret)
{
	return ret < 0 ? !(c->want & WANT_OPEN_FAILED) : !(c->want & WANT_OPEN_READ) && open__reads(flags);
}

/* And where it makes a difference, on who opens. */
static __always_inline bool open__refused_to(const struct wire_control *c, __u64 via, __u16 call, __u64 flags, __s64 ret)
{
	__u32 kind = open__reads(flags) ? KIND_OPEN_READ : KIND_OPEN_OTHER;
	const struct wire_refuse *f = refuse__of(c, call);

	if (!f || !f->asks)
		return false;
	if (via >= VIA_WAYS)
		return f->any[ret < 0] >> kind & 1;
	return !(kinds__wanted(call, ret < 0) >> kind & 1);
}

static __always_inline __u16 open__call(__s32 nr)
{
	return nr == NR_OPENAT2 ? CALL_OPENAT2 : nr == NR_OPENAT ? CALL_OPENAT : nr == NR_CREAT ? CALL_CREAT : CALL_OPEN;
}

/* What openat2 was told lies in the caller's memory: what that says of access is not believed where there is a file. */
static __always_inline void open__how(struct open_args *a, struct file *f)
{
	struct open_how how = {};

	bpf_probe_read_user(&how, sizeof(how), (void *)task__arg(task__regs(), 3));
	a->flags = how.flags;
	a->mode = how.mode;
	a->resolve = how.resolve;
	if (f)
		a->flags = (a->flags & O_FORGOTTEN) | (BPF_CORE_READ(f, f_flags) & ~O_FORGOTTEN);
}

/* The other arguments, of calls that were not refused. */
static __always_inline __u16 open__args(struct open_args *a, __s32 nr)
{
	struct pt_regs *regs = task__regs();

	if (nr == NR_OPENAT || nr == NR_OPENAT2) {
		a->dirfd = task__arg(regs, 1);
		a->filename = task__arg(regs, 2);
		if (nr == NR_OPENAT)
			a->mode = task__arg(regs, 4);
		return nr == NR_OPENAT ? CALL_OPENAT : CALL_OPENAT2;
	}
	if (nr == NR_OPEN_BY_HANDLE_AT) {	/* a handle is no path */
		a->dirfd = task__arg(regs, 1);
		return CALL_OPEN_BY_HANDLE_AT;
	}
	a->dirfd = AT_FDCWD;
	a->filename = task__arg(regs, 1);
	a->mode = nr == NR_CREAT ? task__arg(regs, 2) : task__arg(regs, 3);
	return nr == NR_CREAT ? CALL_CREAT : CALL_OPEN;
}

#define ARG(n) entry__arg(via, n)

/* What access an open by another way asked for: of openat2 what lies in the caller's memory is not believed where there is a file. */
static __always_inline __u32 open__flags(__s32 nr, __u64 via, struct file *f)
{
	__u64 flags = 0;

	if (nr == NR_CREAT)
		return O_CREAT | O_WRONLY | O_TRUNC;
	if (nr != NR_OPENAT && nr != NR_OPENAT2)
		return ARG(2);
	if (via >= VIA_WAYS)
		return ARG(3) & ~O_LARGEFILE;	/* the kernel's own addition */
	if (nr == NR_OPENAT)
		return ARG(3);
	bpf_probe_read_user(&flags, sizeof(flags), (void *)ARG(3));
	return f ? (flags & O_FORGOTTEN) | (BPF_CORE_READ(f, f_flags) & ~O_FORGOTTEN) : flags;
}

/* Whether the open may be what a rule is after. Before open__entry() and not within, whose stack lies below it. */
__weak __attribute__((noinline)) int open__wanted(__s32 nr, __u64 via, __s64 ret)
{
	struct wire_control *c = control__get();
	struct file *f = entry__made(via, ret);
	__u32 flags = open__flags(nr, via, f);

	if (c && !open__refused(c, flags, ret) && !open__refused_to(c, via, open__call(nr), flags, ret) && (!f || opens__let((__u64)f, open__reads(flags) ? OPENS_READ : OPENS_WRITTEN)))
		return 1;
	counter__refused(EVENT_OPEN);
	return 0;
}

/* By other ways: they are few. */
__weak __attribute__((noinline)) int open__entry(__s32 nr, __u64 via, __s64 ret)
{
	bool at = nr == NR_OPENAT || nr == NR_OPENAT2;
	struct wire_control *c = control__get();
	struct open_how how = {};
	struct open_args a = {};
	struct file *f;
	__u16 call;

	if (!c)
		return 0;
	call = open__call(nr);
	a.dirfd = at ? (__s32)ARG(1) : AT_FDCWD;
	a.filename = at ? ARG(2) : ARG(1);
	a.mode = at ? ARG(4) : nr == NR_CREAT ? ARG(2) : ARG(3);
	f = entry__made(via, ret);
	a.flags = open__flags(nr, via, f);
	if (via >= VIA_WAYS) {
		a.resolve = ARG(5);
	} else if (nr == NR_OPENAT2) {
		bpf_probe_read_user(&how, sizeof(how), (void *)ARG(3));
		a.mode = how.mode;
		a.resolve = how.resolve;
	}
	return open__emit(c, via, nr, call, &a, f, ret);
}

SEC("tracepoint")
int opens__exit(struct sys_exit *ctx)
{
	struct wire_control *c = control__get();
	struct open_args a = {};
	struct file *f = NULL;
	__s32 nr = ctx->nr;

	if (!c)
		return 0;
	if (nr == NR_OPENAT || nr == NR_OPEN_BY_HANDLE_AT)
		a.flags = (__u32)task__arg_now(3);
	else if (nr == NR_OPEN)
		a.flags = (__u32)task__arg_now(2);
	else	/* what openat2 asked for is not known yet */
		a.flags = O_CREAT | O_WRONLY | O_TRUNC;
	if (open__refused(c, a.flags, ctx->ret))
		goto refuse;
	if (ctx->ret >= 0)
		f = fd__returned(ctx->ret);
	if (nr == NR_OPENAT2) {
		open__how(&a, f);
		if (open__refused(c, a.flags, ctx->ret))
			goto refuse;
	}
	if (open__refused_to(c, VIA_CALL, open__call(nr), a.flags, ctx->ret))
		goto refuse;
	/* A file that another thread has closed already has no name to go by. */
	if (!f || opens__let((__u64)f, open__reads(a.flags) ? OPENS_READ : OPENS_WRITTEN))
		return open__emit(c, VIA_CALL, nr, open__args(&a, nr), &a, f, ctx->ret);
refuse:
	counter__refused(EVENT_OPEN);
	return 0;
}
