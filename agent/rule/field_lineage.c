/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of an image: the process's own, its parent's, any ancestor's, its
 * session's and group's leader's. Ancestors count from the parent (1); 0 is the
 * process itself.
 */
#include "rule/field_get.h"
#include "util/limits.h"

typedef struct str (*image_text)(const struct field_get *g, const struct image *i);

static struct str text_name(const struct field_get *g __attribute__((unused)), const struct image *i)
{
	return i->comm;
}

static struct str text_exe(const struct field_get *g __attribute__((unused)), const struct image *i)
{
	return i->exe;
}

static struct str text_exepath(const struct field_get *g __attribute__((unused)), const struct image *i)
{
	return i->exepath;
}

static struct str text_cmdline(const struct field_get *g __attribute__((unused)), const struct image *i)
{
	return i->cmdline.p ? i->cmdline : i->comm;
}

/* No arguments is an empty text; an image of which nothing is known has none at all. */
static struct str text_args(const struct field_get *g __attribute__((unused)), const struct image *i)
{
	return i->args.p || (!i->argv.p && !i->cmdline.p) ? i->args : STR("");
}

static void add_words(struct text *t, struct str words)
{
	for (size_t at = 0; at < words.n;) {
		size_t n = strnlen(words.p + at, words.n - at);

		if (at)
			text_char(t, ' ');
		text_add(t, words.p + at, n);
		at += n + 1;
	}
}

static struct str text_env(const struct field_get *g, const struct image *i)
{
	struct text t = text_begin(g->s);

	add_words(&t, i->env);
	return text_view(&t);
}

/* The process level generations up, or NULL. */
static const struct process *ancestor(const struct field_get *g, int64_t level)
{
	const struct process *p = g->ev->process;

	for (int64_t n = 0; p && n < level; n++) {
		if (n >= LINEAGE_MAX)
			return NULL;
		p = p->parent;
	}
	return p;
}

static const struct image *image_of(const struct field_get *g, const struct process *p)
{
	return p && p == g->ev->process ? get_image(g) : p ? p->image : NULL;
}

static int put_image(const struct field_get *g, struct value *v, const struct image *i, image_text text)
{
	return i ? put_str(v, text(g, i)) : FIELD_MISSING;
}

static int put_level(const struct field_get *g, struct value *v, int64_t level, image_text text)
{
	return put_image(g, v, image_of(g, ancestor(g, level)), text);
}

/* With an index that ancestor; without one a value for each, from the parent upwards. */
static int put_ancestors(const struct field_get *g, struct value *v, image_text text)
{
	int n = 0;

	if (g->ref->index >= 0)
		return put_level(g, v, g->ref->index, text);
	if (!g->ev->process)
		return FIELD_MISSING;
	for (const struct process *p = g->ev->process->parent; p && n < LINEAGE_MAX; p = p->parent)
		n += p->image && put_str(v + n, text(g, p->image)) == 1;
	return n ? n : FIELD_MISSING;
}

#define LINEAGE(what)                                                                    \
	int get_proc_##what(const struct field_get *g, struct value *v)                  \
	{                                                                                \
		return put_image(g, v, get_image(g), text_##what);                       \
	}                                                                                \
	int get_proc_p##what(const struct field_get *g, struct value *v)                 \
	{                                                                                \
		return put_level(g, v, 1, text_##what);                                  \
	}                                                                                \
	int get_proc_a##what(const struct field_get *g, struct value *v)                 \
	{                                                                                \
		return put_ancestors(g, v, text_##what);                                 \
	}

LINEAGE(name)
LINEAGE(exe)
LINEAGE(exepath)
LINEAGE(cmdline)

int get_proc_apid(const struct field_get *g, struct value *v)
{
	const struct process *p;
	int n = 0;

	if (!g->ref->index)	/* known without a row as well */
		return get_proc_pid(g, v);
	if (g->ref->index > 0) {
		p = ancestor(g, g->ref->index);
		return p ? put_int(v, p->pid) : FIELD_MISSING;
	}
	for (p = ancestor(g, 1); p && n < LINEAGE_MAX; p = p->parent)
		n += put_int(v + n, p->pid);
	return n ? n : FIELD_MISSING;
}

struct str word_at(struct str words, uint64_t n)
{
	for (size_t at = 0; at < words.n; n--) {
		size_t len = strnlen(words.p + at, words.n - at);

		if (!n)
			return str_n(words.p + at, len);
		at += len + 1;
	}
	return STR_NONE;
}

int get_proc_args(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);
	struct str arg;

	if (!i)
		return FIELD_MISSING;
	if (g->ref->index < 0)
		return put_str(v, text_args(g, i));
	arg = word_at(i->argv, (uint64_t)g->ref->index + 1);
	return put_str(v, arg.p ? arg : STR(""));	/* past the end: an empty text, as in the original */
}

int get_proc_aargs(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);
	bool any = false;
	int n = 0;

	if (g->ref->index >= 0)
		return put_level(g, v, g->ref->index, text_args);
	for (const struct process *p = ancestor(g, 1); p && n < LINEAGE_MAX; p = p->parent, n++) {
		if (!p->image)
			continue;
		if (any)
			text_char(&t, ' ');
		text_str(&t, text_args(g, p->image));
		any = true;
	}
	return any ? put_str(v, text_view(&t)) : FIELD_MISSING;
}

int get_proc_exeline(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);
	struct text t = text_begin(g->s);

	if (!i || !i->exe.p)
		return FIELD_MISSING;
	text_str(&t, i->exe);
	if (i->args.n) {
		text_char(&t, ' ');
		text_str(&t, i->args);
	}
	return put_str(v, text_view(&t));
}

