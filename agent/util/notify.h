/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notify
 *
 * The service manager's readiness protocol: datagrams to $NOTIFY_SOCKET.
 * Without one, nothing happens.
 */
#ifndef UTIL_NOTIFY_H
#define UTIL_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…", lines separated by '\n'. 0, also when nobody listens, or -errno. */
int notify_send(const char *state);

/* How often the manager wants WATCHDOG=1, in ms: half of WATCHDOG_USEC; 0 when it wants none. */
uint64_t notify_watchdog_ms(void);

#endif
