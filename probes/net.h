/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Network
 *
 * What the socket calls have in common: from a descriptor to its struct sock,
 * and from that to addresses and unix paths. An IPv4 peer
 * of an IPv6 socket stays what the socket says: family AF_INET6 and a mapped
 * address (::ffff:a.b.c.d); to show it as IPv4 is the agent's business.
 */
#ifndef PROBES_NET_H
#define PROBES_NET_H

#include "call.h"
#include "entry.h"
#include "fd.h"

#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17

#define TCP_SYN_SENT	2	/* include/net/tcp_states.h */

#define EINTR		4
#define EINPROGRESS	115
#define ERESTARTSYS	512	/* include/linux/errno.h: kernel only, a signal came */
#define ERESTART_LAST	516

#define SOCKADDR_MAX	128	/* struct sockaddr_storage */
#define UNIX_NAME_MAX	108	/* sizeof(sun_path) */
#define UNIX_ROOM	128

/* What the caller gets where the kernel's own code for "interrupted" stands. */
static __always_inline __s64 net__res(__s64 ret)
{
	return ret <= -ERESTARTSYS && ret >= -ERESTART_LAST ? -EINTR : ret;
}

static __always_inline struct sock *file__sock(struct file *f)
{
	struct socket *sock = file__socket(f);

	return sock ? BPF_CORE_READ(sock, sk) : NULL;
}

/* The socket that the call at hand works on, struct sock *. On its own: the verifier follows it once. */
__weak __attribute__((noinline)) __u64 entry__find_sock(__u64 via, int fd)
{
	struct file *f = via < VIA_WAYS ? fd__file(task__current(), fd) : BPF_CORE_READ((struct io_kiocb *)via, file);

	return (__u64)file__sock(f);
}

static __always_inline struct sock *entry__sock(__u64 via, int fd)
{
	return (void *)entry__find_sock(via, fd);
}

#define sock__family(sk)	BPF_CORE_READ(sk, __sk_common.skc_family)
#define sock__type(sk)		BPF_CORE_READ(sk, sk_type)
#define sock__protocol(sk)	BPF_CORE_READ(sk, sk_protocol)

static __always_inline bool addr__unset(const struct wire_addr *a)
{
	const __u32 *ip = (const __u32 *)a->ip;

	return !a->port && !(ip[0] | ip[1] | ip[2] | ip[3]);
}

/* Both ends of an IP socket; an end it does not have stays none. Other families have no such ends. */
static __always_inline void net__ends(struct sock *sk, struct wire_addr *local, struct wire_addr *peer)
{
	sock__addrs(sk, local, peer);
	if (!local->family)
		return;
	if (!local->port)	/* a closed socket has given its port back, and still says which it was */
		local->port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (!peer->family && !addr__unset(peer))	/* without a port: raw and ping sockets */
		peer->family = local->family;
	if (addr__unset(local))
		local->family = 0;
}

static __always_inline long net__read(void *to, __u32 n, const void *src, bool user)
{
	return user ? bpf_probe_read_user(to, n, src) : bpf_probe_read_kernel(to, n, src);
}

/* The socket address that was asked for: the caller's, or what a request has of it. NULL: it is not known any more. */
static __always_inline const void *net__given(__u64 via, struct wire_hdr *h, __u64 uaddr)
{
	struct asked *a = via < VIA_WAYS ? NULL : asked__get(via);

	if (!a || a->user)
		h->flags |= WIRE_ADDR_USER;
	if (via < VIA_WAYS)
		return (void *)uaddr;
	return a ? a->text[0] : NULL;
}

/* It, where the kernel's socket keeps none. */
static __always_inline void net__asked(__u64 via, struct wire_hdr *h, struct wire_addr *a, __u64 uaddr, __u32 len)
{
	const void *addr = net__given(via, h, uaddr);
	bool user = via < VIA_WAYS;
	__u16 in[2] = {};	/* family and port of sockaddr_in and sockaddr_in6 alike */

	if (net__read(in, sizeof(in), addr, user)) {
		h->flags |= WIRE_UNREADABLE;
		return;
	}
	if (in[0] == AF_INET && len >= 8)
		net__read(a->ip, 4, addr + 4, user);
	else if (in[0] == AF_INET6 && len >= 24)
		net__read(a->ip, 16, addr + 8, user);
	else
		return;
	a->family = in[0];
	a->port = bpf_ntohs(in[1]);
}

/* n bytes of an abstract name, its leading NUL shown as @. Programs like to pass the whole array: NULs at the end go. */
static __always_inline __u64 unix__abstract(char *at, const char *src, __u64 n, bool user)
{
	PIN(n);
	if (n > UNIX_NAME_MAX || net__read(at, n, src, user))
		return 0;
	at[0] = '@';
	for (int i = 0; i < UNIX_NAME_MAX; i++) {
		PIN(n);
		if (n < 2 || n > UNIX_NAME_MAX || at[n - 1])
			break;
		n--;
	}
	return n;
}

static __always_inline void record__unix(struct wire_hdr *h, struct wire_blob *b, const char *src, __u64 n, bool user)
{
	char first = 0, *at;
	__u64 off;
	long got;

	if (n < 1 || n > UNIX_NAME_MAX || net__read(&first, 1, src, user)) {
		if (user && n)
			h->flags |= WIRE_UNREADABLE;
		return;
	}
	at = record__room(h, &off, UNIX_ROOM);
	if (!at)
		return;
	if (!first) {
		record__grown(h, b, off, unix__abstract(at, src, n, user));
		return;
	}
	n++;
	PIN(n);
	if (n > UNIX_NAME_MAX + 1)
		return;
	got = user ? bpf_probe_read_user_str(at, n, src) : bpf_probe_read_kernel_str(at, n, src);
	record__grown(h, b, off, got > 0 ? got - 1 : 0);
}

/*
 * sun_path of n bytes, at the end of the record of the current task; as record__take_walk(). A path ends at its NUL; an
 * abstract name may hold some.
 */
__weak __attribute__((noinline)) __u32 record__take_unix(__u64 src, __u32 n, __u32 user)
{
	struct scratch *s = scratch__get(SCRATCH_TASK);
	struct wire_blob b = {};

	if (s)
		record__unix((void *)s->rec, &b, (void *)src, n, user);
	return b.off | (__u32)b.len << 16;
}

/* The name a unix socket is bound to. False when it has none. */
static __always_inline bool record__unix_sock(struct wire_hdr *h, struct wire_blob *b, struct sock *sk)
{
	struct unix_address *a = sk ? BPF_CORE_READ((struct unix_sock *)sk, addr) : NULL;
	int len = a ? BPF_CORE_READ(a, len) : 0;

	if (len <= 2)
		return false;
	*b = blob__of(record__take_unix((__u64)a + bpf_core_field_offset(a->name) + 2, len - 2, false));
	return true;
}

static __always_inline struct sock *unix__peer(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, peer);
}

/* The name in the sockaddr_un that was asked for. */
static __always_inline void net__asked_path(__u64 via, struct wire_hdr *h, struct wire_blob *b, __u64 uaddr, __u32 len)
{
	const void *addr = net__given(via, h, uaddr);
	bool user = via < VIA_WAYS;
	__u16 family = 0;

	if (net__read(&family, sizeof(family), addr, user))
		h->flags |= WIRE_UNREADABLE;
	else if (family == AF_UNIX && len > 2)
		*b = blob__of(record__take_unix(task__number((void *)addr) + 2, len - 2, user));
}

#endif
