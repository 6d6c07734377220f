/* SPDX-License-Identifier: Apache-2.0 */
#include "confine.h"
#include "agent.h"
#include "sensor/confine.h"
#include "util/log.h"
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Programs' own ground: libraries that are loaded late, certificates, users, the resolver's files, /proc/self. */
static const char *const ground[] = {"/etc", "/usr", "/lib", "/lib64", "/proc"};
/* Names of it that often lead elsewhere. */
static const char *const leading[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group",
				      "/etc/localtime"};

struct list {
	struct confine_path *v;
	size_t n, room;
	bool failed;
};

static void add(struct list *l, const char *path, size_t length, bool write)
{
	char *copy = strndup(path, length);

	if (copy && l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct confine_path *v = realloc(l->v, sizeof(*v) * room);

		if (!v) {
			free(copy);
			copy = NULL;
		} else {
			l->v = v;
			l->room = room;
		}
	}
	if (copy)
		l->v[l->n++] = (struct confine_path){.path = copy, .write = write};
	else
		l->failed = true;
}

static void add_parent(struct list *l, const char *path, bool write)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		add(l, ".", 1, write);
	else
		add(l, path, slash == path ? 1 : (size_t)(slash - path), write);
}

/*
 * The folder of the file, not the file: editors and rotation put another one in its place. Where the name leads
 * elsewhere, that folder as well. A folder counts for itself, and a device or a pipe is not replaced.
 */
static void add_file(struct list *l, const char *path, bool write)
{
	char real[PATH_MAX];
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		add(l, path, strlen(path), write);
		return;
	}
	add_parent(l, path, write);
	if (realpath(path, real))
		add_parent(l, real, write);
}

static void add_sink(struct list *l, const struct config_sink *s)
{
	if (!strncmp(s->spec, "file:", 5))
		add_file(l, s->spec + 5, true);
	add_file(l, s->ca_file, false);
	add_file(l, s->token_file, false);
	add_file(l, s->cert_file, false);
	add_file(l, s->key_file, false);
}

/*
 * Where the ECS agent's files of containers come to be. It may not have made that folder yet: then the one above it, but
 * nothing wider than its own data.
 */
static void add_ecs_files(struct list *l, const char *data_dir)
{
	static const char *const below[] = {"/data/metadata", "/data", ""};
	char path[PATH_MAX];

	for (size_t i = 0; data_dir && i < ARRAY_SIZE(below); i++) {
		snprintf(path, sizeof(path), "%s%s", data_dir, below[i]);
		if (access(path, F_OK) < 0)
			continue;
		add(l, path, strlen(path), false);
		return;
	}
}

/* What runtimes write of their containers: where it is not there yet, an agent that starts after them sees it. */
static void add_runtimes(struct list *l, const struct attribution_places *p)
{
	const char *const dirs[] = {p->containerd_state, p->podman_state, p->podman_storage};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (dirs[i])
			add(l, dirs[i], strlen(dirs[i]), false);
	}
}

/* Who loads our libraries. */
static int find_interpreter(struct dl_phdr_info *i, size_t size, void *ctx)
{
	const char **path = ctx;

	(void)size;
	for (int k = 0; k < i->dlpi_phnum; k++) {
		if (i->dlpi_phdr[k].p_type == PT_INTERP)
			*path = (const char *)(i->dlpi_addr + i->dlpi_phdr[k].p_vaddr);
	}
	return 1;	/* the first is the program itself */
}

/* The canary starts this program again. */
static void add_self(struct list *l)
{
	const char *self[] = {"/proc/self/exe", NULL};

	dl_iterate_phdr(find_interpreter, &self[1]);
	for (size_t i = 0; i < ARRAY_SIZE(self) && self[i]; i++) {
		add(l, self[i], strlen(self[i]), false);
		if (!l->failed)
			l->v[l->n - 1].execute = true;
	}
}

static void collect(struct list *l, const struct agent *a)
{
	const struct config *c = a->o.config;

	if (a->own.exe[0])
		add_parent(l, a->own.exe, false);	/* another may be put in its place */
	add_file(l, c->path, false);
	if (c->canary)
		add_self(l);
	for (size_t i = 0; i < ARRAY_SIZE(ground); i++)
		add(l, ground[i], strlen(ground[i]), false);
	for (size_t i = 0; i < ARRAY_SIZE(leading); i++)
		add_file(l, leading[i], false);
	add(l, a->state_dir, strlen(a->state_dir), true);
	add_ecs_files(l, a->places.of.ecs_data_dir);
	add_runtimes(l, &a->places.of);
	if (a->places.ecs_config_path)
		add_file(l, a->places.ecs_config_path, false);
	for (size_t i = 0; i < c->nsinks; i++)
		add_sink(l, &c->sinks[i]);
	for (size_t i = 0; i < a->o.nrule_paths; i++)
		add_file(l, a->o.rule_paths[i], false);
	for (size_t i = 0; i < a->o.rules.n; i++)
		add_file(l, a->o.rules.v[i].name.p, false);	/* in a folder, but perhaps a link to elsewhere */
}

void agent_confine(struct agent *a)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	struct list l = {};

	collect(&l, a);
	if (l.failed)
		snprintf(a->confined_why, sizeof(a->confined_why), "out of memory");
	else
		a->confined = sensor_confine(l.v, l.n, notify && *notify == '@', a->confined_why);
	if (a->confined <= 0)
		log_warning("the agent can still open root's files: %s", a->confined_why);
	for (size_t i = 0; i < l.n; i++)
		free((char *)l.v[i].path);
	free(l.v);
}
