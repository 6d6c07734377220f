// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Plain calls
 *
 * Calls that are told by their arguments: numbers, one open file, one text.
 * A table says which argument is what; one program serves them all. What they
 * mean is the agent's business (agent/rule/field_arg_system.c).
 */
#include "call.h"
#include "compat.h"
#include <bpf/bpf_tracing.h>

#define PLAIN_TEXT_MAX	1024

enum pointer {
	POINTER_NONE,
	POINTER_TEXT,	/* ends with NUL */
	POINTER_BYTES,	/* its length is the argument after it */
	POINTER_LENGTH,	/* its length is the argument before it */
	POINTER_HEAD,	/* a struct: its first PLAIN_HEAD bytes */
};

#define PLAIN_HEAD	32
#define FD_RET		6	/* in place of an argument's number: the descriptor that the call returned */

/* X(call, event, argument that points, at what, argument that is a descriptor) */
#define PLAIN_CALLS(X)						\
	X(INIT_MODULE, KERNEL, 3, TEXT, 0)			\
	X(FINIT_MODULE, KERNEL, 2, TEXT, 1)			\
	X(DELETE_MODULE, KERNEL, 1, TEXT, 0)			\
	X(KEXEC_LOAD, KERNEL, 0, NONE, 0)			\
	X(KEXEC_FILE_LOAD, KERNEL, 4, LENGTH, 1)		\
	X(REBOOT, KERNEL, 4, TEXT, 0)				\
	X(SETHOSTNAME, KERNEL, 1, BYTES, 0)			\
	X(SETDOMAINNAME, KERNEL, 1, BYTES, 0)			\
	X(SETTIMEOFDAY, KERNEL, 1, HEAD, 0)			\
	X(CLOCK_SETTIME, KERNEL, 2, HEAD, 0)			\
	X(USERFAULTFD, SPECIAL, 0, NONE, 0)			\
	X(MEMFD_CREATE, SPECIAL, 1, TEXT, FD_RET)		\
	X(IO_URING_SETUP, SPECIAL, 2, HEAD, 0)			\
	X(IO_URING_REGISTER, SPECIAL, 0, NONE, 1)		\
	X(PERF_EVENT_OPEN, SPECIAL, 1, HEAD, 0)			\
	X(PIDFD_OPEN, SPECIAL, 0, NONE, 0)

/* Packed in a number: a struct in a table would be a map, and each look at it a call. */
#define PLAIN(ID, EV, ptr, what, fd) \
	case NR_##ID: return CALL_##ID | EVENT_##EV << 12 | ptr << 20 | POINTER_##what << 24 | fd << 28;

static __always_inline __u32 plain__of(__s32 nr)
{
	switch (nr) {
	PLAIN_CALLS(PLAIN)
	}
	return 0;
}

#define plain__call(p)		((p) & 0xfff)
#define plain__event(p)		((p) >> 12 & 0xff)
#define plain__pointer(p)	((p) >> 20 & 7)
#define plain__what(p)		((p) >> 24 & 7)
#define plain__fd(p)		((p) >> 28 & 7)

_Static_assert(sizeof(struct wire_kernel) == sizeof(struct wire_special) &&
	       offsetof(struct wire_kernel, text) == offsetof(struct wire_special, text), "one layout for both");

/* The n-th of five arguments. */
static __always_inline __u64 plain__arg(struct wire_kernel *r, __u32 n)
{
	switch (n) {
	case 1: return r->arg1;
	case 2: return r->arg2;
	case 3: return r->arg3;
	case 4: return r->arg4;
	case 5: return r->arg5;
	}
	return 0;
}

static __always_inline void plain__text(struct wire_kernel *r, __u32 what, __u32 n)
{
	void *p = (void *)plain__arg(r, n);
	__u64 len = PLAIN_HEAD;

	if (what == POINTER_NONE || !p)
		return;
	if (what == POINTER_TEXT) {
		record__user_str(&r->hdr, &r->text, p, PLAIN_TEXT_MAX);
		return;
	}
	if (what == POINTER_BYTES)
		len = plain__arg(r, n + 1);
	else if (what == POINTER_LENGTH)
		len = plain__arg(r, n - 1);
	if (len)
		record__user_bytes(&r->hdr, &r->text, p, len, PLAIN_TEXT_MAX);
}

#ifdef ENTRY32
/* A time of two numbers of 32 bits, in the form that all others have. True where the call has such a one. */
static __always_inline bool plain__time(struct wire_kernel *r, __u32 n)
{
	__s32 given[2] = {};
	__s64 time[2];

	if (task__nr_now() != NR32_SETTIMEOFDAY && task__nr_now() != NR32_CLOCK_SETTIME)
		return false;
	if (bpf_probe_read_user(given, sizeof(given), (void *)plain__arg(r, n)))
		return true;
	time[0] = given[0];
	time[1] = given[1];
	record__bytes(&r->hdr, &r->text, time, sizeof(time), sizeof(time));
	return true;
}
#else
#define plain__time(r, n) false
#endif

static __always_inline int plain__report(__s32 nr, __s64 ret)
{
	__u32 p = plain__of(nr);
	struct wire_kernel *r;
	struct pt_regs *regs;
	__s32 fd;

	if (!p || !call__wanted(plain__event(p), plain__call(p), ret < 0))
		return 0;
	r = record__new(plain__event(p), plain__call(p), sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->arg1 = task__arg(regs, 1);
	r->arg2 = task__arg(regs, 2);
	r->arg3 = task__arg(regs, 3);
	r->arg4 = task__arg(regs, 4);
	r->arg5 = task__arg(regs, 5);
	if (plain__fd(p)) {
		fd = plain__fd(p) == FD_RET ? ret : (__s32)plain__arg(r, plain__fd(p));
		record__file(&r->hdr, &r->file, fd__file(task__current(), fd));
	}
	/* a restart does not look at its text unless it is asked to boot something of that name */
	if (!plain__time(r, plain__pointer(p)) && (plain__call(p) != CALL_REBOOT || (__u32)r->arg3 == 0xa1b2c3d4))
		plain__text(r, plain__what(p), plain__pointer(p));
	return record__send(&r->hdr, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int plain__exit(struct sys_exit *ctx)
{
	return plain__report(ctx->nr, ctx->ret);
}

static __always_inline int module__loaded(struct module *mod)
{
	struct wire_kernel *r;

	if (!call__wanted(EVENT_KERNEL, CALL_MODULE_LOAD, false))
		return 0;
	r = record__new(EVENT_KERNEL, CALL_MODULE_LOAD, sizeof(*r));
	if (!r)
		return 0;
	r->arg1 = BPF_CORE_READ(mod, taints);
	record__str(&r->hdr, &r->text, __builtin_preserve_access_index(&mod->name), 64);
	return record__send(&r->hdr, 0);
}

SEC("raw_tp/module_load")
int BPF_PROG(module_load__raw_tp, struct module *mod)
{
	return module__loaded(mod);
}
#endif
