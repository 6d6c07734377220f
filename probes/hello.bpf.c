// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Hello
 *
 * What TCP connections begin with, where it is a ClientHello of TLS or a
 * request of HTTP: taken from the packets that leave, so that it does not
 * matter which call wrote the bytes. Who connects is noted at the SYN, which
 * goes in the connecting thread's own context. One record for a connection, as
 * soon as the hello or the request's headers are whole; what comes in more than
 * one segment waits for the rest, within bounds.
 */
#include "dns.h"
#include "packet.h"

#define HELLOS_MAX	1024	/* connections that have sent nothing yet */
#define HELLO_MAX	4096
#define HELLO_MIN	8	/* bytes that say what it is */
#define HELLO_SEGMENTS	16	/* that one may come in */
#define PARTIALS	64	/* that wait for more, a power of two */
#define PARTIAL_OLD_NS	(10 * SECOND_NS)	/* after so long another may take its place */
#define BLOCK		64	/* bytes looked through at once */

struct hello {
	struct wire_hdr hdr;	/* who connects */
	__u32 next;		/* sequence number of the byte that comes next */
	__u32 got;		/* bytes that wait in the connection's partial */
	__u32 segments;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HELLOS_MAX);
	__type(key, __u64);
	__type(value, struct hello);
} hellos SEC(".maps");

/* By cookie modulo their number: who comes second while the first still waits is sent as far as it is there. */
struct partial {
	__u64 cookie;
	__u64 time;
	char bytes[HELLO_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PARTIALS);
	__type(key, __u32);
	__type(value, struct partial);
} partials SEC(".maps");

/* The packet in hand, between one global function and the next. */
struct segment {
	__u64 cookie;
	__u32 off, len;		/* its payload */
	__u32 seq, flags;
	__u32 n;		/* bytes of the hello in the record */
	__u32 call;
	struct wire_addr local, peer;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct segment);
} segments SEC(".maps");

static __always_inline struct segment *segment__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&segments, &zero);
}

static __always_inline bool hello__wanted(void)
{
	struct wire_control *c = control__get();

	return c && (control__wants(c, CALL_TLS) || control__wants(c, CALL_HTTP));
}

/* The packet's place in its connection. 0 when it is nothing for us. */
__weak __attribute__((noinline)) int segment__read(struct __sk_buff *skb)
{
	struct segment *s = segment__get();
	struct packet p = {};

	if (!s || !packet__read(skb, false, skb->protocol, &p, false) || p.protocol != IPPROTO_TCP ||
	    !packet__payload(skb, false, skb->len, &p))
		return 0;
	s->off = p.off;
	s->len = p.len;
	s->seq = p.seq;
	s->flags = p.flags;
	s->local = p.src;
	s->peer = p.dst;
	s->cookie = bpf_get_socket_cookie(skb);
	return 1;
}

/* A connection begins: whose it is. A SYN that is sent again goes in nobody's context, and is known already. */
__weak __attribute__((noinline)) int hello__begin(void)
{
	struct segment *s = segment__get();
	struct task_struct *t = task__current();
	struct wire_control *c = control__get();
	struct hello h = {};
	__u32 version = 2;
	struct cgroup *cg;
	__u64 cookie;

	if (!s || !c || control__self(c, BPF_CORE_READ(t, tgid)) || BPF_CORE_READ(t, flags) & PF_KTHREAD)
		return 0;
	cg = task__cgroup(t, false);
	record__fill(&h.hdr, t, false, EVENT_HELLO, CALL_TLS, sizeof(struct wire_hello));
	if (cg) {
		h.hdr.cgroup = cgroup__id(cg, false, &version);
		record__meet(SCRATCH_SOFT, cg, h.hdr.cgroup, version);
	}
	h.next = s->seq;
	cookie = s->cookie;
	bpf_map_update_elem(&hellos, &cookie, &h, BPF_NOEXIST);
	return 0;
}

/* The end of a request's headers within one block of the record: an empty line. 1 when it is there. */
__weak __attribute__((noinline)) int hello__empty_line(__u32 at)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	__u64 off = at;
	char *p;
	int i;

	PIN(off);
	if (!s || off >= HELLO_MAX)
		return 0;
	PIN(off);
	p = s->rec + sizeof(struct wire_hello) + off;
	for (i = 0; i < BLOCK; i++)
		if (p[i] == '\n' && (p[i + 1] == '\n' || (p[i + 1] == '\r' && p[i + 2] == '\n')))
			return 1;
	return 0;
}

