/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Kinds
 *
 * What can be told of an event from a few numbers, as one number below
 * KINDS_MAX: a bit of struct wire_refuse says whether any rule can match the
 * kind. Computed by the probes from what they have at hand, and by the agent
 * from a record, here for both. What the kinds of an event mean, and which
 * fields they settle, is agent/event/kind.c's affair.
 */
#ifndef PROBES_REFUSE_H
#define PROBES_REFUSE_H

#include "wire.h"

#define KIND_NONE	0	/* of events that are not told apart */
#define KIND_OTHER	31	/* whatever the others do not say */
#define KIND_NUMBERS	93	/* 0 to 92 share the 31 other kinds, three each */

/* A failed connect that is on its way, or was interrupted while it was, has not failed for us. */
static inline __attribute__((always_inline)) int kind__failed(__u32 type, __s64 res)
{
	return res < 0 && !(type == EVENT_CONNECT && (res == -115 || res == -4 || (res <= -512 && res >= -516)));
}

static inline __attribute__((always_inline)) __u32 kind__number(__u64 n)
{
	return n < KIND_NUMBERS ? (__u32)n % 31 : KIND_OTHER;
}

/* PTRACE_*: the newer ones begin at 0x4200. */
static inline __attribute__((always_inline)) __u32 kind__tamper(__u32 request)
{
	if (request >= 0x4200 && request < 0x4220)
		return kind__number(request - 0x4200 + 40);
	return request < 40 ? kind__number(request) : KIND_OTHER;
}

/* PR_*: PR_SET_VMA and PR_SET_PTRACER spell their names. */
static inline __attribute__((always_inline)) __u32 kind__prctl(__u32 option)
{
	if (option == 0x53564d41)
		return kind__number(KIND_NUMBERS - 2);
	if (option == 0x59616d61)
		return kind__number(KIND_NUMBERS - 1);
	return option < KIND_NUMBERS - 2 ? kind__number(option) : KIND_OTHER;
}

/* What of a mode is told: in this order the bits of the kind. */
#define KIND_CHMOD_SUID		(1 << 0)
#define KIND_CHMOD_SGID		(1 << 1)
#define KIND_CHMOD_STICKY	(1 << 2)
#define KIND_CHMOD_EXEC		(1 << 3)	/* by somebody */
#define KIND_CHMOD_OTHERS	(1 << 4)	/* may write */

static inline __attribute__((always_inline)) __u32 kind__chmod(__u32 mode)
{
	return (mode >> 11 & 1) | (mode >> 10 & 1) << 1 | (mode >> 9 & 1) << 2 | (mode & 0111 ? KIND_CHMOD_EXEC : 0) |
	       (mode & 0002 ? KIND_CHMOD_OTHERS : 0);
}

/* Behind those of executable memory: a file's that is shared and can be written, whichever region it is. */
#define KIND_SHARED	(REGION_MAX << 2)

/* Executable memory: region and whether it can be read and written. */
static inline __attribute__((always_inline)) __u32 kind__memory(__u32 region, __u32 prot)
{
	if (prot & ~7u || region >= REGION_MAX)
		return KIND_OTHER;
	return (prot & 4 ? region << 2 : KIND_SHARED) | (prot & 3);
}

enum dup_what { DUP_FILE, DUP_DIRECTORY, DUP_IPV4, DUP_IPV6, DUP_UNIX, DUP_PIPE, DUP_DEVICE, DUP_REST };

#define DUP_RES_MORE	3	/* 3 and more, or it failed */

static inline __attribute__((always_inline)) __u32 kind__dup(__u32 fd_type, __s64 res)
{
	__u32 r = res < 0 || res > 2 ? DUP_RES_MORE : (__u32)res, what = DUP_REST;

	if (fd_type == FD_FILE)
		what = DUP_FILE;
	else if (fd_type == FD_DIRECTORY)
		what = DUP_DIRECTORY;
	else if (fd_type == FD_IPV4)
		what = DUP_IPV4;
	else if (fd_type == FD_IPV6)
		what = DUP_IPV6;
	else if (fd_type == FD_UNIX)
		what = DUP_UNIX;
	else if (fd_type == FD_PIPE)
		what = DUP_PIPE;
	else if (fd_type == FD_DEVICE)
		what = DUP_DEVICE;
	return r << 3 | what;
}

