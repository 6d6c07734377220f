/* SPDX-License-Identifier: Apache-2.0 */
#include "containers.h"
#include "util/clock.h"
#include "util/json_text.h"

static void say_text(json_t *o, const char *key, const char *text)
{
	if (*text)
		json_object_set_new(o, key, json_text(str(text)));
}

/* Boot clock, ns; 0 while none of its processes was met. */
static uint64_t start_of(const struct workload_row *r)
{
	return r->start ? r->start : r->met;
}

static void say_coverage(json_t *o, const struct workload_row *r, uint64_t began, uint64_t offset)
{
	uint64_t start = start_of(r);
	char text[CLOCK_TEXT_MAX];

	json_object_set_new(o, "coverage", json_string(r->excluded ? "excluded" : "covered"));
	say_text(o, "by", r->by);
	if (r->excluded)
		return;
	json_object_set_new(o, "from", json_string(start > began ? "start" : "running"));
	json_object_set_new(o, "since", json_string(clock_rfc3339(text, (start > began ? start : began) + offset)));
}

static json_t *row_json(const struct workload_row *r, uint64_t began, uint64_t offset)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:o}", "id", r->id, "runtime", r->runtime, "attribution",
			      workload_state_names[r->state], "ended", !r->alive, "known", workload_json(r->known));

	say_text(o, "reason", r->why);
	say_text(o, "taskId", r->task_id);
	say_text(o, "cluster", r->cluster);
	say_coverage(o, r, began, offset);
	return o;
}

json_t *containers_json(struct workloads *all, uint64_t began, uint64_t offset)
{
	json_t *containers = json_array();
	size_t more = 0;

	for (struct workload_row *r = NULL; (r = workloads_next(all, r));) {
		if (json_array_size(containers) < CONTAINERS_SHOWN_MAX)
			json_array_append_new(containers, row_json(r, began, offset));
		else
			more++;
	}
	return json_pack("{s:o, s:I}", "containers", containers, "notShown", (json_int_t)more);
}

size_t containers_older(struct workloads *all, uint64_t began)
{
	size_t n = 0;

	for (struct workload_row *r = NULL; (r = workloads_next(all, r));)
		n += r->alive && !r->excluded && start_of(r) && start_of(r) <= began;
	return n;
}
