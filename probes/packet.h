/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Packet
 *
 * From the IP header on to addresses, ports and payload. Every packet of the
 * host comes here: what is neither UDP nor TCP of a wanted port is let go
 * after one read. The bytes are those of an skb that a control-group program
 * was given, or lie in the kernel's memory (raw).
 */
#ifndef PROBES_PACKET_H
#define PROBES_PACKET_H

#include "kernel.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "filter.h"
#include "wire.h"

#define ETH_P_IP	0x0800
#define ETH_P_IPV6	0x86dd
#define IP_OFFSET	0x1fff
#define IPV6_EXT_MAX	4	/* extension headers followed */

#define NEXTHDR_HOP	0
#define NEXTHDR_ROUTING	43
#define NEXTHDR_DEST	60

#define TCP_FLAG_FIN	0x01
#define TCP_FLAG_SYN	0x02
#define TCP_FLAG_RST	0x04
#define TCP_FLAG_ACK	0x10

struct packet {
	__u32 protocol;
	__u32 off;	/* of the transport header; packet__payload() moves it on */
	__u32 len;	/* of the payload */
	__u32 seq;	/* TCP: of the payload's first byte */
	__u32 flags;	/* TCP_FLAG_* */
	struct wire_addr src, dst;
};

struct ports { __be16 src, dst; };

struct ip4 {
	__u8 version_ihl, tos;
	__be16 len, id, frag;
	__u8 ttl, protocol;
	__be16 check;
	__u8 src[4], dst[4];
	struct ports ports;	/* without options */
};

struct ip6 {
	__u8 version[4];
	__be16 len;
	__u8 next, hops;
	__u8 src[16], dst[16];
	struct ports ports;	/* without extension headers */
};

static __always_inline long packet__load(const void *from, bool raw, __u32 off, void *to, __u32 n)
{
	return raw ? bpf_probe_read_kernel(to, n, (const char *)from + off) : bpf_skb_load_bytes(from, off, to, n);
}

static __always_inline bool packet__carries(__u32 protocol)
{
	return protocol == 6 || protocol == 17;
}

#define DNS_PORT	53

/* A port where DNS is spoken. Not more than this one as a rule, then one look is enough. */
static __always_inline bool port__dns(__u16 port)
{
	struct wire_control *c;
	int i;

	if (port == DNS_PORT)
		return true;
	c = control__get();
	for (i = 0; c && i < DNS_PORTS_MAX && c->dns_ports[i]; i++)
		if (c->dns_ports[i] == port)
			return true;
	return false;
}

/* Whether the packet is of a port of DNS, or of any; takes its ports over if so. */
static __always_inline bool packet__ports(struct packet *p, const struct ports *at, bool dns)
{
	if (dns && !port__dns(bpf_ntohs(at->src)) && !port__dns(bpf_ntohs(at->dst)))
		return false;
	p->src.port = bpf_ntohs(at->src);
	p->dst.port = bpf_ntohs(at->dst);
	return true;
}

static __always_inline bool packet__ip4(const void *from, bool raw, struct packet *p, bool dns)
{
	struct ip4 ip;

	if (packet__load(from, raw, 0, &ip, sizeof(ip)))
		return false;
	if (!packet__carries(ip.protocol) || ip.frag & bpf_htons(IP_OFFSET))
		return false;
	p->protocol = ip.protocol;
	p->off = (ip.version_ihl & 15) * 4;
	if (p->off != 20 && packet__load(from, raw, p->off, &ip.ports, sizeof(ip.ports)))
		return false;
	if (!packet__ports(p, &ip.ports, dns))
		return false;
	p->src.family = p->dst.family = AF_INET;
	__builtin_memcpy(p->src.ip, ip.src, 4);
	__builtin_memcpy(p->dst.ip, ip.dst, 4);
	return true;
}

static __always_inline bool packet__ip6(const void *from, bool raw, struct packet *p, bool dns)
{
	struct ip6 ip;
	__u8 ext[2];

	if (packet__load(from, raw, 0, &ip, sizeof(ip)))
		return false;
	p->off = 40;
	for (int i = 0; i < IPV6_EXT_MAX && !packet__carries(ip.next); i++) {
		if (ip.next != NEXTHDR_HOP && ip.next != NEXTHDR_ROUTING && ip.next != NEXTHDR_DEST)
			return false;
		if (packet__load(from, raw, p->off, ext, sizeof(ext)))
			return false;
		ip.next = ext[0];
		p->off += (ext[1] + 1) * 8;
	}
	if (!packet__carries(ip.next))
		return false;
	p->protocol = ip.next;
	if (p->off != 40 && packet__load(from, raw, p->off, &ip.ports, sizeof(ip.ports)))
		return false;
	if (!packet__ports(p, &ip.ports, dns))
		return false;
	p->src.family = p->dst.family = AF_INET6;
	__builtin_memcpy(p->src.ip, ip.src, 16);
	__builtin_memcpy(p->dst.ip, ip.dst, 16);
	return true;
}

/* p is zero, ether is the frame's type. dns: only those of its ports. False when the packet is none. */
static __always_inline bool packet__read(const void *from, bool raw, __be16 ether, struct packet *p, bool dns)
{
	if (ether == bpf_htons(ETH_P_IP))
		return packet__ip4(from, raw, p, dns);
	if (ether == bpf_htons(ETH_P_IPV6))
		return packet__ip6(from, raw, p, dns);
	return false;
}

/* Moves on to the payload of a packet of len bytes. False when it ends before that. */
static __always_inline bool packet__payload(const void *from, bool raw, __u32 len, struct packet *p)
{
	struct { __be16 ports[2], len, check; } udp;
	struct { __be16 ports[2]; __be32 seq, ack; __u8 off, flags; } tcp;
	__u32 head = 8;

	if (p->protocol == 17) {
		if (packet__load(from, raw, p->off, &udp, sizeof(udp)))
			return false;
	} else {
		if (packet__load(from, raw, p->off, &tcp, 14))
			return false;
		head = (tcp.off >> 4) * 4;
		p->seq = bpf_ntohl(tcp.seq) + !!(tcp.flags & TCP_FLAG_SYN);
		p->flags = tcp.flags;
	}
	p->off += head;
	if (len < p->off)
		return false;
	p->len = len - p->off;
	if (p->protocol == 17 && bpf_ntohs(udp.len) >= 8 && p->len > bpf_ntohs(udp.len) - 8u)
		p->len = bpf_ntohs(udp.len) - 8u;
	return true;
}

#endif
