/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher: single conditions against test/rules/match.txt; many conditions
 * at once against each by itself and against the tree as it was written; what
 * has to leave the kernel; that a match does not allocate.
 */
#include "rule_helper.h"
#include <malloc.h>

static struct buf file;

static void one_case(const char *json, struct str line, unsigned int *failed)
{
	char *condition = strndup(line.p + 2, line.n - 2);
	struct compiled c;

	ck_assert_msg(json != NULL, "a condition without an event");
	unescape_case(condition);
	if (compile(&c, str(condition), 0, 100) < 0) {
		printf("%s: %s", condition, c.said.p ? c.said.p : "does not compile\n");
		++*failed;
	} else if (holds(&c, json) != (line.p[0] == '+')) {
		printf("%c %s\n  on %s\n", line.p[0], condition, json);
		++*failed;
	}
	compiled_release(&c);
	free(condition);
}

START_TEST(golden)
{
	struct str rest = buf_view(&file), line;
	unsigned int failed = 0, cases = 0;
	char *json = NULL;

	while (next_line(&rest, &line)) {
		if (line.n < 2 || line.p[0] == '#')
			continue;
		if (line.p[0] == 'J') {
			free(json);
			json = strndup(line.p + 2, line.n - 2);
			continue;
		}
		one_case(json, line, &failed);
		cases++;
	}
	free(json);
	ck_assert_uint_eq(failed, 0);
	ck_assert_uint_gt(cases, 150);
}
END_TEST

/* ---- many at once ---- */

struct many {
	struct arena *arena;
	const struct ast **v;
	uint32_t n;
	struct matcher *m;
};

static void many_add(struct many *x, const char *condition)
{
	struct compiled c = {.arena = x->arena};
	struct ast *n;
	struct ast_error e;

	ck_assert_msg(!ast_parse(&n, x->arena, arena_str(x->arena, str(condition)), 1000, &e), "%s: %s", condition,
		      e.message);
	ck_assert_msg(!ast_check(n, x->arena, 0, compiled_report, &c), "%s: %s", condition, c.said.p);
	buf_free(&c.said);
	x->v = realloc(x->v, (x->n + 1) * sizeof(*x->v));
	x->v[x->n++] = n;
}

static void many_begin(struct many *x)
{
	memset(x, 0, sizeof(*x));
	x->arena = arena_new(0);
}

static void many_compile(struct many *x)
{
	ck_assert_int_eq(matcher_new(&x->m, x->v, x->n, 0), 0);
}

static void many_release(struct many *x)
{
	matcher_free(x->m);
	arena_free(x->arena);
	free(x->v);
}

/* All conditions of the file as one rule set: each event's matches are those of the conditions one by one. */
START_TEST(all_at_once)
{
	struct str rest = buf_view(&file), line;
	struct many x;
	struct json_event e;
	uint32_t *ids, n, i, at, events = 0;
	char *text;

	many_begin(&x);
	while (next_line(&rest, &line)) {
		if (line.n < 2 || (line.p[0] != '+' && line.p[0] != '-'))
			continue;
		text = strndup(line.p + 2, line.n - 2);
		unescape_case(text);
		many_add(&x, text);
		free(text);
	}
	many_compile(&x);
	ids = calloc(x.n, sizeof(*ids));
	rest = buf_view(&file);
	while (next_line(&rest, &line)) {
		struct buf out = {};

		if (line.n < 2 || line.p[0] != 'J')
			continue;
		text = strndup(line.p + 2, line.n - 2);
		json_event(&e, text);
		n = matcher_match(x.m, &e.event, ids);
		for (i = 0, at = 0; i < x.n; i++) {
			bool hit = at < n && ids[at] == i;

			at += hit;
			buf_reset(&out);
			ck_assert_msg(matcher_explain(x.m, i, &e.event, &out) == hit, "rule %u on %s:\n%s", i, text,
				      out.p);
		}
		ck_assert_uint_eq(at, n);
		buf_free(&out);
		json_event_release(&e);
		free(text);
		events++;
	}
	ck_assert_uint_gt(events, 5);
	free(ids);
	many_release(&x);
}
END_TEST

