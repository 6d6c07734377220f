/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explain tree
 *
 * The condition of one rule as a tree with what asking its parts costs, whether
 * this host can see it at all, and what it says of the events of a file.
 */
#ifndef CMD_EXPLAIN_TREE_H
#define CMD_EXPLAIN_TREE_H

#include "rule/loader.h"
#include <jansson.h>

/* Adds "tree", "cost" and "host" to o, which has the rule's "events" and "eventsUnseen". < 0 without memory. */
int explain_tree(json_t *o, const struct loaded_rule *r, unsigned int check_flags);
void explain_tree_print(const json_t *o);
void explain_host_print(const json_t *o);

/*
 * Adds "evaluations" and "evaluated": the rule on the events of a file, spec is FILE or FILE:N for its event N. 0, or < 0
 * after a line on stderr.
 */
int explain_events(json_t *o, const struct loaded_rule *r, unsigned int check_flags, const char *spec);
void explain_events_print(const json_t *o);

#endif
