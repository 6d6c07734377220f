/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/build.h"
#include "finding/target.h"
#include "enrich/process.h"
#include "event/attr.h"
#include "event/dns.h"
#include "util/clock.h"
#include <netinet/in.h>

static void build_list(struct build *b, const char *const *from, char ***to, size_t *n)
{
	size_t count = 0;

	while (from && from[count])
		count++;
	if (!count)
		return;
	*to = build_alloc(b, count * sizeof(**to));
	if (!*to)
		return;
	for (; *n < count; (*n)++) {
		char *one = NULL;

		build_text(b, &one, str(from[*n]), FINDING_TEXT_MAX);
		if (!one)
			one = build_alloc(b, 1);	/* a list has no missing members, only empty ones */
		if (!one)
			return;
		(*to)[*n] = one;
	}
}

static void build_rule(struct build *b, const struct rule_info *r)
{
	Noroshi__V1__Finding *f = b->f;

	build_text(b, &f->rule, str(r->name), FINDING_TEXT_MAX);
	build_text(b, &f->type, str(r->type), FINDING_TEXT_MAX);
	f->severity = NOROSHI__V1__SEVERITY__SEVERITY_INFO + severity_of_score(r->score);
	BUILD_SET(f, FINDING, SEVERITY_SCORE, severity_score, r->score);
	build_text(b, &f->priority, str(r->priority), FINDING_TEXT_MAX);
	build_text(b, &f->description, str(r->desc), FINDING_TEXT_MAX);
	build_text(b, &f->remedy, str(r->remedy), FINDING_TEXT_MAX);
	build_list(b, r->tags, &f->tags, &f->n_tags);
	build_list(b, r->mitre, &f->mitre, &f->n_mitre);
}

/* What is known by now: a finding does not wait for it. */
static void build_host(struct build *b, Noroshi__V1__Host *h)
{
	char **const members[HOST_FACTS] = {
		[HOST_ACCOUNT] = &h->account, [HOST_REGION] = &h->region, [HOST_ZONE] = &h->zone, [HOST_INSTANCE_ID] = &h->instance_id,
		[HOST_INSTANCE_TYPE] = &h->instance_type, [HOST_AMI] = &h->ami, [HOST_ORG_PATH] = &h->org_path,
	};

	for (enum host_fact f = 0; f < HOST_FACTS; f++)
		build_text(b, members[f], host_fact(b->c->host, f), FINDING_TEXT_MAX);
}

/* What every finding has, whatever it is about. */
static bool build_begin(struct build *b, uint64_t time)
{
	Noroshi__V1__Finding *f;
	char id[37];

	if (!BUILD_MESSAGE(b, f, finding))
		return false;
	b->f = f;
	finding_uuid(id);
	build_text(b, &f->id, str(id), sizeof(id));
	f->revision = 1;
	f->count = 1;
	build_time(b, &f->time, time);
	build_time(b, &f->last_seen, time);
	build_text(b, &f->ruleset_digest, str(b->c->ruleset_digest), FINDING_TEXT_MAX);
	build_text(b, &f->agent_version, str(b->c->agent_version), FINDING_TEXT_MAX);
	if (!BUILD_MESSAGE(b, f->host, host))
		return true;
	build_text(b, &f->host->name, str(b->c->hostname), FINDING_TEXT_MAX);
	build_text(b, &f->host->boot_id, str(b->c->boot_id), FINDING_TEXT_MAX);
	build_text(b, &f->host->kernel, str(b->c->kernel), FINDING_TEXT_MAX);
	build_host(b, f->host);
	return true;
}

static Noroshi__V1__Finding *build_end(struct build *b)
{
	if (b->failed) {
		finding_free(b->f);
		return NULL;
	}
	return b->f;
}

static void build_output(struct build *b, const struct match *m)
{
	struct buf out = {.max = OUTPUT_BYTES_MAX};

	m->engine->ops->output(m->engine, m->id, b->ev, &out);
	build_text(b, &b->f->output, buf_view(&out), OUTPUT_BYTES_MAX);
	buf_free(&out);
}

