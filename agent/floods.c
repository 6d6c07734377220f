/* SPDX-License-Identifier: Apache-2.0 */
#include "floods.h"
#include "event/attr.h"
#include "util/clock.h"
#include <inttypes.h>

struct losses {
	uint64_t over_rate, lost[EVENT_MAX];
};

/* What was told of a group. Made when it first floods: most never do. */
struct told {
	uint64_t since;		/* this flood's beginning, wall clock, ns */
	struct losses before;	/* it */
	struct losses latest;	/* at the last report */
};

struct floods {
	const struct wire_group *groups;
	uint64_t window;	/* ns */
	uint64_t floods;	/* of slot 0, at the last report */
	struct told *told[GROUPS_MAX];
};

static const struct rule_info flood_rule = {
	.name = "Telemetry flood",
	.type = "DefenseEvasion:Runtime/TelemetryFlood",
	.score = 5,
	.desc = "A control group made more events than it may send: what it did beyond that was not looked at",
	.remedy = "Find out what the named process does. If it is ordinary work, raise rate_limit and rate_burst, or make rules more "
		  "exact, so that fewer of its events are wanted",
	.mitre = (const char *const[]){"T1562.006", NULL},
};

static uint64_t load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

struct floods *floods_new(const struct wire_group *groups, uint64_t window_ms)
{
	struct floods *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->groups = groups;
	f->window = window_ms * NSEC_PER_MSEC;
	return f;
}

struct floods *floods_free(struct floods *f)
{
	if (!f)
		return NULL;
	for (unsigned int i = 0; i < GROUPS_MAX; i++)
		free(f->told[i]);
	free(f);
	return NULL;
}

bool floods_grew(const struct floods *f)
{
	return f->groups && load((const uint64_t *)&f->groups[0].floods) != f->floods;
}

static void read_losses(struct losses *l, const struct wire_group *g)
{
	l->over_rate = load((const uint64_t *)&g->over_rate);
	for (unsigned int e = 0; e < EVENT_MAX; e++)
		l->lost[e] = load((const uint64_t *)&g->lost[e]);
}

/* A flood that begins, or goes on. A report comes a second after the first loss. */
static struct told *told_of(struct floods *f, unsigned int slot, uint64_t now)
{
	struct told *t = f->told[slot] ?: (f->told[slot] = calloc(1, sizeof(*t)));

	if (t && now - t->since >= f->window) {
		t->before = t->latest;
		t->since = now - NSEC_PER_SEC;
	}
	return t;
}

/* "12345 open, 6 connect records" */
static void add_losses(struct buf *b, const struct told *t)
{
	const char *between = "";

	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		uint64_t n = t->latest.lost[e] - t->before.lost[e];

		if (!n)
			continue;
		buf_printf(b, "%s%" PRIu64 " %s", between, n, event_table[e].name);
		between = ", ";
	}
	buf_puts(b, " records");
}

static void add_group(struct buf *b, const struct wire_group *g, const struct container *c)
{
	if (c && c->id[0])
		buf_printf(b, "container %.*s", CONTAINER_SHORT_ID, c->id);
	else if (g->cgroup)
		buf_printf(b, "the control group %" PRIu64 " (no container)", (uint64_t)(g->cgroup & ~(0xffull << 56)));
	else
		buf_puts(b, "one control group or several, of too many to tell them apart,");
}

static void add_process(struct buf *b, const struct event *ev)
{
	const struct image *image = ev->process ? process_image(ev->process, ev->rec->hdr.exec_id) : NULL;

	if (image)
		buf_printf(b, ", most of them of " STR_FMT " (process %u)", STR_ARG(image->comm), ev->process->pid);
	else if (ev->rec->hdr.tgid)
		buf_printf(b, ", most of them of process %u", ev->rec->hdr.tgid);
	else
		buf_puts(b, ", of several processes");
}

