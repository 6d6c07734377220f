/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/status_who.h"
#include "util/buf.h"
#include "util/escape.h"
#include "util/cleanup.h"
#include "util/json_text.h"
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 20	/* containers that are listed; the others are counted, --json has them */

/* Names and reasons hold what their makers liked. */
static void put(struct buf *b, const char *before, const char *s)
{
	if (!*s)
		return;
	buf_puts(b, before);
	escape_add(b, str(s));
}

static void end_line(struct buf *b)
{
	printf(STR_FMT "\n", STR_ARG(buf_view(b)));
	buf_free(b);
}

static void print_host(json_t *host)
{
	struct buf b = {};

	if (!*json_word(host, "instanceId") && !*json_word(host, "account"))
		return;
	put(&b, "host       ", *json_word(host, "instanceId") ? json_word(host, "instanceId") : "no instance");
	put(&b, ", ", json_word(host, "instanceType"));
	put(&b, ", account ", json_word(host, "account"));
	put(&b, ", ", *json_word(host, "zone") ? json_word(host, "zone") : json_word(host, "region"));
	end_line(&b);
}

/* Those that were asked: the others have nothing to say here. */
static void print_providers(json_t *providers)
{
	json_t *p;
	size_t i;

	json_array_foreach(providers, i, p) {
		const char *state = json_word(p, "state");
		struct buf b = {};

		if (!strcmp(state, "absent") || !strcmp(state, "not asked"))
			continue;
		put(&b, "asked      ", json_word(p, "name"));
		put(&b, ": ", state);
		put(&b, " since ", json_word(p, "since"));
		if (strcmp(state, "answers"))
			put(&b, ", ", json_word(p, "lastError"));
		end_line(&b);
	}
}

static void print_container(json_t *c)
{
	json_t *known = json_object_get(c, "known");
	const char *task = *json_word(known, "taskId") ? json_word(known, "taskId") : json_word(c, "taskId");
	struct buf b = {};

	bool excluded = !strcmp(json_word(c, "coverage"), "excluded");

	buf_printf(&b, "           %.12s  %-8s", json_word(c, "id"), excluded ? "excluded" : json_word(c, "attribution"));
	put(&b, "  ", *json_word(known, "name") ? json_word(known, "name") : "-");
	put(&b, "  ", json_word(known, "image"));
	put(&b, "  task ", task);
	put(&b, " of ", json_word(known, "family"));
	put(&b, ":", json_word(known, "revision"));
	put(&b, "  ", json_word(c, "reason"));
	put(&b, "  by ", json_word(c, "by"));
	if (!strcmp(json_word(c, "from"), "running"))
		put(&b, "  covered since ", json_word(c, "since"));
	end_line(&b);
}

static void print_containers(json_t *containers)
{
	static const char *const states[] = {"resolved", "pending", "partial", "failed"};
	size_t i, n[ARRAY_SIZE(states)] = {}, running = 0, shown = 0, excluded = 0;
	const char *between = ": ";
	json_t *c;

	json_array_foreach(containers, i, c) {
		if (json_is_true(json_object_get(c, "ended")))
			continue;
		running++;
		excluded += !strcmp(json_word(c, "coverage"), "excluded");
		for (size_t s = 0; s < ARRAY_SIZE(states); s++)
			n[s] += !strcmp(json_word(c, "attribution"), states[s]);
	}
	printf("containers %zu", running);
	for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
		if (!n[s])
			continue;
		printf("%s%zu %s", between, n[s], states[s]);
		between = ", ";
	}
	if (excluded)
		printf("; %zu of them not watched, as asked", excluded);
	puts("");
	json_array_foreach(containers, i, c) {
		if (json_is_true(json_object_get(c, "ended")) || shown == ROWS_MAX)
			continue;
		print_container(c);
		shown++;
	}
	if (shown < running)
		printf("           and %zu more: noroshi status --json\n", running - shown);
}

void status_who_print(json_t *status)
{
	json_t *attribution = json_object_get(status, "attribution");

	print_host(json_object_get(status, "host"));
	if (!json_is_object(attribution))
		return;
	print_providers(json_object_get(attribution, "providers"));
	print_containers(json_object_get(attribution, "containers"));
}
