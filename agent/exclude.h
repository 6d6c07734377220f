/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclude
 *
 * Who is not to be watched, who said so, and that it is done. In this order, the first that says anything counts:
 *
 *   1. include.* of the configuration: watched, whatever anybody else says
 *   2. exclude.* of the configuration
 *   3. a label of the container: noroshi:managed, then GuardDutyManaged
 *   4. a tag of the container instance (ECS_CONTAINER_INSTANCE_TAGS), for containers of tasks
 *   5. a tag of the instance (metadata service), for the whole host
 *
 * Tags and labels say true or false; 3 to 5 are heeded unless exclude.tags is off. Until it is known who a container is,
 * it is watched. What is not to be watched is left out in the kernel, but for what keeps the process table true; where
 * the kernel's table has no room for it, here.
 */
#ifndef EXCLUDE_H
#define EXCLUDE_H

#include "attribution/ecs_config.h"
#include "config.h"
#include "pipeline.h"
#include "sensor/source.h"

enum exclude_word { EXCLUDE_SAYS_NOTHING, EXCLUDE_WATCH, EXCLUDE_LEAVE };

/* What the tags of one place say of everything there. */
struct exclude_tags {
	enum exclude_word word;
	char by[WORKLOAD_BY_MAX];
};

struct exclude {
	const struct config *config;
	const struct host_facts *host;
	const struct ecs_config *ecs;		/* NULL: it is not read */
	struct pipeline *pipeline;
	struct source *source;
	struct exclude_tags instance, container_instance;
	uint64_t no_room;			/* control groups that the kernel's table had no room for */
};

/* Reads the tags. Before the first record. */
void exclude_init(struct exclude *x);

/* What is said of a container, and by whom; by stays as it is where nobody says anything. */
enum exclude_word exclude_says(const struct exclude *x, const struct workload_row *row, char by[WORKLOAD_BY_MAX]);

/* Tags may have changed: who is to be watched now? False: nothing has. */
bool exclude_refresh(struct exclude *x);

/* It is known now who the container is: row->excluded and row->by. Whether it is not to be watched. */
bool exclude_decide(struct exclude *x, struct workload_row *row);

/* A control group was met: who's, or the host's, or nobody's that is known. Or it was removed. */
void exclude_group(struct exclude *x, uint64_t cgroup, const struct workload_row *who, bool host);
void exclude_gone(struct exclude *x, uint64_t cgroup);

/* Who said of the host that it is not to be watched; NULL: it is. */
const char *exclude_of_host(const struct exclude *x);

/* { "host": false, "by": "", "events": 0, "groupsNotInKernel": 0 }: new reference. */
json_t *exclude_json(const struct exclude *x);

#endif
