/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agent host
 *
 * Which host this is: what the configuration says of it, and whether and where
 * the metadata service is asked for the rest.
 */
#include "agent.h"
#include "version.h"
#include <errno.h>

void agent_find_host(struct agent *a)
{
	const struct config *c = a->o.config;
	struct host_facts *h = enrich_host(a->pipeline.enrich);
	char why[128];

	a->pipeline.context.host = h;
	host_fix(h, HOST_ACCOUNT, c->host_account);	/* the configuration was checked: they fit */
	host_fix(h, HOST_REGION, c->host_region);
	host_fix(h, HOST_ZONE, c->host_zone);
	host_fix(h, HOST_ORG_PATH, c->host_org_path);
	if (!strcmp(c->imds, "off"))
		snprintf(a->imds_why, sizeof(a->imds_why), "imds is off");
	else if (strcmp(c->imds, "auto"))
		a->imds_url = c->imds;
	else if (imds_is_ec2("", why))
		a->imds_url = IMDS_URL;
	else
		snprintf(a->imds_why, sizeof(a->imds_why), "%s", why);
}

static void on_told(void *ctx)
{
	struct agent *a = ctx;

	if (exclude_refresh(&a->exclude))
		agent_look(a);
}

int agent_start_imds(struct agent *a)
{
	if (!a->imds_url)
		return 0;
	a->imds = imds_new(&(struct imds_options){
		.loop = &a->loop, .facts = enrich_host(a->pipeline.enrich), .url = a->imds_url, .user_agent = "noroshi/" NOROSHI_VERSION,
		.told = on_told, .ctx = a,
	});
	return a->imds ? 0 : -ENOMEM;
}
