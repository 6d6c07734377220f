/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/event_json.h"
#include "rule/field.h"
#include "event/attr.h"
#include "util/json_text.h"
#include <arpa/inet.h>
#include <stdlib.h>

static json_t *value_json(const struct value *v)
{
	char ip[INET6_ADDRSTRLEN];

	switch (v->type) {
	case TYPE_BOOL:
		return json_boolean(v->b);
	case TYPE_INT:
		return json_integer(v->i);
	case TYPE_UINT:
	case TYPE_PORT:
		return json_integer((json_int_t)v->u);
	case TYPE_STR:
	case TYPE_BYTES:
		return json_text(v->s);
	case TYPE_IP:
	case TYPE_NET:
		return json_string(inet_ntop(v->ip.family, v->ip.ip, ip, sizeof(ip)) ? ip : "");
	default:
		return NULL;
	}
}

/* One field, by its full name; NULL when it is missing. List-valued and any-ancestor fields are arrays. */
static json_t *field_json(const struct event *ev, struct str name, struct field_scratch *s)
{
	struct value v[FIELD_VALUES_MAX];
	struct field_ref r;
	unsigned int n;
	json_t *list;
	bool present;

	if (field_resolve(&r, name, false, STR_NONE, name) != FIELD_OK)
		return NULL;
	s->used = 0;
	n = field_values(&r, ev, s, v, &present);
	if (!present)
		return NULL;
	if (!(r.flags & (FIELD_LIST | FIELD_ANY)))
		return n ? value_json(&v[0]) : NULL;
	list = json_array();
	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(list, value_json(&v[i]));
	return list;
}

static void add(json_t *o, const struct event *ev, const char *name, struct field_scratch *s)
{
	json_t *v = field_json(ev, str(name), s);

	if (v)
		json_object_set_new(o, name, v);
}

json_t *event_field_json(const struct event *ev, const char *name)
{
	const char *bracket = strchr(name, '[');
	struct value v[FIELD_VALUES_MAX];
	struct field_scratch s;
	struct field_ref r;
	bool present;

	s.used = s.cut = 0;
	if (!bracket)
		return field_json(ev, str(name), &s);
	if (field_resolve(&r, str_n(name, (size_t)(bracket - name)), true, str_n(bracket + 1, strcspn(bracket + 1, "]")), str(name)) != FIELD_OK)
		return NULL;
	return field_values(&r, ev, &s, v, &present) ? value_json(&v[0]) : NULL;
}

json_t *event_json(const struct event *ev)
{
	const uint32_t left_out = FIELD_EITHER | FIELD_FILTER | FIELD_NEVER | FIELD_DEPRECATED | FIELD_ARG_NEEDED | FIELD_OUTPUT;
	struct field_scratch s;
	json_t *o = json_object();
	const struct event_desc *d;
	char name[96];

	s.cut = 0;
	for (size_t i = 0; i < field_count; i++) {
		if (!(field_table[i].flags & left_out))
			add(o, ev, field_table[i].name, &s);
	}
	d = ev->rec ? &event_table[ev->rec->hdr.type] : NULL;
	for (unsigned int i = 0; d && i < d->nattrs; i++) {
		snprintf(name, sizeof(name), "evt.arg.%s", d->attrs[i].name);
		add(o, ev, name, &s);
	}
	return o;
}
