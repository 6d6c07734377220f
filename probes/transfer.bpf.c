// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Transfers
 *
 * What is sent and received through sockets by the calls that do nothing
 * else, with the beginning of the bytes. Only where a rule asks: each of these
 * calls then costs a record. The peer is the socket's; where a message names
 * one of its own, and for the bytes, it is the caller's memory when the call
 * returns, gathered over as many parts as it lies in.
 */
#include "emit.h"
#include "net.h"
#include "nr.h"

#define DATA_MAX	256	/* bytes of a record */
#define PARTS_MAX	64	/* looked at for them: of 1,024 that a message may have */
#define MESSAGES_MAX	64	/* of one sendmmsg or recvmmsg, also 1,024 */

/* struct user_msghdr and struct mmsghdr of include/linux/socket.h, for 64-bit callers */
struct user_message {
	__u64 name;
	__u32 namelen, pad;
	__u64 iov, iovlen, control, controllen;
	__u32 flags, pad2;
};

struct user_mmessage {
	struct user_message m;
	__u32 len, pad;
};

struct part {
	__u64 base, len;
};

/* The same of 32-bit callers: struct compat_msghdr, struct compat_mmsghdr and struct compat_iovec. */
struct user_message32 {
	__u32 name, namelen, iov, iovlen, control, controllen, flags;
};

struct user_mmessage32 {
	struct user_message32 m;
	__u32 len;
};

struct part32 {
	__u32 base, len;
};

/* The message in hand. In memory, so that the verifier sees one part and not 64; belongs to whoever holds the scratch. */
struct transfer {
	__u64 iov;	/* of the parts left */
	__u64 left;	/* how many */
	__u64 valid;	/* bytes not gathered yet that are part of it: of a receive only what came */
	__u64 size;	/* of all parts */
	__u64 name;	/* of the message: struct sockaddr, 0 for none */
	__u32 namelen;
	__u32 got;	/* bytes in the record */
	__u32 narrow;	/* of a 32-bit caller */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct transfer);
} transfers SEC(".maps");

static __always_inline struct transfer *transfer__get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&transfers, &zero);
}

static __always_inline bool transfer__sends(__u32 call)
{
	return call == CALL_SENDTO || call == CALL_SENDMSG || call == CALL_SENDMMSG;
}

static __always_inline bool transfer__many(__u32 call)
{
	return call == CALL_SENDMMSG || call == CALL_RECVMMSG;
}

/* Appends what the next part holds, as far as there is room. */
static __always_inline void transfer__bytes(struct transfer *t, __u64 base, __u64 len)
{
	struct scratch *s = scratch__get(SCRATCH_TASK);
	struct wire_hdr *h;
	__u64 at = t->got, n = len < t->valid ? len : t->valid;
	char *to;

	if (!s || !n)
		return;
	h = (void *)s->rec;
	PIN(at);
	if (at >= DATA_MAX) {
		h->flags |= WIRE_TRUNCATED;
		return;
	}
	PIN(at);
	if (n > DATA_MAX - at) {
		n = DATA_MAX - at;
		h->flags |= WIRE_TRUNCATED;
	}
	to = s->rec + sizeof(struct wire_transfer) + at;
	PIN(n);
	if (n > DATA_MAX)
		return;
	PIN(n);
	if (bpf_probe_read_user(to, n, (void *)base)) {
		h->flags |= WIRE_UNREADABLE;
		t->valid = 0;
		return;
	}
	t->got = at + n;
	t->valid -= n;
}

/* The next part in the caller's memory. */
static __always_inline bool transfer__next(struct transfer *t, struct part *p)
{
	struct part32 narrow;

	if (!t->narrow) {
		if (bpf_probe_read_user(p, sizeof(*p), (void *)t->iov))
			return false;
		t->iov += sizeof(*p);
		return true;
	}
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (void *)t->iov))
		return false;
	p->base = narrow.base;
	p->len = narrow.len;
	t->iov += sizeof(narrow);
	return true;
}

/* One part of a message. 1 when there is none, or no way to read it. */
__weak __attribute__((noinline)) int transfer__part(void)
{
	struct transfer *t = transfer__get();
	struct part p = {};

	if (!t || !t->left)
		return 1;
	if (!transfer__next(t, &p)) {
		t->left = 0;
		return 1;
	}
	t->left--;
	t->size += p.len;
	transfer__bytes(t, p.base, p.len);
	return 0;
}

static __always_inline void transfer__parts(struct transfer *t, struct wire_hdr *h)
{
	int i;

	for (i = 0; i < PARTS_MAX; i++)
		if (transfer__part())
			return;
	if (t->left)
		h->flags |= WIRE_TRUNCATED;
}

/* How long the address of a sendto or recvfrom is. */
static __always_inline __u32 transfer__namelen(__u64 via, __u32 call)
{
	struct asked *a = via < VIA_WAYS ? NULL : asked__get(via);
	__u32 len = 0;
	__u64 sixth;

	if (via >= VIA_WAYS)
		return a ? a->len[1] : 0;
	sixth = via == VIA_CALL ? task__arg(task__regs(), 6) : compat__sixth(via);
	if (call == CALL_SENDTO)
		return sixth;
	bpf_probe_read_user(&len, sizeof(len), (void *)sixth);
	return len;
}

/* send and recv of socketcall have no address. */
static __always_inline bool transfer__short(__u64 via)
{
	__u64 which = via == VIA_SOCKETCALL ? entry__arg(VIA_COMPAT, 1) : 0;

	return which == 9 || which == 10;
}

