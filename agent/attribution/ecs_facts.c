/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/ecs.h"
#include "attribution/labels.h"
#include "attribution/query.h"
#include "util/json_text.h"

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
	workload_say(w, WORKLOAD_IP, json_str(json_array_get(addresses, 0)));
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

struct workload *ecs_file_facts(json_t *f, struct str id, struct str task_id)
{
	static const struct {
		const char *key;
		enum workload_text text;
	} texts[] = {
		{"TaskDefinitionFamily", WORKLOAD_FAMILY}, {"TaskDefinitionRevision", WORKLOAD_REVISION},
		{"ContainerName", WORKLOAD_CONTAINER_NAME}, {"ImageName", WORKLOAD_IMAGE}, {"ImageID", WORKLOAD_IMAGE_ID},
	};
	struct str name = query_text(f, "DockerContainerName");	/* with a slash, as Docker's API has it */
	struct workload *w;

	if (!str_eq(query_text(f, "ContainerID"), id) || !str_eq(query_text(f, "MetadataFileStatus"), STR("READY")))
		return NULL;
	w = workload_new();
	if (!w)
		return NULL;
	if (!workload_say_task_arn(w, query_text(f, "TaskARN")) || !str_eq(w->text[WORKLOAD_TASK_ID], task_id))
		return workload_free(w);
	workload_say_cluster(w, query_text(f, "Cluster"));
	workload_say(w, WORKLOAD_NAME, str_starts(name, STR("/")) ? str_skip(name, 1) : name);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		workload_say(w, texts[i].text, query_text(f, texts[i].key));
	ecs_say_networks(w, json_object_get(f, "Networks"));
	return w;
}

struct workload *ecs_own_task_facts(json_t *task, struct str id)
{
	json_t *container = ecs_container(task, id);
	struct workload *w = container ? workload_new() : NULL;

	if (!w)
		return NULL;
	if (!workload_say_task_arn(w, query_text(task, "TaskARN")))
		return workload_free(w);
	workload_say_cluster(w, query_text(task, "Cluster"));
	workload_say(w, WORKLOAD_FAMILY, query_text(task, "Family"));
	workload_say(w, WORKLOAD_REVISION, query_text(task, "Revision"));
	workload_say(w, WORKLOAD_SERVICE, query_text(task, "ServiceName"));
	workload_say(w, WORKLOAD_LAUNCH_TYPE, query_text(task, "LaunchType"));
	ecs_say_container(w, container);
	labels_read(w, json_object_get(container, "Labels"));
	return w;
}
