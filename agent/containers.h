/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: which were met, who they are, and what of each is watched: for status. */
#ifndef CONTAINERS_H
#define CONTAINERS_H

#include "enrich/workloads.h"

/*
 * { "containers": [ { "id", "runtime", "attribution", "reason", "known", "taskId", "cluster", "ended",
 *                     "coverage": "covered" | "excluded", "by": who said so, "since", "from": "start" | "running" } ],
 *   "notShown": 0 }
 * since: covered since then, RFC 3339: the container's start, or, where it ran before, the agent's (began, boot clock, ns).
 * offset: from the boot clock to the wall clock. New reference.
 */
json_t *containers_json(struct workloads *all, uint64_t began, uint64_t offset);

/* Those that run, are watched and began before that. */
size_t containers_older(struct workloads *all, uint64_t began);

#endif
