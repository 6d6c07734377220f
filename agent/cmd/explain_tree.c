/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_tree.h"
#include "cmd/events_file.h"
#include "rule/ast_node.h"
#include "rule/event_json.h"
#include "rule/matcher_part.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_MAX 20	/* events that are shown when none is named; the rest is counted */
#define CHECK_COLUMN 76	/* behind it stands the macro */

static const char *const kinds[] = {[PART_ALL] = "and", [PART_ANY] = "or", [PART_NOT] = "not", [PART_CHECK] = "check"};
static const char *const results[] = {[PART_FALSE] = "false", [PART_TRUE] = "true", [PART_MISSING] = "missing"};

static json_t *number(float f)
{
	return json_real(round((double)f * 10) / 10);
}

static json_t *text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static void set_text(json_t *o, const struct shown *s)
{
	struct buf b = {};

	part_text(s, &b);
	json_object_set_new(o, "text", text(buf_view(&b)));
	buf_free(&b);
}

/* m asks about an event when evaluate is set; name: the event type that the cost is for. */
static json_t *tree_json(struct matcher *m, const struct shown *s, bool evaluate, int name)
{
	struct part p = part_of(s);
	json_t *o = json_pack("{s:s}", "kind", kinds[p.kind]), *members;
	struct buf b = {};

	if (p.kind == PART_CHECK)
		set_text(o, s);
	if (p.macro.p)
		json_object_set_new(o, "macro", text(p.macro));
	if (evaluate) {
		json_object_set_new(o, "result", json_string(results[part_result(m, s)]));
		part_value(m, s, &b);
		if (b.n)
			json_object_set_new(o, "value", text(buf_view(&b)));
		buf_free(&b);
	} else {
		json_object_set_new(o, "cost", number(part_cost(m, s, name).expected));
	}
	if (!p.n)
		return o;
	members = json_array();
	for (uint32_t i = 0; i < p.n; i++)
		json_array_append_new(members, tree_json(m, part_member(s, i), evaluate, name));
	json_object_set_new(o, "parts", members);
	return o;
}

/* The event type of the rule that costs most: what the figures are about. -1 when it has none. */
static int dearest(const struct matcher *m, const struct shown *s, const json_t *events)
{
	float most = -1;
	json_t *e;
	size_t i;
	int ret = -1;

	json_array_foreach(events, i, e) {
		int name = name_find(str(json_string_value(e)));
		float cost = part_cost(m, s, name).expected;

		if (name >= 0 && name_call(name) != CALL_NONE && cost > most) {
			most = cost;
			ret = name;
		}
	}
	return ret;
}

struct unknown {
	const json_t *events;
	json_t *found;
};

/* Fields that none of the rule's events that are reported here carries. */
static void add_unknown(void *ctx, const struct field_ref *f)
{
	struct unknown *u = ctx;
	bool reported = false;
	json_t *e;
	size_t i;

	if (f->flags & FIELD_NEVER)	/* of no event at all: "fieldsNever" */
		return;
	json_array_foreach(u->events, i, e) {
		enum event_call call = name_call(name_find(str(json_string_value(e))));

		if (call == CALL_NONE)
			continue;
		reported = true;
		if (field_available(f, call))
			return;
	}
	if (reported)
		json_array_append_new(u->found, json_stringn(f->text.p, f->text.n));
}

static json_t *host_json(const json_t *o, const struct loaded_rule *r)
{
	const json_t *events = json_object_get(o, "events");
	size_t n = json_array_size(events), unseen = json_array_size(json_object_get(o, "eventsUnseen"));
	struct unknown u = {events, json_array()};

	ast_each_field(r->tree, add_unknown, &u);
	return json_pack("{s:s, s:o}", "events", !n || unseen == n ? "none" : unseen ? "some" : "all", "fieldsMissing", u.found);
}

