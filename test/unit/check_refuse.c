/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel side is told to refuse: word by word for single conditions;
 * and that it never refuses what a condition matches, tried with random
 * conditions and records against the matcher and the table as probes read it.
 */
#include "enrich/container.h"
#include "event/attr.h"
#include "event/kind.h"
#include "event/needs.h"
#include "rule_helper.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define REFUSE_PAIRS 300000	/* of a condition and a record; the environment says otherwise */

static unsigned int one_in(unsigned int n, unsigned int *seed)
{
	return (unsigned int)rand_r(seed) / 7 % n;
}

#define PICK(table, seed) (table)[one_in(ARRAY_SIZE(table), seed)]

/* ---- single conditions ---- */

struct shot {
	union event_record rec;
	bool host;
};

static struct shot shot(enum event_call call, int64_t res)
{
	struct shot s = {};

	s.rec.hdr = (struct wire_hdr){.type = (uint16_t)call_table[call].type, .call = (uint16_t)call, .res = res, .tgid = 7, .tid = 7,
				      .uid = 1000, .euid = 1000, .size = (uint32_t)event_table[call_table[call].type].size};
	return s;
}

static bool sent(const char *condition, struct shot s)
{
	struct needs needs = {};
	struct compiled c;
	bool refused;

	ck_assert_msg(!compile(&c, str(condition), 0, 100), "%s: %s", condition, c.said.p ? c.said.p : "");
	matcher_needs(c.matcher, &needs);
	refused = kind_refused(needs.refuse, &s.rec, s.host);
	compiled_release(&c);
	return !refused;
}

static struct shot connected(int family, uint8_t a, uint8_t b, int type, int64_t res)
{
	struct shot s = shot(CALL_CONNECT, res);

	s.rec.connect.family = (uint32_t)family;
	s.rec.connect.type = (uint32_t)type;
	s.rec.connect.protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	if (family != AF_UNIX)
		s.rec.connect.peer = (struct wire_addr){.family = (uint16_t)family, .port = 80, .ip = {a, b}};
	return s;
}

START_TEST(outcome)
{
	ck_assert(sent("evt.type = chroot and evt.res = SUCCESS", shot(CALL_CHROOT, 0)));
	ck_assert(!sent("evt.type = chroot and evt.res = SUCCESS", shot(CALL_CHROOT, -1)));
	ck_assert(sent("evt.type = chroot and evt.failed = true", shot(CALL_CHROOT, -1)));
	ck_assert(!sent("evt.type = chroot and evt.failed = true", shot(CALL_CHROOT, 0)));
	ck_assert(!sent("evt.type = chroot and evt.rawres >= 0", shot(CALL_CHROOT, -1)));
	ck_assert(sent("evt.type = chroot", shot(CALL_CHROOT, -1)));
	ck_assert(!sent("evt.type = chroot", shot(CALL_MOUNT, 0)));
	/* on its way is no failure of the kernel's filter, and one of the field */
	ck_assert(sent("evt.type = connect and evt.failed = true", connected(AF_INET, 8, 8, SOCK_STREAM, -115)));
	ck_assert(sent("evt.type = connect and evt.failed = false", connected(AF_INET, 8, 8, SOCK_STREAM, 0)));
	/* state */
	ck_assert(sent("evt.type = execve and evt.failed = true", shot(CALL_EXECVE, 0)));
	ck_assert(!sent("evt.type = execve and evt.failed = false", shot(CALL_EXECVE, -2)));
	ck_assert(sent("evt.type = chroot", shot(CALL_CLONE, 0)));
}
END_TEST

