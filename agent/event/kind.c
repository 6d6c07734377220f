/* SPDX-License-Identifier: Apache-2.0 */
#include "event/kind.h"
#include "event/attr.h"
#include "util/cleanup.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define NUMBERS_EACH 3	/* numbers that share a kind: KIND_NUMBERS / 31 */

unsigned int kind_count(enum event_type type)
{
	switch (type) {
	case EVENT_OPEN:
		return 2;
	case EVENT_CONNECT:
	case EVENT_BIND:
	case EVENT_LISTEN:
	case EVENT_ACCEPT:
		return PLACE_MAX << 2;
	case EVENT_MEMORY:
		return KIND_SHARED + 4;
	case EVENT_DUP:
	case EVENT_CHMOD:
	case EVENT_SOCKET:
	case EVENT_SOCKETPAIR:
		return KINDS_MAX;
	case EVENT_TAMPER:
	case EVENT_SIGNAL:
	case EVENT_PRCTL:
	case EVENT_KEYCTL:
	case EVENT_BPF:
		return KIND_OTHER;
	default:
		return 1;
	}
}

static bool only_reads(uint32_t flags)
{
	return !(flags & (0x3 | 0100 | 01000 | 020000000));	/* O_ACCMODE, O_CREAT, O_TRUNC, O_TMPFILE: as the probes have it */
}

uint32_t kind_of(const union event_record *rec)
{
	static const struct wire_addr none = {};

	switch (rec->hdr.type) {
	case EVENT_OPEN:
		return only_reads(rec->open.flags) ? KIND_OPEN_READ : KIND_OPEN_OTHER;
	case EVENT_CONNECT:
		return kind__sock(rec->connect.family, rec->connect.type, rec->connect.protocol, &rec->connect.peer, &rec->connect.local);
	case EVENT_BIND:
		return kind__sock(rec->bind.family, rec->bind.type, rec->bind.protocol, &rec->bind.local, &none);
	case EVENT_LISTEN:
		return kind__sock(rec->listen.family, rec->listen.type, 0, &rec->listen.local, &none);
	case EVENT_ACCEPT:
		return kind__sock(rec->accept.family, rec->accept.type, rec->accept.protocol, &rec->accept.peer, &rec->accept.local);
	case EVENT_MEMORY:
		return kind__memory(rec->memory.region, rec->memory.prot);
	case EVENT_DUP:
		return kind__dup(rec->dup.fd_type, rec->hdr.res);
	case EVENT_CHMOD:
		return kind__chmod(rec->chmod.mode);
	case EVENT_SOCKET:
		return kind__socket(rec->socket.domain, rec->socket.type);
	case EVENT_SOCKETPAIR:
		return kind__socket(rec->socketpair.domain, rec->socketpair.type);
	case EVENT_TAMPER:
		return kind__tamper(rec->tamper.request);
	case EVENT_SIGNAL:
		return kind__number(rec->signal.sig);
	case EVENT_PRCTL:
		return kind__prctl(rec->prctl.option);
	case EVENT_KEYCTL:
		return kind__number(rec->keyctl.operation);
	case EVENT_BPF:
		return kind__number(rec->bpf.cmd);
	default:
		return KIND_NONE;
	}
}

bool kind_refused(const struct wire_refuse table[CALL_MAX], const union event_record *rec, bool host)
{
	uint32_t who = (kind__failed(rec->hdr.type, rec->hdr.res) ? REFUSE_FAILED : 0) | (rec->hdr.euid ? 0 : REFUSE_ROOT) |
		       (host ? REFUSE_HOST : 0);

	return table[rec->hdr.call].kinds[who] >> kind_of(rec) & 1;
}

/* ---- samples ---- */

static bool sample_number(uint32_t kind, unsigned int nth, uint32_t *ret)
{
	if (kind == KIND_OTHER) {
		*ret = UINT32_MAX;
		return !nth;
	}
	*ret = kind + 31 * nth;
	return nth < NUMBERS_EACH;
}

static bool sample_request(uint32_t kind, unsigned int nth, uint32_t *ret)
{
	uint32_t n;

	if (!sample_number(kind, nth, &n))
		return false;
	*ret = n < 40 || n == UINT32_MAX ? n : 0x4200 + n - 40;
	return true;	/* beyond 71 no request is of this kind: one too many does no harm */
}

static bool sample_option(uint32_t kind, unsigned int nth, uint32_t *ret)
{
	if (!sample_number(kind, nth, ret))
		return false;
	if (*ret == KIND_NUMBERS - 2)
		*ret = 0x53564d41;
	else if (*ret == KIND_NUMBERS - 1)
		*ret = 0x59616d61;
	return true;
}

static bool sample_memory(struct wire_memory *m, uint32_t kind, unsigned int nth)
{
	static const uint32_t shared[] = {REGION_FILE, REGION_MEMFD, REGION_ANON, REGION_NONE};	/* anon: /dev/zero */

	m->prot = kind & 3;
	if (kind >= KIND_SHARED && kind != KIND_OTHER) {
		m->region = nth < ARRAY_SIZE(shared) ? shared[nth] : REGION_NONE;
		return nth < ARRAY_SIZE(shared);
	}
	m->region = kind >> 2;
	m->prot |= 4;
	return !nth;
}

