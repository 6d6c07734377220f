/* SPDX-License-Identifier: Apache-2.0 */
/* Status: who the host and its containers are, for people. */
#ifndef CMD_STATUS_WHO_H
#define CMD_STATUS_WHO_H

#include <jansson.h>

/* status: of /coverage. */
void status_who_print(json_t *status);

#endif
