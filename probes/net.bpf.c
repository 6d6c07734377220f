// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Sockets
 *
 * socket, connect, bind and listen, at the call's return: the addresses are
 * those the kernel keeps in the socket, whatever the caller's memory says by
 * then. A connect that was refused has forgotten its addresses at that point,
 * so they are kept from the moment the first SYN was about to go. There too a
 * connection is seen that no connect call makes: one of TCP fast open, and
 * where the programs for those are not at work, of io_uring or a 32-bit entry.
 */
#include "dns.h"
#include "entered.h"
#include <bpf/bpf_tracing.h>

#define CONNECTING_MAX 1024

/* A TCP connection as it was at SYN_SENT, by thread, or by socket for a request of io_uring. */
struct connecting {
	__u64 sk;	/* 0: taken out by the connect that made it */
	struct wire_addr local, peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTING_MAX);
	__type(key, __u64);
	__type(value, struct connecting);
} connecting SEC(".maps");

#define ARG(n) entry__arg(via, n)

__weak __attribute__((noinline)) int socket__emit(__u64 via, __s64 ret)
{
	struct wire_socket *r;
	__u32 domain, type;

	domain = ARG(1);
	type = ARG(2);
	if (!entry__wanted_as(via, EVENT_SOCKET, CALL_SOCKET, ret < 0, 1u << kind__socket(domain, type)))
		return 0;
	r = entry__new(via, EVENT_SOCKET, CALL_SOCKET, sizeof(*r));
	if (!r)
		return 0;
	r->domain = domain;
	r->type = type;
	r->protocol = ARG(3);
	return record__send(&r->hdr, ret);
}

SEC("tracepoint/syscalls/sys_exit_socket")
int socket__exit(struct sys_exit *ctx)
{
	return socket__emit(VIA_CALL, ctx->ret);
}

/*
 * The two descriptors are where the caller wanted them: his memory. Those that are not the two ends of one another were
 * put there since, and are none.
 */
static __always_inline void socketpair__fds(struct wire_socketpair *r, __u64 via, __u64 uaddr)
{
	struct sock *first, *second;
	__s32 fd[2];

	r->fd1 = r->fd2 = -1;
	if (bpf_probe_read_user(fd, sizeof(fd), (void *)uaddr)) {
		r->hdr.flags |= WIRE_UNREADABLE;
		return;
	}
	first = entry__sock(via, fd[0]);
	second = entry__sock(via, fd[1]);
	if (!first || !second || (r->domain == AF_UNIX && unix__peer(first) != second)) {
		r->hdr.flags |= WIRE_ARGS_CHANGED;
		return;
	}
	r->fd1 = fd[0];
	r->fd2 = fd[1];
}

__weak __attribute__((noinline)) int socketpair__emit(__u64 via, __s64 ret)
{
	struct wire_socketpair *r;

	if (!call__wanted_kind(EVENT_SOCKETPAIR, CALL_SOCKETPAIR, ret < 0, kind__socket(ARG(1), ARG(2))))
		return 0;
	r = entry__new(via, EVENT_SOCKETPAIR, CALL_SOCKETPAIR, sizeof(*r));
	if (!r)
		return 0;
	r->domain = ARG(1);
	r->type = ARG(2);
	r->protocol = ARG(3);
	r->fd1 = r->fd2 = -1;
	if (!ret)
		socketpair__fds(r, via, ARG(4));
	return record__send(&r->hdr, ret);
}

SEC("tracepoint/syscalls/sys_exit_socketpair")
int socketpair__exit(struct sys_exit *ctx)
{
	return socketpair__emit(VIA_CALL, ctx->ret);
}

/* By which way the current thread connects, if that way reports what comes of it. */
enum connect_by { CONNECT_BY_CALL, CONNECT_BY_REQUEST, CONNECT_BY_OTHER };

