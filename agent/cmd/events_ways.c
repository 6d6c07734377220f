/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/events_ways.h"
#include "cmd/cmd.h"
#include "event/attr.h"
#include "event/ways.h"
#include "sensor/host.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define WIDTH	120
#define INDENT	12	/* of events, behind the state */

static unsigned int hosts_here(void)
{
	unsigned int have = 1u << HOST_ANY;
	char reason[200];

	if (host_uring())
		have |= 1u << HOST_URING | (host_older_than(5, 19) ? 0 : 1u << HOST_URING_NAMED);
	if (host_ia32())
		have |= 1u << HOST_IA32;
	if (host_sights() || host_functions(reason))
		have |= 1u << HOST_SIGHTS;
	if (have & 1u << HOST_SIGHTS && have & 1u << HOST_URING_NAMED)
		have |= 1u << HOST_URING_SIGHTS;
	return have;
}

static json_t *events_of(uint64_t events)
{
	json_t *a = json_array();

	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		if (events >> e & 1)
			json_array_append_new(a, json_string(event_table[e].name));
	}
	return a;
}

static json_t *cell_json(const struct way_cell *c, unsigned int have)
{
	enum way_host host = c->host != HOST_ANY ? c->host : way_table[c->way].needs;
	const char *why;
	enum way_state state = way_state_here(c, have, &why);
	json_t *o = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", "way", way_table[c->way].name, "doc", way_table[c->way].doc,
			      "events", events_of(c->events), "state", way_state_text[state], "why", why, "test", c->test, "at_best",
			      way_state_text[c->state], "at_best_why", c->why, "needs", way_host_text[host]);

	if (host != HOST_ANY)
		json_object_set_new(o, "without", json_pack("{s:s, s:s}", "state", way_state_text[c->host == HOST_ANY ? WAY_NONE : c->state_without],
							    "why", c->host == HOST_ANY ? "" : c->why_without));
	return o;
}

/* Words in lines of WIDTH, each behind n blanks; at: where the cursor is. */
static unsigned int print_words(const char *text, unsigned int at, unsigned int n)
{
	size_t len;

	for (; *text; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (at + 1 + len > WIDTH)
			at = (unsigned int)printf("\n%*s", n, "") - 1;
		at += (unsigned int)printf("%s%.*s", at > n ? " " : "", (int)len, text);
	}
	return at;
}

/* What is true of these events. */
static void print_truth(enum way_state state, uint64_t events, const char *why)
{
	unsigned int at = (unsigned int)printf("    %-*s", INDENT - 4, way_state_text[state]);

	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		if (events >> e & 1)
			at = print_words(event_table[e].name, at, INDENT);
	}
	if (*why) {
		printf("\n%*s", INDENT + 4, "");
		print_words(why, INDENT + 4, INDENT + 4);
	}
	puts("");
}

/* Events that the same is true of together, in the order of the first of them. */
static void print_way(unsigned int way, unsigned int have)
{
	const char *why, *same;
	uint64_t said = 0, events;

	for (unsigned int i = 0; i < way_cell_count; i++) {
		enum way_state state = way_state_here(&way_cells[i], have, &why);

		if (way_cells[i].way != way || said & way_cells[i].events)
			continue;
		events = way_cells[i].events;
		for (unsigned int k = i + 1; k < way_cell_count; k++) {
			if (way_cells[k].way == way && way_state_here(&way_cells[k], have, &same) == state && !strcmp(same, why))
				events |= way_cells[k].events;
		}
		print_truth(state, events, why);
		said |= events;
	}
}

int events_ways(bool json)
{
	unsigned int have = hosts_here();
	json_t *rows = json_array();

	for (unsigned int w = 0; w < way_count; w++) {
		if (!json) {
			printf("%s%s: %s\n", w ? "\n" : "", way_table[w].name, way_table[w].doc);
			print_way(w, have);
		}
		for (unsigned int i = 0; json && i < way_cell_count; i++) {
			if (way_cells[i].way == w)
				json_array_append_new(rows, cell_json(&way_cells[i], have));
		}
	}
	if (json) {
		json_dumpf(rows, stdout, JSON_COMPACT);
		puts("");
	}
	json_decref(rows);
	return EXIT_OK;
}
