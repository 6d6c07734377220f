// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * DNS
 *
 * Every message to or from port 53, and other ports that the configuration names, that leaves or reaches a process, taken
 * from the packet: so it does not matter which call sent it, and nobody can
 * change it under us. Between two processes of this host a message leaves one
 * and reaches the other, and is seen at both ends.
 *
 * Over TCP a message that does not lie in one segment waits for the rest,
 * within bounds; where there is no place to wait, it is cut where the segment
 * ends, and marked.
 */
#include "dns.h"
#include "packet.h"

#define DNS_PACKET_MAX	8	/* messages of one packet: TCP may join them, UDP's segmentation offload too */
#define STREAMS_MAX	1024
#define NOT_OURS	(~0ull)	/* no key of an owner: cookies count up from 1, and no struct is there */

/* Between two segments of one direction of a connection. */
struct stream {
	__u32 next;	/* sequence number of the byte that comes next */
	__u32 skip;	/* bytes still to come of a message that was begun */
	__u16 len;	/* of a message whose length has come, but no byte of it */
	__u8 half;	/* only one byte of the length has come: */
	__u8 high;
	__u16 have;	/* bytes of the message that wait for the rest, 0: it was cut */
	__u16 whole;	/* its length */
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

#define GATHERED	32	/* messages that wait for more, a power of two */
#define GATHERED_OLD_NS	(10 * SECOND_NS)	/* after so long another may take its place */

/* By a number made of its key: who comes second while the first still waits is cut. */
struct gathered {
	struct stream_key key;
	__u64 time;
	char bytes[2 * DNS_BYTES_MAX];	/* twice, as the verifier sees a place and a length, not their sum */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GATHERED);
	__type(key, __u32);
	__type(value, struct gathered);
} gathered SEC(".maps");

/*
 * What is left of the payload. In memory, and each step a global function: so the verifier sees one step, and not all
 * the ways through as many as there may be. Belongs to whoever holds the scratch.
 */
struct payload {
	__u32 off;
	__u32 left;
	__u32 each;	/* UDP: bytes of a message */
	__u32 tcp;
	__u32 seq;	/* TCP, this and what follows */
	__u32 flags;
	__u32 pad;
	struct stream_key key;
	struct stream s;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct payload);
} payloads SEC(".maps");

static __always_inline struct payload *payload__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&payloads, &zero);
}

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

/* The next message of a datagram. 1 when there is none. */
__weak __attribute__((noinline)) int dns__udp_step(struct __sk_buff *skb)
{
	struct payload *p = payload__get();
	__u32 n;

	if (!p || p->left < DNS_HEADER)
		return 1;
	n = p->left < p->each ? p->left : p->each;
	dns__message(skb, p->off, n, n);
	p->off += n;
	p->left -= n;
	return 0;
}

static __always_inline void dns__udp(struct __sk_buff *skb, struct payload *left)
{
	left->each = skb->gso_size ?: left->left;
	for (int i = 0; i < DNS_PACKET_MAX; i++)
		if (dns__udp_step(skb))
			return;
	if (left->left >= DNS_HEADER)
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

/* Where messages of a stream wait; NULL when it has no place, or another one has it. */
static __always_inline struct gathered *gathered__of(const struct stream_key *key, bool take)
{
	__u32 i = (key->cookie << 1 | key->egress) & (GATHERED - 1);
	struct gathered *g = bpf_map_lookup_elem(&gathered, &i);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!g || (g->key.cookie == key->cookie && g->key.egress == key->egress))
		return g;
	if (!take || (g->key.cookie && now - g->time < GATHERED_OLD_NS))
		return NULL;
	if (g->key.cookie)
		counter__lost(EVENT_DNS, LOSS_SCRATCH_BUSY);	/* it never went on */
	g->key = *key;
	g->time = now;
	return g;
}

/* Keeps n bytes of the packet behind those that wait already. 0 when there is no place; what is beyond the most goes. */
__weak __attribute__((noinline)) int dns__keep(struct __sk_buff *skb, __u32 off, __u32 len)
{
	struct payload *p = payload__get();
	struct gathered *g;
	__u64 at, n = len;

	if (!p)
		return 0;
	at = p->s.have;
	g = gathered__of(&p->key, !at);
	if (!g)
		return 0;
	PIN(at);
	if (at >= DNS_BYTES_MAX)
		return 1;
	PIN(at);
	if (n > DNS_BYTES_MAX - at)
		n = DNS_BYTES_MAX - at;
	n--;	/* as in dns__message() */
	PIN(n);
	if (n >= DNS_BYTES_MAX)
		return 0;
	PIN(n);
	n++;
	if (bpf_skb_load_bytes(skb, off, g->bytes + at, n))
		return 0;
	p->s.have = at + n;
	return 1;
}

