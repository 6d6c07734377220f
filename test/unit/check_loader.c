/* SPDX-License-Identifier: Apache-2.0 */
/* The loader: what it makes of good files, and what it says of bad ones (test/rules/bad, each with its golden text). */
#include "event/names.h"
#include "rule/loader.h"
#include "util/cleanup.h"
#include "util/fs.h"
#include "util/limits.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static struct loaded loaded;
static struct buf said;		/* the diagnostics as printed */
static struct diags diags;
static bool compat;

static void clear(void)
{
	loaded_free(&loaded);
	diags_free(&diags);
	buf_free(&said);
}

/* Loads the texts as files a.yaml, b.yaml, …; the result stands in the variables above. */
static int load_files(const struct rule_source *sources, size_t n)
{
	struct engine_load in = {.sources = sources, .nsources = n, .strict_compat = compat, .min_priority = 7};
	int r;

	clear();
	r = loader_load(&loaded, &in, &diags);
	diags_print(&diags, &said);
	ck_assert_int_eq(r < 0, diags.errors > 0);
	return r;
}

static int load(const char *a, const char *b)
{
	struct rule_source v[] = {{STR("a.yaml"), str(a)}, {STR("b.yaml"), str(b)}};

	return load_files(v, b ? 2 : 1);
}

#define LOADS(a, b) ck_assert_msg(load(a, b) == 0, "%s", said.p)
#define FAILS(a, b) ck_assert_int_eq(load(a, b), -EINVAL)
#define SAYS(text) ck_assert_msg(said.p && strstr(said.p, text), "not said: %s\nbut: %s", text, said.p ? said.p : "")

static const struct loaded_rule *rule(const char *name)
{
	for (uint32_t i = 0; i < loaded.nrules; i++) {
		if (!strcmp(loaded.rules[i].info.name, name))
			return &loaded.rules[i];
	}
	ck_abort_msg("no rule %s", name);
}

static const char *condition(const char *name)
{
	static char text[65536];
	struct buf b = {};

	ast_print(rule(name)->tree, &b);
	snprintf(text, sizeof(text), "%s", b.p);
	buf_free(&b);
	return text;
}

#define RULE(name, cond) "- rule: " name "\n  desc: d\n  condition: " cond "\n  output: o\n  priority: WARNING\n"