static __always_inline bool http__whole(__u32 n)
{
	__u32 i;

	for (i = 0; i < HELLO_MAX / BLOCK && i * BLOCK < n; i++)
		if (hello__empty_line(i * BLOCK))
			return true;
	return false;
}

/* A handshake message's length stands behind the record's; it may take several records, as a rule equally long ones. */
static __always_inline bool tls__whole(const __u8 *p, __u32 n)
{
	__u32 record = p[3] << 8 | p[4], hello = p[6] << 16 | p[7] << 8 | p[8];

	if (n < 9 || !record)
		return false;
	return n >= (hello + 4 <= record ? 5 + record : 9 + hello + 5 * ((hello + 3) / record));
}

/* Which event these bytes begin: CALL_NONE for neither. */
static __always_inline __u32 hello__call(const __u8 *p)
{
	if (p[0] == 22 && p[1] == 3 && p[5] == 1)
		return CALL_TLS;
	if ((p[0] == 'G' && p[1] == 'E' && p[2] == 'T' && p[3] == ' ') || (p[0] == 'P' && p[1] == 'O' && p[2] == 'S') ||
	    (p[0] == 'H' && p[1] == 'E' && p[2] == 'A' && p[3] == 'D') || (p[0] == 'P' && p[1] == 'U' && p[2] == 'T') ||
	    (p[0] == 'P' && p[1] == 'A' && p[2] == 'T') || (p[0] == 'D' && p[1] == 'E' && p[2] == 'L') ||
	    (p[0] == 'O' && p[1] == 'P' && p[2] == 'T') || (p[0] == 'C' && p[1] == 'O' && p[2] == 'N') ||
	    (p[0] == 'T' && p[1] == 'R' && p[2] == 'A' && p[3] == 'C'))
		return CALL_HTTP;
	return CALL_NONE;
}

/* What waits already, then the packet's payload, behind the record's fixed part. Zeros follow: a line's end is looked for. */
static __always_inline __u32 hello__gather(struct __sk_buff *skb, struct scratch *s, struct segment *g, const struct hello *h,
					   struct partial *waiting)
{
	char *to = s->rec + sizeof(struct wire_hello);
	__u64 at = h->got, n = g->len;

	PIN(at);
	if (at >= HELLO_MAX)
		return 0;
	PIN(at);
	if (at && waiting)
		bpf_probe_read_kernel(to, at, waiting->bytes);
	if (n > HELLO_MAX - at)
		n = HELLO_MAX - at;
	n--;		/* as dns__message() */
	PIN(n);
	if (n >= HELLO_MAX)
		return at;
	PIN(n);
	n++;
	if (bpf_skb_load_bytes(skb, g->off, to + at, n))
		return at;
	at += n;
	PIN(at);
	if (at > HELLO_MAX)
		return 0;
	PIN(at);
	__builtin_memset(to + at, 0, BLOCK + 2);
	return at;
}

/* The connection's place to wait in; NULL when another one has it. */
static __always_inline struct partial *partial__of(__u64 cookie, bool take)
{
	__u32 i = cookie & (PARTIALS - 1);
	struct partial *p = bpf_map_lookup_elem(&partials, &i);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!p || p->cookie == cookie || !take)
		return p && p->cookie == cookie ? p : NULL;
	if (p->cookie && now - p->time < PARTIAL_OLD_NS)
		return NULL;
	if (p->cookie)
		counter__lost(EVENT_HELLO, LOSS_SCRATCH_BUSY);	/* it never went on */
	p->cookie = cookie;
	p->time = now;
	return p;
}

/* Keeps the bytes of the record until more come. 0 when there is no place. */
__weak __attribute__((noinline)) int hello__wait(void)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct segment *g = segment__get();
	struct partial *p;
	struct hello *h;
	__u64 cookie, n;

	if (!s || !g)
		return 0;
	cookie = g->cookie;
	h = bpf_map_lookup_elem(&hellos, &cookie);
	n = g->n;
	if (!h || h->segments >= HELLO_SEGMENTS)
		return 0;
	p = partial__of(cookie, true);
	PIN(n);
	if (!p || n >= HELLO_MAX)
		return 0;
	PIN(n);
	bpf_probe_read_kernel(p->bytes, n, s->rec + sizeof(struct wire_hello));
	h->got = n;
	h->segments++;
	h->next = g->seq + g->len;
	return 1;
}