/* The message that has waited: all of it is there, or no more will come. */
__weak __attribute__((noinline)) int dns__gathered(void)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct payload *p = payload__get();
	struct gathered *g = p ? gathered__of(&p->key, false) : NULL;
	struct wire_dns *r;
	__u64 n;

	if (!s || !g)
		return 0;
	n = p->s.have;
	r = (void *)s->rec;
	r->hdr.flags &= ~WIRE_TRUNCATED;
	if (n < p->s.whole)
		r->hdr.flags |= WIRE_TRUNCATED;
	p->s.have = 0;
	g->key.cookie = 0;
	PIN(n);
	if (n > DNS_BYTES_MAX)
		return 0;
	PIN(n);
	if (bpf_probe_read_kernel(r + 1, n, g->bytes))
		return 0;
	r->payload.off = sizeof(*r);
	r->payload.len = n;
	r->hdr.size = sizeof(*r) + n;
	record__output(SCRATCH_SOFT);
	return 0;
}

/* The rest of a message that was begun. */
static __always_inline void stream__rest(struct __sk_buff *skb, struct stream *s, __u32 off, __u32 n)
{
	if (s->have)
		dns__keep(skb, off, n);
	s->skip -= n;
	if (!s->skip && s->have)
		dns__gathered();
}

/* One step through a segment: the rest of a message that was cut, a length, or a message. Returns the bytes used. */
static __always_inline __u32 stream__step(struct __sk_buff *skb, struct stream *s, __u32 off, __u32 left)
{
	__u32 n = left;

	if (s->skip) {
		if (n > s->skip)
			n = s->skip;
		stream__rest(skb, s, off, n);
		return n;
	}
	if (!s->len)
		return stream__length(skb, s, off, left);
	if (n > s->len)
		n = s->len;
	s->whole = s->len;
	if (n == s->len || !dns__keep(skb, off, n))
		dns__message(skb, off, n, s->len);
	s->skip = s->len - n;
	s->len = 0;
	return n;
}

/* 1 when the segment is over, or cannot be read on. */
__weak __attribute__((noinline)) int dns__tcp_step(struct __sk_buff *skb)
{
	struct payload *p = payload__get();
	__u32 n;

	if (!p || !p->left)
		return 1;
	n = stream__step(skb, &p->s, p->off, p->left);
	if (!n || n > p->left)
		return 1;
	p->off += n;
	p->left -= n;
	return 0;
}

static __always_inline void dns__tcp(struct __sk_buff *skb, struct payload *left)
{
	struct stream *known = bpf_map_lookup_elem(&streams, &left->key);
	__u32 seq = left->seq, next = seq + left->left;
	__s32 gap;

	left->s = (struct stream){ .next = seq };
	if (known)
		left->s = *known;
	gap = seq - left->s.next;
	if (gap < 0 && (__u32)-gap >= left->left && left->left)
		return;	/* sent again */
	if (gap < 0) {
		left->off += -gap;
		left->left -= -gap;
	} else if (gap > 0) {
		if (left->s.have)
			dns__gathered();
		left->s = (struct stream){};	/* something is missing: take it that a message begins here */
	}
	left->s.next = next;
	for (int i = 0; i < 2 * DNS_PACKET_MAX; i++)
		if (dns__tcp_step(skb))
			break;
	if (left->left) {
		counter__lost(EVENT_DNS, LOSS_TOO_BIG);
		left->s = (struct stream){ .next = next };
	}
	if (left->s.have && left->flags & (TCP_FLAG_FIN | TCP_FLAG_RST))
		dns__gathered();
	bpf_map_update_elem(&streams, &left->key, &left->s, BPF_ANY);
}

