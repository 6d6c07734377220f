/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump FILE: the records of a recording as JSON lines, every field by its name in events.def, the header's too.
 * For tests that compare what the probes saw with what a program knows it did.
 */
#include "event/attr.h"
#include "event/decode.h"
#include "sensor/source.h"
#include "util/buf.h"
#include "util/utf8.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static int status;

static json_t *text(struct str s)
{
	char *p = malloc(s.n * 3 + 1);
	bool cut;
	json_t *v = p ? json_stringn(p, utf8_clean(p, s.n * 3, s, &cut)) : NULL;

	free(p);
	return v;
}

static json_t *hex(struct str s)
{
	struct buf b = {};
	json_t *v;

	for (size_t i = 0; i < s.n; i++)
		buf_printf(&b, "%02x", (unsigned char)s.p[i]);
	v = json_string(b.p ? b.p : "");
	buf_free(&b);
	return v;
}

/* Entries that end in NUL, as argv and env are kept. */
static json_t *list(struct str s)
{
	json_t *a = json_array();

	while (s.n) {
		size_t n = strnlen(s.p, s.n);

		json_array_append_new(a, text(str_n(s.p, n)));
		s = str_skip(s, n + 1);
	}
	return a;
}

static json_t *addr(const struct wire_addr *a)
{
	char ip[INET6_ADDRSTRLEN] = "";

	if (!a->family)
		return json_null();
	inet_ntop(a->family, a->ip, ip, sizeof(ip));
	return json_pack("{s:i, s:s, s:i}", "family", a->family, "ip", ip, "port", a->port);
}

static json_t *attr(const struct event *ev, const struct attr *a)
{
	const char *p = (const char *)ev->rec + a->off;
	struct str s;

	switch (a->kind) {
	case ATTR_U32:
		return json_integer(*(const uint32_t *)p);
	case ATTR_S32:
		return json_integer(*(const int32_t *)p);
	case ATTR_U64:
		return json_integer((json_int_t)*(const uint64_t *)p);
	case ATTR_ADDR:
		return addr((const struct wire_addr *)p);
	default:
		s = event_blob(ev, *(const struct wire_blob *)p);
	}
	if (!s.p)
		return json_null();
	if (!strcmp(a->name, "payload"))
		return hex(s);
	return !strcmp(a->name, "argv") || !strcmp(a->name, "env") ? list(s) : text(s);
}

static void on_record(void *ctx, const void *rec, size_t n)
{
	const struct wire_hdr *h = rec;
	const struct event_desc *d;
	struct event ev;
	enum decode_error e = decode(&ev, rec, n, 0);
	json_t *o;

	(void)ctx;
	if (e != DECODE_OK) {
		fprintf(stderr, "dump: %s\n", decode_error_text[e]);
		status = 1;
		return;
	}
	d = &event_table[h->type];
	o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}",
		      "event", d->name, "call", call_table[h->call].name, "time", (json_int_t)h->time,
		      "start", (json_int_t)h->start, "cgroup", (json_int_t)h->cgroup, "tgid", (int)h->tgid, "tid", (int)h->tid,
		      "exec_id", (int)h->exec_id, "cpu", h->cpu, "flags_", h->flags, "uid", (json_int_t)h->uid,
		      "euid", (json_int_t)h->euid, "gid", (json_int_t)h->gid, "egid", (json_int_t)h->egid,
		      "vpid", (int)h->vpid, "vtid", (int)h->vtid, "mntns", (json_int_t)h->mntns,
		      "pidns", (json_int_t)h->pidns, "netns", (json_int_t)h->netns, "userns", (json_int_t)h->userns,
		      "cap_effective", (json_int_t)h->cap_effective, "res", (json_int_t)h->res);
	for (unsigned int i = 0; i < d->nattrs; i++)
		json_object_set_new(o, d->attrs[i].name, attr(&ev, &d->attrs[i]));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static void on_idle(void *ctx)
{
	(void)ctx;
}

static void on_end(void *ctx, int error, const char *why)
{
	(void)ctx;
	if (error < 0) {
		fprintf(stderr, "dump: %s\n", why);
		status = 1;
	}
}

int main(int argc, char **argv)
{
	struct source_handler h = {on_record, on_idle, on_end, NULL};
	struct source *s;
	uv_loop_t loop;
	char error[512];

	if (argc != 2 || source_file_new(&s, argv[1], error) < 0 || uv_loop_init(&loop) < 0) {
		fprintf(stderr, "dump: %s\n", argc == 2 ? error : "usage: dump FILE");
		return 2;
	}
	if (s->ops->start(s, &loop, &h) < 0)
		status = 1;
	uv_run(&loop, UV_RUN_DEFAULT);
	s->ops->free(s);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return status;
}
