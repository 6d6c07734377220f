/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that a rule names and that no event of this agent ever carries, with the reason. */
#ifndef CMD_NEVER_H
#define CMD_NEVER_H

#include "rule/loader.h"
#include <jansson.h>

/* [{"field", "because", "condition"}]: condition is false for those that only the output names. New reference. */
json_t *never_of_rule(const struct loaded_rule *r);

/* Per field of all rules that are on: [{"field", "because", "conditions": [RULE], "outputs": [RULE]}]. New reference. */
json_t *never_of_rules(const struct loaded *l);
void never_print(json_t *never);	/* what never_of_rules() gave, a line or two per field, to stdout */

#endif