START_TEST(by_whom)
{
	struct shot root = shot(CALL_CHROOT, 0), host = root, user = shot(CALL_CHROOT, 0);

	root.rec.hdr.euid = 0;
	host.host = true;
	ck_assert(sent("evt.type = chroot and user.uid = 0", root) && !sent("evt.type = chroot and user.uid = 0", user));
	ck_assert(!sent("evt.type = chroot and user.uid != 0", root) && sent("evt.type = chroot and user.uid != 0", user));
	ck_assert(!sent("evt.type = chroot and user.uid > 999", root) && sent("evt.type = chroot and user.uid > 999", user));
	ck_assert(sent("evt.type = chroot and user.name = root", user));	/* another id may have that name */
	ck_assert(!sent("evt.type = chroot and container.id != host", host) && sent("evt.type = chroot and container.id != host", user));
	ck_assert(sent("evt.type = chroot and container.id = host", host) && sent("evt.type = chroot and container.id = host", user));
	ck_assert(sent("evt.type = chroot and (container.id != host or proc.name = x)", host));
	ck_assert(!sent("evt.type = chroot and container.id != host and proc.name = x", host));
}
END_TEST

START_TEST(kinds)
{
	struct shot d = shot(CALL_DUP2, 0), m = shot(CALL_MPROTECT, 0), p = shot(CALL_PTRACE, 0), c = shot(CALL_FCHMOD, 0);
	const char *dup = "evt.type in (dup, dup2, dup3) and evt.rawres in (0, 1, 2) and fd.typechar in (4, 6) and proc.name = sh";
	const char *stack = "evt.type = mprotect and evt.arg.region in (heap, stack)";
	const char *poke = "evt.type = ptrace and evt.arg.request in (PTRACE_POKETEXT, PTRACE_SETREGSET)";
	const char *suid = "evt.type = fchmod and (evt.arg.mode contains S_ISUID or evt.arg.mode contains S_ISGID)";

	d.rec.dup.fd_type = FD_IPV4;
	ck_assert(sent(dup, d));
	d.rec.hdr.res = 3;
	ck_assert(!sent(dup, d));
	d.rec.hdr.res = 2;
	d.rec.dup.fd_type = FD_FILE;
	ck_assert(!sent(dup, d));
	d.rec.dup.fd_type = FD_IPV6;
	ck_assert(sent("evt.type = dup2 and fd.typechar = 4", d));	/* it may talk IPv4 */
	m.rec.memory.prot = 5;
	m.rec.memory.region = REGION_STACK;
	ck_assert(sent(stack, m));
	m.rec.memory.region = REGION_FILE;
	ck_assert(!sent(stack, m));
	m.rec.memory.prot = 5 | 0x01000000;	/* PROT_GROWSDOWN: not told apart */
	ck_assert(sent(stack, m));
	m.rec.memory.prot = 3;
	m.rec.memory.region = REGION_FILE;
	ck_assert(!sent(stack, m));	/* what is shared is no stack */
	ck_assert(sent("evt.type = mprotect and evt.arg.prot contains PROT_WRITE", m));
	ck_assert(!sent("evt.type = mprotect and evt.arg.prot contains PROT_EXEC", m));
	p.rec.tamper.request = 4;
	ck_assert(sent(poke, p));
	p.rec.tamper.request = 0x4205;
	ck_assert(sent(poke, p));
	p.rec.tamper.request = 24;
	ck_assert(!sent(poke, p));
	c.rec.chmod.mode = 04755;
	ck_assert(sent(suid, c));
	c.rec.chmod.mode = 0755;
	ck_assert(!sent(suid, c));
	ck_assert(!sent("evt.type = fchmod and evt.arg.mode contains S_IXUSR and not evt.arg.mode contains S_IWOTH", c) == false);
	c.rec.chmod.mode = 0644;
	ck_assert(!sent("evt.type = fchmod and evt.arg.mode contains S_IXUSR", c));
}
END_TEST

