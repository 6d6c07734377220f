/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: the status as Prometheus reads it, text format 0.0.4; each of them stands in metrics.def. */
#ifndef METRICS_H
#define METRICS_H

#include "util/buf.h"
#include <jansson.h>

/* status: agent_status(). */
void metrics_write(struct buf *b, json_t *status);

#endif
