/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"
#include "health/issue.h"
#include "util/cleanup.h"
#include "util/json_text.h"
#include <string.h>

struct metric {
	const char *name, *type, *labels;
	void (*write)(struct buf *b, const struct metric *m, json_t *at);	/* at: what stands at path */
	const char *path, *key, *doc;
};

static void label_value(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(b, "\\n");
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_char(b, *s);
	}
}

/* One sample; values in the order of the metric's labels. */
static void sample(struct buf *b, const struct metric *m, const char *const *values, double v)
{
	const char *label = m->labels;
	unsigned int i = 0;

	buf_puts(b, m->name);
	while (*label) {
		size_t n = strcspn(label, ",");

		buf_printf(b, "%c%.*s=\"", i ? ',' : '{', (int)n, label);
		label_value(b, values[i++]);
		buf_char(b, '"');
		label += n + (label[n] == ',');
	}
	buf_printf(b, "%s %.17g\n", i ? "}" : "", v);
}

static double of(json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void number(struct buf *b, const struct metric *m, json_t *at)
{
	if (json_is_number(json_object_get(at, m->key)))
		sample(b, m, NULL, of(at, m->key));
}

static void milliseconds(struct buf *b, const struct metric *m, json_t *at)
{
	sample(b, m, NULL, of(at, m->key) / 1e3);
}

/* An object of numbers, each with its key as the label. */
static void numbers(struct buf *b, const struct metric *m, json_t *at)
{
	const char *key;
	json_t *v;

	json_object_foreach(json_object_get(at, m->key), key, v)
		sample(b, m, &key, json_number_value(v));
}

static void build(struct buf *b, const struct metric *m, json_t *at)
{
	sample(b, m, (const char *[]){json_word(at, "version"), json_word(at, "revision")}, 1);
}

static void healthy(struct buf *b, const struct metric *m, json_t *at)
{
	sample(b, m, NULL, !strcmp(json_word(at, m->key), "healthy"));
}

static void states(struct buf *b, const struct metric *m, json_t *at)
{
	static const char *const all[] = {"starting", "healthy", "degraded", "unhealthy", "excluded"};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		sample(b, m, &all[i], !strcmp(all[i], json_word(at, m->key)));
}

/* How many of the code are open: one for each sink, capability or the like that it is about. */
static unsigned int open_of(json_t *issues, const char *code)
{
	unsigned int n = 0;
	json_t *issue;
	size_t i;

	json_array_foreach(issues, i, issue)
		n += !strcmp(json_word(issue, "code"), code);
	return n;
}

static void issues(struct buf *b, const struct metric *m, json_t *at)
{
	for (unsigned int i = 0; i < ISSUE_MAX; i++) {
		unsigned int n = open_of(json_object_get(at, m->key), issue_table[i].code);

		if (n)
			sample(b, m, (const char *[]){issue_table[i].code, issue_table[i].severity}, n);
	}
}

static void capabilities(struct buf *b, const struct metric *m, json_t *at)
{
	const char *name;
	json_t *v;

	json_object_foreach(json_object_get(at, m->key), name, v)
		sample(b, m, (const char *[]){name, json_word(v, "state")}, 1);
}

static void of_events(struct buf *b, const struct metric *m, json_t *at)
{
	const char *name;
	json_t *e;

	json_object_foreach(at, name, e)
		sample(b, m, &name, of(e, m->key));
}

static bool was_tried(json_t *kind)
{
	return !strcmp(json_word(kind, "state"), "seen") || !strcmp(json_word(kind, "state"), "missed");
}

static void canary(struct buf *b, const struct metric *m, json_t *at)
{
	const char *name;
	json_t *kind;

	json_object_foreach(at, name, kind) {
		if (was_tried(kind))
			sample(b, m, &name, !strcmp(json_word(kind, "state"), "seen"));
	}
}

static void canary_seconds(struct buf *b, const struct metric *m, json_t *at)
{
	const char *name;
	json_t *kind;

	json_object_foreach(at, name, kind) {
		if (json_object_get(kind, "lastSeen"))
			sample(b, m, &name, of(kind, m->key) / 1e3);
	}
}

static void losses(struct buf *b, const struct metric *m, json_t *at)
{
	const char *name, *reason;
	json_t *e, *v;

	json_object_foreach(at, name, e) {
		json_object_foreach(json_object_get(e, m->key), reason, v)
			sample(b, m, (const char *[]){name, reason}, json_number_value(v));
	}
}

static void containers(struct buf *b, const struct metric *m, json_t *at)
{
	static const char *const coverage[] = {"covered", "excluded"}, *const attribution[] = {"resolved", "pending", "partial", "failed"};
	unsigned int n[ARRAY_SIZE(coverage)][ARRAY_SIZE(attribution)] = {};
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(at, m->key), i, c) {
		size_t a = 0;

		while (a < ARRAY_SIZE(attribution) && strcmp(json_word(c, "attribution"), attribution[a]))
			a++;
		if (a < ARRAY_SIZE(attribution) && !json_is_true(json_object_get(c, "ended")))
			n[!strcmp(json_word(c, "coverage"), "excluded")][a]++;
	}
	for (size_t k = 0; k < ARRAY_SIZE(coverage); k++) {
		for (size_t a = 0; a < ARRAY_SIZE(attribution); a++)
			sample(b, m, (const char *[]){coverage[k], attribution[a]}, n[k][a]);
	}
}

static void providers(struct buf *b, const struct metric *m, json_t *at)
{
	static const char *const answers[] = {"answered", "unknown", "down", "refused", "garbage"};
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(at, m->key), i, p) {
		for (size_t a = 0; a < ARRAY_SIZE(answers); a++)
			sample(b, m, (const char *[]){json_word(p, "name"), answers[a]}, of(p, answers[a]));
	}
}

static void of_sinks(struct buf *b, const struct metric *m, json_t *at)
{
	char index[24];
	json_t *s;
	size_t i;

	json_array_foreach(at, i, s) {
		snprintf(index, sizeof(index), "%zu", i);
		if (json_is_number(json_object_get(s, m->key)))
			sample(b, m, (const char *[]){json_word(s, "name"), index}, of(s, m->key));
	}
}

static const struct metric table[] = {
#define METRIC(id, type, labels, write, path, key, doc) {"noroshi_" #id, #type, labels, write, path, key, doc},
#include "metrics.def"
};

/* "deliver/sinks": members within members. */
static json_t *follow(json_t *o, const char *path)
{
	char name[32];

	while (*path) {
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		o = json_object_get(o, name);
		path += n + (path[n] == '/');
	}
	return o;
}

void metrics_write(struct buf *b, json_t *status)
{
	for (const struct metric *m = table; m < table + ARRAY_SIZE(table); m++) {
		buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->doc, m->name, m->type);
		m->write(b, m, follow(status, m->path));
	}
}