START_TEST(sockets)
{
	struct shot unix_one = connected(AF_UNIX, 0, 0, SOCK_STREAM, 0), out = connected(AF_INET, 8, 8, SOCK_STREAM, 0),
		    loop = connected(AF_INET, 127, 0, SOCK_STREAM, 0), near = connected(AF_INET, 192, 168, SOCK_DGRAM, 0), mapped = out;

	mapped.rec.connect.family = AF_INET6;
	mapped.rec.connect.peer = (struct wire_addr){.family = AF_INET6, .ip = {[10] = 0xff, 0xff, 8, 8, 8, 8}};
	ck_assert(sent("evt.type = connect and fd.typechar = u", unix_one) && !sent("evt.type = connect and fd.typechar = u", out));
	ck_assert(!sent("evt.type = connect and fd.typechar in (4, 6)", unix_one) && sent("evt.type = connect and fd.typechar = 4", mapped));
	ck_assert(!sent("evt.type = connect and fd.typechar = 6", mapped));
	ck_assert(sent("evt.type = connect and fd.l4proto = udp", near) && !sent("evt.type = connect and fd.l4proto = udp", out));
	ck_assert(!sent("evt.type = connect and not fd.snet in (10.0.0.0/8, 127.0.0.0/8)", loop));
	ck_assert(sent("evt.type = connect and not fd.snet in (10.0.0.0/8, 127.0.0.0/8)", near));
	ck_assert(!sent("evt.type = connect and fd.rip in (169.254.169.254, 10.1.2.3)", out));
	ck_assert(sent("evt.type = connect and fd.rip in (169.254.169.254, 10.1.2.3)", near));
	ck_assert(!sent("evt.type = connect and fd.rip = 127.0.0.1", out) && sent("evt.type = connect and fd.rip = 127.0.0.1", loop));
	ck_assert(sent("evt.type = connect and fd.rip = 8.8.8.8", mapped) && !sent("evt.type = connect and fd.rip = ::1", mapped));
	/* whom a process talks to is kept for others: not whether it talks within the host */
	ck_assert(sent("evt.type = execve and proc.stdout.peer.rip exists", out));
	ck_assert(!sent("evt.type = execve and proc.stdout.peer.rip exists", unix_one));
}
END_TEST

/* Two tables become one that refuses what both do; what a call is not asked for has no say. */
START_TEST(joined)
{
	struct needs one = {}, two = {}, none = {};
	struct shot in = shot(CALL_CHROOT, 0), out = in;

	out.host = true;
	one.call[CALL_CHROOT] = two.call[CALL_CHROOT] = true;
	for (uint32_t who = 0; who < REFUSE_WHO; who++) {
		one.refuse[CALL_CHROOT].kinds[who] = who & REFUSE_HOST ? ~0u : 0;
		two.refuse[CALL_CHROOT].kinds[who] = who & REFUSE_FAILED ? 0 : ~0u;
	}
	refuse_finish(&one.refuse[CALL_CHROOT]);
	ck_assert_uint_eq(one.refuse[CALL_CHROOT].asks, REFUSE_HOST);
	ck_assert(!one.refuse[CALL_CHROOT].any[0] && !one.refuse[CALL_CHROOT].any[1]);
	needs_join(&none, &one);
	ck_assert(kind_refused(none.refuse, &out.rec, out.host) && !kind_refused(none.refuse, &in.rec, in.host));
	needs_join(&none, &two);
	ck_assert(kind_refused(none.refuse, &out.rec, out.host) && !kind_refused(none.refuse, &in.rec, in.host));
	out.rec.hdr.res = -1;
	ck_assert(!kind_refused(none.refuse, &out.rec, out.host));
	needs_refuse_nothing(&none);
	out.rec.hdr.res = 0;
	ck_assert(!kind_refused(none.refuse, &out.rec, out.host) && none.want & WANT_FAILED);
}
END_TEST

