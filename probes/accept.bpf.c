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

/* Beside accept__emit(), not from it: both need much of the stack. */
__weak __attribute__((noinline)) int accept__serves(__u64 via, __s64 ret)
{
	if (ret < 0 || !owner__wanted())
		return 0;
	return owner__serves(file__sock(entry__made(via, ret)), false);
}

__weak __attribute__((noinline)) int accept__emit(__s32 nr, __u64 via, __s64 ret)
{
	__u16 call = nr == NR_ACCEPT4 ? CALL_ACCEPT4 : CALL_ACCEPT;
	struct wire_accept *r;
	struct sock *sk;

	if (!entry__wanted_as(via, EVENT_ACCEPT, call, ret < 0, ~0u))
		return 0;
	r = entry__new(via, EVENT_ACCEPT, call, sizeof(*r));
	if (!r)
		return 0;
	r->listenfd = entry__arg(via, 1);
	r->flags = call == CALL_ACCEPT4 ? entry__arg(via, 4) : 0;
	sk = ret < 0 ? entry__sock(via, r->listenfd) : file__sock(entry__made(via, ret));
	if (sk)
		accept__socket(r, sk);
	return record__send_kind(&r->hdr, net__res(ret), ret < 0, kind__sock(r->family, r->type, r->protocol, &r->peer, &r->local));
}

SEC("tracepoint")
int accepts__exit(struct sys_exit *ctx)
{
	accept__serves(VIA_CALL, ctx->ret);
	return accept__emit(ctx->nr, VIA_CALL, ctx->ret);
}
