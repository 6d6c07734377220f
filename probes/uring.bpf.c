// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * io_uring
 *
 * What a request does makes no call. Two tracepoints see each: where it is
 * submitted, with what it asks for in the kernel's own copy, and where it is
 * done, with its result. There the event is sent, as of the call that does the
 * same, in the name of the thread that submitted.
 *
 * A request that was done at once says so only at the end of the batch, and
 * the descriptor that it made may be another file's by then. So before a later
 * request of the batch can touch the table, what was done so far is reported.
 */
#include "emit.h"
#include "name.h"
#include "net.h"
#include "work.h"
#include <bpf/bpf_tracing.h>

#define AF_MAX			46
#define CQE_F_MORE		(1u << 1)
#define BATCH_EACH		16		/* squared: requests of a batch looked through for one */
#define BATCH_ARRAY		32		/* of struct io_submit_state, before 5.16 */

#define OP(n)		(1ull << (n))
#define OPS_REPORTED	(OP(IO_ACCEPT) | OP(IO_CONNECT) | OP(IO_OPENAT) | OP(IO_OPENAT2) | OP(IO_RENAMEAT) |	\
			 OP(IO_UNLINKAT) | OP(IO_SYMLINKAT) | OP(IO_LINKAT) | OP(IO_SOCKET) | OP(IO_BIND) |	\
			 OP(IO_LISTEN))
/* These take or free a descriptor, or a place in the ring's own table. */
#define OPS_OPENING	(OP(IO_ACCEPT) | OP(IO_OPENAT) | OP(IO_OPENAT2) | OP(IO_SOCKET))
#define OPS_TABLE	(OPS_OPENING | OP(IO_CLOSE) | OP(IO_FILES_UPDATE) | OP(IO_MSG_RING) | OP(IO_FIXED_FD_INSTALL))

static const struct asked asked_none = {};

/* The last request of a thread that makes a descriptor, struct io_kiocb *. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} opening SEC(".maps");

/* What a completion is known by where it does not name its request. The caller chooses it: it may be ambiguous. */
struct ring_data {
	__u64 ctx;
	__u64 data;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ASKED_MAX);
	__type(key, struct ring_data);
	__type(value, __u64);
} by_data SEC(".maps");

/* Before 5.19 a completion names no request. */
static __always_inline bool request__named(void)
{
	return bpf_core_field_exists(((struct io_kiocb *)0)->cqe);
}

/*
 * The address of a connect or bind. Before 6.10 it is only copied when the request gets to it. Since then a copy is
 * there, at first within a message header and now alone, also in stable kernels of one version. The header begins with
 * a pointer, an address with its family.
 */
static __always_inline void asked__addr(struct asked *a, struct io_kiocb *req, __u64 uaddr, __u64 len)
{
	char *copy = BPF_CORE_READ(req, async_data);
	__u16 family = 0;

	a->len[0] = SOCKADDR_MAX;
	if (!bpf_core_type_exists(struct io_async_connect) && bpf_core_field_exists(struct io_async_msghdr, addr) && copy) {
		bpf_probe_read_kernel(&family, sizeof(family), copy);
		if (!(family & 7) || family >= AF_MAX)
			copy += bpf_core_field_offset(struct io_async_msghdr, addr);
		bpf_probe_read_kernel(a->text[0], SOCKADDR_MAX, copy);
		return;
	}
	a->user = 1;
	PIN(len);
	if (len > SOCKADDR_MAX)
		return;
	PIN(len);
	bpf_probe_read_user(a->text[0], len, (void *)uaddr);
}

static __always_inline void asked__names(struct asked *a, struct io_kiocb *req, __u8 op)
{
	switch (op) {
	case IO_RENAMEAT:
		a->arg[0] = OF(io_rename, req, old_dfd);
		a->arg[2] = OF(io_rename, req, new_dfd);
		a->arg[3] = 1;
		a->arg[4] = OF(io_rename, req, flags);
		asked__text(a, (__u64)req, 0, NAME_OF(io_rename, req, oldpath));
		asked__text(a, (__u64)req, 1, NAME_OF(io_rename, req, newpath));
		break;
	case IO_LINKAT:
		a->arg[0] = OF(io_link, req, old_dfd);
		a->arg[2] = OF(io_link, req, new_dfd);
		a->arg[3] = 1;
		a->arg[4] = OF(io_link, req, flags);
		asked__text(a, (__u64)req, 0, NAME_OF(io_link, req, oldpath));
		asked__text(a, (__u64)req, 1, NAME_OF(io_link, req, newpath));
		break;
	case IO_SYMLINKAT:
		a->arg[1] = OF(io_link, req, new_dfd);
		a->arg[2] = 1;
		asked__text(a, (__u64)req, 0, NAME_OF(io_link, req, oldpath));
		asked__text(a, (__u64)req, 1, NAME_OF(io_link, req, newpath));
		break;
	case IO_UNLINKAT:
		a->arg[0] = OF(io_unlink, req, dfd);
		a->arg[2] = OF(io_unlink, req, flags);
		asked__text(a, (__u64)req, 0, NAME_OF(io_unlink, req, filename));
		break;
	}
}

