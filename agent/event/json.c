/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Json
 *
 * A view of one object with a hash over its keys. An ancestor field may come as
 * one array (from the parent upwards) or as X[N] keys: either form answers for
 * the other, and X[N] wins.
 */
#include "event/json.h"
#include "util/cleanup.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ANCESTORS_MAX 1024	/* indexes of X[N] that are looked at for the array X */

/* The array fields over ancestors, and the field that is their [0]. */
static const struct {
	struct str list, self;
} ancestor_fields[] = {
	{{"proc.aname", 10}, {"proc.name", 9}},
	{{"proc.aexe", 9}, {"proc.exe", 8}},
	{{"proc.aexepath", 13}, {"proc.exepath", 12}},
	{{"proc.acmdline", 13}, {"proc.cmdline", 12}},
	{{"proc.apid", 9}, {"proc.pid", 8}},
	{{"proc.aenv", 9}, {"proc.env", 8}},
};

struct entry {
	struct str key;
	const json_t *value;
};

struct json_fields {
	json_t *object;
	json_t *lists[ARRAY_SIZE(ancestor_fields)];	/* made up from X[N] keys */
	size_t listed[ARRAY_SIZE(ancestor_fields)];	/* elements that such an array had of its own: in their places */
	char *keys;					/* texts of "evt.arg.NAME" */
	struct entry *entries;				/* hash table */
	size_t mask;
};

static const char ARG[] = "evt.arg";

static bool missing(const json_t *v)
{
	return json_is_null(v) || (json_is_string(v) && !strcmp(json_string_value(v), "<NA>"));
}

static struct entry *slot(const struct json_fields *f, struct str key)
{
	size_t at = str_hash(key) & f->mask;

	while (f->entries[at].value && !str_eq(f->entries[at].key, key))
		at = (at + 1) & f->mask;
	return &f->entries[at];
}

static const json_t *lookup(const struct json_fields *f, struct str key)
{
	return slot(f, key)->value;
}

static int refuse(char error[128], const char *what, const char *key)
{
	snprintf(error, 128, "%s%s%.60s%s", what, *key ? ": '" : "", key, *key ? "'" : "");
	return -EINVAL;
}

/* Scalars, lists of scalars, and {"hex": "00ff"}. */
static bool value_good(const json_t *v)
{
	size_t i;
	json_t *item;

	if (json_is_object(v))
		return json_object_size(v) == 1 && json_is_string(json_object_get(v, "hex"));
	json_array_foreach(v, i, item)
		if (json_is_object(item) || json_is_array(item))
			return false;
	return true;
}

static void put(struct json_fields *f, struct str key, const json_t *v, bool wins)
{
	struct entry *e;

	if (missing(v))
		return;
	e = slot(f, key);
	if (!e->value || wins)
		*e = (struct entry){key, v};
}

/* {"evt.arg": {"flags": …}} → evt.arg.flags, unless that key stands there itself. */
static int put_arguments(struct json_fields *f, json_t *map, char error[128])
{
	size_t room = 0;
	const char *name;
	json_t *v;
	char *at;

	json_object_foreach(map, name, v)
		room += sizeof(ARG) + strlen(name) + 1;
	f->keys = at = malloc(room + 1);
	if (!at)
		return -ENOMEM;
	json_object_foreach(map, name, v) {
		int n = sprintf(at, "%s.%s", ARG, name);

		if (!value_good(v))
			return refuse(error, "value is neither scalar nor list", at);
		put(f, str_n(at, (size_t)n), v, false);
		at += n + 1;
	}
	return 0;
}

static int put_all(struct json_fields *f, char error[128])
{
	const char *name;
	json_t *v, *map = NULL;

	json_object_foreach(f->object, name, v) {
		if (!strcmp(name, ARG) && json_is_object(v)) {
			map = v;
			continue;
		}
		if (!value_good(v))
			return refuse(error, "value is neither scalar nor list", name);
		put(f, str(name), v, true);
	}
	return map ? put_arguments(f, map, error) : 0;
}

