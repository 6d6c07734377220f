/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the running agent, over its control socket. */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <jansson.h>

/* The JSON of /WHAT below the socket in the folder `state`; NULL with a reason. */
json_t *ask(const char *state, const char *what, char *error, size_t room);

#endif
