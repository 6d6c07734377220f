/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection began with: the ClientHello of a `tls` event, the request of an `http` event. */
#include "event/http.h"
#include "event/tls.h"
#include "rule/field_get.h"

int get_tls_sni(const struct field_get *g, struct value *v)
{
	return g->ev->tls ? put_str(v, g->ev->tls->sni) : FIELD_MISSING;
}

int get_tls_version(const struct field_get *g, struct value *v)
{
	const char *name = g->ev->tls ? tls_version_text(g->ev->tls->version) : NULL;

	return name ? put_text(v, name) : FIELD_MISSING;
}

int get_tls_alpn(const struct field_get *g, struct value *v)
{
	int n = 0;

	if (!g->ev->tls)
		return FIELD_MISSING;
	for (unsigned int i = 0; i < g->ev->tls->nalpn; i++)
		n += put_str(v + n, g->ev->tls->alpn[i]) == 1;
	return n;
}

int get_http_method(const struct field_get *g, struct value *v)
{
	return g->ev->http ? put_str(v, g->ev->http->method) : FIELD_MISSING;
}

int get_http_path(const struct field_get *g, struct value *v)
{
	return g->ev->http ? put_str(v, g->ev->http->path) : FIELD_MISSING;
}

/* Names of hosts have no case. */
int get_http_host(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);

	if (!g->ev->http || !g->ev->http->host.p)
		return FIELD_MISSING;
	for (size_t i = 0; i < g->ev->http->host.n; i++) {
		char c = g->ev->http->host.p[i];

		text_char(&t, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
	}
	return put_str(v, text_view(&t));
}
