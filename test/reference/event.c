/* SPDX-License-Identifier: Apache-2.0 */
/* Facts, and events that say them in JSON: in all the forms that JSON events may have. */
#include "generate.h"
#include "event/json.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

void make_pools(struct batch *b)
{
	for (int i = 0; i < RFIELDS; i++) {
		b->npool[i] = rfields[i].type == R_BOOL ? 2 : 2 + below(POOL_MAX - 1);
		for (unsigned int k = 0; k < b->npool[i]; k++)
			b->pool[i][k] = random_value(i);
		for (unsigned int k = 0; rfields[i].type == R_BOOL && k < 2; k++)
			b->pool[i][k].number = k;
		b->share[i] = 68 + below(20);
	}
	/* what val() compares has to meet at times */
	for (int i = 0; i < RFIELDS; i++) {
		int other = (int)below(RFIELDS);

		if (rfields[i].type == rfields[other].type && i != F_EVT_TYPE && other != F_EVT_TYPE && i != F_EVT_NUM && chance(50))
			b->pool[i][below(b->npool[i])] = b->pool[other][below(b->npool[other])];
	}
	memcpy(b->pool[F_SYSCALL_TYPE], b->pool[F_EVT_TYPE], sizeof(b->pool[F_EVT_TYPE]));
	b->npool[F_SYSCALL_TYPE] = b->npool[F_EVT_TYPE];
	b->share[F_EVT_TYPE] = b->share[F_EVT_NUM] = 100;
}

/* Of the names that events are given here. */
static bool is_syscall(struct str name)
{
	return !str_eq(name, STR("dns")) && !str_eq(name, STR("procexit")) && !str_eq(name, STR("nosuch")) && !str_eq(name, STR("xyz"));
}

void make_facts(struct batch *b, struct facts *e)
{
	bool no_descriptor = chance(16);

	for (int i = 0; i < RFIELDS; i++) {
		unsigned int n = 1;

		e->of[i].present = chance(b->share[i]) && !(rfields[i].flags & RF_DERIVED);
		if (no_descriptor && !strncmp(rfields[i].name, "fd.", 3))
			e->of[i].present = false;
		if (rfields[i].flags & RF_LIST)
			n = below(7);
		if (rfields[i].flags & RF_ANCESTORS)
			n = 1 + below(4);
		e->of[i].n = n;
		e->of[i].v = ref_memory((n + 1) * sizeof(struct rvalue));
		for (unsigned int k = 0; k < n; k++)
			e->of[i].v[k] = b->pool[i][below(b->npool[i])];
		if (n > 1 && chance(12))	/* [0] stays, so that it is there at all */
			e->of[i].v[1 + below(n - 1)].hole = true;
	}
	e->of[F_SYSCALL_TYPE].v[0] = e->of[F_EVT_TYPE].v[0];
	e->of[F_SYSCALL_TYPE].present = is_syscall(e->of[F_EVT_TYPE].v[0].text);
}

static json_t *as_json(const struct rvalue *v)
{
	char text[INET6_ADDRSTRLEN];

	if (v->hole)
		return chance(50) ? json_null() : json_string("<NA>");
	switch (v->type) {
	case R_STR:
	case R_BYTES:
		return json_stringn_nocheck(v->text.p ? v->text.p : "", v->text.n);
	case R_IP:
	case R_NET:
		return json_string(inet_ntop(v->six ? AF_INET6 : AF_INET, v->address, text, sizeof(text)));
	case R_BOOL:
		return chance(90) ? json_boolean(v->number) : json_string(v->number ? "true" : "false");
	default:
		if (v->number <= INT64_MAX && chance(90))
			return json_integer((json_int_t)v->number);
		snprintf(text, sizeof(text), v->number < 0 ? "%lld" : "%llu", (long long)v->number);
		return json_string(text);
	}
}

static void put_ancestors(json_t *o, const struct facts *e, int field)
{
	bool keys = chance(30);
	json_t *list = keys ? NULL : json_array();
	char key[64];

	for (unsigned int i = 0; i < e->of[field].n; i++) {
		snprintf(key, sizeof(key), "%s[%u]", rfields[field].name, i + 1);
		if (keys && e->of[field].v[i].hole)
			continue;
		if (keys)
			json_object_set_new(o, key, as_json(&e->of[field].v[i]));
		else
			json_array_append_new(list, as_json(&e->of[field].v[i]));
	}
	if (list)
		json_object_set_new(o, rfields[field].name, list);
}

static void put_list(json_t *o, const struct facts *e, int field)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < e->of[field].n; i++)
		json_array_append_new(list, as_json(&e->of[field].v[i]));
	json_object_set_new(o, rfields[field].name, list);
}

/* evt.arg.NAME has a map of its own, or not. */
static void put_one(json_t *o, const struct facts *e, int field, json_t *arguments)
{
	const char *name = rfields[field].name;

	if (field == F_PROC_ENV_A_B)
		name = "proc.env[A B]";
	if (arguments && !strncmp(name, "evt.arg.", 8))
		json_object_set_new_nocheck(arguments, name + 8, as_json(&e->of[field].v[0]));
	else
		json_object_set_new_nocheck(o, name, as_json(&e->of[field].v[0]));
}

/* What is none of the field's type is as good as nothing. */
static json_t *no_value(enum rtype type)
{
	static const char *const none[R_TYPES] = {
		[R_INT] = "12x", [R_UINT] = "", [R_PORT] = "70000", [R_BOOL] = "yes", [R_IP] = "10.0.0", [R_NET] = "::g"};

	if (chance(40))
		return chance(50) ? json_null() : json_string("<NA>");
	return none[type] ? json_string(none[type]) : json_array();
}

void make_json_event(struct occasion *o, uint64_t num)
{
	json_t *object = json_object(), *arguments = chance(30) ? json_object() : NULL;
	char why[128];

	for (int i = 0; i < RFIELDS; i++) {
		if (!o->facts.of[i].present) {
			if (!(rfields[i].flags & (RF_DERIVED | RF_LIST | RF_ANCESTORS)) && strncmp(rfields[i].name, "fd.n", 4) && chance(8))
				json_object_set_new(object, rfields[i].name, no_value(rfields[i].type));
		} else if (rfields[i].flags & RF_ANCESTORS) {
			put_ancestors(object, &o->facts, i);
		} else if (rfields[i].flags & RF_LIST) {
			put_list(object, &o->facts, i);
		} else {
			put_one(object, &o->facts, i, arguments);
		}
	}
	if (arguments)
		json_object_set_new(object, "evt.arg", arguments);
	o->object = object;
	if (json_fields_new(&o->fields, object, why) < 0) {
		fprintf(stderr, "an event is refused: %s\n", why);
		abort();
	}
	o->event = (struct event){.num = num, .fields = o->fields};
}

void release_event(struct occasion *o)
{
	json_fields_free(o->fields);
	json_decref(o->object);
	if (o->native)
		release_native(o->native);
}
