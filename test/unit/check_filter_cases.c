/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public filter cases of the original's own tests, read in place, with the
 * traps copied (AST_STRICT_COMPAT). What cannot be run here is counted by its
 * reason; everything else must agree.
 */
#include "rule_helper.h"

static const struct {
	const char *note;	/* in the notes column */
	const char *json;	/* the event it describes */
} events[] = {
	{"c.true/c.false",
     "{\"evt.type\":\"getcwd\",\"evt.count\":1,\"evt.count.error\":0,\"proc.name\":\"hello 'quoted'\","
     "\"proc.cmdline\":\"hello \\\"quoted\\\"\"}"},
	{"execve exit event whose optional params are empty", "{\"evt.type\":\"execve\"}"},
	{"\"/myexe\",\"myexe\")",
     "{\"evt.type\":\"execve\",\"proc.name\":\"myexe\",\"proc.exe\":\"myexe\",\"proc.exepath\":\"/myexe\"}"},
	{"generate_getcwd_failed_entry_event()",
     "{\"evt.type\":\"getcwd\",\"syscall.type\":\"getcwd\",\"evt.source\":\"syscall\","
     "\"evt.arg.res\":\"0\",\"evt.arg.path\":\"/test/dir\",\"evt.arg[1]\":\"/test/dir\",\"evt.args\":\"res=0 "
     "path=/test/dir\"}"},
	{"file_to_run,",
     "{\"evt.type\":\"open\",\"fd.name\":\"/tmp/file_to_run\",\"fd.directory\":\"/tmp\",\"fd.types\":[\"file\"],"
     "\"fd.filename\":\"file_to_run\",\"evt.arg.name\":\"/tmp/file_to_run\",\"proc.pid\":1,\"proc.name\":\"init\"}"},
	{"\"/opt/dir/subdir/file.txt\"", "{\"evt.type\":\"open\",\"fd.name\":\"/opt/dir/subdir/file.txt\"}"},
	{"\"/opt/dir/SUBDIR/file.txt\"",
     "{\"evt.type\":\"open\",\"fd.name\":\"/opt/dir/SUBDIR/file.txt\",\"evt.arg.flags\":\"O_CREAT|O_RDWR\"}"},
	{"(int64_t)(- 1),\"/tmp/the_file\"", "{\"evt.type\":\"open\",\"fd.num\":-1,\"fd.name\":\"/tmp/the_file\"}"},
	{"PPME_SYSCALL_EPOLL_CREATE_X,2,(uint64_t)- 22",
     "{\"evt.type\":\"epoll_create\",\"evt.cpu\":1,\"evt.rawarg.res\":-22,\"evt.rawres\":-22}"},
	{"server_sockaddr", "{\"evt.type\":\"connect\",\"fd.cip\":\"172.40.111.222\",\"fd.sip\":\"142.251.111.147\",\"fd."
			"lip\":\"172.40.111.222\","
			"\"fd.rip\":\"142.251.111.147\",\"fd.cport\":54321,\"fd.sport\":443}"},
	{"server1_sockaddr", "{\"evt.type\":\"connect\",\"fd.cip\":\"::1\",\"fd.sip\":\"2001:4860:4860::8888\",\"fd.lip\":"
			 "\"2001:4860:4860::8888\","
			 "\"fd.rip\":\"::1\",\"fd.cport\":54321,\"fd.sport\":443}"},
	{"derived from path-set test; fd.name=", NULL}, /* the name is the rest of the note */
};

static const struct {
	const char *in;		/* "n": the notes, "f": the filter, and the text there */
	const char *why;
} skips[] = {
	{"nstage=warning", "warnings of the original's loader, not of its language"},
	{"fsample.", "fields of a test plugin"},
	{"fevt.pluginname", "plugins' field"},
	{"fevt.plugininfo", "plugins' field"},
	{"n\\u00ff", "a byte that is no UTF-8 cannot stand in JSON"},
	{"fb64(evt.num)=0", "analysed there without a look at its types"},
	{"nPPME_SYSCALL_READ_X", "the buffer's bytes are not in the notes"},
	{"nEVT_FILTER_rawarg_madness", "raw parameters of events nobody here sends"},
	{"nevt_abspath", "raw parameters of events nobody here sends"},
	{"nPROC_FILTER", "a tree of processes that the notes only name"},
	{"ngood-exe", "a tree of processes that the notes only name"},
	{"nproc_exit_event", "parameters that the notes only name"},
	{"nPPME_SYSCALL_CHDIR", "raw parameters of events nobody here sends"},
};

