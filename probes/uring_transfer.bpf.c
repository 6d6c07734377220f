// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Transfers by io_uring
 *
 * Requests that send or receive, reported as of the call that does the same.
 * Programs of their own beside those of uring.bpf.c: they are loaded only with
 * rules that ask for what is sent. A completion that does not name its request
 * (before 5.19, and each but the last of a receive that goes on) is not seen.
 */
#include "emit.h"
#include "net.h"
#include "nr.h"
#include <bpf/bpf_tracing.h>

enum { IO_SENDMSG = 9, IO_RECVMSG, IO_SEND = 26, IO_RECV, IO_SEND_ZC = 47, IO_SENDMSG_ZC };

static const struct asked transfer_none = {};

static __always_inline __s32 transfer__nr(__u8 op)
{
	switch (op) {
	case IO_SEND:
	case IO_SEND_ZC:	return NR_SENDTO;
	case IO_SENDMSG:
	case IO_SENDMSG_ZC:	return NR_SENDMSG;
	case IO_RECV:		return NR_RECVFROM;
	case IO_RECVMSG:	return NR_RECVMSG;
	}
	return -1;
}

static __always_inline bool transfer__wanted(__s32 nr)
{
	struct wire_control *c = control__get();

	if (nr < 0 || !c)
		return false;
	return control__wants(c, nr == NR_SENDTO ? CALL_SENDTO : nr == NR_SENDMSG ? CALL_SENDMSG :
				 nr == NR_RECVFROM ? CALL_RECVFROM : CALL_RECVMSG);
}

/* The address it sends to: the kernel's copy where there is one, since 6.10, else the caller's memory. */
static __always_inline void transfer__to(struct asked *a, struct io_kiocb *req, __s32 nr)
{
	struct io_async_msghdr *copy = BPF_CORE_READ(req, async_data);
	__u64 name = 0;

	a->len[0] = SOCKADDR_MAX;
	if (!bpf_core_type_exists(struct io_async_connect) && bpf_core_field_exists(copy->msg) && copy) {
		a->arg[4] = !!BPF_CORE_READ(copy, msg.msg_name);
		a->len[1] = BPF_CORE_READ(copy, msg.msg_namelen);
		if (a->arg[4])
			bpf_probe_read_kernel(a->text[0], SOCKADDR_MAX, __builtin_preserve_access_index(&copy->addr));
		return;
	}
	if (nr != NR_SENDMSG || bpf_probe_read_user(&name, sizeof(name), (void *)a->arg[1]) || !name)
		return;
	a->user = 1;
	a->arg[4] = 1;
	bpf_probe_read_user(a->text[0], SOCKADDR_MAX, (void *)name);
}

/* Keeps what was asked. On its own, as request__note(). 1 when nothing will say that it succeeded. */
__weak __attribute__((noinline)) int transfer__note(__u64 key, __s32 nr)
{
	struct io_kiocb *req = (void *)key;
	struct io_sr_msg *m = (void *)key;
	bool message = nr == NR_SENDMSG || nr == NR_RECVMSG;
	struct asked *a;

	if (!bpf_core_field_exists(req->cqe))	/* kernels before 6.8 verify it also where nobody calls it */
		return 0;
	bpf_map_update_elem(&asked, &key, &transfer_none, BPF_ANY);
	a = asked__get(key);
	if (!a)
		return 0;
	a->arg[0] = BPF_CORE_READ(req, flags) & SQE_FIXED_FILE ? -1 : BPF_CORE_READ(req, cqe.fd);
	a->arg[1] = (__u64)BPF_CORE_READ(m, buf);
	a->arg[2] = message ? BPF_CORE_READ(m, msg_flags) : (__u32)BPF_CORE_READ(m, len);
	a->arg[3] = message ? 0 : BPF_CORE_READ(m, msg_flags);
	if (nr == NR_SENDTO || nr == NR_SENDMSG)
		transfer__to(a, req, nr);
	return !!(BPF_CORE_READ(req, flags) & SQE_CQE_SKIP_SUCCESS);
}

static __always_inline int transfer__submitted(__u64 key)
{
	__s32 nr = transfer__nr(BPF_CORE_READ((struct io_kiocb *)key, opcode));

	if (!bpf_core_field_exists(((struct io_kiocb *)key)->cqe) || !transfer__wanted(nr))
		return 0;
	if (transfer__note(key, nr))
		transfer__emit(nr, key, 0);
	return 0;
}

SEC("raw_tp/io_uring_submit_req")
int transfer_submit__req(struct bpf_raw_tracepoint_args *ctx)
{
	return transfer__submitted(ctx->args[0]);
}

/* Before 6.3 */
SEC("raw_tp/io_uring_submit_sqe")
int transfer_submit__sqe(struct bpf_raw_tracepoint_args *ctx)
{
	return transfer__submitted(ctx->args[0]);
}

SEC("raw_tp/io_uring_complete")
int transfer_complete__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	struct io_kiocb *req = (struct io_kiocb *)ctx->args[1];
	struct asked *a;
	__u64 key;
	__s32 nr;

	if (!bpf_core_field_exists(req->cqe) || !req)
		return 0;
	nr = transfer__nr(BPF_CORE_READ(req, opcode));
	if (!transfer__wanted(nr))
		return 0;
	key = (__u64)req;
	a = asked__get(key);
	if (!a)
		return 0;
	transfer__emit(nr, key, BPF_CORE_READ(req, cqe.res));
	bpf_map_delete_elem(&asked, &key);
	return 0;
}
