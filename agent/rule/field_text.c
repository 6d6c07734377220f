/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that getters build in the scratch: numbers, addresses, paths. */
#include "rule/field_get.h"
#include <arpa/inet.h>
#include <errno.h>

static void text_base(struct text *t, uint64_t u, unsigned int base, unsigned int width)
{
	char buf[32];
	size_t n = sizeof(buf);

	do {
		buf[--n] = (char)('0' + u % base);
		u /= base;
	} while (u);
	while (sizeof(buf) - n < width)
		buf[--n] = '0';
	text_add(t, buf + n, sizeof(buf) - n);
}

void text_uint(struct text *t, uint64_t u)
{
	text_base(t, u, 10, 0);
}

void text_uint_width(struct text *t, uint64_t u, unsigned int width)
{
	text_base(t, u, 10, width);
}

void text_octal(struct text *t, uint64_t u)
{
	text_base(t, u, 8, 0);
}

void text_int(struct text *t, int64_t i)
{
	if (i < 0)
		text_char(t, '-');
	text_base(t, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, 10, 0);
}

void text_ip(struct text *t, const struct value_ip *ip)
{
	char buf[INET6_ADDRSTRLEN];

	if (inet_ntop(ip->family, ip->ip, buf, sizeof(buf)))
		text_puts(t, buf);
}

void text_endpoint(struct text *t, const struct value_ip *ip, uint16_t port)
{
	text_ip(t, ip);
	text_char(t, ':');
	text_uint(t, port);
}

/* Appends the components of path, resolving "." and ".." against what the text holds already. */
static void add_components(struct text *t, struct str path)
{
	const char *p = path.p, *end = path.p + path.n;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			struct str done = text_view(t);
			const char *last = done.n ? memrchr(done.p, '/', done.n) : NULL;

			t->s->used = last ? (size_t)(last - t->s->bytes) : t->start;
		} else if (n && !(n == 1 && p[0] == '.')) {
			text_char(t, '/');
			text_add(t, p, n);
		}
		p += n + 1;
	}
}

struct str path_join(struct field_scratch *s, struct str dir, struct str raw)
{
	struct text t = text_begin(s);

	if (!raw.p)
		return STR_NONE;
	if (!raw.n)
		return raw;
	if (raw.p[0] != '/' && !dir.n)
		return raw;	/* relative to nobody knows what */
	if (raw.p[0] != '/')
		add_components(&t, dir);
	add_components(&t, raw);
	if (t.s->used == t.start)
		text_char(&t, '/');
	return text_view(&t);
}

struct str path_directory(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	if (!slash)
		return str_n(path.p, 0);
	return str_n(path.p, slash == path.p ? 1 : (size_t)(slash - path.p));
}

const char *errno_name(int64_t res)
{
	if (res >= 0 || res < -4095)
		return NULL;
	return strerrorname_np((int)-res);
}
