/* SPDX-License-Identifier: Apache-2.0 */
/* What happens how often on the running agent's host: two answers of it, and the difference. */
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "util/buf.h"
#include "util/escape.h"
#include "util/json_text.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const struct cmd cmd_top;

enum { OPT_STATE, OPT_FOR, OPT_JSON };

static const struct cmd_option options[] = {
	[OPT_STATE] = {"--state", 0, "DIR", "folder of the agent's control socket (/run/noroshi)"},
	[OPT_FOR] = {"--for", 0, "SECONDS", "how long to count (3)"},
	[OPT_JSON] = {"--json", 0, NULL, "one JSON object"},
	{},
};

#define ROWS_SHOWN 30	/* a screen */

static json_int_t number(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* Rows only ever join behind the others: the same place is the same row, unless the agent began anew. */
static json_t *rows_since(json_t *before, json_t *after)
{
	json_t *old = json_object_get(before, "rows"), *out = json_array(), *row;
	size_t i;

	json_array_foreach(json_object_get(after, "rows"), i, row) {
		json_int_t n = number(row, "events") - number(json_array_get(old, i), "events");

		if (n <= 0)
			continue;
		row = json_copy(row);
		json_object_set_new(row, "events", json_integer(n));
		json_array_append_new(out, row);
	}
	return out;
}

static json_int_t lost_of(json_t *event)
{
	json_int_t sum = 0;
	const char *why;
	json_t *n;

	json_object_foreach(json_object_get(event, "lost"), why, n)
		sum += json_integer_value(n);
	return sum;
}

/* What the kernel side counted, by kind of record. */
static json_t *kernel_since(json_t *before, json_t *after)
{
	json_t *out = json_array(), *old = json_object_get(before, "kernel"), *e;
	const char *name;

	json_object_foreach(json_object_get(after, "kernel"), name, e) {
		json_t *was = json_object_get(old, name);
		json_int_t seen = number(e, "seen") - number(was, "seen"), refused = number(e, "refused") - number(was, "refused");

		if (seen || refused)
			json_array_append_new(out, json_pack("{s:s, s:I, s:I, s:I}", "record", name, "seen", seen, "refused", refused,
							     "lost", lost_of(e) - lost_of(was)));
	}
	return out;
}

static int by_events(const void *a, const void *b)
{
	json_int_t x = number(*(json_t *const *)a, "events"), y = number(*(json_t *const *)b, "events");

	return (x < y) - (x > y);
}

static void print_row(json_t *row, double seconds)
{
	struct buf b = {};

	escape_add(&b, str(*json_word(row, "process") ? json_word(row, "process") : "-"));
	printf("%10.1f  %-12s %8lld %-16.*s %-12s  %s\n", (double)number(row, "events") / seconds, json_word(row, "type"), (long long)number(row, "pid"),
	       (int)b.n, b.p ? b.p : "", *json_word(row, "container") ? json_word(row, "container") : "-", *json_word(row, "rule") ? json_word(row, "rule") : "-");
	buf_free(&b);
}

/* The busiest first: events, or matches of rules. */
static void print_rows(json_t *rows, bool matches, double seconds)
{
	size_t n = 0, i, all = json_array_size(rows);
	json_t **v = calloc(all ? all : 1, sizeof(*v)), *row;

	if (!v)
		return;
	json_array_foreach(rows, i, row) {
		if (!*json_word(row, "rule") == !matches)
			v[n++] = row;
	}
	qsort(v, n, sizeof(*v), by_events);
	printf("%10s  %-12s %8s %-16s %-12s  %s\n", matches ? "matches/s" : "events/s", "type", "pid", "process", "container", "rule");
	for (i = 0; i < n && i < ROWS_SHOWN; i++)
		print_row(v[i], seconds);
	if (n > ROWS_SHOWN)
		printf("%10s  and %zu rows more: --json shows all\n", "", n - ROWS_SHOWN);
	free(v);
}

static void print(json_t *v)
{
	double seconds = json_number_value(json_object_get(v, "seconds"));
	json_t *k;
	size_t i;

	printf("%10s  %-12s %10s %10s\n", "sent/s", "record", "refused/s", "lost/s");
	json_array_foreach(json_object_get(v, "kernel"), i, k)
		printf("%10.1f  %-12s %10.1f %10.1f\n", (double)(number(k, "seen") - number(k, "lost")) / seconds, json_word(k, "record"),
		       (double)number(k, "refused") / seconds, (double)number(k, "lost") / seconds);
	puts("");
	print_rows(json_object_get(v, "rows"), false, seconds);
	puts("");
	print_rows(json_object_get(v, "rows"), true, seconds);
	if (number(v, "others"))
		printf("%10.1f  of more kinds than are told apart\n", (double)number(v, "others") / seconds);
}

static int measure(const char *state, double seconds, bool as_json)
{
	struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	char error[600] = "";
	json_t *before = ask(state, "top", error, sizeof(error)), *after = NULL, *v;

	while (before && nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
	after = before ? ask(state, "top", error, sizeof(error)) : NULL;
	if (!after) {
		json_decref(before);
		fprintf(stderr, "noroshi top: no agent answers (%s); is it running, with this --state?\n", error);
		return EXIT_HOST;
	}
	v = json_pack("{s:f, s:o, s:o, s:I}", "seconds",
		      json_number_value(json_object_get(after, "time")) - json_number_value(json_object_get(before, "time")), "kernel",
		      kernel_since(before, after), "rows", rows_since(before, after), "others", number(after, "others") - number(before, "others"));
	if (as_json) {
		json_dumpf(v, stdout, JSON_COMPACT);
		puts("");
	} else {
		print(v);
	}
	json_decref(v);
	json_decref(before);
	json_decref(after);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	const char *state = "/run/noroshi";
	bool as_json = false;
	double seconds = 3;
	char *end;
	int o;

	while ((o = cmd_next(&p, &cmd_top)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi top: unexpected argument \"%s\"\n", p.value);
		if (o < 0)
			return EXIT_INPUT;
		if (o == OPT_STATE)
			state = p.value;
		else if (o == OPT_JSON)
			as_json = true;
		else
			seconds = strtod(p.value, &end);
		if (o == OPT_FOR && (end == p.value || *end || !(seconds >= 0.1 && seconds <= 25))) {
			fprintf(stderr, "noroshi top: --for is 0.1 to 25 seconds, not \"%s\"\n", p.value);
			return EXIT_INPUT;
		}
	}
	return measure(state, seconds, as_json);
}

const struct cmd cmd_top = {
	.name = "top",
	.args = "[--state DIR] [--for SECONDS] [--json]",
	.summary = "what happens how often: events by type, process and container, matches by rule",
	.options = options,
	.run = run,
};
