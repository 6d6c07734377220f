// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Changes by io_uring
 *
 * Requests that make directories, set extended attributes and change sizes,
 * reported as of the call that does the same. Programs of their own beside
 * those of uring.bpf.c: few rules ask for such. A completion that does not name
 * its request (before 5.19) is not seen.
 */
#include "emit.h"
#include "name.h"
#include "nr.h"
#include "work.h"
#include <bpf/bpf_tracing.h>

static const struct asked change_none = {};

static __always_inline __s32 change__nr(__u8 op)
{
	switch (op) {
	case IO_MKDIRAT:	return NR_MKDIRAT;
	case IO_SETXATTR:	return NR_SETXATTR;
	case IO_FSETXATTR:	return NR_FSETXATTR;
	case IO_FALLOCATE:	return NR_FALLOCATE;
	case IO_FTRUNCATE:	return NR_FTRUNCATE;
	}
	return -1;
}

static __always_inline bool change__wanted(__s32 nr)
{
	struct wire_control *c = control__get();

	if (nr < 0 || !c)
		return false;
	return control__wants(c, nr == NR_MKDIRAT ? CALL_MKDIRAT : nr == NR_SETXATTR ? CALL_SETXATTR :
				 nr == NR_FSETXATTR ? CALL_FSETXATTR : nr == NR_FALLOCATE ? CALL_FALLOCATE : CALL_FTRUNCATE);
}

/* The kernel's copies: they are gone when the request is done. A name that leaves no room for the value is cut. */
static __always_inline void change__attribute(struct asked *a, struct io_kiocb *req)
{
	void *value = (void *)OF(io_xattr, req, ctx.kvalue);
	__u64 size = OF(io_xattr, req, ctx.size);
	long n = bpf_probe_read_kernel_str(a->text[1], ASKED_VALUE, (void *)OF(io_xattr, req, ctx.kname));

	a->len[1] = n > 0 ? n : 0;
	a->arg[1] = 1;
	a->arg[3] = size;
	a->arg[4] = OF(io_xattr, req, ctx.flags);
	if (size > ASKED_VALUE_MAX)
		size = ASKED_VALUE_MAX;
	PIN(size);
	if (value && size <= ASKED_VALUE_MAX)
		bpf_probe_read_kernel(&a->text[1][ASKED_VALUE], size, value);
}

/* Keeps what was asked. On its own, as request__note(). 1 when nothing will say that it succeeded. */
__weak __attribute__((noinline)) int change__note(__u64 key, __s32 nr)
{
	struct io_kiocb *req = (void *)key;
	struct filename *name = NULL;
	struct asked *a;

	if (!bpf_core_field_exists(req->cqe))	/* kernels before 6.8 verify it also where nobody calls it */
		return 0;
	bpf_map_update_elem(&asked, &key, &change_none, BPF_ANY);
	a = asked__get(key);
	if (!a)
		return 0;
	a->arg[0] = BPF_CORE_READ(req, flags) & SQE_FIXED_FILE ? -1 : BPF_CORE_READ(req, cqe.fd);
	if (nr == NR_MKDIRAT) {
		a->arg[0] = OF(io_mkdir, req, dfd);
		a->arg[2] = OF(io_mkdir, req, mode);
		name = NAME_OF(io_mkdir, req, filename);
	} else if (nr == NR_FALLOCATE) {
		a->arg[1] = OF(io_sync, req, mode);
		a->arg[2] = OF(io_sync, req, off);
		a->arg[3] = OF(io_sync, req, len);
	} else if (nr == NR_FTRUNCATE) {
		a->arg[1] = OF(io_ftrunc, req, len);
	} else {
		change__attribute(a, req);
		if (nr == NR_SETXATTR) {
			a->arg[0] = 0;
			name = NAME_OF(io_xattr, req, filename);
		}
	}
	if (name)
		asked__text(a, key, 0, name);
	a->unseen = !!(BPF_CORE_READ(req, flags) & SQE_CQE_SKIP_SUCCESS);
	return a->unseen;
}

static __always_inline void change__report(__s32 nr, __u64 key, __s64 ret)
{
	if (nr == NR_MKDIRAT)
		mkdir__emit(nr, key, ret);
	else if (nr == NR_SETXATTR || nr == NR_FSETXATTR)
		xattr__emit(nr, key, ret);
	else
		truncate__emit(nr, key, ret);
}

static __always_inline int change__submitted(__u64 key)
{
	__s32 nr = change__nr(BPF_CORE_READ((struct io_kiocb *)key, opcode));
	struct asked *a;

	if (!bpf_core_field_exists(((struct io_kiocb *)key)->cqe) || !change__wanted(nr))
		return 0;
	way__report(WAY_REQUEST);
	sights__forget(key);
	if (!change__note(key, nr))
		return 0;
	/* nothing will say that it succeeded: take it for that, by what was asked */
	change__report(nr, key, 0);
	a = asked__get(key);
	if (a)
		a->unseen = 0;
	return 0;
}

static __always_inline int change__ended(__u64 key)
{
	struct io_kiocb *req = (struct io_kiocb *)key;
	__s32 nr;

	if (!bpf_core_field_exists(req->cqe) || !req)
		return 0;
	nr = change__nr(BPF_CORE_READ(req, opcode));
	if (!change__wanted(nr) || !asked__get(key))
		return 0;
	change__report(nr, key, BPF_CORE_READ(req, cqe.res));
	bpf_map_delete_elem(&asked, &key);
	return 0;
}

/* The hooks' programs, and the one that they go on with. */
enum { SUBMITTED, ENDED };

SEC("raw_tp")
int change_work__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 first = ctx->args[0], second = ctx->args[1];

	PIN(first);	/* or one load of a computed place, which no verifier lets pass */
	PIN(second);
	return work__what() == SUBMITTED ? change__submitted(first) : change__ended(second);
}

static __always_inline int change__go(void *ctx, __u64 key, __u32 what)
{
	__s32 nr = change__nr(BPF_CORE_READ((struct io_kiocb *)key, opcode));

	if (!bpf_core_field_exists(((struct io_kiocb *)key)->cqe) || !key || !change__wanted(nr))
		return 0;
	return work__go(ctx, WORK_change_work__raw_tp, what, nr == NR_MKDIRAT ? EVENT_MKDIR :
			nr == NR_SETXATTR || nr == NR_FSETXATTR ? EVENT_XATTR : EVENT_TRUNCATE);
}

SEC("raw_tp/io_uring_submit_req")
int change_submit__req(struct bpf_raw_tracepoint_args *ctx)
{
	return change__go(ctx, ctx->args[0], SUBMITTED);
}

/* Before 6.3 */
SEC("raw_tp/io_uring_submit_sqe")
int change_submit__sqe(struct bpf_raw_tracepoint_args *ctx)
{
	return change__go(ctx, ctx->args[0], SUBMITTED);
}

SEC("raw_tp/io_uring_complete")
int change_complete__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return change__go(ctx, ctx->args[1], ENDED);
}
