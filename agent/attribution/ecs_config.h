/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECS config
 *
 * /etc/ecs/ecs.config, which the ECS agent is started with: what of it says how
 * this host takes part. Other lines hold secrets: nothing of it is logged.
 */
#ifndef ATTRIBUTION_ECS_CONFIG_H
#define ATTRIBUTION_ECS_CONFIG_H

#include "util/str.h"
#include <sys/types.h>
#include <time.h>

struct ecs_config {
	bool there;			/* it was read */
	char cluster[256];		/* ECS_CLUSTER; "": not set, which means "default" to the agent. "" for the others is not set too */
	char data_dir[256];		/* ECS_HOST_DATA_DIR */
	char docker_host[256];		/* DOCKER_HOST */
	char instance_tags[4096];	/* ECS_CONTAINER_INSTANCE_TAGS, JSON that nobody has looked at */
	bool no_task_limit;		/* ECS_ENABLE_TASK_CPU_MEM_LIMIT is false: control groups do not name tasks */
	unsigned int unread;		/* lines that say nothing, or more than there is room for */
	int error;			/* of the last read: errno, or 0 */
	/* Of the file that was read last, to see that there is another. */
	struct timespec mtime;
	off_t size;
	ino_t ino;
};

/*
 * Fills c, but for the file's own facts, from lines KEY=value: with "export" in front, quoted as a whole by '' or "", with
 * blanks around, '#' first on a line or behind a blank begins a comment. The last line of a key counts.
 */
void ecs_config_parse(struct ecs_config *c, struct str text);

/* Reads the file when it is another than last time; true when it did, or when it has gone. One that cannot be read leaves c as it was. */
bool ecs_config_read(struct ecs_config *c, const char *path);

#endif
