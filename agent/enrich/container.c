/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container
 *
 * Paths are read from the root down and the first container met is the one: what
 * lies below was made inside it, and may carry any name its makers liked.
 */
#include "enrich/container.h"
#include "enrich/lazy.h"
#include "enrich/links.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define HEX_ID 64
#define HEX_TASK 32

/* Names of scopes (and of groups, where the runtime does without systemd) that carry a container's id. */
static const struct {
	struct str prefix;
	const char *runtime;
	const char *bare_below;	/* without ".scope" only in a group whose name begins so; NULL: never */
} scopes[] = {
	{{"docker-", 7}, "docker", NULL},
	{{"cri-containerd-", 15}, "containerd", NULL},
	{{"nerdctl-", 8}, "containerd", NULL},
	{{"libpod-", 7}, "podman", ""},		/* --cgroup-parent takes any name */
	{{"crio-", 5}, "cri-o", "pod"},
};

struct walk {
	struct str up[3];	/* the components before this one, nearest first */
	struct str task, cluster;
	bool kube;
};

static bool is_hex(struct str s, size_t n)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

/* 8-4-4-4-12: the older form of a task id. */
static bool is_uuid(struct str s)
{
	static const uint8_t parts[] = {8, 4, 4, 4, 12};
	size_t at = 0;

	if (s.n != 36)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!is_hex(str_n(s.p + at, parts[i]), parts[i]) || (i < 4 && s.p[at + parts[i]] != '-'))
			return false;
		at += parts[i] + 1u;
	}
	return true;
}

static bool is_task(struct str s)
{
	return is_hex(s, HEX_TASK) || is_uuid(s);
}

static bool is_cluster(struct str s)
{
	if (!s.n || s.n > 255)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n <= 10;
}

/* /ecs/TASK/… or /ecs/CLUSTER/TASK/…: the groups of the ECS agent without systemd. */
static bool below_ecs_task(struct walk *w)
{
	if (!is_task(w->up[0]))
		return false;
	if (str_eq(w->up[1], STR("ecs"))) {
		w->task = w->up[0];
		return true;
	}
	if (str_eq(w->up[2], STR("ecs")) && is_cluster(w->up[1])) {
		w->task = w->up[0];
		w->cluster = w->up[1];
		return true;
	}
	return false;
}

static bool is_task_slice(struct str s)
{
	return str_starts(s, STR("ecstasks-")) && str_ends(s, STR(".slice"));
}

/* A group named by the id alone: only its parents say that it is a container's. */
static const char *bare_runtime(struct walk *w)
{
	if (str_eq(w->up[0], STR("docker")) || below_ecs_task(w) || (is_task_slice(w->up[0]) && w->task.n))
		return "docker";
	if (w->kube && (str_starts(w->up[0], STR("pod")) || memmem(w->up[0].p, w->up[0].n, "-pod", 4)))
		return "containerd";
	return NULL;
}

/* "docker-ID.scope" and the like. */
static const char *scope_runtime(const struct walk *w, struct str c, struct str *id)
{
	bool scope = str_ends(c, STR(".scope"));
	struct str name = scope ? str_n(c.p, c.n - 6) : c;

	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		struct str rest = str_skip(name, scopes[i].prefix.n);

		if (!str_starts(name, scopes[i].prefix) || !is_hex(rest, HEX_ID))
			continue;
		if (!scope && !(scopes[i].bare_below && str_starts(w->up[0], str(scopes[i].bare_below))))
			continue;
		*id = rest;
		return scopes[i].runtime;
	}
	return NULL;
}

/* "kubepods-burstable-podUID.slice:cri-containerd:ID": containerd told to use systemd names without systemd. */
static const char *colon_runtime(struct str c, struct str *id)
{
	struct str last = str_after_last(c, ':'), before;

	if (last.n == c.n || !str_starts(c, STR("kubepods")) || !is_hex(last, HEX_ID))
		return NULL;
	before = str_after_last(str_n(c.p, c.n - last.n - 1), ':');
	*id = last;
	if (str_eq(before, STR("cri-containerd")))
		return "containerd";
	return str_eq(before, STR("docker")) ? "docker" : str_eq(before, STR("crio")) ? "cri-o" : NULL;
}

/* The runtime when this component is a container's, with its id; otherwise notes what the component tells of those below. */
static const char *component(struct walk *w, struct str c, struct str *id)
{
	const char *runtime;

	if (is_task_slice(c)) {
		/* A dashed task id spreads over nested slices; the last is the whole. */
		struct str task = str_n(c.p + 9, c.n - 9 - 6);

		if (is_task(task))
			w->task = task;
		return NULL;
	}
	if (is_hex(c, HEX_ID)) {
		*id = c;
		return bare_runtime(w);
	}
	/* Fargate: TASK-N below TASK. Which runtime it was is not said. */
	if (c.n > HEX_TASK + 1 && c.p[HEX_TASK] == '-' && is_number(str_skip(c, HEX_TASK + 1)) &&
	    str_eq(str_n(c.p, HEX_TASK), w->up[0]) && below_ecs_task(w)) {
		*id = c;
		return "ecs";
	}
	runtime = scope_runtime(w, c, id);
	if (!runtime)
		runtime = colon_runtime(c, id);
	if (str_starts(c, STR("kubepods")))
		w->kube = true;
	return runtime;
}

