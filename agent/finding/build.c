/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/build.h"
#include "finding/target.h"
#include "util/clock.h"
#include "util/siphash.h"
#include "util/utf8.h"
#include <arpa/inet.h>

#define ELLIPSIS "\xe2\x80\xa6"

void *build_alloc(struct build *b, size_t n)
{
	void *p = calloc(1, n);

	if (!p)
		b->failed = true;
	return p;
}

/* The usual case: nothing to repair, nothing to cut. */
static void copy_text(struct build *b, char **dst, struct str s)
{
	char *p = malloc(s.n + 1);

	if (!p) {
		b->failed = true;
		return;
	}
	memcpy(p, s.p, s.n);
	p[s.n] = 0;
	*dst = p;
}

void build_text(struct build *b, char **dst, struct str s, size_t max)
{
	size_t room, n;
	bool cut;
	char *p;

	if (!s.n)
		return;
	if (s.n <= max && utf8_valid(s) && !memchr(s.p, 0, s.n)) {
		copy_text(b, dst, s);
		return;
	}
	room = s.n > max / 3 ? max : s.n * 3;	/* a bad byte becomes three */
	p = build_alloc(b, room + sizeof(ELLIPSIS));
	if (!p)
		return;
	n = utf8_clean(p, room, s, &cut);
	strcpy(p + n, cut ? ELLIPSIS : "");
	*dst = p;
}

void build_time(struct build *b, char **dst, uint64_t wall_ns)
{
	char text[CLOCK_TEXT_MAX];

	build_text(b, dst, str(clock_rfc3339(text, wall_ns)), sizeof(text));
}

void build_ip(struct build *b, char **dst, const struct wire_addr *a)
{
	char text[TARGET_IP_TEXT];

	build_text(b, dst, target_ip(a, text), sizeof(text));
}

/* UUIDv8 (RFC 9562, section 5.8): our own bits, here a hash of what identifies a process. */
void build_process_uuid(struct build *b, char **dst, uint32_t pid, uint64_t start)
{
	static const uint64_t key[2] = {0x6e6f726f73686920ull, 0x70726f6365737320ull};	/* never change it: ids would */
	unsigned long long id[2];
	uint64_t hash[2];
	struct siphash h;
	char text[37];

	if (!pid)
		return;
	siphash_begin(&h, key);
	siphash_text(&h, str(b->c->boot_id));
	siphash_add(&h, &pid, sizeof(pid));
	siphash_add(&h, &start, sizeof(start));
	siphash_end(&h, hash);
	id[0] = hash[0];
	id[1] = hash[1];
	snprintf(text, sizeof(text), "%08llx-%04llx-8%03llx-%04llx-%012llx", id[0] >> 32, id[0] >> 16 & 0xffffull,
		 id[0] & 0xfffull, (id[1] >> 48 & 0x3fffull) | 0x8000ull, id[1] & 0xffffffffffffull);
	build_text(b, dst, str(text), sizeof(text));
}

/* Resolved once, at the first finding: the table of fields never changes. */
static const struct field_ref *field_ref(enum build_field id)
{
	static const char *const names[] = {
#define FIELD(ID, name) name,
#include "finding/field.def"
	};
	static struct field_ref refs[BUILD_FIELD_MAX];
	static bool resolved;

	for (unsigned int i = 0; !resolved && i < BUILD_FIELD_MAX; i++)
		if (field_resolve(&refs[i], str(names[i]), false, STR_NONE, str(names[i])) != FIELD_OK)
			refs[i].desc = NULL;
	resolved = true;
	return refs[id].desc ? &refs[id] : NULL;
}

unsigned int build_field_list(struct build *b, enum build_field id, struct value v[FIELD_VALUES_MAX])
{
	const struct field_ref *r = field_ref(id);
	bool present;

	return r ? field_values(r, b->ev, b->scratch, v, &present) : 0;
}

bool build_field(struct build *b, enum build_field id, struct value *ret)
{
	const struct field_ref *r = field_ref(id);

	return r && field_value(r, b->ev, b->scratch, ret);
}

bool build_field_u32(struct build *b, enum build_field id, uint32_t *ret)
{
	struct value v;

	if (!build_field(b, id, &v))
		return false;
	if (v.type == TYPE_INT && v.i >= 0 && v.i <= UINT32_MAX)
		*ret = (uint32_t)v.i;
	else if ((v.type == TYPE_UINT || v.type == TYPE_PORT) && v.u <= UINT32_MAX)
		*ret = (uint32_t)v.u;
	else
		return false;
	return true;
}

bool build_field_true(struct build *b, enum build_field id)
{
	struct value v;

	return build_field(b, id, &v) && v.type == TYPE_BOOL && v.b;
}

bool build_field_has_text(struct build *b, enum build_field id, struct str *ret)
{
	struct value v;

	if (!build_field(b, id, &v) || (v.type != TYPE_STR && v.type != TYPE_BYTES) || !v.s.n)
		return false;
	*ret = v.s;
	return true;
}

void build_field_text(struct build *b, enum build_field id, char **dst)
{
	char buf[BUILD_VALUE_MAX];
	struct value v;

	if (build_field(b, id, &v))
		build_text(b, dst, build_value_text(&v, buf), FINDING_TEXT_MAX);
}

struct str build_value_text(const struct value *v, char buf[BUILD_VALUE_MAX])
{
	switch (v->type) {
	case TYPE_BOOL:
		return v->b ? STR("true") : STR("false");
	case TYPE_INT:
		return str_n(buf, (size_t)snprintf(buf, BUILD_VALUE_MAX, "%lld", (long long)v->i));
	case TYPE_UINT:
	case TYPE_PORT:
		return str_n(buf, (size_t)snprintf(buf, BUILD_VALUE_MAX, "%llu", (unsigned long long)v->u));
	case TYPE_STR:
	case TYPE_BYTES:
		return v->s;
	case TYPE_IP:
	case TYPE_NET:
		if (!inet_ntop(v->ip.family, v->ip.ip, buf, BUILD_VALUE_MAX))
			return STR_NONE;
		return str(buf);
	default:
		return STR_NONE;
	}
}
