/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places
 *
 * Where attribution looks: the configuration, and where that says "auto", what
 * the ECS agent's own configuration and the environment say.
 */
#ifndef PLACES_H
#define PLACES_H

#include "attribution/ecs_config.h"
#include "attribution/provider.h"
#include "config.h"

struct places {
	struct attribution_places of;		/* borrows from here and from the configuration */
	const char *ecs_config_path;		/* NULL: it is not read */
	struct ecs_config ecs_config;
	char docker_socket[256], ecs_data_dir[256], task_metadata[300];
};

/* Before the agent is confined: reads the ECS agent's configuration. The configuration and p outlive what looks there. */
void places_init(struct places *p, const struct config *c);

/* Reads the ECS agent's configuration again when it is another; of what it says, places stay as they were at the start. */
void places_refresh(struct places *p);

/* Why an endpoint of task metadata is not asked; NULL when it may be. */
const char *places_refuse_metadata(const char *url);

/* Why a folder is not taken for the ECS agent's data; NULL when it is. */
const char *places_refuse_data_dir(const char *path);

#endif
