/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issue
 *
 * issue.def and capability.def as tables: what can be amiss, what that means and what to do about it, and what a host may
 * be covered for.
 */
#ifndef HEALTH_ISSUE_H
#define HEALTH_ISSUE_H

#include "wire.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define HEALTH_LASTING_SEC 900u	/* so long is a receiver's restart; after it nobody hears of this host */

enum capability {
	CAPABILITY_OF_CODE,	/* the one that issue.def names */
#define CAPABILITY(id, name, events, doc) CAPABILITY_##id,
#include "health/capability.def"
	CAPABILITY_MAX
};

struct capability_desc {
	const char *name;	/* "exec" */
	const char *doc;
	uint64_t events;	/* a bit for each enum event_type */
};

enum issue {
#define ISSUE(code, ...) ISSUE_##code,
#include "health/issue.def"
	ISSUE_MAX
};

/* In the order of what is worse; EFFECT_EXCLUDED says that all else is of no importance. */
enum issue_effect { EFFECT_NOTED, EFFECT_DEGRADED, EFFECT_LASTING, EFFECT_UNHEALTHY, EFFECT_EXCLUDED };

enum issue_known { KNOWN_SEEN, KNOWN_LATER, KNOWN_NEVER };

struct issue_desc {
	const char *code;
	unsigned int row;		/* among the 57 causes; 0: beside them */
	const char *severity;		/* "info" … "critical" */
	enum capability capability;
	enum issue_effect effect;
	bool heals;
	const char *impact, *remedy;
	enum issue_known known;
	const char *test;		/* "unit/check_feed, e2e/health"; "" unless seen */
	const char *how;
};

extern const struct capability_desc capability_table[CAPABILITY_MAX];	/* the first has the name "" */
extern const struct issue_desc issue_table[ISSUE_MAX];
extern const char *const issue_effect_text[];	/* "degraded": what it makes the agent at first */
extern const char *const issue_known_text[];	/* "detected", "not yet", "not by the agent" */

/* That of the event; CAPABILITY_OF_CODE for what no rule sees. */
enum capability capability_of_event(enum event_type type);

enum issue issue_by_code(const char *code);	/* ISSUE_MAX without one */

json_t *issue_table_json(void);	/* new reference: "issues" in the order of issue.def, and "capabilities" */

#endif