static bool sample_dup(struct wire_dup *d, uint32_t kind, unsigned int nth, bool failed)
{
	static const uint32_t type[] = {[DUP_FILE] = FD_FILE, [DUP_DIRECTORY] = FD_DIRECTORY, [DUP_IPV4] = FD_IPV4, [DUP_IPV6] = FD_IPV6,
					[DUP_UNIX] = FD_UNIX, [DUP_PIPE] = FD_PIPE, [DUP_DEVICE] = FD_DEVICE};
	static const uint32_t rest[] = {FD_NONE, FD_NETLINK, FD_PACKET, FD_SOCKET, FD_MEMFD, FD_ANON};
	uint32_t what = kind & 7;

	if (!failed)
		d->hdr.res = kind >> 3;
	if (what == DUP_REST) {
		d->fd_type = nth < ARRAY_SIZE(rest) ? rest[nth] : FD_NONE;
		return nth < ARRAY_SIZE(rest);
	}
	d->fd_type = type[what];
	if (what == DUP_IPV6 && nth == 1) {	/* one that talks IPv4 */
		d->peer = (struct wire_addr){.family = AF_INET6, .ip = {[10] = 0xff, [11] = 0xff}};
		return true;
	}
	return !nth;
}

static void sample_sock(uint32_t kind, uint32_t *family, uint32_t *type, uint32_t *protocol, struct wire_addr *end)
{
	static const struct wire_addr ends[] = {
		[PLACE_V4_LOOP] = {.family = AF_INET, .ip = {127, 0, 0, 1}}, [PLACE_V4_PRIVATE] = {.family = AF_INET, .ip = {10, 0, 0, 1}},
		[PLACE_V4] = {.family = AF_INET, .ip = {8, 8, 8, 8}}, [PLACE_V6_LOOP] = {.family = AF_INET6, .ip = {[15] = 1}},
		[PLACE_V6] = {.family = AF_INET6, .ip = {0x20, 0x01}},
	};
	static const uint32_t protocols[] = {[PROTO_TCP] = IPPROTO_TCP, [PROTO_UDP] = IPPROTO_UDP, [PROTO_ICMP] = IPPROTO_ICMP,
					     [PROTO_OTHER] = IPPROTO_RAW};
	uint32_t place = kind >> 2 < PLACE_MAX ? kind >> 2 : PLACE_OTHER, proto = kind & 3;	/* KIND_OTHER has no place */

	*family = place == PLACE_UNIX ? AF_UNIX : place == PLACE_OTHER ? AF_UNSPEC : ends[place].family;
	if (place > PLACE_UNIX)
		*end = ends[place];
	*type = proto == PROTO_TCP ? SOCK_STREAM : proto == PROTO_UDP ? SOCK_DGRAM : SOCK_RAW;
	if (protocol)
		*protocol = protocols[proto];
}

static const uint32_t domains[] = {[DOMAIN_UNIX] = AF_UNIX, [DOMAIN_IPV4] = AF_INET, [DOMAIN_IPV6] = AF_INET6, [DOMAIN_NETLINK] = AF_NETLINK,
				   [DOMAIN_PACKET] = AF_PACKET, [DOMAIN_ALG] = 38, [DOMAIN_VSOCK] = 40, [DOMAIN_REST] = 99};

bool kind_sample(union event_record *r, enum event_call call, uint32_t kind, unsigned int nth, bool failed)
{
	enum event_type type = call_table[call].type;

	memset(r, 0, sizeof(*r));
	r->hdr.type = (uint16_t)type;
	r->hdr.call = (uint16_t)call;
	r->hdr.size = (uint32_t)event_table[type].size;
	r->hdr.res = failed ? -1 : 0;
	r->hdr.tgid = r->hdr.tid = 1;
	switch (type) {
	case EVENT_CONNECT:
		sample_sock(kind, &r->connect.family, &r->connect.type, &r->connect.protocol, &r->connect.peer);
		return !nth;
	case EVENT_BIND:
		sample_sock(kind, &r->bind.family, &r->bind.type, &r->bind.protocol, &r->bind.local);
		return !nth;
	case EVENT_LISTEN:
		sample_sock(kind, &r->listen.family, &r->listen.type, NULL, &r->listen.local);
		return !nth;
	case EVENT_ACCEPT:
		sample_sock(kind, &r->accept.family, &r->accept.type, &r->accept.protocol, &r->accept.peer);
		return !nth;
	case EVENT_MEMORY:
		return sample_memory(&r->memory, kind, nth);
	case EVENT_DUP:
		return sample_dup(&r->dup, kind, nth, failed);
	case EVENT_SOCKET:
		r->socket.domain = domains[kind >> 2];
		r->socket.type = (kind & 3) + 1;
		return !nth;
	case EVENT_SOCKETPAIR:
		r->socketpair.domain = domains[kind >> 2];
		r->socketpair.type = (kind & 3) + 1;
		return !nth;
	case EVENT_TAMPER:
		return sample_request(kind, nth, &r->tamper.request);
	case EVENT_SIGNAL:
		return sample_number(kind, nth, &r->signal.sig);
	case EVENT_PRCTL:
		return sample_option(kind, nth, &r->prctl.option);
	case EVENT_KEYCTL:
		return sample_number(kind, nth, &r->keyctl.operation);
	case EVENT_BPF:
		return sample_number(kind, nth, &r->bpf.cmd);
	default:
		return !nth;
	}
}

