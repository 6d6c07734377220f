/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query
 *
 * Which findings are wanted: the same words on the command line and in the
 * receiver's URL.
 */
#ifndef RECEIVE_QUERY_H
#define RECEIVE_QUERY_H

#include <stddef.h>
#include <stdint.h>

struct query {
	const char *rule;	/* the rule's name; borrowed, as all texts here */
	int severity;		/* at least this one, enum Severity's number; 0 any */
	char since[40];		/* RFC 3339, compared as text; "" any */
	const char *container;	/* its name, or the beginning of its id */
	const char *task;	/* the beginning of the task's id */
	uint32_t limit;		/* the newest so many; 0 all */
	int64_t after;		/* only what arrived later than this row */
};

/* rule, severity, since, container, task, limit. 0, -ENOENT (no such word), -EINVAL; why says what was expected. */
int query_set(struct query *q, const char *word, const char *value, uint64_t now_ns, char why[256]);

const char *severity_word(int severity);	/* "high"; "unspecified" for what is none */

#endif
