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
	enum format { FORMAT_TEXT, FORMAT_TAP, FORMAT_JUNIT, FORMAT_MAX } format;
	bool verbose;
};

struct totals {
	size_t cases, failed;
	size_t todo;	/* did not hold and need not */
	size_t skipped;	/* marked todo */
};

struct outcome {
	bool ok;
	struct buf why;
};

/* Cases that run against the same rules: those of one test file, or all examples. */
struct group {
	struct rule_files files;	/* rules */
	struct test_cases cases;
	struct ruleset *rules;
	struct str name, text;		/* of the test file; unset for examples */
};

/* Everything that is read once and freed together. */
struct session {
	struct group *v;
	size_t n;
	struct diags diags;
};

static enum format format_by_name(const char *s)
{
	static const char *const names[] = {"text", "tap", "junit"};
	unsigned int i;

	for (i = 0; i < FORMAT_MAX && strcmp(s, names[i]); i++)
		;
	return (enum format)i;
}

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	while ((o = cmd_next(&p, &cmd_test)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o == OPT_TESTS && a->ntests < PATHS_MAX)
			a->tests[a->ntests++] = p.value;
		else if (o == CMD_ARG && a->nrules < PATHS_MAX)
			a->rules[a->nrules++] = p.value;
		else if (o == OPT_FORMAT)
			a->format = format_by_name(p.value);
		else if (o == OPT_VERBOSE)
			a->verbose = true;
		else
			return EXIT_INPUT + 1;
		if (a->format == FORMAT_MAX)
			return fprintf(stderr, "noroshi test: --format wants text, tap or junit, not \"%s\"\n", p.value), EXIT_INPUT + 1;
	}
	return 0;
}

static struct group *new_group(struct session *s)
{
	struct group *v = realloc(s->v, sizeof(*v) * (s->n + 1));

	if (!v)
		return NULL;
	s->v = v;
	v[s->n] = (struct group){};
	return &v[s->n++];
}

static bool listed(const char *const *v, size_t n, const char *path)
{
	_cleanup_(freep) char *real = realpath(path, NULL);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(freep) char *other = realpath(v[i], NULL);

		if (real && other && !strcmp(real, other))
			return true;
	}
	return false;
}

/* The rules of the command line and those that the test file names, each once. */
static int load_rules(struct session *s, struct group *g, const struct args *a)
{
	const char *paths[PATHS_MAX], *wanted[PATHS_MAX];
	size_t n = 0, npaths;

	for (size_t i = 0; i < a->nrules; i++)
		wanted[n++] = a->rules[i];
	for (size_t i = 0; i < g->cases.nrules && n < PATHS_MAX; i++) {
		if (!listed(wanted, n, g->cases.rules[i]))
			wanted[n++] = g->cases.rules[i];
	}
	npaths = rules_arg_expand(paths, PATHS_MAX, wanted, n);
	return ruleset_read(&g->rules, &g->files, paths, npaths, (struct engine_load){.min_priority = 7}, &s->diags);
}

static int add_test_file(struct session *s, const struct args *a, const char *path)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	int r = fs_read(&b, path, RULE_FILE_BYTES_MAX);
	struct group *g = r < 0 ? NULL : new_group(s);

	if (!g) {
		diags_add(&s->diags, DIAG_FILE_READ, (struct diag_place){.file = str(path)}, STR_NONE, NULL, NULL,
			  "cannot read the file: %s", strerror(r < 0 ? -r : ENOMEM));
		buf_free(&b);
		return -EINVAL;
	}
	buf_add(&b, "", 0);
	g->name = str(strdup(path));
	g->text = buf_view(&b);
	r = test_cases_file(&g->cases, g->name, g->text, &s->diags);
	return load_rules(s, g, a) < 0 ? -EINVAL : r;
}

static int add_tests(struct session *s, const struct args *a, const char *path)
{
	char pattern[4096];
	struct stat st;
	glob_t g;
	int r = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return add_test_file(s, a, path);
	snprintf(pattern, sizeof(pattern), "%s/*.test.yaml", path);
	if (glob(pattern, 0, NULL, &g))
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++)
		r = add_test_file(s, a, g.gl_pathv[i]) < 0 ? -EINVAL : r;
	globfree(&g);
	return r;
}

