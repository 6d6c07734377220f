/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pool
 *
 * A provider whose answers stand in files: each question is looked up on the
 * thread pool. Also how such files are opened: nothing on the way is followed
 * elsewhere, and all of it has a bound.
 */
#ifndef ATTRIBUTION_POOL_H
#define ATTRIBUTION_POOL_H

#include "attribution/provider.h"
#include <dirent.h>

#define POOL_QUESTIONS 2u	/* at one time */
#define POOL_DIRS 2u

/* One question, on a thread of its own: reads dir, id and task_id, sets the rest. */
struct pool_question {
	char dir[POOL_DIRS][400];	/* "" : there is none */
	char id[80], task_id[40];
	struct workload *facts;
	enum verdict verdict;		/* of one without facts */
	char why[300];
};

typedef void (*pool_look_fn)(struct pool_question *q);

/* For provider_ops.open: 0 or -ENOMEM. The dirs are copied with each question. */
int pool_open(struct provider **ret, const struct provider_env *env, const struct provider_ops *ops, pool_look_fn look,
	      const char *const dirs[POOL_DIRS]);
const char *pool_dir(const struct provider *p, unsigned int nth);	/* one of dirs */
/* provider_ops.ask and .free. */
int pool_ask(struct provider *p, const struct workload_row *who, uint64_t ticket);
void pool_free(struct provider *p);

/* The verdict of a folder that does not open, by errno. */
void pool_refuse(struct pool_question *q, const char *dir, int error);

/* A folder below another; < 0 without it, or when it is a link. */
int pool_folder(int at, const char *name);
/* The next folder's name below d, NULL at the end and after as many as are looked at. */
const char *pool_next(DIR *d, unsigned int *left);
/* The JSON of a plain file of at most max bytes below the folder; NULL when there is none. */
json_t *pool_json(int folder, const char *name, size_t max);

#endif
