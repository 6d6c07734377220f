/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs
 *
 * What has to leave the kernel: the union of what all engines ask for goes to
 * the sensor, which attaches nothing else.
 */
#ifndef EVENT_NEEDS_H
#define EVENT_NEEDS_H

#include "wire.h"
#include <stdbool.h>
#include <stdint.h>

struct needs {
	bool call[CALL_MAX];
	uint32_t want;		/* enum wire_want */
	uint64_t rate;		/* records a second from one control group, then the kernel side counts them lost; 0 = no limit */
};

#endif
