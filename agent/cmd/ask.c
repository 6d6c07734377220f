/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/ask.h"
#include "util/buf.h"
#include <curl/curl.h>

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	buf_add(ctx, p, size * n);
	return buf_error(ctx) ? 0 : size * n;
}

json_t *ask(const char *state, const char *what, char *error, size_t room)
{
	struct buf body = {.max = 4u << 20};
	char path[300], url[64];
	CURL *c = curl_easy_init();
	json_t *v = NULL;
	CURLcode r;

	snprintf(path, sizeof(path), "%s/control.sock", state);
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, path);
	snprintf(url, sizeof(url), "http://noroshi/%s", what);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 5000L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	r = curl_easy_perform(c);
	if (r == CURLE_OK)
		v = json_loadb(body.p ? body.p : "", body.n, 0, NULL);
	if (!v)
		snprintf(error, room, "%s: %s", path, r == CURLE_OK ? "no JSON came back" : curl_easy_strerror(r));
	curl_easy_cleanup(c);
	buf_free(&body);
	return v;
}
