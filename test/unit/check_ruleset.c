/* SPDX-License-Identifier: Apache-2.0 */
/* Rule sets: files and folders, digest, matches and their outputs, and what the public captures set off. */
#include "event/json.h"
#include "rule/ruleset.h"
#include "util/cleanup.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct diags diags;

static struct ruleset *load(const struct rule_source *v, size_t n)
{
	struct engine_load in = {.sources = v, .nsources = n, .min_priority = 7};
	struct ruleset *rs = NULL;

	diags_free(&diags);
	ruleset_load(&rs, &in, &diags);
	return rs;
}

static struct ruleset *load_text(const char *text)
{
	static struct rule_source v;	/* lives as long as the set */

	v = (struct rule_source){STR("a.yaml"), str(text)};
	return load(&v, 1);
}

#define RULE(name, cond, output) "- rule: " name "\n  desc: d\n  condition: " cond "\n  output: " output "\n  priority: WARNING\n"

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void remove_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

START_TEST(files)
{
	static const char *const names[] = {"b.yaml", "a.yml", "c.txt", ".d.yaml", "e.test.yaml"};
	char dir[] = "/tmp/check_ruleset.XXXXXX", path[256];
	struct rule_files f = {};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		write_file(dir, names[i], names[i]);
	ck_assert_int_eq(rule_files_add(&f, dir, &diags), 0);
	ck_assert_uint_eq(f.n, 2);	/* sorted; no other suffixes, no dot files, no test files */
	ck_assert(str_eq(f.v[0].text, STR("a.yml")));
	ck_assert(str_eq(f.v[1].text, STR("b.yaml")));
	snprintf(path, sizeof(path), "%s/c.txt", dir);	/* named by itself it is taken */
	ck_assert_int_eq(rule_files_add(&f, path, &diags), 0);
	ck_assert_uint_eq(f.n, 3);
	ck_assert_int_lt(rule_files_add(&f, "/nosuch/file.yaml", &diags), 0);
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert_int_eq(diags.v[0].code, DIAG_FILE_READ);
	rule_files_free(&f);
	diags_free(&diags);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove_file(dir, names[i]);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* One file that is not there does not hide the errors of the others, and nothing is loaded then. */
START_TEST(unreadable)
{
	char dir[] = "/tmp/check_ruleset.XXXXXX", path[256];
	const char *const paths[] = {"/nosuch/file.yaml", path};
	struct engine_load in = {.min_priority = 7};
	struct ruleset *rs = NULL;
	struct rule_files f = {};

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.yaml", dir);
	write_file(dir, "a.yaml", "- rule: A\n  desc: d\n  condition: evt.typ = execve\n  output: o\n  priority: ERROR\n");
	ck_assert_int_lt(ruleset_read(&rs, &f, paths, 2, in, &diags), 0);
	ck_assert_uint_eq(diags.errors, 2);
	ck_assert(diags_have(&diags, DIAG_FILE_READ));
	rule_files_free(&f);
	diags_free(&diags);
	write_file(dir, "a.yaml", "- rule: A\n  desc: d\n  condition: evt.type = execve\n  output: o\n  priority: ERROR\n");
	ck_assert_int_lt(ruleset_read(&rs, &f, paths, 2, in, &diags), 0);
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert_ptr_null(rs);
	rule_files_free(&f);
	diags_free(&diags);
	ck_assert_int_eq(ruleset_read(&rs, &f, paths + 1, 1, in, &diags), 0);
	ck_assert(!diags_have(&diags, DIAG_FILE_READ) && ruleset_count(rs) == 1);
	ruleset_free(rs);
	rule_files_free(&f);
	diags_free(&diags);
	remove_file(dir, "a.yaml");
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* sha256 of the text, by sha256sum. */
START_TEST(digest)
{
	struct ruleset *rs = load_text("# nothing\n");

	ck_assert_ptr_nonnull(rs);
	ck_assert_str_eq(ruleset_digest(rs), "5e49ea838dc30f3eeacf6ca7815f6e3adcf77f467a970d978676790fd90377e1");
	ruleset_free(rs);
}
END_TEST

static struct json_fields *event(json_t **object, struct event *ev, const char *text)
{
	struct json_fields *f = NULL;
	char why[128];

	*object = json_loads(text, 0, NULL);
	ck_assert_int_eq(json_fields_new(&f, *object, why), 0);
	*ev = (struct event){.num = 1, .fields = f};
	return f;
}

static void collect(void *ctx, const char *name, const struct value *v, bool present)
{
	char *s = ctx;

	if (present && v->type == TYPE_STR)
		sprintf(s + strlen(s), "%s=" STR_FMT " ", name, STR_ARG(v->s));
	else
		sprintf(s + strlen(s), "%s%s ", name, present ? "" : "=none");
}

START_TEST(matching)
{
	struct ruleset *rs = load_text(RULE("one", "evt.type=open and fd.name=/x", "\"1 %proc.name\"")
		RULE("two", "evt.type=open and fd.name startswith /", "\"2 %fd.name %proc.pname\"") RULE("other", "evt.type=close", "o"));
	struct buf out = {};
	const struct matches *m;
	char fields[512] = "";
	struct json_fields *f;
	struct event ev;
	json_t *object;

	ck_assert_ptr_nonnull(rs);
	ck_assert_uint_eq(ruleset_count(rs), 3);
	f = event(&object, &ev, "{\"evt.type\":\"open\",\"fd.name\":\"/x\",\"proc.name\":\"cat\"}");
	m = ruleset_match(rs, &ev);
	ck_assert_uint_eq(m->n, 2);	/* every rule that holds, in definition order */
	ck_assert_str_eq(m->v[0].rule->name, "one");
	ck_assert_str_eq(m->v[1].rule->name, "two");
	m->v[1].engine->ops->output(m->v[1].engine, m->v[1].id, &ev, &out);
	ck_assert_str_eq(out.p, "2 /x <NA>");
	m->v[1].engine->ops->fields(m->v[1].engine, m->v[1].id, &ev, collect, fields);
	ck_assert_str_eq(fields, "fd.name=/x proc.pname=none evt.type=open ");
	buf_free(&out);
	json_fields_free(f);
	json_decref(object);
	f = event(&object, &ev, "{\"evt.type\":\"execve\"}");
	ck_assert_uint_eq(ruleset_match(rs, &ev)->n, 0);
	json_fields_free(f);
	json_decref(object);
	ruleset_free(rs);
}
END_TEST

START_TEST(needs)
{
	struct ruleset *rs = load_text(RULE("one", "evt.type=connect", "\"%proc.env[PATH]\"") RULE("off", "evt.type=rename", "o") "  enabled: false\n");
	struct needs n = {};

	ck_assert_ptr_nonnull(rs);
	ruleset_needs(rs, &n);
	ck_assert(n.call[CALL_CONNECT]);
	ck_assert(!n.call[CALL_RENAME]);
	ck_assert(!n.call[CALL_OPENAT]);
	ck_assert(n.want & WANT_ENV);	/* an output wants it */
	ruleset_free(rs);
}
END_TEST

START_TEST(bad_set)
{
	ck_assert_ptr_null(load_text(RULE("one", "evt.type=", "o")));
	ck_assert_uint_eq(diags.errors, 1);
	diags_free(&diags);
}
END_TEST

/* ---- the public captures ---- */

struct tally {
	unsigned int run, skipped;
};

/* Options that change which rules there are or match, not only how a finding is printed. */
static bool changes_rules(const json_t *options)
{
	static const char *const words[] = {"Disabled", "Enabled", "MinRulePriority", "RulesDirs", "Plugin", "Snaplen", "-t", "-T", "-D"};
	size_t i;
	json_t *v;

	json_array_foreach(options, i, v) {
		for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
			if (strstr(json_string_value(v), words[k]))
				return true;
		}
	}
	return false;
}

static unsigned int sources_of(json_t *steps, struct rule_source *v, unsigned int room)
{
	unsigned int n = 0;

	for (size_t i = 0; i < json_array_size(steps) && n < room; i++) {
		json_t *s = json_array_get(steps, i);
		const char *yaml = json_string_value(json_object_get(s, "yaml"));

		if (!yaml)
			return 0;
		v[n++] = (struct rule_source){str(json_string_value(json_object_get(s, "file"))), str(yaml)};
	}
	return n;
}

/* Counts per rule; of the rules that match an event the first one, as the original's default is. */
static json_t *replay(struct ruleset *rs, const char *path)
{
	json_t *counts = json_object();
	static char line[1 << 20];
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "no %s", path);
	while (fgets(line, sizeof(line), f)) {
		const struct matches *m;
		struct json_fields *fields;
		struct event ev;
		json_t *object;

		fields = event(&object, &ev, line);
		m = ruleset_match(rs, &ev);
		if (m->n) {
			const char *name = m->v[0].rule->name;

			json_object_set_new(counts, name, json_integer(json_integer_value(json_object_get(counts, name)) + 1));
		}
		json_fields_free(fields);
		json_decref(object);
	}
	fclose(f);
	return counts;
}

