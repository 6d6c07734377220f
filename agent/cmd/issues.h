/* SPDX-License-Identifier: Apache-2.0 */
/* Issues of /coverage and of doctor, for people. */
#ifndef CMD_ISSUES_H
#define CMD_ISSUES_H

#include <jansson.h>
#include <stdbool.h>

/* Each with impact, remedy and since; those that make nothing less in a line. evidence: with what showed it. */
void issues_print(json_t *issues, bool evidence);

/* What is over, a line each. */
void issues_print_recent(json_t *recent);

/* The matrix, by state: a line for what works, one for what no rule asks for, and one for each of the rest. */
void issues_print_capabilities(json_t *capabilities);

/* The exit code that a state has: 1 degraded or unhealthy, else 0. */
int issues_exit(const char *state);

#endif