/* Every sample is of the kind that it is a sample of. */
START_TEST(samples)
{
	for (enum event_call call = CALL_NONE + 1; call < CALL_MAX; call++) {
		enum event_type type = call_table[call].type;
		unsigned int n = kind_count(type);

		ck_assert_uint_le(n, KINDS_MAX);
		for (uint32_t kind = 0; n > 1 && type != EVENT_OPEN && kind < n; kind++) {
			union event_record r;

			for (unsigned int nth = 0; kind_sample(&r, call, kind, nth, false); nth++) {
				if (kind >> 2 == PLACE_OTHER && (type == EVENT_CONNECT || type == EVENT_BIND || type == EVENT_LISTEN || type == EVENT_ACCEPT))
					continue;
				if (type == EVENT_TAMPER && kind_of(&r) == KIND_OTHER)
					continue;	/* numbers that no request has */
				if (type == EVENT_CHMOD || (type == EVENT_LISTEN && (kind & 3) == PROTO_ICMP))
					continue;	/* is told by its bits alone; has no protocol */
				ck_assert_msg(kind_of(&r) == kind, "%s: sample %u of kind %u is of kind %u", call_table[call].name, nth, kind, kind_of(&r));
			}
		}
	}
}
END_TEST

/* ---- never too much ---- */

static const char *const atoms[] = {
	"evt.type = connect", "evt.type in (connect, accept4, bind, listen)", "evt.type in (dup, dup2, dup3)", "evt.type in (mmap, mprotect)",
	"evt.type in (ptrace, process_vm_writev)", "evt.type in (kill, tgkill)", "evt.type = prctl", "evt.type = keyctl", "evt.type = bpf",
	"evt.type in (chmod, fchmod, fchmodat)", "evt.type in (socket, socketpair)", "evt.type in (setns, unshare)", "evt.type in (execve, rename, open)",
	"evt.res = SUCCESS", "evt.res != SUCCESS", "evt.res in (SUCCESS, EPERM)", "evt.res = EPERM", "evt.failed = true", "evt.failed = false",
	"evt.rawres < 0", "evt.rawres >= 0", "evt.rawres in (0, 1, 2)", "evt.rawres = 2", "evt.rawres > 2", "evt.rawres >= 3", "evt.rawres <= 3",
	"evt.rawres = 3", "evt.rawres != 1", "fd.num >= 0", "fd.num < 0", "fd.num = 1",
	"user.uid = 0", "user.uid != 0", "user.uid > 0", "user.uid >= 1000", "user.uid in (0, 1000)", "user.uid < 1", "user.name = root",
	"container.id != host", "container.id = host", "container.id exists", "container.id startswith h", "container.name = host",
	"container.type = docker", "container.type != host", "container.full_id = host", "container.id in (host, abc)",
	"fd.typechar in (4, 6)", "fd.typechar = u", "fd.typechar != 4", "fd.typechar = o", "fd.typechar = f", "fd.typechar = d", "fd.typechar = p",
	"fd.typechar = n", "fd.type = ipv4", "fd.type in (ipv6, unix)", "fd.type startswith ip", "fd.type exists", "fd.sockfamily = ip",
	"fd.sockfamily = unix", "fd.l4proto = tcp", "fd.l4proto = udp", "fd.l4proto in (icmp, raw)", "fd.l4proto != tcp", "fd.l4proto = <NA>",
	"fd.rip = 8.8.8.8", "fd.rip != 127.0.0.1", "fd.sip in (10.0.0.1, 127.0.0.1)", "fd.cip = 127.0.0.1", "fd.lip = ::1", "fd.sip = ::1",
	"fd.snet in (127.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16)", "fd.rnet in (0.0.0.0/0)", "fd.rnet = 172.16.0.0/12", "fd.snet = 10.1.0.0/16",
	"fd.rnet in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16)", "fd.snet in (fe80::/10)", "fd.rnet = ::/0",
	"fd.rnet in (126.0.0.0/7)", "fd.snet = 192.168.0.0/15", "fd.rip exists", "fd.ip = 10.0.0.1", "fd.rport = 443", "fd.sport in (22, 80)",
	"evt.arg.region in (heap, stack)", "evt.arg.region = file", "evt.arg.region != anon", "evt.arg.prot contains PROT_WRITE",
	"evt.arg.prot = PROT_EXEC", "evt.rawarg.prot = 7", "evt.rawarg.prot >= 6", "evt.arg.prot endswith PROT_EXEC",
	"evt.arg.request = PTRACE_ATTACH", "evt.arg.request in (PTRACE_POKETEXT, PTRACE_SEIZE, PTRACE_TRACEME)", "evt.arg.request startswith PTRACE_SET",
	"evt.rawarg.request = 11", "evt.arg.request exists", "evt.arg.sig in (SIGKILL, SIGSTOP)", "evt.rawarg.sig = 9", "evt.rawarg.sig > 31",
	"evt.arg.option = PR_SET_NAME", "evt.arg.option startswith PR_CAP", "evt.rawarg.option < 5", "evt.arg.option contains PTRACER",
	"evt.arg.operation = KEYCTL_READ", "evt.rawarg.operation = 1", "evt.arg.cmd = BPF_PROG_LOAD", "evt.rawarg.cmd in (5, 36)",
	"evt.arg.domain = AF_PACKET", "evt.arg.domain in (AF_INET, AF_ALG)", "evt.rawarg.domain = 1", "evt.rawarg.type = 3", "evt.arg.type = 3",
	"evt.rawarg.type != 1", "evt.arg.mode contains S_ISUID", "evt.arg.mode contains S_IXUSR", "evt.arg.mode contains S_IWOTH",
	"evt.arg.mode contains S_IX", "evt.arg.mode = S_ISGID", "evt.arg.mode contains S_ISVTX", "evt.rawarg.mode = 2048",
	"evt.arg.mode icontains s_isgid", "proc.name = x", "proc.name != x", "fd.name contains x", "evt.arg.res = 2", "evt.arg.flags contains CLONE_NEWUSER",
	"evt.is_open_write = true", "evt.is_open_read = true", "evt.arg.flags contains O_TRUNC", "toupper(fd.type) = IPV4", "fd.type glob ipv?",
	"fd.type regex ip.*", "fd.type = fd.typechar",
};