/* Who a packet that leaves is from. Only UDP, and the first packet of a connection, go in the sender's own context. */
static __always_inline bool owner__sender(const struct packet *p, __u64 cookie)
{
	if (p->protocol == IPPROTO_TCP && bpf_map_lookup_elem(&owners, &cookie))
		return true;
	if (p->protocol == IPPROTO_TCP && (p->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) != TCP_FLAG_SYN)
		return false;
	return owner__note(SCRATCH_SOFT, cookie, 0);
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
 * known by that. Or it waits to be accepted, most likely by the one that listens. Returns the key of its owner.
 */
static __always_inline __u64 owner__server(struct __sk_buff *skb, __u32 ports, __u64 cookie)
{
	__u64 sk = packet__sock(skb), key = sk;
	struct owner *known;

	if (!sk)
		return 0;
	known = bpf_map_lookup_elem(&owners, &key);
	if (known && known->ports == ports) {
		bpf_map_update_elem(&owners, &cookie, known, BPF_ANY);
		bpf_map_delete_elem(&owners, &key);
		return cookie;
	}
	key = owner__listener_key((struct sock *)sk, ports >> 16);
	known = bpf_map_lookup_elem(&owners, &key);
	return known && known->ports == (ports & 0xffff0000) ? key : 0;
}

/* A packet's ports, and where its payload is. False when it is none of ours. */
static __always_inline bool packet__ours(struct __sk_buff *skb, struct packet *p)
{
	return packet__read(skb, false, skb->protocol, p, true) && packet__payload(skb, false, skb->len, p);
}

/*
 * The key of a packet's owner in `owners`; 0 when nobody is known, NOT_OURS for a packet that is no DNS.
 *
 * This, dns__begin() and dns__messages() are global functions called one after the other: so the stack of each is gone
 * when the next has its own. Together they are more than the verifier allows, which up to 6.6 counts each by 32 bytes.
 */
__weak __attribute__((noinline)) __u64 owner__find(struct __sk_buff *skb, int egress)
{
	struct wire_control *c;
	struct packet p = {};
	__u64 cookie;
	__u16 local;

	if (!packet__ours(skb, &p))
		return NOT_OURS;
	c = control__get();
	if (!c || !control__wants(c, CALL_DNS))
		return NOT_OURS;
	cookie = bpf_get_socket_cookie(skb);
	if (egress ? owner__sender(&p, cookie) : !!bpf_map_lookup_elem(&owners, &cookie))
		return cookie;
	local = egress ? p.src.port : p.dst.port;
	if (p.protocol != IPPROTO_TCP || !port__dns(local))
		return 0;
	return owner__server(skb, (__u32)local << 16 | (egress ? p.dst.port : p.src.port), cookie);
}

/* A record of its owner, who is not the current process. */
static __always_inline bool dns__new(const struct owner *o, const struct packet *p, bool egress)
{
	struct scratch *s = scratch__claim(SCRATCH_SOFT, NULL, NULL);
	struct wire_dns *r;

	if (!s) {
		counter__lost(EVENT_DNS, LOSS_SCRATCH_BUSY);
		return false;
	}
	r = (void *)s->rec;
	__builtin_memset(r, 0, sizeof(*r));
	if (o)
		r->hdr = o->hdr;
	r->hdr.type = EVENT_DNS;
	r->hdr.call = CALL_DNS;
	r->hdr.time = bpf_ktime_get_boot_ns();
	r->hdr.cpu = bpf_get_smp_processor_id();
	r->hdr.flags = o ? 0 : WIRE_NO_OWNER;
	r->protocol = p->protocol;
	r->egress = egress;
	r->local = egress ? p->src : p->dst;
	r->peer = egress ? p->dst : p->src;
	return true;
}

/* The stream ends, and a message of it still waits for the rest. */
static __always_inline bool stream__ends(const struct packet *p, const struct stream_key *key)
{
	struct stream *known;

	if (p->protocol != IPPROTO_TCP || !(p->flags & (TCP_FLAG_FIN | TCP_FLAG_RST)))
		return false;
	known = bpf_map_lookup_elem(&streams, key);
	return known && known->have;
}

/* The record of a packet with all but a message, in the scratch, and its payload beside it. 1 when the scratch was claimed. */
__weak __attribute__((noinline)) int dns__begin(struct __sk_buff *skb, int egress, __u64 key)
{
	struct owner *o = bpf_map_lookup_elem(&owners, &key);
	struct wire_control *c = control__get();
	struct payload *left = payload__get();
	struct packet p = {};
	__u64 group;

	if (!c || !left || !packet__ours(skb, &p))
		return 0;
	left->key.cookie = bpf_get_socket_cookie(skb);
	left->key.egress = egress;
	if (!p.len && !stream__ends(&p, &left->key))
		return 0;
	if (o && control__self(c, o->hdr.tgid))
		return 0;
	group = o ? o->hdr.cgroup : 0;
	if (excluded__has(c, group)) {
		counter__refused(EVENT_DNS);
		return 0;
	}
	if (rate__exceeded(c, EVENT_DNS, group)) {
		counter__lost(EVENT_DNS, LOSS_RATE);
		group__lost(group, EVENT_DNS, o && o->hdr.tgid ? o->hdr.tgid : ~0u, o ? o->hdr.start : 0);
		return 0;
	}
	if (!dns__new(o, &p, egress))
		return 0;
	left->off = p.off;
	left->left = p.len;
	left->seq = p.seq;
	left->flags = p.flags;
	left->tcp = p.protocol == IPPROTO_TCP;
	return 1;
}

/* What dns__begin() has begun. */
__weak __attribute__((noinline)) int dns__messages(struct __sk_buff *skb)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct payload *left = payload__get();

	if (left && left->tcp)
		dns__tcp(skb, left);
	else if (left)
		dns__udp(skb, left);
	if (s)
		scratch__release(s);
	return 0;
}

static __always_inline void dns__packet(struct __sk_buff *skb, bool egress)
{
	__u64 key = owner__find(skb, egress);

	if (key != NOT_OURS && dns__begin(skb, egress, key))
		dns__messages(skb);
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

	if (sk->type != SOCK_DGRAM)
		return 1;
	c = control__get();
	if (!c || !control__wants(c, CALL_DNS))
		return 1;
	owner__note(SCRATCH_SOFT, bpf_get_socket_cookie(sk), 0);
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
