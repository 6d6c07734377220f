/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of containerd, podman and CRI-O, by what these leave on disk: no
 * gRPC, no socket. Labels and image that containerd and podman keep in their
 * databases alone are not known.
 */
#include "attribution/oci.h"
#include "attribution/pool.h"
#include <errno.h>
#include <unistd.h>

#define TASKS "io.containerd.runtime.v2.task"
#define DOCKERS "moby"	/* its namespace there */

static struct workload *read_bundle(int folder)
{
	json_t *spec = pool_json(folder, "config.json", OCI_FILE_BYTES_MAX);
	struct workload *w = spec ? oci_facts(spec) : NULL;

	json_decref(spec);
	return w;
}

/* FOLDER/ID[/userdata]/config.json */
static struct workload *bundle_of(int folder, const char *id, const char *below)
{
	_cleanup_(closep) int own = pool_folder(folder, id);
	_cleanup_(closep) int deeper = own >= 0 && below ? pool_folder(own, below) : -1;

	return own < 0 ? NULL : read_bundle(below ? deeper : own);
}

static void no_such(struct pool_question *q, const char *dir)
{
	q->verdict = VERDICT_UNKNOWN;
	snprintf(q->why, sizeof(q->why), "%.200s: no bundle of that container", dir);
}

/* ---- containerd: STATE/TASKS/NAMESPACE/ID/config.json ---- */

/* Docker's namespace as well: it tells what Docker does not, where that may not be asked. */
static void look_containerd(struct pool_question *q)
{
	unsigned int left = OCI_FOLDER_ENTRIES_MAX;
	char dir[450];
	const char *name;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/" TASKS, q->dir[0]);
	d = opendir(dir);
	if (!d) {
		pool_refuse(q, dir, errno);
		return;
	}
	while (!q->facts && (name = pool_next(d, &left))) {
		_cleanup_(closep) int space = pool_folder(dirfd(d), name);

		if (space >= 0)
			q->facts = bundle_of(space, q->id, NULL);
		if (q->facts && strcmp(name, DOCKERS))	/* `ctr` names it by its id, where nobody else does */
			workload_say(q->facts, WORKLOAD_NAME, str(q->id));
	}
	closedir(d);
	no_such(q, dir);
}

static bool containerd_may_know(const struct provider *p, const struct workload_row *who)
{
	char path[450];

	if (strcmp(who->runtime, "containerd") && strcmp(who->runtime, "docker"))
		return false;
	snprintf(path, sizeof(path), "%s/" TASKS, pool_dir(p, 0));
	return access(path, F_OK) == 0;
}

static int containerd_open(struct provider **ret, const struct provider_env *env)
{
	if (!env->places->containerd_state)
		return -ENOENT;
	return pool_open(ret, env, &provider_containerd, look_containerd, (const char *const[]){env->places->containerd_state, NULL});
}

/* ---- podman and CRI-O: STORAGE/DRIVER-containers/ID/userdata/config.json ---- */

/* One folder of a driver: the bundle, and what the storage says of it. */
static struct workload *look_driver(const struct pool_question *q, int folder)
{
	struct workload *w = bundle_of(folder, q->id, "userdata");
	json_t *all = pool_json(folder, "containers.json", OCI_FILE_BYTES_MAX);
	struct workload *both = w || !all ? w : workload_new();

	if (both && !oci_storage_say(both, all, str(q->id)) && !w)
		both = workload_free(both);
	json_decref(all);
	return both;
}

static void look_root(struct pool_question *q, DIR *d)
{
	unsigned int left = OCI_FOLDER_ENTRIES_MAX;
	const char *name;

	while ((name = pool_next(d, &left))) {
		_cleanup_(closep) int folder = str_ends(str(name), STR("-containers")) ? pool_folder(dirfd(d), name) : -1;
		struct workload *w = folder < 0 ? NULL : look_driver(q, folder);

		if (w && q->facts)
			workload_say_all(q->facts, w);
		else if (w)
			q->facts = take(w);
		workload_free(w);
	}
}

static void look_storage(struct pool_question *q)
{
	bool any = false;

	for (unsigned int i = 0; i < POOL_DIRS; i++) {
		DIR *d = q->dir[i][0] ? opendir(q->dir[i]) : NULL;

		if (d) {
			look_root(q, d);
			closedir(d);
			any = true;
		} else if (q->dir[i][0] && !any) {
			pool_refuse(q, q->dir[i], errno);
		}
	}
	if (any)
		no_such(q, q->dir[1]);
}

static bool storage_may_know(const struct provider *p, const struct workload_row *who)
{
	if (strcmp(who->runtime, "podman") && strcmp(who->runtime, "cri-o"))
		return false;
	return (pool_dir(p, 0) && !access(pool_dir(p, 0), F_OK)) || (pool_dir(p, 1) && !access(pool_dir(p, 1), F_OK));
}

static int storage_open(struct provider **ret, const struct provider_env *env)
{
	const struct attribution_places *places = env->places;

	if (!places->podman_state && !places->podman_storage)
		return -ENOENT;
	return pool_open(ret, env, &provider_containers_storage, look_storage, (const char *const[]){places->podman_state, places->podman_storage});
}

const struct provider_ops provider_containerd = {
	.name = "containerd",
	.doc = "bundles of containerd's tasks: name, image and pod where Kubernetes or nerdctl started them, mounts, namespaces, whether it is privileged",
	.parallel = POOL_QUESTIONS,
	.open = containerd_open,
	.may_know = containerd_may_know,
	.ask = pool_ask,
	.free = pool_free,
};

const struct provider_ops provider_containers_storage = {
	.name = "containers_storage",
	.doc = "bundles and storage of podman and CRI-O: name, image, pod (CRI-O), mounts, namespaces, whether it is privileged",
	.parallel = POOL_QUESTIONS,
	.open = storage_open,
	.may_know = storage_may_know,
	.ask = pool_ask,
	.free = pool_free,
};
