/* SPDX-License-Identifier: Apache-2.0 */
/* The DNS message of a `dns` event. A message that could not be read has what was read before the fault. */
#include "event/dns.h"
#include "rule/field_get.h"

int get_dns_qname(const struct field_get *g, struct value *v)
{
	return g->ev->dns ? put_str(v, g->ev->dns->qname) : FIELD_MISSING;
}

int get_dns_qtype(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);
	char buf[16];

	if (!g->ev->dns || !g->ev->dns->qname.p)
		return FIELD_MISSING;
	text_puts(&t, dns_type_text(g->ev->dns->qtype, buf));
	return put_str(v, text_view(&t));
}

int get_dns_rcode(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);
	char buf[16];

	if (!g->ev->dns || !g->ev->dns->response)
		return FIELD_MISSING;
	text_puts(&t, dns_rcode_text(g->ev->dns->rcode, buf));
	return put_str(v, text_view(&t));
}

int get_dns_answers(const struct field_get *g, struct value *v)
{
	const struct dns_message *m = g->ev->dns;
	int n = 0;

	if (!m || !m->response)
		return FIELD_MISSING;
	for (unsigned int i = 0; i < m->nanswers && n < FIELD_VALUES_MAX; i++)
		n += put_str(v + n, m->answers[i].text) == 1;
	return n;
}

int get_dns_qr(const struct field_get *g, struct value *v)
{
	if (!g->ev->dns || get_type(g) != EVENT_DNS)
		return FIELD_MISSING;
	return put_text(v, g->ev->dns->response ? "response" : "query");
}

int get_dns_egress(const struct field_get *g, struct value *v)
{
	return get_type(g) == EVENT_DNS ? put_bool(v, g->ev->rec->dns.egress != 0) : FIELD_MISSING;
}

/* The end with port 53, whichever side it is on. */
int get_dns_resolver(const struct field_get *g, struct value *v)
{
	return get_type(g) == EVENT_DNS ? get_fd_sip(g, v) : FIELD_MISSING;
}
