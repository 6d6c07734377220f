/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: what somebody did to the agent itself. */
#include "health/feed.h"
#include "util/clock.h"
#include "util/json_text.h"

static void judge_program(struct feed *f, json_t *program)
{
	struct ledger_case c = {.code = ISSUE_SELF_TAMPERED, .feed = FEED_OWN};
	const char *disk = json_word(program, "disk");

	if (!json_is_true(json_object_get(program, "other")))
		return;
	c.evidence = json_incref(program);
	ledger_raise(f->ledger, &c, "%s is not the program that runs: %s", json_word(program, "path"),
		     *disk ? "its SHA-256 is another" : "it is gone, or cannot be read");
}

static void judge_files(struct feed *f, json_t *changed)
{
	struct ledger_case c = {.code = ISSUE_FILES_CHANGED, .feed = FEED_OWN};
	size_t n = json_array_size(changed);

	if (!n)
		return;
	c.evidence = json_pack("{s:O}", "files", changed);
	ledger_raise(f->ledger, &c, "%zu files, one of them %s, say something else than what is in force", n,
		     json_string_value(json_array_get(changed, 0)));
}

/* Over by its age, like the loss that may come of it. */
static void judge_pause(struct feed *f, json_t *own)
{
	struct ledger_case c = {.code = ISSUE_SELF_PAUSED, .feed = FEED_OWN};
	uint64_t at = (uint64_t)json_integer_value(json_object_get(own, "pausedAt"));
	double seconds = (double)json_integer_value(json_object_get(own, "pauseMs")) / 1e3;

	if (!growth_recent(&f->pauses, (uint64_t)json_integer_value(json_object_get(own, "pauses")), f->now()))
		return;
	c.since = at;
	c.evidence = json_pack("{s:f, s:O}", "seconds", seconds, "pauses", json_object_get(own, "pauses"));
	ledger_raise(f->ledger, &c, "the agent did not run for some %.0f s", seconds);
}

void feed_own(struct feed *f, json_t *own)
{
	ledger_round(f->ledger, FEED_OWN);
	judge_program(f, json_object_get(own, "program"));
	judge_files(f, json_object_get(own, "changed"));
	judge_pause(f, own);
	ledger_round_end(f->ledger, FEED_OWN);
}
