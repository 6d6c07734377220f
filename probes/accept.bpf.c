// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Accept
 *
 * A connection was accepted: both ends from the new socket. When it failed
 * there is none, and the listener says what can be said. The DNS probes need
 * to know who accepted on port 53.
 */
#include "dns.h"

static __always_inline void accept__socket(struct wire_accept *r, struct sock *sk)
{
	r->family = sock__family(sk);
	r->type = sock__type(sk);
	r->protocol = sock__protocol(sk);
	net__ends(sk, &r->local, &r->peer);
	if (r->family == AF_UNIX)
		record__unix_sock(&r->hdr, &r->path, sk);
}

SEC("tracepoint")
int accepts__exit(struct sys_exit *ctx)
{
	__u16 call = (__s32)ctx->nr == NR_ACCEPT4 ? CALL_ACCEPT4 : CALL_ACCEPT;
	struct wire_accept *r;
	struct pt_regs *regs;
	struct sock *sk;

	if (ctx->ret >= 0 && owner__wanted())
		owner__serves(ctx->ret, false);
	if (!net__wanted(EVENT_ACCEPT, call, ctx->ret < 0))
		return 0;
	r = record__new(EVENT_ACCEPT, call, sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->listenfd = task__arg(regs, 1);
	r->flags = call == CALL_ACCEPT4 ? task__arg(regs, 4) : 0;
	sk = fd__sock(ctx->ret < 0 ? r->listenfd : (int)ctx->ret);
	if (sk)
		accept__socket(r, sk);
	return record__send(&r->hdr, net__res(ctx->ret));
}
