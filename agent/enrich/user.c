/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User
 *
 * The files are read with fgetpwent(), not through the name service switch:
 * that may ask the network, and load foreign code into this process.
 */
#include "enrich/user.h"
#include "util/arena.h"
#include "util/limits.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

struct user {
	uint32_t id;
	uint32_t order;		/* line: of two entries for one number the first counts */
	const char *name, *home, *shell;
};

/* One file as a table sorted by number. */
struct database {
	char *path;
	struct stat seen;
	struct arena *arena;
	struct user *v;
	size_t n;
};

static struct database users, groups;

static int by_id(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* 1: an entry; 0: the end. Lines that are none are passed over by the C library. */
static int next_entry(FILE *in, bool group, struct user *ret, struct arena *a)
{
	if (group) {
		const struct group *g = fgetgrent(in);

		if (!g)
			return 0;
		*ret = (struct user){.id = g->gr_gid, .name = arena_strdup(a, g->gr_name)};
	} else {
		const struct passwd *p = fgetpwent(in);

		if (!p)
			return 0;
		*ret = (struct user){
			.id = p->pw_uid,
			.name = arena_strdup(a, p->pw_name),
			.home = arena_strdup(a, p->pw_dir),
			.shell = arena_strdup(a, p->pw_shell),
		};
	}
	return ret->name ? 1 : 0;
}

static void database_free(struct database *d)
{
	d->arena = arena_free(d->arena);
	free(d->v);
	d->v = NULL;
	d->n = 0;
}

static int database_read(struct database *d, bool group)
{
	_cleanup_(fclosep) FILE *in = fopen(d->path, "re");
	struct database fresh = {.path = d->path};

	if (!in || fstat(fileno(in), &fresh.seen) < 0)
		return -errno;
	fresh.arena = arena_new(USERS_BYTES_MAX);
	fresh.v = calloc(USERS_MAX, sizeof(*fresh.v));
	if (!fresh.arena || !fresh.v) {
		database_free(&fresh);
		return -ENOMEM;
	}
	while (fresh.n < USERS_MAX && next_entry(in, group, &fresh.v[fresh.n], fresh.arena)) {
		fresh.v[fresh.n].order = (uint32_t)fresh.n;
		/* "+" and "-" lines stand for a directory service and come out as number 0 */
		fresh.n += *fresh.v[fresh.n].name != '+' && *fresh.v[fresh.n].name != '-';
	}
	qsort(fresh.v, fresh.n, sizeof(*fresh.v), by_id);
	database_free(d);
	*d = fresh;
	return 0;
}

static int database_load(struct database *d, const char *path, bool group)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	free(d->path);
	d->path = copy;
	database_free(d);
	d->seen = (struct stat){0};
	return database_read(d, group);
}

int users_load(const char *passwd, const char *group)
{
	int r = database_load(&users, passwd ? passwd : "/etc/passwd", false);
	int q = database_load(&groups, group ? group : "/etc/group", true);

	return r ? r : q;
}

static bool changed(const struct database *d)
{
	struct stat st;

	/* A file that is gone for a moment is being replaced: what was read stays. */
	if (!d->path || stat(d->path, &st) < 0)
		return false;
	return st.st_mtim.tv_sec != d->seen.st_mtim.tv_sec || st.st_mtim.tv_nsec != d->seen.st_mtim.tv_nsec ||
	       st.st_size != d->seen.st_size || st.st_ino != d->seen.st_ino;
}

bool users_refresh(void)
{
	bool any = false;

	if (changed(&users))
		any |= !database_read(&users, false);
	if (changed(&groups))
		any |= !database_read(&groups, true);
	return any;
}

void users_free(void)
{
	database_free(&users);
	database_free(&groups);
	free(users.path);
	free(groups.path);
	users = groups = (struct database){0};
}

static const struct user *lookup(const struct database *d, uint32_t id)
{
	size_t low = 0, high = d->n;

	while (low < high) {	/* the first of that number */
		size_t mid = low + (high - low) / 2;

		if (d->v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < d->n && d->v[low].id == id ? &d->v[low] : NULL;
}

const char *user_name(uint32_t uid)
{
	const struct user *u = lookup(&users, uid);

	return u ? u->name : NULL;
}

const char *user_homedir(uint32_t uid)
{
	const struct user *u = lookup(&users, uid);

	return u ? u->home : NULL;
}

const char *user_shell(uint32_t uid)
{
	const struct user *u = lookup(&users, uid);

	return u ? u->shell : NULL;
}

const char *group_name(uint32_t gid)
{
	const struct user *g = lookup(&groups, gid);

	return g ? g->name : NULL;
}