static __always_inline enum connect_by connect__by(struct task_struct *t)
{
	__s32 nr = task__nr(task__regs());
	bool worker = BPF_CORE_READ(t, flags) & PF_IO_WORKER;

	if (!worker && task__compat(t))
		return way__reports(WAY_COMPAT) ? CONNECT_BY_CALL : CONNECT_BY_OTHER;
	if (worker || nr == NR_IO_URING_ENTER)
		return way__reports(WAY_REQUEST) ? CONNECT_BY_REQUEST : CONNECT_BY_OTHER;
	return nr == NR_CONNECT ? CONNECT_BY_CALL : CONNECT_BY_OTHER;
}

static __always_inline int connect__send(struct wire_connect *r, __s64 res)
{
	return record__send_kind(&r->hdr, res, kind__failed(EVENT_CONNECT, res),
				 kind__sock(r->family, r->type, r->protocol, &r->peer, &r->local));
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
	return connect__send(r, -EINPROGRESS);
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
	enum connect_by by;
	__u64 key;

	if (state != TCP_SYN_SENT)
		return 0;
	t = task__current();
	c = control__get();
	if (!c || !control__wants(c, CALL_CONNECT) || BPF_CORE_READ(t, flags) & PF_KTHREAD)
		return 0;
	by = connect__by(t);
	if (by == CONNECT_BY_OTHER)
		return connect__other(t, sk);
	if (!(c->want & WANT_FAILED))
		return 0;
	fresh.sk = (__u64)sk;
	net__ends(sk, &fresh.local, &fresh.peer);
	key = by == CONNECT_BY_REQUEST ? (__u64)sk : (__u32)bpf_get_current_pid_tgid();
	known = bpf_map_lookup_elem(&connecting, &key);
	if (known)
		*known = fresh;
	else
		bpf_map_update_elem(&connecting, &key, &fresh, BPF_ANY);
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
static __always_inline void connect__recall(__u64 via, struct wire_connect *r, struct sock *sk)
{
	__u64 key = via < VIA_WAYS ? (__u32)bpf_get_current_pid_tgid() : (__u64)sk;
	struct connecting *was = bpf_map_lookup_elem(&connecting, &key);

	if (!was || was->sk != (__u64)sk)
		return;
	r->local = was->local;
	r->peer = was->peer;
	r->local.port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	was->sk = 0;
}

/* The kernel has connected to another address than was asked for. An unset one means this host. */
static __always_inline bool connect__changed(const struct wire_addr *peer)
{
	struct entered *e = entered__get(NR_CONNECT);
	__u32 last;

	if (!e)
		return false;
	e->nr = -1;
	if (*(__u16 *)e->text != peer->family)
		return false;
	if (bpf_ntohs(*(__be16 *)&e->text[2]) != peer->port)
		return true;
	if (peer->family == AF_INET) {
		last = *(__u32 *)&e->text[4];
		return last && last != *(__u32 *)peer->ip;
	}
	last = *(__u32 *)&e->text[20];
	return last && (last != *(__u32 *)&peer->ip[12] || *(__u32 *)&e->text[8] != *(__u32 *)&peer->ip[0] ||
			*(__u32 *)&e->text[12] != *(__u32 *)&peer->ip[4] ||
			*(__u32 *)&e->text[16] != *(__u32 *)&peer->ip[8]);
}

/*
 * What the socket says, and where it says nothing what was asked for; into the record of the current task. On its own: the
 * verifier follows it once. failed: not on its way, nor interrupted while it was.
 */
__weak __attribute__((noinline)) int connect__addresses(__u64 via, __u64 sock, __u32 failed)
{
	struct scratch *s = scratch__get(SCRATCH_TASK);
	struct sock *sk = (void *)sock;
	struct wire_connect *r;
	bool inet;

	if (!s)
		return 0;
	r = (void *)s->rec;
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		r->protocol = sock__protocol(sk);
	}
	inet = r->family == AF_INET || r->family == AF_INET6;
	if (inet && failed && r->protocol == IPPROTO_TCP)
		connect__recall(via, r, sk);
	if (inet && !r->peer.family)
		net__ends(sk, &r->local, &r->peer);
	if (inet && via == VIA_CALL && r->peer.family && connect__changed(&r->peer))
		r->hdr.flags |= WIRE_ARGS_CHANGED;
	if ((inet || !sk) && !r->peer.family)
		net__asked(via, &r->hdr, &r->peer, ARG(2), ARG(3));
	if (r->family == AF_UNIX && !record__unix_sock(&r->hdr, &r->path, unix__peer(sk)))
		net__asked_path(via, &r->hdr, &r->path, ARG(2), ARG(3));
	return 0;
}

