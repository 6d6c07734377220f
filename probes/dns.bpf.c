// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * DNS
 *
 * Every message to or from port 53 that leaves or reaches a process, taken
 * from the packet: so it does not matter which call sent it, and nobody can
 * change it under us. Between two processes of this host a message leaves one
 * and reaches the other, and is seen at both ends.
 *
 * Over TCP a message that does not lie in one segment is cut where the segment
 * ends, and marked; what follows of it is passed over.
 */
#include "dns.h"
#include "packet.h"

#define DNS_PACKET_MAX	8	/* messages of one packet: TCP may join them, UDP's segmentation offload too */
#define STREAMS_MAX	1024

/* Between two segments of one direction of a connection. */
struct stream {
	__u32 next;	/* sequence number of the byte that comes next */
	__u32 skip;	/* bytes of a message that was cut */
	__u16 len;	/* of a message whose length has come, but no byte of it */
	__u8 half;	/* only one byte of the length has come: */
	__u8 high;
};

struct stream_key {
	__u64 cookie;
	__u64 egress;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STREAMS_MAX);
	__type(key, struct stream_key);
	__type(value, struct stream);
} streams SEC(".maps");

/*
 * One message out of the packet: the record in the scratch is complete but for it. A global function, so that the
 * verifier checks it once and not once per message.
 */
__weak __attribute__((noinline)) int dns__message(struct __sk_buff *skb, __u32 off, __u32 len, __u32 whole)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct wire_dns *r;
	__u64 n = len;

	if (!s)
		return 0;
	r = (void *)s->rec;
	r->hdr.flags &= ~WIRE_TRUNCATED;
	if (n > DNS_BYTES_MAX)
		n = DNS_BYTES_MAX;
	if (n < whole)
		r->hdr.flags |= WIRE_TRUNCATED;
	/* one less, so that both bounds are one comparison: up to 6.1 the verifier learns nothing from "not 0" */
	n--;
	PIN(n);
	if (n >= DNS_BYTES_MAX)
		return 0;
	PIN(n);
	n++;
	if (bpf_skb_load_bytes(skb, off, r + 1, n))
		return 0;
	r->payload.off = sizeof(*r);
	r->payload.len = n;
	r->hdr.size = sizeof(*r) + n;
	record__output(SCRATCH_SOFT);
	return 0;
}

static __always_inline void dns__udp(struct __sk_buff *skb, const struct packet *p)
{
	__u32 off = p->off, left = p->len, each = skb->gso_size ?: left;

	for (int i = 0; i < DNS_PACKET_MAX && left >= DNS_HEADER; i++) {
		__u32 n = left < each ? left : each;

		dns__message(skb, off, n, n);
		off += n;
		left -= n;
	}
	if (left >= DNS_HEADER)
		counter__lost(EVENT_DNS, LOSS_TOO_BIG);
}

/* The next message's length, into s->len. Returns the bytes used, 0 when they cannot be read. */
static __always_inline __u32 stream__length(struct __sk_buff *skb, struct stream *s, __u32 off, __u32 left)
{
	__u8 b[2] = { s->high };

	if (s->half || left == 1) {
		if (bpf_skb_load_bytes(skb, off, &b[s->half & 1], 1))
			return 0;
		s->high = b[0];
		s->len = s->half ? b[0] << 8 | b[1] : 0;
		s->half = !s->half;
		return 1;
	}
	if (bpf_skb_load_bytes(skb, off, b, 2))
		return 0;
	s->len = b[0] << 8 | b[1];
	return 2;
}

/* One step through a segment: the rest of a message that was cut, a length, or a message. Returns the bytes used. */
static __always_inline __u32 stream__step(struct __sk_buff *skb, struct stream *s, __u32 off, __u32 left)
{
	__u32 n = left;

	if (s->skip) {
		if (n > s->skip)
			n = s->skip;
		s->skip -= n;
		return n;
	}
	if (!s->len)
		return stream__length(skb, s, off, left);
	if (n > s->len)
		n = s->len;
	dns__message(skb, off, n, s->len);
	s->skip = s->len - n;
	s->len = 0;
	return n;
}

