/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the condition language share: a condition compiled, its
 * diagnostics as lines of text, an event out of a line of JSON, files of cases.
 */
#ifndef TEST_RULE_HELPER_H
#define TEST_RULE_HELPER_H

#include "event/json.h"
#include "rule/matcher.h"
#include "util/buf.h"
#include "util/fs.h"
#include "util/limits.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct compiled {
	struct arena *arena;
	struct ast *ast;
	struct matcher *matcher;
	struct buf said; /* "! 1:5 message; hint" for an error, "? ..." for a warning, "~ ..." for other semantics */
	unsigned int errors, warnings;
};

static inline void say_error(struct compiled *c, const struct ast_error *e, char mark)
{
	buf_printf(&c->said, "%c %u:%u+%zu %s%s%s\n", mark, e->line, e->col, e->len, e->message, e->hint[0] ? "; " : "",
		   e->hint);
}

static inline void compiled_report(void *ctx, const struct ast_error *e, bool warning)
{
	struct compiled *c = ctx;

	if (warning)
		c->warnings++;
	else
		c->errors++;
	say_error(c, e, !warning ? '!' : e->semantics ? '~' : '?');
}

/* 0 when the condition compiles; c is to be released either way. text must outlive it. */
static inline int compile(struct compiled *c, struct str text, unsigned int flags, unsigned int depth)
{
	struct ast_error e;
	const struct ast *root;
	int r;

	memset(c, 0, sizeof(*c));
	c->arena = arena_new(0);
	r = ast_parse(&c->ast, c->arena, text, depth, &e);
	if (r < 0) {
		c->errors++;
		say_error(c, &e, '!');
		return r;
	}
	r = ast_check(c->ast, c->arena, flags, compiled_report, c);
	if (r < 0)
		return r;
	root = c->ast;
	return matcher_new(&c->matcher, &root, 1, flags);
}

static inline void compiled_release(struct compiled *c)
{
	matcher_free(c->matcher);
	arena_free(c->arena);
	buf_free(&c->said);
}

struct json_event {
	struct event event;
	json_t *object;
	struct json_fields *fields;
};

static inline void json_event(struct json_event *e, const char *text)
{
	char why[128] = "";
	json_error_t error;

	memset(e, 0, sizeof(*e));
	e->object = json_loads(text, 0, &error);
	ck_assert_msg(e->object != NULL, "%s: %s", text, error.text);
	ck_assert_msg(!json_fields_new(&e->fields, e->object, why), "%s: %s", text, why);
	e->event.num = 1;
	e->event.fields = e->fields;
}

static inline void json_event_release(struct json_event *e)
{
	json_fields_free(e->fields);
	json_decref(e->object);
}

/* Whether a compiled condition holds; explain() must say the same. */
static inline bool holds(struct compiled *c, const char *json)
{
	struct json_event e;
	struct buf out = {};
	uint32_t id;
	bool r, explained;

	json_event(&e, json);
	r = matcher_match(c->matcher, &e.event, &id) == 1;
	explained = matcher_explain(c->matcher, 0, &e.event, &out);
	ck_assert_msg(r == explained, "%s: the match says %d, explain says\n%s", json, r, out.p);
	buf_free(&out);
	json_event_release(&e);
	return r;
}

/* The next line of *rest without its end; false behind the last. */
static inline bool next_line(struct str *rest, struct str *line)
{
	const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!rest->n)
		return false;
	line->p = rest->p;
	line->n = nl ? (size_t)(nl - rest->p) : rest->n;
	*rest = str_skip(*rest, line->n + (nl != NULL));
	return true;
}

/* \\ \t \n \r \xNN of a case file, in place. */
static inline void unescape_case(char *s)
{
	char *dst = s;
	unsigned int byte;

	for (; *s; s++) {
		const char *at = *s == '\\' && s[1] ? strchr("\\tnr", s[1]) : NULL;

		if (at) {
			*dst++ = "\\\t\n\r"[at - "\\tnr"];
			s++;
		} else if (*s == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &byte) == 1) {
			*dst++ = (char)byte;
			s += 3;
		} else {
			*dst++ = *s;
		}
	}
	*dst = '\0';
}

#endif
