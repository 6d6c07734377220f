/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"
#include "enrich/dnsmem.h"
#include <sys/socket.h>

struct enrich {
	struct process_table *processes;
	struct container_table *containers;
	struct dnsmem *names;
	struct dns_message dns;		/* of the event in hand */
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
	if (!e->processes || !e->containers || !e->names)
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

static void enrich_dns(struct enrich *e, struct event *ev)
{
	struct str payload = event_blob(ev, ev->rec->dns.payload);
	enum dns_error error = dns_parse(&e->dns, payload.p, payload.n);

	if (error)
		e->dns_malformed[error]++;
	ev->dns = &e->dns;
	remember_answers(e, ev);
}

bool enrich_event(struct enrich *e, struct event *ev)
{
	const union event_record *rec = ev->rec;
	bool known;

	if (rec->hdr.type == EVENT_CGROUP) {
		container_table_add(e->containers, rec->hdr.cgroup, event_blob(ev, rec->cgroup.path));
		return false;
	}
	ev->process = process_table_apply(e->processes, rec);
	if (rec->hdr.flags & WIRE_SNAPSHOT)
		return false;
	if (rec->hdr.cgroup)
		ev->container = container_table_find(e->containers, rec->hdr.cgroup, &known);
	if (rec->hdr.type == EVENT_CONNECT)
		ev->peer_name = dnsmem_find(e->names, owner_of(ev), &rec->connect.peer, rec->hdr.time);
	else if (rec->hdr.type == EVENT_DNS)
		enrich_dns(e, ev);
	return true;
}

void enrich_stats(const struct enrich *e, struct enrich_stats *ret)
{
	*ret = (struct enrich_stats){
		.dns_names = dnsmem_names(e->names),
		.dns_evicted = dnsmem_evicted(e->names),
	};
	process_table_stats(e->processes, &ret->process);
	container_table_stats(e->containers, &ret->container);
	memcpy(ret->dns_malformed, e->dns_malformed, sizeof(ret->dns_malformed));
}
