/* SPDX-License-Identifier: Apache-2.0 */
/* Where the process runs: the container, as the control group's path tells. */
#include "enrich/container.h"
#include "rule/field_get.h"

/*
 * The first twelve characters of an id, "host" outside containers. An event without any process (a DNS message
 * nobody owns) is nowhere.
 */
int get_container_id(const struct field_get *g, struct value *v)
{
	const struct container *c = g->ev->container;
	struct str id;

	if (!c)
		return put_text(v, "host");
	id = str(c->id);
	return put_str(v, str_n(id.p, id.n < CONTAINER_SHORT_ID ? id.n : CONTAINER_SHORT_ID));
}

int get_container_full_id(const struct field_get *g, struct value *v)
{
	return put_text(v, g->ev->container ? g->ev->container->id : "host");
}

int get_container_type(const struct field_get *g, struct value *v)
{
	const struct container *c = g->ev->container;

	if (!c)
		return put_text(v, "host");
	return c->runtime[0] ? put_text(v, c->runtime) : FIELD_MISSING;
}

int get_container_start_ts(const struct field_get *g, struct value *v)
{
	return g->ev->container ? get_proc_pidns_init_start_ts(g, v) : FIELD_MISSING;
}

int get_container_duration(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;
	uint64_t now = g->ev->rec->hdr.time;

	if (!g->ev->container || !p || !p->pidns_start || p->pidns_start > now)
		return FIELD_MISSING;
	return put_uint(v, now - p->pidns_start);
}

int get_container_event(const struct field_get *g, struct value *v)
{
	static const char *const words[] = {[CONTAINER_START] = "start", [CONTAINER_DIE] = "die", [CONTAINER_OOM] = "oom"};
	uint32_t what = g->ev->rec->container.what;

	if (get_type(g) != EVENT_CONTAINER || what >= ARRAY_SIZE(words) || !words[what])
		return FIELD_MISSING;
	return put_text(v, words[what]);
}