static void random_condition(struct buf *b, unsigned int depth, unsigned int *seed)
{
	unsigned int n = 1 + one_in(3, seed), kind = one_in(3, seed);

	if (!one_in(5, seed))
		buf_puts(b, "not ");
	if (!depth || !one_in(4, seed)) {
		buf_puts(b, PICK(atoms, seed));
		return;
	}
	buf_char(b, '(');
	for (unsigned int i = 0; i < n; i++) {
		buf_puts(b, !i ? "" : kind ? " and " : " or ");
		random_condition(b, depth - 1, seed);
	}
	buf_char(b, ')');
}

static struct wire_addr random_addr(uint32_t family, unsigned int *seed)
{
	static const uint8_t v4[][4] = {{127, 0, 0, 1}, {127, 9, 9, 9}, {10, 0, 0, 1}, {10, 1, 2, 3}, {172, 16, 0, 1}, {172, 31, 1, 1}, {172, 32, 0, 1},
					{192, 168, 1, 1}, {192, 169, 0, 1}, {169, 254, 169, 254}, {8, 8, 8, 8}, {126, 1, 1, 1}, {128, 0, 0, 1}, {0, 0, 0, 0}};
	static const uint8_t v6[][16] = {{[15] = 1}, {0x20, 0x01, [15] = 1}, {0xfe, 0x80, [15] = 1}, {0}};
	struct wire_addr a = {.family = (uint16_t)family, .port = (uint16_t)(one_in(2, seed) ? 443 : 22)};

	if (family != AF_INET && family != AF_INET6)
		return (struct wire_addr){};
	if (family == AF_INET) {
		memcpy(a.ip, PICK(v4, seed), 4);
	} else if (one_in(2, seed)) {
		memcpy(a.ip, PICK(v6, seed), 16);
	} else {
		a.ip[10] = a.ip[11] = 0xff;
		memcpy(a.ip + 12, PICK(v4, seed), 4);
	}
	return one_in(8, seed) ? a : (struct wire_addr){};
}

