// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes
 *
 * Calls that put bytes into a file: write itself, and copies inside of the
 * kernel. Files and sockets are told from the descriptors, where the call
 * returns.
 */
#include "compat.h"
#include "net.h"
#include "pid.h"
#include <bpf/bpf_tracing.h>

static __always_inline void copy__socket(struct wire_copy *r, struct file *f)
{
	struct sock *sk = file__sock(f);

	if (sk && !r->local.family && !r->peer.family)
		net__ends(sk, &r->local, &r->peer);
}

static __always_inline void write__inode(struct file *f, __u32 *dev, __u64 *ino)
{
	struct inode *inode = BPF_CORE_READ(f, f_inode);

	*dev = inode__dev(inode);
	*ino = BPF_CORE_READ(inode, i_ino);
}

__weak __attribute__((noinline)) int copy__emit(__s32 nr, __s64 ret)
{
	__u16 call = nr == NR_SENDFILE ? CALL_SENDFILE : nr == NR_SPLICE ? CALL_SPLICE : CALL_COPY_FILE_RANGE;
	struct task_struct *t = task__current();
	struct pt_regs *regs = task__regs();
	struct wire_copy *r;
	struct file *in, *out;

	if (!call__wanted(EVENT_COPY, call, ret < 0))
		return 0;
	r = record__new(EVENT_COPY, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd_out = nr == NR_SENDFILE ? task__arg(regs, 1) : task__arg(regs, 3);
	r->fd_in = nr == NR_SENDFILE ? task__arg(regs, 2) : task__arg(regs, 1);
	r->len = nr == NR_SENDFILE ? task__arg(regs, 4) : task__arg(regs, 5);
	in = fd__file(t, r->fd_in);
	out = fd__file(t, r->fd_out);
	r->in_type = file__fd_type(in);
	r->out_type = file__fd_type(out);
	if (out) {
		copy__socket(r, out);
		write__inode(out, &r->out_dev, &r->out_ino);
		record__file(&r->hdr, &r->out_name, out);
	}
	if (in) {
		copy__socket(r, in);
		write__inode(in, &r->in_dev, &r->in_ino);
		record__file(&r->hdr, &r->in_name, in);
	}
	return record__send(&r->hdr, ret);
}

__weak __attribute__((noinline)) int write__emit(__s32 nr, __s64 ret)
{
	__u16 call = nr == NR_WRITE ? CALL_WRITE : nr == NR_PWRITE64 ? CALL_PWRITE64 : nr == NR_WRITEV ? CALL_WRITEV :
		     nr == NR_PWRITEV ? CALL_PWRITEV : CALL_PWRITEV2;
	struct pt_regs *regs = task__regs();
	struct wire_write *r;
	struct file *f;

	if (!call__wanted(EVENT_WRITE, call, ret < 0))
		return 0;
	r = record__new(EVENT_WRITE, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd = task__arg(regs, 1);
	r->size = task__arg(regs, 3);
	f = fd__file(task__current(), r->fd);
	r->fd_type = file__fd_type(f);
	if (f) {
		write__inode(f, &r->dev, &r->ino);
		record__about(r, BPF_CORE_READ(f, f_inode));
		record__file(&r->hdr, &r->name, f);
	}
	return record__send(&r->hdr, ret);
}

static __always_inline int writes__report(__s32 nr, __s64 ret)
{
	if (nr == NR_SENDFILE || nr == NR_SPLICE || nr == NR_COPY_FILE_RANGE)
		return copy__emit(nr, ret);
	return write__emit(nr, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int writes__exit(struct sys_exit *ctx)
{
	return writes__report(ctx->nr, ctx->ret);
}
#endif
