/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/judge.h"
#include <stdio.h>
#include <string.h>

static const struct {
	enum workload_text text;
	const char *name;
	bool task;	/* only of a container that belongs to a task */
} wanted[] = {
	{WORKLOAD_NAME, "name", false},
	{WORKLOAD_IMAGE, "image", false},
	{WORKLOAD_TASK_ARN, "task ARN", true},
	{WORKLOAD_FAMILY, "task definition", true},
	{WORKLOAD_CONTAINER_NAME, "name in the task", true},
};

/* The path says so, or somebody who knows the container. */
static bool of_task(const struct workload_row *row, const struct workload *known)
{
	return row->task_id[0] || workload_has(known, WORKLOAD_TASK_ARN) || workload_has(known, WORKLOAD_FAMILY);
}

enum workload_state judge(const struct workload_row *row, const struct workload *known, char *why, size_t room)
{
	bool task = of_task(row, known);
	unsigned int have = 0, missing = 0;
	size_t n = 0;

	*why = 0;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (workload_has(known, wanted[i].text)) {
			have++;
		} else if (task || !wanted[i].task) {
			if (n < room)
				n += (size_t)snprintf(why + n, room - n, "%s%s", missing++ ? ", " : "not known: ", wanted[i].name);
		}
	}
	if (!missing)
		return WORKLOAD_RESOLVED;
	return have || row->task_id[0] ? WORKLOAD_PARTIAL : WORKLOAD_FAILED;
}

void judge_yet(char *why, size_t room)
{
	static const char known[] = "not known", yet[] = " yet";
	size_t n = strlen(why), at = sizeof(known) - 1;

	if (strncmp(why, known, at) || n + sizeof(yet) > room)
		return;
	memmove(why + at + sizeof(yet) - 1, why + at, n - at + 1);
	memcpy(why + at, yet, sizeof(yet) - 1);
}

void judge_add(char *why, size_t room, const char *others)
{
	size_t n = strlen(why);

	if (*others && n < room)
		snprintf(why + n, room - n, " (%s)", others);
}
