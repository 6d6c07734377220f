/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/pool.h"
#include "util/fs.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct pool {
	struct provider provider;
	struct provider_env env;
	pool_look_fn look;
	const char *dirs[POOL_DIRS];
	struct job *jobs[POOL_QUESTIONS];
};

/* Outlives the provider when that goes while it is read. */
struct job {
	uv_work_t work;
	struct pool *pool;	/* NULL: nobody wants it any more */
	pool_look_fn look;
	uint64_t ticket;
	struct pool_question q;
};

static void on_pool(uv_work_t *work)
{
	struct job *j = work->data;

	j->look(&j->q);
}

static void after_pool(uv_work_t *work, int status)
{
	struct job *j = work->data;
	struct pool *p = j->pool;
	struct provider_answer a = {j->q.facts ? VERDICT_FACTS : j->q.verdict, j->q.facts ? NULL : j->q.why, take(j->q.facts)};
	uint64_t ticket = j->ticket;

	(void)status;
	for (unsigned int i = 0; p && i < POOL_QUESTIONS; i++) {
		if (p->jobs[i] == j)
			p->jobs[i] = NULL;
	}
	if (p)
		p->env.answer(p->env.ctx, &p->provider, ticket, &a);
	else
		workload_free(a.facts);
	free(j);
}

int pool_open(struct provider **ret, const struct provider_env *env, const struct provider_ops *ops, pool_look_fn look,
	      const char *const dirs[POOL_DIRS])
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->provider.ops = ops;
	p->env = *env;
	p->look = look;
	memcpy(p->dirs, dirs, sizeof(p->dirs));
	*ret = &p->provider;
	return 0;
}

const char *pool_dir(const struct provider *p, unsigned int nth)
{
	return ((const struct pool *)p)->dirs[nth];
}

int pool_ask(struct provider *base, const struct workload_row *who, uint64_t ticket)
{
	struct pool *p = (struct pool *)base;
	struct job *j = calloc(1, sizeof(*j));
	unsigned int i = 0;

	if (!j)
		return -ENOMEM;
	while (p->jobs[i])	/* no more are asked at one time */
		i++;
	p->jobs[i] = j;
	j->pool = p;
	j->look = p->look;
	j->ticket = ticket;
	j->work.data = j;
	for (unsigned int k = 0; k < POOL_DIRS; k++)
		snprintf(j->q.dir[k], sizeof(j->q.dir[k]), "%s", p->dirs[k] ? p->dirs[k] : "");
	snprintf(j->q.id, sizeof(j->q.id), "%s", who->id);
	snprintf(j->q.task_id, sizeof(j->q.task_id), "%s", who->task_id);
	uv_queue_work(p->env.loop, &j->work, on_pool, after_pool);	/* fails only without a function to call */
	return 0;
}

void pool_free(struct provider *base)
{
	struct pool *p = (struct pool *)base;

	for (unsigned int i = 0; i < POOL_QUESTIONS; i++) {
		if (!p->jobs[i])
			continue;
		p->jobs[i]->pool = NULL;
		uv_cancel((uv_req_t *)&p->jobs[i]->work);
	}
	free(p);
}

void pool_refuse(struct pool_question *q, const char *dir, int error)
{
	q->verdict = error == EACCES || error == EPERM ? VERDICT_REFUSED : VERDICT_DOWN;
	snprintf(q->why, sizeof(q->why), "%.200s: %s", dir, strerrordesc_np(error));
}

int pool_folder(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

const char *pool_next(DIR *d, unsigned int *left)
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

json_t *pool_json(int folder, const char *name, size_t max)
{
	_cleanup_(closep) int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct buf text = {.max = max};
	json_t *o = NULL;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fs_read_fd(&text, fd, max) == 0 && text.n)
		o = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
	buf_free(&text);
	return o;
}