static void put(char *dst, size_t room, struct str s)
{
	size_t n = s.n < room ? s.n : room - 1;

	if (n)
		memcpy(dst, s.p, n);
	dst[n] = 0;
}

bool container_parse(struct container *ret, struct str path)
{
	struct walk w = {0};
	struct str id = STR_NONE;

	for (struct str rest = path; rest.n;) {
		const char *slash = memchr(rest.p, '/', rest.n);
		struct str c = str_n(rest.p, slash ? (size_t)(slash - rest.p) : rest.n);
		const char *runtime;

		rest = str_skip(rest, c.n + 1);
		/* ".." leads a path that was read from inside another cgroup namespace */
		if (!c.n || str_eq(c, STR("..")) || str_eq(c, STR(".")))
			continue;
		runtime = component(&w, c, &id);
		if (runtime) {
			put(ret->id, sizeof(ret->id), id);
			put(ret->runtime, sizeof(ret->runtime), str(runtime));
			put(ret->task_id, sizeof(ret->task_id), w.task);
			put(ret->cluster, sizeof(ret->cluster), w.cluster);
			put(ret->path, sizeof(ret->path), path);
			return true;
		}
		w.up[2] = w.up[1];
		w.up[1] = w.up[0];
		w.up[0] = c;
	}
	return false;
}

/* A group; most hosts have far more of these than containers, so a container's texts lie apart. */
struct group {
	uint64_t cgroup;
	uint64_t gone;		/* when it was removed, 0: it is there */
	uint32_t hash_next;	/* of a free one the next of these */
	uint32_t container;	/* index, 0 for none */
};

#define BUCKETS 16384	/* a power of two */

struct container_table {
	struct group *groups;		/* 1 … CGROUP_MAX */
	struct container *containers;	/* 1 … CGROUP_MAX + 1, one being filled in; free ones linked through cgroup */
	struct workloads *workloads;
	struct link *links;		/* entry 0 … CGROUP_MAX are groups; LRU and GONE are lists, oldest first */
	uint32_t buckets[BUCKETS];
	uint32_t last;			/* group of the last find */
	uint32_t fresh_group, fresh_container;
	uint32_t free_group, free_container;
	struct container_stats stats;
};

enum { LRU = CGROUP_MAX + 1, GONE, _LINKS };

struct container_table *container_table_new(void)
{
	struct container_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->groups = lazy_new(CGROUP_MAX + 1, sizeof(*t->groups));
	t->containers = lazy_new(CGROUP_MAX + 2, sizeof(*t->containers));
	t->links = lazy_new(_LINKS, sizeof(*t->links));
	t->workloads = workloads_new();
	if (!t->groups || !t->containers || !t->links || !t->workloads)
		return container_table_free(t);
	links_init(t->links, LRU);
	links_init(t->links, GONE);
	return t;
}

struct container_table *container_table_free(struct container_table *t)
{
	if (!t)
		return NULL;
	lazy_free(t->groups, CGROUP_MAX + 1, sizeof(*t->groups));
	lazy_free(t->containers, CGROUP_MAX + 2, sizeof(*t->containers));
	lazy_free(t->links, _LINKS, sizeof(*t->links));
	workloads_free(t->workloads);
	free(t);
	return NULL;
}

static uint32_t *bucket(struct container_table *t, uint64_t cgroup)
{
	return &t->buckets[(cgroup * 0x9e3779b97f4a7c15ull) >> 50];
}
_Static_assert(BUCKETS == 1 << (64 - 50), "bucket() takes the top bits");

static uint32_t find(struct container_table *t, uint64_t cgroup)
{
	uint32_t i = *bucket(t, cgroup);

	while (i && t->groups[i].cgroup != cgroup)
		i = t->groups[i].hash_next;
	return i;
}

static void end_container(struct container_table *t, struct group *g)
{
	if (g->container)
		t->containers[g->container].who->alive--;
}

static void forget_container(struct container_table *t, struct group *g)
{
	if (!g->container)
		return;
	if (!g->gone)
		end_container(t, g);
	workloads_release(t->workloads, t->containers[g->container].who);
	t->containers[g->container].cgroup = t->free_container;
	t->free_container = g->container;
	g->container = 0;
	t->stats.containers--;
}

/* Out of the table; the row is on no list then. */
static void forget(struct container_table *t, uint32_t i)
{
	struct group *g = &t->groups[i];
	uint32_t *at = bucket(t, g->cgroup);

	while (*at != i)
		at = &t->groups[*at].hash_next;
	*at = g->hash_next;
	links_remove(t->links, i);
	forget_container(t, g);
	t->stats.groups--;
	t->stats.gone -= g->gone != 0;
	t->last = 0;
	g->hash_next = t->free_group;
	t->free_group = i;
}

