// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Sockets
 *
 * socket, connect, bind and listen, at the call's return: the addresses are
 * those the kernel keeps in the socket, whatever the caller's memory says by
 * then. A connect that was refused has forgotten its addresses at that point,
 * so they are kept from the moment the first SYN was about to go. There too a
 * connection is seen that no connect call makes: one of io_uring, of a 32-bit
 * entry, of TCP fast open.
 */
#include "dns.h"
#include <bpf/bpf_tracing.h>

#define CONNECTING_MAX 1024

/* A TCP connection as it was at SYN_SENT, by thread: taken out by the connect that made it. */
struct connecting {
	__u64 sk;	/* 0: taken */
	struct wire_addr local, peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTING_MAX);
	__type(key, __u32);
	__type(value, struct connecting);
} connecting SEC(".maps");

SEC("tracepoint/syscalls/sys_exit_socket")
int socket__exit(struct sys_exit *ctx)
{
	struct wire_socket *r;
	struct pt_regs *regs;

	if (!net__wanted(EVENT_SOCKET, CALL_SOCKET, ctx->ret < 0))
		return 0;
	r = record__new(EVENT_SOCKET, CALL_SOCKET, sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->domain = task__arg(regs, 1);
	r->type = task__arg(regs, 2);
	r->protocol = task__arg(regs, 3);
	return record__send(&r->hdr, ctx->ret);
}

/* The current thread is in connect(2), whose return reports. */
static __always_inline bool connect__called(struct task_struct *t)
{
	return !(BPF_CORE_READ(t, flags) & PF_IO_WORKER) && !task__compat(t) && task__nr(task__regs()) == NR_CONNECT;
}

/* A connection that begins in another call. What becomes of it is not known yet: in progress, as the call would say. */
static __always_inline int connect__other(struct task_struct *t, struct sock *sk)
{
	struct wire_connect *r = record__new(EVENT_CONNECT, CALL_CONNECT, sizeof(*r));

	if (!r)
		return 0;
	if (task__compat(t))
		r->hdr.flags |= WIRE_COMPAT;
	else if (BPF_CORE_READ(t, flags) & PF_IO_WORKER || task__nr(task__regs()) == NR_IO_URING_ENTER)
		r->hdr.flags |= WIRE_IO_URING;
	r->fd = -1;
	r->family = sock__family(sk);
	r->type = sock__type(sk);
	r->protocol = sock__protocol(sk);
	net__ends(sk, &r->local, &r->peer);
	return record__send(&r->hdr, -EINPROGRESS);
}

/*
 * Here the peer and the local address are chosen, the local port is not yet. A call that succeeds finds them in the
 * socket later: they are kept for one that fails.
 */
static __always_inline int connect__syn(struct sock *sk, int state)
{
	struct connecting fresh = {}, *known;
	struct task_struct *t;
	struct wire_control *c;
	__u32 tid;

	if (state != TCP_SYN_SENT)
		return 0;
	t = task__current();
	c = control__get();
	if (!c || !control__wants(c, CALL_CONNECT) || BPF_CORE_READ(t, flags) & PF_KTHREAD)
		return 0;
	if (!connect__called(t))
		return connect__other(t, sk);
	if (!(c->want & WANT_FAILED))
		return 0;
	fresh.sk = (__u64)sk;
	net__ends(sk, &fresh.local, &fresh.peer);
	tid = bpf_get_current_pid_tgid();
	known = bpf_map_lookup_elem(&connecting, &tid);
	if (known)
		*known = fresh;
	else
		bpf_map_update_elem(&connecting, &tid, &fresh, BPF_ANY);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connect_state__tp_btf, struct sock *sk, int from, int to)
{
	return connect__syn(sk, to);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(connect_state__raw_tp, struct sock *sk, int from, int to)
{
	return connect__syn(sk, to);
}

/* The addresses of a TCP connect that ended: what the first SYN bore. Its port was taken after that. */
static __always_inline void connect__recall(struct wire_connect *r, struct sock *sk)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct connecting *was = bpf_map_lookup_elem(&connecting, &tid);

	if (!was || was->sk != (__u64)sk)
		return;
	r->local = was->local;
	r->peer = was->peer;
	r->local.port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	was->sk = 0;
}

static __always_inline void connect__inet(struct wire_connect *r, struct sock *sk, bool failed, const void *uaddr,
					  __u32 len)
{
	if (failed && r->protocol == IPPROTO_TCP)
		connect__recall(r, sk);
	if (!r->peer.family)
		net__ends(sk, &r->local, &r->peer);
	if (!r->peer.family)
		net__asked(&r->hdr, &r->peer, uaddr, len);
}

SEC("tracepoint/syscalls/sys_exit_connect")
int connect__exit(struct sys_exit *ctx)
{
	/* in progress, or interrupted while it was: the SYN is on its way */
	bool failed = ctx->ret < 0 && ctx->ret != -EINPROGRESS && ctx->ret != -ERESTARTSYS;
	struct wire_connect *r;
	struct pt_regs *regs;
	struct sock *sk;
	void *uaddr;
	__u32 len;

	if (!net__wanted(EVENT_CONNECT, CALL_CONNECT, failed))
		return 0;
	r = record__new(EVENT_CONNECT, CALL_CONNECT, sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->fd = task__arg(regs, 1);
	uaddr = (void *)task__arg(regs, 2);
	len = task__arg(regs, 3);
	sk = fd__sock(r->fd);
	if (!sk) {
		net__asked(&r->hdr, &r->peer, uaddr, len);
		return record__send(&r->hdr, net__res(ctx->ret));
	}
	r->family = sock__family(sk);
	r->type = sock__type(sk);
	r->protocol = sock__protocol(sk);
	if (r->family == AF_INET || r->family == AF_INET6)
		connect__inet(r, sk, failed, uaddr, len);
	else if (r->family == AF_UNIX && !record__unix_sock(&r->hdr, &r->path, unix__peer(sk)))
		net__asked_path(&r->hdr, &r->path, uaddr, len);
	return record__send(&r->hdr, net__res(ctx->ret));
}

SEC("tracepoint/syscalls/sys_exit_bind")
int bind__exit(struct sys_exit *ctx)
{
	struct wire_addr none = {};
	struct wire_bind *r;
	struct pt_regs *regs;
	struct sock *sk;
	void *uaddr;
	__u32 len;

	if (!net__wanted(EVENT_BIND, CALL_BIND, ctx->ret < 0))
		return 0;
	r = record__new(EVENT_BIND, CALL_BIND, sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->fd = task__arg(regs, 1);
	uaddr = (void *)task__arg(regs, 2);
	len = task__arg(regs, 3);
	sk = fd__sock(r->fd);
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		r->protocol = sock__protocol(sk);
	}
	if (ctx->ret < 0 || !sk) {
		if (r->family == AF_UNIX)
			net__asked_path(&r->hdr, &r->path, uaddr, len);
		else
			net__asked(&r->hdr, &r->local, uaddr, len);
	} else if (r->family == AF_UNIX) {
		record__unix_sock(&r->hdr, &r->path, sk);
	} else {
		net__ends(sk, &r->local, &none);
	}
	return record__send(&r->hdr, ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_listen")
int listen__exit(struct sys_exit *ctx)
{
	struct wire_addr none = {};
	struct wire_listen *r;
	struct pt_regs *regs = task__regs();
	struct sock *sk;

	if (!ctx->ret && owner__wanted())
		owner__serves(task__arg(regs, 1), true);
	if (!net__wanted(EVENT_LISTEN, CALL_LISTEN, ctx->ret < 0))
		return 0;
	r = record__new(EVENT_LISTEN, CALL_LISTEN, sizeof(*r));
	if (!r)
		return 0;
	r->fd = task__arg(regs, 1);
	r->backlog = task__arg(regs, 2);
	sk = fd__sock(r->fd);
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		net__ends(sk, &r->local, &none);
		if (r->family == AF_UNIX)
			record__unix_sock(&r->hdr, &r->path, sk);
	}
	return record__send(&r->hdr, ctx->ret);
}
