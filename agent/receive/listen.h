/* SPDX-License-Identifier: Apache-2.0 */
/* Listen: "ADDR:PORT" → a listening socket. Private to the receiver. */
#ifndef RECEIVE_LISTEN_H
#define RECEIVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/* The descriptor, or < 0 with the reason in why. at: "127.0.0.1:8443" as it really is. */
int listen_on(const char *where, bool loopback_only, char at[64], char why[256]);

#endif