static const char *const atoms[] = {
	"evt.type = open",
	"evt.type in (open, openat, execve)",
	"evt.type != close",
	"proc.name = a",
	"proc.name in (a, b, c)",
	"proc.name != b",
	"fd.name startswith /etc",
	"fd.name startswith /etc/p",
	"fd.name contains ss",
	"fd.name endswith d",
	"fd.name glob /*w?",
	"proc.pid > 5",
	"proc.pid = 3",
	"proc.aname = x",
	"proc.aname != x",
	"proc.aname in (x, y)",
	"fd.name exists",
	"evt.is_open_write = true",
	"proc.name = oneof (a, b)",
	"fd.name pmatch (/etc, /usr/*)",
	"proc.name startswith anyof (a, bb)",
	"evt.num = 0",
	"evt.num >= 0",
	"fd.ip = 1.2.3.4",
	"fd.ip != 1.2.3.4",
	"fd.port in (1, 2)",
	"fd.snet in (1.2.0.0/16)",
	"proc.name != allof (a, c)",
	"evt.type exists",
};

static const char *const events[] = {
	"{\"evt.type\":\"open\",\"proc.name\":\"a\",\"fd.name\":\"/etc/passwd\",\"proc.pid\":3,\"evt.is_open_write\":true}",
	"{\"evt.type\":\"openat\",\"proc.name\":\"b\",\"fd.name\":\"/usr/ss\",\"proc.pid\":9,\"proc.aname\":[\"x\",\"y\"]}",
	"{\"evt.type\":\"execve\",\"proc.name\":\"c\",\"proc.aname\":[\"x\"]}",
	("{\"evt.type\":\"close\",\"proc.aname\":[\"z\",\"q\"],\"fd.cip\":\"1.2.3.4\",\"fd.sip\":\"1.2.9.9\",\"fd.cport\":2,"
	 "\"fd.sport\":9}"),
	"{\"evt.type\":\"connect\",\"fd.sip\":\"1.2.3.4\",\"fd.sport\":1,\"proc.name\":\"bb\"}",
	"{\"evt.type\":\"dns\"}",
};

static void random_condition(struct buf *b, unsigned int depth, unsigned int *seed)
{
	unsigned int i, n = 1 + (unsigned int)rand_r(seed) % 4, kind = (unsigned int)rand_r(seed) % 4;

	if (rand_r(seed) % 3 == 0)
		buf_puts(b, "not ");
	if (!depth || kind == 3) {
		buf_puts(b, atoms[(unsigned int)rand_r(seed) % ARRAY_SIZE(atoms)]);
		return;
	}
	buf_char(b, '(');
	for (i = 0; i < n; i++) {
		buf_puts(b, !i ? "" : kind ? " and " : " or ");
		random_condition(b, depth - 1, seed);
	}
	buf_char(b, ')');
}

/* Simplified, merged, reordered and shared: the outcome is that of the tree as it was written. */
START_TEST(random_sets)
{
	unsigned int round, i, j, seed = 20261122, hits = 0;
	struct buf b = {}, out = {};
	uint32_t ids[64], n, at;

	for (round = 0; round < 60; round++) {
		struct many x;

		many_begin(&x);
		for (i = 0; i < 64; i++) {
			buf_reset(&b);
			random_condition(&b, 4, &seed);
			many_add(&x, b.p);
		}
		many_compile(&x);
		for (j = 0; j < ARRAY_SIZE(events); j++) {
			struct json_event e;

			json_event(&e, events[j]);
			n = matcher_match(x.m, &e.event, ids);
			hits += n;
			for (i = 0, at = 0; i < x.n; i++) {
				bool hit = at < n && ids[at] == i;

				at += hit;
				buf_reset(&out);
				ck_assert_msg(matcher_explain(x.m, i, &e.event, &out) == hit,
					      "round %u rule %u on %s: match says %d\n%s", round, i, events[j], hit,
					      out.p);
			}
			json_event_release(&e);
		}
		many_release(&x);
	}
	ck_assert_uint_gt(hits, 1000);
	buf_free(&b);
	buf_free(&out);
}
END_TEST