static __always_inline void dns__tcp(struct __sk_buff *skb, const struct packet *p, __u64 cookie, bool egress)
{
	struct stream_key key = { .cookie = cookie, .egress = egress };
	struct stream *known = bpf_map_lookup_elem(&streams, &key), s = { .next = p->seq };
	__u32 off = p->off, left = p->len;
	__s32 gap;

	if (known)
		s = *known;
	gap = p->seq - s.next;
	if (gap < 0 && (__u32)-gap >= left)
		return;	/* sent again */
	if (gap < 0) {
		off += -gap;
		left -= -gap;
	} else if (gap > 0) {
		s = (struct stream){};	/* something is missing: take it that a message begins here */
	}
	s.next = p->seq + p->len;
	for (int i = 0; i < 2 * DNS_PACKET_MAX && left; i++) {
		__u32 n = stream__step(skb, &s, off, left);

		if (!n || n > left)
			break;
		off += n;
		left -= n;
	}
	if (left) {
		counter__lost(EVENT_DNS, LOSS_TOO_BIG);
		s = (struct stream){ .next = s.next };
	}
	bpf_map_update_elem(&streams, &key, &s, BPF_ANY);
}

/* Who a packet that leaves is from. Only UDP, and the first packet of a connection, go in the sender's own context. */
static __always_inline bool owner__sender(struct owner *o, const struct packet *p, __u64 cookie)
{
	struct owner *known = bpf_map_lookup_elem(&owners, &cookie);

	if (p->protocol == IPPROTO_TCP && known) {
		*o = *known;
		return true;
	}
	if (p->protocol == IPPROTO_TCP && (p->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN)
		return false;
	if (!owner__current(SCRATCH_SOFT, o))
		return false;
	if (!known || known->tid != o->tid || known->exec_id != o->exec_id || known->start != o->start)
		bpf_map_update_elem(&owners, &cookie, o, BPF_ANY);
	return true;
}

/* The struct sock of a packet as a number: the verifier lets nobody compute with the pointer itself. */
static __always_inline __u64 packet__sock(struct __sk_buff *skb)
{
	void *sk = skb->sk;
	__u64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), &sk);
	return n;
}

/*
 * A connection to our port that has no owner by its cookie yet. It was accepted before it had one: from now on it is
 * known by that. Or it waits to be accepted, most likely by the one that listens.
 */
static __always_inline bool owner__server(struct __sk_buff *skb, struct owner *o, __u32 ports, __u64 cookie)
{
	__u64 sk = packet__sock(skb), key = sk;
	struct owner *known;

	if (!sk)
		return false;
	known = bpf_map_lookup_elem(&owners, &key);
	if (known && known->ports == ports) {
		*o = *known;
		bpf_map_update_elem(&owners, &cookie, o, BPF_ANY);
		bpf_map_delete_elem(&owners, &key);
		return true;
	}
	key = owner__listener_key((struct sock *)sk);
	known = bpf_map_lookup_elem(&owners, &key);
	if (!known || known->ports != DNS_PORT << 16)
		return false;
	*o = *known;
	return true;
}

static __always_inline bool owner__of(struct __sk_buff *skb, struct owner *o, const struct packet *p, __u64 cookie,
				      bool egress)
{
	const struct wire_addr *local = egress ? &p->src : &p->dst, *peer = egress ? &p->dst : &p->src;
	struct owner *known;

	if (egress) {
		if (owner__sender(o, p, cookie))
			return true;
	} else {
		known = bpf_map_lookup_elem(&owners, &cookie);
		if (known) {
			*o = *known;
			return true;
		}
	}
	return p->protocol == IPPROTO_TCP && local->port == DNS_PORT &&
	       owner__server(skb, o, (__u32)local->port << 16 | peer->port, cookie);
}

