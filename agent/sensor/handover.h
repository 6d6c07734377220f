/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handover
 *
 * Starts the sensor and maps what it hands over; ends it and lets go. What is
 * in between, the source does.
 */
#ifndef SENSOR_HANDOVER_H
#define SENSOR_HANDOVER_H

#include "sensor/ring.h"
#include "sensor/sensor.h"
#include <sys/types.h>

struct handover {
	pid_t pid;			/* of the sensor, 0 once it is reaped */
	int sensor;			/* socket to it, -1 once told to stop */
	int fds[SENSOR_FD_MAX];
	struct sensor_report report;
	struct ring ring[2];		/* critical, bulk */
	const struct wire_counter *counters;
	size_t counters_bytes;
	const struct wire_group *groups;	/* GROUPS_MAX */
	struct wire_control *control;
	const struct sensor_state *state;
};

/* Starts the sensor, which makes ready what does not depend on needs. 0, or -errno with a reason: nothing is to end then. */
int handover_fork(struct handover *h, char error[512]);

/* Waits until it has loaded what is needed. 0, or -errno with the sensor's own reason: nothing is left to end then. */
int handover_begin(struct handover *h, const struct needs *needs, char error[512]);

/* Tells the sensor to go; does not wait. */
void handover_stop(struct handover *h);

/* Waits up to ms for the sensor to be gone. True once it is reaped; *status is how it ended. */
bool handover_reap(struct handover *h, int ms, int *status);

/* Waits until nothing of the sensor is left, and unmaps everything. A second time does nothing. */
void handover_end(struct handover *h);

#endif
