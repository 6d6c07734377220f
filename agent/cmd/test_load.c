/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_load.h"
#include "cmd/rules_arg.h"
#include "util/fs.h"
#include <errno.h>
#include <glob.h>
#include <sys/stat.h>

static struct test_group *new_group(struct test_session *s)
{
	struct test_group *v = realloc(s->v, sizeof(*v) * (s->n + 1));

	if (!v)
		return NULL;
	s->v = v;
	v[s->n] = (struct test_group){.how = &s->how};
	return &v[s->n++];
}

static bool same_file(const char *a, const char *b)
{
	_cleanup_(freep) char *x = realpath(a, NULL), *y = realpath(b, NULL);

	return x && y && !strcmp(x, y);
}

/* The rules of the command line and those that the test file names, each once. */
static int load_rules(struct test_group *g, const struct test_paths *p)
{
	const char *paths[TEST_PATHS_MAX], *wanted[TEST_PATHS_MAX];
	size_t n = 0, npaths;

	for (size_t i = 0; i < p->nrules; i++)
		wanted[n++] = p->rules[i];
	for (size_t i = 0; i < g->cases.nrules && n < TEST_PATHS_MAX; i++) {
		bool there = false;

		for (size_t k = 0; k < n; k++)
			there = there || same_file(wanted[k], g->cases.rules[i]);
		if (!there)
			wanted[n++] = g->cases.rules[i];
	}
	npaths = rules_arg_expand(paths, TEST_PATHS_MAX, wanted, n);
	return ruleset_read(&g->rules, &g->files, paths, npaths, *g->how, &g->diags);
}

static int add_test_file(struct test_session *s, const struct test_paths *p, const char *path)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	int r = fs_read(&b, path, RULE_FILE_BYTES_MAX);
	struct test_group *g = r < 0 ? NULL : new_group(s);

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
	return load_rules(g, p) < 0 ? -EINVAL : r;
}

static int add_tests(struct test_session *s, const struct test_paths *p, const char *path)
{
	char pattern[4096];
	struct stat st;
	glob_t g;
	int r = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return add_test_file(s, p, path);
	snprintf(pattern, sizeof(pattern), "%s/*.test.yaml", path);
	if (glob(pattern, 0, NULL, &g))
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++)
		r = add_test_file(s, p, g.gl_pathv[i]) < 0 ? -EINVAL : r;
	globfree(&g);
	return r;
}

/* A file that several test files name shows its examples once. */
static bool seen_before(const struct test_session *s, const struct test_group *g, const char *path)
{
	for (const struct test_group *o = s->v; o < g; o++) {
		for (size_t i = 0; i < o->files.n; i++) {
			if (same_file(o->files.v[i].name.p, path))
				return true;
		}
	}
	return false;
}

static int add_examples(struct test_session *s, struct test_group *g)
{
	int r = 0;

	for (size_t i = 0; i < g->files.n; i++) {
		if (!seen_before(s, g, g->files.v[i].name.p) &&
		    test_cases_examples(&g->cases, g->files.v[i].name, g->files.v[i].text, &s->diags) < 0)
			r = -EINVAL;
	}
	return r;
}

int test_load(struct test_session *s, const struct test_paths *p)
{
	int r = 0;

	s->how.places = true;
	for (size_t i = 0; i < p->ntests; i++)
		r = add_tests(s, p, p->tests[i]) < 0 ? -EINVAL : r;
	if (!p->ntests) {
		struct test_group *g = new_group(s);

		r = g ? load_rules(g, p) : -ENOMEM;
	}
	for (size_t i = 0; i < s->n && (p->examples || !p->ntests); i++)
		r = add_examples(s, &s->v[i]) < 0 ? -EINVAL : r;
	return r;
}

/* ---- rules of one case ---- */

static void own_free(struct test_own_rules *o)
{
	ruleset_free(o->rules);
	rule_files_free(&o->files);
	free(o->sources);
	diags_free(&o->diags);
	*o = (struct test_own_rules){};
}

void test_session_free(struct test_session *s)
{
	for (size_t i = 0; i < s->n; i++) {
		own_free(&s->v[i].own);
		test_cases_free(&s->v[i].cases);
		ruleset_free(s->v[i].rules);
		diags_free(&s->v[i].diags);
		rule_files_free(&s->v[i].files);
		free((char *)s->v[i].name.p);
		free((char *)s->v[i].text.p);
	}
	free(s->v);
	diags_free(&s->diags);
}

/* A setup written as a text stands further right in the file than in what the loader saw. */
static void move_places(struct diags *d, const struct test_setup *s)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].place.col && str_eq(d->v[i].place.file, s->source.name))
			d->v[i].place.col += s->indent;
	}
}

static void own_load(struct test_own_rules *o, const struct test_group *g, const struct test_case *c)
{
	const struct rule_files *f = c->rules ? &o->files : &g->files;
	struct engine_load in = *g->how;
	bool ok = true;
	size_t n;

	for (size_t i = 0; i < c->nrules; i++)
		ok = rule_files_add(&o->files, c->rules[i], &o->diags) >= 0 && ok;
	n = f->n;
	o->sources = calloc(n + 1, sizeof(*o->sources));
	if (!o->sources || !ok)
		return;
	for (size_t i = 0; i < n; i++)
		o->sources[i] = f->v[i];
	if (c->setup)
		o->sources[n++] = c->setup->source;
	in.sources = o->sources;
	in.nsources = n;
	ruleset_load(&o->rules, &in, &o->diags);
	if (c->setup)
		move_places(&o->diags, c->setup);
}

struct ruleset *test_rules_of(struct test_group *g, const struct test_case *c, const struct diags **ret)
{
	struct test_own_rules *o = &g->own;
	bool same = o->of && (o->of == c || (o->of->setup == c->setup && !o->of->rules && !c->rules));

	*ret = &g->diags;
	if (!c->setup && !c->rules)
		return g->rules;
	if (!same) {
		own_free(o);
		o->of = c;
		own_load(o, g, c);
	}
	*ret = &o->diags;
	return o->rules;
}