/* A record of its owner, who is not the current process. */
static __always_inline struct wire_dns *dns__new(const struct owner *o, const struct packet *p, bool owned, bool egress)
{
	struct scratch *s = scratch__claim(SCRATCH_SOFT, NULL, NULL);
	struct wire_dns *r;

	if (!s) {
		counter__lost(EVENT_DNS, LOSS_SCRATCH_BUSY);
		return NULL;
	}
	r = (void *)s->rec;
	__builtin_memset(r, 0, sizeof(*r));
	r->hdr.type = EVENT_DNS;
	r->hdr.call = CALL_DNS;
	r->hdr.time = bpf_ktime_get_boot_ns();
	r->hdr.cpu = bpf_get_smp_processor_id();
	r->hdr.flags = owned ? 0 : WIRE_NO_OWNER;
	r->hdr.start = o->start;
	r->hdr.cgroup = o->cgroup;
	r->hdr.tgid = o->tgid;
	r->hdr.tid = o->tid;
	r->hdr.exec_id = o->exec_id;
	r->hdr.uid = o->uid;
	r->hdr.euid = o->euid;
	r->hdr.gid = o->gid;
	r->protocol = p->protocol;
	r->egress = egress;
	r->local = egress ? p->src : p->dst;
	r->peer = egress ? p->dst : p->src;
	return r;
}

static __always_inline void dns__packet(struct __sk_buff *skb, bool egress)
{
	struct wire_control *c;
	struct packet p = {};
	struct owner o = {};
	struct wire_dns *r;
	__u64 cookie;
	bool owned;

	if (!packet__read(skb, false, skb->protocol, &p, DNS_PORT) || !packet__payload(skb, false, skb->len, &p))
		return;
	c = control__get();
	if (!c || !control__wants(c, CALL_DNS))
		return;
	cookie = bpf_get_socket_cookie(skb);
	owned = owner__of(skb, &o, &p, cookie, egress);
	if (!p.len || control__self(c, o.tgid))
		return;
	if (rate__exceeded(c, EVENT_DNS, o.cgroup, bpf_ktime_get_boot_ns())) {
		counter__lost(EVENT_DNS, LOSS_RATE);
		return;
	}
	r = dns__new(&o, &p, owned, egress);
	if (!r)
		return;
	if (p.protocol == IPPROTO_UDP)
		dns__udp(skb, &p);
	else
		dns__tcp(skb, &p, cookie, egress);
	record__drop(&r->hdr);
}

/* The verdict is always 1: let it pass. */
SEC("cgroup_skb/egress")
int dns_egress__cgroup(struct __sk_buff *skb)
{
	dns__packet(skb, true);
	return 1;
}

SEC("cgroup_skb/ingress")
int dns_ingress__cgroup(struct __sk_buff *skb)
{
	dns__packet(skb, false);
	return 1;
}

/*
 * A datagram socket may receive before it has ever sent: a server does, and is bound. A client that is not is known
 * from its first query on; a connection's owner is noted in other places. So nothing needs to look at every socket
 * that is created.
 */
static __always_inline int dns__bound(struct bpf_sock *sk)
{
	struct wire_control *c;
	struct owner o = {};
	__u64 cookie;

	if (sk->type != SOCK_DGRAM)
		return 1;
	c = control__get();
	if (!c || !control__wants(c, CALL_DNS) || !owner__current(SCRATCH_SOFT, &o))
		return 1;
	cookie = bpf_get_socket_cookie(sk);
	bpf_map_update_elem(&owners, &cookie, &o, BPF_ANY);
	return 1;
}

SEC("cgroup/post_bind4")
int dns_bind4__cgroup(struct bpf_sock *sk)
{
	return dns__bound(sk);
}

SEC("cgroup/post_bind6")
int dns_bind6__cgroup(struct bpf_sock *sk)
{
	return dns__bound(sk);
}