START_TEST(hundreds_of_hits)
{
	struct many x;
	struct json_event e;
	uint32_t ids[300], i;
	char text[64];

	many_begin(&x);
	for (i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), i % 3 ? "proc.pid < %u" : "proc.name = a and proc.pid < %u", 1000 + i);
		many_add(&x, text);
	}
	many_compile(&x);
	json_event(&e, events[0]);
	for (i = 0; i < 2; i++) {
		uint32_t j;

		ck_assert_uint_eq(matcher_match(x.m, &e.event, ids), 300);
		for (j = 0; j < 300; j++)
			ck_assert_uint_eq(ids[j], j);
	}
	json_event_release(&e);
	many_release(&x);
}
END_TEST

/* ---- records ---- */

struct record {
	union {
		union event_record rec;
		char bytes[1024];
	};
	struct event event;
};

static void open_record(struct record *r, const char *name, uint32_t flags, int64_t res)
{
	memset(r, 0, sizeof(*r));
	r->rec.hdr = (struct wire_hdr){.type = EVENT_OPEN, .call = CALL_OPENAT, .size = sizeof(r->bytes), .res = res};
	r->rec.open.flags = flags;
	r->rec.open.file_mode = 0100644;
	r->rec.open.name = (struct wire_blob){sizeof(r->rec.open), (uint16_t)strlen(name)};
	memcpy(r->bytes + sizeof(r->rec.open), name, strlen(name));
	r->event = (struct event){.num = 1, .call = CALL_OPENAT, .rec = &r->rec};
}

START_TEST(records)
{
	struct many x;
	struct record r;
	uint32_t ids[8];

	many_begin(&x);
	many_add(&x, "evt.type = openat and evt.is_open_write = true and fd.name startswith /etc");
	many_add(&x, "evt.type in (open, openat) and fd.name contains shadow");
	many_add(&x, "evt.type = execve");
	many_add(&x, "not evt.type = execve and fd.num = 5");
	many_compile(&x);
	open_record(&r, "/etc/shadow", 1, 5);
	ck_assert_uint_eq(matcher_match(x.m, &r.event, ids), 3);
	ck_assert_uint_eq(ids[0] * 100 + ids[1] * 10 + ids[2], 13);
	open_record(&r, "/etc/shadow", 0, 6);
	ck_assert_uint_eq(matcher_match(x.m, &r.event, ids), 1);
	ck_assert_uint_eq(ids[0], 1);
	r.event.call = CALL_NONE;	/* a state record: no rule sees it */
	ck_assert_uint_eq(matcher_match(x.m, &r.event, ids), 0);
	many_release(&x);
}
END_TEST

/* Under a sanitizer the figures are those of nothing; the Release build of this test is the one that says it. */
START_TEST(no_allocation)
{
	struct many x;
	struct record r;
	struct mallinfo2 before, after;
	uint32_t ids[8], i;

	many_begin(&x);
	many_add(&x, "evt.type = openat and fd.name regex \"/etc/(a|b|.)*w\" and toupper(fd.name) contains SHADOW and "
		     "fd.name glob *sh*");
	many_add(&x, "join(\"-\", (fd.name, evt.type)) startswith /etc and fd.name pmatch (/etc, /usr/*) and fd.name "
		     "in (/etc/shadow, /x)");
	many_compile(&x);
	open_record(&r, "/etc/shadow", 1, 5);
	ck_assert_uint_eq(matcher_match(x.m, &r.event, ids), 2);
	before = mallinfo2();
	for (i = 0; i < 1000; i++)
		ck_assert_uint_eq(matcher_match(x.m, &r.event, ids), 2);
	after = mallinfo2();
	ck_assert_uint_eq(before.uordblks, after.uordblks);
	many_release(&x);
}
END_TEST

/* ---- needs ---- */

static struct needs needs_of(const char *a, const char *b)
{
	struct needs n = {};
	struct many x;

