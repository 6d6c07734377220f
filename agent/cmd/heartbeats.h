/* SPDX-License-Identifier: Apache-2.0 */
/* `findings --heartbeats`: which agents report, which have fallen silent, what their observed rules matched. */
#ifndef CMD_HEARTBEATS_H
#define CMD_HEARTBEATS_H

#include "receive/store.h"

/* On stdout. As store_heartbeats(). */
int heartbeats_print(struct store *s, const struct query *q, bool json, bool detail);

#endif