static const uint32_t families[] = {AF_INET, AF_INET, AF_INET6, AF_INET6, AF_UNIX, AF_UNIX, AF_NETLINK, AF_PACKET, 0, 40};
static const uint32_t types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM | 02000000, SOCK_SEQPACKET};
static const uint32_t protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_RAW, 262, 132};

static void random_fields(union event_record *r, unsigned int *seed)
{
	static const uint32_t flags[] = {0, 1, 2, 0100 | 1, 01000, 0200000}, shared[] = {REGION_NONE, REGION_FILE, REGION_MEMFD, REGION_ANON};
	uint32_t family = PICK(families, seed), type = PICK(types, seed), protocol = PICK(protocols, seed);
	uint32_t other = one_in(10, seed) ? family : PICK(families, seed), number = one_in(70, seed);
	struct wire_addr local = random_addr(family, seed), peer = random_addr(other, seed);

	switch (r->hdr.type) {
#define SOCK_OF(ev) r->ev.family = family, r->ev.type = type, r->ev.local = local
	case EVENT_CONNECT:
		SOCK_OF(connect), r->connect.protocol = protocol, r->connect.peer = peer;
		break;
	case EVENT_ACCEPT:
		SOCK_OF(accept), r->accept.protocol = protocol, r->accept.peer = peer;
		break;
	case EVENT_BIND:
		SOCK_OF(bind), r->bind.protocol = protocol;
		break;
	case EVENT_LISTEN:
		SOCK_OF(listen);
		break;
	case EVENT_SOCKET:
		r->socket.domain = family, r->socket.type = type, r->socket.protocol = protocol;
		break;
	case EVENT_SOCKETPAIR:
		r->socketpair.domain = family, r->socketpair.type = type, r->socketpair.protocol = protocol;
		break;
	case EVENT_DUP:
		r->dup.oldfd = (int32_t)one_in(5, seed);
		r->dup.fd_type = one_in(FD_TYPE_MAX, seed), r->dup.type = type, r->dup.protocol = protocol;
		if (r->dup.fd_type == FD_IPV4 || r->dup.fd_type == FD_IPV6) {
			r->dup.local = random_addr(r->dup.fd_type == FD_IPV4 ? AF_INET : AF_INET6, seed);
			r->dup.peer = random_addr(r->dup.fd_type == FD_IPV4 ? AF_INET : AF_INET6, seed);
		}
		break;
	case EVENT_MEMORY:
		r->memory.region = one_in(REGION_MAX + 1, seed), r->memory.prot = 4 | one_in(4, seed) | (one_in(6, seed) ? 0 : 0x01000000);
		if (!one_in(4, seed))	/* shared files that can be written */
			r->memory.region = PICK(shared, seed), r->memory.prot = 2 | one_in(2, seed);
		r->memory.fd = -1;
		break;
	case EVENT_CHMOD:
		r->chmod.mode = (uint32_t)rand_r(seed) & 07777 & (uint32_t)rand_r(seed);
		break;
	case EVENT_OPEN:
		r->open.flags = PICK(flags, seed), r->open.file_mode = 0100644;
		break;
	case EVENT_NAMESPACE:
		r->namespace.flags = one_in(2, seed) ? 0x10000000 : 0x20000;
		break;
	case EVENT_TAMPER:
		r->tamper.request = r->hdr.call != CALL_PTRACE ? 0 : one_in(2, seed) ? 0x4200 + one_in(14, seed) : number;
		break;
	case EVENT_SIGNAL:
		r->signal.sig = number;
		break;
	case EVENT_PRCTL:
		r->prctl.option = one_in(4, seed) ? number : one_in(2, seed) ? 0x53564d41 : 0x59616d61;
		break;
	case EVENT_KEYCTL:
		r->keyctl.operation = number;
		break;
	case EVENT_BPF:
		r->bpf.cmd = number;
		break;
	}
}

