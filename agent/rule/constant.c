/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/constant.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY 160

/* The constant as a C string; false when it has a NUL or does not fit. */
static bool c_string(struct str s, char dst[CONSTANT_BYTES_MAX + 1])
{
	if (s.n > CONSTANT_BYTES_MAX || (s.n && memchr(s.p, 0, s.n)))
		return false;
	if (s.n)
		memcpy(dst, s.p, s.n);
	dst[s.n] = '\0';
	return true;
}

static enum constant_result bad(char why[WHY], const char *text, const char *what)
{
	snprintf(why, WHY, "\"%.80s\" %s", text, what);
	return CONSTANT_BAD;
}

/* ---- numbers ---- */

static enum constant_result parse_number(struct value *ret, enum value_type type, const char *text, bool compat,
					 char why[WHY])
{
	const char *p = text;
	unsigned long long u;
	bool negative, hex, wraps;
	char *end;

	while (*p == ' ' || *p == '\t')
		p++;
	negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	hex = p[0] == '0' && (p[1] | 0x20) == 'x';
	if (!(*p >= '0' && *p <= '9') || (hex && compat))
		return bad(why, text, "is not a valid number");
	errno = 0;
	u = strtoull(p, &end, hex ? 16 : 10);
	if (*end == '.' || (*end | 0x20) == 'e')
		return bad(why, text, "is not a whole number");
	if (*end || end == p)
		return bad(why, text, "is not a valid number");
	wraps = errno == ERANGE;
	if (wraps && !compat)
		return bad(why, text, "is too large for any number of an event");
	negative = negative && u;
	if (negative && u > (unsigned long long)INT64_MAX + 1) {
		u = (unsigned long long)INT64_MAX + 1;
		wraps = true;
	}
	if (!negative) {
		*ret = (struct value){.type = TYPE_UINT, .u = u};
		return wraps || (type == TYPE_INT && u > INT64_MAX) ? CONSTANT_WRAPS : hex ? CONSTANT_HEX : CONSTANT_OK;
	}
	*ret = (struct value){.type = TYPE_INT, .i = (int64_t)-u};
	if (type == TYPE_INT)
		return wraps ? CONSTANT_WRAPS : hex ? CONSTANT_HEX : CONSTANT_OK;
	if (compat)
		*ret = (struct value){.type = TYPE_UINT, .u = -u};
	return CONSTANT_WRAPS;
}

/* Digits, or the name of a service; nothing is port 0. */
static enum constant_result parse_port(struct value *ret, const char *text, bool compat, char why[WHY])
{
	char buf[2048];
	struct servent entry, *found = NULL;
	enum constant_result r;

	*ret = (struct value){.type = TYPE_UINT};
	if (!*text)
		return CONSTANT_OK;
	if (*text >= '0' && *text <= '9') {
		r = parse_number(ret, TYPE_UINT, text, compat, why);
		if (r == CONSTANT_BAD || ret->u <= 65535)
			return r;
		if (compat)
			ret->u &= 65535;
		return CONSTANT_WRAPS;
	}
	if (getservbyname_r(text, NULL, &entry, buf, sizeof(buf), &found) || !found)
		return bad(why, text, access("/etc/services", R_OK) ?
			   "is no port number, and no name: /etc/services is missing (package netbase)" :
			   "is neither a port number nor a service this host knows");
	ret->u = ntohs((uint16_t)found->s_port);
	return CONSTANT_OK;
}

/* ---- addresses ---- */

static bool parse_ip(struct value_ip *ret, const char *text)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = strchr(text, '.') ? AF_INET : AF_INET6;
	ret->prefix = ret->family == AF_INET ? 32 : 128;
	return inet_pton(ret->family, text, ret->ip) == 1;
}

static void mask(struct value_ip *net)
{
	unsigned int bytes = net->family == AF_INET ? 4 : 16, i;

	for (i = 0; i < bytes; i++) {
		unsigned int left = net->prefix > 8 * i ? net->prefix - 8 * i : 0;

		if (left < 8)
			net->ip[i] &= (uint8_t)(0xff00 >> left);
	}
}

static enum constant_result parse_net(struct value *ret, char *text, bool compat, char why[WHY])
{
	char *slash = strchr(text, '/'), *end;
	unsigned long prefix;

	if (!slash)
		return bad(why, text, "is no network: it needs a \"/\" and the length of its prefix");
	*slash = '\0';
	ret->type = TYPE_NET;
	if (!parse_ip(&ret->ip, text)) {
		*slash = '/';
		return bad(why, text, "is no network: the part before the \"/\" is no address");
	}
	*slash = '/';
	prefix = strtoul(slash + 1, &end, 10);
	if (*end || end == slash + 1 || slash[1] < '0' || slash[1] > '9' || prefix > ret->ip.prefix ||
	    (compat && !prefix && ret->ip.family == AF_INET6))
		return bad(why, text,
			   ret->ip.family == AF_INET ? "has no prefix length from 0 to 32"
						     : "has no prefix length from 1 to 128");
	ret->ip.prefix = (uint8_t)prefix;
	mask(&ret->ip);
	return !prefix && ret->ip.family == AF_INET6 ? CONSTANT_REFUSED : CONSTANT_OK;
}

