/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/labels.h"
#include "util/json_text.h"

static const struct {
	struct str key;
	enum workload_text text;
} known[] = {
	{{"com.amazonaws.ecs.container-name", 32}, WORKLOAD_CONTAINER_NAME},
	{{"com.amazonaws.ecs.task-definition-family", 40}, WORKLOAD_FAMILY},
	{{"com.amazonaws.ecs.task-definition-version", 41}, WORKLOAD_REVISION},
	{{"io.kubernetes.sandbox.id", 24}, WORKLOAD_SANDBOX},
};

void labels_read(struct workload *w, json_t *labels)
{
	const char *key;
	json_t *value;

	w->labels_known = json_is_object(labels) || json_is_null(labels);
	json_object_foreach(labels, key, value) {
		if (json_is_string(value))
			workload_say_label(w, str(key), json_str(value));
	}
}

void labels_say(struct workload *w)
{
	struct str task = workload_label(w, STR("com.amazonaws.ecs.task-arn"));
	struct str cluster = workload_label(w, STR("com.amazonaws.ecs.cluster"));

	if (task.n)
		workload_say_task_arn(w, task);
	if (cluster.n)
		workload_say_cluster(w, cluster);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		workload_say(w, known[i].text, workload_label(w, known[i].key));
}
