/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/ecs_host.h"
#include "attribution/query.h"
#include "util/clock.h"
#include "util/json_text.h"

static void keep(char *dst, size_t room, struct str s)
{
	snprintf(dst, room, STR_FMT, STR_ARG(s));
}

bool ecs_host_read(struct ecs_host *h, json_t *m)
{
	/* What is not known yet is null or "", but it is there; Version may be left out. */
	if (!json_object_get(m, "Cluster") || !json_object_get(m, "ContainerInstanceArn"))
		return false;
	keep(h->cluster, sizeof(h->cluster), query_text(m, "Cluster"));
	keep(h->instance_arn, sizeof(h->instance_arn), query_text(m, "ContainerInstanceArn"));
	keep(h->version, sizeof(h->version), query_text(m, "Version"));
	h->told = clock_wall_ns();
	if (!h->since)
		h->since = h->told;
	return true;
}

json_t *ecs_host_json(const struct ecs_host *h)
{
	json_t *o = json_pack("{s:b, s:b}", "known", h->since != 0, "registered", h->instance_arn[0] != 0);
	char text[CLOCK_TEXT_MAX];

	if (h->since)
		json_object_set_new(o, "since", json_string(clock_rfc3339(text, h->since)));
	if (h->cluster[0])
		json_object_set_new(o, "cluster", json_text(str(h->cluster)));
	if (h->instance_arn[0])
		json_object_set_new(o, "containerInstanceArn", json_text(str(h->instance_arn)));
	if (h->version[0])
		json_object_set_new(o, "agentVersion", json_text(str(h->version)));
	if (h->silent_since) {
		json_object_set_new(o, "silentSince", json_string(clock_rfc3339(text, h->silent_since)));
		json_object_set_new(o, "why", json_text(str(h->why)));
	}
	return o;
}
