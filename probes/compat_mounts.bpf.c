// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* mount.bpf.c by 32-bit entries (compat.h). */
#define ENTRY32
#define mount__emit compat_mount__emit
#define mount__texts compat_mount__texts
#define mount__move compat_mount__move
#define mount__path compat_mount__path
#define mount__context compat_mount__context
#include "mount.bpf.c"

SEC("raw_tp")
int compat_mounts__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return mounts__report(compat__nr(task__nr_now()), compat__ret(ctx->args[1]));
}