/* X[1], X[2], … → the array X, over what X itself lists. X[0] is the process itself and no ancestor. */
static int make_list(struct json_fields *f, size_t field)
{
	struct str list = ancestor_fields[field].list;
	const json_t *own = lookup(f, list);
	size_t listed = json_is_array(own) ? json_array_size(own) : 0;
	json_t *array = NULL;
	char key[40];

	for (unsigned int i = 1, gap = 0; i < ANCESTORS_MAX && gap < 2; i++) {
		int n = snprintf(key, sizeof(key), STR_FMT "[%u]", STR_ARG(list), i);
		const json_t *v = lookup(f, str_n(key, (size_t)n));

		gap = v ? 0 : gap + 1;	/* one unknown ancestor does not end the line */
		if (!v)
			continue;
		if (!array && !(array = listed ? json_copy((json_t *)own) : json_array()))
			return -ENOMEM;
		f->lists[field] = array;
		if ((i <= listed ? json_array_set(array, i - 1, (json_t *)v) : json_array_append(array, (json_t *)v)) < 0)
			return -ENOMEM;
	}
	f->listed[field] = listed;
	if (array)
		*slot(f, list) = (struct entry){list, array};
	return 0;
}

static int fill(struct json_fields *f, json_t *object, char error[128])
{
	size_t n = json_object_size(object) + json_object_size(json_object_get(object, ARG)) + ARRAY_SIZE(ancestor_fields);
	size_t size = 16;
	int r;

	while (size < 2 * n)
		size *= 2;
	f->object = json_incref(object);
	f->mask = size - 1;
	f->entries = calloc(size, sizeof(*f->entries));
	r = f->entries ? put_all(f, error) : -ENOMEM;
	for (size_t i = 0; !r && i < ARRAY_SIZE(ancestor_fields); i++)
		r = make_list(f, i);
	return r;
}

int json_fields_new(struct json_fields **ret, json_t *object, char error[128])
{
	struct json_fields *f;
	const json_t *type;
	int r;

	if (!json_is_object(object))
		return refuse(error, "an event is an object of field names and values", "");
	type = json_object_get(object, "evt.type");
	if (!json_is_string(type) || missing(type))
		return refuse(error, "an event needs its evt.type, a text", "");
	f = calloc(1, sizeof(*f));
	r = f ? fill(f, object, error) : -ENOMEM;
	if (r == -ENOMEM)
		snprintf(error, 128, "out of memory");
	if (r < 0) {
		json_fields_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

struct json_fields *json_fields_free(struct json_fields *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(f->lists); i++)
		json_decref(f->lists[i]);
	json_decref(f->object);
	free(f->keys);
	free(f->entries);
	free(f);
	return NULL;
}

/* "proc.aname[2]" without a key of its own: element 1 of the array proc.aname; [0] is proc.name. */
static const json_t *ancestor(const struct json_fields *f, struct str key)
{
	const char *open = key.n ? memchr(key.p, '[', key.n) : NULL;
	struct str base, digits;
	size_t index = 0;

	if (!open || key.p[key.n - 1] != ']')
		return NULL;
	base = str_n(key.p, (size_t)(open - key.p));
	digits = str_n(open + 1, key.n - base.n - 2);
	if (!digits.n || digits.n > 9)
		return NULL;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(digits.p[i] - '0');
	}
	for (size_t i = 0; i < ARRAY_SIZE(ancestor_fields); i++) {
		const json_t *v;

		if (!str_eq(ancestor_fields[i].list, base))
			continue;
		if (!index)
			return lookup(f, ancestor_fields[i].self);
		if (f->lists[i] && index > f->listed[i])
			return NULL;	/* the line came as X[N]: what is not there is missing */
		v = json_array_get(lookup(f, base), index - 1);
		return v && missing(v) ? NULL : v;
	}
	return NULL;
}

const json_t *json_fields_get(const struct json_fields *f, struct str key)
{
	const json_t *v = lookup(f, key);

	return v ? v : ancestor(f, key);
}

json_t *json_fields_object(const struct json_fields *f)
{
	return f->object;
}
