/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the ECS agent's configuration: texts of it that end, and nothing that does not stand there. */
#include "attribution/ecs_config.h"
#include <stdlib.h>

static void check(const char *text, size_t room)
{
	if (!memchr(text, 0, room) || strchr(text, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ecs_config c;

	memset(&c, 0xff, sizeof(c));
	ecs_config_parse(&c, str_n((const char *)data, n));
	check(c.cluster, sizeof(c.cluster));
	check(c.data_dir, sizeof(c.data_dir));
	check(c.docker_host, sizeof(c.docker_host));
	check(c.instance_tags, sizeof(c.instance_tags));
	if (c.unread > n)
		abort();
	if (c.cluster[0] && !memmem(data, n, "ECS_CLUSTER", 11))
		abort();
	return 0;
}
