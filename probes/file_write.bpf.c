// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes
 *
 * Calls that put bytes into a file: write itself, and copies inside of the
 * kernel. Files and sockets are told from the descriptors, where the call
 * returns.
 */
#include "compat.h"
#include "write.h"
#include <bpf/bpf_tracing.h>

__weak __attribute__((noinline)) int copy__emit(__s32 nr, __s64 ret)
{
	__u16 call = nr == NR_SENDFILE ? CALL_SENDFILE : nr == NR_SPLICE ? CALL_SPLICE : CALL_COPY_FILE_RANGE;
	struct task_struct *t = task__current();
	struct pt_regs *regs = task__regs();
	struct wire_copy *r;

	if (!call__wanted(EVENT_COPY, call, ret < 0))
		return 0;
	r = record__new(EVENT_COPY, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd_out = nr == NR_SENDFILE ? task__arg(regs, 1) : task__arg(regs, 3);
	r->fd_in = nr == NR_SENDFILE ? task__arg(regs, 2) : task__arg(regs, 1);
	r->len = nr == NR_SENDFILE ? task__arg(regs, 4) : task__arg(regs, 5);
	copy__files(r, fd__file(t, r->fd_in), fd__file(t, r->fd_out));
	return record__send(&r->hdr, ret);
}

__weak __attribute__((noinline)) int write__emit(__s32 nr, __s64 ret)
{
	__u16 call = nr == NR_WRITE ? CALL_WRITE : nr == NR_PWRITE64 ? CALL_PWRITE64 : nr == NR_WRITEV ? CALL_WRITEV :
		     nr == NR_PWRITEV ? CALL_PWRITEV : CALL_PWRITEV2;
	struct pt_regs *regs = task__regs();
	struct wire_write *r;

	if (!call__wanted(EVENT_WRITE, call, ret < 0))
		return 0;
	r = record__new(EVENT_WRITE, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd = task__arg(regs, 1);
	r->size = task__arg(regs, 3);
	write__file(r, fd__file(task__current(), r->fd));
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
