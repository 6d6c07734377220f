// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* namespace.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#include "namespace.bpf.c"

SEC("raw_tp")
int compat_namespaces__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return namespaces__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