/* The n-th message in the caller's memory, whichever form it has. */
static __always_inline bool transfer__header(struct user_mmessage *m, __u64 at, __u32 n, bool many, bool narrow)
{
	struct user_mmessage32 is = {};

	if (!narrow) {
		at += many ? n * sizeof(*m) : 0;
		return !bpf_probe_read_user(m, many ? sizeof(*m) : sizeof(m->m), (void *)at);
	}
	at += many ? n * sizeof(is) : 0;
	if (bpf_probe_read_user(&is, many ? sizeof(is) : sizeof(is.m), (void *)at))
		return false;
	m->m.name = is.m.name;
	m->m.namelen = is.m.namelen;
	m->m.iov = is.m.iov;
	m->m.iovlen = is.m.iovlen;
	m->len = is.len;
	return true;
}

/* Arguments of the n-th message into *t, and its bytes into the record. Returns how many bytes went. */
static __always_inline __s64 transfer__take(struct wire_transfer *r, struct transfer *t, __u64 via, __u32 call, __u32 n,
					    __s64 ret)
{
	struct user_mmessage m = {};
	__u64 at = entry__arg(via, 2);

	__builtin_memset(t, 0, sizeof(*t));
	if (call == CALL_SENDTO || call == CALL_RECVFROM) {
		t->size = entry__arg(via, 3);
		r->flags = entry__arg(via, 4);
		t->name = transfer__short(via) ? 0 : entry__arg(via, 5);
		t->namelen = t->name ? transfer__namelen(via, call) : 0;
		t->valid = transfer__sends(call) ? t->size : ret > 0 ? ret : 0;
		transfer__bytes(t, at, t->size);
		return ret;
	}
	r->flags = entry__arg(via, transfer__many(call) ? 4 : 3);
	t->narrow = via == VIA_COMPAT || via == VIA_SOCKETCALL;
	if (!transfer__header(&m, at, n, transfer__many(call), t->narrow)) {
		r->hdr.flags |= WIRE_UNREADABLE;
		return ret;
	}
	if (transfer__many(call) && ret > 0)
		ret = m.len;
	t->name = m.m.name;
	t->namelen = m.m.namelen;
	t->iov = m.m.iov;
	t->left = m.m.iovlen;
	t->valid = transfer__sends(call) ? ~0ull : ret > 0 ? ret : 0;
	transfer__parts(t, &r->hdr);
	return ret;
}

/*
 * The peer that the message names, where such sockets go by that. What was received from whom the kernel has written to
 * the caller's memory, also for a request; what a request sends to it keeps itself.
 */
static __always_inline void transfer__named(struct wire_transfer *r, const struct transfer *t, __u64 via, __u32 call)
{
	__u64 by = transfer__sends(call) ? via : VIA_CALL;

	if (!t->name || !t->namelen)
		return;
	if (r->family == AF_UNIX)
		net__asked_path(by, &r->hdr, &r->path, t->name, t->namelen);
	else if (r->family == AF_INET || r->family == AF_INET6)
		net__asked(by, &r->hdr, &r->peer, t->name, t->namelen);
}

/* The n-th message of the call. */
__weak __attribute__((noinline)) int transfer__message(__u64 via, __u32 call, __u32 n, __s64 ret)
{
	struct transfer *t = transfer__get();
	struct wire_transfer *r;
	struct sock *sk;

	if (!t)
		return 0;
	r = entry__new(via, EVENT_TRANSFER, call, sizeof(*r));
	if (!r)
		return 0;
	r->fd = entry__arg(via, 1);
	sk = entry__sock(via, r->fd);
	if (sk) {
		r->family = sock__family(sk);
		r->type = sock__type(sk);
		r->protocol = sock__protocol(sk);
		net__ends(sk, &r->local, &r->peer);
	}
	ret = transfer__take(r, t, via, call, n, ret);
	r->size = t->size;
	record__grown(&r->hdr, &r->data, sizeof(*r), t->got);
	if (sk && r->type != SOCK_STREAM && (ret >= 0 || transfer__sends(call)))
		transfer__named(r, t, via, call);
	if (r->family == AF_UNIX && !r->path.len && sk && !record__unix_sock(&r->hdr, &r->path, unix__peer(sk)))
		record__unix_sock(&r->hdr, &r->path, sk);
	return record__send(&r->hdr, net__res(ret));
}

static __always_inline __u32 transfer__call(__s32 nr)
{
	switch (nr) {
	CALL_CASE(SENDTO)
	CALL_CASE(SENDMSG)
	CALL_CASE(SENDMMSG)
	CALL_CASE(RECVFROM)
	CALL_CASE(RECVMSG)
	CALL_CASE(RECVMMSG)
	}
	return CALL_NONE;
}

__weak __attribute__((noinline)) int transfer__emit(__s32 nr, __u64 via, __s64 ret)
{
	__u32 call = transfer__call(nr), i, n = 1;
	struct wire_counter *c;

	if (call == CALL_NONE || !call__wanted(EVENT_TRANSFER, call, ret < 0))
		return 0;
	if (transfer__many(call) && ret >= 0)
		n = ret;
	for (i = 0; i < MESSAGES_MAX && i < n; i++)
		transfer__message(via, call, i, ret);
	c = n > MESSAGES_MAX ? counter__get(EVENT_TRANSFER) : NULL;
	if (c) {
		__sync_fetch_and_add(&c->seen, n - MESSAGES_MAX);
		__sync_fetch_and_add(&c->lost[LOSS_TOO_BIG], n - MESSAGES_MAX);
	}
	return 0;
}

SEC("tracepoint")
int transfers__exit(struct sys_exit *ctx)
{
	return transfer__emit(ctx->nr, VIA_CALL, ctx->ret);
}
