/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Owners
 *
 * Whose a socket is. A packet that arrives, and most that TCP sends, are
 * handled in the context of any process at all; so who owns the sockets of
 * port 53 is noted where the owner itself is at work, by socket cookie.
 */
#ifndef PROBES_DNS_H
#define PROBES_DNS_H

#include "net.h"
#include "packet.h"

#define DNS_HEADER	12
#define DNS_BYTES_MAX	4096	/* what EDNS asks for in practice; a longer one is cut, and marked */
#define OWNERS_MAX	4096

struct owner {
	struct wire_hdr hdr;	/* who it is, as of when it was noted */
	__u32 ports;	/* local << 16 | peer, of an entry by address */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OWNERS_MAX);
	__type(key, __u64);
	__type(value, struct owner);
} owners __weak SEC(".maps");

/*
 * An accepted socket has no cookie until somebody asks for one, which a tracepoint cannot before 5.12: until then it
 * is known by its address. Those never look like a cookie, cookies count up from 1.
 */
static __always_inline __u64 owner__key(struct sock *sk)
{
	struct sock_common___cookie *c = (void *)sk;
	__u64 cookie = BPF_CORE_READ(c, skc_cookie.counter);

	return cookie ?: (__u64)sk;
}

/* What listens on a port in a network namespace, known by that one's address and the port: whose a connection will be. */
static __always_inline __u64 owner__listener_key(struct sock *sk, __u16 port)
{
	struct sock_common___cookie *c = (void *)sk;

	return (__u64)BPF_CORE_READ(c, skc_net.net) << 16 | port;
}

/* The current process owns what the key names. False for a thread of the kernel, or where there is no room. */
__weak __attribute__((noinline)) int owner__note(__u32 kind, __u64 key, __u32 ports)
{
	struct task_struct *t = task__current();
	struct owner o = { .ports = ports };
	__u32 version = 2;
	struct cgroup *cg;

	if (BPF_CORE_READ(t, flags) & PF_KTHREAD)
		return false;
	cg = task__cgroup(t, false);
	record__fill(&o.hdr, t, false, EVENT_DNS, CALL_DNS, sizeof(struct wire_dns));
	if (cg) {
		o.hdr.cgroup = cgroup__id(cg, false, &version);
		record__meet(kind, cg, o.hdr.cgroup, version);	/* a later record names it, and not as the current one */
	}
	return !bpf_map_update_elem(&owners, &key, &o, BPF_ANY);
}

static __always_inline bool owner__wanted(void)
{
	struct wire_control *c = control__get();

	return c && control__wants(c, CALL_DNS);
}

/* The current process takes what comes to a port of DNS over TCP: by listening there, or by accepting one connection. */
static __always_inline int owner__serves(struct sock *sk, bool listener)
{
	__u16 family, port;
	__u64 key;

	if (!sk)
		return 0;
	port = BPF_CORE_READ(sk, __sk_common.skc_num);
	family = sock__family(sk);
	if ((family != AF_INET && family != AF_INET6) || !port__dns(port) ||
	    sock__protocol(sk) != IPPROTO_TCP)
		return 0;
	key = listener ? owner__listener_key(sk, port) : owner__key(sk);
	owner__note(SCRATCH_TASK, key, (__u32)port << 16 | (listener ? 0 : bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport))));
	return 0;
}

#endif
