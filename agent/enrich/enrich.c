/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"
#include "enrich/dnsmem.h"
#include "enrich/pipes.h"
#include "event/http.h"
#include "event/tls.h"
#include <errno.h>
#include <sys/socket.h>

struct enrich {
	struct process_table *processes;
	struct container_table *containers;
	struct dnsmem *names;
	struct pipes *pipes;
	struct host_facts host;
	uint32_t agent[2];		/* process ids of our own */
	struct dns_message dns;		/* these three: of the event in hand */
	struct tls_hello tls;
	struct http_request http;
	uint64_t dns_malformed[DNS_E_MAX];
};

struct enrich *enrich_new(const struct enrich_options *o)
{
	struct enrich *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->processes = process_table_new(o && o->processes ? o->processes : PROCESS_MAX,
					 o && o->text_bytes ? o->text_bytes : PROCESS_TEXT_BYTES_MAX);
	e->containers = container_table_new();
	e->names = dnsmem_new(DNS_NAMES_MAX, DNS_TEXT_BYTES_MAX);
	e->pipes = pipes_new();
	if (!e->processes || !e->containers || !e->names || !e->pipes)
		return enrich_free(e);
	return e;
}

struct enrich *enrich_free(struct enrich *e)
{
	if (!e)
		return NULL;
	process_table_free(e->processes);
	container_table_free(e->containers);
	dnsmem_free(e->names);
	pipes_free(e->pipes);
	free(e);
	return NULL;
}

/* Whose resolver's answers: a container has many groups but one id. */
static uint64_t owner_of(const struct event *ev)
{
	return ev->container ? str_hash(str(ev->container->id)) : 0;
}

/* An answer that arrived: all its addresses belong to the name that was asked for, however long the chain of aliases. */
static void remember_answers(struct enrich *e, const struct event *ev)
{
	const struct dns_message *m = &e->dns;
	uint64_t owner;

	if (ev->rec->dns.egress || !m->response || m->rcode || !m->qname.p)
		return;
	owner = owner_of(ev);
	for (unsigned int i = 0; i < m->nanswers; i++) {
		struct wire_addr a = {.family = m->answers[i].family};

		memcpy(a.ip, m->answers[i].ip, sizeof(a.ip));
		dnsmem_add(e->names, owner, &a, m->qname, ev->rec->hdr.time);
	}
}

static void enrich_hello(struct enrich *e, struct event *ev)
{
	struct str data = event_blob(ev, ev->rec->hello.data);

	if (ev->call == CALL_TLS && tls_parse(&e->tls, data.p, data.n))
		ev->tls = &e->tls;
	else if (ev->call == CALL_HTTP && http_parse(&e->http, data.p, data.n))
		ev->http = &e->http;
	ev->peer_name = dnsmem_find(e->names, owner_of(ev), &ev->rec->hello.peer, ev->rec->hdr.time);
}

static void enrich_dns(struct enrich *e, struct event *ev)
{
	struct str payload = event_blob(ev, ev->rec->dns.payload);
	enum dns_error error = dns_parse(&e->dns, payload.p, payload.n);

	if (error)
		e->dns_malformed[error]++;
	ev->dns = &e->dns;
	remember_answers(e, ev);
}

static void remember_pipes(struct enrich *e, const struct wire_exec *x)
{
	const uint64_t pipe[] = {x->stdin_pipe, x->stdout_pipe, x->stderr_pipe};
	const struct pipe_end end = {.pid = x->hdr.tgid, .start = x->hdr.start};

	if (x->hdr.res < 0 && !(x->hdr.flags & WIRE_SNAPSHOT))
		return;
	for (unsigned int fd = 0; fd < 3; fd++)
		if (pipe[fd])
			pipes_add(e->pipes, pipe[fd], fd ? PIPE_WRITERS : PIPE_READERS, end);
}

