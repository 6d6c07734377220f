// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* creds.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#include "creds.bpf.c"

SEC("raw_tp")
int compat_creds__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return creds__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
