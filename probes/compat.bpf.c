// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * 32-bit entries
 *
 * Any program can enter the kernel as a 32-bit one does (int $0x80), and the
 * tracepoints of single calls do not see it. This program sees the return of
 * every call there is; what it costs those of no interest is one test. So it
 * is loaded only where it is asked for. What came in that way goes on with the
 * program that reports such calls, if a rule needs it.
 */
#include "compat.h"
#include "entry.h"
#include "work.h"

#if defined(__TARGET_ARCH_x86)
static __always_inline __u32 compat__work(__s32 nr)
{
#define COMPAT_WORK(nr32, ID, program) case nr32: return WORK_compat_##program##__raw_tp;
	switch (nr) {
	COMPAT_CALLS(COMPAT_WORK)
	}
#undef COMPAT_WORK
	return WORK_MAX;
}

static __always_inline __u32 socketcall__work(void)
{
	__s32 nr = socketcall__nr(task__reg_now(bx));

	if (nr == NR_SENDTO || nr == NR_RECVFROM || nr == NR_SENDMSG || nr == NR_RECVMSG || nr == NR_SENDMMSG || nr == NR_RECVMMSG)
		return WORK_compat_transfers__raw_tp;
	return nr < 0 ? WORK_MAX : WORK_compat_sockets__raw_tp;
}
#endif

SEC("raw_tp/sys_exit")
int compat__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *t = task__mine();
	__u32 work;
	__s32 nr;

	if (!t || !task__compat_now(t))
		return 0;
	way__report(WAY_COMPAT);
	nr = task__nr_now();
	work = nr == NR32_SOCKETCALL ? socketcall__work() : compat__work(nr);
	if (work < WORK_MAX)
		bpf_tail_call(ctx, &works, work);
#endif
	return 0;
}