__weak __attribute__((noinline)) int connect__emit(__u64 via, __s64 ret)
{
	struct wire_connect *r;

	if (!entry__wanted_as(via, EVENT_CONNECT, CALL_CONNECT, kind__failed(EVENT_CONNECT, ret), ~0u))
		return 0;
	r = entry__new(via, EVENT_CONNECT, CALL_CONNECT, sizeof(*r));
	if (!r)
		return 0;
	r->fd = ARG(1);
	connect__addresses(via, entry__find_sock(via, r->fd), ret < 0 && ret != -EINPROGRESS && ret != -ERESTARTSYS);
	return connect__send(r, net__res(ret));
}

SEC("tracepoint/syscalls/sys_exit_connect")
int connect__exit(struct sys_exit *ctx)
{
	return connect__emit(VIA_CALL, ctx->ret);
}

__weak __attribute__((noinline)) int bind__emit(__u64 via, __s64 ret)
{
	struct wire_addr none = {};
	struct wire_bind *r;
	struct sock *sk;
	__u64 uaddr;
	__u32 len;

	if (!entry__wanted_as(via, EVENT_BIND, CALL_BIND, ret < 0, ~0u))
		return 0;
	r = entry__new(via, EVENT_BIND, CALL_BIND, sizeof(*r));
	if (!r)
		return 0;
	r->fd = ARG(1);
	uaddr = ARG(2);
	len = ARG(3);
	sk = entry__sock(via, r->fd);
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		r->protocol = sock__protocol(sk);
	}
	if (ret < 0 || !sk) {
		if (r->family == AF_UNIX)
			net__asked_path(via, &r->hdr, &r->path, uaddr, len);
		else
			net__asked(via, &r->hdr, &r->local, uaddr, len);
	} else if (r->family == AF_UNIX) {
		record__unix_sock(&r->hdr, &r->path, sk);
	} else {
		net__ends(sk, &r->local, &none);
	}
	return record__send_kind(&r->hdr, ret, ret < 0, kind__sock(r->family, r->type, r->protocol, &r->local, &none));
}

SEC("tracepoint/syscalls/sys_exit_bind")
int bind__exit(struct sys_exit *ctx)
{
	return bind__emit(VIA_CALL, ctx->ret);
}

/* Beside listen__emit(), not from it: both need much of the stack. */
__weak __attribute__((noinline)) int listen__serves(__u64 via, __s64 ret)
{
	if (ret || !owner__wanted())
		return 0;
	return owner__serves(entry__sock(via, ARG(1)), true);
}

__weak __attribute__((noinline)) int listen__emit(__u64 via, __s64 ret)
{
	struct wire_addr none = {};
	struct wire_listen *r;
	struct sock *sk;

	if (!entry__wanted_as(via, EVENT_LISTEN, CALL_LISTEN, ret < 0, ~0u))
		return 0;
	r = entry__new(via, EVENT_LISTEN, CALL_LISTEN, sizeof(*r));
	if (!r)
		return 0;
	r->fd = ARG(1);
	r->backlog = ARG(2);
	sk = entry__sock(via, r->fd);
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		net__ends(sk, &r->local, &none);
		if (r->family == AF_UNIX)
			record__unix_sock(&r->hdr, &r->path, sk);
	}
	return record__send_kind(&r->hdr, ret, ret < 0, kind__sock(r->family, r->type, 0, &r->local, &none));
}

SEC("tracepoint/syscalls/sys_exit_listen")
int listen__exit(struct sys_exit *ctx)
{
	return listen__emit(VIA_CALL, ctx->ret);
}

/* Without the event: most rules that ask for DNS do not ask for that. */
SEC("tracepoint/syscalls/sys_exit_listen")
int dns_listen__exit(struct sys_exit *ctx)
{
	return listen__serves(VIA_CALL, ctx->ret);
}