static int load(struct session *s, const struct args *a)
{
	struct group *g;
	int r = 0;

	for (size_t i = 0; i < a->ntests; i++)
		r = add_tests(s, a, a->tests[i]) < 0 ? -EINVAL : r;
	if (a->ntests)
		return r;
	g = new_group(s);
	r = g ? load_rules(s, g, a) : -ENOMEM;
	for (size_t i = 0; g && i < g->files.n; i++)
		r = test_cases_examples(&g->cases, g->files.v[i].name, g->files.v[i].text, &s->diags) < 0 ? -EINVAL : r;
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

/* "message" is the first line of why a case failed. */
static void report_junit(const struct test_case *c, bool ok, struct str why)
{
	const char *nl = memchr(why.p, '\n', why.n);

	printf("  <testcase classname=\"");
	xml(c->place.file.p, c->place.file.n);
	printf("\" name=\"");
	xml(c->name, strlen(c->name));
	printf("\">");
	if (c->todo) {
		printf("<skipped message=\"todo: ");
		xml(c->todo, strlen(c->todo));
		printf("\"/>");
	} else if (!ok) {
		printf("<failure message=\"");
		xml(why.p, nl ? (size_t)(nl - why.p) : why.n);
		printf("\">");
		xml(why.p, why.n);
		printf("</failure>");
	}
	puts("</testcase>");
}

/* Names and values come from files: what a terminal would obey becomes "?". */
static void print_plain(const char *prefix, const char *s, size_t n)
{
	fputs(prefix, stdout);
	for (size_t i = 0; i < n; i++)
		putchar((unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i]);
}

static void report(const struct args *a, const struct test_case *c, bool ok, struct str why, size_t number)
{
	bool tap = a->format == FORMAT_TAP;

	if (a->format == FORMAT_JUNIT) {
		report_junit(c, ok, why);
		return;
	}
	if (tap) {
		printf("%s %zu", ok ? "ok" : "not ok", number);
		print_plain(" - ", c->name, strlen(c->name));
	} else if (!ok || a->verbose) {
		printf("%s " STR_FMT ":%u", ok ? "ok  " : c->todo ? "todo" : "FAIL", STR_ARG(c->place.file), c->place.line);
		print_plain(": ", c->name, strlen(c->name));
	}
	if (c->todo && (tap || !ok || a->verbose))
		print_plain(tap ? " # TODO " : " (todo: ", c->todo, strlen(c->todo));
	if (tap || !ok || a->verbose)
		puts(c->todo && !tap ? ")" : "");
	while (!ok && why.n) {
		const char *nl = memchr(why.p, '\n', why.n);
		size_t n = nl ? (size_t)(nl - why.p) : why.n;

		print_plain(tap ? "# " : "    ", why.p, n);
		puts("");
		why = str_skip(why, nl ? n + 1 : n);
	}
}

static void run_group(struct group *g, const struct args *a, struct totals *t, struct outcome *outcomes)
{
	for (size_t i = 0; i < g->cases.n; i++) {
		const struct test_case *c = &g->cases.v[i];
		struct outcome *o = &outcomes[t->cases++];

		o->ok = test_run(g->rules, c, &o->why);
		t->todo += c->todo && !o->ok;
		t->failed += !o->ok && !c->todo;
		t->skipped += c->todo != NULL;
		if (a->format != FORMAT_JUNIT)	/* its counts come first */
			report(a, c, o->ok, buf_view(&o->why), t->cases);
	}
}

static void report_suite(const struct session *s, const struct args *a, const struct totals *t, const struct outcome *outcomes)
{
	size_t k = 0;

	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<testsuite name=\"noroshi test\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", t->cases, t->failed, t->skipped);
	for (size_t i = 0; i < s->n; i++) {
		for (size_t c = 0; c < s->v[i].cases.n; c++, k++)
			report(a, &s->v[i].cases.v[c], outcomes[k].ok, buf_view(&outcomes[k].why), k + 1);
	}
	puts("</testsuite>");
}

static struct totals run_cases(struct session *s, const struct args *a)
{
	struct outcome *outcomes;
	struct totals t = {};
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].cases.n;
	outcomes = calloc(n + 1, sizeof(*outcomes));
	if (!outcomes)
		return (struct totals){.failed = 1};
	if (a->format == FORMAT_TAP)
		printf("TAP version 13\n1..%zu\n", n);
	for (size_t i = 0; i < s->n; i++)
		run_group(&s->v[i], a, &t, outcomes);
	if (a->format == FORMAT_JUNIT)
		report_suite(s, a, &t, outcomes);
	if (a->format == FORMAT_TEXT)
		printf("%zu case%s, %zu failed", t.cases, t.cases == 1 ? "" : "s", t.failed);
	if (a->format == FORMAT_TEXT && t.todo)
		printf(", %zu todo", t.todo);
	if (a->format == FORMAT_TEXT)
		puts("");
	for (size_t i = 0; i < n; i++)
		buf_free(&outcomes[i].why);
	free(outcomes);
	return t;
}

static void session_free(struct session *s)
{
	for (size_t i = 0; i < s->n; i++) {
		test_cases_free(&s->v[i].cases);
		ruleset_free(s->v[i].rules);
		rule_files_free(&s->v[i].files);
		free((char *)s->v[i].name.p);
		free((char *)s->v[i].text.p);
	}
	free(s->v);
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
		if (a.format == FORMAT_TAP)
			puts("Bail out! rules or test files do not load");
		r = diags_have(&s.diags, DIAG_FILE_READ) ? EXIT_INPUT : EXIT_FINDINGS;
		session_free(&s);
		return r;
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
