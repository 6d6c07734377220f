/* SPDX-License-Identifier: Apache-2.0 */
/* ECS host: what the ECS agent says of this host, a container instance of a cluster; for findings, status and coverage. */
#ifndef ATTRIBUTION_ECS_HOST_H
#define ATTRIBUTION_ECS_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct ecs_host {
	uint64_t since;			/* wall clock, ns: when the agent first said who it is; 0: it never did */
	uint64_t told;			/* wall clock, ns, of the last time */
	char cluster[256];		/* its name; "" before it is known */
	char instance_arn[300];		/* container instance; "" while the host is not registered with its cluster */
	char version[100];		/* "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)"; "" where it is kept hidden */
	uint64_t silent_since;		/* wall clock, ns: it has not answered any question since then; 0: it answers, or was not asked */
	char why[300];			/* how the last of these failed */
};

/* Takes the answer of /v1/metadata. False when it is none, and then nothing is taken. */
bool ecs_host_read(struct ecs_host *h, json_t *metadata);

/* For status: new reference. */
json_t *ecs_host_json(const struct ecs_host *h);

#endif
