/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that loaded and are not plainly on: off, or only observed. */
#ifndef CMD_MODES_H
#define CMD_MODES_H

#include "rule/loader.h"
#include <jansson.h>

/* "on", "observe" or "off" */
const char *mode_of_rule(const struct loaded_rule *r);

/*
 * [{"rule", "file", "line", "mode", "because"}] of those that are not on, in the order of the files; because, of those that
 * are off: "disabled" or "priority". min_priority is that of the load. New reference.
 */
json_t *modes_of_rules(const struct loaded *l, unsigned int min_priority);
void modes_print(json_t *modes);	/* a line for each kind, to stdout */

#endif