struct tally {
	unsigned int run, skipped, failed;
	unsigned int reasons[ARRAY_SIZE(skips) + 3];
};

enum { NO_EVENT = ARRAY_SIZE(skips), NA_TEXT, OWN_FIELDS, REASONS };

struct filter_case {
	char *origin, *filter, *expected, *notes;
};

static int skip_reason(const struct filter_case *c)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(skips); i++) {
		if (strstr(skips[i].in[0] == 'n' ? c->notes : c->filter, skips[i].in + 1))
			return (int)i;
	}
	/* An empty parameter is the text "<NA>" there and a missing field here. */
	if (strstr(c->notes, "optional params are empty") && strcmp(c->expected, "invalid") &&
	    (strstr(c->filter, "NA>") || strstr(c->filter, "na>") || !strcmp(c->expected, "matched") ||
	     strstr(c->notes, "FSPATH") || strstr(c->notes, "CHARBUF")))
		return NA_TEXT;
	return -1;
}

/* The mock fields of the compiler's tests, by fields of the same type. */
static struct str without_mocks(const struct filter_case *c, struct buf *out)
{
	const bool text = strstr(c->notes, "uses mock field");
	const char *const names[][2] = {{"c.true", text ? "proc.name" : "evt.count"},
					{"c.false", "evt.count.error"},
					{"c.singlequote", "proc.name"},
					{"c.doublequote", "proc.cmdline"},
					{"c.buffer", "evt.buffer"}};
	const char *filter = c->filter;
	unsigned int i;

	buf_reset(out);
	while (*filter) {
		for (i = 0; i < ARRAY_SIZE(names) && strncmp(filter, names[i][0], strlen(names[i][0])); i++)
			;
		if (i < ARRAY_SIZE(names)) {
			buf_puts(out, names[i][1]);
			filter += strlen(names[i][0]);
		} else {
			buf_char(out, *filter++);
		}
	}
	return buf_view(out);
}

static const char *event_of(const struct filter_case *c, char room[512])
{
	const char *at;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		at = strstr(c->notes, events[i].note);
		if (at && events[i].json)
			return events[i].json;
		if (at) {
			snprintf(room, 512, "{\"evt.type\":\"open\",\"fd.name\":\"%s\"}", at + strlen(events[i].note));
			return room;
		}
	}
	return NULL;
}

static bool set_is(const struct name_set *set, const char *what)
{
	struct name_set want = {};
	unsigned int i;
	bool invert = !strncmp(what, "not_", 4) || !strcmp(what, "all_events");

	if (strstr(what, "openat"))
		want.bits[name_find(STR("openat")) / 64] |= 1ull << (name_find(STR("openat")) % 64);
	if (strstr(what, "close"))
		want.bits[name_find(STR("close")) / 64] |= 1ull << (name_find(STR("close")) % 64);
	for (i = 0; i < name_count; i++) {
		if (name_set_has(set, (int)i) != (name_set_has(&want, (int)i) != invert))
			return false;
	}
	return true;
}

/* "stage=event-type analysis": against a named set, or against another filter. */
static bool right_events(const struct filter_case *c, struct compiled *x)
{
	const char *set = strstr(c->notes, "expected set="), *same = strstr(c->notes, "same event-type set as: ");
	struct name_set mine, other;
	struct compiled y;
	char word[32] = "";
	bool r = true;

	ast_events(x->ast, &mine);
	if (set) {
		sscanf(set, "expected set=%31s", word);
		r = set_is(&mine, word);
	}
	if (same) {
		ck_assert_int_eq(compile(&y, str(same + 24), AST_STRICT_COMPAT, 100), 0);
		ast_events(y.ast, &other);
		r = r && !memcmp(&mine, &other, sizeof(mine));
		compiled_release(&y);
	}
	return r;
}

