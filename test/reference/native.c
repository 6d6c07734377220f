/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as the sensor sends them, with the process that enrich would attach, and what is true of them: field by
 * field, by what the manual says of the field, not by what the getters do.
 */
#include "../make_record.h"
#include "enrich/process.h"
#include "event/dns.h"
#include "generate.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define GENERATIONS 5

struct native {
	struct made record;
	struct process processes[GENERATIONS];
	struct image images[GENERATIONS];
	struct dns_message dns;
	char argv[16];
	char env[4096];
};

struct maker {
	struct batch *b;
	struct native *n;
	struct facts *e;
	struct event *ev;
};

/* ---- facts ---- */

static void know(struct facts *e, int field, struct rvalue v)
{
	v.type = rfields[field].type;
	e->of[field].present = true;
	e->of[field].v = ref_memory(GENERATIONS * 2 * sizeof(v));
	e->of[field].v[0] = v;
	e->of[field].n = 1;
}

static void know_text(struct facts *e, int field, struct str s)
{
	if (s.p)
		know(e, field, (struct rvalue){.text = s});
}

static void know_number(struct facts *e, int field, int64_t n)
{
	know(e, field, (struct rvalue){.number = n});
}

/* One value more behind those that are known; no text is a hole. */
static void know_more(struct facts *e, int field, struct rvalue v)
{
	v.type = rfields[field].type;
	if (!e->of[field].v)
		e->of[field].v = ref_memory(GENERATIONS * 2 * sizeof(v));
	e->of[field].v[e->of[field].n++] = v;
	e->of[field].present |= !v.hole;
}

static struct rvalue from_pool(const struct maker *m, int field)
{
	return m->b->pool[field][below(m->b->npool[field])];
}

/* A text that the field has in other events too, or none. */
static struct str pool_text(const struct maker *m, int field)
{
	return chance(m->b->share[field]) ? from_pool(m, field).text : STR_NONE;
}

/* A number that fits into 32 bits. */
static uint32_t pool_number(const struct maker *m, int field)
{
	__int128 n = from_pool(m, field).number;

	return n > 0 && n < INT32_MAX ? (uint32_t)n : 1 + below(3);
}

/* ---- processes ---- */

static void make_image(struct maker *m, unsigned int i)
{
	struct image *image = &m->n->images[i];

	*image = (struct image){.exec_id = 3, .comm = pool_text(m, i ? F_PROC_ANAME : F_PROC_NAME),
		.exe = pool_text(m, F_PROC_EXE), .exepath = pool_text(m, i ? F_PROC_AEXEPATH : F_PROC_EXEPATH),
		.cwd = pool_text(m, F_PROC_CWD), .cmdline = pool_text(m, i ? F_PROC_ACMDLINE : F_PROC_CMDLINE)};
	if (i == 0)
		image->args = pool_text(m, F_PROC_ARGS);
}

static struct str cmdline_of(const struct image *image)
{
	return image->cmdline.p ? image->cmdline : image->comm;
}

static void know_ancestors(struct maker *m, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		const struct image *image = &m->n->images[i];
		struct rvalue name = {.text = image->comm, .hole = !image->comm.p};
		struct rvalue path = {.text = image->exepath, .hole = !image->exepath.p};
		struct rvalue line = {.text = cmdline_of(image), .hole = !cmdline_of(image).p};

		know_more(m->e, F_PROC_ANAME, name);
		know_more(m->e, F_PROC_AEXEPATH, path);
		know_more(m->e, F_PROC_ACMDLINE, line);
		know_more(m->e, F_PROC_APID, (struct rvalue){.number = m->n->processes[i].pid});
	}
	if (n > 1)
		know_text(m->e, F_PROC_PNAME, m->n->images[1].comm);
}

/* Both variables, one or none; what is not set is an empty text. */
static void make_environment(struct maker *m, struct image *image)
{
	static const char *const names[] = {"PATH", "A B"};
	static const int fields[] = {F_PROC_ENV_PATH, F_PROC_ENV_A_B};
	size_t at = 0;

	for (int i = 0; i < 2; i++) {
		struct str s = pool_text(m, fields[i]);

		know_text(m->e, fields[i], s.p ? s : STR(""));
		if (s.p)
			at += 1 + (size_t)snprintf(m->n->env + at, sizeof(m->n->env) - at, "%s=" STR_FMT, names[i], STR_ARG(s));
	}
	image->env = at ? str_n(m->n->env, at) : STR_NONE;
}

static void make_arguments(struct maker *m, struct image *image)
{
	unsigned int n = below(4);

	for (unsigned int i = 0; i < n; i++)
		memcpy(m->n->argv + 2 * i, "a", 2);
	if (n) {
		image->argv = str_n(m->n->argv, (size_t)2 * n);
		image->argc = n;
		know_number(m->e, F_PROC_NARGS, n - 1);
	}
}

