/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider
 *
 * Who knows containers: a runtime, the ECS agent, files that they leave. Each is
 * asked for one container at a time, answers when it can, and may be absent.
 * A new one is a file that ends in a struct provider_ops, and a line in provider.def.
 */
#ifndef ATTRIBUTION_PROVIDER_H
#define ATTRIBUTION_PROVIDER_H

#include "enrich/workloads.h"
#include <uv.h>

/* Where providers look; what is NULL is not asked. Set by the configuration, pointed elsewhere by tests. */
struct attribution_places {
	const char *docker_socket;	/* "/run/docker.sock" */
	const char *ecs_endpoint;	/* "http://127.0.0.1:51678" */
	const char *ecs_cluster;	/* the cluster that the ECS agent is configured for, until it says itself; may become another */
	const char *ecs_data_dir;	/* "/var/lib/ecs": metadata files of containers */
	const char *containerd_state;	/* "/run/containerd" */
	const char *podman_state;	/* "/run/containers/storage", CRI-O's as well */
	const char *podman_storage;	/* "/var/lib/containers/storage" */
	const char *task_metadata;	/* task metadata endpoint, version 4, of the task that the agent itself is part of */
};

enum verdict {
	VERDICT_FACTS,		/* it knows the container */
	VERDICT_UNKNOWN,	/* it knows no such container; perhaps not yet */
	VERDICT_DOWN,		/* it cannot be asked now: not there, too slow, too busy */
	VERDICT_REFUSED,	/* we may not ask it */
	VERDICT_GARBAGE,	/* it answered something that is no answer */
	VERDICTS
};

struct provider_answer {
	enum verdict verdict;
	const char *why;		/* for people, of all but facts; borrowed */
	struct workload *facts;		/* of facts; taken */
};

struct provider;
struct ecs_host;
struct http_client;

struct provider_env {
	uv_loop_t *loop;
	const struct attribution_places *places;	/* outlives the provider */
	struct http_client *(*http)(void *ctx);		/* made when it is first asked for; NULL without memory */
	struct ecs_host *ecs_host;			/* what providers learn of the host; outlives them */
	/* Once for each question, on the loop, never from within ask(). */
	void (*answer)(void *ctx, struct provider *p, uint64_t ticket, const struct provider_answer *a);
	void *ctx;
};

struct provider_ops {
	const char *name;	/* "docker" */
	const char *doc;	/* what it is and what it knows, for status and the manual */
	unsigned int parallel;	/* questions at one time */
	/* 0, or -ENOENT when this host is not to have it, -ENOMEM. */
	int (*open)(struct provider **ret, const struct provider_env *env);
	/* Whether it may know a container of this kind: by runtime and what the path said. NULL: any. */
	bool (*may_know)(const struct provider *p, const struct workload_row *who);
	/* who is valid during the call only. 0: an answer will come; -errno: none will, it cannot be asked now. */
	int (*ask)(struct provider *p, const struct workload_row *who, uint64_t ticket);
	void (*free)(struct provider *p);	/* nothing is answered any more; handles close on the loop */
};

/* First member of each provider. */
struct provider {
	const struct provider_ops *ops;
};

#define PROVIDER(id) extern const struct provider_ops provider_##id;
#include "attribution/provider.def"

#endif
