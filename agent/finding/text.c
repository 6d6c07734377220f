/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text
 *
 * A finding as one line for people at a terminal. Everything in it that a
 * process chose is escaped: a line stays a line, and its colours ours.
 */
#include "finding/finding.h"
#include "util/utf8.h"

#define SHORT_ID 12	/* digits of a container's id that tools show */

static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);	/* turn the direction of the line */
}

static void add_text(struct buf *out, struct str s)
{
	while (s.n) {
		size_t n = utf8_sequence(s);
		uint32_t c = n ? utf8_point(s.p, n) : (unsigned char)*s.p;

		if (n && !must_escape(c))
			buf_add(out, s.p, n);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (c < 0x100)
			buf_printf(out, "\\x%02x", c);
		else
			buf_printf(out, "\\u%04x", c);
		s = str_skip(s, n ? n : 1);
	}
}

static void add_severity(struct buf *out, Noroshi__V1__Severity severity, bool colour)
{
	static const struct {
		const char *name, *colour;
	} words[] = {
		[NOROSHI__V1__SEVERITY__SEVERITY_UNSPECIFIED] = {"-", "\033[0m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_INFO] = {"INFO", "\033[2m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_LOW] = {"LOW", "\033[36m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_MEDIUM] = {"MEDIUM", "\033[33m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_HIGH] = {"HIGH", "\033[31m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_CRITICAL] = {"CRITICAL", "\033[1;31m"},
	};
	unsigned int i = (unsigned int)severity < ARRAY_SIZE(words) ? (unsigned int)severity : 0;

	buf_printf(out, "%s%-8s%s ", colour ? words[i].colour : "", words[i].name, colour ? "\033[0m" : "");
}

static void add_place(struct buf *out, const Noroshi__V1__Finding *f)
{
	bool task = f->ecs && f->ecs->task_id[0], container = f->container && f->container->id[0];

	if (!task && !container)
		return;
	buf_puts(out, " (");
	if (task) {
		buf_puts(out, "task ");
		add_text(out, str(f->ecs->task_id));
		if (f->ecs->container_name[0]) {
			buf_char(out, '/');
			add_text(out, str(f->ecs->container_name));
		}
		buf_puts(out, container ? " " : "");
	}
	if (container) {
		struct str id = str(f->container->id);

		buf_puts(out, "container ");
		add_text(out, str_n(id.p, id.n > SHORT_ID ? SHORT_ID : id.n));
		if (f->container->name[0]) {
			buf_char(out, ' ');
			add_text(out, str(f->container->name));
		}
	}
	buf_char(out, ')');
}

void finding_text_line(const Noroshi__V1__Finding *f, bool colour, struct buf *out)
{
	struct str time = str(f->time), dot = {memchr(time.p, '.', time.n), 0};

	add_text(out, dot.p ? str_n(time.p, (size_t)(dot.p - time.p)) : time);
	buf_puts(out, dot.p ? "Z " : " ");
	add_severity(out, f->severity, colour);
	add_text(out, str(f->rule));
	if (f->output[0]) {
		buf_puts(out, ": ");
		add_text(out, str(f->output));
	}
	add_place(out, f);
	if (f->count > 1)
		buf_printf(out, " (seen %u times)", f->count);
}
