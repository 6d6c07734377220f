/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_refuse.h"
#include "event/attr.h"
#include "event/kind.h"
#include "util/cleanup.h"
#include <stdio.h>
#include <string.h>

#define KINDS_SHOWN 6	/* of one call in the text form */

struct told {
	json_t *told, *left;	/* field → true; field → why */
	enum event_type type;
};

static bool is_path(const char *name)
{
	return !strncmp(name, "fs.path.", 8) || !strncmp(name, "fd.name", 7) || !strcmp(name, "fd.directory") || !strcmp(name, "fd.filename") ||
	       !strcmp(name, "evt.path") || !strcmp(name, "evt.abspath");
}

static bool told_by_paths(enum event_type type)
{
	return type == EVENT_OPEN || type == EVENT_RENAME || type == EVENT_UNLINK || type == EVENT_LINK;
}

/* Why the kernel side does not tell a field. */
static const char *why_not(const struct told *t, const struct field_ref *f, bool told)
{
	const char *name = f->desc->name;

	for (uint32_t kind = 0; kind < kind_count(t->type) && !told; kind++) {
		if (kind_settles(t->type, kind, false, f->text))
			return "not by this comparison";
	}
	if (!strcmp(name, "container.id") || !strcmp(name, "container.name"))
		return "only the host is told from the rest";
	if (told)
		return "only where what is told of the event decides it";
	if (is_path(name))
		return told_by_paths(t->type) ? "nothing of the path that is sure" : "paths are told of opens, renames, removals and hard links only";
	if (strstr(name, "ip.name"))
		return "names come from the agent's memory of DNS answers";
	if (!strncmp(name, "proc.", 5) || !strncmp(name, "thread.", 7))
		return "the process table is the agent's";
	if (!strncmp(name, "user.", 5) || !strncmp(name, "group.", 6))
		return "of users only the effective id is told, and whether it is root's";
	return "the kernel side does not look at it";
}

static void on_told(void *ctx, const struct field_ref *f, bool told, bool untold)
{
	struct told *t = ctx;
	char name[256];

	snprintf(name, sizeof(name), STR_FMT, STR_ARG(f->text));
	if (told)
		json_object_set_new(t->told, name, json_true());
	if (untold || !told)
		json_object_set_new(t->left, name, json_string(why_not(t, f, told)));
}

static json_t *names_of(json_t *set)
{
	json_t *a = json_array(), *v;
	const char *name;

	json_object_foreach(set, name, v)
		json_array_append_new(a, json_string(name));
	json_decref(set);
	return a;
}

/* Whether anything is sent of those who are, or are not, all that in who. */
static bool some_sent(const struct wire_refuse *r, uint32_t mask, uint32_t who, uint32_t kinds)
{
	for (uint32_t i = 0; i < REFUSE_WHO; i++) {
		if ((i & mask) == who && ~r->kinds[i] & kinds)
			return true;
	}
	return false;
}

static const char *of_two(const struct wire_refuse *r, uint32_t bit, uint32_t kinds, const char *without, const char *with)
{
	bool no = some_sent(r, bit, 0, kinds), yes = some_sent(r, bit, bit, kinds);

	return no && yes ? "all" : yes ? with : no ? without : "none";
}

static bool is_socket(enum event_type type)
{
	return type == EVENT_CONNECT || type == EVENT_BIND || type == EVENT_LISTEN || type == EVENT_ACCEPT;
}

static json_t *kinds_of(const struct wire_refuse *r, enum event_type type, enum event_call call, uint32_t all)
{
	json_t *a = json_array();
	uint32_t sent = 0;

	for (uint32_t who = 0; who < REFUSE_WHO; who++)
		sent |= ~r->kinds[who] & all;
	for (uint32_t kind = 0; kind < KINDS_MAX && sent != all; kind++) {
		char text[KIND_TEXT_MAX];

		if (!(sent >> kind & 1))
			continue;
		kind_text(text, type, call, kind);
		/* of one place all protocols */
		if (is_socket(type) && kind != KIND_OTHER && sent >> (kind & ~3u) << 28 == 0xf0000000) {
			kind_place(text, kind);
			kind |= 3;
		}
		json_array_append_new(a, json_string(text));
	}
	return a;
}

