// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * DNS without control groups
 *
 * Where no v2 hierarchy is mounted: UDP messages as they are handed to a
 * network device, still in their sender's context. Of a packet that is not
 * linear only the beginning can be read. Nothing arrives here, and TCP may be
 * sent by anybody: neither is seen.
 */
#include "dns.h"
#include <bpf/bpf_tracing.h>
#include "packet.h"

#define AGAIN_NS 1000000	/* within this the same packet is on its way through a second device */

/* The last packet of a CPU: a VLAN or a bond hands the same one on to the device below. */
struct queued {
	__u64 skb;
	__u64 time;
	__u32 id;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct queued);
} last_queued SEC(".maps");

static __always_inline bool queued__again(struct sk_buff *skb, __u32 id)
{
	__u32 zero = 0;
	struct queued *last = bpf_map_lookup_elem(&last_queued, &zero);
	__u64 now = bpf_ktime_get_boot_ns();
	bool again;

	if (!last)
		return false;
	again = last->skb == (__u64)skb && last->id == id && now - last->time < AGAIN_NS;
	last->skb = (__u64)skb;
	last->id = id;
	last->time = now;
	return again;
}

static __always_inline void queued__payload(struct wire_dns *r, const unsigned char *at, __u64 n, __u32 whole)
{
	if (n > DNS_BYTES_MAX)
		n = DNS_BYTES_MAX;
	if (n < whole)
		r->hdr.flags |= WIRE_TRUNCATED;
	PIN(n);
	if (n > DNS_BYTES_MAX || bpf_probe_read_kernel(r + 1, n, at))
		return;
	r->payload.off = sizeof(*r);
	r->payload.len = n;
	r->hdr.size = sizeof(*r) + n;
}

SEC("raw_tp/net_dev_queue")
int BPF_PROG(dns_egress__net_dev_queue, struct sk_buff *skb)
{
	unsigned char *ip = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	__u32 before = ip - BPF_CORE_READ(skb, data), len, id = 0;	/* link-layer header, if it is there already */
	struct packet p = {};
	struct wire_dns *r;
	__u64 linear;

	if (!packet__read(ip, true, BPF_CORE_READ(skb, protocol), &p, true) || p.protocol != IPPROTO_UDP)
		return 0;
	len = BPF_CORE_READ(skb, len) - before;
	if (!BPF_CORE_READ(skb, sk) || BPF_CORE_READ(task__current(), flags) & PF_KTHREAD ||
	    !packet__payload(ip, true, len, &p) || p.len < DNS_HEADER)
		return 0;
	linear = len - BPF_CORE_READ(skb, data_len) - p.off;
	if (linear > p.len)
		linear = p.len;
	bpf_probe_read_kernel(&id, 2, ip + p.off);
	if (queued__again(skb, id | (__u32)p.src.port << 16))
		return 0;
	r = record__new_in(SCRATCH_SOFT, EVENT_DNS, CALL_DNS, sizeof(*r));
	if (!r)
		return 0;
	r->protocol = IPPROTO_UDP;
	r->egress = 1;
	r->local = p.src;
	r->peer = p.dst;
	queued__payload(r, ip + p.off, linear, p.len);
	return record__send(&r->hdr, 0);
}
