/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/fold_key.h"
#include "enrich/container.h"
#include "enrich/process.h"
#include "event/dns.h"
#include "finding/build.h"
#include "finding/target.h"
#include "util/siphash.h"

static void add_addr(struct siphash *h, const struct wire_addr *a, bool port)
{
	siphash_add(h, &a->family, sizeof(a->family));
	siphash_add(h, a->ip, sizeof(a->ip));
	if (port)
		siphash_add(h, &a->port, sizeof(a->port));
}

/*
 * The other end; where there is none, this end. Of an accepted connection the peer's port is chance and ours the
 * service: a scan of one service is one finding per peer.
 */
static void add_socket(struct siphash *h, const struct event *ev, const struct target_socket *s)
{
	bool accepted = ev->rec->hdr.type == EVENT_ACCEPT;

	siphash_add(h, &s->family, sizeof(s->family));
	siphash_text(h, s->path);
	if (s->peer.family)
		add_addr(h, &s->peer, !accepted);
	if (s->local.family && (accepted || !s->peer.family))
		add_addr(h, &s->local, true);
}

static void key_of_record(struct siphash *h, const struct event *ev)
{
	const union event_record *r = ev->rec;
	struct target_socket socket;
	struct target_file file;
	const struct image *i = ev->process ? process_image(ev->process, r->hdr.exec_id) : NULL;

	siphash_text(h, str(ev->container ? ev->container->id : ""));
	siphash_text(h, str(ev->container ? ev->container->task_id : ""));
	siphash_text(h, i ? i->exepath : STR_NONE);
	siphash_text(h, i ? i->script : STR_NONE);
	siphash_add(h, &r->hdr.type, sizeof(r->hdr.type));
	if (r->hdr.type == EVENT_DNS) {
		siphash_text(h, ev->dns ? ev->dns->qname : STR_NONE);
	} else if (target_file(ev, &file)) {
		siphash_text(h, file.path);
		siphash_text(h, file.other);
	} else if (target_socket(ev, &socket)) {
		add_socket(h, ev, &socket);
	} else if (r->hdr.type == EVENT_EXEC) {
		siphash_text(h, event_blob(ev, r->exec.exe));
		siphash_text(h, r->exec.hdr.res < 0 ? event_blob(ev, r->exec.filename) : STR_NONE);
	}
}

static void key_of_json(struct siphash *h, const struct event *ev)
{
	static const enum build_field fields[] = {
		BUILD_CONTAINER_ID, BUILD_PROC_EXEPATH, BUILD_PROC_SCRIPT, BUILD_EVT_TYPE, BUILD_FD_NAME, BUILD_FD_RIP, BUILD_FD_RPORT,
		BUILD_FS_NAME, BUILD_FS_SOURCE, BUILD_FS_TARGET, BUILD_DNS_QNAME,
	};
	struct field_scratch scratch;
	struct build b = {.ev = ev, .scratch = &scratch};
	char buf[BUILD_VALUE_MAX];
	struct value v;

	scratch.used = scratch.cut = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		siphash_text(h, build_field(&b, fields[i], &v) ? build_value_text(&v, buf) : STR_NONE);
}

void fold_key(const uint64_t secret[2], const struct event *ev, const struct match *m, uint64_t key[2])
{
	struct siphash h;

	siphash_begin(&h, secret);
	siphash_text(&h, str(m->engine->ops->name));
	siphash_text(&h, str(m->rule->name));
	if (ev->rec)
		key_of_record(&h, ev);
	else
		key_of_json(&h, ev);
	siphash_end(&h, key);
}