static void make_self(struct maker *m)
{
	struct image *image = &m->n->images[0];
	struct process *p = &m->n->processes[0];

	make_arguments(m, image);
	make_environment(m, image);
	know_text(m->e, F_PROC_NAME, image->comm);
	know_text(m->e, F_PROC_EXE, image->exe);
	know_text(m->e, F_PROC_EXEPATH, image->exepath);
	know_text(m->e, F_PROC_CWD, image->cwd);
	know_text(m->e, F_PROC_CMDLINE, cmdline_of(image));
	/* no arguments are an empty text where anything is known of the command line */
	know_text(m->e, F_PROC_ARGS, image->args.p || (!image->argv.p && !image->cmdline.p) ? image->args : STR(""));
	image->flags = chance(50) ? EXE_WRITABLE : 0;
	know_number(m->e, F_PROC_WRITABLE, image->flags != 0);
	p->tty = pool_number(m, F_PROC_TTY);
	know_number(m->e, F_PROC_TTY, p->tty);
	p->ppid = pool_number(m, F_PROC_PPID);
	know_number(m->e, F_PROC_PPID, p->ppid);
	p->loginuid = chance(30) ? UINT32_MAX : pool_number(m, F_USER_LOGINUID);
	know_number(m->e, F_USER_LOGINUID, p->loginuid == UINT32_MAX ? -1 : (int64_t)p->loginuid);
}

static void make_process(struct maker *m)
{
	struct wire_hdr *h = &m->n->record.hdr;
	unsigned int n = 1 + below(GENERATIONS);

	make_who(&m->n->record, pool_number(m, F_PROC_PID), 5, 3, 1000);
	h->euid = pool_number(m, F_USER_UID);
	know_number(m->e, F_PROC_PID, h->tgid);
	know_number(m->e, F_USER_UID, h->euid);
	if (chance(12))		/* the table has no row for it */
		return;
	for (unsigned int i = 0; i < n; i++) {
		m->n->processes[i] = (struct process){.pid = i ? pool_number(m, F_PROC_APID) : h->tgid, .image = &m->n->images[i],
						      .parent = i + 1 < n ? &m->n->processes[i + 1] : NULL};
		make_image(m, i);
	}
	make_self(m);
	know_ancestors(m, n);
	m->ev->process = &m->n->processes[0];
}

/* ---- events ---- */

static void know_result(struct maker *m, int64_t res)
{
	m->n->record.hdr.res = (int32_t)res;
	know_number(m->e, F_EVT_RAWRES, res);
	know_number(m->e, F_EVT_FAILED, res < 0);
	know_text(m->e, F_EVT_RES, res >= 0 ? STR("SUCCESS") : res == -2 ? STR("ENOENT") : res == -13 ? STR("EACCES")
				   : res == -111 ? STR("ECONNREFUSED") : STR("EINPROGRESS"));
}

static void know_descriptor(struct maker *m, int64_t fd)
{
	know_number(m->e, F_FD_NUM, fd);
	know_number(m->e, F_RAW_FD, fd);
}

/* Absolute, without anything that would have to be resolved: the same from the kernel and from the caller. */
static struct str absolute(const struct maker *m)
{
	struct str s = from_pool(m, F_FD_NAME).text;
	char *p = ref_memory(s.n + 3);
	size_t n = 0;

	p[n++] = '/';
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '.' && (s.p[i] != '/' || p[n - 1] != '/'))
			p[n++] = s.p[i];
	}
	if (n == 1 || p[n - 1] == '/')
		p[n++] = 'x';
	return str_n(p, n);
}

static void make_open(struct maker *m)
{
	static const struct {
		uint32_t kernel;
		int64_t original;
		const char *text;
	} modes[] = {{O_RDONLY, 1, "O_RDONLY"}, {O_WRONLY, 2, "O_WRONLY"}, {O_RDWR, 3, "O_RDWR"}};
	union event_record *r = make_call(&m->n->record, chance(50) ? CALL_OPEN : CALL_OPENAT);
	int64_t res = chance(30) ? chance(50) ? -2 : -13 : (int64_t)pool_number(m, F_FD_NUM);
	struct str path = absolute(m);
	unsigned int mode = below(3);
	size_t slash = path.n;

	know_result(m, res);
	know_descriptor(m, res < 0 ? -1 : res);
	m->e->of[F_RAW_FD].v[0].number = res;
	m->e->no_descriptor = res < 0;
	r->open.flags = modes[mode].kernel;
	r->open.dirfd = AT_FDCWD;
	r->open.file_mode = S_IFREG;
	make_blob(&m->n->record, &r->open.name, path.p, path.n);
	make_blob(&m->n->record, &r->open.raw, path.p, path.n);
	know_text(m->e, F_FD_NAME, path);
	know_text(m->e, F_ARG_NAME, path);
	know_text(m->e, F_RAW_NAME, path);
	while (path.p[slash - 1] != '/')
		slash--;
	know_text(m->e, F_FD_DIRECTORY, str_n(path.p, slash > 1 ? slash - 1 : 1));
	know_text(m->e, F_ARG_FLAGS, str(modes[mode].text));
	know_number(m->e, F_RAW_FLAGS, modes[mode].original);
	know_number(m->e, F_EVT_OPEN_READ, mode != 1);
	know_number(m->e, F_EVT_OPEN_WRITE, mode != 0);
}

