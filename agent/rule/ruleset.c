/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/ruleset.h"
#include "util/fs.h"
#include "util/sha256.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define ENGINES_MAX 8
#define FILES_MAX 4096	/* rule files of one load */

struct ruleset {
	struct engine *engine[ENGINES_MAX];
	size_t nengines;
	struct matches matches;
	uint32_t enabled;
	char digest[SHA256_HEX];
};

const struct engine_ops *const engine_list[] = {
#define ENGINE(variable) &variable,
#include "rule/engine.def"
	NULL,
};

static int read_error(struct diags *diags, const char *path, int error)
{
	diags_add(diags, DIAG_FILE_READ, (struct diag_place){.file = str(path)}, STR_NONE, NULL, NULL, "cannot read it: %s",
		  strerror(-error));
	return error;
}

static int add_file(struct rule_files *f, const char *path, struct diags *diags)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	struct rule_source *v;
	char *name;
	int r;

	if (f->n == FILES_MAX)
		return read_error(diags, path, -E2BIG);
	r = fs_read(&b, path, RULE_FILE_BYTES_MAX);
	v = r < 0 ? NULL : realloc(f->v, sizeof(*v) * (f->n + 1));
	name = v ? strdup(path) : NULL;
	if (v)
		f->v = v;
	if (!name) {
		buf_free(&b);
		return read_error(diags, path, r < 0 ? r : -ENOMEM);
	}
	f->v[f->n++] = (struct rule_source){str(name), buf_view(&b)};
	return 0;
}

static int is_rules(const struct dirent *d)
{
	struct str name = str(d->d_name);

	/* X.test.yaml are cases, and a dot file is somebody's left-over */
	return d->d_name[0] != '.' && (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml"))) &&
	       !str_ends(name, STR(".test.yaml"));
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);	/* not alphasort(): the order must not depend on the locale */
}

static int add_folder(struct rule_files *f, const char *path, struct diags *diags)
{
	struct dirent **names;
	int n = scandir(path, &names, is_rules, by_bytes), r = 0;

	if (n < 0)
		return read_error(diags, path, -errno);
	for (int i = 0; i < n; i++) {
		struct buf full = {};
		struct stat st;

		buf_printf(&full, "%s/%s", path, names[i]->d_name);
		free(names[i]);
		if (full.p && !stat(full.p, &st) && S_ISREG(st.st_mode) && add_file(f, full.p, diags) < 0)
			r = -EINVAL;
		buf_free(&full);
	}
	free(names);
	return r;
}

int rule_files_add(struct rule_files *f, const char *path, struct diags *diags)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return read_error(diags, path, -errno);
	return S_ISDIR(st.st_mode) ? add_folder(f, path, diags) : add_file(f, path, diags);
}

void rule_files_free(struct rule_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free((char *)f->v[i].name.p);
		free((char *)f->v[i].text.p);
	}
	free(f->v);
	*f = (struct rule_files){};
}

static void digest(struct ruleset *rs, const struct engine_load *in)
{
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < in->nsources; i++)
		sha256_add(&s, in->sources[i].text);
	sha256_hex(&s, rs->digest);
}

static int prepare(struct ruleset *rs)
{
	uint32_t rules = 0;

	for (size_t i = 0; i < rs->nengines; i++) {
		const struct engine *e = rs->engine[i];
		struct engine_stats s = {};

		e->ops->stats(e, &s);
		rs->enabled += s.enabled;
		rules += e->ops->count(e);
	}
	rs->matches.room = rules;
	rs->matches.v = calloc(rules ? rules : 1, sizeof(*rs->matches.v));
	return rs->matches.v ? 0 : -ENOMEM;
}

int ruleset_load(struct ruleset **ret, const struct engine_load *in, struct diags *diags)
{
	_cleanup_(ruleset_freep) struct ruleset *rs = calloc(1, sizeof(*rs));
	int r = 0;

	if (!rs)
		return -ENOMEM;
	_Static_assert(ARRAY_SIZE(engine_list) - 1 <= ENGINES_MAX, "ENGINES_MAX");
	for (const struct engine_ops *const *ops = engine_list; *ops; ops++) {
		int e = (*ops)->load(&rs->engine[rs->nengines], in, diags);

		if (e < 0)
			r = e;	/* the other engines' errors are wanted too */
		else
			rs->nengines++;
	}
	if (r >= 0)
		r = prepare(rs);
	if (r < 0)
		return r;
	digest(rs, in);
	*ret = take(rs);
	return 0;
}

int ruleset_read(struct ruleset **ret, struct rule_files *f, const char *const *paths, size_t n, struct engine_load in,
		 struct diags *diags)
{
	_cleanup_(ruleset_freep) struct ruleset *rs = NULL;
	int unreadable = 0, r;

	for (size_t i = 0; i < n; i++)
		unreadable = rule_files_add(f, paths[i], diags) ?: unreadable;
	in.sources = f->v;
	in.nsources = f->n;
	r = ruleset_load(&rs, &in, diags) ?: unreadable;
	if (r >= 0)
		*ret = take(rs);
	return r;
}

struct ruleset *ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return NULL;
	for (size_t i = 0; i < rs->nengines; i++)
		rs->engine[i]->ops->free(rs->engine[i]);
	free(rs->matches.v);
	free(rs);
	return NULL;
}

void ruleset_needs(const struct ruleset *rs, struct needs *n)
{
	for (size_t i = 0; i < rs->nengines; i++) {
		struct needs more = {};

		rs->engine[i]->ops->needs(rs->engine[i], &more);
		needs_join(n, &more);
	}
}

const struct matches *ruleset_match(struct ruleset *rs, const struct event *ev)
{
	rs->matches.n = 0;
	for (size_t i = 0; i < rs->nengines; i++)
		rs->engine[i]->ops->match(rs->engine[i], ev, &rs->matches);
	return &rs->matches;
}

uint32_t ruleset_count(const struct ruleset *rs)
{
	return rs->enabled;
}

const char *ruleset_digest(const struct ruleset *rs)
{
	return rs->digest;
}

const struct engine *ruleset_engine(const struct ruleset *rs, const char *name)
{
	for (size_t i = 0; i < rs->nengines; i++) {
		if (!strcmp(rs->engine[i]->ops->name, name))
			return rs->engine[i];
	}
	return NULL;
}
