/* SPDX-License-Identifier: Apache-2.0 */
/* Judge: is what is known of a container all that a finding has to say of it? */
#ifndef ATTRIBUTION_JUDGE_H
#define ATTRIBUTION_JUDGE_H

#include "enrich/workloads.h"

/*
 * RESOLVED: container and image are known, and, where it is of an ECS task, task, family and the container's name there.
 * PARTIAL: some of that; FAILED: nothing beyond its id. why[] says what is missing.
 */
enum workload_state judge(const struct workload_row *row, const struct workload *known, char *why, size_t room);

/* "not known" of a why becomes "not known yet". */
void judge_yet(char *why, size_t room);

/* Puts what others said behind it, in brackets; nothing for no text. */
void judge_add(char *why, size_t room, const char *others);

#endif
