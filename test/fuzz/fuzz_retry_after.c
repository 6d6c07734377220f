/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says in its headers: Retry-After and Content-Type. */
#include "util/http.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_response r = {.headers = str_n((const char *)data, n)};
	unsigned int seconds;

	(void)http_media_type_is(http_header(&r, "Content-Type"), "application/x-protobuf");
	if (http_retry_after(http_header(&r, "Retry-After"), 1795428000, 900, &seconds) && seconds > 900)
		abort();
	if (http_retry_after(r.headers, 1795428000, 900, &seconds) && seconds > 900)
		abort();
	return 0;
}
