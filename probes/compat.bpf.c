// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * 32-bit entries
 *
 * Any program can enter the kernel as a 32-bit one does (int $0x80), and the
 * tracepoints of single calls do not see it. This program sees the return of
 * every call there is; what it costs those of no interest is one test. So it
 * is loaded only where it is asked for.
 */
#include "emit.h"
#include "name.h"
#include "net.h"
#include <bpf/bpf_tracing.h>

static __always_inline int compat__file(__s32 nr, __s64 ret)
{
	if (nr == NR_OPEN || nr == NR_OPENAT || nr == NR_OPENAT2 || nr == NR_CREAT)
		return open__wanted(nr, VIA_COMPAT, ret) ? open__entry(nr, VIA_COMPAT, ret) : 0;
	return name__emit(nr, VIA_COMPAT, ret);
}

static __always_inline int compat__socket(__s32 nr, __u64 via, __s64 ret)
{
	if (nr == NR_SOCKET)
		return socket__emit(via, ret);
	if (nr == NR_CONNECT)
		return connect__emit(via, ret);
	if (nr == NR_BIND)
		return bind__emit(via, ret);
	if (nr == NR_LISTEN) {
		listen__serves(via, ret);
		return listen__emit(via, ret);
	}
	if (nr == NR_ACCEPT || nr == NR_ACCEPT4) {
		accept__serves(via, ret);
		return accept__emit(nr, via, ret);
	}
	return 0;
}

SEC("raw_tp/sys_exit")
int compat__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = task__mine();
	__s64 ret = (__s32)ctx->args[1];
	__s32 nr;

	if (!t || !task__compat_now(t))
		return 0;
	way__report(WAY_COMPAT);
	nr = task__nr_now();
	if (nr == NR32_SOCKETCALL)
		return compat__socket(socketcall__nr(entry__arg(VIA_COMPAT, 1)), VIA_SOCKETCALL, ret);
	nr = compat__nr(nr);
	return nr < 0 ? 0 : nr >= NR_SOCKET && nr <= NR_LISTEN ? compat__socket(nr, VIA_COMPAT, ret) :
	       nr == NR_ACCEPT4 ? compat__socket(nr, VIA_COMPAT, ret) : compat__file(nr, ret);
}