static unsigned int pipe_peers(const struct enrich *e, const struct process *p, const struct image *i, unsigned int fd,
			       const struct process *ret[PIPE_ENDS])
{
	const struct pipe_end *ends = i ? pipes_find(e->pipes, i->std_pipe[fd], fd ? PIPE_READERS : PIPE_WRITERS) : NULL;
	const struct process *other;
	unsigned int n = 0;

	for (int k = 0; ends && k < PIPE_ENDS; k++) {
		other = ends[k].pid ? process_table_find(e->processes, ends[k].pid, ends[k].start) : NULL;
		if (other && other != p)
			ret[n++] = other;
	}
	return n;
}

static const struct image *image_of(const struct event *ev)
{
	return ev->process ? process_image(ev->process, ev->rec->hdr.exec_id) : NULL;
}

unsigned int enrich_pipe_peers(const struct event *ev, unsigned int fd, const struct process *ret[PIPE_ENDS])
{
	return ev->tables ? pipe_peers(ev->tables, ev->process, image_of(ev), fd, ret) : 0;
}

/* Does what the process writes come to the other one, through at most so many programs between them? By a FIFO it may. */
static bool writes_to(const struct enrich *e, const struct process *p, const struct image *i, const struct process *to,
		      unsigned int between)
{
	const struct process *peers[PIPE_ENDS];
	unsigned int n = pipe_peers(e, p, i, 1, peers);

	if (i && pipe_is_fifo(i->std_pipe[1]))
		return true;
	for (unsigned int k = 0; k < n; k++)
		if (peers[k] == to || (between && writes_to(e, peers[k], peers[k]->image, to, between - 1)))
			return true;
	return false;
}

bool enrich_pipe_loop(const struct event *ev)
{
	return ev->tables && writes_to(ev->tables, ev->process, image_of(ev), ev->process, PIPE_LOOP_MAX - 1);
}

/* Whom a process talks to, for those who sit at the other end of its pipes. */
static void remember_peer(struct process *p, const union event_record *rec)
{
	const struct wire_addr *peer = rec->hdr.type == EVENT_CONNECT ? &rec->connect.peer : &rec->accept.peer;

	if (p && peer->family && (rec->hdr.res >= 0 || rec->hdr.res == -EINPROGRESS))
		p->peer = *peer;
}

/* What the tables keep of it, beside the process itself. */
static void remember(struct enrich *e, const struct event *ev)
{
	switch (ev->rec->hdr.type) {
	case EVENT_EXEC:
		remember_pipes(e, &ev->rec->exec);
		break;
	case EVENT_CONNECT:
	case EVENT_ACCEPT:
		remember_peer(ev->process, ev->rec);
		break;
	}
}

/* Whom a call was aimed at. */
static void enrich_target(struct enrich *e, struct event *ev, uint32_t pid, uint64_t start, uint64_t cgroup)
{
	bool known;

	if (!pid)
		return;
	ev->target = process_table_find(e->processes, pid, start);
	if (!cgroup && ev->target)
		cgroup = ev->target->cgroup;
	if (cgroup)
		ev->target_container = container_table_find(e->containers, cgroup, &known);
}

struct workload_row *enrich_container_of(struct enrich *e, uint64_t cgroup)
{
	bool known;
	const struct container *c = container_table_find(e->containers, cgroup, &known);

	return c ? c->who : NULL;
}

/* A container's first group, by the process that was met in it. */
static void meet(struct enrich *e, const union event_record *rec)
{
	struct workload_row *who = enrich_container_of(e, rec->hdr.cgroup);

	if (!who || who->cgroup)
		return;
	who->cgroup = rec->hdr.cgroup;
	who->first = rec->hdr.tgid;
	who->start = rec->hdr.start;
	who->met = rec->hdr.time;
}

static void enrich_group(struct enrich *e, struct event *ev)
{
	const union event_record *rec = ev->rec;

	if (rec->cgroup.gone) {
		container_table_gone(e->containers, rec->hdr.cgroup, rec->hdr.time);
		return;
	}
	container_table_add(e->containers, rec->hdr.cgroup, event_blob(ev, rec->cgroup.path));
	meet(e, rec);
}

