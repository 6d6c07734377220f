/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/ecs.h"
#include "attribution/query.h"

json_t *ecs_container(json_t *task, struct str id)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(task, "Containers"), i, one) {
		if (str_eq(query_text(one, "DockerId"), id))
			return one;
	}
	return NULL;
}

static void say_first(struct workload *w, json_t *addresses)
{
	json_t *first = json_array_get(addresses, 0);

	if (json_is_string(first))
		workload_say(w, WORKLOAD_IP, str_n(json_string_value(first), json_string_length(first)));
}

void ecs_say_networks(struct workload *w, json_t *networks)
{
	json_t *one;
	size_t i;

	json_array_foreach(networks, i, one) {
		workload_say_flag(w, WORKLOAD_HOST_NETWORK, str_eq(query_text(one, "NetworkMode"), STR("host")));
		say_first(w, json_object_get(one, "IPv4Addresses"));
		say_first(w, json_object_get(one, "IPv6Addresses"));
	}
}

void ecs_say_container(struct workload *w, json_t *c)
{
	static const struct {
		const char *key;
		enum workload_text text;
	} texts[] = {
		{"DockerName", WORKLOAD_NAME},	{"Name", WORKLOAD_CONTAINER_NAME}, {"Image", WORKLOAD_IMAGE},
		{"ImageID", WORKLOAD_IMAGE_ID}, {"CreatedAt", WORKLOAD_CREATED},   {"StartedAt", WORKLOAD_STARTED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		workload_say(w, texts[i].text, query_text(c, texts[i].key));
	ecs_say_networks(w, json_object_get(c, "Networks"));
}

struct workload *ecs_task_facts(json_t *task, struct str id)
{
	json_t *container = ecs_container(task, id);
	struct workload *w = container ? workload_new() : NULL;

	if (!w)
		return NULL;
	if (!workload_say_task_arn(w, query_text(task, "Arn")))
		return workload_free(w);
	workload_say(w, WORKLOAD_FAMILY, query_text(task, "Family"));
	workload_say(w, WORKLOAD_REVISION, query_text(task, "Version"));
	ecs_say_container(w, container);
	return w;
}
