/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container
 *
 * cgroup id → container, from the path that the kernel gave with the record:
 * known path shapes only (a group named like hex is not therefore a container).
 */
#ifndef ENRICH_CONTAINER_H
#define ENRICH_CONTAINER_H

#include "enrich/workloads.h"
#include "util/limits.h"
#include "util/str.h"

struct container {
	uint64_t cgroup;	/* kernfs id */
	char id[80];		/* full id: 64 hex, or TASK-N on Fargate */
	char runtime[16];	/* "docker", "containerd", "podman", "cri-o", "ecs" when only the task is known */
	char task_id[40];	/* ECS task id, "" when the path has none */
	char cluster[256];	/* ECS cluster, "" when the path has none */
	char path[512];		/* the control group's path, cut at the end */
	struct workload_row *who;	/* what runtimes and orchestrators say of it; NULL of what container_parse() made */
};

#define CONTAINER_SHORT_ID 12	/* what container.id prints */

/*
 * Reads a control group's path. True when it is a container's: id, runtime, task_id, cluster and path of *ret
 * are set. A nested group (…/init.scope inside the container) is its container's.
 */
bool container_parse(struct container *ret, struct str path);

/* What the path alone says of who it is. */
struct workload_row container_row(const struct container *c);

struct container_table;

struct container_table *container_table_new(void);
struct container_table *container_table_free(struct container_table *t);

/* Learns a control group; a path that is no container's is remembered as such. */
void container_table_add(struct container_table *t, uint64_t cgroup, struct str path);

/*
 * It was removed, now (CLOCK_BOOTTIME, ns). It stays known for CGROUP_GRACE_SEC, for what is told late; rows of those whose
 * time is over are free from the next call of this on.
 */
void container_table_gone(struct container_table *t, uint64_t cgroup, uint64_t now);

/* Who the containers of the groups are; the table's own. */
struct workloads *container_table_workloads(struct container_table *t);

/* The container of that group; NULL on the host or when unknown, *known says which. Refreshes the entry. */
const struct container *container_table_find(struct container_table *t, uint64_t cgroup, bool *known);

/* All groups that are known, in no order: container NULL on the host. fn changes nothing of the table. */
void container_table_groups(const struct container_table *t,
			    void (*fn)(void *ctx, uint64_t cgroup, const struct container *c), void *ctx);

struct container_stats {
	uint32_t groups, containers;	/* rows, the removed ones that are still known included */
	uint32_t gone;			/* these */
	uint64_t evicted, unknown;	/* unknown: events of a group that was never named */
	uint64_t unrecognised;		/* groups that look like a container's and have no known shape: the host's */
	char unrecognised_path[512];	/* of the last of them */
};

void container_table_stats(const struct container_table *t, struct container_stats *ret);

#endif
