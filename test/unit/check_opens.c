/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which opens a condition promises to be after: operator by operator; and that
 * the promise never leaves one out, tried with random conditions and paths
 * against what the matcher says and a model of the kernel side's test.
 */
#include "event/attr.h"
#include "event/needs.h"
#include "opens.h"
#include "rule_helper.h"
#include <fcntl.h>

static const char *const kinds[] = {"name", "suffix", "top", "pair", "part"};

/* "name:shadow pair:var/log", "all", or "" for none. */
static const char *promise(const char *condition, enum opens_way way)
{
	static char text[512];
	struct compiled c;
	struct opens o;
	size_t n = 0;

	ck_assert_msg(!compile(&c, str(condition), 0, 100), "%s: %s", condition, c.said.p ? c.said.p : "");
	matcher_opens(c.matcher, 0, way, &o);
	text[0] = '\0';
	if (o.all)
		snprintf(text, sizeof(text), "all");
	for (uint32_t i = 0; i < o.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s:" STR_FMT "%s" STR_FMT, i ? " " : "", kinds[o.v[i].kind],
				      STR_ARG(o.v[i].a), o.v[i].b.n ? "/" : "", STR_ARG(o.v[i].b));
	opens_free(&o);
	compiled_release(&c);
	return text;
}

static const struct {
	const char *condition, *promise;
} cases[] = {
	{"fd.name = /etc/shadow", "name:shadow"},
	{"fd.name == /etc/shadow", "name:shadow"},
	{"fd.name in (/a/b, /a/c)", "name:b name:c"},
	{"fd.name in (/a/b, /z/b)", "name:b"},
	{"fd.name in ()", ""},
	{"fd.name = shadow", "all"},
	{"fd.name = /etc/", "all"},
	{"fd.name = /", "all"},
	{"fd.name != /etc/shadow", "all"},
	{"not fd.name = /etc/shadow", "all"},
	{"fd.name startswith /etc/", "top:etc"},
	{"fd.name startswith /etc", "all"},
	{"fd.name startswith /etc/cron", "top:etc"},
	{"fd.name startswith /var/log/", "pair:var/log"},
	{"fd.name startswith /var/log/apt/x", "pair:var/log"},
	{"fd.name startswith //etc/", "all"},
	{"fd.name startswith anyof (/a/, /b/)", "top:a top:b"},
	{"fd.name startswith allof (/a/, /a/b/)", "top:a"},
	{"fd.name endswith /mem", "name:mem"},
	{"fd.name endswith .so", "suffix:.so"},
	{"fd.name endswith x/", "all"},
	{"fd.name contains /.ssh/", "part:.ssh"},
	{"fd.name contains a/.ssh/authorized_keys", "part:.ssh"},
	{"fd.name contains /id_rsa", "all"},
	{"fd.name contains ssh", "all"},
	{"fd.name icontains /.ssh/", "all"},
	{"fd.name glob /etc/shadow", "name:shadow"},
	{"fd.name glob /etc/*", "top:etc"},
	{"fd.name glob /etc/*/x.conf", "name:x.conf"},
	{"fd.name glob *.py", "suffix:.py"},
	{"fd.name glob /h?me/*", "all"},
	{"fd.name glob /home/[ab]c", "top:home"},
	{"fd.name iglob /etc/*", "all"},
	{"fd.name regex /etc/.*", "all"},
	{"fd.name pmatch (/etc)", "top:etc"},
	{"fd.name pmatch (/etc/, /var/log/apt)", "top:etc pair:var/log"},
	{"fd.name pmatch (/usr/*/bin)", "top:usr"},
	{"fd.name pmatch (/)", "all"},
	{"fd.name pmatch (etc)", "all"},
	{"fd.name exists", "all"},
	{"fd.filename = passwd", "name:passwd"},
	{"fd.filename endswith .key", "suffix:.key"},
	{"fd.filename startswith .", "all"},
	{"fd.directory = /etc", "top:etc"},
	{"fd.directory in (/usr/bin, /bin)", "top:bin pair:usr/bin"},
	{"fd.directory startswith /usr/lib/", "pair:usr/lib"},
	{"fd.directory endswith /bin", "all"},
	{"fd.directory contains /.git/", "part:.git"},
	{"basename(fd.name) = passwd", "name:passwd"},
	{"toupper(fd.name) = /X", "all"},
	{"fs.path.name = /a/b", "name:b"},
	{"evt.abspath endswith /b", "name:b"},
	{"evt.path = /a/b", "name:b"},
	{"fd.nameraw = /a/b", "all"},
	{"evt.arg.name = /a/b", "all"},
	{"fd.name = proc.name", "all"},
	{"proc.name = x", "all"},
	{"proc.name = x and fd.name = /a/b", "name:b"},
	{"fd.name startswith /proc/ and fd.name endswith /mem", "name:mem"},
	{"fd.name startswith /proc/ and fd.name endswith .so", "suffix:.so"},
	{"fd.name = /a/b or fd.name startswith /c/", "name:b top:c"},
	{"fd.name = /a/b or proc.name = x", "all"},
	{"(fd.name = /a/b or fd.name = /a/c) and not fd.name = /a/b", "name:b name:c"},
	{"fd.name = oneof (/a/b, /a/c)", "name:b name:c"},
	{"evt.type = execve and fd.name = /a/b", ""},
	{"evt.type = execve or fd.name = /a/b", "name:b"},
	{"evt.type = open and fd.num < 0", ""},
	{"evt.failed = true or fd.name = /a/b", "name:b"},
	{"evt.failed = false and fd.name = /a/b", "name:b"},
	{"evt.res = EACCES", ""},
	{"evt.res != SUCCESS", ""},
	{"evt.res in (SUCCESS, ENOENT)", "all"},
	{"evt.rawres < 0", ""},
	{"evt.rawres >= 0 and fd.name = /a/b", "name:b"},
};

