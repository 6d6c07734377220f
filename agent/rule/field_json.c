/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of an event that came as JSON: the value under the field's own key,
 * converted to the field's type. What the language defines by other fields
 * (either side, networks, an ancestor by its number) is taken from those.
 */
#include "event/attr.h"
#include "event/json.h"
#include "rule/field_get.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const json_t *member(const struct field_get *g, struct str key)
{
	return json_fields_get(g->ev->fields, key);
}

static bool read_number(const json_t *j, int64_t *ret)
{
	const char *s;
	char *end;

	if (json_is_integer(j)) {
		*ret = json_integer_value(j);
		return true;
	}
	if (json_is_real(j)) {
		double d = json_real_value(j);

		if (!(d >= -9e18 && d <= 9e18))
			return false;
		*ret = (int64_t)d;
		return true;
	}
	s = json_string_value(j);
	if (!s || !*s)
		return false;
	errno = 0;
	*ret = *s == '-' ? strtoll(s, &end, 10) : (int64_t)strtoull(s, &end, 10);
	return !errno && !*end;
}

static bool read_ip(const json_t *j, struct value_ip *ret)
{
	const char *s = json_string_value(j);
	struct wire_addr a = {};

	if (!s)
		return false;
	a.family = strchr(s, ':') ? AF_INET6 : AF_INET;
	return inet_pton(a.family, s, a.ip) == 1 && wire_ip(&a, ret);
}

static bool read_bool(const json_t *j, bool *ret)
{
	const char *s = json_string_value(j);

	if (json_is_boolean(j))
		*ret = json_is_true(j);
	else if (s && (!strcmp(s, "true") || !strcmp(s, "false")))
		*ret = *s == 't';
	else
		return false;
	return true;
}

/* {"hex": "2f70ff"}: bytes that a text of JSON cannot hold, and the text <NA> itself. */
static bool read_hex(const struct field_get *g, const json_t *j, struct str *ret)
{
	const char *s = json_string_value(json_object_get(j, "hex"));
	struct text t = text_begin(g->s);
	unsigned int byte;
	int n;

	if (!s || strlen(s) % 2)
		return false;
	for (; *s; s += 2) {
		n = 0;
		if (!isxdigit((unsigned char)*s) || sscanf(s, "%2x%n", &byte, &n) != 1 || n != 2)
			return false;
		text_char(&t, (char)byte);
	}
	*ret = text_view(&t);
	return true;
}

static bool read_text(const struct field_get *g, const json_t *j, struct str *ret)
{
	struct text t;

	if (json_is_string(j)) {
		*ret = str_n(json_string_value(j), json_string_length(j));
		return true;
	}
	if (json_is_boolean(j)) {
		*ret = json_is_true(j) ? STR("true") : STR("false");
		return true;
	}
	if (json_is_object(j))
		return read_hex(g, j, ret);
	if (!json_is_integer(j))
		return false;
	t = text_begin(g->s);
	text_int(&t, json_integer_value(j));
	*ret = text_view(&t);
	return true;
}

static bool convert(const struct field_get *g, const json_t *j, struct value *v)
{
	enum value_type type = g->ref->type;

	if (!j || (json_is_string(j) && !strcmp(json_string_value(j), "<NA>")))
		return false;
	*v = (struct value){.type = type};
	switch (type) {
	case TYPE_BOOL:
		return read_bool(j, &v->b);
	case TYPE_INT:
	case TYPE_UINT:
		return read_number(j, &v->i);
	case TYPE_PORT:
		return read_number(j, &v->i) && v->i >= 0 && v->i <= 65535;
	case TYPE_IP:
	case TYPE_NET:
		return read_ip(j, &v->ip);
	default:
		return read_text(g, j, &v->s);
	}
}

/* The list X as it was given: json_fields_get() answers with the X[N] keys where there are any. */
static const json_t *whole_list(const struct field_get *g)
{
	return json_object_get(json_fields_object(g->ev->fields), g->ref->desc->name);
}

/* The value under X[n] itself. */
static const json_t *own_key(const struct field_get *g, int64_t n)
{
	char key[64];

	snprintf(key, sizeof(key), "%s[%lld]", g->ref->desc->name, (long long)n);
	return json_object_get(json_fields_object(g->ev->fields), key);
}

/* An ancestor: X[n] wins over the n-th of the list X, which begins with the parent; [0] is the process itself. */
static const json_t *ancestor(const struct field_get *g, int64_t n)
{
	const char *name = g->ref->desc->name;
	const json_t *j = own_key(g, n);
	char self[64];

	if (j)
		return j;
	if (n > 0) {
		j = whole_list(g);
		return json_is_array(j) ? json_array_get(j, (size_t)n - 1) : NULL;
	}
	snprintf(self, sizeof(self), "proc.%s", name + strlen("proc.a"));	/* proc.aname[0] is proc.name */
	return member(g, str(self));
}

static int ancestors(const struct field_get *g, struct value *v)
{
	const json_t *all = whole_list(g);
	size_t listed = json_is_array(all) ? json_array_size(all) : 0;
	int n = 0, gap = 0;

	for (int64_t i = 1; i <= LINEAGE_MAX; i++) {
		const json_t *j = ancestor(g, i);

		gap = j ? 0 : gap + 1;
		if (gap > 1 && (size_t)i > listed)	/* as event/json.c: one unknown ancestor does not end the line */
			break;
		n += convert(g, j, v + n);
	}
	if (n || json_is_array(all))
		return n ? n : 0;
	return convert(g, all, v) ? 1 : FIELD_MISSING;
}