static void describe(struct buf *b, const struct wire_group *g, const struct told *t, const struct event *ev,
		     const struct floods_report *r)
{
	uint64_t lost = t->latest.over_rate - t->before.over_rate, took = r->now - t->since;

	if (took < NSEC_PER_SEC)
		took = NSEC_PER_SEC;
	add_group(b, g, ev->container);
	buf_printf(b, " makes more records than rate_limit lets it send, about %" PRIu64 " a second for %" PRIu64 "; ",
		   r->rate + (uint64_t)((double)lost * NSEC_PER_SEC / (double)took), r->rate);
	add_losses(b, t);
	buf_puts(b, " of its own were lost");
	add_process(b, ev);
}

/* As an event that the flooding process might have made. Whose votes are less than a quarter of what was lost is one of many. */
static void identify(struct event *ev, union event_record *rec, const struct wire_group *g, uint64_t lost, struct enrich *enrich)
{
	*rec = (union event_record){.hdr = {.type = EVENT_CGROUP, .cgroup = g->cgroup}};
	*ev = (struct event){.rec = rec};
	if (g->tgid != UINT32_MAX && g->weight >= (lost < FLOOD_WEIGHT_MAX ? lost : FLOOD_WEIGHT_MAX) / 4) {
		rec->hdr.tgid = g->tgid;
		rec->hdr.start = g->start;
	}
	enrich_who(enrich, ev, rec);
}

static void report_group(struct floods *f, unsigned int slot, const struct floods_report *r)
{
	const struct wire_group *g = &f->groups[slot];
	struct told *t = told_of(f, slot, r->now);
	struct buf text = {.max = OUTPUT_BYTES_MAX};
	union event_record rec;
	struct event ev;
	uint64_t before;

	if (!t)
		return;
	before = t->latest.over_rate;
	read_losses(&t->latest, g);
	identify(&ev, &rec, g, t->latest.over_rate - before, r->enrich);
	ev.time = r->now;
	describe(&text, g, t, &ev, r);
	fold_own(r->fold, finding_about(r->context, &flood_rule, &ev, buf_view(&text)), g->cgroup, r->now);
	buf_free(&text);
}

unsigned int floods_report(struct floods *f, const struct floods_report *r)
{
	unsigned int n = 0;

	if (!f->groups)
		return 0;
	f->floods = load((const uint64_t *)&f->groups[0].floods);
	for (unsigned int i = 0; i < GROUPS_MAX; i++) {
		if (load((const uint64_t *)&f->groups[i].over_rate) == (f->told[i] ? f->told[i]->latest.over_rate : 0))
			continue;
		report_group(f, i, r);
		n++;
	}
	return n;
}

static json_t *group_json(const struct wire_group *g, struct enrich *enrich)
{
	union event_record rec = {.hdr = {.type = EVENT_CGROUP, .cgroup = g->cgroup}};
	struct event ev = {.rec = &rec};
	json_t *o = json_object(), *lost = json_object();

	enrich_who(enrich, &ev, &rec);
	for (unsigned int e = 0; e < EVENT_MAX; e++) {
		uint64_t n = load((const uint64_t *)&g->lost[e]);

		if (n)
			json_object_set_new(lost, event_table[e].name, json_integer((json_int_t)n));
	}
	json_object_set_new(o, "cgroup", json_integer((json_int_t)g->cgroup));
	json_object_set_new(o, "container", ev.container && ev.container->id[0] ? json_string(ev.container->id) : json_null());
	json_object_set_new(o, "lost", lost);
	json_object_set_new(o, "overRate", json_integer((json_int_t)load((const uint64_t *)&g->over_rate)));
	return o;
}

json_t *floods_json(const struct floods *f, struct enrich *enrich)
{
	json_t *all = json_array();

	for (unsigned int i = 0; f && f->groups && i < GROUPS_MAX; i++) {
		const struct wire_group *g = &f->groups[i];
		bool any = false;

		for (unsigned int e = 0; e < EVENT_MAX && !any; e++)
			any = load((const uint64_t *)&g->lost[e]);
		if (any)
			json_array_append_new(all, group_json(g, enrich));
	}
	return all;
}