static json_t *call_json(const struct engine *engine, uint32_t id, enum event_call call, const struct wire_refuse *r)
{
	struct told t = {json_object(), json_object(), call_table[call].type};
	unsigned int n = kind_count(t.type);
	uint32_t all = n >= KINDS_MAX ? ~0u : ((1u << n) - 1) | (n > 2 ? 1u << KIND_OTHER : 0);

	engine_condition_told(engine, id, call, on_told, &t);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "event", call_table[call].name, "outcome",
			 of_two(r, REFUSE_FAILED, all, "succeeded", "failed"), "user", of_two(r, REFUSE_ROOT, all, "not root", "root"),
			 "where", of_two(r, REFUSE_HOST, all, "not on the host", "on the host"), "kinds", kinds_of(r, t.type, call, all),
			 "told", names_of(t.told), "left", t.left);
}

/* State: it leaves the kernel whatever the rules ask for. */
static bool always_sent(enum event_call call, const struct wire_refuse *r)
{
	enum event_type type = call_table[call].type;

	return type == EVENT_FORK || type == EVENT_EXIT || type == EVENT_DNS || type == EVENT_CRED_CHANGE ||
	       (type == EVENT_EXEC && !~r->any[1]);
}

json_t *explain_refuse(const struct engine *engine, uint32_t id)
{
	_cleanup_(freep) struct wire_refuse *table = calloc(CALL_MAX, sizeof(*table));
	json_t *a = json_array();

	if (!table)
		return a;
	engine_condition_refuse(engine, id, table);
	for (enum event_call call = CALL_NONE + 1; call < CALL_MAX; call++) {
		if (!always_sent(call, &table[call]) && (~table[call].any[0] || ~table[call].any[1]))
			json_array_append_new(a, call_json(engine, id, call, &table[call]));
	}
	return a;
}

/* ---- as text ---- */

/* Unless it is all. */
static bool print_words(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	bool some = strcmp(s, "all");

	if (some)
		printf(" %s", s);
	return some;
}

static void print_call(json_t *o)
{
	json_t *kinds = json_object_get(o, "kinds"), *told = json_object_get(o, "told"), *left = json_object_get(o, "left"), *v;
	bool some = json_array_size(kinds);
	const char *name;
	size_t i;

	some |= print_words(o, "outcome");
	some |= print_words(o, "user");
	some |= print_words(o, "where");
	json_array_foreach(kinds, i, v) {
		if (i == KINDS_SHOWN) {
			printf(", … %zu in all", json_array_size(kinds));
			break;
		}
		printf("%s%s", i ? ", " : " (", json_string_value(v));
	}
	printf("%s", json_array_size(kinds) ? ")" : "");
	printf("%s; told by", some ? "" : " all");
	json_array_foreach(told, i, v)
		printf(" %s", json_string_value(v));
	printf("%s", json_array_size(told) ? "" : " nothing");
	printf("%s", json_object_size(left) ? "; left" : "");
	json_object_foreach(left, name, v)
		printf(" %s", name);
	puts("");
}

static bool same(json_t *a, json_t *b)
{
	static const char *const keys[] = {"outcome", "user", "where", "kinds", "told", "left"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	}
	return true;
}

void explain_refuse_print(json_t *refuse)
{
	size_t n = json_array_size(refuse);
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_array_get(refuse, i);
		bool before = false;

		for (size_t k = 0; k < i; k++)
			before |= same(o, json_array_get(refuse, k));
		if (before)
			continue;
		printf("  %-11s", first ? "sent" : "");
		first = false;
		for (size_t k = i; k < n; k++) {
			if (same(o, json_array_get(refuse, k)))
				printf(" %s", json_string_value(json_object_get(json_array_get(refuse, k), "event")));
		}
		printf(":");
		print_call(o);
	}
}