	many_begin(&x);
	many_add(&x, a);
	if (b)
		many_add(&x, b);
	many_compile(&x);
	matcher_needs(x.m, &n);
	many_release(&x);
	return n;
}

static unsigned int calls_of(const struct needs *n)
{
	unsigned int i, count = 0;

	for (i = 0; i < CALL_MAX; i++)
		count += n->call[i];
	return count;
}

#define SUCCESS_ONLY " and evt.res = SUCCESS"

START_TEST(needs)
{
	struct needs n = needs_of("evt.type = openat and evt.is_open_write = true", NULL);

	ck_assert(n.call[CALL_OPENAT]);
	ck_assert_uint_eq(calls_of(&n), 1);
	ck_assert_uint_eq(n.want, WANT_OPEN_FAILED);
	n = needs_of("evt.type = openat and evt.is_open_write = true and fd.num >= 0", NULL);
	ck_assert_uint_eq(n.want, 0);
	n = needs_of("evt.type = openat and (evt.is_open_write = true or evt.is_open_create = true)" SUCCESS_ONLY,
		     NULL);
	ck_assert_uint_eq(n.want, 0);
	n = needs_of("evt.type = openat and not evt.is_open_write = true" SUCCESS_ONLY, NULL);
	ck_assert_uint_eq(n.want, WANT_OPEN_READ);
	n = needs_of("evt.type = openat and (evt.is_open_write = true or fd.name = x)" SUCCESS_ONLY, NULL);
	ck_assert_uint_eq(n.want, WANT_OPEN_READ);
	n = needs_of("evt.type = openat and evt.arg.flags contains O_CREAT" SUCCESS_ONLY, NULL);
	ck_assert_uint_eq(n.want, 0);
	n = needs_of("evt.type = openat and evt.arg.flags contains O_TRUNC" SUCCESS_ONLY, NULL);
	ck_assert_uint_eq(n.want, 0);	/* O_RDONLY|O_TRUNC is possible: the probes count it among those that write */
	n = needs_of("evt.type = openat and evt.is_open_write = true and fd.nameraw contains ../" SUCCESS_ONLY, NULL);
	ck_assert_uint_eq(n.want, WANT_OPEN_RAW);
	n = needs_of("evt.type = execve and evt.rawres >= 0 and proc.env contains LD_PRELOAD", NULL);
	ck_assert_uint_eq(n.want, WANT_ENV);
	ck_assert_uint_eq(calls_of(&n), 1);
	n = needs_of("evt.type = execve and evt.rawres >= 0 and proc.ld_preload startswith /tmp/", NULL);
	ck_assert_uint_eq(n.want, WANT_ENV);
	n = needs_of("evt.type = execve and evt.rawres >= 0 and proc.ld_library_path exists", NULL);
	ck_assert_uint_eq(n.want, WANT_ENV);
	n = needs_of("evt.type = connect and evt.rawres >= 0 and proc.exe_writer.name = curl", NULL);
	ck_assert_uint_eq(n.want, WANT_WRITER);
	n = needs_of("evt.type = execve and evt.rawres >= 0 and proc.exe_written = true", NULL);
	ck_assert_uint_eq(n.want, WANT_WRITER);
	n = needs_of("evt.type = execve and evt.failed = false",
		     "evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)");
	ck_assert_uint_eq(n.want, WANT_FAILED);
	ck_assert_uint_eq(calls_of(&n), 2);
	/* what everybody does all the time has to be asked for by name */
	n = needs_of("fd.name = /etc/passwd", "evt.type != open and proc.name = x");
	ck_assert(n.call[CALL_OPENAT] && n.call[CALL_CHMOD] && n.call[CALL_TRUNCATE]);
	ck_assert(!n.call[CALL_WRITE] && !n.call[CALL_UTIMENSAT] && !n.call[CALL_SENDFILE] &&
		  !n.call[CALL_FCNTL]);
	n = needs_of("evt.type in (openat, pwrite) and fd.name = x", "not evt.type != fcntl");
	ck_assert(n.call[CALL_PWRITE64] && n.call[CALL_FCNTL] && !n.call[CALL_WRITE]);
	n = needs_of("evt.type = procexit", "evt.type = dns and dns.qname endswith .org");
	ck_assert_uint_eq(n.want, 0);
	n = needs_of("evt.type = open and evt.num = 0", NULL);
	ck_assert_uint_eq(calls_of(&n), 0);
	n = needs_of("proc.name = x", NULL);
	ck_assert_uint_eq(calls_of(&n), CALL_MAX - 1 - 8 - 13);	/* what is sent and received, and what is common, has to be asked for */
	ck_assert(!n.call[CALL_SENDTO] && !n.call[CALL_SENDMSG] && !n.call[CALL_SENDMMSG] && !n.call[CALL_RECVFROM] &&
		  !n.call[CALL_RECVMSG] && !n.call[CALL_RECVMMSG] && !n.call[CALL_TLS] && !n.call[CALL_HTTP]);
	ck_assert_uint_eq(n.want, WANT_FAILED | WANT_OPEN_FAILED | WANT_OPEN_READ | WANT_CREDS);
	n = needs_of("evt.is_io_write = true and fd.name = /etc/shadow", NULL);
	ck_assert(n.call[CALL_WRITE] && n.call[CALL_SENDFILE] && n.call[CALL_SENDTO] && !n.call[CALL_UTIMENSAT]);
	n = needs_of("evt.type != sendto and proc.name = x", NULL);
	ck_assert(!n.call[CALL_SENDTO] && !n.call[CALL_SENDMSG]);
	n = needs_of("evt.type in (sendto, recvmsg) and evt.rawres > 0", NULL);
	ck_assert(n.call[CALL_SENDTO] && n.call[CALL_RECVMSG]);
	ck_assert_uint_eq(calls_of(&n), 2);
	n = needs_of("evt.type != execve and evt.buffer contains x", NULL);
	ck_assert_uint_eq(calls_of(&n), CALL_MAX - 2 - 2 - 13);
	n = needs_of("evt.type != execve and tls.sni = x", NULL);
	ck_assert_uint_eq(calls_of(&n), CALL_MAX - 2 - 6 - 13);
	n = needs_of("evt.type = tls and tls.sni = x", NULL);
	ck_assert(n.call[CALL_TLS]);
	ck_assert_uint_eq(calls_of(&n), 1);
	ck_assert_uint_eq(n.want, 0);	/* it cannot fail */
	n = needs_of("evt.type = execve and evt.failed = false and proc.stdout.peer.rip exists", NULL);
	ck_assert(n.call[CALL_CONNECT] && n.call[CALL_ACCEPT] && n.call[CALL_ACCEPT4]);	/* they are known from there */
	ck_assert_uint_eq(calls_of(&n), 4);
	n = needs_of("evt.type = connect and evt.failed = false and fd.rip.name = a", NULL);
	ck_assert(n.call[CALL_DNS]);
	ck_assert_uint_eq(calls_of(&n), 2);
	n = needs_of("evt.type = cred_change", NULL);
	ck_assert_uint_eq(n.want, WANT_CREDS);	/* it cannot fail */
	n = needs_of("evt.type = setuid and evt.res = SUCCESS", NULL);
	ck_assert_uint_eq(n.want, WANT_CREDS);
	n = needs_of("evt.type = semop", NULL);	/* no call of ours */
	ck_assert_uint_eq(calls_of(&n), 0);
}
END_TEST