static uint32_t oldest(const struct container_table *t)
{
	uint32_t i = links_first(t->links, GONE);

	return i == GONE ? links_first(t->links, LRU) : i;
}

static uint32_t add(struct container_table *t, uint64_t cgroup)
{
	uint32_t i, *at = bucket(t, cgroup);

	if (!t->free_group && t->fresh_group == CGROUP_MAX) {
		forget(t, oldest(t));
		t->stats.evicted++;
	}
	i = t->free_group ? t->free_group : ++t->fresh_group;
	if (i == t->free_group)
		t->free_group = t->groups[i].hash_next;
	t->groups[i] = (struct group){.cgroup = cgroup, .hash_next = *at};
	*at = i;
	t->stats.groups++;
	return i;
}

void container_table_gone(struct container_table *t, uint64_t cgroup, uint64_t now)
{
	uint32_t i = find(t, cgroup);

	if (i && !t->groups[i].gone) {
		t->groups[i].gone = now ? now : 1;
		end_container(t, &t->groups[i]);
		t->stats.gone++;
		links_push(t->links, GONE, i);
	}
	for (i = links_first(t->links, GONE); i != GONE; i = links_first(t->links, GONE)) {
		if (now < t->groups[i].gone + CGROUP_GRACE_SEC * NSEC_PER_SEC)
			break;
		forget(t, i);
	}
}

/* A row that nobody uses; there is always one, as there are as many as groups. */
static uint32_t fresh_container(struct container_table *t)
{
	uint32_t c = t->free_container ? t->free_container : t->fresh_container + 1;

	if (c == t->free_container)
		t->free_container = (uint32_t)t->containers[c].cgroup;
	else
		t->fresh_container = c;
	return c;
}

/* A name with an id in it, where no known shape has one. */
static bool looks_like_one(struct str path)
{
	size_t run = 0;

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && is_hex(str_n(path.p + i, 1), 1)) {
			run++;
			continue;
		}
		if (run == HEX_ID)
			return true;
		run = 0;
	}
	return false;
}

struct workload_row container_row(const struct container *c)
{
	struct workload_row row = {};

	memcpy(row.id, c->id, sizeof(row.id));
	memcpy(row.runtime, c->runtime, sizeof(row.runtime));
	memcpy(row.task_id, c->task_id, sizeof(row.task_id));
	memcpy(row.cluster, c->cluster, sizeof(row.cluster));
	return row;
}

static struct workload_row *who_is(struct container_table *t, const struct container *c)
{
	struct workload_row key = container_row(c);

	return workloads_hold(t->workloads, &key);
}

void container_table_add(struct container_table *t, uint64_t cgroup, struct str path)
{
	uint32_t i = find(t, cgroup), c = fresh_container(t);
	bool is = container_parse(&t->containers[c], path);
	struct group *g;

	if (is) {	/* before an earlier row of the same container is given up: what is known of it stays */
		t->containers[c].cgroup = cgroup;
		t->containers[c].who = who_is(t, &t->containers[c]);
	}
	if (!i)
		i = add(t, cgroup);
	links_push(t->links, LRU, i);
	t->last = 0;	/* the group in use is no longer the newest: its next event says so again */
	g = &t->groups[i];
	forget_container(t, g);
	t->stats.gone -= g->gone != 0;	/* a late record met it once more */
	g->gone = 0;
	g->container = is ? c : 0;
	t->stats.containers += is;
	if (is)
		return;
	if (looks_like_one(path)) {
		t->stats.unrecognised++;
		put(t->stats.unrecognised_path, sizeof(t->stats.unrecognised_path), path);
	}
	t->containers[c].cgroup = t->free_container;
	t->free_container = c;
}

struct workloads *container_table_workloads(struct container_table *t)
{
	return t->workloads;
}

const struct container *container_table_find(struct container_table *t, uint64_t cgroup, bool *known)
{
	uint32_t i = t->last && t->groups[t->last].cgroup == cgroup ? t->last : find(t, cgroup);

	*known = i;
	if (!i) {
		t->stats.unknown++;
		return NULL;
	}
	if (t->last != i) {
		t->last = i;
		if (!t->groups[i].gone)
			links_push(t->links, LRU, i);
	}
	return t->groups[i].container ? &t->containers[t->groups[i].container] : NULL;
}

void container_table_groups(const struct container_table *t,
			    void (*fn)(void *ctx, uint64_t cgroup, const struct container *c), void *ctx)
{
	for (uint32_t b = 0; b < BUCKETS; b++) {
		for (uint32_t i = t->buckets[b]; i; i = t->groups[i].hash_next) {
			uint32_t c = t->groups[i].container;

			fn(ctx, t->groups[i].cgroup, c ? &t->containers[c] : NULL);
		}
	}
}

void container_table_stats(const struct container_table *t, struct container_stats *ret)
{
	*ret = t->stats;
}
