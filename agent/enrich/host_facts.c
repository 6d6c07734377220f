/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/host_facts.h"
#include <string.h>

bool host_say(struct host_facts *h, enum host_fact f, struct str text)
{
	if (h->fixed & 1u << f)
		return true;
	if (!text.n || text.n >= HOST_FACT_MAX)
		return false;
	memcpy(h->text[f], text.p, text.n);
	h->text[f][text.n] = 0;
	return true;
}

bool host_fix(struct host_facts *h, enum host_fact f, const char *text)
{
	if (!text || !*text)
		return true;
	if (!host_say(h, f, str(text)))
		return false;
	h->fixed |= 1u << f;
	return true;
}

struct str host_fact(const struct host_facts *h, enum host_fact f)
{
	return h && h->text[f][0] ? str(h->text[f]) : STR_NONE;
}