START_TEST(told)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char condition[256];
		const char *said;

		snprintf(condition, sizeof(condition), "%s", cases[i].condition);
		said = promise(condition, OPENS_WRITTEN);
		ck_assert_msg(!strcmp(said, cases[i].promise), "%s: %s, not %s", condition, said, cases[i].promise);
	}
	ck_assert_str_eq(promise("evt.is_open_write = true or fd.name = /a/b", OPENS_READ), "name:b");
	ck_assert_str_eq(promise("evt.is_open_write = true or fd.name = /a/b", OPENS_WRITTEN), "all");
	ck_assert_str_eq(promise("evt.arg.flags contains O_TRUNC and fd.name = /a/b", OPENS_READ), "");
	ck_assert_str_eq(promise("evt.type = creat", OPENS_READ), "");
}
END_TEST

/* More than the kernel side has room for: nothing is said rather than too little. */
START_TEST(too_many)
{
	struct buf b = {};

	for (uint32_t n = OPEN_FACTS_MAX; n <= OPEN_FACTS_MAX + 1; n++) {
		struct compiled c;
		struct opens o;

		buf_reset(&b);
		buf_puts(&b, "fd.name in (");
		for (uint32_t i = 0; i < n; i++)
			buf_printf(&b, "%s/x/%u", i ? "," : "", i);
		buf_char(&b, ')');
		ck_assert_int_eq(compile(&c, buf_view(&b), 0, 100), 0);
		matcher_opens(c.matcher, 0, OPENS_READ, &o);
		ck_assert(o.all == (n > OPEN_FACTS_MAX));
		ck_assert_uint_eq(o.n, o.all ? 0 : n);
		opens_free(&o);
		compiled_release(&c);
	}
	buf_free(&b);
}
END_TEST

/* ---- never too little ---- */

/* What probes/opens_filter.h does, on a path's text. */
static uint64_t hash_of(struct str name, uint64_t seed)
{
	__u64 head[OPENS_HEAD] = {};

	memcpy(head, name.p, name.n < sizeof(head) ? name.n : sizeof(head));
	return opens__hash(head, (uint32_t)name.n, seed);
}

static bool ending_passes(const struct wire_opens *o, struct str last)
{
	__u64 tail = 0;

	for (uint32_t n = 1; n <= OPENS_SUFFIX && n <= last.n; n++) {
		memcpy((char *)&tail + OPENS_SUFFIX - n, last.p + last.n - n, n);
		if (o->suffixes >> n & 1 && opens__has(o, opens__suffix(tail, n)))
			return true;
	}
	return false;
}

static bool passes(const struct wire_opens *o, struct str path)
{
	struct str part[32], rest = path;
	uint32_t n = 0;

	if (!(o->tests & OPENS_NARROW))
		return true;
	while (rest.n > 1) {
		const char *end = memchr(rest.p + 1, '/', rest.n - 1);

		part[n] = str_n(rest.p + 1, end ? (size_t)(end - rest.p) - 1 : rest.n - 1);
		rest = str_skip(rest, part[n++].n + 1);
	}
	if (!n || opens__has(o, hash_of(part[n - 1], OPENS_SEED_NAME)) || ending_passes(o, part[n - 1]))
		return true;
	for (uint32_t i = 0; i < n && o->tests & OPENS_PART; i++) {
		if (o->part_lens >> (part[i].n < 63 ? part[i].n : 63) & 1 &&
		    opens__has(o, hash_of(part[i], OPENS_SEED_PART)))
			return true;
	}
	if (o->tests & OPENS_TOP && opens__has(o, hash_of(part[0], OPENS_SEED_TOP)))
		return true;
	return o->tests & OPENS_PAIR && n > 1 &&
	       opens__has(o, hash_of(part[1], OPENS_SEED_PAIR + hash_of(part[0], OPENS_SEED_TOP)));
}

