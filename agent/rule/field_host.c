/* SPDX-License-Identifier: Apache-2.0 */
/* Which instance of which account it happened on: missing until the metadata service or the configuration has said it. */
#include "enrich/host_facts.h"
#include "rule/field_get.h"

#define FACT(getter, ID)                                              \
	int get_aws_##getter(const struct field_get *g, struct value *v) \
	{                                                             \
		return put_str(v, host_fact(g->ev->host, HOST_##ID));  \
	}

FACT(account, ACCOUNT)
FACT(region, REGION)
FACT(zone, ZONE)
FACT(instance_id, INSTANCE_ID)
FACT(instance_type, INSTANCE_TYPE)
FACT(ami, AMI)