/* A field with several values arrives once for each of them, in a row. */
static void add_evidence(void *ctx, const char *name, const struct value *v, bool present)
{
	struct build *b = ctx;
	Noroshi__V1__Event *e = b->f->event;
	Noroshi__V1__Evidence *one, *last = e->n_fields ? e->fields[e->n_fields - 1] : NULL;
	char number[BUILD_VALUE_MAX];
	struct str text = present && v ? build_value_text(v, number) : STR_NONE;

	if (last && !strcmp(last->name, name)) {
		struct buf joined = {};

		buf_printf(&joined, "%s, ", last->value);
		buf_str(&joined, text);
		if (strlen(last->value) < EVIDENCE_TEXT_MAX && !buf_error(&joined)) {
			if (last->value != protobuf_c_empty_string)
				free(last->value);
			last->value = (char *)protobuf_c_empty_string;
			build_text(b, &last->value, buf_view(&joined), EVIDENCE_TEXT_MAX);
		}
		buf_free(&joined);
		return;
	}
	if (!present || e->n_fields == EVIDENCE_MAX || !BUILD_MESSAGE(b, one, evidence))
		return;
	e->fields[e->n_fields++] = one;
	build_text(b, &one->name, str(name), EVIDENCE_TEXT_MAX);
	build_text(b, &one->value, text, EVIDENCE_TEXT_MAX);
}

static void build_evidence(struct build *b, const struct match *m)
{
	Noroshi__V1__Event *e = b->f->event;

	e->fields = build_alloc(b, EVIDENCE_MAX * sizeof(*e->fields));
	if (e->fields)
		m->engine->ops->fields(m->engine, m->id, b->ev, add_evidence, b);
	if (e->n_fields)
		return;
	free(e->fields);
	e->fields = NULL;
}

static void build_result(struct build *b, Noroshi__V1__Event *e, const struct wire_hdr *h)
{
	const char *name = h->res < 0 && h->res > -4096 ? strerrorname_np((int)-h->res) : NULL;
	char number[24];

	if (h->type == EVENT_EXIT || h->type == EVENT_DNS || h->type == EVENT_HELLO)
		return;	/* nobody's return value */
	if (h->res >= INT32_MIN && h->res <= INT32_MAX)
		BUILD_SET(e, EVENT, RESULT, result, (int32_t)h->res);
	if (h->res < 0 && !name) {	/* the kernel's own codes, of calls that are to be restarted */
		snprintf(number, sizeof(number), "%lld", (long long)-h->res);
		name = number;
	}
	build_text(b, &e->result_text, h->res < 0 ? str(name) : STR("SUCCESS"), sizeof(number));
}

static void build_event(struct build *b)
{
	const struct wire_hdr *h = &b->ev->rec->hdr;
	Noroshi__V1__Event *e = b->f->event;

	build_text(b, &e->type, call_name(b->ev->call), FINDING_TEXT_MAX);
	build_result(b, e, h);
	e->io_uring = h->flags & WIRE_IO_URING;
	e->compat = h->flags & WIRE_COMPAT;
	if (b->f->file || h->type == EVENT_EXEC)
		build_text(b, &e->name_source, h->flags & WIRE_NAME_USER ? STR("user") : STR("kernel"), 8);
}

static void build_network(struct build *b)
{
	struct target_socket s;
	Noroshi__V1__Network *n;

	if (!target_socket(b->ev, &s) || !BUILD_MESSAGE(b, n, network))
		return;
	b->f->network = n;
	build_text(b, &n->protocol, str(target_protocol(s.protocol, s.family, s.type)), FINDING_TEXT_MAX);
	build_text(b, &n->family, str(target_family(s.family)), FINDING_TEXT_MAX);
	build_text(b, &n->direction, str(s.direction), FINDING_TEXT_MAX);
	build_ip(b, &n->local_ip, &s.local);
	if (s.local.family)
		BUILD_SET(n, NETWORK, LOCAL_PORT, local_port, s.local.port);
	build_ip(b, &n->remote_ip, &s.peer);
	if (s.peer.family)
		BUILD_SET(n, NETWORK, REMOTE_PORT, remote_port, s.peer.port);
	build_text(b, &n->remote_name, b->ev->peer_name, FINDING_TEXT_MAX);
	build_text(b, &n->socket_path, s.path, FINDING_TEXT_MAX);
}

static void build_file(struct build *b)
{
	struct target_file t;
	Noroshi__V1__File *f;
	char mode[8];

	if (!target_file(b->ev, &t) || !BUILD_MESSAGE(b, f, file))
		return;
	b->f->file = f;
	build_text(b, &f->path, t.path, FINDING_TEXT_MAX);
	build_text(b, &f->path_raw, t.raw, FINDING_TEXT_MAX);
	build_text(b, &f->target_path, t.other, FINDING_TEXT_MAX);
	build_text(b, &f->operation, str(t.operation), FINDING_TEXT_MAX);
	build_field_text(b, BUILD_EVT_FLAGS, &f->flags);
	if (t.inode > 0) {
		BUILD_SET(f, FILE, INODE, inode, t.inode);
		BUILD_SET(f, FILE, DEVICE, device, t.device);
	}
	if (t.has_mode) {
		snprintf(mode, sizeof(mode), "%04o", t.mode & 07777);
		build_text(b, &f->mode, str(mode), sizeof(mode));
	}
}

