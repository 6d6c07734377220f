/* SPDX-License-Identifier: Apache-2.0 */
#include "event/http.h"
#include <stdint.h>

#define METHOD_MAX 20	/* the longest registered one has 17 letters */

/* The next line without its end; false when it was cut. */
static bool next_line(struct str *rest, struct str *line)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!end)
		return false;
	*line = str_n(rest->p, (size_t)(end - rest->p));
	*rest = str_skip(*rest, line->n + 1);
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static struct str until(struct str s, char c)
{
	const char *end = s.n ? memchr(s.p, c, s.n) : NULL;

	return end ? str_n(s.p, (size_t)(end - s.p)) : s;
}

static struct str trim(struct str s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s = str_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool is_method(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < 'A' || s.p[i] > 'Z') && s.p[i] != '-' && s.p[i] != '_')
			return false;
	}
	return s.n && s.n <= METHOD_MAX;
}

/* "example.org" of "user@example.org:80", "::1" of "[::1]:80". */
static struct str host_of(struct str s)
{
	const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

	if (at)
		s = str_skip(s, (size_t)(at - s.p) + 1);
	if (s.n && *s.p == '[')
		s = until(str_skip(s, 1), ']');
	else
		s = until(s, ':');
	return s.n ? s : STR_NONE;
}

/* A target may be a whole address, as a proxy gets it, or a host and a port alone. */
static void read_target(struct http_request *r, struct str target)
{
	struct str authority;
	const char *slashes;

	r->path = target;
	if (str_eq(r->method, STR("CONNECT"))) {
		r->host = host_of(target);
		return;
	}
	slashes = target.n && *target.p != '/' ? memmem(target.p, target.n, "://", 3) : NULL;
	if (!slashes)
		return;
	target = str_skip(target, (size_t)(slashes - target.p) + 3);
	authority = until(target, '/');
	r->host = host_of(authority);
	r->path = target.n > authority.n ? str_skip(target, authority.n) : STR("/");
}

static bool is_host(struct str name)
{
	static const char host[] = "host";

	if (name.n != sizeof(host) - 1)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if ((name.p[i] | 0x20) != host[i])
			return false;
	}
	return true;
}

bool http_parse(struct http_request *r, const void *p, size_t n)
{
	struct str rest = str_n(p ? p : "", p ? n : 0), line, name, value;
	bool whole = next_line(&rest, &line);

	*r = (struct http_request){};
	if (!whole)
		line = rest;	/* a request line that was cut: what there is of it */
	r->method = until(line, ' ');
	if (r->method.n == line.n || !is_method(r->method))
		return false;
	line = str_skip(line, r->method.n + 1);
	value = until(line, ' ');
	if (!value.n || (whole && !str_starts(str_skip(line, value.n), STR(" HTTP/"))))
		return false;
	read_target(r, value);
	while (whole && !r->host.p && next_line(&rest, &line) && line.n) {
		name = until(line, ':');
		if (name.n < line.n && is_host(name))
			r->host = host_of(trim(str_skip(line, name.n + 1)));
	}
	return true;
}
