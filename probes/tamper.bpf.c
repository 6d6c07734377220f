// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Tampering
 *
 * Calls that reach into another process, and signals. Whom they meant is
 * looked up as the kernel does it, in the caller's pid namespace.
 */
#include "compat.h"
#include "pid.h"
#include <bpf/bpf_tracing.h>

#define SIGNAL_BIT(n)	(1u << (n))
/* HUP INT QUIT ILL ABRT BUS FPE KILL SEGV TERM STOP TSTP: what ends or stops */
#define DEADLY (SIGNAL_BIT(1) | SIGNAL_BIT(2) | SIGNAL_BIT(3) | SIGNAL_BIT(4) | SIGNAL_BIT(6) | SIGNAL_BIT(7) | \
		SIGNAL_BIT(8) | SIGNAL_BIT(9) | SIGNAL_BIT(11) | SIGNAL_BIT(15) | SIGNAL_BIT(19) | SIGNAL_BIT(20))
#define SI_KERNEL	128
#define SI_QUEUE	-1
#define SI_TKILL	-6

static __always_inline __u16 tamper__call(__s32 nr)
{
	switch (nr) {
	CALL_CASE(PTRACE)
	CALL_CASE(PROCESS_VM_READV)
	CALL_CASE(PROCESS_VM_WRITEV)
	CALL_CASE(PIDFD_GETFD)
	}
	return CALL_NONE;
}

#ifdef ENTRY32
#define ADDRESS_SIZE	4
#else
#define ADDRESS_SIZE	8
#endif

/* Which process, and what of it, by the call's arguments. */
static __always_inline void tamper__args(struct wire_tamper *r, __s32 nr)
{
	struct pt_regs *regs = task__regs();

	r->fd = -1;
	switch (nr) {
	case NR_PTRACE:
		r->request = task__arg(regs, 1);
		r->to_pid = task__arg(regs, 2);
		r->addr = task__arg(regs, 3);
		r->data = task__arg(regs, 4);
		break;
	case NR_PIDFD_GETFD:
		r->fd = task__arg(regs, 1);
		r->target_fd = task__arg(regs, 2);
		r->flags = task__arg(regs, 3);
		break;
	default:	/* (pid, local, n, remote, n, flags): the sixth is always 0 */
		r->to_pid = task__arg(regs, 1);
		bpf_probe_read_user(&r->addr, ADDRESS_SIZE, (void *)task__arg(regs, 4));
	}
}

static __always_inline int tamper__report(__s32 nr, __s64 ret)
{
	__u16 call = tamper__call(nr);
	struct wire_tamper *r;
	struct task_struct *t;

	if (!call || !call__wanted_kind(EVENT_TAMPER, call, ret < 0, kind__tamper(call == CALL_PTRACE ? CALL_ARG(1) : 0)))
		return 0;
	r = record__new(EVENT_TAMPER, call, sizeof(*r));
	if (!r)
		return 0;
	tamper__args(r, nr);
	t = r->fd >= 0 ? task__of_fd(r->fd) : task__find(r->to_pid);
	if (t)
		record__target(r, t);
	return record__send(&r->hdr, ret);
}

static __always_inline __u16 signal__call(__s32 nr)
{
	switch (nr) {
	CALL_CASE(KILL)
	CALL_CASE(TKILL)
	CALL_CASE(TGKILL)
	CALL_CASE(PIDFD_SEND_SIGNAL)
	CALL_CASE(RT_SIGQUEUEINFO)
	CALL_CASE(RT_TGSIGQUEUEINFO)
	}
	return CALL_NONE;
}

static __always_inline __u32 signal__number(__s32 nr)
{
	return nr == NR_TGKILL || nr == NR_RT_TGSIGQUEUEINFO ? CALL_ARG(3) : CALL_ARG(2);
}

static __always_inline void signal__args(struct wire_signal *r, __s32 nr)
{
	struct pt_regs *regs = task__regs();
	__u64 a = task__arg(regs, 1), b = task__arg(regs, 2), c = task__arg(regs, 3);

	r->fd = -1;
	r->sig = b;
	switch (nr) {
	case NR_PIDFD_SEND_SIGNAL:
		r->fd = a;
		r->flags = task__arg(regs, 4);
		break;
	case NR_TKILL:
		r->to_tid = a;
		r->code = SI_TKILL;
		break;
	case NR_TGKILL:
	case NR_RT_TGSIGQUEUEINFO:
		r->to_pid = a;
		r->to_tid = b;
		r->sig = c;
		r->code = nr == NR_TGKILL ? SI_TKILL : SI_QUEUE;
		break;
	default:
		r->to_pid = a;
		r->code = nr == NR_KILL ? 0 : SI_QUEUE;
	}
}

static __always_inline int signals__report(__s32 nr, __s64 ret)
{
	__u16 call = signal__call(nr);
	struct wire_signal *r;
	struct task_struct *t;

	if (!call || !call__wanted_kind(EVENT_SIGNAL, call, ret < 0, kind__number(signal__number(nr))))
		return 0;
	r = record__new(EVENT_SIGNAL, call, sizeof(*r));
	if (!r)
		return 0;
	signal__args(r, nr);
	t = r->fd >= 0 ? task__of_fd(r->fd) : task__find(r->to_tid ?: r->to_pid);
	if (t)
		record__target(r, t);
	return record__send(&r->hdr, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int tamper__exit(struct sys_exit *ctx)
{
	return tamper__report(ctx->nr, ctx->ret);
}

SEC("tracepoint")
int signals__exit(struct sys_exit *ctx)
{
	return signals__report(ctx->nr, ctx->ret);
}

/*
 * What reaches ourselves, whoever sent it and however. The current task is the sender, or one that an interrupt met:
 * the code tells. info is no pointer where the kernel has nothing to say (SEND_SIG_NOINFO 0, SEND_SIG_PRIV 1).
 */
static __always_inline int signal__generated(int sig, struct kernel_siginfo *info, struct task_struct *t, int result)
{
	struct wire_control *c;
	struct wire_signal *r;

	if (sig < 1 || sig > 31 || !(DEADLY >> sig & 1))
		return 0;
	c = control__get();
	if (!c || !control__self(c, BPF_CORE_READ(t, tgid)))
		return 0;
	if (!call__wanted_kind(EVENT_SIGNAL, CALL_SIGNAL, false, kind__number(sig)))
		return 0;
	r = record__new(EVENT_SIGNAL, CALL_SIGNAL, sizeof(*r));
	if (!r)
		return 0;
	r->sig = sig;
	r->fd = -1;
	r->code = (__u64)info > 2 ? BPF_CORE_READ(info, si_code) : (__u64)info == 1 ? SI_KERNEL : 0;
	record__target(r, t);
	return record__send(&r->hdr, 0);
}

SEC("raw_tp/signal_generate")
int BPF_PROG(signal_generate__raw_tp, int sig, struct kernel_siginfo *info, struct task_struct *t, int group, int result)
{
	return signal__generated(sig, info, t, result);
}
#endif