static const char *const words[] = {"a", "b", "etc", ".ssh", "x.so", "y.conf", "longer-than-the-thirty-two-bytes-of-a-head",
				    "longer-than-the-thirty-two-bytes-of-a-tail", "9"};
static const char *const fields[] = {"fd.name", "fd.name", "fd.name", "fd.directory", "fd.filename", "fs.path.name", "evt.path",
				     "basename(fd.name)"};
static const char *const operators[] = {"=", "!=", "startswith", "endswith", "contains", "glob", "pmatch", "in", "icontains"};
static const char *const others[] = {"proc.name = x", "evt.type in (open, openat)", "evt.is_open_write = true", "fd.num >= 0",
				     "evt.failed = true", "evt.res = SUCCESS", "evt.arg.flags contains O_TRUNC", "fd.type = file"};

static unsigned int one_in(unsigned int n, unsigned int *seed)
{
	return (unsigned int)rand_r(seed) / 7 % n;
}

static void random_path(struct buf *b, unsigned int *seed)
{
	unsigned int n = 1 + one_in(4, seed);

	for (unsigned int i = 0; i < n; i++)
		buf_printf(b, "/%s", words[one_in(ARRAY_SIZE(words), seed)]);
}

/* A piece of a path, as constants are, now and then with something special in it. */
static void random_text(struct buf *b, bool pattern, unsigned int *seed)
{
	struct buf path = {};
	size_t from, to;

	random_path(&path, seed);
	from = one_in(2, seed) ? 0 : one_in((unsigned int)path.n, seed);
	to = one_in(2, seed) ? path.n : from + 1 + one_in((unsigned int)(path.n - from), seed);
	for (; from < to; from++) {
		if (pattern && !one_in(6, seed))
			buf_puts(b, one_in(3, seed) ? "*" : "?");
		else
			buf_char(b, path.p[from]);
	}
	buf_free(&path);
}

static void random_atom(struct buf *b, unsigned int *seed)
{
	const char *op = operators[one_in(ARRAY_SIZE(operators), seed)];
	bool list = !strcmp(op, "in") || !strcmp(op, "pmatch");

	if (!one_in(3, seed)) {
		buf_puts(b, others[one_in(ARRAY_SIZE(others), seed)]);
		return;
	}
	buf_printf(b, "%s %s %s\"", fields[one_in(ARRAY_SIZE(fields), seed)], op, list ? "(" : "");
	random_text(b, !strcmp(op, "glob") || !strcmp(op, "pmatch"), seed);
	buf_puts(b, list ? "\", \"" : "\"");
	if (list) {
		random_text(b, false, seed);
		buf_puts(b, "\")");
	}
}

static void random_condition(struct buf *b, unsigned int depth, unsigned int *seed)
{
	unsigned int n = 1 + one_in(3, seed), kind = one_in(3, seed);

	if (!one_in(5, seed))
		buf_puts(b, "not ");
	if (!depth || !one_in(4, seed)) {
		random_atom(b, seed);
		return;
	}
	buf_char(b, '(');
	for (unsigned int i = 0; i < n; i++) {
		buf_puts(b, !i ? "" : kind ? " and " : " or ");
		random_condition(b, depth - 1, seed);
	}
	buf_char(b, ')');
}

struct record {
	union {
		union event_record rec;
		unsigned char bytes[1024];
	};
	struct event event;
};

static void open_record(struct record *r, struct str name, enum event_call call, uint32_t flags, bool folder)
{
	memset(r, 0, sizeof(*r));
	r->rec.hdr = (struct wire_hdr){.type = EVENT_OPEN, .call = (uint16_t)call, .size = sizeof(r->bytes), .res = 3};
	r->rec.open.flags = flags;
	r->rec.open.file_mode = folder ? 0040755 : 0100644;
	r->rec.open.name = (struct wire_blob){sizeof(r->rec.open), (uint16_t)name.n};
	memcpy(r->bytes + sizeof(r->rec.open), name.p, name.n);
	r->event = (struct event){.num = 1, .call = call, .rec = &r->rec};
}

