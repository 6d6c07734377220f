/* SPDX-License-Identifier: Apache-2.0 */
/* `events --ways`: which event shows whichever way it is done, on this host. */
#ifndef CMD_EVENTS_WAYS_H
#define CMD_EVENTS_WAYS_H

#include <stdbool.h>

/* Prints them; as JSON with what holds elsewhere and the test that shows it. Returns an exit code. */
int events_ways(bool json);

#endif
