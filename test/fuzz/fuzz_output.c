/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output template: parsed, its fields asked for, rendered with events from
 * JSON and with a record. Rendering adds to what is there, stays within its
 * bound, and says the same when it is asked again.
 */
#include "../make_record.h"
#include "event/json.h"
#include "rule/output.h"
#include "util/limits.h"
#include <fcntl.h>

static const char *const texts[] = {
	"{\"evt.type\":\"nosuch\"}",
	("{\"evt.type\":\"openat\",\"evt.num\":3,\"proc.name\":\"caf\xc3\xa9\",\"fd.name\":\"/etc/passwd\",\"proc.pid\":3,"
	"\"proc.aname\":[\"nginx\",null,\"systemd\"],\"evt.arg.flags\":\"O_CREAT|O_WRONLY\",\"evt.rawtime.ns\":17,"
	"\"proc.env[A B]\":\"x y\",\"proc.exe\":\"aGVsbG8=\",\"proc.cmdline\":\"bash\\u001b[2J -c \\n ls\",\"evt.is_open_write\":true}"),
	("{\"evt.type\":\"connect\",\"fd.cip\":\"10.0.0.5\",\"fd.sip\":\"2001:db8::1\",\"fd.cport\":40000,\"fd.sport\":443,"
	"\"proc.apid\":[1,2],\"dns.answers\":[\"10.0.0.1\",\"\",\"-x\"],\"evt.buffer\":\"hello\",\"evt.rawres\":-115}"),
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static struct json_fields *fields[TEXTS];
static char *long_text;	/* alone it is longer than an output may be */

static void load_events(void)
{
	char why[128];

	for (size_t i = 0; !fields[TEXTS - 1] && i < TEXTS; i++) {
		json_t *object = json_loads(texts[i], 0, NULL);

		if (!object)
			abort();
		if (i == 2) {
			long_text = malloc(OUTPUT_BYTES_MAX + 8);
			for (size_t k = 0; k < OUTPUT_BYTES_MAX + 4; k += 2)
				memcpy(long_text + k, "\xc3\xa9", 2);
			json_object_set_new(object, "proc.cmdline", json_stringn(long_text, OUTPUT_BYTES_MAX + 4));
		}
		if (json_fields_new(&fields[i], object, why))
			abort();
		json_decref(object);
	}
}

/* Appended to what stood there, at most OUTPUT_BYTES_MAX. */
static void render(const struct output *o, const struct event *ev, struct buf *out)
{
	static struct field_scratch scratch;

	scratch.used = 0;
	buf_puts(out, "before");
	output_render(o, ev, &scratch, out);
	if (buf_error(out) || out->n < 6 || memcmp(out->p, "before", 6) || out->n - 6 > OUTPUT_BYTES_MAX || out->p[out->n])
		abort();
}

static void render_twice(const struct output *o, const struct event *ev)
{
	struct buf a = {}, b = {};

	render(o, ev, &a);
	render(o, ev, &b);
	if (!str_eq(buf_view(&a), buf_view(&b)))
		abort();
	buf_free(&a);
	buf_free(&b);
}

/* Without a % sign the text is the output. */
static void check_plain(const struct output *o, struct str text)
{
	struct event ev = {.num = 1, .fields = fields[0]};
	struct buf out = {};

	render(o, &ev, &out);
	if (text.n <= OUTPUT_BYTES_MAX && !str_eq(str_skip(buf_view(&out), 6), text))
		abort();
	buf_free(&out);
}

static void count_field(void *ctx, const struct field_ref *f)
{
	++*(unsigned int *)ctx;
	if (!f->desc || !f->text.n)
		abort();
}

/* The record's path is the template, so that no text is too odd. */
static void render_record(const struct output *o, struct str text)
{
	static struct made m;
	union event_record *r = make_call(&m, CALL_OPENAT);
	struct event ev = {.num = 9, .time = 1700000000123456789, .call = CALL_OPENAT, .rec = &m.r};

	make_who(&m, 4711, 5, 1, 1000);
	r->open.flags = O_RDWR | O_CREAT;
	make_blob(&m, &r->open.name, text.p, text.n < 4096 ? text.n : 4096);
	render_twice(o, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n(size ? (const char *)data : "", size);
	struct output_error e = {};
	struct arena *a = arena_new(32u << 20);
	unsigned int asked = 0;
	struct output *o;
	int r;

	load_events();
	r = output_parse(&o, a, text, &e);
	if (r == -22 && (!e.message[0] || !e.len || e.pos >= size || e.len > size - e.pos || !memchr(text.p, '%', size)))
		abort();
	if (!r) {
		output_each_field(o, count_field, &asked);
		for (size_t i = 0; i < TEXTS; i++)
			render_twice(o, &(struct event){.num = i + 1, .fields = fields[i]});
		render_record(o, text);
		if (!size || !memchr(text.p, '%', size))
			check_plain(o, text);
		output_release(o);
	}
	arena_free(a);
	return 0;
}
