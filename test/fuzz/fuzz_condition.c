/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A condition: parsed, checked, compiled, matched against a few events. The
 * first byte chooses the original's traps. What the match says must be what the
 * tree as it was written says.
 */
#include "event/json.h"
#include "rule/matcher.h"
#include "util/buf.h"
#include "util/limits.h"
#include <stdlib.h>

static const char *const texts[] = {
	("{\"evt.type\":\"open\",\"evt.num\":3,\"proc.name\":\"bash\",\"fd.name\":\"/etc/"
     "passwd\",\"proc.pid\":3,\"evt.is_open_write\":true,"
     "\"proc.aname\":[\"nginx\",\"systemd\"],\"evt.arg.flags\":\"O_CREAT|O_WRONLY\"}"),
	"{\"evt.type\":\"connect\",\"fd.cip\":\"10.0.0.5\",\"fd.sip\":\"2001:db8::1\",\"fd.cport\":40000,\"fd.sport\":443,"
	"\"proc.apid\":[1,2]}",
	"{\"evt.type\":\"dns\",\"dns.qname\":\"pool.example.org\",\"dns.answers\":[\"10.0.0.1\",\"x\"],\"evt.buffer\":"
	"\"hello\"}",
	"{\"evt.type\":\"execve\",\"proc.cmdline\":\"bash -c ls\",\"proc.name\":\"caf\xc3\xa9\",\"proc.exe\":\"aGVsbG8=\"}",
};

#define EVENTS (sizeof(texts) / sizeof(texts[0]))

static struct json_fields *fields[EVENTS];

static void load_events(void)
{
	char why[128];
	size_t i;

	for (i = 0; !fields[EVENTS - 1] && i < EVENTS; i++) {
		json_t *object = json_loads(texts[i], 0, NULL);

		if (!object || json_fields_new(&fields[i], object, why))
			abort();
		json_decref(object);
	}
}

static void report(void *ctx, const struct ast_error *e, bool warning)
{
	if (!warning)
		++*(unsigned int *)ctx;
	if (!e->message[0] || !e->line || !e->col || !e->len)
		abort();
}

static void match_all(struct matcher *m)
{
	struct needs needs = {};
	uint32_t id;
	size_t i;

	matcher_needs(m, &needs);
	for (i = 0; i < EVENTS; i++) {
		struct event ev = {.num = i + 1, .fields = fields[i]};
		struct buf out = {.max = 1 << 20};

		if (matcher_match(m, &ev, &id) != matcher_explain(m, 0, &ev, &out))
			abort();
		buf_free(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int flags = size && data[0] == '!' ? AST_STRICT_COMPAT : 0, errors = 0;
	struct str text = str_n((const char *)data + (flags != 0), size - (flags != 0));
	struct arena *a = arena_new(32u << 20);
	const struct ast *root;
	struct matcher *m;
	struct ast_error e;
	struct name_set set;
	struct buf out = {.max = 1 << 20};
	struct ast *n;
	int r;

	load_events();
	r = ast_parse(&n, a, text, CONDITION_DEPTH_MAX, &e);
	if (!r) {
		ast_print(n, &out);
		r = ast_check(n, a, flags, report, &errors);
		if ((r == -22) != (errors > 0))
			abort();
	} else {
		report(&errors, &e, false);
	}
	root = n;
	if (!r) {
		ast_events(n, &set);
		if (!matcher_new(&m, &root, 1, flags)) {
			match_all(m);
			matcher_free(m);
		}
	}
	buf_free(&out);
	arena_free(a);
	return 0;
}
