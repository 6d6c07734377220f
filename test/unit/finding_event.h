/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events and an engine made up for the tests of findings: records are laid out
 * as the probes lay them out and go through decode().
 */
#ifndef TEST_FINDING_EVENT_H
#define TEST_FINDING_EVENT_H

#include "enrich/container.h"
#include "enrich/process.h"
#include "event/decode.h"
#include "finding/fold.h"
#include <arpa/inet.h>
#include <check.h>

#define SECOND 1000000000ull
#define T0 (1700000000 * SECOND)	/* 2023-11-14T22:13:20Z */

struct record {
	union {
		union event_record r;
		char bytes[WIRE_RECORD_MAX];
	};
	size_t n;
};

static inline void record_begin(struct record *r, enum event_type type, enum event_call call, size_t fixed)
{
	memset(r, 0, fixed);
	r->n = fixed;
	r->r.hdr = (struct wire_hdr){.type = (uint16_t)type, .call = (uint16_t)call, .time = 100 * SECOND, .start = 90 * SECOND,
				     .tgid = 4711, .tid = 4711, .exec_id = 2, .uid = 1000, .euid = 0, .gid = 100, .vpid = 12, .cgroup = 7};
}

#define RECORD(r, ID, CALL, name) record_begin(r, EVENT_##ID, CALL_##CALL, sizeof(struct wire_##name))

static inline void record_blob(struct record *r, struct wire_blob *b, const void *p, size_t n)
{
	*b = (struct wire_blob){(uint16_t)r->n, (uint16_t)n};
	memcpy(r->bytes + r->n, p, n);
	r->n += n;
}

static inline void record_text(struct record *r, struct wire_blob *b, const char *s)
{
	record_blob(r, b, s, strlen(s));
}

static inline struct wire_addr ip4(const char *ip, uint16_t port)
{
	struct wire_addr a = {.family = AF_INET, .port = port};

	ck_assert_int_eq(inet_pton(AF_INET, ip, a.ip), 1);
	return a;
}

/* The event of a finished record, T0 or later. */
static inline struct event record_event(struct record *r)
{
	struct event ev = {};

	r->r.hdr.size = (uint32_t)r->n;
	ck_assert_int_eq(decode(&ev, r->bytes, r->n, T0 - 100 * SECOND), DECODE_OK);
	ev.num = 7;
	return ev;
}

/* An engine of one rule. */
struct fake_engine {
	struct engine engine;
	const char *output;
};

static inline void fake_output(struct engine *e, uint32_t id, const struct event *ev, struct buf *out)
{
	(void)id;
	(void)ev;
	buf_puts(out, ((struct fake_engine *)e)->output);
}

static inline void fake_fields(struct engine *e, uint32_t id, const struct event *ev, engine_field_fn fn, void *ctx)
{
	struct value v = {.type = TYPE_STR, .s = STR("ba\xffsh")};

	(void)e;
	(void)id;
	(void)ev;
	fn(ctx, "proc.name", &v, true);
	v = (struct value){.type = TYPE_INT, .i = -7};
	fn(ctx, "evt.rawres", &v, true);
	fn(ctx, "fd.name", NULL, false);
	v = (struct value){.type = TYPE_STR, .s = STR("one")};
	fn(ctx, "proc.aname", &v, true);
	v.s = STR("two");
	fn(ctx, "proc.aname", &v, true);
	v = (struct value){.type = TYPE_BOOL, .b = true};
	fn(ctx, "evt.is_open_write", &v, true);
	v = (struct value){.type = TYPE_IP, .ip = {.family = AF_INET, .ip = {10, 0, 0, 1}}};
	fn(ctx, "fd.sip", &v, true);
}

static const char *const fake_tags[] = {"T1059", "shell", NULL};
static const char *const fake_mitre[] = {"T1059", NULL};

static const struct rule_info fake_rule = {
	.name = "Reverse shell", .desc = "a shell talks to somebody", .type = "Execution:Runtime/ReverseShell", .score = 8,
	.priority = "Critical", .remedy = "stop it", .tags = fake_tags, .mitre = fake_mitre, .source = "syscall", .enabled = true,
};

static const struct engine_ops fake_ops = {.name = "fake", .output = fake_output, .fields = fake_fields};

static const struct finding_context context = {
	.agent_version = "1.2.3", .ruleset_digest = "abc", .hostname = "host-a",
	.boot_id = "0c5b7d0e-2b39-44c4-a6a7-8b04bb9bd3c6", .kernel = "6.1.0", .boot_offset = T0 - 100 * SECOND,
};

#endif
