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
#include "attribution/provider.h"
#include "attribution/query.h"
#include "util/fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUESTIONS 2u
#define FOLDER "data/metadata"
#define FILE_NAME "ecs-container-metadata.json"

struct ecs_files {
	struct provider provider;
	struct provider_env env;
	struct job *jobs[QUESTIONS];
};

/* Outlives the provider when that goes while it is read. */
struct job {
	uv_work_t work;
	struct ecs_files *files;	/* NULL: nobody wants it any more */
	uint64_t ticket;
	char dir[400], id[80], task_id[40];
	struct workload *facts;
	enum verdict verdict;
	char why[300];
};

static int open_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The next folder's name below d, NULL at the end and after as many as are looked at. */
static const char *next_name(DIR *d, unsigned int *left)
{
	struct dirent *e;

	while (*left && (*left)--) {
		e = readdir(d);
		if (!e)
			return NULL;
		if (e->d_name[0] != '.')
			return e->d_name;
	}
	return NULL;
}

/* Facts, when this is the file of that container and it is complete. */
static struct workload *read_file(const struct job *j, int folder)
{
	struct buf text = {.max = ECS_FILE_BYTES_MAX};
	struct workload *w = NULL;
	json_t *o = NULL;
	struct stat st;
	int fd = openat(folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fs_read_fd(&text, fd, ECS_FILE_BYTES_MAX) == 0 && text.n)
		o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	if (o)
		w = ecs_file_facts(o, str(j->id), str(j->task_id));
	json_decref(o);
	buf_free(&text);
	close(fd);
	return w;
}

/* Takes the descriptor of the task's folder. */
static struct workload *look_at_task(const struct job *j, int task)
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
	while (!w && (name = next_name(d, &left))) {
		fd = open_folder(dirfd(d), name);
		if (fd < 0)
			continue;
		w = read_file(j, fd);
		close(fd);
	}
	closedir(d);
	return w;
}

/* Below the cluster's folder where ARNs have the cluster, else at once. */
static struct workload *look(const struct job *j, DIR *d)
{
	unsigned int left = ECS_FOLDER_ENTRIES_MAX;
	struct workload *w = NULL;
	const char *name;
	int cluster, task = open_folder(dirfd(d), j->task_id);

	if (task >= 0)
		w = look_at_task(j, task);
	while (!w && (name = next_name(d, &left))) {
		cluster = open_folder(dirfd(d), name);
		if (cluster < 0)
			continue;
		task = open_folder(cluster, j->task_id);
		if (task >= 0)
			w = look_at_task(j, task);
		close(cluster);
	}
	return w;
}

static void on_pool(uv_work_t *work)
{
	struct job *j = work->data;
	DIR *d = opendir(j->dir);
	int r = errno;

	if (!d) {
		j->verdict = r == EACCES || r == EPERM ? VERDICT_REFUSED : VERDICT_DOWN;
		snprintf(j->why, sizeof(j->why), "%.200s: %s", j->dir, strerrordesc_np(r));
		return;
	}
	j->facts = look(j, d);
	closedir(d);
	j->verdict = j->facts ? VERDICT_FACTS : VERDICT_UNKNOWN;
	if (!j->facts)
		snprintf(j->why, sizeof(j->why), "%.200s: no complete file of that container", j->dir);
}

static void after_pool(uv_work_t *work, int status)
{
	struct job *j = work->data;
	struct ecs_files *f = j->files;
	struct provider_answer a = {j->verdict, j->facts ? NULL : j->why, take(j->facts)};
	uint64_t ticket = j->ticket;

	(void)status;
	for (unsigned int i = 0; f && i < QUESTIONS; i++) {
		if (f->jobs[i] == j)
			f->jobs[i] = NULL;
	}
	if (f)
		f->env.answer(f->env.ctx, &f->provider, ticket, &a);
	else
		workload_free(a.facts);
	free(j);
}

static int files_ask(struct provider *p, const struct workload_row *who, uint64_t ticket)
{
	struct ecs_files *f = (struct ecs_files *)p;
	struct job *j = calloc(1, sizeof(*j));
	unsigned int i = 0;

	if (!j)
		return -ENOMEM;
	while (f->jobs[i])
		i++;
	f->jobs[i] = j;
	j->files = f;
	j->ticket = ticket;
	j->work.data = j;
	snprintf(j->dir, sizeof(j->dir), "%s/" FOLDER, f->env.places->ecs_data_dir);
	snprintf(j->id, sizeof(j->id), "%s", who->id);
	snprintf(j->task_id, sizeof(j->task_id), "%s", who->task_id);
	uv_queue_work(f->env.loop, &j->work, on_pool, after_pool);	/* fails only without a function to call */
	return 0;
}

/* Most hosts have no such files: then nobody is sent for them. */
static bool files_may_know(const struct provider *p, const struct workload_row *who)
{
	const struct ecs_files *f = (const struct ecs_files *)p;
	char dir[400];

	if (strcmp(who->runtime, "docker") || !who->task_id[0])
		return false;
	snprintf(dir, sizeof(dir), "%s/" FOLDER, f->env.places->ecs_data_dir);
	return access(dir, F_OK) == 0;
}

static int files_open(struct provider **ret, const struct provider_env *env)
{
	struct ecs_files *f;

	if (!env->places->ecs_data_dir)
		return -ENOENT;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->provider.ops = &provider_ecs_files;
	f->env = *env;
	*ret = &f->provider;
	return 0;
}

static void files_free(struct provider *p)
{
	struct ecs_files *f = (struct ecs_files *)p;

	for (unsigned int i = 0; i < QUESTIONS; i++) {
		if (!f->jobs[i])
			continue;
		f->jobs[i]->files = NULL;
		uv_cancel((uv_req_t *)&f->jobs[i]->work);
	}
	free(f);
}

const struct provider_ops provider_ecs_files = {
	.name = "ecs_files",
	.doc = "files that the ECS agent writes of containers where ECS_ENABLE_CONTAINER_METADATA is on: task, task definition, the container's name there, image",
	.parallel = QUESTIONS,
	.open = files_open,
	.may_know = files_may_know,
	.ask = files_ask,
	.free = files_free,
};