START_TEST(lists)
{
	LOADS("- list: A\n  items: [x1, \"x 2\"]\n- list: B\n  items: [A, y]\n" RULE("R", "evt.type=open and proc.name in (B, z)"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (x1, \"x 2\", y, z))");
	/* a list defined behind its use */
	LOADS(RULE("R", "evt.type=open and proc.name in (B)") "- list: B\n  items: [y]\n", NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (y))");
	/* an empty one takes a comma with it */
	LOADS("- list: E\n  items: []\n" RULE("R", "evt.type=open and proc.name in (E, a) and proc.name in (a, E) and proc.name in (E)"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (a) and proc.name in (a) and proc.name in ())");
	/* three levels: all the way here, a literal in the original */
	LOADS("- list: A\n  items: [x]\n- list: B\n  items: [A]\n- list: C\n  items: [B]\n" RULE("R", "evt.type=open and proc.name in (C)"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (x))");
	SAYS("a.yaml:4:11: warning: \"A\" is a list and is expanded here");
	/* within quotes: left alone here */
	LOADS("- list: A\n  items: [x]\n" RULE("R", "evt.type=open and proc.name in (A) and proc.cmdline contains 'say A now'"), NULL);
	SAYS("the original puts its items into this text");
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (x) and proc.cmdline contains \"say A now\")");
	/* itself */
	LOADS("- list: A\n  items: [A, x]\n" RULE("R", "evt.type=open and proc.name in (A)"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (A, x))");
	/* redefined, also in a later file; appended */
	LOADS("- list: A\n  items: [x]\n" RULE("R", "evt.type=open and proc.name in (A)"), "- list: A\n  items: [y]\n");
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (y))");
	LOADS("- list: A\n  items: [x]\n" RULE("R", "evt.type=open and proc.name in (A)"),
	      "- list: A\n  items: [y]\n  override: {items: append}\n");
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (x, y))");
}
END_TEST

START_TEST(lists_compat)
{
	compat = true;
	LOADS("- list: A\n  items: [x]\n- list: B\n  items: [A, y]\n- list: C\n  items: [B, z]\n"
	      RULE("R", "evt.type=open and proc.name in (C)"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name in (A, y, z))");
	LOADS("- list: A\n  items: [x1, x2]\n" RULE("R", "evt.type=open and proc.cmdline contains 'say A now'"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.cmdline contains \"say x1, x2 now\")");
	compat = false;
}
END_TEST

START_TEST(macros)
{
	LOADS("- macro: m\n  condition: proc.name = a or proc.name = b\n" RULE("R", "evt.type=open and m"), NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open and (proc.name = a or proc.name = b))");
	/* rules see later ones and redefinitions in later files */
	LOADS(RULE("R", "evt.type=open and m") "- macro: m\n  condition: proc.name = a\n", "- macro: m\n  condition: proc.name = b\n");
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name = b)");
	/* a macro sees those that stand before its last definition or append */
	FAILS("- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n" RULE("R", "a"), NULL);
	SAYS("a.yaml:2:14: error: undefined macro \"b\" here: it is defined later (macro \"a\")");
	LOADS("- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n" RULE("R", "a"), "- macro: a\n  condition: b\n");
	/* a loop that an append makes */
	FAILS("- macro: a\n  condition: evt.type=open\n- macro: b\n  condition: a\n" RULE("R", "b"),
	      "- macro: a\n  condition: or b\n  override: {condition: append}\n");
	SAYS("reference loop");
	FAILS("- macro: a\n  condition: evt.type=open\n" RULE("R", "a"), "- macro: a\n  condition: or a\n  append: true\n");
	SAYS("undefined macro \"a\"");
	/* fields of an unused macro are not looked at, its syntax is */
	LOADS("- macro: unused\n  condition: no.such = 1\n" RULE("R", "evt.type=open"), NULL);
	SAYS("a.yaml:1:10: warning: nothing uses this macro (macro \"unused\") [LOAD_UNUSED_MACRO]");
	FAILS("- macro: unused\n  condition: a = = 1\n" RULE("R", "evt.type=open"), NULL);
	FAILS(RULE("R", "evt.type=open and spawned_proces") "- macro: spawned_process\n  condition: evt.type=execve\n", NULL);
	SAYS("a.yaml:3:32: error: undefined macro \"spawned_proces\"; did you mean \"spawned_process\"?");
}
END_TEST

/* Said once, where the macro is, and not again for each rule that uses it. */
START_TEST(macro_errors)
{
	FAILS("- macro: m\n  condition: proc.nmae = a\n" RULE("R", "evt.type=open and m") RULE("S", "evt.type=open and m"), NULL);
	ck_assert_uint_eq(diags.errors, 1);
	SAYS("a.yaml:2:14: error: unknown field \"proc.nmae\"; did you mean \"proc.name\"? (macro \"m\")");
}
END_TEST

START_TEST(all_at_once)
{
	FAILS(RULE("R", "evt.type=open and proc.nmae=a and fd.nmae=b") RULE("S", "proc.pname = ") RULE("T", "evt.type = opne"), NULL);
	ck_assert_uint_eq(diags.errors, 4);
	/* a good rule beside bad ones does not matter: the whole is refused */
	ck_assert_uint_eq(loaded.nrules, 0);
}
END_TEST

START_TEST(two_files)
{
	FAILS(RULE("R", "evt.type=open"), "- rule: R\n  condition: >\n    and\n    proc.nmae = a\n  override:\n    condition: append\n");
	SAYS("b.yaml:4:5: error: unknown field \"proc.nmae\"");
	SAYS("    proc.nmae = a\n        ^^^^^^^^^\n");
	LOADS(RULE("R", "evt.type=open") "---\n" RULE("S", "evt.type=open") "---\n---\n- \n", RULE("R", "evt.type=close"));
	ck_assert_uint_eq(loaded.nrules, 2);
	ck_assert_str_eq(loaded.rules[0].info.name, "R");	/* replaced, in its first place */
	ck_assert_str_eq(condition("R"), "evt.type = close");
}
END_TEST

START_TEST(info)
{
	const struct rule_info *i;

	LOADS("- rule: Bash, again!\n  desc: >\n    some words\n  condition: evt.type=open\n  output: \"  o  \"\n  priority: informational\n"
	      "  tags: [T1059.004, zeta, alpha, alpha, T12]\n", NULL);
	i = &loaded.rules[0].info;
	ck_assert_str_eq(i->desc, "some words");
	ck_assert_str_eq(i->type, "Custom:Runtime/Bashagain");
	ck_assert_str_eq(i->priority, "Informational");
	ck_assert_uint_eq(i->score, 0);
	ck_assert_str_eq(i->tags[0], "T1059.004");
	ck_assert_str_eq(i->tags[2], "alpha");
	ck_assert_str_eq(i->tags[3], "zeta");
	ck_assert_ptr_null(i->tags[4]);
	ck_assert_str_eq(i->mitre[0], "T1059.004");
	ck_assert_ptr_null(i->mitre[1]);
	ck_assert_str_eq(i->source, "syscall");
	ck_assert(i->enabled);
	LOADS(RULE("R", "evt.type=open") "  type: Execution:Runtime/ReverseShell\n  severity: 10\n  mitre: T1496\n  remedy: Look.\n"
	      "  false_positives: [a]\n  examples:\n    - match: {evt.type: open}\n", NULL);
	i = &loaded.rules[0].info;
	ck_assert_str_eq(i->type, "Execution:Runtime/ReverseShell");
	ck_assert_uint_eq(i->score, 10);
	ck_assert_str_eq(i->mitre[0], "T1496");
	ck_assert_str_eq(i->remedy, "Look.");
	ck_assert_uint_eq(diags.warnings, 0);
	LOADS(RULE("R", "evt.type=open") "  severity: high\n", NULL);
	ck_assert_uint_eq(loaded.rules[0].info.score, 8);
	LOADS(RULE("R", "evt.type=open") "  enabled: false\n", NULL);
	ck_assert(!loaded.rules[0].info.enabled);
	ck_assert_ptr_null(loaded.rules[0].condition);
	ck_assert_ptr_nonnull(loaded.rules[0].tree);
	ck_assert_uint_eq(loaded.enabled, 0);
}
END_TEST

START_TEST(overrides)
{
	LOADS(RULE("R", "evt.type=open") "  tags: [a]\n",
	      "- rule: R\n  condition: and proc.name=x\n  output: more\n  tags: [b]\n  priority: ERROR\n  severity: low\n"
	      "  override: {condition: append, output: append, tags: append, priority: replace, severity: replace}\n");
	ck_assert_str_eq(condition("R"), "(evt.type = open and proc.name = x)");
	ck_assert(str_eq(rule("R")->output_text, STR("o more")));
	ck_assert_str_eq(rule("R")->info.tags[1], "b");
	ck_assert_str_eq(rule("R")->info.priority, "Error");
	ck_assert_uint_eq(rule("R")->info.score, 3);
	/* textual, so that precedence changes, as in the original */
	LOADS(RULE("R", "evt.type=open and proc.name=a"), "- rule: R\n  condition: or evt.type=close\n  override: {condition: append}\n");
	ck_assert_str_eq(condition("R"), "((evt.type = open and proc.name = a) or evt.type = close)");
	LOADS(RULE("R", "evt.type=open") "  enabled: false\n", "- rule: R\n  enabled: true\n  override: {enabled: replace}\n");
	ck_assert_uint_eq(loaded.enabled, 1);
	ck_assert_uint_eq(diags.warnings, 0);
	LOADS(RULE("R", "evt.type=open"), "- rule: R\n  enabled: false\n");
	ck_assert_uint_eq(loaded.enabled, 0);
	SAYS("LOAD_DEPRECATED_ITEM");
	FAILS(RULE("R", "evt.type=open"), "- rule: R\n  condition: x\n  output: y\n  override: {condition: append}\n");
	SAYS("unexpected key \"output\"");
	FAILS(RULE("R", "evt.type=open"), "- rule: R\n  override: {condition: append}\n");
	SAYS("\"condition\" is not defined");
}
END_TEST

START_TEST(exceptions)
{
	static const char base[] = RULE("R", "evt.type=open or evt.type=close") "  exceptions:\n";
	struct buf b = {};

	buf_printf(&b, "%s    - name: e\n      fields: [proc.name, fd.name]\n      comps: [in, startswith]\n"
		       "      values:\n        - [[a, b c], /x]\n        - [d, /y]\n", base);
	LOADS(b.p, NULL);
	ck_assert_str_eq(condition("R"), "((evt.type = open or evt.type = close) and not ((proc.name in (a, \"b c\") and "
					 "fd.name startswith /x) or (proc.name in (d) and fd.name startswith /y)))");
	buf_reset(&b);
	buf_printf(&b, "%s    - name: e\n      fields: proc.name\n      values: [a, b]\n    - {name: f, fields: fd.name}\n", base);
	LOADS(b.p, "- rule: R\n  exceptions: [{name: e, values: [c]}, {name: g, fields: [fd.name], values: [[/z]]}]\n"
		   "  override: {exceptions: append}\n");
	ck_assert_str_eq(condition("R"), "((evt.type = open or evt.type = close) and not proc.name in (a, b, c) and not fd.name = /z)");
	buf_reset(&b);
	buf_printf(&b, "%s    - {name: e, fields: proc.name, values: [a], expires: 2001-01-01}\n", base);
	LOADS(b.p, NULL);
	ck_assert_str_eq(condition("R"), "(evt.type = open or evt.type = close)");
	SAYS("has expired");
	buf_reset(&b);
	buf_printf(&b, "%s    - {name: e, fields: [proc.pid], values: [[x]]}\n", base);
	FAILS(b.p, NULL);
	SAYS("a.yaml:7:47: error: \"x\" is not a valid number");
	buf_reset(&b);
	buf_printf(&b, "%s    - &a [*a]\n    - {name: e, fields: [proc.pid], values: &v [*v]}\n", base);
	FAILS(b.p, NULL);	/* circles of aliases */
	buf_free(&b);
}
END_TEST

START_TEST(unknown_filter)
{
	LOADS(RULE("R", "evt.type=open and no.such=1") "  skip-if-unknown-filter: true\n" RULE("S", "evt.type=open"), NULL);
	SAYS("[LOAD_UNKNOWN_FILTER]");
	ck_assert_uint_eq(loaded.nrules, 1);
	LOADS("- macro: m\n  condition: no.such=1\n" RULE("R", "evt.type=open and m") "  skip-if-unknown-filter: true\n", NULL);
	ck_assert_uint_eq(loaded.nrules, 0);
	FAILS(RULE("R", "evt.type=open and no.such=1 and proc.pid=x") "  skip-if-unknown-filter: true\n", NULL);
	LOADS(RULE("R", "proc.name=a"), NULL);
	SAYS("[LOAD_NO_EVTTYPE]");
	LOADS(RULE("R", "proc.name=a") "  warn_evttypes: false\n", NULL);
	ck_assert_uint_eq(diags.warnings, 0);
	LOADS(RULE("R", "evt.type=open and evt.dir=<"), NULL);
	SAYS("the field \"evt.dir\" is deprecated");
}
END_TEST

START_TEST(versions)
{
	LOADS("- required_engine_version: 0.57.0\n- required_engine_version: 26\n"
	      "- required_plugin_versions: [{name: container, version: 0.4.0}]\n", NULL);
	ck_assert_uint_eq(loaded.engine_version, 57);
	LOADS("- required_plugin_versions: [{name: nosuch, version: 1.0.0, alternatives: [{name: container, version: 0.4.0}]}]\n", NULL);
	FAILS("- required_plugin_versions: [{name: container, version: 1.0.0}]\n", NULL);
	FAILS("- required_engine_version: 1.0.0\n", NULL);
}
END_TEST

/* Texts that grow without bound when they are expanded end with a message, and soon. */
START_TEST(bounds)
{
	struct buf b = {.max = 64u << 20};

	buf_puts(&b, "- macro: m0\n  condition: evt.type=open\n");
	for (int i = 1; i < 64; i++)
		buf_printf(&b, "- macro: m%d\n  condition: m%d and m%d\n", i, i - 1, i - 1);
	buf_puts(&b, RULE("R", "m63"));
	FAILS(b.p, NULL);
	SAYS("too large or too deep when its macros are put in");

	buf_reset(&b);
	buf_puts(&b, "- list: l0\n  items: [aaaaaaaaaa]\n");
	for (int i = 1; i < 64; i++)
		buf_printf(&b, "- list: l%d\n  items: [l%d, l%d]\n", i, i - 1, i - 1);
	buf_puts(&b, RULE("R", "evt.type=open and proc.name in (l63)"));
	FAILS(b.p, NULL);
	SAYS("when its lists are put in");

	buf_reset(&b);
	buf_puts(&b, "- list: a\n  items: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 30; i++)
		buf_printf(&b, "- list: a%d\n  items: &l%d [*l%d, *l%d]\n", i, i, i - 1, i - 1);
	FAILS(b.p, NULL);
	SAYS("an item of a list has to be a text");

	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_puts(&b, "- ");
	FAILS(b.p, NULL);
	SAYS("nested too deeply");

	buf_reset(&b);
	buf_puts(&b, "- rule: R\n  desc: d\n  output: o\n  priority: INFO\n  condition: ");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "(");
	buf_puts(&b, "\n");
	FAILS(b.p, NULL);
	buf_reset(&b);
	for (int i = 0; i <= RULES_MAX; i++)
		buf_printf(&b, "- {rule: r%d, desc: d, condition: evt.type=open, output: o, priority: INFO}\n", i);
	FAILS(b.p, NULL);
	SAYS("there are more than 16384 rules");
	buf_free(&b);
}
END_TEST

START_TEST(empty)
{
	LOADS("", NULL);
	LOADS("# nothing\n", NULL);
	LOADS("---\n---\n", NULL);
	LOADS("\xef\xbb\xbf- list: a\n  items: [b]\n", NULL);
	SAYS("a.yaml:1:12: warning: nothing uses this list");	/* the mark's three bytes count */
	ck_assert_uint_eq(loaded.nrules, 0);
}
END_TEST

/* ---- files with their golden texts ---- */

static void golden(const char *dir, const char *name)
{
	struct buf source = {}, expected = {};
	char path[512];
	struct rule_source v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(fs_read(&source, path, RULE_FILE_BYTES_MAX), 0);
	v = (struct rule_source){str(name), buf_view(&source)};
	ck_assert_msg(load_files(&v, 1) == -EINVAL, "%s loads", name);
	snprintf(path, sizeof(path), "%s/%.*s.txt", dir, (int)(strlen(name) - strlen(".yaml")), name);
	if (getenv("UPDATE_GOLDEN") && (f = fopen(path, "w"))) {
		fwrite(said.p, 1, said.n, f);
		fclose(f);
	}
	ck_assert_msg(fs_read(&expected, path, 1u << 20) == 0, "%s is missing (UPDATE_GOLDEN=1 writes it)", path);
	ck_assert_str_eq(said.p, expected.p);
	buf_free(&source);
	buf_free(&expected);
}

START_TEST(bad_files)
{
	static const char dir[] = TEST_DIR "/rules/bad";
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		if (!str_ends(str(e->d_name), STR(".yaml")))
			continue;
		golden(dir, e->d_name);
		n++;
	}
	closedir(d);
	ck_assert_uint_ge(n, 6);
}
END_TEST

/* Our own rules load without a word. */
START_TEST(own_rules)
{
	struct rule_source v[64] = {};
	struct buf text[64] = {};
	struct dirent **names;
	int n = scandir(TEST_DIR "/../rules", &names, NULL, alphasort);
	size_t k = 0;

	ck_assert_int_gt(n, 0);
	for (int i = 0; i < n; i++) {
		char path[600];

		if (str_ends(str(names[i]->d_name), STR(".yaml")) && !str_ends(str(names[i]->d_name), STR(".test.yaml")) && k < 64) {
			snprintf(path, sizeof(path), "%s/../rules/%s", TEST_DIR, names[i]->d_name);
			ck_assert_int_eq(fs_read(&text[k], path, RULE_FILE_BYTES_MAX), 0);
			v[k] = (struct rule_source){str(names[i]->d_name), buf_view(&text[k])};
			k++;
		}
	}
	ck_assert_msg(load_files(v, k) == 0 && !diags.warnings, "%s", said.p);
	ck_assert_uint_ge(loaded.enabled, 20);
	clear();
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	for (size_t i = 0; i < k; i++)
		buf_free(&text[i]);
}
END_TEST

/* ---- the public corpus ---- */

static json_t *corpus_json(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/corpus/%s", SHARED_DIR, name);
	return json_load_file(path, 0, NULL);
}

static bool corpus_there(void)
{
	DIR *d = opendir(SHARED_DIR "/corpus");

	if (d)
		closedir(d);
	else
		puts("skipped: no corpus in ../shared");
	return d;
}

/* Words with single blanks. */
static void squeeze(char *s)
{
	char *to = s;

	for (char *p = s; *p; p++) {
		bool blank = *p == ' ' || *p == '\n';

		if (!blank || (to > s && to[-1] != ' '))
			*to++ = blank ? ' ' : *p;
	}
	*to = 0;
}

static void add_name(void *ctx, const struct field_ref *f)
{
	char name[128];

	snprintf(name, sizeof(name), STR_FMT, STR_ARG(f->text));
	json_object_set_new(ctx, name, json_true());
}

static void same_names(const char *what, const char *rule_name, json_t *set, const json_t *expected, const char *but)
{
	size_t n = 0, i;
	json_t *v;

	json_array_foreach(expected, i, v) {
		if (but && !strcmp(json_string_value(v), but))
			continue;
		n++;
		ck_assert_msg(json_object_get(set, json_string_value(v)) != NULL, "%s: %s lacks %s", rule_name, what, json_string_value(v));
	}
	ck_assert_msg(json_object_size(set) == n, "%s: too many %s", rule_name, what);
	json_decref(set);
}

static void same_rule(const json_t *g)
{
	const char *name = json_string_value(json_object_get(g, "rule"));
	const struct loaded_rule *r = rule(name);
	char *text = strdup(json_string_value(json_object_get(g, "condition_compiled"))), *ours = strdup(condition(name));
	json_t *set = json_object();
	struct name_set names;

	squeeze(text);
	squeeze(ours);
	ck_assert_str_eq(ours, text);
	free(text);
	free(ours);
	ck_assert_str_eq(r->info.priority, json_string_value(json_object_get(g, "priority")));
	ast_each_field(r->tree, add_name, set);
	same_names("fields", name, set, json_object_get(g, "condition_fields"), NULL);
	set = json_object();
	output_each_field(r->output, add_name, set);
	same_names("output fields", name, set, json_object_get(g, "output_fields"), NULL);
	set = json_object();
	ast_events(r->tree, &names);
	for (unsigned int i = 0; i < name_count; i++) {
		if (name_set_has(&names, (int)i) && strcmp(name_table[i], "asyncevent"))
			json_object_set_new(set, name_table[i], json_true());
	}
	same_names("events", name, set, json_object_get(g, "events"), "asyncevent");
	for (size_t i = 0; i < json_array_size(json_object_get(g, "tags")); i++)
		ck_assert_str_eq(r->info.tags[i], json_string_value(json_array_get(json_object_get(g, "tags"), i)));
}

/* The stable rules as published: no error, no warning, and the same meaning as in the original. */
START_TEST(stable_rules)
{
	struct buf text = {};
	struct rule_source v;
	json_t *all;

	if (!corpus_there())
		return;
	ck_assert_int_eq(fs_read(&text, SHARED_DIR "/corpus/falco-rules/stable.yaml", RULE_FILE_BYTES_MAX), 0);
	v = (struct rule_source){STR("stable.yaml"), buf_view(&text)};
	ck_assert_msg(load_files(&v, 1) == 0 && !diags.warnings, "%s", said.p);
	all = corpus_json("falco-rules/compiled-stable.json");
	ck_assert_uint_eq(json_array_size(all), loaded.nrules);
	for (size_t i = 0; i < json_array_size(all); i++)
		same_rule(json_array_get(all, i));
	json_decref(all);
	buf_free(&text);
}
END_TEST

static int loads_step(json_t *steps, size_t n)
{
	static struct rule_source v[16];

	for (size_t i = 0; i < n && i < 16; i++) {
		json_t *s = json_array_get(steps, i);

		v[i] = (struct rule_source){str(json_string_value(json_object_get(s, "file"))),
					    str(json_string_value(json_object_get(s, "yaml")))};
	}
	return load_files(v, n);
}

static unsigned int corpus_case(json_t *c)
{
	const char *test = json_string_value(json_object_get(c, "test"));
	json_t *steps = json_object_get(c, "steps"), *v;
	unsigned int checked = 0;
	const char *name;

	for (size_t i = 0; i < json_array_size(steps); i++) {
		const char *expect = json_string_value(json_object_get(json_array_get(steps, i), "expect"));
		int r = loads_step(steps, i + 1);

		if (!expect || !strcmp(expect, "?"))
			continue;
		ck_assert_msg((r == 0) == !strcmp(expect, "ok"), "%s: step %zu should be %s: %s", test, i, expect, said.p ? said.p : "");
		checked++;
	}
	if (json_is_integer(json_object_get(c, "num_enabled_rules")) && !diags.errors)
		ck_assert_msg(loaded.enabled == json_integer_value(json_object_get(c, "num_enabled_rules")), "%s: %u enabled", test, loaded.enabled);
	json_object_foreach(json_object_get(c, "compiled_condition"), name, v) {
		char *ours = strdup(condition(name)), *theirs = strdup(json_string_value(v));

		squeeze(ours);
		squeeze(theirs);
		ck_assert_msg(!strcmp(ours, theirs), "%s: %s\nshould be %s", test, ours, theirs);
		free(ours);
		free(theirs);
		checked++;
	}
	if (json_array_size(json_object_get(c, "warnings_contain")))
		ck_assert_msg(diags.warnings || diags.errors, "%s: no warning", test);
	if (json_is_false(json_object_get(c, "has_warnings")))
		ck_assert_msg(!diags.warnings || diags.errors, "%s: %s", test, said.p);
	return checked;
}

/* The codes, whatever the wording. */
static unsigned int corpus_codes(json_t *c)
{
	static const char *const keys[] = {"errors", "warnings"};
	json_t *steps = json_object_get(c, "steps");
	unsigned int n = 0;
	int r = loads_step(steps, json_array_size(steps));

	ck_assert_msg((r == 0) == !json_integer_value(json_object_get(c, "exit_code")), "%s: %s",
		      json_string_value(json_object_get(c, "test")), said.p ? said.p : "loads");
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		json_t *all = json_object_get(c, keys[k]);

		for (size_t i = 0; i < json_array_size(all); i++, n++) {
			const char *code = json_string_value(json_object_get(json_array_get(all, i), "code"));

			ck_assert_msg(said.p && strstr(said.p, code), "%s: no %s in %s", json_string_value(json_object_get(c, "test")),
				      code, said.p ? said.p : "");
		}
	}
	return n;
}

START_TEST(corpus)
{
	unsigned int run = 0, cases = 0, codes = 0, other = 0;
	char line[1 << 20];
	FILE *f;

	if (!corpus_there())
		return;
	f = fopen(SHARED_DIR "/corpus/loader-cases.jsonl", "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		json_t *c = json_loads(line, 0, NULL);
		const char *kind = json_string_value(json_object_get(c, "kind"));

		if (!strcmp(kind, "load")) {
			run += corpus_case(c);
			cases++;
		} else if (!strcmp(kind, "validate")) {
			codes += corpus_codes(c);
		} else {
			other++;
		}
		json_decref(c);
	}
	fclose(f);
	printf("corpus: %u load cases with %u outcomes and %u codes hold; %u cases need a capture and are not run here\n", cases, run,
	       codes, other);
	ck_assert_uint_gt(run, 50);
	ck_assert_uint_ge(codes, 19);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loader");
	TCase *t = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, lists);
	tcase_add_test(t, lists_compat);
	tcase_add_test(t, macros);
	tcase_add_test(t, macro_errors);
	tcase_add_test(t, all_at_once);
	tcase_add_test(t, two_files);
	tcase_add_test(t, info);
	tcase_add_test(t, overrides);
	tcase_add_test(t, exceptions);
	tcase_add_test(t, unknown_filter);
	tcase_add_test(t, versions);
	tcase_add_test(t, bounds);
	tcase_add_test(t, empty);
	tcase_add_test(t, bad_files);
	tcase_add_test(t, own_rules);
	tcase_add_test(t, stable_rules);
	tcase_add_test(t, corpus);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	clear();
	return failed;
}