static int matcher_of(struct matcher **ret, const struct loaded_rule *r, unsigned int check_flags)
{
	const struct ast *tree = r->tree;

	return matcher_new(ret, &tree, 1, check_flags);
}

int explain_tree(json_t *o, const struct loaded_rule *r, unsigned int check_flags)
{
	const json_t *events = json_object_get(o, "events");
	const struct shown *s;
	struct part_cost cost;
	struct matcher *m;
	int name, e = matcher_of(&m, r, check_flags);

	if (e < 0)
		return e;
	s = matcher_parts(m, 0);
	name = dearest(m, s, events);
	cost = part_cost(m, s, name);
	json_object_set_new(o, "tree", tree_json(m, s, false, name));
	json_object_set_new(o, "cost", json_pack("{s:o, s:o, s:s}", "expected", number(cost.expected), "most", number(cost.most),
						 "event", name < 0 ? "" : name_table[name]));
	json_object_set_new(o, "host", host_json(o, r));
	matcher_free(m);
	return 0;
}

/* ---- text ---- */

static const char *get(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int print_words(const json_t *o, unsigned int depth)
{
	const char *kind = get(o, "kind");

	return printf("%*s%s", (int)(2 * depth), "", !strcmp(kind, "and") ? "all of" : !strcmp(kind, "or") ? "any of" :
		      !strcmp(kind, "not") ? "not" : get(o, "text"));
}

/* from: the macro that the part above comes from. */
static void print_part(const json_t *o, unsigned int depth, const char *from)
{
	const char *value = get(o, "value"), *macro = get(o, "macro");
	const json_t *part;
	size_t i;
	int n;

	if (*get(o, "result"))
		printf("  %-9s ", get(o, "result"));
	else
		printf("  %9.1f ", json_real_value(json_object_get(o, "cost")));
	n = print_words(o, depth);
	if (*value)
		n += printf("    [%s]", value);
	if (*macro && strcmp(macro, from))
		printf("%*s    macro %s", n < CHECK_COLUMN - 24 ? CHECK_COLUMN - 24 - n : 0, "", macro);
	puts("");
	json_array_foreach(json_object_get(o, "parts"), i, part)
		print_part(part, depth + 1, macro);
}

void explain_tree_print(const json_t *o)
{
	const json_t *cost = json_object_get(o, "cost");
	const char *event = get(cost, "event");

	printf("  %-11s about %.1f comparisons for an event %s%s, %.1f when every part is asked\n", "cost",
	       json_real_value(json_object_get(cost, "expected")), *event ? "of type " : "no type of which is reported here", event,
	       json_real_value(json_object_get(cost, "most")));
	printf("  %9s condition\n", "cost");
	print_part(json_object_get(o, "tree"), 0, "");
}

void explain_host_print(const json_t *o)
{
	const json_t *host = json_object_get(o, "host"), *f;
	const char *events = get(host, "events");
	size_t i;

	printf("  %-11s %s\n", "this host", !strcmp(events, "all") ? "reports every event of this rule" :
	       !strcmp(events, "some") ? "reports some of the events of this rule" :
					 "cannot see it: no event of this rule is reported here");
	json_array_foreach(json_object_get(host, "fieldsMissing"), i, f)
		printf("  %-11s no event of this rule that is reported here has %s\n", "", json_string_value(f));
}

/* ---- events ---- */

struct walk {
	struct matcher *m;
	const struct shown *root;
	json_t *out;
	uint64_t only;			/* this event, 0: those of the rule's types */
	uint64_t events, of_type, hold;
};

static void show(struct walk *w, const struct event *ev)
{
	struct buf why = {};
	json_t *o = event_json(ev), *type = json_object_get(o, "evt.type");

	part_why(w->m, w->root, &why);
	json_array_append_new(w->out, json_pack("{s:I, s:s, s:b, s:s%, s:o}", "event", (json_int_t)w->events, "type",
		json_is_string(type) ? json_string_value(type) : "", "holds", part_result(w->m, w->root) == PART_TRUE,
		"why", why.p ? why.p : "", why.n, "tree", tree_json(w->m, w->root, true, -1)));
	buf_free(&why);
	json_decref(o);
}

static void on_event(void *ctx, const struct event *ev, struct str line)
{
	struct walk *w = ctx;
	bool mine = matcher_may_hold(w->m, ev);

	(void)line;
	w->events++;
	w->of_type += mine;
	matcher_ask(w->m, ev);
	w->hold += part_result(w->m, w->root) == PART_TRUE;
	if (w->only ? w->events == w->only : mine && json_array_size(w->out) < EVENTS_MAX)
		show(w, ev);
}

/* FILE:N when there is no file of that whole name. */
static bool split(const char *spec, char *path, size_t room, uint64_t *n)
{
	const char *colon = strrchr(spec, ':');
	char *end;

	*n = 0;
	if ((size_t)snprintf(path, room, "%s", spec) >= room)
		return false;
	if (!colon || colon[1] < '0' || colon[1] > '9' || !access(spec, F_OK))
		return true;
	errno = 0;
	*n = strtoull(colon + 1, &end, 10);
	if (*end || errno || !*n)
		return !(*n = 0);
	path[colon - spec] = '\0';
	return true;
}

static int walk(struct walk *w, const char *path)
{
	struct buf error = {};
	int r;

	w->events = w->of_type = w->hold = 0;
	r = events_file_each(path, on_event, w, &error);
	if (error.n)
		fprintf(stderr, "noroshi explain: %s\n", error.p);
	buf_free(&error);
	return r;
}

int explain_events(json_t *o, const struct loaded_rule *r, unsigned int check_flags, const char *spec)
{
	struct walk w = {.out = json_array()};
	char path[4096];
	int e = -EINVAL;

	json_object_set_new(o, "evaluations", w.out);
	if (!split(spec, path, sizeof(path), &w.only))
		return fprintf(stderr, "noroshi explain: the name of the file is too long\n"), -EINVAL;
	if (matcher_of(&w.m, r, check_flags) < 0)
		return fprintf(stderr, "noroshi explain: no memory\n"), -ENOMEM;
	w.root = matcher_parts(w.m, 0);
	e = walk(&w, path);
	if (e >= 0 && w.only && w.only > w.events) {
		fprintf(stderr, "noroshi explain: %s has %llu events, none with the number %llu\n", path,
			(unsigned long long)w.events, (unsigned long long)w.only);
		e = -EINVAL;
	} else if (e >= 0 && !w.only && !w.of_type && w.events) {
		w.only = 1;	/* none of its types: why it is not shows on the first as well as on any */
		e = walk(&w, path);
	}
	json_object_set_new(o, "evaluated", json_pack("{s:I, s:I, s:I}", "events", (json_int_t)w.events, "ofItsTypes",
						      (json_int_t)w.of_type, "true", (json_int_t)w.hold));
	matcher_free(w.m);
	return e < 0 ? e : 0;
}

void explain_events_print(const json_t *o)
{
	const json_t *done = json_object_get(o, "evaluated"), *all = json_object_get(o, "evaluations"), *one;
	long long of_type = json_integer_value(json_object_get(done, "ofItsTypes"));
	size_t i;

	json_array_foreach(all, i, one) {
		printf("event %lld, %s\n", (long long)json_integer_value(json_object_get(one, "event")), get(one, "type"));
		print_part(json_object_get(one, "tree"), 0, "");
		printf("  %s\n", get(one, "why"));
	}
	printf("%lld events, %lld of its types, true for %lld", (long long)json_integer_value(json_object_get(done, "events")), of_type,
	       (long long)json_integer_value(json_object_get(done, "true")));
	if ((long long)json_array_size(all) < of_type)
		printf("; %zu shown, -e FILE:N shows event N", json_array_size(all));
	puts("");
}