static bool agrees(const struct filter_case *c, struct tally *t, struct buf *text)
{
	bool parse_only = strstr(c->notes, "stage=parse"), valid = strcmp(c->expected, "invalid");
	struct str filter = without_mocks(c, text);
	const char *warnings = strstr(c->notes, "expected_warnings="), *json;
	struct compiled x;
	char room[512];
	bool ok;

	if (parse_only) {
		memset(&x, 0, sizeof(x));
		x.arena = arena_new(0);
		ok = !ast_parse(&x.ast, x.arena, filter, 100, &(struct ast_error){}) == valid;
		arena_free(x.arena);
		return ok;
	}
	ok = !compile(&x, filter, AST_STRICT_COMPAT, 100) == valid;
	if (ok && valid && warnings)
		ok = (unsigned int)atoi(warnings + 18) == x.warnings;
	if (ok && valid && strstr(c->notes, "stage=event-type"))
		ok = right_events(c, &x);
	if (ok && strstr(c->expected, "matched")) {
		json = event_of(c, room);
		if (json) {
			ok = holds(&x, json) == !strcmp(c->expected, "matched");
		} else {
			t->reasons[NO_EVENT]++;
			t->skipped++;
			t->run--;
		}
	}
	if (!ok)
		printf("  said: %s", x.said.p ? x.said.p : "nothing\n");
	compiled_release(&x);
	return ok;
}

static bool split(struct str line, struct filter_case *c)
{
	char **cells[] = {&c->origin, &c->filter, &c->expected, &c->notes}, *copy = strndup(line.p, line.n), *p = copy;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		char *end = strchr(p, '\t');

		*cells[i] = p;
		if (end)
			*end = '\0';
		p = end ? end + 1 : p + strlen(p);
		if (i != 3)
			unescape_case(*cells[i]);
	}
	return c->filter[0];
}

static void run_case(const struct filter_case *c, struct tally *t, struct buf *text)
{
	int skip = skip_reason(c);

	if (skip >= 0) {
		t->reasons[skip]++;
		t->skipped++;
		return;
	}
	t->run++;
	if (!agrees(c, t, text)) {
		printf("  disagrees: expected %s: %s\n    %s\n", c->expected, c->filter, c->notes);
		t->failed++;
	}
}

START_TEST(public_cases)
{
	struct buf file = {}, text = {};
	struct str rest, line;
	struct tally t = {};
	struct filter_case c;
	unsigned int i;

	ck_assert_int_eq(fs_read(&file, SHARED_DIR "/corpus/filter-cases.tsv", 8u << 20), 0);
	rest = buf_view(&file);
	next_line(&rest, &line);
	while (next_line(&rest, &line)) {
		if (split(line, &c))
			run_case(&c, &t, &text);
		free(c.origin);
	}
	printf("public filter cases: %u run, %u failed, %u skipped\n", t.run, t.failed, t.skipped);
	for (i = 0; i < REASONS; i++) {
		if (t.reasons[i])
			printf("  %4u skipped: %s\n", t.reasons[i],
			       i == NO_EVENT  ? "compiled, but the event is not in the notes"
			       : i == NA_TEXT ? "an empty parameter is the text <NA> there, a missing field here"
					      : skips[i].why);
	}
	ck_assert_uint_eq(t.failed, 0);
	ck_assert_uint_gt(t.run, 500);
	buf_free(&file);
	buf_free(&text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter cases");
	TCase *t = tcase_create("public");
	SRunner *sr;
	int failed;

	if (access(SHARED_DIR "/corpus/filter-cases.tsv", R_OK)) {
		puts("SKIP: no corpus/filter-cases.tsv beside the source tree");
		return 77;
	}
	tcase_set_timeout(t, 120);
	tcase_add_test(t, public_cases);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