/* ---- bytes ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum constant_result parse_hex(struct value *ret, struct arena *a, struct str s, char why[WHY])
{
	char *dst = arena_alloc(a, s.n / 2 + 1);
	size_t i;

	if (!dst)
		return CONSTANT_NO_MEMORY;
	for (i = 0; i + 1 < s.n; i += 2) {
		int hi = hex_value(s.p[i]), lo = hex_value(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			break;
		dst[i / 2] = (char)(hi << 4 | lo);
	}
	if (!s.n || i < s.n) {
		snprintf(why, WHY, "\"" STR_FMT "\" is not an even number of hex digits",
			 STR_ARG(str_n(s.p, s.n < 80 ? s.n : 80)));
		return CONSTANT_BAD;
	}
	*ret = (struct value){.type = TYPE_BYTES, .s = str_n(dst, s.n / 2)};
	return CONSTANT_OK;
}

bool constant_overflows(const char *field, struct value *v, bool compat)
{
	static const struct {
		const char *name;
		unsigned int bits;
		bool is_signed;
	} narrow[] = {
		{"evt.cpu", 16, true}, {"fd.dev", 32, true}, {"fd.dev.major", 32, true}, {"fd.dev.minor", 32, true},
		{"user.uid", 32, false}, {"group.gid", 32, false}, {"proc.tty", 32, false}, {"evt.type.is", 32, false},
		{"evt.count", 32, false}, {"evt.count.error", 32, false}, {"evt.count.error.file", 32, false},
		{"evt.count.error.net", 32, false}, {"evt.count.error.memory", 32, false}, {"evt.count.error.other", 32, false},
		{"evt.count.exit", 32, false}, {"evt.count.procinfo", 32, false}, {"evt.count.threadinfo", 32, false},
	};
	unsigned int i = 0, spare;
	struct value there;

	if (v->type != TYPE_INT && v->type != TYPE_UINT)
		return false;
	while (i < ARRAY_SIZE(narrow) && strcmp(narrow[i].name, field))
		i++;
	if (i == ARRAY_SIZE(narrow))
		return false;
	spare = 64 - narrow[i].bits;
	there = (struct value){.type = TYPE_UINT, .u = v->u << spare >> spare};
	if (narrow[i].is_signed && (int64_t)(v->u << spare) < 0)
		there = (struct value){.type = TYPE_INT, .i = (int64_t)(v->u << spare) >> spare};
	if (there.u == v->u && there.type == v->type)
		return false;
	if (compat)
		*v = there;
	return true;
}

enum constant_result constant_parse(struct value *ret, struct arena *a, enum value_type type, enum op op,
				    struct str text, bool compat, char why[WHY])
{
	char c[CONSTANT_BYTES_MAX + 1];

	if (text.n > CONSTANT_BYTES_MAX) {
		snprintf(why, WHY, "the constant is too long: %zu bytes, at most %d are compared", text.n,
			 CONSTANT_BYTES_MAX);
		return CONSTANT_BAD;
	}
	if (type == TYPE_BYTES && (op == OP_BCONTAINS || op == OP_BSTARTSWITH))
		return parse_hex(ret, a, text, why);
	if (type == TYPE_BYTES) {
		*ret = (struct value){.type = TYPE_BYTES, .s = text};
		return CONSTANT_OK;
	}
	if (!c_string(text, c)) {
		snprintf(why, WHY, "a NUL byte can only be compared with bytes");
		return CONSTANT_BAD;
	}
	switch (type) {
	case TYPE_BOOL:
		if (strcmp(c, "true") && strcmp(c, "false"))
			return bad(why, c, "is neither true nor false");
		*ret = (struct value){.type = TYPE_BOOL, .b = c[0] == 't'};
		return CONSTANT_OK;
	case TYPE_INT:
	case TYPE_UINT:
		return parse_number(ret, type, c, compat, why);
	case TYPE_PORT:
		return parse_port(ret, c, compat, why);
	case TYPE_STR:
		*ret = (struct value){.type = TYPE_STR, .s = text};
		return CONSTANT_OK;
	case TYPE_IP:
		ret->type = TYPE_IP;
		if (!parse_ip(&ret->ip, c))
			return bad(why, c,
				   strchr(c, '/')
				       ? "is a network, not an address: compare a net field (fd.net, fd.snet)"
				       : "is not an IP address");
		return CONSTANT_OK;
	case TYPE_NET:
		return parse_net(ret, c, compat, why);
	default:
		snprintf(why, WHY, "nothing can be compared with this type");
		return CONSTANT_BAD;
	}
}
