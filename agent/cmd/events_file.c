/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/events_file.h"
#include "cmd/events_scap.h"
#include "enrich/enrich.h"
#include "enrich/user.h"
#include "event/attr.h"
#include "event/decode.h"
#include "event/json.h"
#include "event/scap.h"
#include "sensor/recording.h"
#include "sensor/source.h"
#include "util/fs.h"
#include <errno.h>

#define EVENT_LINE_MAX (16u << 20)	/* one event as JSON */

int event_from_json(json_t *object, uint64_t num, struct str line, event_fn fn, void *ctx, char error[128])
{
	struct json_fields *f;
	struct event ev = {.num = num};
	const json_t *v;
	int r = json_fields_new(&f, object, error);

	if (r < 0)
		return r;
	v = json_fields_get(f, STR("evt.type"));
	ev.call = v ? call_by_name(str(json_string_value(v))) : CALL_NONE;
	v = json_fields_get(f, STR("evt.rawtime"));
	if (json_is_integer(v))
		ev.time = (uint64_t)json_integer_value(v);
	ev.fields = f;
	fn(ctx, &ev, line);
	json_fields_free(f);
	return 0;
}

/* What may stand in an error is the file's text: a terminal must not obey it. */
static void tame(struct buf *error)
{
	for (size_t i = 0; i < error->n; i++) {
		if ((unsigned char)error->p[i] < 0x20 || error->p[i] == 0x7f)
			error->p[i] = '?';
	}
}

static void not_json(struct buf *error, const char *path, uint64_t line, const json_error_t *e)
{
	buf_printf(error, "%s:%llu:%d: not JSON: %s%s", path, (unsigned long long)line, e ? e->column : 1,
		   e ? e->text : "the line is too long", line == 1 ? " (nor is the file a recording)" : "");
	tame(error);
}

static int each_line(FILE *f, const char *path, event_fn fn, void *ctx, struct buf *error)
{
	uint64_t line_number = 0, num = 0;
	char *line = NULL, reason[128];
	size_t room = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getline(&line, &room, f)) >= 0) {
		json_error_t e;
		json_t *o;

		line_number++;
		if (strspn(line, " \t\r\n") == (size_t)n)
			continue;
		o = (size_t)n > EVENT_LINE_MAX ? NULL : json_loadb(line, (size_t)n, 0, &e);
		if (!o) {
			not_json(error, path, line_number, (size_t)n > EVENT_LINE_MAX ? NULL : &e);
			r = -EINVAL;
			break;
		}
		r = event_from_json(o, ++num, str_n(line, (size_t)n - (line[n - 1] == '\n')), fn, ctx, reason);
		if (r < 0)
			buf_printf(error, "%s:%llu:1: %s", path, (unsigned long long)line_number, reason);
		json_decref(o);
	}
	free(line);
	return r;
}

struct replay {
	struct enrich *enrich;
	uint64_t boot_offset, num, undecoded;
	event_fn fn;
	void *ctx;
	int error;
	char why[512];
};

static void on_record(void *ctx, const void *rec, size_t n)
{
	struct replay *r = ctx;
	struct event ev;

	if (decode(&ev, rec, n, r->boot_offset) != DECODE_OK) {
		r->undecoded++;
		return;
	}
	if (!enrich_event(r->enrich, &ev))
		return;
	ev.num = ++r->num;
	r->fn(r->ctx, &ev, STR_NONE);
}

static void on_idle(void *ctx)
{
	(void)ctx;
}

static void on_end(void *ctx, int error, const char *why)
{
	struct replay *r = ctx;

	r->error = error;
	if (error < 0)
		snprintf(r->why, sizeof(r->why), "%s", why ? why : "unreadable");
}

static int each_record(const char *path, event_fn fn, void *ctx, struct buf *error)
{
	struct replay r = {.fn = fn, .ctx = ctx};
	struct source_handler h = {on_record, on_idle, on_end, &r};
	struct source *s = NULL;
	uv_loop_t loop;
	char why[512];
	int e = source_file_new(&s, path, why);

	if (e < 0) {
		buf_puts(error, why);
		return e;
	}
	users_load(NULL, NULL);	/* this host's names; without them user.name is <NA> but for root */
	r.enrich = enrich_new(&(struct enrich_options){});
	if (!r.enrich || uv_loop_init(&loop) < 0)
		return -ENOMEM;
	r.boot_offset = s->ops->boot_offset(s);
	r.error = s->ops->start(s, &loop, &h);
	uv_run(&loop, UV_RUN_DEFAULT);
	s->ops->free(s);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	enrich_free(r.enrich);
	if (r.error < 0)
		buf_puts(error, r.why);
	if (r.undecoded && r.error >= 0) {
		buf_printf(error, "%s: %llu records could not be decoded", path, (unsigned long long)r.undecoded);
		return -EBADMSG;
	}
	return r.error;
}

static int unreadable(const char *path, int e, struct buf *error)
{
	buf_printf(error, "%s: %s", path, strerror(e));
	return -e;
}

int events_file_each(const char *path, event_fn fn, void *ctx, struct buf *error)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	unsigned char first[4];
	size_t n;

	if (!f)
		return unreadable(path, errno, error);
	n = fread(first, 1, sizeof(first), f);
	if (!n)
		return ferror(f) ? unreadable(path, errno, error) : 0;
	if (scap_begins(first, n))
		return events_scap_each(path, fn, ctx, error);
	if (first[0] == RECORDING_MAGIC[0])	/* no JSON object begins like that */
		return each_record(path, fn, ctx, error);
	while (n)
		ungetc(first[--n], f);	/* a pipe cannot be rewound */
	return each_line(f, path, fn, ctx, error);
}
