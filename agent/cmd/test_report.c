/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_report.h"
#include "cmd/test_why.h"
#include "util/json_text.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define REVERSE "\033[7m"
#define PLAIN "\033[0m"

enum test_format test_format_by_name(const char *s)
{
	static const char *const names[] = {"text", "tap", "junit", "json"};
	unsigned int i;

	for (i = 0; i < FORMAT_MAX && strcmp(s, names[i]); i++)
		;
	return (enum test_format)i;
}

/* no-color.org: there and not empty. */
bool test_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

/* ---- lines ---- */

static struct str next_line(struct str *rest)
{
	const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct str line = str_n(rest->p, nl ? (size_t)(nl - rest->p) : rest->n);

	*rest = str_skip(*rest, line.n + (nl != NULL));
	return line;
}

/* Names and values come from files: what a terminal would obey becomes "?". */
static void print_plain(const char *prefix, struct str s)
{
	fputs(prefix, stdout);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != WHY_MARK && s.p[i] != WHY_UNMARK)
			putchar((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
	}
}

/* Without colours what differs is underlined in a line of its own. */
static void print_carets(const char *prefix, struct str s)
{
	const char *mark = memchr(s.p, WHY_MARK, s.n);
	bool inside = false;

	if (!mark)
		return;
	fputs(prefix, stdout);
	for (size_t i = 0; i < s.n && s.p[i] != WHY_UNMARK; i++) {
		bool whole = ((unsigned char)s.p[i] & 0xc0) != 0x80;

		if (s.p[i] == WHY_MARK)
			inside = true;
		else if (whole)
			putchar(inside ? '^' : ' ');
	}
	puts("");
}

/* "+ " and "- " of explained conditions, "expected:" and "got:" of differences. */
static void print_coloured(struct str s)
{
	size_t indent = 0;
	struct str text;
	const char *colour;

	while (indent < s.n && s.p[indent] == ' ')
		indent++;
	text = str_skip(s, indent);
	colour = str_starts(text, STR("+ ")) || str_starts(text, STR("expected: ")) ? GREEN
		 : str_starts(text, STR("- ")) || str_starts(text, STR("got: ")) ? RED : "";
	printf("    %*s%s", (int)indent, "", colour);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == WHY_MARK)
			fputs(REVERSE, stdout);
		else if (text.p[i] == WHY_UNMARK)
			printf("%s%s", PLAIN, colour);
		else
			putchar((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
	}
	puts(*colour ? PLAIN : "");
}

static void print_why(const struct test_report *r, struct str why)
{
	const char *prefix = r->format == FORMAT_TAP ? "# " : "    ";

	while (why.n) {
		struct str line = next_line(&why);

		if (r->colour && r->format == FORMAT_TEXT) {
			print_coloured(line);
			continue;
		}
		print_plain(prefix, line);
		puts("");
		print_carets(prefix, line);
	}
}

static void case_text(const struct test_report *r, const struct test_outcome *o)
{
	const struct test_case *c = o->c;
	const char *word = o->ok ? "ok  " : c->todo ? "todo" : "FAIL";
	const char *colour = !r->colour ? "" : o->ok ? GREEN : c->todo ? YELLOW : RED;

	if (o->ok && !r->verbose)
		return;
	printf("%s%s%s ", colour, word, *colour ? PLAIN : "");
	print_plain("", c->place.file);
	printf(":%u", c->place.line);
	print_plain(": ", str(c->name));
	if (c->todo) {
		print_plain(" (todo: ", str(c->todo));
		fputs(")", stdout);
	}
	puts("");
	if (!o->ok)
		print_why(r, buf_view(&o->why));
}

static void case_tap(const struct test_report *r, const struct test_outcome *o, size_t number)
{
	printf("%s %zu", o->ok ? "ok" : "not ok", number);
	print_plain(" - ", str(o->c->name));
	if (o->c->todo)
		print_plain(" # TODO ", str(o->c->todo));
	puts("");
	if (!o->ok)
		print_why(r, buf_view(&o->why));
}

void test_report_begin(const struct test_report *r, size_t cases)
{
	if (r->format == FORMAT_TAP)
		printf("TAP version 13\n1..%zu\n", cases);
}

void test_report_case(const struct test_report *r, const struct test_outcome *o, size_t number)
{
	if (r->format == FORMAT_TAP)
		case_tap(r, o, number);
	else if (r->format == FORMAT_TEXT)
		case_text(r, o);
}

/* ---- JUnit: its counts come first ---- */

/* Text for XML: markup and control characters as entities or "?". */
static void xml(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '<' || c == '>' || c == '&' || c == '"')
			printf("&#%d;", c);
		else if (c != WHY_MARK && c != WHY_UNMARK)
			putchar(c < 0x20 && c != '\n' && c != '\t' ? '?' : c);
	}
}

