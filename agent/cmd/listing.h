/* SPDX-License-Identifier: Apache-2.0 */
/* What `fields`, `events` and `operators` share: three forms of one list. */
#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include "cmd/cmd.h"
#include <jansson.h>

enum listing_form { LISTING_TEXT, LISTING_NAMES, LISTING_JSON };

extern const struct cmd_option listing_options[];

/* Reads the options. True with *form, else the command is over with *status. */
bool listing_parse(const struct cmd *c, int argc, char **argv, enum listing_form *form, int *status);

/* Prints the rows and takes them: objects, each with "name" and "doc"; what else they have is for --json. */
int listing_print(json_t *rows, enum listing_form form);

#endif
