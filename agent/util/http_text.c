/* SPDX-License-Identifier: Apache-2.0 */
/* The text of HTTP: URLs, headers and dates, without a connection. */
#include "util/cleanup.h"
#include "util/http.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str s)
{
	while (s.n && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str http_header(const struct http_response *r, const char *name)
{
	struct str left = r->headers;
	size_t n = strlen(name);

	while (left.n) {
		const char *end = memchr(left.p, '\n', left.n);
		struct str line = str_n(left.p, end ? (size_t)(end - left.p) : left.n);

		if (line.n > n && line.p[n] == ':' && !strncasecmp(line.p, name, n))
			return trim(str_skip(line, n + 1));
		left = str_skip(left, line.n + 1);
	}
	return STR_NONE;
}

bool http_media_type_is(struct str content_type, const char *type)
{
	const char *semicolon = content_type.n ? memchr(content_type.p, ';', content_type.n) : NULL;

	if (semicolon)
		content_type.n = (size_t)(semicolon - content_type.p);
	content_type = trim(content_type);
	return content_type.n == strlen(type) && !strncasecmp(content_type.p, type, content_type.n);
}

/* Digits only; anything beyond max is max. */
static bool seconds(struct str s, unsigned int max, unsigned int *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > max)
			v = (uint64_t)max + 1;
	}
	*ret = v > max ? max : (unsigned int)v;
	return s.n;
}

bool http_retry_after(struct str value, uint64_t now_sec, unsigned int max, unsigned int *ret)
{
	struct str s = trim(value);
	char text[64];
	time_t at;

	if (seconds(s, max, ret))
		return true;
	/* A date begins with the name of a day; curl_getdate() would take much else. */
	if (s.n < 8 || s.n >= sizeof(text) || !((s.p[0] | 0x20) >= 'a' && (s.p[0] | 0x20) <= 'z'))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	at = curl_getdate(text, NULL);
	if (at < 0)
		return false;
	if ((uint64_t)at <= now_sec)
		*ret = 0;
	else
		*ret = (uint64_t)at - now_sec > max ? max : (unsigned int)((uint64_t)at - now_sec);
	return true;
}

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return !strcasecmp(host, "localhost");	/* libcurl itself resolves this name to the loopback addresses */
}

static int part(CURLU *h, CURLUPart what, unsigned int flags, char **ret)
{
	char *text;

	if (curl_url_get(h, what, &text, flags))
		return -EINVAL;
	*ret = strdup(text);
	curl_free(text);
	return *ret ? 0 : -ENOMEM;
}

static int parse(struct http_url *u, CURLU *h)
{
	_cleanup_(freep) char *scheme = NULL, *port = NULL, *user = NULL;
	size_t n;
	int r;

	if ((r = part(h, CURLUPART_SCHEME, 0, &scheme)) < 0 || (r = part(h, CURLUPART_HOST, 0, &u->host)) < 0 ||
	    (r = part(h, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port)) < 0)
		return r;
	u->tls = !strcmp(scheme, "https");
	if (!u->tls && strcmp(scheme, "http"))
		return -EINVAL;
	u->port = (unsigned int)strtoul(port, NULL, 10);
	u->userinfo = !part(h, CURLUPART_USER, 0, &user);
	n = strlen(u->host);
	if (n > 2 && u->host[0] == '[') {
		memmove(u->host, u->host + 1, n - 2);
		u->host[n - 2] = 0;
	}
	u->loopback = is_loopback(u->host);
	return 0;
}

int http_url_parse(struct http_url *ret, const char *url)
{
	struct http_url u = {};
	CURLU *h = curl_url();
	int r;

	if (!h)
		return -ENOMEM;
	r = curl_url_set(h, CURLUPART_URL, url, 0) ? -EINVAL : parse(&u, h);
	curl_url_cleanup(h);
	if (r < 0)
		http_url_free(&u);
	else
		*ret = u;
	return r;
}

void http_url_free(struct http_url *u)
{
	free(u->host);
	*u = (struct http_url){};
}

int http_loopback_address(struct sockaddr_storage *ret, const char *text)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	const char *colon = strrchr(text, ':');
	bool brackets = *text == '[';
	char host[64], *end;
	unsigned long port;
	size_t n;

	if (!colon || colon[1] < '0' || colon[1] > '9' || (brackets && (colon == text || colon[-1] != ']')))
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	n = (size_t)(colon - text) - (brackets ? 2 : 0);
	if (*end || !port || port > 65535 || n >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)n, text + brackets);
	*ret = (struct sockaddr_storage){.ss_family = brackets ? AF_INET6 : AF_INET};
	if (!is_loopback(host) || inet_pton(ret->ss_family, host, brackets ? (void *)&six->sin6_addr : &four->sin_addr) != 1)
		return -EINVAL;
	*(brackets ? &six->sin6_port : &four->sin_port) = htons((uint16_t)port);
	return 0;
}