static struct shot random_shot(unsigned int *seed)
{
	static const enum event_call calls[] = {CALL_CONNECT, CALL_CONNECT, CALL_CONNECT, CALL_ACCEPT4, CALL_BIND, CALL_LISTEN, CALL_DUP, CALL_DUP2,
		CALL_DUP3, CALL_MMAP, CALL_MPROTECT, CALL_PTRACE, CALL_PTRACE, CALL_PROCESS_VM_WRITEV, CALL_KILL, CALL_TGKILL, CALL_PRCTL, CALL_KEYCTL,
		CALL_BPF, CALL_CHMOD, CALL_FCHMOD, CALL_FCHMODAT, CALL_SOCKET, CALL_SOCKETPAIR, CALL_SETNS, CALL_UNSHARE, CALL_EXECVE, CALL_RENAME, CALL_OPEN};
	static const int64_t results[] = {0, 0, 1, 2, 3, 7, -1, -2, -13, -115, -4};
	struct shot s = shot(PICK(calls, seed), PICK(results, seed));

	s.rec.hdr.euid = one_in(3, seed) ? 1000 * one_in(2, seed) : 1;
	s.host = one_in(2, seed);
	random_fields(&s.rec, seed);
	return s;
}

struct tally {
	unsigned long pairs, held, refused;
};

static void try_records(const char *condition, struct compiled *c, struct tally *t, unsigned int *seed)
{
	static const struct container one = {.id = "0123456789abcdef", .runtime = "docker"};
	struct needs needs = {};

	matcher_needs(c->matcher, &needs);
	for (unsigned int i = 0; i < 100; i++, t->pairs++) {
		struct shot s = random_shot(seed);
		struct event ev = {.num = 1, .call = s.rec.hdr.call, .rec = &s.rec, .container = s.host || one_in(2, seed) ? NULL : &one};
		bool refused = !needs.call[ev.call] || kind_refused(needs.refuse, &s.rec, s.host);
		uint32_t id;

		if (matcher_match(c->matcher, &ev, &id)) {
			ck_assert_msg(!refused, "%s: %s, kind %u, result %lld, user %u, %s: is refused", condition, call_table[ev.call].name,
				      kind_of(&s.rec), (long long)s.rec.hdr.res, s.rec.hdr.euid, s.host ? "on the host" : "anywhere");
			t->held++;
		}
		t->refused += refused && needs.call[ev.call];
	}
}

START_TEST(never_too_much)
{
	const char *given = getenv("REFUSE_PAIRS"), *from = getenv("REFUSE_SEED");
	unsigned long pairs = given ? strtoul(given, NULL, 10) : REFUSE_PAIRS;
	unsigned int seed = from ? (unsigned int)strtoul(from, NULL, 10) : 20261123;
	struct tally t = {};
	struct buf b = {};

	while (t.pairs < pairs) {
		struct compiled c;

		buf_reset(&b);
		random_condition(&b, 3, &seed);
		ck_assert_msg(!compile(&c, buf_view(&b), 0, 100), STR_FMT ": %s", STR_ARG(buf_view(&b)), c.said.p ? c.said.p : "");
		buf_char(&b, '\0');
		try_records(b.p, &c, &t, &seed);
		compiled_release(&c);
	}
	buf_free(&b);
	printf("%lu pairs: %lu matched, %lu refused of calls that are needed (%.1f %%), none of both\n", t.pairs, t.held, t.refused,
	       100.0 * (double)t.refused / (double)t.pairs);
	ck_assert_uint_gt(t.held, t.pairs / 50);
	ck_assert_uint_gt(t.refused, t.pairs / 20);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("refuse");
	TCase *t = tcase_create("refuse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 600);
	tcase_add_test(t, outcome);
	tcase_add_test(t, by_whom);
	tcase_add_test(t, kinds);
	tcase_add_test(t, sockets);
	tcase_add_test(t, joined);
	tcase_add_test(t, samples);
	tcase_add_test(t, never_too_much);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