/* ---- what a kind settles ---- */

#define FAMILY_FIELDS "fd.type", "fd.typechar", "fd.sockfamily"
#define ARG(name) "evt.arg." name, "evt.rawarg." name

static bool one_of(struct str field, const char *const *names)
{
	for (; *names; names++) {
		if (str_eq(field, str(*names)))
			return true;
	}
	return false;
}

/* An argument that is a number, or its name. */
static const char *const *numbers(enum event_type type)
{
	static const char *const tamper[] = {ARG("request"), NULL}, *const signal[] = {ARG("sig"), NULL},
			  *const prctl[] = {ARG("option"), NULL}, *const keyctl[] = {ARG("operation"), NULL},
			  *const bpf[] = {ARG("cmd"), NULL}, *const memory[] = {ARG("region"), ARG("prot"), NULL}, *const none[] = {NULL};

	switch (type) {
	case EVENT_TAMPER:
		return tamper;
	case EVENT_SIGNAL:
		return signal;
	case EVENT_PRCTL:
		return prctl;
	case EVENT_KEYCTL:
		return keyctl;
	case EVENT_BPF:
		return bpf;
	case EVENT_MEMORY:
		return memory;
	default:
		return none;
	}
}

bool kind_settles(enum event_type type, uint32_t kind, bool failed, struct str field)
{
	static const char *const family[] = {FAMILY_FIELDS, NULL}, *const l4[] = {"fd.l4proto", NULL}, *const res[] = {"evt.rawres", NULL},
			  *const domain[] = {ARG("domain"), FAMILY_FIELDS, NULL}, *const socktype[] = {ARG("type"), NULL};
	uint32_t place = kind >> 2;

	switch (type) {
	case EVENT_CONNECT:
	case EVENT_BIND:
	case EVENT_LISTEN:
	case EVENT_ACCEPT:
		if (place == PLACE_OTHER || place >= PLACE_MAX)
			return false;
		return one_of(field, family) || ((place == PLACE_UNIX || (kind & 3) != PROTO_OTHER) && one_of(field, l4));
	case EVENT_DUP:
		return one_of(field, family) || (!failed && kind >> 3 != DUP_RES_MORE && one_of(field, res));
	case EVENT_SOCKET:
	case EVENT_SOCKETPAIR:
		return (place != DOMAIN_REST && one_of(field, domain)) || ((kind & 3) != 3 && one_of(field, socktype));
	default:
		return kind != KIND_OTHER && one_of(field, numbers(type));
	}
}

unsigned int kind_networks(enum event_type type, uint32_t kind, const struct kind_net **ret, bool *outside)
{
	static const struct kind_net known[] = {	/* as place__v4() and addr__one() have them */
		{AF_INET, 8, {127}}, {AF_INET, 8, {10}}, {AF_INET, 12, {172, 16}}, {AF_INET, 16, {192, 168}},
		{AF_INET, 16, {169, 254}}, {AF_INET6, 128, {[15] = 1}},
	};

	if (type != EVENT_CONNECT && type != EVENT_BIND && type != EVENT_LISTEN && type != EVENT_ACCEPT)
		return 0;
	*ret = known;
	*outside = false;
	switch (kind >> 2) {
	case PLACE_V4_LOOP:
		return 1;
	case PLACE_V4_PRIVATE:
		*ret = known + 1;
		return 4;
	case PLACE_V6_LOOP:
		*ret = known + 5;
		return 1;
	case PLACE_V4:
		*outside = true;
		return 5;
	case PLACE_V6:
		*ret = known + 5;
		*outside = true;
		return 1;
	default:
		return 0;
	}
}

bool kind_is_address(enum event_type type, struct str field)
{
	static const char *const peer[] = {"fd.rip", "fd.sip", "fd.rnet", "fd.snet", NULL}, *const client[] = {"fd.rip", "fd.cip", "fd.rnet", "fd.cnet", NULL},
			  *const own[] = {"fd.lip", "fd.sip", "fd.lnet", "fd.snet", NULL};

	switch (type) {
	case EVENT_CONNECT:
		return one_of(field, peer);
	case EVENT_ACCEPT:
		return one_of(field, client);
	case EVENT_BIND:
	case EVENT_LISTEN:
		return one_of(field, own);
	default:
		return false;
	}
}
