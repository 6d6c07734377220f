/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/status_who.h"
#include "util/buf.h"
#include "util/escape.h"
#include "util/cleanup.h"
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 20	/* containers that are listed; the others are counted, --json has them */

static const char *text(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

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

	if (!*text(host, "instanceId") && !*text(host, "account"))
		return;
	put(&b, "host       ", *text(host, "instanceId") ? text(host, "instanceId") : "no instance");
	put(&b, ", ", text(host, "instanceType"));
	put(&b, ", account ", text(host, "account"));
	put(&b, ", ", *text(host, "zone") ? text(host, "zone") : text(host, "region"));
	end_line(&b);
}

/* Those that were asked: the others have nothing to say here. */
static void print_providers(json_t *providers)
{
	json_t *p;
	size_t i;

	json_array_foreach(providers, i, p) {
		const char *state = text(p, "state");
		struct buf b = {};

		if (!strcmp(state, "absent") || !strcmp(state, "not asked"))
			continue;
		put(&b, "asked      ", text(p, "name"));
		put(&b, ": ", state);
		put(&b, " since ", text(p, "since"));
		if (strcmp(state, "answers"))
			put(&b, ", ", text(p, "lastError"));
		end_line(&b);
	}
}

static void print_container(json_t *c)
{
	json_t *known = json_object_get(c, "known");
	const char *task = *text(known, "taskId") ? text(known, "taskId") : text(c, "taskId");
	struct buf b = {};

	buf_printf(&b, "           %.12s  %-8s", text(c, "id"), text(c, "attribution"));
	put(&b, "  ", *text(known, "name") ? text(known, "name") : "-");
	put(&b, "  ", text(known, "image"));
	put(&b, "  task ", task);
	put(&b, " of ", text(known, "family"));
	put(&b, ":", text(known, "revision"));
	put(&b, "  ", text(c, "reason"));
	end_line(&b);
}

static void print_containers(json_t *containers)
{
	static const char *const states[] = {"resolved", "pending", "partial", "failed"};
	size_t i, n[ARRAY_SIZE(states)] = {}, running = 0, shown = 0;
	const char *between = ": ";
	json_t *c;

	json_array_foreach(containers, i, c) {
		if (json_is_true(json_object_get(c, "ended")))
			continue;
		running++;
		for (size_t s = 0; s < ARRAY_SIZE(states); s++)
			n[s] += !strcmp(text(c, "attribution"), states[s]);
	}
	printf("containers %zu", running);
	for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
		if (!n[s])
			continue;
		printf("%s%zu %s", between, n[s], states[s]);
		between = ", ";
	}
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