START_TEST(explained)
{
	struct compiled c;
	struct json_event e;
	struct buf out = {};

	ck_assert_int_eq(
	    compile(&c, STR("evt.type = open and not (proc.name = a or fd.name = val(proc.exe)) and proc.aname = x"), 0,
		    100),
	    0);
	json_event(
	    &e,
	    "{\"evt.type\":\"open\",\"proc.name\":\"a\\u001b[1m\",\"fd.name\":\"/x\",\"proc.aname\":[\"p\",\"q\"]}");
	ck_assert(!matcher_explain(c.matcher, 0, &e.event, &out));
	ck_assert_str_eq(out.p, "- all of\n"
				"+   evt.type = open    [\"open\"]\n"
				"+   not\n"
				"-     any of\n"
				"-       proc.name = a    [\"a\\x1b[1m\"]\n"
				"-       fd.name = val(proc.exe)    [\"/x\" against missing]\n"
				"-   proc.aname = x    [(\"p\", \"q\")]\n");
	buf_free(&out);
	json_event_release(&e);
	compiled_release(&c);
}
END_TEST

/* A condition that is NULL never matches; regexes that go on for ever are given up and counted. */
START_TEST(edges)
{
	const struct ast *none[2] = {};
	struct matcher *m;
	struct json_event e;
	struct compiled c;
	uint32_t ids[2];
	struct buf b = {};

	json_event(&e, events[0]);
	ck_assert_int_eq(matcher_new(&m, none, 2, 0), 0);
	ck_assert_uint_eq(matcher_match(m, &e.event, ids), 0);
	matcher_free(m);
	ck_assert_int_eq(matcher_new(&m, none, 0, 0), 0);
	ck_assert_uint_eq(matcher_match(m, &e.event, ids), 0);
	matcher_free(m);
	json_event_release(&e);

	buf_puts(&b, "{\"evt.type\":\"execve\",\"proc.cmdline\":\"");
	while (b.n < 4000)
		buf_char(&b, 'a');
	buf_puts(&b, "b!\"}");
	ck_assert_int_eq(compile(&c, STR("proc.cmdline regex \"(a|aa|a[a]*)*b\""), 0, 100), 0);
	ck_assert(!holds(&c, b.p));
	ck_assert_uint_gt(matcher_regex_limit(c.matcher), 0);
	ck_assert_uint_gt(matcher_bytes(c.matcher), 1000);
	compiled_release(&c);
	buf_free(&b);
}
END_TEST

