/* SPDX-License-Identifier: Apache-2.0 */
/* An event made by hand, as `f`, and what fields say of it: what check_field.c is written on. */
#ifndef TEST_FIELD_EVENT_H
#define TEST_FIELD_EVENT_H

#include "enrich/container.h"
#include "enrich/process.h"
#include "event/dns.h"
#include "rule/field.h"
#include "util/cleanup.h"
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A record, its process and everything around it. Blobs are put behind the struct one after the other. */
static struct {
	_Alignas(8) union {
		union event_record rec;
		char bytes[8192];
	};
	size_t used;
	struct event ev;
	struct process self, parent, grand;
	struct image self_image, parent_image, grand_image;
	struct container container;
	struct dns_message dns;
	struct field_scratch scratch;
} f;

static inline void blob(struct wire_blob *b, const char *p, size_t n)
{
	b->off = (uint16_t)f.used;
	b->len = (uint16_t)n;
	memcpy(f.bytes + f.used, p, n);
	f.used += n;
}

#define BLOB(where, text) blob(&(where), (text), strlen(text))

static void image(struct image *i, const char *comm, const char *exe, const char *path, const char *cmdline)
{
	*i = (struct image){.exec_id = 1, .comm = str(comm), .exe = str(exe), .exepath = str(path), .cmdline = str(cmdline),
			    .cwd = STR("/srv/")};
	if (strchr(cmdline, ' '))
		i->args = str(strchr(cmdline, ' ') + 1);
}

static void begin(enum event_type type, enum event_call call, size_t size)
{
	memset(&f, 0, sizeof(f));
	f.rec.hdr = (struct wire_hdr){.type = (uint16_t)type, .call = (uint16_t)call, .time = 5000000000ull, .tgid = 100,
				      .tid = 101, .exec_id = 1, .cpu = 3, .uid = 1000, .euid = 0, .gid = 50, .egid = 77,
				      .vpid = 9, .vtid = 8, .mntns = 11, .pidns = 12, .netns = 13, .userns = 14,
				      .cap_effective = 1ull << 0 | 1ull << 21};
	f.used = size;
	f.ev = (struct event){.num = 7, .time = 1700000005000000001ull, .call = call, .rec = &f.rec, .process = &f.self};
	image(&f.self_image, "curl", "/usr/bin/curl", "/usr/bin/curl", "curl -s http://x");
	f.self_image.argv = str_n("/usr/bin/curl\0-s\0http://x", 26);
	f.self_image.argc = 3;
	f.self_image.env = str_n("PATH=/bin\0A B=c d\0EMPTY=", 25);
	image(&f.parent_image, "bash", "-bash", "/bin/bash", "bash");
	image(&f.grand_image, "sshd", "sshd: x", "/usr/sbin/sshd", "sshd -D");
	f.grand = (struct process){.pid = 10, .vpid = 10, .start = 1, .image = &f.grand_image, .sid = 10, .pgid = 10};
	f.parent = (struct process){.pid = 50, .vpid = 5, .start = 2000000000ull, .image = &f.parent_image, .parent = &f.grand};
	f.self = (struct process){.pid = 100, .vpid = 9, .start = 4000000000ull, .image = &f.self_image, .parent = &f.parent,
				  .ppid = 50, .pgid = 50, .vpgid = 5, .sid = 10, .vsid = 10, .tty = 34817, .loginuid = 1000,
				  .pidns_start = 3000000000ull};
}

#define BEGIN(TYPE, name, CALL) begin(EVENT_##TYPE, CALL_##CALL, sizeof(struct wire_##name))

static struct field_ref ref(const char *name, const char *arg)
{
	static char text[256];
	struct field_ref r;

	snprintf(text, sizeof(text), arg ? "%s[%s]" : "%s", name, arg);
	ck_assert_msg(field_resolve(&r, str(name), arg, str(arg), str(text)) == FIELD_OK, "%s does not resolve", text);
	return r;
}

/* All values as one text, joined by '|'; "<none>" for a missing field. */
static const char *get(const char *name, const char *arg)
{
	static char out[32768];
	struct value v[FIELD_VALUES_MAX];
	struct field_ref r = ref(name, arg);
	char ip[INET6_ADDRSTRLEN];
	bool present;
	size_t at = 0;
	unsigned int n;

	f.scratch.used = 0;
	n = field_values(&r, &f.ev, &f.scratch, v, &present);
	if (!present)
		return "<none>";
	out[0] = 0;
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_int_eq(v[i].type, r.type);
		if (i)
			out[at++] = '|';
		switch (v[i].type) {
		case TYPE_BOOL:
			at += (size_t)sprintf(out + at, "%s", v[i].b ? "true" : "false");
			break;
		case TYPE_INT:
			at += (size_t)sprintf(out + at, "%lld", (long long)v[i].i);
			break;
		case TYPE_UINT:
		case TYPE_PORT:
			at += (size_t)sprintf(out + at, "%llu", (unsigned long long)v[i].u);
			break;
		case TYPE_IP:
		case TYPE_NET:
			at += (size_t)sprintf(out + at, "%s", inet_ntop(v[i].ip.family, v[i].ip.ip, ip, sizeof(ip)));
			break;
		default:
			at += (size_t)sprintf(out + at, "%.*s", (int)v[i].s.n, v[i].s.p);
		}
	}
	return out;
}

#define IS(name, expected) ck_assert_str_eq(get(name, NULL), expected)
#define IS_AT(name, arg, expected) ck_assert_str_eq(get(name, arg), expected)

static inline struct wire_addr addr4(const char *ip, uint16_t port)
{
	struct wire_addr a = {.family = AF_INET, .port = port};

	ck_assert_int_eq(inet_pton(AF_INET, ip, a.ip), 1);
	return a;
}

static inline struct wire_addr addr6(const char *ip, uint16_t port)
{
	struct wire_addr a = {.family = AF_INET6, .port = port};

	ck_assert_int_eq(inet_pton(AF_INET6, ip, a.ip), 1);
	return a;
}

#endif