int get_proc_cmdnargs(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i && i->argv.p ? put_uint(v, i->argc ? i->argc - 1 : 0) : FIELD_MISSING;
}

int get_proc_cmdlenargs(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);
	uint64_t sum = 0;

	if (!i || !i->argv.p)
		return FIELD_MISSING;
	for (size_t at = strnlen(i->argv.p, i->argv.n) + 1; at < i->argv.n;) {
		size_t n = strnlen(i->argv.p + at, i->argv.n - at);

		sum += n;
		at += n + 1;
	}
	return put_uint(v, sum);
}

struct str env_value(struct str env, struct str key)
{
	for (size_t at = 0; at < env.n;) {
		size_t n = strnlen(env.p + at, env.n - at);

		if (n > key.n && env.p[at + key.n] == '=' && !memcmp(env.p + at, key.p, key.n))
			return str_n(env.p + at + key.n + 1, n - key.n - 1);
		at += n + 1;
	}
	return STR("");	/* unset is an empty text, as in the original */
}

int get_proc_env(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	if (!i)
		return FIELD_MISSING;
	return put_str(v, g->ref->arg.p ? env_value(i->env, g->ref->arg) : text_env(g, i));
}

#define ENV_LEVELS 20	/* how far proc.aenv[NAME] looks: the original's bound */

int get_proc_aenv(const struct field_get *g, struct value *v)
{
	const struct process *p = ancestor(g, 1);
	struct str found = STR("");

	if (!g->ref->arg.p || g->ref->index >= 0)
		return put_ancestors(g, v, text_env);
	for (int n = 0; p && !found.n && n < ENV_LEVELS; p = p->parent, n++) {
		if (p->image)
			found = env_value(p->image->env, g->ref->arg);
	}
	return put_str(v, found);
}

int get_proc_cwd(const struct field_get *g, struct value *v)
{
	const struct image *i = get_image(g);

	return i ? put_str(v, i->cwd) : FIELD_MISSING;
}

/* The oldest process of the lineage whose name ends in "sh". */
int get_proc_loginshellid(const struct field_get *g, struct value *v)
{
	const struct process *found = NULL;
	int n = 0;

	for (const struct process *p = g->ev->process; p && n <= LINEAGE_MAX; p = p->parent, n++) {
		const struct image *i = image_of(g, p);

		if (i && str_ends(i->comm, STR("sh")))
			found = p;
	}
	return found ? put_int(v, found->pid) : FIELD_MISSING;
}

/* A leader is found when it is the process itself or one of its ancestors. */
static const struct image *leader(const struct field_get *g, uint32_t pid)
{
	const struct process *p = g->ev->process;

	for (int n = 0; p && n <= LINEAGE_MAX; p = p->parent, n++) {
		if (p->pid == pid)
			return image_of(g, p);
	}
	return NULL;
}

#define LEADER(field, id, what)                                                          \
	int get_proc_##field(const struct field_get *g, struct value *v)                 \
	{                                                                                \
		const struct process *p = g->ev->process;                                \
											 \
		return p ? put_image(g, v, leader(g, p->id), text_##what) : FIELD_MISSING; \
	}

LEADER(sname, sid, name)
LEADER(sid_exe, sid, exe)
LEADER(sid_exepath, sid, exepath)
LEADER(pgid_name, pgid, name)
LEADER(pgid_exe, pgid, exe)
LEADER(pgid_exepath, pgid, exepath)
LEADER(vpgid_name, pgid, name)	/* the same group, named by its number in the namespace */
LEADER(vpgid_exe, pgid, exe)
LEADER(vpgid_exepath, pgid, exepath)
