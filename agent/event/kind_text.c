/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds in words, for people. */
#include "event/kind.h"
#include "util/cleanup.h"
#include <stdio.h>

static const char *const places[PLACE_MAX] = {"elsewhere", "unix", "loopback", "private IPv4", "other IPv4", "IPv6 loopback", "other IPv6"};
static const char *const protos[PROTO_MAX] = {"tcp", "udp", "icmp", "another protocol"};
static const char *const whats[] = {"file", "directory", "ipv4", "ipv6", "unix", "pipe", "device", "anything else"};
static const char *const regions[REGION_MAX] = {"none", "anon", "heap", "stack", "file", "memfd"};
static const char *const rights[] = {"x", "rx", "wx", "rwx"};
static const char *const domains[] = {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK", "another family"};
static const char *const types[] = {"stream", "datagram", "raw", "other type"};

static void put_mode(char dst[KIND_TEXT_MAX], uint32_t kind)
{
	static const char *const bits[] = {"S_ISUID", "S_ISGID", "S_ISVTX", "x", "S_IWOTH"};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (kind >> i & 1)
			n += (size_t)snprintf(dst + n, KIND_TEXT_MAX - n, "%s%s", n ? "+" : "", bits[i]);
	}
	if (!n)
		snprintf(dst, KIND_TEXT_MAX, "none of these");
}

/* Requests of ptrace there are: up to 33, and 0x4200 to 0x420f. */
static bool there_is(const union event_record *r)
{
	return r->hdr.type != EVENT_TAMPER || r->tamper.request <= 33 || (r->tamper.request >= 0x4200 && r->tamper.request <= 0x420f);
}

/* The numbers that share it. */
static void put_numbers(char dst[KIND_TEXT_MAX], enum event_call call, uint32_t kind)
{
	union event_record r;
	size_t n = 0;

	for (unsigned int nth = 0; kind_sample(&r, call, kind, nth, false); nth++) {
		uint32_t number = r.hdr.type == EVENT_TAMPER ? r.tamper.request : r.hdr.type == EVENT_SIGNAL ? r.signal.sig :
				  r.hdr.type == EVENT_PRCTL ? r.prctl.option : r.hdr.type == EVENT_KEYCTL ? r.keyctl.operation : r.bpf.cmd;

		if (n < KIND_TEXT_MAX && there_is(&r))
			n += (size_t)snprintf(dst + n, KIND_TEXT_MAX - n, number > 0x1000 ? "%s%#x" : "%s%u", n ? "|" : "", number);
	}
}

void kind_place(char dst[KIND_TEXT_MAX], uint32_t kind)
{
	snprintf(dst, KIND_TEXT_MAX, "%s", places[(kind >> 2) % PLACE_MAX]);
}

void kind_text(char dst[KIND_TEXT_MAX], enum event_type type, enum event_call call, uint32_t kind)
{
	uint32_t high = kind >> 2, low = kind & 3;

	if (kind >= kind_count(type)) {
		snprintf(dst, KIND_TEXT_MAX, "others");
		return;
	}
	switch (type) {
	case EVENT_OPEN:
		snprintf(dst, KIND_TEXT_MAX, "%s", kind == KIND_OPEN_READ ? "read-only" : "others");
		break;
	case EVENT_CONNECT:
	case EVENT_BIND:
	case EVENT_LISTEN:
	case EVENT_ACCEPT:
		snprintf(dst, KIND_TEXT_MAX, "%s %s", protos[low], places[high]);
		break;
	case EVENT_MEMORY:
		snprintf(dst, KIND_TEXT_MAX, "%s %s", regions[high], rights[low]);
		break;
	case EVENT_DUP:
		snprintf(dst, KIND_TEXT_MAX, "%s as %s", whats[kind & 7], (const char *const[]){"0", "1", "2", "more"}[kind >> 3]);
		break;
	case EVENT_SOCKET:
	case EVENT_SOCKETPAIR:
		snprintf(dst, KIND_TEXT_MAX, "%s %s", domains[high], types[low]);
		break;
	case EVENT_CHMOD:
		put_mode(dst, kind);
		break;
	default:
		put_numbers(dst, call, kind);
	}
}