/* "message" is the first line of why a case failed. */
static void case_junit(const struct test_outcome *o)
{
	const struct test_case *c = o->c;
	struct str why = buf_view(&o->why), rest = why;

	printf("  <testcase file=\"");
	xml(c->place.file);
	printf("\" line=\"%u\" classname=\"", c->place.line);
	xml(c->place.file);
	printf("\" name=\"");
	xml(str(c->name));
	printf("\">");
	if (c->todo) {
		printf("<skipped message=\"todo: ");
		xml(str(c->todo));
		printf("\"/>");
	} else if (!o->ok) {
		printf("<failure message=\"");
		xml(next_line(&rest));
		printf("\">");
		xml(why);
		printf("</failure>");
	}
	puts("</testcase>");
}

static void end_junit(const struct test_totals *t, const struct test_outcome *v, const struct test_measure *m, size_t n)
{
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<testsuite name=\"noroshi test\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", t->cases, t->failed, t->skipped);
	for (size_t i = 0; i < t->cases; i++)
		case_junit(&v[i]);
	for (size_t i = 0; i < n; i++) {
		printf("  <system-out>");
		xml(buf_view(&m[i].text));
		puts("</system-out>");
	}
	puts("</testsuite>");
}

/* ---- JSON ---- */

static json_t *text_json(struct str s)
{
	struct buf b = {};
	json_t *o;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != WHY_MARK && s.p[i] != WHY_UNMARK)
			buf_char(&b, s.p[i]);
	}
	o = json_text(buf_view(&b));
	buf_free(&b);
	return o;
}

static json_t *case_json(const struct test_outcome *o)
{
	const struct test_case *c = o->c;
	json_t *j = json_object();

	json_object_set_new(j, "name", text_json(str(c->name)));
	json_object_set_new(j, "file", text_json(c->place.file));
	json_object_set_new(j, "line", json_integer(c->place.line));
	json_object_set_new(j, "status", json_string(o->ok ? "passed" : c->todo ? "todo" : "failed"));
	if (c->todo)
		json_object_set_new(j, "todo", text_json(str(c->todo)));
	if (!o->ok)
		json_object_set_new(j, "why", text_json(buf_view(&o->why)));
	return j;
}

static void end_json(const struct test_totals *t, const struct test_outcome *v, const struct test_measure *m, size_t n)
{
	json_t *root = json_object(), *cases = json_array(), *summary = json_object();

	for (size_t i = 0; i < t->cases; i++)
		json_array_append_new(cases, case_json(&v[i]));
	json_object_set_new(summary, "cases", json_integer((json_int_t)t->cases));
	json_object_set_new(summary, "failed", json_integer((json_int_t)t->failed));
	json_object_set_new(summary, "todo", json_integer((json_int_t)t->todo));
	json_object_set_new(summary, "notRun", json_integer((json_int_t)t->left));
	json_object_set_new(summary, "off", json_integer((json_int_t)t->off));
	json_object_set_new(root, "summary", summary);
	json_object_set_new(root, "cases", cases);
	for (size_t i = 0; i < n; i++)
		json_object_set(root, m[i].name, m[i].json);
	json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	puts("");
	json_decref(root);
}

/* ---- the end ---- */

static void print_measure(const struct test_report *r, const struct test_measure *m)
{
	struct str rest = buf_view(&m->text);

	while (rest.n) {
		struct str line = next_line(&rest);
		size_t indent = 0;

		while (indent < line.n && line.p[indent] == ' ')
			indent++;
		if (!r->colour || r->format != FORMAT_TEXT || indent > 8) {
			print_plain(r->format == FORMAT_TAP ? "# " : "", line);
			puts("");
			continue;
		}
		fputs(str_starts(str_skip(line, indent), STR("100")) ? GREEN : indent ? YELLOW : "", stdout);
		print_plain("", line);
		puts(PLAIN);
	}
}

void test_report_end(const struct test_report *r, const struct test_totals *t, const struct test_outcome *v,
		     const struct test_measure *m, size_t n)
{
	if (r->format == FORMAT_JUNIT) {
		end_junit(t, v, m, n);
		return;
	}
	if (r->format == FORMAT_JSON) {
		end_json(t, v, m, n);
		return;
	}
	if (r->format == FORMAT_TAP && t->left)
		puts("Bail out! stopped at the first failure");
	for (size_t i = 0; i < n; i++)
		print_measure(r, &m[i]);
	if (r->format == FORMAT_TAP)
		return;
	printf("%s%zu case%s, %zu failed%s", !r->colour ? "" : t->failed ? RED : GREEN, t->cases, t->cases == 1 ? "" : "s", t->failed,
	       r->colour ? PLAIN : "");
	if (t->todo)
		printf(", %zu todo", t->todo);
	if (t->left)
		printf(", %zu not run", t->left);
	if (t->off)
		printf(", %zu of rules that are off", t->off);
	puts("");
}
