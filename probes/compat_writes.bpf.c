// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* file_write.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#define copy__emit compat_copy__emit
#define write__emit compat_write__emit
#include "file_write.bpf.c"

SEC("raw_tp")
int compat_writes__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return writes__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
