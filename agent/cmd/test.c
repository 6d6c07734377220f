/* SPDX-License-Identifier: Apache-2.0 */
/* Dry run of rules against test files and their own examples. No kernel, no privilege. */
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "cmd/test_cases.h"
#include "cmd/test_run.h"
#include "rule/ruleset.h"
#include "util/fs.h"
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#define PATHS_MAX 1024

extern const struct cmd cmd_test;

enum { OPT_TESTS, OPT_FORMAT, OPT_VERBOSE };

static const struct cmd_option options[] = {
	[OPT_TESTS] = {"--tests", 't', "TESTS", "test file, or a folder: its *.test.yaml; without it, the rules' examples"},
	[OPT_FORMAT] = {"--format", 0, "FORMAT", "text (default), tap or junit"},
	[OPT_VERBOSE] = {"--verbose", 'v', NULL, "text: also name the cases that hold"},
	{},
};

struct args {
	const char *rules[PATHS_MAX], *tests[PATHS_MAX];
	size_t nrules, ntests;
	const char *format;
	bool verbose;
};

struct totals {
	size_t cases, failed, todo;
};

/* Everything that is read once and freed together. */
struct session {
	struct rule_files files;	/* rules */
	struct rule_files texts;	/* test files */
	struct test_cases cases;
	struct ruleset *rules;
	struct diags diags;
};

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	a->format = "text";
	while ((o = cmd_next(&p, &cmd_test)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o == OPT_TESTS && a->ntests < PATHS_MAX)
			a->tests[a->ntests++] = p.value;
		else if (o == CMD_ARG && a->nrules < PATHS_MAX)
			a->rules[a->nrules++] = p.value;
		else if (o == OPT_FORMAT)
			a->format = p.value;
		else if (o == OPT_VERBOSE)
			a->verbose = true;
		else
			return EXIT_INPUT + 1;
	}
	if (strcmp(a->format, "text") && strcmp(a->format, "tap") && strcmp(a->format, "junit"))
		return fprintf(stderr, "noroshi test: --format wants text, tap or junit, not \"%s\"\n", a->format), EXIT_INPUT + 1;
	return 0;
}

static int add_test_file(struct session *s, const char *path)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	struct rule_source *v = realloc(s->texts.v, sizeof(*v) * (s->texts.n + 1));
	int r = v ? fs_read(&b, path, RULE_FILE_BYTES_MAX) : -ENOMEM;

	if (v)
		s->texts.v = v;
	if (r < 0) {
		diags_add(&s->diags, DIAG_FILE_READ, (struct diag_place){.file = str(path)}, STR_NONE, NULL, NULL,
			  "cannot read the file: %s", strerror(-r));
		buf_free(&b);
		return r;
	}
	v[s->texts.n++] = (struct rule_source){str(strdup(path)), buf_view(&b)};
	return test_cases_file(&s->cases, v[s->texts.n - 1].name, v[s->texts.n - 1].text, &s->diags);
}

static int add_tests(struct session *s, const char *path)
{
	char pattern[4096];
	struct stat st;
	glob_t g;
	int r = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return add_test_file(s, path);
	snprintf(pattern, sizeof(pattern), "%s/*.test.yaml", path);
	if (glob(pattern, 0, NULL, &g))
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++)
		r = add_test_file(s, g.gl_pathv[i]) < 0 ? -EINVAL : r;
	globfree(&g);
	return r;
}

static int load(struct session *s, const struct args *a)
{
	const char *paths[PATHS_MAX], *wanted[PATHS_MAX];
	size_t n = 0, npaths;
	int r = 0;

	for (size_t i = 0; i < a->ntests; i++)
		r = add_tests(s, a->tests[i]) < 0 ? -EINVAL : r;
	for (size_t i = 0; i < a->nrules; i++)
		wanted[n++] = a->rules[i];
	for (size_t i = 0; i < s->cases.nrules && n < PATHS_MAX; i++)
		wanted[n++] = s->cases.rules[i];
	npaths = rules_arg_expand(paths, PATHS_MAX, wanted, n);
	for (size_t i = 0; i < npaths; i++)
		r = rule_files_add(&s->files, paths[i], &s->diags) < 0 ? -EINVAL : r;
	if (ruleset_load(&s->rules, &(struct engine_load){.sources = s->files.v, .nsources = s->files.n, .min_priority = 7}, &s->diags) < 0)
		r = -EINVAL;
	for (size_t i = 0; !a->ntests && i < s->files.n; i++)
		r = test_cases_examples(&s->cases, s->files.v[i].name, s->files.v[i].text, &s->diags) < 0 ? -EINVAL : r;
	return r;
}