struct tally {
	unsigned int held, refused;
};

static void try_paths(const char *condition, struct compiled *c, struct tally *t, unsigned int *seed)
{
	static const uint32_t flags[] = {O_RDONLY, O_WRONLY, O_RDWR | O_CREAT, O_RDONLY | O_TRUNC};
	static const enum event_call calls[] = {CALL_OPEN, CALL_OPENAT, CALL_OPENAT2};
	struct needs needs = {};

	matcher_needs(c->matcher, &needs);
	for (unsigned int i = 0; i < 60; i++) {
		enum event_call call = calls[one_in(ARRAY_SIZE(calls), seed)];
		uint32_t f = flags[one_in(ARRAY_SIZE(flags), seed)], id;
		bool reads = f == O_RDONLY, sent;
		struct buf path = {};
		struct record r;

		random_path(&path, seed);
		open_record(&r, buf_view(&path), call, f, !one_in(4, seed));
		sent = needs.call[call] && (!reads || needs.want & WANT_OPEN_READ) &&
		       passes(&needs.opens[reads ? OPENS_READ : OPENS_WRITTEN], buf_view(&path));
		if (matcher_match(c->matcher, &r.event, &id)) {
			ck_assert_msg(sent, "%s: " STR_FMT ", flags %x, is refused", condition, STR_ARG(buf_view(&path)), f);
			t->held++;
		}
		t->refused += !sent;
		buf_free(&path);
	}
}

/* ---- names ---- */

struct named {
	union {
		union event_record rec;
		unsigned char bytes[1024];
	};
	struct event event;
};

static void blob(struct named *r, struct wire_blob *b, struct str text)
{
	*b = (struct wire_blob){(uint16_t)r->rec.hdr.size, (uint16_t)text.n};
	memcpy(r->bytes + r->rec.hdr.size, text.p, text.n);
	r->rec.hdr.size += (uint32_t)text.n;
}

static void named_record(struct named *r, enum event_call call, struct str from, struct str to)
{
	memset(r, 0, sizeof(*r));
	r->rec.hdr = (struct wire_hdr){.type = (uint16_t)call_table[call].type, .call = (uint16_t)call,
				       .size = (uint32_t)event_table[call_table[call].type].size};
	if (r->rec.hdr.type == EVENT_UNLINK) {
		blob(r, &r->rec.unlink.name, from);
	} else if (r->rec.hdr.type == EVENT_RENAME) {
		blob(r, &r->rec.rename.oldname, from);
		blob(r, &r->rec.rename.newname, to);
	} else {
		blob(r, &r->rec.link.oldname, from);
		blob(r, &r->rec.link.newname, to);
	}
	r->event = (struct event){.num = 1, .call = call, .rec = &r->rec};
}

static const char *const name_fields[] = {"fs.path.name", "fs.path.source", "fs.path.target", "evt.path", "basename(fs.path.target)"};
static const char *const name_others[] = {"proc.name = x", "evt.type in (rename, unlinkat)", "evt.type = linkat", "evt.res = SUCCESS",
					  "evt.failed = true", "evt.abspath contains a"};

static void random_name_condition(struct buf *b, unsigned int depth, unsigned int *seed)
{
	const char *op = operators[one_in(ARRAY_SIZE(operators), seed)];
	bool list = !strcmp(op, "in") || !strcmp(op, "pmatch");
	unsigned int n = 1 + one_in(3, seed), kind = one_in(2, seed);

	if (depth && one_in(3, seed)) {
		buf_char(b, '(');
		for (unsigned int i = 0; i < n; i++) {
			buf_puts(b, !i ? "" : kind ? " and " : " or ");
			random_name_condition(b, depth - 1, seed);
		}
		buf_char(b, ')');
	} else if (!one_in(4, seed)) {
		buf_puts(b, name_others[one_in(ARRAY_SIZE(name_others), seed)]);
	} else {
		buf_printf(b, "%s%s %s %s\"", one_in(6, seed) ? "" : "not ", name_fields[one_in(ARRAY_SIZE(name_fields), seed)], op,
			   list ? "(" : "");
		random_text(b, !strcmp(op, "glob") || !strcmp(op, "pmatch"), seed);
		buf_puts(b, list ? "\")" : "\"");
	}
}