/* An address; IPv4 at times in the form it has on a socket of IPv6. */
static struct wire_addr wire_of(const struct rvalue *v, uint16_t port)
{
	struct wire_addr a = {.family = v->six ? AF_INET6 : AF_INET, .port = port};

	memcpy(a.ip, v->address, v->six ? 16 : 4);
	if (!v->six && chance(25)) {
		a.family = AF_INET6;
		memset(a.ip, 0, 16);
		a.ip[10] = a.ip[11] = 0xff;
		memcpy(a.ip + 12, v->address, 4);
	}
	return a;
}

static int end_text(char *dst, size_t room, const struct rvalue *v, uint16_t port)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(v->six ? AF_INET6 : AF_INET, v->address, ip, sizeof(ip));
	return snprintf(dst, room, "%s:%u", ip, port);
}

/* Both ends; this one is the client. */
static void make_ends(struct maker *m, struct wire_addr *local, struct wire_addr *peer, uint16_t server_port)
{
	struct rvalue here = from_pool(m, F_FD_CIP), there = from_pool(m, F_FD_SIP);
	uint16_t cport = (uint16_t)from_pool(m, F_FD_CPORT).number;
	char name[2 * INET6_ADDRSTRLEN + 20];
	int n;

	if (there.six != here.six)
		there = here;
	if (cport == 53)
		cport = 5353;
	*local = wire_of(&here, cport);
	*peer = wire_of(&there, server_port);
	know(m->e, F_FD_CIP, here);
	know(m->e, F_FD_LIP, here);
	know(m->e, F_FD_SIP, there);
	know(m->e, F_FD_RIP, there);
	know_number(m->e, F_FD_CPORT, cport);
	know_number(m->e, F_FD_SPORT, server_port);
	know_number(m->e, F_FD_RPORT, server_port);
	n = end_text(name, sizeof(name), &here, cport);
	n += snprintf(name + n, sizeof(name) - (size_t)n, "->");
	n += end_text(name + n, sizeof(name) - (size_t)n, &there, server_port);
	know_text(m->e, F_FD_NAME, copy(name, (size_t)n));
}

static void make_connect(struct maker *m)
{
	static const int32_t results[] = {0, 0, -115, -111};
	union event_record *r = make_call(&m->n->record, CALL_CONNECT);

	make_ends(m, &r->connect.local, &r->connect.peer, (uint16_t)from_pool(m, F_FD_SPORT).number);
	r->connect.family = r->connect.local.family;
	r->connect.type = 1;
	r->connect.fd = (int32_t)pool_number(m, F_FD_NUM);
	know_descriptor(m, r->connect.fd);
	know_result(m, results[below(4)]);
}

static void make_dns(struct maker *m)
{
	union event_record *r = make_call(&m->n->record, CALL_DNS);
	struct dns_message *d = &m->n->dns;

	make_ends(m, &r->dns.local, &r->dns.peer, 53);
	know(m->e, F_DNS_RESOLVER, m->e->of[F_FD_SIP].v[0]);
	r->dns.protocol = 17;
	m->ev->dns = d;
	d->response = chance(75);
	d->qname = pool_text(m, F_DNS_QNAME);
	know_text(m->e, F_DNS_QNAME, d->qname);
	if (!d->response)
		return;
	for (d->nanswers = 0; d->nanswers < 5 && chance(75); d->nanswers++) {
		d->answers[d->nanswers].text = from_pool(m, F_DNS_ANSWERS).text;
		know_more(m->e, F_DNS_ANSWERS, (struct rvalue){.text = d->answers[d->nanswers].text});
	}
	m->e->of[F_DNS_ANSWERS].present = true;
}

static void make_plain(struct maker *m)
{
	make_call(&m->n->record, chance(50) ? CALL_UNLINK : CALL_SETGROUPS);
	know_result(m, chance(50) ? 0 : -13);
}

void make_native_event(struct batch *b, struct occasion *o, uint64_t num)
{
	struct native *n = calloc(1, sizeof(*n));
	struct maker m = {b, n, &o->facts, &o->event};

	if (!n)
		abort();
	o->native = n;
	memset(&o->facts, 0, sizeof(o->facts));
	o->event = (struct event){.num = num, .time = 1000000000, .rec = &n->record.r};
	switch (below(5)) {
	case 0:
	case 1:
		make_open(&m);
		break;
	case 2:
		make_connect(&m);
		break;
	case 3:
		make_dns(&m);
		break;
	default:
		make_plain(&m);
	}
	make_process(&m);
	o->event.call = (enum event_call)n->record.hdr.call;
	know_text(m.e, F_EVT_TYPE, str(call_table[o->event.call].name));
	if (o->event.call != CALL_DNS)
		know_text(m.e, F_SYSCALL_TYPE, str(call_table[o->event.call].name));
	know_number(m.e, F_EVT_NUM, (int64_t)num);
	for (int i = F_EVT_OPEN_READ; i <= F_EVT_OPEN_WRITE; i++) {
		if (!m.e->of[i].present)	/* of other events it is false */
			know_number(m.e, i, 0);
	}
}

void release_native(void *native)
{
	free(native);
}