/* Text for XML: markup and control characters as entities or "?". */
static void xml(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '<' || c == '>' || c == '&' || c == '"')
			printf("&#%d;", c);
		else
			putchar(c < 0x20 && c != '\n' && c != '\t' ? '?' : c);
	}
}

static void report(const struct args *a, const struct test_case *c, bool ok, struct buf *why, size_t number)
{
	struct str lines = buf_view(why);

	if (!strcmp(a->format, "junit")) {
		printf("  <testcase classname=\"");
		xml(c->place.file.p, c->place.file.n);
		printf("\" name=\"");
		xml(c->name, strlen(c->name));
		printf("\">");
		if (!ok && !c->todo) {
			printf("<failure>");
			xml(lines.p, lines.n);
			printf("</failure>");
		} else if (c->todo) {
			printf("<skipped/>");
		}
		puts("</testcase>");
		return;
	}
	if (!strcmp(a->format, "tap"))
		printf("%s %zu - %s%s%s\n", ok ? "ok" : "not ok", number, c->name, c->todo ? " # TODO " : "", c->todo ? c->todo : "");
	else if (!ok || a->verbose)
		printf("%s " STR_FMT ":%u: %s\n", ok ? "ok  " : c->todo ? "todo" : "FAIL", STR_ARG(c->place.file), c->place.line, c->name);
	while (!ok && lines.n) {
		const char *nl = memchr(lines.p, '\n', lines.n);
		size_t n = nl ? (size_t)(nl - lines.p) : lines.n;

		printf("%s%.*s\n", !strcmp(a->format, "tap") ? "# " : "    ", (int)n, lines.p);
		lines = str_skip(lines, n + 1);
	}
}

static struct totals run_cases(struct session *s, const struct args *a)
{
	struct totals t = {};

	if (!strcmp(a->format, "tap"))
		printf("TAP version 13\n1..%zu\n", s->cases.n);
	if (!strcmp(a->format, "junit"))
		printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"noroshi test\" tests=\"%zu\">\n", s->cases.n);
	for (size_t i = 0; i < s->cases.n; i++) {
		const struct test_case *c = &s->cases.v[i];
		struct buf why = {};
		bool ok = test_run(s->rules, c, &why);

		t.cases++;
		t.todo += c->todo && !ok;
		t.failed += !ok && !c->todo;
		report(a, c, ok, &why, i + 1);
		buf_free(&why);
	}
	if (!strcmp(a->format, "junit"))
		puts("</testsuite>");
	if (!strcmp(a->format, "text"))
		printf("%zu cases, %zu failed%s\n", t.cases, t.failed, t.todo ? ", some marked todo" : "");
	return t;
}

static void session_free(struct session *s)
{
	test_cases_free(&s->cases);
	ruleset_free(s->rules);
	rule_files_free(&s->files);
	for (size_t i = 0; i < s->texts.n; i++) {
		free((char *)s->texts.v[i].name.p);
		free((char *)s->texts.v[i].text.p);
	}
	free(s->texts.v);
	diags_free(&s->diags);
}

static int run(int argc, char **argv)
{
	struct session s = {};
	struct args a = {};
	struct totals t;
	int r = parse(&a, argc, argv);

	if (r)
		return r - 1;
	r = load(&s, &a);
	rules_arg_print(&s.diags);
	if (r < 0) {
		session_free(&s);
		return EXIT_FINDINGS;
	}
	t = run_cases(&s, &a);
	if (!t.cases)
		fprintf(stderr, "noroshi test: no case and no example found\n");
	session_free(&s);
	return t.failed || !t.cases ? EXIT_FINDINGS : EXIT_OK;
}

const struct cmd cmd_test = {
	.name = "test",
	.args = "[RULES...] [-t TESTS]...",
	.summary = "dry run of rules against test files, or their own examples",
	.options = options,
	.run = run,
};