/* The descriptor that a request works on: none where that lies in the ring's own table. */
static __always_inline __s32 request__fd(struct io_kiocb *req)
{
	if (!request__named() || BPF_CORE_READ(req, flags) & SQE_FIXED_FILE)
		return -1;
	return BPF_CORE_READ(req, cqe.fd);
}

static __always_inline void asked__sockets(struct asked *a, struct io_kiocb *req, __u8 op)
{
	if (op == IO_SOCKET) {
		a->arg[0] = OF(io_socket, req, domain);
		a->arg[1] = OF(io_socket, req, type);
		a->arg[2] = OF(io_socket, req, protocol);
		a->slot = OF(io_socket, req, file_slot);
		return;
	}
	a->arg[0] = request__fd(req);
	if (op == IO_ACCEPT) {
		a->arg[3] = OF(io_accept, req, flags);
		a->slot = OF(io_accept, req, file_slot);
	} else if (op == IO_LISTEN) {
		a->arg[1] = OF(io_listen, req, backlog);
	} else if (op == IO_CONNECT) {
		a->arg[1] = 1;	/* there is an address */
		a->arg[2] = OF(io_connect, req, addr_len);
		asked__addr(a, req, (__u64)OF(io_connect, req, addr), a->arg[2]);
	} else if (op == IO_BIND) {
		a->arg[1] = 1;
		a->arg[2] = OF(io_bind, req, addr_len);
		asked__addr(a, req, 0, a->arg[2]);
	}
}

static __always_inline void asked__fill(struct asked *a, struct io_kiocb *req, __u8 op)
{
	if (op == IO_OPENAT || op == IO_OPENAT2) {
		a->arg[0] = OF(io_open, req, dfd);
		a->arg[2] = OF(io_open, req, how.flags);
		a->arg[3] = OF(io_open, req, how.mode);
		a->arg[4] = OF(io_open, req, how.resolve);
		a->slot = OF(io_open, req, file_slot);
		asked__text(a, (__u64)req, 0, NAME_OF(io_open, req, filename));
	} else if (op >= IO_RENAMEAT && op <= IO_LINKAT) {
		asked__names(a, req, op);
	} else {
		asked__sockets(a, req, op);
	}
}

static __always_inline void request__report(__u64 via, __u8 op, __s64 ret)
{
	switch (op) {
	case IO_OPENAT:
	case IO_OPENAT2:
		if (open__wanted(op__nr(op), via, ret))
			open__entry(op__nr(op), via, ret);
		break;
	case IO_RENAMEAT:
		rename__emit(op__nr(op), via, ret);
		break;
	case IO_UNLINKAT:
		unlink__emit(op__nr(op), via, ret);
		break;
	case IO_LINKAT:
		link__emit(op__nr(op), via, ret);
		break;
	case IO_SYMLINKAT:
		symlink__emit(op__nr(op), via, ret);
		break;
	case IO_SOCKET:
		socket__emit(via, ret);
		break;
	case IO_CONNECT:
		connect__emit(via, ret);
		break;
	case IO_BIND:
		bind__emit(via, ret);
		break;
	case IO_LISTEN:
		listen__serves(via, ret);
		listen__emit(via, ret);
		break;
	case IO_ACCEPT:
		accept__serves(via, ret);
		accept__emit(NR_ACCEPT4, via, ret);
		break;
	}
}

/* Is the request among those that were done at once and wait for the end of the batch? */
__weak __attribute__((noinline)) __u64 batch__look(__u64 first, __u64 wanted)
{
	struct io_wq_work_node *n = (void *)first;
	int i;

	for (i = 0; i < BATCH_EACH && n; i++) {
		if ((__u64)n == wanted)
			return wanted;
		n = BPF_CORE_READ(n, next);
	}
	return (__u64)n;
}

