/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECS files
 *
 * The metadata files that the ECS agent keeps of containers where that is
 * turned on: data/metadata/[CLUSTER/]TASK/CONTAINER/ecs-container-metadata.json.
 * The task's folder goes by the task's id, the container by what its file says.
 * Read on the thread pool; nothing on the way is followed elsewhere.
 */
#include "attribution/ecs.h"
#include "attribution/pool.h"
#include "attribution/query.h"
#include <errno.h>
#include <unistd.h>

#define FOLDER "data/metadata"
#define FILE_NAME "ecs-container-metadata.json"

/* Facts, when this is the file of that container and it is complete. */
static struct workload *read_file(const struct pool_question *q, int folder)
{
	json_t *o = pool_json(folder, FILE_NAME, ECS_FILE_BYTES_MAX);
	struct workload *w = o ? ecs_file_facts(o, str(q->id), str(q->task_id)) : NULL;

	json_decref(o);
	return w;
}

/* Takes the descriptor of the task's folder. */
static struct workload *look_at_task(const struct pool_question *q, int task)
{
	unsigned int left = ECS_FOLDER_ENTRIES_MAX;
	struct workload *w = NULL;
	DIR *d = fdopendir(task);
	const char *name;
	int fd;

	if (!d) {
		close(task);
		return NULL;
	}
	while (!w && (name = pool_next(d, &left))) {
		fd = pool_folder(dirfd(d), name);
		if (fd < 0)
			continue;
		w = read_file(q, fd);
		close(fd);
	}
	closedir(d);
	return w;
}

/* Below the cluster's folder where ARNs have the cluster, else at once. */
static struct workload *look_below(const struct pool_question *q, DIR *d)
{
	unsigned int left = ECS_FOLDER_ENTRIES_MAX;
	struct workload *w = NULL;
	const char *name;
	int cluster, task = pool_folder(dirfd(d), q->task_id);

	if (task >= 0)
		w = look_at_task(q, task);
	while (!w && (name = pool_next(d, &left))) {
		cluster = pool_folder(dirfd(d), name);
		if (cluster < 0)
			continue;
		task = pool_folder(cluster, q->task_id);
		if (task >= 0)
			w = look_at_task(q, task);
		close(cluster);
	}
	return w;
}

static void look(struct pool_question *q)
{
	char dir[450];
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/" FOLDER, q->dir[0]);
	d = opendir(dir);
	if (!d) {
		pool_refuse(q, dir, errno);
		return;
	}
	q->facts = look_below(q, d);
	closedir(d);
	q->verdict = VERDICT_UNKNOWN;
	snprintf(q->why, sizeof(q->why), "%.200s: no complete file of that container", dir);
}

/* Most hosts have no such files: then nobody is sent for them. */
static bool files_may_know(const struct provider *p, const struct workload_row *who)
{
	const char *dir = pool_dir(p, 0);
	char path[400];

	if (strcmp(who->runtime, "docker") || !who->task_id[0])
		return false;
	snprintf(path, sizeof(path), "%s/" FOLDER, dir);
	return access(path, F_OK) == 0;
}

static int files_open(struct provider **ret, const struct provider_env *env)
{
	if (!env->places->ecs_data_dir)
		return -ENOENT;
	return pool_open(ret, env, &provider_ecs_files, look, (const char *const[]){env->places->ecs_data_dir, NULL});
}

const struct provider_ops provider_ecs_files = {
	.name = "ecs_files",
	.doc = "files that the ECS agent writes of containers where ECS_ENABLE_CONTAINER_METADATA is on: task, task definition, the container's name there, image",
	.parallel = POOL_QUESTIONS,
	.open = files_open,
	.may_know = files_may_know,
	.ask = pool_ask,
	.free = pool_free,
};
