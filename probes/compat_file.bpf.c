// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Files, sockets and transfers by 32-bit entries: programs that compat.bpf.c goes on with. */
#include "compat.h"
#include "emit.h"
#include "name.h"
#include "net.h"

/* By which way the call at hand came, and which of ours it is. */
static __always_inline __s32 compat__call(__u64 *via)
{
	__s32 nr = task__nr_now();

	*via = nr == NR32_SOCKETCALL ? VIA_SOCKETCALL : VIA_COMPAT;
	return nr == NR32_SOCKETCALL ? socketcall__nr(entry__arg(VIA_COMPAT, 1)) : compat__nr(nr);
}

SEC("raw_tp")
int compat_files__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__s64 ret = compat__ret(ctx->args[1]);
	__s32 nr = compat__nr(task__nr_now());

	if (nr == NR_OPEN || nr == NR_OPENAT || nr == NR_OPENAT2 || nr == NR_CREAT || nr == NR_OPEN_BY_HANDLE_AT)
		return open__wanted(nr, VIA_COMPAT, ret) ? open__entry(nr, VIA_COMPAT, ret) : 0;
	return name__emit(nr, VIA_COMPAT, ret);
}

SEC("raw_tp")
int compat_changes__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__s64 ret = compat__ret(ctx->args[1]);
	__s32 nr = compat__nr(task__nr_now());

	if (nr == NR_MKDIR || nr == NR_MKDIRAT)
		return mkdir__emit(nr, VIA_COMPAT, ret);
	if (nr == NR_MKNOD || nr == NR_MKNODAT)
		return mknod__emit(nr, VIA_COMPAT, ret);
	if (nr == NR_CHOWN || nr == NR_LCHOWN || nr == NR_FCHOWN || nr == NR_FCHOWNAT)
		return chown__emit(nr, VIA_COMPAT, ret);
	if (nr == NR_TRUNCATE || nr == NR_FTRUNCATE || nr == NR_FALLOCATE)
		return truncate__emit(nr, VIA_COMPAT, ret);
	if (nr == NR_UTIME || nr == NR_UTIMES || nr == NR_FUTIMESAT || nr == NR_UTIMENSAT)
		return utime__emit(nr, VIA_COMPAT, ret);
	return nr < 0 ? 0 : xattr__emit(nr, VIA_COMPAT, ret);
}

SEC("raw_tp")
int compat_sockets__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__s64 ret = compat__ret(ctx->args[1]);
	__u64 via;
	__s32 nr = compat__call(&via);

	if (nr == NR_SOCKET)
		return socket__emit(via, ret);
	if (nr == NR_SOCKETPAIR)
		return socketpair__emit(via, ret);
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

SEC("raw_tp")
int compat_transfers__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 via;
	__s32 nr = compat__call(&via);

	return nr < 0 ? 0 : transfer__emit(nr, via, compat__ret(ctx->args[1]));
}