static void detect(json_t *c, struct tally *t)
{
	const char *test = json_string_value(json_object_get(c, "test")), *file = json_string_value(json_object_get(c, "events_file"));
	json_t *expected = json_object_get(json_object_get(c, "oracle"), "counts"), *counts;
	struct rule_source v[16];
	unsigned int n = sources_of(json_object_get(c, "steps"), v, ARRAY_SIZE(v));
	struct ruleset *rs;
	char path[512];

	snprintf(path, sizeof(path), "%s/corpus/captures/%s", SHARED_DIR, file ? strrchr(file, '/') + 1 : "-");
	if (!n || !expected || access(path, R_OK) || changes_rules(json_object_get(c, "options")) ||
	    json_array_size(json_object_get(c, "missing_fixtures"))) {
		t->skipped++;
		return;
	}
	rs = load(v, n);
	if (!rs) {
		struct buf b = {};

		diags_print(&diags, &b);
		ck_abort_msg("%s: %s", test, b.p);
	}
	counts = replay(rs, path);
	ck_assert_msg(json_equal(counts, expected), "%s: %s, should be %s", test, json_dumps(counts, JSON_SORT_KEYS), json_dumps(expected, JSON_SORT_KEYS));
	json_decref(counts);
	ruleset_free(rs);
	diags_free(&diags);
	t->run++;
}

START_TEST(captures)
{
	FILE *f = fopen(SHARED_DIR "/corpus/loader-cases.jsonl", "r");
	static char line[1 << 20];
	struct tally t = {};

	if (!f) {
		puts("skipped: no corpus in ../shared");
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		json_t *c = json_loads(line, 0, NULL);

		if (!strcmp(json_string_value(json_object_get(c, "kind")), "detect"))
			detect(c, &t);
		json_decref(c);
	}
	fclose(f);
	printf("captures: %u detection cases hold; %u skipped (no capture here, no counts, or options that change the set of rules)\n",
	       t.run, t.skipped);
	ck_assert_uint_gt(t.run, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ruleset");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, files);
	tcase_add_test(t, unreadable);
	tcase_add_test(t, digest);
	tcase_add_test(t, matching);
	tcase_add_test(t, needs);
	tcase_add_test(t, bad_set);
	tcase_add_test(t, captures);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