static void build_answers(struct build *b, Noroshi__V1__Dns *d, const struct dns_message *m)
{
	if (!m->nanswers)
		return;
	d->answers = build_alloc(b, m->nanswers * sizeof(*d->answers));
	for (unsigned int i = 0; d->answers && i < m->nanswers; i++) {
		char *text = NULL;

		build_text(b, &text, m->answers[i].text, FINDING_TEXT_MAX);
		if (text)
			d->answers[d->n_answers++] = text;
	}
}

static void build_dns(struct build *b)
{
	const struct wire_dns *r = &b->ev->rec->dns;
	const struct dns_message *m = b->ev->dns;
	char ip[TARGET_IP_TEXT], name[16], resolver[TARGET_IP_TEXT + 16];
	struct str server;
	Noroshi__V1__Dns *d;

	if (r->hdr.type != EVENT_DNS || !m || !BUILD_MESSAGE(b, d, dns))
		return;
	b->f->dns = d;
	build_text(b, &d->qname, m->qname, FINDING_TEXT_MAX);
	if (m->qname.p)
		build_text(b, &d->qtype, str(dns_type_text(m->qtype, name)), sizeof(name));
	d->response = m->response;
	if (m->response)
		build_text(b, &d->rcode, str(dns_rcode_text(m->rcode, name)), sizeof(name));
	build_answers(b, d, m);
	/* A query goes to the resolver and an answer comes from it; on the resolver's own side it is this end. */
	const struct wire_addr *a = m->response == !r->egress ? &r->peer : &r->local;

	server = target_ip(a, ip);
	if (!server.n)
		return;
	snprintf(resolver, sizeof(resolver), a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, a->port);
	build_text(b, &d->resolver, str(resolver), sizeof(resolver));
}

Noroshi__V1__Finding *finding_new(const struct finding_context *c, const struct event *ev, const struct match *m)
{
	struct field_scratch scratch;
	struct build b = {.c = c, .ev = ev, .scratch = &scratch};
	Noroshi__V1__Event *e;

	scratch.used = scratch.cut = 0;
	if (!build_begin(&b, ev->time))
		return NULL;
	build_rule(&b, m->rule);
	if (!BUILD_MESSAGE(&b, e, event))
		return build_end(&b);
	b.f->event = e;
	if (ev->num && ev->num <= UINT32_MAX)
		BUILD_SET(e, EVENT, NUMBER, number, (uint32_t)ev->num);
	build_output(&b, m);
	scratch.used = 0;
	build_evidence(&b, m);
	scratch.used = 0;
	if (ev->rec) {
		build_process(&b);
		build_container(&b);
		build_network(&b);
		build_file(&b);
		build_dns(&b);
		build_event(&b);
	} else {
		build_json_event(&b);
	}
	return build_end(&b);
}

Noroshi__V1__Finding *finding_internal(const struct finding_context *c, const char *rule, const char *type,
				       unsigned int score, const char *output)
{
	struct build b = {.c = c};
	const struct rule_info info = {.name = rule, .type = type, .score = score};

	if (!build_begin(&b, clock_wall_ns()))
		return NULL;
	build_rule(&b, &info);
	build_text(&b, &b.f->output, str(output), OUTPUT_BYTES_MAX);
	b.f->attribution = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED;	/* it is the host's */
	return build_end(&b);
}

Noroshi__V1__Finding *finding_about(const struct finding_context *c, const struct rule_info *rule, const struct event *ev,
				    struct str output)
{
	struct field_scratch scratch;
	struct build b = {.c = c, .ev = ev, .scratch = &scratch};

	scratch.used = scratch.cut = 0;
	if (!build_begin(&b, ev->time))
		return NULL;
	build_rule(&b, rule);
	build_text(&b, &b.f->output, output, OUTPUT_BYTES_MAX);
	if (ev->rec->hdr.tgid)
		build_process(&b);
	build_container(&b);
	return build_end(&b);
}

Noroshi__V1__Finding *finding_copy(const Noroshi__V1__Finding *f)
{
	size_t n = noroshi__v1__finding__get_packed_size(f);
	uint8_t *p = malloc(n ? n : 1);
	Noroshi__V1__Finding *copy;

	if (!p)
		return NULL;
	noroshi__v1__finding__pack(f, p);
	copy = noroshi__v1__finding__unpack(NULL, n, p);
	free(p);
	return copy;
}

void finding_free(Noroshi__V1__Finding *f)
{
	if (f)
		noroshi__v1__finding__free_unpacked(f, NULL);
}