static int list(const struct field_get *g, const json_t *j, struct value *v)
{
	int n = 0;

	if (!json_is_array(j))
		return convert(g, j, v) ? 1 : FIELD_MISSING;
	for (size_t i = 0; i < json_array_size(j) && n < FIELD_VALUES_MAX; i++)
		n += convert(g, json_array_get(j, i), v + n);
	return n;
}

/* Fields that are read from others: which, and how many. */
static const struct {
	const char *name;
	const char *from[2];
} derived[] = {
	{"fd.ip", {"fd.cip", "fd.sip"}}, {"fd.net", {"fd.cip", "fd.sip"}}, {"fd.port", {"fd.cport", "fd.sport"}},
	{"fd.proto", {"fd.cport", "fd.sport"}}, {"fd.cnet", {"fd.cip", NULL}}, {"fd.snet", {"fd.sip", NULL}},
	{"fd.lnet", {"fd.lip", NULL}}, {"fd.rnet", {"fd.rip", NULL}},
};

static int derive(const struct field_get *g, struct value *v, bool *is_derived)
{
	static const char *const fd_keys[] = {"fd.num", "fd.name", "fd.type", "fd.typechar"};
	int n = 0;

	*is_derived = false;
	for (size_t i = 0; i < ARRAY_SIZE(derived) && !*is_derived; i++) {
		if (strcmp(derived[i].name, g->ref->desc->name))
			continue;
		*is_derived = true;
		for (unsigned int k = 0; k < 2 && derived[i].from[k]; k++)
			n += convert(g, member(g, str(derived[i].from[k])), v + n);
	}
	if (n)
		return n;
	if (*is_derived && convert(g, member(g, g->ref->text), v))
		return 1;
	for (size_t i = 0; *is_derived && g->ref->flags & FIELD_EITHER && i < ARRAY_SIZE(fd_keys); i++) {
		if (member(g, str(fd_keys[i])))
			return 0;	/* a descriptor, but no socket: it exists and has no value */
	}
	return FIELD_MISSING;
}

/* The key as the field's own spelling has it, where the condition quoted the argument: proc.env["A B"]. */
static const json_t *unquoted(const struct field_get *g)
{
	const json_t *j;
	struct text t;

	if (!g->ref->arg.p || !memchr(g->ref->text.p, '[', g->ref->text.n))
		return NULL;
	t = text_begin(g->s);
	text_puts(&t, g->ref->desc->name);
	text_char(&t, '[');
	text_str(&t, g->ref->arg);
	text_char(&t, ']');
	j = member(g, text_view(&t));
	g->s->used = t.start;
	return j;
}

/* Other ways to write evt.rawtime. */
static int of_time(const struct field_get *g, struct value *v)
{
	static const struct {
		const char *name;
		int (*get)(const struct field_get *g, struct value *v);
	} times[] = {
		{"evt.time", get_evt_time}, {"evt.time.s", get_evt_time_s}, {"evt.time.iso8601", get_evt_iso},
		{"evt.datetime", get_evt_datetime}, {"evt.datetime.s", get_evt_datetime_s},
		{"evt.rawtime.s", get_evt_rawtime_s}, {"evt.rawtime.ns", get_evt_rawtime_ns},
	};

	for (size_t i = 0; g->ev->time && i < ARRAY_SIZE(times); i++)
		if (!strcmp(times[i].name, g->ref->desc->name))
			return times[i].get(g, v);
	return FIELD_MISSING;
}

/* What the language fixes for every event need not stand in the line. */
static int constant(const struct field_get *g, struct value *v)
{
	const char *name = g->ref->desc->name;

	if (str_starts(str(name), STR("evt.time")) || str_starts(str(name), STR("evt.datetime")) ||
	    str_starts(str(name), STR("evt.rawtime.")))
		return of_time(g, v);
	if (!strcmp(name, "evt.dir"))
		return put_text(v, "<");
	if (!strcmp(name, "evt.source"))
		return put_text(v, "syscall");
	if (!strcmp(name, "evt.num") && g->ev->num)
		return put_uint(v, g->ev->num);
	if (!strcmp(name, "evt.type.is")) {
		const json_t *type = member(g, STR("evt.type"));

		return put_uint(v, json_is_string(type) && str_eq(g->ref->arg, str(json_string_value(type))));
	}
	return FIELD_MISSING;
}

int json_values(const struct field_get *g, struct value v[FIELD_VALUES_MAX])
{
	const struct field_ref *r = g->ref;
	bool is_derived;
	const json_t *j;
	int n;

	if (r->flags & FIELD_ANY)
		return ancestors(g, v);
	if (r->desc->flags & FIELD_ANY && r->index >= 0)
		return convert(g, ancestor(g, r->index), v) ? 1 : FIELD_MISSING;
	n = derive(g, v, &is_derived);
	if (is_derived)
		return n;
	j = member(g, r->text);
	if (!j)
		j = unquoted(g);
	if (!j)
		return constant(g, v);
	if (r->flags & FIELD_LIST)
		return list(g, j, v);
	return convert(g, j, v) ? 1 : FIELD_MISSING;
}
