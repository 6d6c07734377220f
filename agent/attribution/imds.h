/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMDS
 *
 * The instance metadata service of EC2, version 2: a token first, with it the
 * instance identity document, the name of the instance's role and its tags.
 * Asked at the start and, for what may change, every five minutes; nobody
 * waits for it. What it says goes into struct host_facts, what keeps it from
 * saying so is kept for the coverage.
 */
#ifndef ATTRIBUTION_IMDS_H
#define ATTRIBUTION_IMDS_H

#include "enrich/host_facts.h"
#include <jansson.h>
#include <uv.h>

#define IMDS_URL "http://169.254.169.254"
#define IMDS_URL_MAX 200

struct imds;

struct imds_options {
	uv_loop_t *loop;
	struct host_facts *facts;	/* outlives it */
	const char *url;		/* outlives it; without a path */
	const char *user_agent;
	void (*told)(void *ctx);	/* a whole round was answered; NULL: nobody wants to know */
	void *ctx;
	unsigned int connect_ms, answer_ms, retry_ms, token_sec;	/* 0: the usual; tests are quicker */
};

/* What keeps it from telling all. The first three exclude each other: nothing can be asked then. */
enum imds_fault {
	IMDS_UNREACHABLE,	/* no answer, or one that no metadata service gives */
	IMDS_DISABLED,		/* 403: it is turned off for this instance */
	IMDS_TOKEN_REFUSED,	/* 401, with a token that it gave just before, or where it gives none */
	IMDS_V1_ONLY,		/* it gives no tokens and answers without one */
	IMDS_NO_DOCUMENT,	/* the identity document cannot be had, or is none */
	IMDS_NO_ROLE,		/* the instance has no role */
	IMDS_TAGS_OFF,		/* tags are not in its metadata */
	IMDS_FAULTS
};

struct imds_evidence {
	uint64_t since;		/* wall clock, ns; 0: it is not so */
	char url[400];		/* what was asked for */
	int status;		/* of HTTP; 0 when no answer came */
	char text[200];		/* what went wrong, for people */
};

struct imds_state {
	bool told;		/* it has answered a whole round: all faults are known */
	struct imds_evidence faults[IMDS_FAULTS];
	char role[65];		/* name of the instance's role; "" without one, and before it is known */
};

/* Begins to ask. NULL without memory. Before the loop runs. */
struct imds *imds_new(const struct imds_options *o);

/* Asks again for what may have changed, when it is time: called by the housekeeping once a minute. NULL is taken. */
void imds_wake(struct imds *i);

/* NULL of NULL. Borrowed. */
const struct imds_state *imds_state(const struct imds *i);

const char *imds_fault_name(enum imds_fault f);	/* "unreachable" */

struct imds *imds_free(struct imds *i);	/* NULL; handles close on the loop */

/* Whether the URL is one of this host's own: http, loopback or link-local or EC2's own IPv6 address. */
bool imds_url_is_local(const char *url);

/*
 * Whether the firmware or the hypervisor says that this machine is an instance of EC2; which file said so in why. root: "" but
 * in tests. Wants root's rights for one of the files, and is not to be asked after the confinement.
 */
bool imds_is_ec2(const char *root, char why[128]);

/* For status, of a host that asks (i) or does not (i NULL, reason): new reference. */
json_t *imds_json(const struct imds *i, const struct host_facts *facts, const char *reason);

#endif
