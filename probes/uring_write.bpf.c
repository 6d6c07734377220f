// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes by io_uring
 *
 * Requests that write to a file or copy into one, reported as of the call that
 * does the same, where they are done: the request still has its file then.
 * Only one that is to be silent about its success is told where it is
 * submitted, as having succeeded. Before 5.19 a completion names no request.
 */
#include "entry.h"
#include "nr.h"
#include "write.h"
#include <bpf/bpf_tracing.h>

enum { IO_WRITEV = 2, IO_WRITE_FIXED = 5, IO_WRITE = 23, IO_SPLICE = 30, IO_WRITEV_FIXED = 61 };

#define SPLICE_FD_FIXED		(1u << 31)	/* the source lies in the ring's own table */

static const struct asked uwrite_none = {};

/* In struct asked of these: */
enum { UWRITE_FD, UWRITE_FD_IN, UWRITE_LEN, UWRITE_CALL };

/* A write at the file's own place is another call than one at a place that is given. */
static __always_inline __u32 uwrite__call(struct io_kiocb *req)
{
	__u8 op = BPF_CORE_READ(req, opcode);
	bool own;

	if (op == IO_SPLICE)
		return CALL_SPLICE;
	if (op != IO_WRITE && op != IO_WRITE_FIXED && op != IO_WRITEV && op != IO_WRITEV_FIXED)
		return CALL_NONE;
	own = BPF_CORE_READ((struct io_rw *)req, kiocb.ki_pos) == -1;
	if (op == IO_WRITE || op == IO_WRITE_FIXED)
		return own ? CALL_WRITE : CALL_PWRITE64;
	return own ? CALL_WRITEV : CALL_PWRITEV;
}

static __always_inline bool uwrite__wanted(__u32 call)
{
	struct wire_control *c = control__get();

	return call != CALL_NONE && c && control__wants(c, call);
}

/* Keeps what was asked: where it is done, its descriptor and its place are not there any more. */
static __always_inline struct asked *uwrite__note(__u64 key, __u32 call)
{
	struct io_kiocb *req = (void *)key;
	struct io_splice *splice = (void *)key;
	struct asked *a;

	bpf_map_update_elem(&asked, &key, &uwrite_none, BPF_ANY);
	a = asked__get(key);
	if (!a)
		return NULL;
	a->arg[UWRITE_FD] = BPF_CORE_READ(req, flags) & SQE_FIXED_FILE ? -1 : BPF_CORE_READ(req, cqe.fd);
	a->arg[UWRITE_CALL] = call;
	if (call == CALL_SPLICE) {
		a->arg[UWRITE_FD_IN] = BPF_CORE_READ(splice, flags) & SPLICE_FD_FIXED ? -1 : BPF_CORE_READ(splice, splice_fd_in);
		a->arg[UWRITE_LEN] = BPF_CORE_READ(splice, len);
	} else {
		a->arg[UWRITE_LEN] = BPF_CORE_READ((struct io_rw *)req, len);
	}
	a->unseen = !!(BPF_CORE_READ(req, flags) & SQE_CQE_SKIP_SUCCESS);
	return a;
}

/* The file that a request writes to: when it is submitted it may not have it yet. */
static __always_inline struct file *uwrite__to(struct io_kiocb *req, const struct asked *a)
{
	__s32 fd = a->arg[UWRITE_FD];

	if (!a->unseen)
		return BPF_CORE_READ(req, file);
	return fd < 0 ? NULL : fd__file(request__task(req), fd);
}

static __always_inline struct file *uwrite__from(struct io_kiocb *req, const struct asked *a)
{
	__s32 fd = a->arg[UWRITE_FD_IN];

	if (fd >= 0)
		return fd__file(request__task(req), fd);
	return ring__file(BPF_CORE_READ(req, ctx), BPF_CORE_READ((struct io_splice *)req, splice_fd_in));
}

__weak __attribute__((noinline)) int uwrite__copy(__u64 key, __s64 ret)
{
	struct io_kiocb *req = (void *)key;
	struct asked *a = asked__get(key);
	struct wire_copy *r;

	if (!bpf_core_field_exists(req->cqe) || !a || !entry__wanted_as(key, EVENT_COPY, CALL_SPLICE, ret < 0, ~0u))
		return 0;
	r = entry__new(key, EVENT_COPY, CALL_SPLICE, sizeof(*r));
	if (!r)
		return 0;
	r->fd_out = a->arg[UWRITE_FD];
	r->fd_in = a->arg[UWRITE_FD_IN];
	r->len = a->arg[UWRITE_LEN];
	copy__files(r, uwrite__from(req, a), uwrite__to(req, a));
	return record__send(&r->hdr, ret);
}

__weak __attribute__((noinline)) int uwrite__write(__u64 key, __s64 ret)
{
	struct io_kiocb *req = (void *)key;
	struct asked *a = asked__get(key);
	struct wire_write *r;
	__u32 call;

	if (!bpf_core_field_exists(req->cqe) || !a)
		return 0;
	call = a->arg[UWRITE_CALL];
	if (!entry__wanted_as(key, EVENT_WRITE, call, ret < 0, ~0u))
		return 0;
	r = entry__new(key, EVENT_WRITE, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd = a->arg[UWRITE_FD];
	r->size = a->arg[UWRITE_LEN];
	write__file(r, uwrite__to(req, a));
	return record__send(&r->hdr, ret);
}

static __always_inline void uwrite__report(__u64 key, __u32 call, __s64 ret)
{
	if (call == CALL_SPLICE)
		uwrite__copy(key, ret);
	else
		uwrite__write(key, ret);
}

static __always_inline int uwrite__submitted(__u64 key)
{
	__u32 call;
	struct asked *a;

	if (!bpf_core_field_exists(((struct io_kiocb *)key)->cqe))
		return 0;
	call = uwrite__call((void *)key);
	if (!uwrite__wanted(call))
		return 0;
	way__report(WAY_REQUEST);
	a = uwrite__note(key, call);
	if (!a || !a->unseen)
		return 0;
	uwrite__report(key, call, 0);
	a->unseen = 0;
	return 0;
}

SEC("raw_tp/io_uring_submit_req")
int uwrite_submit__req(struct bpf_raw_tracepoint_args *ctx)
{
	return uwrite__submitted(ctx->args[0]);
}

/* Before 6.3 */
SEC("raw_tp/io_uring_submit_sqe")
int uwrite_submit__sqe(struct bpf_raw_tracepoint_args *ctx)
{
	return uwrite__submitted(ctx->args[0]);
}

SEC("raw_tp/io_uring_complete")
int uwrite_complete__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *req = (struct io_kiocb *)ctx->args[1];
	__u64 key = (__u64)req;
	struct asked *a;

	if (!bpf_core_field_exists(req->cqe) || !req || uwrite__call(req) == CALL_NONE)
		return 0;
	a = asked__get(key);
	if (!a)
		return 0;	/* no rule asks for it */
	uwrite__report(key, a->arg[UWRITE_CALL], BPF_CORE_READ(req, cqe.res));
	bpf_map_delete_elem(&asked, &key);
	return 0;
}
