/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what orchestrators write on the containers they start, as facts. */
#ifndef ATTRIBUTION_LABELS_H
#define ATTRIBUTION_LABELS_H

#include "enrich/workload.h"

/* All labels that an object of texts has, or null: they are all there are. Anything else says nothing. */
void labels_read(struct workload *w, json_t *labels);

/* From w's labels: the ECS agent's (com.amazonaws.ecs.*, which it sets over a user's own) and Kubernetes' sandbox. */
void labels_say(struct workload *w);

#endif