static void try_names(const char *condition, struct compiled *c, struct tally *t, unsigned int *seed)
{
	static const enum event_call calls[] = {CALL_RENAME, CALL_RENAMEAT2, CALL_UNLINK, CALL_UNLINKAT, CALL_LINK, CALL_LINKAT};
	struct needs needs = {};

	matcher_needs(c->matcher, &needs);
	for (unsigned int i = 0; i < 60; i++) {
		enum event_call call = calls[one_in(ARRAY_SIZE(calls), seed)];
		struct buf from = {}, to = {};
		struct named r;
		uint32_t id;
		bool sent;

		random_path(&from, seed);
		random_path(&to, seed);
		named_record(&r, call, buf_view(&from), buf_view(&to));
		sent = needs.call[call] && (passes(&needs.opens[OPENS_NAMED], buf_view(&from)) ||
					    (call_table[call].type != EVENT_UNLINK && passes(&needs.opens[OPENS_NAMED], buf_view(&to))));
		if (matcher_match(c->matcher, &r.event, &id)) {
			ck_assert_msg(sent, "%s: %s " STR_FMT " " STR_FMT " is refused", condition, call_table[call].name,
				      STR_ARG(buf_view(&from)), STR_ARG(buf_view(&to)));
			t->held++;
		}
		t->refused += !sent;
		buf_free(&from);
		buf_free(&to);
	}
}

START_TEST(names_never_too_little)
{
	unsigned int seed = 20261124;
	struct tally t = {};
	struct buf b = {};

	for (unsigned int round = 0; round < 4000; round++) {
		struct compiled c;

		buf_reset(&b);
		random_name_condition(&b, 3, &seed);
		ck_assert_msg(!compile(&c, buf_view(&b), 0, 100), STR_FMT ": %s", STR_ARG(buf_view(&b)), c.said.p ? c.said.p : "");
		buf_char(&b, '\0');
		try_names(b.p, &c, &t, &seed);
		compiled_release(&c);
	}
	buf_free(&b);
	printf("names: %u matched, %u refused\n", t.held, t.refused);
	ck_assert_uint_gt(t.held, 5000);
	ck_assert_uint_gt(t.refused, 20000);
}
END_TEST

START_TEST(never_too_little)
{
	unsigned int seed = 20261123;
	struct tally t = {};
	struct buf b = {};

	for (unsigned int round = 0; round < 4000; round++) {
		struct compiled c;

		buf_reset(&b);
		random_condition(&b, 3, &seed);
		ck_assert_msg(!compile(&c, buf_view(&b), 0, 100), STR_FMT ": %s", STR_ARG(buf_view(&b)),
			      c.said.p ? c.said.p : "");
		buf_char(&b, '\0');
		try_paths(b.p, &c, &t, &seed);
		compiled_release(&c);
	}
	buf_free(&b);
	ck_assert_uint_gt(t.held, 20000);
	ck_assert_uint_gt(t.refused, 20000);
	printf("%u matched, %u refused\n", t.held, t.refused);
}
END_TEST

/* Two sets become one that lets through what either does; "all" stays "all", and a way nobody wants has no say. */
START_TEST(joined)
{
	struct needs one = {.want = WANT_OPEN_READ}, two = one, none = {};
	const struct open_fact a = {OPEN_NAME, STR("a"), STR_NONE}, b = {OPEN_PAIR, STR("x"), STR("y")},
			       s = {OPEN_SUFFIX, STR(".so"), STR_NONE};

	one.call[CALL_OPENAT] = two.call[CALL_OPEN] = true;
	opens_narrow(&one.opens[OPENS_READ], &a, 1);
	opens_narrow(&two.opens[OPENS_READ], &b, 1);
	opens_narrow(&two.opens[OPENS_WRITTEN], &s, 1);
	needs_join(&one, &none);
	needs_join(&one, &two);
	ck_assert(passes(&one.opens[OPENS_READ], STR("/z/a")) && passes(&one.opens[OPENS_READ], STR("/x/y/b")));
	ck_assert(!passes(&one.opens[OPENS_READ], STR("/z/b")) && !passes(&one.opens[OPENS_READ], STR("/x/z/y")));
	ck_assert(passes(&one.opens[OPENS_WRITTEN], STR("/q")));	/* the first wanted all that write */
	needs_join(&none, &two);
	ck_assert(passes(&none.opens[OPENS_WRITTEN], STR("/q/x.so")) && !passes(&none.opens[OPENS_WRITTEN], STR("/q/x.a")));
	ck_assert(one.call[CALL_OPEN] && one.call[CALL_OPENAT] && none.want == WANT_OPEN_READ);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("opens");
	TCase *t = tcase_create("opens");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_test(t, told);
	tcase_add_test(t, too_many);
	tcase_add_test(t, never_too_little);
	tcase_add_test(t, names_never_too_little);
	tcase_add_test(t, joined);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
