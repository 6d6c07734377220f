// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* tamper.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#include "tamper.bpf.c"

SEC("raw_tp")
int compat_tamper__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return tamper__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}

SEC("raw_tp")
int compat_signals__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return signals__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
