/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host facts
 *
 * Which host of which account this is: from the configuration, and from the
 * cloud's metadata service once it has answered. Written on the loop, read by
 * fields, findings and heartbeats; nothing of it is allocated or freed while
 * events flow.
 */
#ifndef ENRICH_HOST_FACTS_H
#define ENRICH_HOST_FACTS_H

#include "util/limits.h"
#include "util/str.h"
#include <stdint.h>

enum host_fact {
	HOST_ACCOUNT,
	HOST_REGION,
	HOST_ZONE,
	HOST_INSTANCE_ID,
	HOST_INSTANCE_TYPE,
	HOST_AMI,
	HOST_ORG_PATH,		/* "o-abc/r-xyz/ou-123": only the configuration says it */
	HOST_FACTS
};

#define HOST_FACT_MAX 512	/* bytes of one, with NUL; an organisation's path is the longest */

struct host_tag {
	char key[129], value[1025];
};

struct host_facts {
	char text[HOST_FACTS][HOST_FACT_MAX];	/* "" before it is known */
	unsigned int fixed;			/* bits: said by the configuration */
	uint64_t since;				/* wall clock, ns: when the metadata service first told; 0: it has not */
	struct host_tag tags[HOST_TAGS_MAX];	/* of the instance */
	unsigned int ntags;
	uint64_t tags_told;			/* wall clock, ns: when they were last told; 0: never */
};

/* True when it fits. What the configuration said stays, and that is no failure. */
bool host_say(struct host_facts *h, enum host_fact f, struct str text);

/* The configuration's word, which nobody else's changes; NULL: it has none. False when it is too long. */
bool host_fix(struct host_facts *h, enum host_fact f, const char *text);

/* {NULL, 0} when it is not known, h is NULL. */
struct str host_fact(const struct host_facts *h, enum host_fact f);

#endif
