/* SPDX-License-Identifier: Apache-2.0 */
/* IMDS: whether this host has one, which addresses may be one, and what status says; apart from asking. */
#include "attribution/imds.h"
#include "util/clock.h"
#include "util/cleanup.h"
#include "util/fs.h"
#include "util/http.h"
#include "util/json_text.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_local_host(const char *host)
{
	struct in6_addr six, ec2;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 16 == 0xa9fe;	/* 169.254.0.0/16 */
	if (inet_pton(AF_INET6, host, &six) != 1)
		return false;
	inet_pton(AF_INET6, "fd00:ec2::254", &ec2);
	return IN6_IS_ADDR_LINKLOCAL(&six) || !memcmp(&six, &ec2, sizeof(six));
}

bool imds_url_is_local(const char *url)
{
	struct http_url u;
	bool good;

	if (http_url_parse(&u, url) < 0)
		return false;
	good = !u.tls && !u.userinfo && (u.loopback || is_local_host(u.host));
	http_url_free(&u);
	return good;
}

bool imds_is_ec2(const char *root, char why[128])
{
	/* Nitro and metal say it in DMI; Xen by a UUID that begins so, which EC2 documents as the sign of an instance. */
	static const struct {
		const char *path, *begins;
	} signs[] = {
		{"/sys/class/dmi/id/sys_vendor", "Amazon EC2"}, {"/sys/class/dmi/id/board_vendor", "Amazon EC2"},
		{"/sys/hypervisor/uuid", "ec2"}, {"/sys/class/dmi/id/product_uuid", "ec2"},
	};

	snprintf(why, 128, "nothing in /sys/class/dmi/id and /sys/hypervisor says that this host is an instance of EC2");
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		struct buf b = {};
		char path[300];
		bool is;

		snprintf(path, sizeof(path), "%s%s", root, signs[i].path);
		is = fs_read(&b, path, 256) == 0 && b.n >= strlen(signs[i].begins) &&
		     !strncasecmp(b.p, signs[i].begins, strlen(signs[i].begins));
		buf_free(&b);
		if (!is)
			continue;
		snprintf(why, 128, "%s says so", signs[i].path);
		return true;
	}
	return false;
}

static json_t *fault_json(enum imds_fault f, const struct imds_evidence *e)
{
	char text[CLOCK_TEXT_MAX];

	return json_pack("{s:s, s:s, s:o, s:i, s:o}", "fault", imds_fault_name(f), "since", clock_rfc3339(text, e->since), "url",
			 json_text(str(e->url)), "status", e->status, "text", json_text(str(e->text)));
}

static json_t *state_json(const struct imds_state *s, const char *reason)
{
	json_t *o, *faults = json_array();
	const char *word = !s ? "not asked" : s->told ? "answers" : "asked";

	for (enum imds_fault f = 0; s && f < IMDS_FAULTS; f++) {
		if (!s->faults[f].since)
			continue;
		if (f <= IMDS_NO_DOCUMENT && f != IMDS_V1_ONLY)
			word = imds_fault_name(f);
		json_array_append_new(faults, fault_json(f, &s->faults[f]));
	}
	o = json_pack("{s:s, s:o}", "state", word, "faults", faults);
	if (reason && *reason)
		json_object_set_new(o, "reason", json_text(str(reason)));
	if (s && s->role[0])
		json_object_set_new(o, "role", json_text(str(s->role)));
	return o;
}

json_t *imds_json(const struct imds *i, const struct host_facts *h, const char *reason)
{
	static const char *const names[HOST_FACTS] = {"account", "region", "zone", "instanceId", "instanceType", "ami", "orgPath"};
	json_t *o = json_object(), *tags = json_object();
	char text[CLOCK_TEXT_MAX];

	for (enum host_fact f = 0; f < HOST_FACTS; f++) {
		if (host_fact(h, f).n)
			json_object_set_new(o, names[f], json_text(host_fact(h, f)));
	}
	if (h->since)
		json_object_set_new(o, "since", json_string(clock_rfc3339(text, h->since)));
	for (unsigned int t = 0; t < h->ntags; t++)
		json_object_set_new(tags, h->tags[t].key, json_text(str(h->tags[t].value)));
	if (h->tags_told)
		json_object_set(o, "tags", tags);
	json_decref(tags);
	json_object_set_new(o, "imds", state_json(imds_state(i), reason));
	return o;
}