/* In strict mode the traps are the original's. */
START_TEST(strict)
{
	static const char json[] = "{\"evt.type\":\"connect\",\"fd.cip\":\"1.1.1.1\",\"fd.sip\":\"2.2.2.2\",\"fd."
				   "cport\":1,\"fd.sport\":2,\"proc.apid\":[5]}";
	static const struct {
		const char *condition;
		bool plain, strict;
	} cases[] = {
		{"fd.ip in (1.1.1.1)", true, false},
		{"fd.net in (9.0.0.0/8, 1.0.0.0/8)", true, false},
		{"fd.net in (1.0.0.0/8, 9.0.0.0/8)", true, true},
		{"proc.apid in (5)", true, false},
		{"fd.ip = anyof (9.9.9.9, 1.1.1.1)", true, false},
		{"fd.snet = anyof (2.0.0.0/8)", true, false},
		{"fd.snet != allof (2.0.0.0/8)", false, true},
		{"fd.sport = 65538", false, true},
	};
	struct compiled c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_int_eq(compile(&c, str(cases[i].condition), 0, 100), 0);
		ck_assert_msg(holds(&c, json) == cases[i].plain, "%s", cases[i].condition);
		compiled_release(&c);
		ck_assert_int_eq(compile(&c, str(cases[i].condition), AST_STRICT_COMPAT, 100), 0);
		ck_assert_msg(holds(&c, json) == cases[i].strict, "strict: %s", cases[i].condition);
		compiled_release(&c);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("matcher");
	TCase *t = tcase_create("matcher");
	SRunner *sr;
	int failed;

	if (fs_read(&file, TEST_DIR "/rules/match.txt", 1u << 20) < 0)
		return 1;
	tcase_set_timeout(t, 120);
	tcase_add_test(t, golden);
	tcase_add_test(t, all_at_once);
	tcase_add_test(t, random_sets);
	tcase_add_test(t, hundreds_of_hits);
	tcase_add_test(t, records);
	tcase_add_test(t, no_allocation);
	tcase_add_test(t, needs);
	tcase_add_test(t, explained);
	tcase_add_test(t, edges);
	tcase_add_test(t, strict);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	buf_free(&file);
	return failed != 0;
}
