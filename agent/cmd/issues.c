/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/issues.h"
#include "cmd/cmd.h"
#include "util/buf.h"
#include "util/escape.h"
#include "util/json_text.h"
#include <stdio.h>
#include <string.h>

#define LABEL "%-10s "

/* Texts of an issue may quote what others wrote. */
static void print_escaped(const char *s)
{
	struct buf b = {};

	escape_add(&b, str(s));
	printf(STR_FMT, STR_ARG(buf_view(&b)));
	buf_free(&b);
}

/* Without its fraction. */
static void print_time(const char *rfc3339)
{
	printf("%.19sZ", rfc3339);
}

static void print_lines(const char *label, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");
		struct buf b = {};

		escape_add(&b, str_n(lines, n));
		printf(LABEL "  %s " STR_FMT "\n", "", label, STR_ARG(buf_view(&b)));
		buf_free(&b);
		lines += n + (lines[n] == '\n');
	}
}

/* What says nothing, or what the text has said. */
static bool is_noise(json_t *v, const char *said)
{
	const char *s = json_string_value(v);

	return json_is_null(v) || (s && (!*s || strstr(said, s)));
}

/* One line, and the verifier's words as they were. */
static void print_evidence(json_t *evidence, const char *said)
{
	const char *log = json_word(evidence, "log"), *name, *between = "";
	json_t *v;

	json_object_foreach(evidence, name, v) {
		char *value;

		if (is_noise(v, said) || !strcmp(name, "log"))
			continue;
		value = json_is_string(v) ? strdup(json_string_value(v)) : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		if (!*between)
			printf(LABEL "evidence: ", "");
		printf("%s%s ", between, name);
		print_escaped(value ? value : "?");
		free(value);
		between = ", ";
	}
	if (*between)
		puts("");
	print_lines("|", log);
}

static void print_one(json_t *i, bool evidence)
{
	long long count = json_integer_value(json_object_get(i, "count"));

	printf(LABEL, "because");
	print_escaped(json_word(i, "text"));
	printf("\n" LABEL "%s, %s, since ", "", json_word(i, "code"), json_word(i, "severity"));
	print_time(json_word(i, "since"));
	if (count > 1)
		printf(", the %lldth time", count);
	printf("; %s\n", json_is_true(json_object_get(i, "heals")) ? "ends by itself once mended" : "once mended, start the agent again");
	printf(LABEL "impact: %s\n", "", json_word(i, "impact"));
	printf(LABEL "remedy: %s\n", "", json_word(i, "remedy"));
	if (evidence)
		print_evidence(json_object_get(i, "evidence"), json_word(i, "text"));
}

void issues_print(json_t *issues, bool evidence)
{
	json_t *i;
	size_t k;

	json_array_foreach(issues, k, i) {
		if (strcmp(json_word(i, "effect"), "noted")) {
			print_one(i, evidence);
			continue;
		}
		printf(LABEL "%s: ", "noted", json_word(i, "code"));
		print_escaped(json_word(i, "text"));
		puts("");
	}
}

void issues_print_recent(json_t *recent)
{
	json_t *i;
	size_t k;

	json_array_foreach(recent, k, i) {
		printf(LABEL "%s, from ", "over", json_word(i, "code"));
		print_time(json_word(i, "since"));
		printf(" to ");
		print_time(json_word(i, "until"));
		printf(": ");
		print_escaped(json_word(i, "text"));
		puts("");
	}
}

static void print_names(json_t *capabilities, const char *label, const char *state)
{
	const char *name;
	json_t *c;
	bool any = false;

	json_object_foreach(capabilities, name, c) {
		if (strcmp(json_word(c, "state"), state))
			continue;
		if (!any)
			printf(LABEL, label);
		printf("%s%s", any ? " " : "", name);
		any = true;
	}
	if (any)
		puts("");
}

void issues_print_capabilities(json_t *capabilities)
{
	const char *name;
	json_t *c;

	print_names(capabilities, "works", "works");
	print_names(capabilities, "unasked", "off");
	json_object_foreach(capabilities, name, c) {
		if (strcmp(json_word(c, "state"), "less") && strcmp(json_word(c, "state"), "lost"))
			continue;
		printf(LABEL "%s, since ", json_word(c, "state"), name);
		print_time(json_word(c, "since"));
		printf(": ");
		print_escaped(json_word(c, "reason"));
		puts("");
	}
}

int issues_exit(const char *state)
{
	return !strcmp(state, "degraded") || !strcmp(state, "unhealthy") ? EXIT_FINDINGS : EXIT_OK;
}