bool enrich_event(struct enrich *e, struct event *ev)
{
	const union event_record *rec = ev->rec;
	bool known;

	if (rec->hdr.type == EVENT_CGROUP) {
		enrich_group(e, ev);
		return false;
	}
	ev->process = process_table_apply(e->processes, rec);
	ev->tables = e;
	ev->host = &e->host;
	remember(e, ev);
	if (rec->hdr.flags & WIRE_SNAPSHOT)
		return false;
	if (rec->hdr.cgroup)
		ev->container = container_table_find(e->containers, rec->hdr.cgroup, &known);
	if (rec->hdr.type == EVENT_TAMPER)
		enrich_target(e, ev, rec->tamper.target, rec->tamper.target_start, rec->tamper.target_cgroup);
	else if (rec->hdr.type == EVENT_SIGNAL)
		enrich_target(e, ev, rec->signal.target, rec->signal.target_start, rec->signal.target_cgroup);
	else if (rec->hdr.type == EVENT_OPEN)
		enrich_target(e, ev, rec->open.target, rec->open.target_start, 0);
	else if (rec->hdr.type == EVENT_WRITE)
		enrich_target(e, ev, rec->write.target, rec->write.target_start, 0);
	if (rec->hdr.type == EVENT_CONNECT)
		ev->peer_name = dnsmem_find(e->names, owner_of(ev), &rec->connect.peer, rec->hdr.time);
	else if (rec->hdr.type == EVENT_TRANSFER)
		ev->peer_name = dnsmem_find(e->names, owner_of(ev), &rec->transfer.peer, rec->hdr.time);
	else if (rec->hdr.type == EVENT_HELLO)
		enrich_hello(e, ev);
	else if (rec->hdr.type == EVENT_DNS)
		enrich_dns(e, ev);
	return true;
}

bool enrich_on_host(struct enrich *e, uint64_t cgroup)
{
	bool known;

	return !container_table_find(e->containers, cgroup, &known) && known;
}

void enrich_set_agent(struct enrich *e, const uint32_t pids[2])
{
	memcpy(e->agent, pids, sizeof(e->agent));
}

bool enrich_is_agent(const struct enrich *e, uint32_t pid)
{
	return e && pid && (pid == e->agent[0] || pid == e->agent[1]);
}

void enrich_groups(const struct enrich *e, void (*fn)(void *ctx, uint64_t cgroup, const struct container *c), void *ctx)
{
	container_table_groups(e->containers, fn, ctx);
}

struct workloads *enrich_workloads(struct enrich *e)
{
	return container_table_workloads(e->containers);
}

void enrich_who(struct enrich *e, struct event *ev, union event_record *rec)
{
	struct process *p = rec->hdr.tgid ? process_table_find(e->processes, rec->hdr.tgid, rec->hdr.start) : NULL;
	bool known;

	ev->process = p;
	ev->container = rec->hdr.cgroup ? container_table_find(e->containers, rec->hdr.cgroup, &known) : NULL;
	if (!p)
		return;
	rec->hdr.exec_id = p->image ? p->image->exec_id : 0;
	rec->hdr.vpid = p->vpid;
	rec->hdr.uid = p->uid;
	rec->hdr.euid = p->euid;
	rec->hdr.gid = p->gid;
}

void enrich_stats(const struct enrich *e, struct enrich_stats *ret)
{
	*ret = (struct enrich_stats){
		.dns_names = dnsmem_names(e->names),
		.dns_evicted = dnsmem_evicted(e->names),
		.pipes_evicted = pipes_evicted(e->pipes),
	};
	process_table_stats(e->processes, &ret->process);
	container_table_stats(e->containers, &ret->container);
	memcpy(ret->dns_malformed, e->dns_malformed, sizeof(ret->dns_malformed));
}

struct host_facts *enrich_host(struct enrich *e)
{
	return &e->host;
}
