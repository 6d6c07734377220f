/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/heartbeats.h"
#include "noroshi/v1/coverage.pb-c.h"
#include "util/clock.h"
#include "util/escape.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SILENT_INTERVALS 3	/* two that were lost on the way are no silence */
#define WIDTH "10"

struct printer {
	bool json, detail;
	uint64_t now;		/* seconds */
	struct buf line;
};

static uint64_t seconds(const char *rfc3339)
{
	struct tm tm = {};

	return strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) ? (uint64_t)timegm(&tm) : 0;
}

/* All texts came over the network. */
static void add(struct buf *b, const char *text)
{
	escape_add(b, str(text));
}

static void add_time(struct buf *b, const char *rfc3339)
{
	escape_add(b, str_n(rfc3339, strnlen(rfc3339, sizeof("2026-01-31T12:00:00") - 1)));
	buf_char(b, 'Z');
}

static const char *state(const struct printer *p, const struct store_heartbeat *row, const Noroshi__V1__Coverage *c)
{
	static const char *const words[] = {"unknown", "starting", "healthy", "degraded", "unhealthy", "excluded"};

	if (c->last)
		return "stopped";
	if (p->now > seconds(row->received) + (uint64_t)SILENT_INTERVALS * c->interval)
		return "SILENT";
	return (unsigned int)c->status < ARRAY_SIZE(words) ? words[c->status] : words[0];
}

static void add_samples(struct buf *b, const char *label, Noroshi__V1__Sample *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%" WIDTH "s   %-6s ", "", label);
		add_time(b, v[i]->time);
		buf_char(b, ' ');
		add(b, v[i]->output);
		buf_char(b, '\n');
	}
}

static void add_observed(struct buf *b, const Noroshi__V1__Coverage *c, bool samples)
{
	for (size_t i = 0; i < c->n_observed; i++) {
		const Noroshi__V1__Observed *o = c->observed[i];

		buf_printf(b, "%" WIDTH "s observed ", "");
		add(b, o->rule);
		buf_printf(b, ": %.0f matches, no findings\n", o->matches);
		if (!samples)
			continue;
		add_samples(b, "first", o->first, o->n_first);
		add_samples(b, "latest", o->latest, o->n_latest);
	}
	if (c->observed_uncounted > 0)
		buf_printf(b, "%" WIDTH "s observed %.0f matches of more rules than are counted one by one\n", "",
			   c->observed_uncounted);
}

static double lost(const Noroshi__V1__Coverage *c)
{
	double n = 0;

	for (size_t i = 0; i < c->n_losses; i++)
		n += c->losses[i]->records;
	return n;
}

static void add_part(struct buf *b, const char *label, const char *text)
{
	if (!*text)
		return;
	buf_printf(b, "%" WIDTH "s           %s: ", "", label);
	add(b, text);
	buf_char(b, '\n');
}

/* An agent of before the codes has only the text. */
static void add_issue(struct buf *b, const Noroshi__V1__Issue *i, bool detail)
{
	bool noted = i->status == NOROSHI__V1__STATUS__STATUS_HEALTHY;

	if (noted && !detail)
		return;
	buf_printf(b, "%" WIDTH "s %-7s ", "", noted ? "noted" : "because");
	add(b, i->text);
	if (*i->code) {
		buf_puts(b, " (");
		add(b, i->code);
		buf_puts(b, ", since ");
		add_time(b, i->since);
		buf_char(b, ')');
	}
	buf_char(b, '\n');
	if (!noted)
		add_part(b, "remedy", i->remedy);
	if (!detail)
		return;
	add_part(b, "impact", i->impact);
	add_part(b, "evidence", i->evidence);
}

/* What is less than it should be. */
static void add_capabilities(struct buf *b, const Noroshi__V1__Coverage *c)
{
	for (size_t i = 0; i < c->n_capabilities; i++) {
		const Noroshi__V1__Capability *one = c->capabilities[i];

		if (strcmp(one->state, "less") && strcmp(one->state, "lost"))
			continue;
		buf_printf(b, "%" WIDTH "s %-7s ", "", one->state);
		add(b, one->name);
		buf_puts(b, ", since ");
		add_time(b, one->since);
		buf_puts(b, ": ");
		add(b, one->reason);
		buf_char(b, '\n');
	}
}

static void add_text(struct printer *p, const struct store_heartbeat *row, const Noroshi__V1__Coverage *c)
{
	struct buf *b = &p->line;

	add_time(b, row->received);
	buf_printf(b, "  %-9s ", state(p, row, c));
	add(b, c->host && *c->host->name ? c->host->name : "?");
	buf_puts(b, ": since ");
	add_time(b, c->started);
	buf_printf(b, ", heartbeat %u, %llu missed; %u rules, %.0f events, %.0f findings, %.0f records lost\n", c->sequence,
		   (unsigned long long)row->missed, c->rules, c->counters ? c->counters->events : 0,
		   c->counters ? c->counters->findings : 0, lost(c));
	for (size_t i = 0; i < c->n_issues; i++)
		add_issue(b, c->issues[i], p->detail);
	if (p->detail)
		add_capabilities(b, c);
	add_observed(b, c, p->detail);
}

static int print(void *ctx, const struct store_heartbeat *row)
{
	struct printer *p = ctx;
	Noroshi__V1__Coverage *c;

	buf_reset(&p->line);
	if (p->json) {
		store_heartbeat_line(row, &p->line);
		buf_char(&p->line, '\n');
	} else {
		c = noroshi__v1__coverage__unpack(NULL, row->packed.n, (const uint8_t *)row->packed.p);
		if (!c)
			return -EBADMSG;
		add_text(p, row, c);
		noroshi__v1__coverage__free_unpacked(c, NULL);
	}
	if (buf_error(&p->line))
		return buf_error(&p->line);
	return fwrite(p->line.p, 1, p->line.n, stdout) == p->line.n ? 0 : -EPIPE;
}

int heartbeats_print(struct store *s, const struct query *q, bool json, bool detail)
{
	struct printer p = {.json = json, .detail = detail, .now = clock_wall_ns() / NSEC_PER_SEC};
	int r = store_heartbeats(s, q, print, &p);

	buf_free(&p.line);
	return r == -EPIPE ? 0 : r;
}
