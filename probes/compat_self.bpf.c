// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* self.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#include "self.bpf.c"

SEC("raw_tp")
int compat_self__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return self__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
