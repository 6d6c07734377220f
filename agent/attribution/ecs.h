/* SPDX-License-Identifier: Apache-2.0 */
/* ECS: facts of what the ECS agent tells of a task and its containers, in each of its forms; apart from asking. */
#ifndef ATTRIBUTION_ECS_H
#define ATTRIBUTION_ECS_H

#include "enrich/workload.h"

/* Of an answer of /v1/tasks?dockerid=ID: one task. NULL when it is none with that container, or without memory. */
struct workload *ecs_task_facts(json_t *task, struct str id);

/* Of a container metadata file; NULL as well when it is not complete (MetadataFileStatus), or of another container or task. */
struct workload *ecs_file_facts(json_t *file, struct str id, struct str task_id);

/* Of /task of the task metadata endpoint, version 4. */
struct workload *ecs_own_task_facts(json_t *task, struct str id);

/* The container of that id among those of a task, NULL when it is not there; and its facts. */
json_t *ecs_container(json_t *task, struct str id);
void ecs_say_container(struct workload *w, json_t *container);

/* "Networks" of a container. */
void ecs_say_networks(struct workload *w, json_t *networks);

#endif