/* Before 5.16 they stand in an array. */
__weak __attribute__((noinline)) int batch__holds(__u64 ring, __u64 wanted)
{
	struct io_ring_ctx___array *ctx = (void *)ring;
	__u64 at, one;
	__u32 i, n;

	if (!bpf_core_field_exists(((struct io_submit_state___array *)0)->compl_nr))
		return 0;
	n = BPF_CORE_READ(ctx, submit_state.compl_nr);
	at = ring + bpf_core_field_offset(struct io_ring_ctx___array, submit_state.compl_reqs);
	for (i = 0; i < BATCH_ARRAY; i++) {
		if (i >= n)
			return 0;
		one = 0;
		bpf_probe_read_kernel(&one, sizeof(one), (void *)(at + i * sizeof(one)));
		if (one == wanted)
			return 1;
	}
	return 0;
}

/* A batch too long to be looked through has done what it began with. */
static __always_inline bool request__done(struct io_kiocb *req)
{
	__u64 wanted = (__u64)__builtin_preserve_access_index(&req->comp_list), n;
	struct io_ring_ctx *ctx = BPF_CORE_READ(req, ctx);
	int i;

	if (bpf_core_field_exists(((struct io_submit_state___array *)0)->compl_nr))
		return batch__holds((__u64)ctx, (__u64)req);
	if (!bpf_core_field_exists(ctx->submit_state.compl_reqs))
		return false;
	n = (__u64)BPF_CORE_READ(ctx, submit_state.compl_reqs.first);
	for (i = 0; i < BATCH_EACH && n && n != wanted; i++)
		n = batch__look(n, wanted);
	return n;
}

static __always_inline __s32 request__result(struct io_kiocb *req)
{
	return request__named() ? BPF_CORE_READ(req, cqe.res) : (__s32)BPF_CORE_READ((struct io_kiocb___task *)req, result);
}

/* Report what the thread's last request has made, before a descriptor can mean something else. */
static __always_inline void opening__settle(__u32 tid)
{
	__u64 *last = bpf_map_lookup_elem(&opening, &tid), req;
	struct asked *a;

	if (!last || !*last)
		return;
	req = *last;
	a = asked__get(req);
	if (!a || a->done) {
		*last = 0;
		return;
	}
	if (!request__done((void *)req))
		return;
	*last = 0;
	a->done = 1;
	request__report(req, BPF_CORE_READ((struct io_kiocb *)req, opcode), request__result((void *)req));
}

/* For completions that do not name their request. */
static __always_inline void by_data__note(struct io_kiocb *req)
{
	struct ring_data key = { .ctx = (__u64)BPF_CORE_READ(req, ctx) };
	__u64 value = (__u64)req;

	if (request__named())
		key.data = BPF_CORE_READ(req, cqe.user_data);
	else
		key.data = BPF_CORE_READ((struct io_kiocb___task *)req, user_data);
	bpf_map_update_elem(&by_data, &key, &value, BPF_ANY);
}

/* Keeps what was asked. On its own: what reports the request has little stack left below its caller's. 0 when there is no room. */
__weak __attribute__((noinline)) int request__note(__u64 key, __u32 op)
{
	struct io_kiocb *req = (void *)key;
	__u32 tid = bpf_get_current_pid_tgid();
	struct asked *a;

	bpf_map_update_elem(&asked, &key, &asked_none, BPF_ANY);
	sights__forget(key);
	a = asked__get(key);
	if (!a)
		return 0;
	asked__fill(a, req, op);
	if (!request__named() || op == IO_ACCEPT)
		by_data__note(req);
	if (OPS_OPENING >> op & 1)
		bpf_map_update_elem(&opening, &tid, &key, BPF_ANY);
	return 1;
}

static __always_inline int request__submitted(struct io_kiocb *req)
{
	__u8 op = BPF_CORE_READ(req, opcode) & 63;
	struct wire_control *c = control__get();
	__u64 key = (__u64)req;
	struct asked *a;

	if (!(OPS_TABLE >> op & 1) && !(OPS_REPORTED >> op & 1))
		return 0;
	if (OPS_TABLE >> op & 1)
		opening__settle(bpf_get_current_pid_tgid());
	if (!(OPS_REPORTED >> op & 1) || !c || !control__wants(c, op__call(op)))
		return 0;
	way__report(WAY_REQUEST);
	if (!request__note(key, op))
		return 0;
	if (BPF_CORE_READ(req, flags) & SQE_CQE_SKIP_SUCCESS) {
		/* nothing will say that it succeeded: take it for that, by what was asked */
		a = asked__get(key);
		if (!a)
			return 0;
		a->unseen = 1;
		request__report(key, op, 0);
		a->unseen = 0;
	}
	return 0;
}

static __always_inline int request__completed(struct io_kiocb *req, __s64 ret)
{
	__u8 op = BPF_CORE_READ(req, opcode) & 63;
	struct wire_control *c = control__get();
	__u64 key = (__u64)req;
	struct asked *a;

	if (!(OPS_REPORTED >> op & 1) || !c || !control__wants(c, op__call(op)))
		return 0;
	a = asked__get(key);
	if (!a || !a->done)
		request__report(key, op, ret);
	bpf_map_delete_elem(&asked, &key);
	return 0;
}