/* The record is whole, or as whole as it gets. */
__weak __attribute__((noinline)) int hello__send(__u32 whole)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct segment *g = segment__get();
	struct wire_control *c = control__get();
	struct wire_hello *r;
	struct hello *h;
	__u64 cookie;

	if (!s || !g || !c)
		return 0;
	cookie = g->cookie;
	h = bpf_map_lookup_elem(&hellos, &cookie);
	if (!h || !control__wants(c, g->call))
		return 0;
	if (excluded__has(c, h->hdr.cgroup)) {
		counter__refused(EVENT_HELLO);
		return 0;
	}
	if (rate__exceeded(c, EVENT_HELLO, h->hdr.cgroup)) {
		counter__lost(EVENT_HELLO, LOSS_RATE);
		group__lost(h->hdr.cgroup, EVENT_HELLO, h->hdr.tgid, h->hdr.start);
		return 0;
	}
	r = (void *)s->rec;
	r->hdr = h->hdr;
	r->hdr.call = g->call;
	r->hdr.time = bpf_ktime_get_boot_ns();
	r->hdr.cpu = bpf_get_smp_processor_id();
	r->hdr.flags = whole ? 0 : WIRE_TRUNCATED;
	r->local = g->local;
	r->peer = g->peer;
	r->data.off = sizeof(*r);
	r->data.len = g->n;
	r->hdr.size = sizeof(*r) + g->n;
	record__output(SCRATCH_SOFT);
	return 0;
}

/* The connection has said what it is, or never will. */
static __always_inline void hello__forget(__u64 cookie)
{
	struct partial *p = partial__of(cookie, false);

	if (p)
		p->cookie = 0;
	bpf_map_delete_elem(&hellos, &cookie);
}

/* Puts together what is there. 0 when the connection is none of ours; 1: not whole; 2: whole. */
__weak __attribute__((noinline)) int hello__look(struct __sk_buff *skb)
{
	struct scratch *s = scratch__get(SCRATCH_SOFT);
	struct segment *g = segment__get();
	struct hello *h;
	__u64 cookie;
	__u8 *p;

	if (!s || !g)
		return 0;
	cookie = g->cookie;
	h = bpf_map_lookup_elem(&hellos, &cookie);
	if (!h)
		return 0;
	g->n = hello__gather(skb, s, g, h, h->got ? partial__of(cookie, false) : NULL);
	p = (void *)(s->rec + sizeof(struct wire_hello));
	if (g->n < HELLO_MIN)
		return 1;
	g->call = hello__call(p);
	if (g->call == CALL_NONE)
		return 0;
	return 1 + (g->n >= HELLO_MAX || (g->call == CALL_TLS ? tls__whole(p, g->n) : http__whole(g->n)));
}

/* One segment of a connection that has not said what it is. */
__weak __attribute__((noinline)) int hello__segment(struct __sk_buff *skb)
{
	struct segment *g = segment__get();
	struct scratch *s;
	bool last;
	int state;

	if (!g)
		return 0;
	s = scratch__claim(SCRATCH_SOFT, NULL, NULL);
	if (!s) {
		counter__lost(EVENT_HELLO, LOSS_SCRATCH_BUSY);
		hello__forget(g->cookie);
		return 0;
	}
	last = g->flags & (TCP_FLAG_FIN | TCP_FLAG_RST);
	g->call = CALL_NONE;
	state = hello__look(skb);
	if (state != 1 || last || !hello__wait()) {
		if (state && g->call != CALL_NONE)
			hello__send(state == 2);
		hello__forget(g->cookie);
	}
	scratch__release(s);
	return 0;
}

/* Whether the packet brings the next bytes of the connection; passes over those that are sent again before them. */
static __always_inline bool hello__next(struct segment *g)
{
	__u64 cookie = g->cookie;
	struct hello *h = bpf_map_lookup_elem(&hellos, &cookie);
	__u32 again;

	if (!h)
		return false;
	if (!g->len) {
		if (g->flags & (TCP_FLAG_FIN | TCP_FLAG_RST) && !h->got)
			hello__forget(cookie);
		return h->got && g->flags & (TCP_FLAG_FIN | TCP_FLAG_RST);
	}
	again = h->next - g->seq;
	if (again >= g->len)
		return false;
	g->off += again;
	g->len -= again;
	g->seq = h->next;
	return true;
}

SEC("cgroup_skb/egress")
int hello__cgroup(struct __sk_buff *skb)
{
	struct segment *g;

	if (!hello__wanted() || !segment__read(skb))
		return 1;
	g = segment__get();
	if (!g)
		return 1;
	if ((g->flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN)
		hello__begin();
	if (hello__next(g))
		hello__segment(skb);
	return 1;
}
