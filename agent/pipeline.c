/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

/* Not to be watched; the kernel lets most of it not get here. */
static bool is_excluded(const struct pipeline *p, const struct event *ev)
{
	if (ev->container)
		return ev->container->who && ev->container->who->excluded;
	return p->host_excluded && !(ev->rec->hdr.flags & WIRE_NO_OWNER);
}

void pipeline_record(struct pipeline *p, const void *rec, size_t n)
{
	const struct matches *m;
	struct event ev;
	enum decode_error error = decode(&ev, rec, n, p->boot_offset);

	if (error != DECODE_OK) {
		p->undecoded[error]++;
		return;
	}
	if (!enrich_event(p->enrich, &ev))
		return;	/* state: a control group, a process that was here before us */
	if (is_excluded(p, &ev)) {
		p->excluded++;
		return;
	}
	ev.num = ++p->events;
	m = ruleset_match(p->rules, &ev);
	if (p->canary && canary_is(p->canary, &ev)) {	/* it went the way that all go */
		canary_take(p->canary, &ev);
		return;
	}
	p->matched += m->n;
	for (uint32_t i = 0; i < m->n; i++) {
		if (!m->v[i].rule->observe && p->fold)
			fold_match(p->fold, &p->context, &ev, &m->v[i]);
		else if (m->v[i].rule->observe && p->observed)
			observed_match(p->observed, &ev, &m->v[i]);
	}
	if (p->observe)
		p->observe(p->observe_ctx, &ev, m);
}