/*
 * Before 5.19 by what the caller called it; since then only one of the many results of an accept. The last result takes the
 * name away: the next to bear it may fail before it is submitted.
 */
__weak __attribute__((noinline)) __u64 by_data__find(__u64 ctx, __u64 data, __u32 last)
{
	struct ring_data key = { .ctx = ctx, .data = data };
	__u64 *req = bpf_map_lookup_elem(&by_data, &key), found = req ? *req : 0;

	if (found && last)
		bpf_map_delete_elem(&by_data, &key);
	return found;
}

/* An accept that goes on; some kernels hand out no more than a number here. */
__weak __attribute__((noinline)) int accept__goes_on(__u64 ring, __u64 result)
{
	struct io_uring_cqe cqe = {};
	struct asked *a;
	__u64 req;

	if (bpf_probe_read_kernel(&cqe, sizeof(cqe), (void *)result) || !(cqe.flags & CQE_F_MORE) || cqe.res < 0)
		return 0;
	req = by_data__find(ring, cqe.user_data, false);
	a = req ? asked__get(req) : NULL;
	if (a && BPF_CORE_READ((struct io_kiocb *)req, opcode) == IO_ACCEPT && file__sock(entry__made(req, cqe.res))) {
		accept__serves(req, cqe.res);
		accept__emit(NR_ACCEPT4, req, cqe.res);
	}
	return 0;
}

static __always_inline int request__ended(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *req = (void *)ctx->args[1];

	if (!request__named()) {
		req = (void *)by_data__find(ctx->args[0], ctx->args[1], true);
		return req ? request__completed(req, (__s32)ctx->args[2]) : 0;
	}
	if (req)
		return request__completed(req, BPF_CORE_READ(req, cqe.res));
	return accept__goes_on(ctx->args[0], ctx->args[2]);
}

/* The hooks' programs, and the one that they go on with. */
enum { SUBMITTED_FIRST, SUBMITTED_SECOND, ENDED };

SEC("raw_tp")
int uring_work__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 first = ctx->args[0], second = ctx->args[1];
	__u32 what = work__what();

	PIN(first);	/* or one load of a computed place, which no verifier lets pass */
	PIN(second);
	if (what == ENDED)
		return request__ended(ctx);
	if (what <= SUBMITTED_SECOND)
		return request__submitted((struct io_kiocb *)(what == SUBMITTED_FIRST ? first : second));
	return 0;
}

static __always_inline __u32 op__type(__u8 op)
{
	switch (op) {
	case IO_ACCEPT:		return EVENT_ACCEPT;
	case IO_CONNECT:	return EVENT_CONNECT;
	case IO_RENAMEAT:	return EVENT_RENAME;
	case IO_UNLINKAT:	return EVENT_UNLINK;
	case IO_SYMLINKAT:	return EVENT_SYMLINK;
	case IO_LINKAT:		return EVENT_LINK;
	case IO_SOCKET:		return EVENT_SOCKET;
	case IO_BIND:		return EVENT_BIND;
	case IO_LISTEN:		return EVENT_LISTEN;
	}
	return EVENT_OPEN;
}

static __always_inline int request__go(void *ctx, struct io_kiocb *req, __u64 ops, __u32 what)
{
	__u8 op = BPF_CORE_READ(req, opcode) & 63;

	return ops >> op & 1 ? work__go(ctx, WORK_uring_work__raw_tp, what, op__type(op)) : 0;
}

SEC("raw_tp/io_uring_submit_req")
int uring_submit__req(struct bpf_raw_tracepoint_args *ctx)
{
	return request__go(ctx, (struct io_kiocb *)ctx->args[0], OPS_TABLE | OPS_REPORTED, SUBMITTED_FIRST);
}

/* Before 6.3: the request comes first since 6.0, before that the ring. */
SEC("raw_tp/io_uring_submit_sqe")
int uring_submit__sqe(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 first = ctx->args[0], second = ctx->args[1];

	PIN(first);
	PIN(second);
	return request__go(ctx, (struct io_kiocb *)(request__named() ? first : second), OPS_TABLE | OPS_REPORTED,
			   request__named() ? SUBMITTED_FIRST : SUBMITTED_SECOND);
}

SEC("raw_tp/io_uring_complete")
int uring_complete__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *req = (void *)ctx->args[1];

	if (request__named() && req)
		return request__go(ctx, req, OPS_REPORTED, ENDED);
	return work__go(ctx, WORK_uring_work__raw_tp, ENDED, EVENT_ACCEPT);
}