enum socket_domain { DOMAIN_UNIX, DOMAIN_IPV4, DOMAIN_IPV6, DOMAIN_NETLINK, DOMAIN_PACKET, DOMAIN_ALG, DOMAIN_VSOCK, DOMAIN_REST };

static inline __attribute__((always_inline)) __u32 kind__socket(__u32 domain, __u32 type)
{
	__u32 t = (type & 0xf) - 1, d = DOMAIN_REST;

	if (domain == 1)
		d = DOMAIN_UNIX;
	else if (domain == 2)
		d = DOMAIN_IPV4;
	else if (domain == 10)
		d = DOMAIN_IPV6;
	else if (domain == 16)
		d = DOMAIN_NETLINK;
	else if (domain == 17)
		d = DOMAIN_PACKET;
	else if (domain == 38)
		d = DOMAIN_ALG;
	else if (domain == 40)
		d = DOMAIN_VSOCK;
	return d << 2 | (t < 3 ? t : 3);
}

/* Of a connection the other end, of a listener its own. */
enum sock_place { PLACE_OTHER, PLACE_UNIX, PLACE_V4_LOOP, PLACE_V4_PRIVATE, PLACE_V4, PLACE_V6_LOOP, PLACE_V6, PLACE_MAX };
enum sock_proto { PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_OTHER, PROTO_MAX };

static inline __attribute__((always_inline)) int addr__mapped(const struct wire_addr *a)
{
	return a->family == 10 && !a->ip[0] && !a->ip[1] && !a->ip[2] && !a->ip[3] && !a->ip[4] && !a->ip[5] && !a->ip[6] &&
	       !a->ip[7] && !a->ip[8] && !a->ip[9] && a->ip[10] == 0xff && a->ip[11] == 0xff;
}

static inline __attribute__((always_inline)) int addr__one(const struct wire_addr *a)
{
	return !a->ip[0] && !a->ip[1] && !a->ip[2] && !a->ip[3] && !a->ip[4] && !a->ip[5] && !a->ip[6] && !a->ip[7] &&
	       !a->ip[8] && !a->ip[9] && !a->ip[10] && !a->ip[11] && !a->ip[12] && !a->ip[13] && !a->ip[14] && a->ip[15] == 1;
}

/* Private: 10/8, 172.16/12, 192.168/16, and link-local 169.254/16. */
static inline __attribute__((always_inline)) __u32 place__v4(__u8 a, __u8 b)
{
	if (a == 127)
		return PLACE_V4_LOOP;
	return a == 10 || (a == 172 && b >> 4 == 1) || (a == 192 && b == 168) || (a == 169 && b == 254) ? PLACE_V4_PRIVATE : PLACE_V4;
}

static inline __attribute__((always_inline)) __u32 place__of(__u32 family, const struct wire_addr *end, const struct wire_addr *other)
{
	if (family == 1)
		return PLACE_UNIX;
	if (family == 2 && end->family == 2)
		return place__v4(end->ip[0], end->ip[1]);
	if (family != 10 || end->family != 10)
		return PLACE_OTHER;
	if (addr__mapped(end))
		return place__v4(end->ip[12], end->ip[13]);
	if (other->family == 2 || addr__mapped(other))
		return PLACE_OTHER;
	return addr__one(end) ? PLACE_V6_LOOP : PLACE_V6;
}

static inline __attribute__((always_inline)) __u32 proto__of(__u32 type, __u32 protocol)
{
	if (protocol == 6)
		return PROTO_TCP;
	if (protocol == 17)
		return PROTO_UDP;
	if (protocol == 1 || protocol == 58)
		return PROTO_ICMP;
	if (protocol == 255)
		return PROTO_OTHER;
	type &= 0xf;
	return type == 1 ? PROTO_TCP : type == 2 ? PROTO_UDP : PROTO_OTHER;
}

static inline __attribute__((always_inline)) __u32 kind__sock(__u32 family, __u32 type, __u32 protocol,
							      const struct wire_addr *end, const struct wire_addr *other)
{
	return place__of(family, end, other) << 2 | proto__of(type, protocol);
}

/* An open that only reads, or any other. */
enum open_kind { KIND_OPEN_READ, KIND_OPEN_OTHER };

#endif
