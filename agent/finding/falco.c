/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Falco
 *
 * A finding as the JSON line that Falco's json_output would have printed, for
 * what stands behind it. Keys are sorted; numbers and yes/no of the output's
 * fields are such, a missing field is null.
 */
#include "finding/falco.h"
#include "rule/field.h"
#include <errno.h>
#include <time.h>

static const char *evidence_of(const Noroshi__V1__Finding *f, const char *name)
{
	for (size_t i = 0; f->event && i < f->event->n_fields; i++) {
		if (!strcmp(f->event->fields[i]->name, name))
			return f->event->fields[i]->value;
	}
	return NULL;
}

/* "evt.arg[1]" → the type of its values; a name that is no field (of extra_fields) is text. */
static enum value_type type_of(const char *name)
{
	const char *open = strchr(name, '['), *end = name + strlen(name);
	struct field_ref ref;
	struct str arg = STR_NONE;

	if (open && end[-1] == ']')
		arg = str_n(open + 1, (size_t)(end - open) - 2);
	if (field_resolve(&ref, open ? str_n(name, (size_t)(open - name)) : str(name), open, arg, str(name)) != FIELD_OK)
		return TYPE_STR;
	return ref.flags & (FIELD_LIST | FIELD_ANY | FIELD_EITHER) ? TYPE_STR : ref.type;
}

static uint64_t nanoseconds(const char *rfc3339)
{
	struct tm tm = {};
	unsigned long ns = 0;
	time_t s;

	if (sscanf(rfc3339, "%4d-%2d-%2dT%2d:%2d:%2d.%9lu", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &ns) < 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	s = timegm(&tm);
	return s < 0 ? 0 : (uint64_t)s * 1000000000 + ns;
}

static json_t *typed(const char *name, const char *text)
{
	enum value_type type = text ? type_of(name) : TYPE_NONE;
	char *end;

	if (!text)
		return json_null();
	errno = 0;
	if (type == TYPE_BOOL)
		return json_boolean(!strcmp(text, "true"));
	if (type == TYPE_INT || type == TYPE_UINT || type == TYPE_PORT) {
		long long v = strtoll(text, &end, 10);

		if (*text && !*end && !errno)
			return json_integer(v);
	}
	return json_string(text);
}

struct members {
	const Noroshi__V1__Finding *f;
	json_t *o;
};

static void add_member(void *ctx, const char *name)
{
	struct members *m = ctx;
	bool time = !strcmp(name, "evt.time") || !strcmp(name, "evt.time.iso8601");

	json_object_set_new(m->o, name, time ? json_integer((json_int_t)nanoseconds(m->f->time)) : typed(name, evidence_of(m->f, name)));
}

/* "16:31:56.746609046: Warning " and the output, the time being the host's. */
static json_t *line(const Noroshi__V1__Finding *f, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	struct buf b _cleanup_(buf_free) = {};
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&s, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	buf_printf(&b, "%s.%09llu: %s %s", clock, (unsigned long long)(ns % 1000000000), f->priority, f->output);
	return json_stringn(b.p ? b.p : "", b.n);
}

int finding_falco_line(const Noroshi__V1__Finding *f, const struct finding_template *t, struct buf *out)
{
	uint64_t ns = nanoseconds(f->time);
	json_t *tags = json_array(), *fields = json_object(), *o;
	struct members m = {f, fields};
	char *text;

	for (size_t i = 0; i < f->n_tags; i++)
		json_array_append_new(tags, json_string(f->tags[i]));
	if (f->event)
		add_member(&m, "evt.time");
	if (t && t->each)
		t->each(t->ctx, f->rule, add_member, &m);
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "hostname", f->host ? f->host->name : "",
		      "priority", *f->priority ? f->priority : "Warning", "rule", f->rule,
		      "source", f->event ? "syscall" : "internal", "time", f->time,
		      "output", line(f, ns), "tags", tags, "output_fields", fields);
	text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(o);
	if (!text)
		return -ENOMEM;
	buf_puts(out, text);
	free(text);
	return buf_error(out);
}
