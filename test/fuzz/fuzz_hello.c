/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the beginning of a connection: texts lie in what holds them, and a hello that is cut says no other name. */
#include "event/http.h"
#include "event/tls.h"
#include <stdlib.h>

static void within(struct str s, const void *p, size_t n)
{
	if (s.p && (s.p < (const char *)p || s.p + s.n > (const char *)p + n))
		abort();
}

static void tls(const uint8_t *data, size_t n)
{
	static struct tls_hello h, cut;

	tls_parse(&h, data, n);
	if (h.used > sizeof(h.text) || h.nalpn > TLS_ALPN_MAX)
		abort();
	within(h.sni, h.text, h.used);
	for (unsigned int i = 0; i < h.nalpn; i++)
		within(h.alpn[i], h.text, h.used);
	tls_version_text(h.version);
	tls_parse(&cut, data, n / 2);
	if (cut.sni.p && h.sni.p && !str_eq(cut.sni, h.sni))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_request r;

	tls(data, n);
	if (!http_parse(&r, data, n))
		return 0;
	within(r.method, data, n);
	if (r.path.n != 1 || *r.path.p != '/')	/* of an address without a path it is the parser's own */
		within(r.path, data, n);
	within(r.host, data, n);
	return 0;
}
