/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attribution
 *
 * An inquiry is one container that is asked about: each provider that may know
 * it has a cell there. What they say is put together in their order and
 * published when it grows; the inquiry is decided when nothing is missing, or
 * when nobody has more to say.
 */
#include "attribution/attribution.h"
#include "attribution/judge.h"
#include "util/clock.h"
#include "util/http.h"
#include "util/json_text.h"
#include "util/log.h"
#include <string.h>

enum provider_id {
#define PROVIDER(id) PROVIDER_##id,
#include "attribution/provider.def"
	PROVIDERS
};

enum cell_state {
	CELL_IDLE,	/* to be asked, when its time has come */
	CELL_ASKED,
	CELL_SETTLED,	/* it said what it knows, or may not know it, or is of no use */
};

struct cell {
	enum cell_state state;
	bool may;		/* it may know the container */
	unsigned int unknown;	/* times it knew nothing */
	uint64_t at;		/* boot clock, ns: not asked before */
	struct workload *facts;
};

struct inquiry {
	uint64_t ticket;	/* 0: free */
	uint64_t until;		/* boot clock, ns */
	bool decided;		/* told; what else comes is only published */
	struct cell cells[PROVIDERS];
};

struct seat {
	struct provider *p;	/* NULL: not on this host */
	unsigned int busy;
	uint64_t down_until;	/* boot clock, ns */
	unsigned int down;	/* times in a row that it could not be asked */
	uint64_t since;		/* wall clock, ns, of the first of these */
	enum verdict last;	/* of the last answer; VERDICT_FACTS before any */
	char why[300];
	uint64_t asked, said[VERDICTS];
};

struct attribution {
	struct attribution_options o;
	struct http_client *http;
	struct ecs_host ecs_host;
	struct seat seats[PROVIDERS];
	struct inquiry *inquiries;	/* INQUIRIES_MAX */
	uint32_t used, open;		/* inquiries never used begin at used */
	uv_timer_t *timer;		/* runs only while somebody is to be asked later */
	bool stopped;
};

static const struct provider_ops *const all[PROVIDERS] = {
#define PROVIDER(id) [PROVIDER_##id] = &provider_##id,
#include "attribution/provider.def"
};

static void pump(struct attribution *a);
static bool ask_again(struct attribution *a, struct workload_row *row);

static struct http_client *http_of(void *ctx)
{
	struct attribution *a = ctx;

	if (!a->http && http_client_new(&a->http, a->o.loop, a->o.user_agent) < 0)
		a->http = NULL;
	return a->http;
}

static struct inquiry *inquiry_of(struct attribution *a, uint64_t ticket)
{
	for (uint32_t i = 0; ticket && i < a->used; i++) {
		if (a->inquiries[i].ticket == ticket)
			return &a->inquiries[i];
	}
	return NULL;
}

static void end_inquiry(struct attribution *a, struct inquiry *q)
{
	for (unsigned int p = 0; p < PROVIDERS; p++)
		workload_free(q->cells[p].facts);
	*q = (struct inquiry){};
	a->open--;
}

static bool settled(const struct inquiry *q)
{
	for (unsigned int p = 0; p < PROVIDERS; p++) {
		if (q->cells[p].state != CELL_SETTLED)
			return false;
	}
	return true;
}

/* The cluster of this host's containers; "" when it is not known. */
static const char *host_cluster(const struct attribution *a)
{
	const char *configured = a->o.places->ecs_cluster;

	return a->ecs_host.cluster[0] || !configured ? a->ecs_host.cluster : configured;
}

/* Everything that was said so far, in the order of the providers. NULL when that is nothing, and without memory. */
static struct workload *put_together(const struct attribution *a, const struct inquiry *q, const struct workload_row *row)
{
	struct str cluster = str(row->cluster[0] || !row->task_id[0] ? row->cluster : host_cluster(a));
	struct workload *w = NULL;

	for (unsigned int p = 0; p < PROVIDERS; p++) {
		if (q->cells[p].facts && !w)
			w = workload_new();
		if (w)
			workload_say_all(w, q->cells[p].facts);
	}
	if (!w && cluster.n)
		w = workload_new();
	if (!w)
		return NULL;
	workload_say(w, WORKLOAD_TASK_ID, str(row->task_id));
	workload_say_cluster(w, cluster);
	return w;
}

/* What kept those from answering who did not. */
static void reasons(const struct attribution *a, const struct inquiry *q, bool last, char *dst, size_t room)
{
	const char *unknown = last ? "it knows no such container" : "it does not know it yet";
	size_t n = 0;

	*dst = 0;
	for (unsigned int p = 0; p < PROVIDERS && n < room; p++) {
		const struct seat *s = &a->seats[p];

		if (!q->cells[p].may || q->cells[p].facts || (!q->cells[p].unknown && s->last == VERDICT_FACTS))
			continue;
		n += (size_t)snprintf(dst + n, room - n, "%s%s: %s", n ? "; " : "", s->p->ops->name,
				      q->cells[p].unknown ? unknown : s->why);
	}
}

/* How much is known, and why not more. */
static enum workload_state say_state(const struct attribution *a, const struct inquiry *q, const struct workload_row *row,
				     const struct workload *known, char why[200])
{
	enum workload_state state = judge(row, known, why, 200);
	bool last = settled(q);
	char others[160];

	if (state == WORKLOAD_RESOLVED)
		return state;
	if (!last)
		judge_yet(why, 200);
	reasons(a, q, last, others, sizeof(others));
	judge_add(why, 200, others);
	return state;
}

/* Publishes what is known; decides the inquiry when it can be. */
static void publish(struct attribution *a, struct inquiry *q, bool grown)
{
	struct workload_row *row = workloads_find(a->o.workloads, q->ticket);
	struct workload *w = row && (grown || !row->known) ? put_together(a, q, row) : NULL;
	enum workload_state state;
	char why[200];
	bool last = settled(q), tell;

	if (!row) {
		end_inquiry(a, q);
		return;
	}
	state = say_state(a, q, row, w ? w : row->known, why);
	if (state == WORKLOAD_RESOLVED || last) {
		workloads_tell(row, w, state, why);
	} else {
		workloads_tell(row, w, WORKLOAD_PENDING, why);
		return;
	}
	tell = !q->decided;
	q->decided = true;
	if (last)
		end_inquiry(a, q);
	if (tell)		/* last: who is told may come back here */
		a->o.done(a->o.ctx, row);
}

static uint64_t after(unsigned int times, uint64_t max_ms)
{
	uint64_t ms = (uint64_t)INQUIRY_WAIT_MIN_MS << (times < 10 ? times : 10);

	return clock_boot_ns() + (ms < max_ms ? ms : max_ms) * NSEC_PER_MSEC;
}

/* It cannot be asked: others of its questions would end alike, so that they wait with this one. */
static void went_down(struct seat *s)
{
	if (!s->down++) {
		s->since = clock_wall_ns();
		log_info("attribution: %s does not answer: %s", s->p->ops->name, s->why);
	}
	s->down_until = after(s->down, PROVIDER_DOWN_MAX_MS);
}

static void came_back(struct attribution *a, struct seat *s)
{
	if (!s->down)
		return;
	log_info("attribution: %s answers again", s->p->ops->name);
	s->down = 0;
	s->down_until = 0;
	/* Who nobody knew meanwhile may be known to it. */
	for (struct workload_row *r = NULL; (r = workloads_next(a->o.workloads, r));) {
		if (r->alive && (r->state == WORKLOAD_PARTIAL || r->state == WORKLOAD_FAILED))
			ask_again(a, r);
	}
}

static void settle_cell(struct cell *c, const struct provider_answer *answer)
{
	c->state = CELL_IDLE;
	switch (answer->verdict) {
	case VERDICT_FACTS:
		c->facts = answer->facts;
		c->state = CELL_SETTLED;
		break;
	case VERDICT_UNKNOWN:
		c->at = after(c->unknown++, INQUIRY_WAIT_MAX_MS);
		break;
	case VERDICT_DOWN:
		break;		/* the provider's own time is waited for */
	default:
		c->state = CELL_SETTLED;
	}
}

static void on_answer(void *ctx, struct provider *p, uint64_t ticket, const struct provider_answer *answer)
{
	struct attribution *a = ctx;
	struct inquiry *q = inquiry_of(a, ticket);
	unsigned int i = 0;
	struct seat *s;

	while (a->seats[i].p != p)
		i++;
	s = &a->seats[i];
	s->busy--;
	s->said[answer->verdict]++;
	if (answer->verdict != VERDICT_UNKNOWN || s->last != VERDICT_FACTS) {
		s->last = answer->verdict;
		snprintf(s->why, sizeof(s->why), "%s", answer->why ? answer->why : "");
	}
	if (answer->verdict == VERDICT_DOWN)
		went_down(s);
	else
		came_back(a, s);
	if (a->stopped || !q || q->cells[i].state != CELL_ASKED) {
		workload_free(answer->facts);
	} else {
		settle_cell(&q->cells[i], answer);
		publish(a, q, answer->verdict == VERDICT_FACTS);
	}
	pump(a);
}

static void ask(struct seat *s, struct cell *c, const struct workload_row *row)
{
	int r = s->p->ops->ask(s->p, row, row->ticket);

	s->asked++;
	if (r < 0) {
		s->last = VERDICT_DOWN;
		snprintf(s->why, sizeof(s->why), "%s", strerror(-r));
		went_down(s);
		return;
	}
	c->state = CELL_ASKED;
	s->busy++;
}

/* Any container that runs and that the provider may know. */
static const struct workload_row *somebody(const struct attribution *a, const struct provider *p)
{
	for (struct workload_row *r = NULL; (r = workloads_next(a->o.workloads, r));) {
		if (r->alive && (!p->ops->may_know || p->ops->may_know(p, r)))
			return r;
	}
	return NULL;
}

/* No inquiry waits for the answer: it tells of the provider alone. With nobody to ask about it is of no interest whether it is there. */
static void probe(const struct attribution *a, struct seat *s)
{
	const struct workload_row *row = somebody(a, s->p);
	struct cell c = {};

	if (row) {
		ask(s, &c, row);
		return;
	}
	s->down = 0;
	s->down_until = 0;
	s->last = VERDICT_FACTS;
	s->why[0] = 0;
}

void attribution_probe(struct attribution *a)
{
	uint64_t now = clock_boot_ns();

	for (unsigned int p = 0; !a->stopped && p < PROVIDERS; p++) {
		struct seat *s = &a->seats[p];

		if (s->down && !s->busy && s->down_until <= now)
			probe(a, s);
	}
}

static void keep_earliest(uint64_t *next, uint64_t at)
{
	if (!*next || at < *next)
		*next = at;
}

/* Asks whom it is time to ask. When to come again, 0: nobody is to be asked later. */
static uint64_t pump_one(struct attribution *a, struct inquiry *q, uint64_t now)
{
	const struct workload_row *row = workloads_find(a->o.workloads, q->ticket);
	uint64_t next = q->until;

	for (unsigned int p = 0; row && p < PROVIDERS; p++) {
		struct seat *s = &a->seats[p];
		struct cell *c = &q->cells[p];
		uint64_t at = c->at > s->down_until ? c->at : s->down_until;

		if (c->state != CELL_IDLE)
			continue;
		if (q->decided && (c->unknown || s->down))	/* others knew all: nobody is waited for */
			c->state = CELL_SETTLED;
		else if (at > now)
			keep_earliest(&next, at);
		else if (s->busy < s->p->ops->parallel && !(s->down && s->busy))
			ask(s, c, row);
	}
	if (row && q->until > now && !settled(q))
		return next;
	for (unsigned int p = 0; p < PROVIDERS; p++)	/* who still answers is too late */
		q->cells[p].state = CELL_SETTLED;
	publish(a, q, false);
	return 0;
}

static void on_timer(uv_timer_t *t)
{
	pump(t->data);
}

static void pump(struct attribution *a)
{
	uint64_t now = clock_boot_ns(), next = 0, at;

	if (a->stopped)
		return;
	for (uint32_t i = 0; i < a->used; i++) {
		at = a->inquiries[i].ticket ? pump_one(a, &a->inquiries[i], now) : 0;
		if (at)
			keep_earliest(&next, at);
	}
	if (next)
		uv_timer_start(a->timer, on_timer, next > now ? (next - now) / NSEC_PER_MSEC + 1 : 1, 0);
	else
		uv_timer_stop(a->timer);
}

static struct inquiry *free_inquiry(struct attribution *a)
{
	if (a->open == INQUIRIES_MAX)
		return NULL;
	for (uint32_t i = 0; i < a->used; i++) {
		if (!a->inquiries[i].ticket)
			return &a->inquiries[i];
	}
	return &a->inquiries[a->used++];
}

static void begin(struct attribution *a, struct inquiry *q, struct workload_row *row)
{
	*q = (struct inquiry){.ticket = row->ticket, .until = clock_boot_ns() + INQUIRY_SEC * NSEC_PER_SEC};
	a->open++;
	for (unsigned int p = 0; p < PROVIDERS; p++) {
		const struct provider *it = a->seats[p].p;

		q->cells[p].may = it && (!it->ops->may_know || it->ops->may_know(it, row));
		if (!q->cells[p].may)
			q->cells[p].state = CELL_SETTLED;
	}
	publish(a, q, false);
}

void attribution_wake(struct attribution *a)
{
	struct workload_row *row;
	struct inquiry *q;
	bool any = false;

	while (!a->stopped && (q = free_inquiry(a)) && (row = workloads_fresh(a->o.workloads))) {
		begin(a, q, row);
		any = true;
	}
	if (any)
		pump(a);
}

/* False when there is no room for one more inquiry. */
static bool ask_again(struct attribution *a, struct workload_row *row)
{
	struct inquiry *q = free_inquiry(a);

	if (!q)
		return false;
	row->state = WORKLOAD_PENDING;
	begin(a, q, row);
	return true;
}

uint64_t attribution_wait(struct attribution *a, struct workload_row *row)
{
	bool nobody = row->state == WORKLOAD_PARTIAL || row->state == WORKLOAD_FAILED;

	if (a->stopped)
		return 0;
	if (row->state == WORKLOAD_FRESH)
		attribution_wake(a);
	else if (nobody && row->told + INQUIRY_AGAIN_SEC * NSEC_PER_SEC < clock_boot_ns() && ask_again(a, row))
		pump(a);
	return row->state == WORKLOAD_FRESH || row->state == WORKLOAD_PENDING ? row->ticket : 0;
}

static void open_providers(struct attribution *a)
{
	struct provider_env env = {.loop = a->o.loop, .places = a->o.places, .http = http_of, .ecs_host = &a->ecs_host,
				   .answer = on_answer, .ctx = a};

	for (unsigned int p = 0; p < PROVIDERS; p++) {
		int r = all[p]->open(&a->seats[p].p, &env);

		if (r < 0) {
			a->seats[p].p = NULL;
			if (r != -ENOENT)
				log_warning("attribution: %s cannot be asked: %s", all[p]->name, strerror(-r));
		}
	}
}

struct attribution *attribution_new(const struct attribution_options *o)
{
	struct attribution *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->o = *o;
	a->inquiries = calloc(INQUIRIES_MAX, sizeof(*a->inquiries));
	a->timer = calloc(1, sizeof(*a->timer));
	if (!a->inquiries || !a->timer) {
		free(a->timer);
		free(a->inquiries);
		free(a);
		return NULL;
	}
	uv_timer_init(o->loop, a->timer);
	a->timer->data = a;
	open_providers(a);
	return a;
}

void attribution_stop(struct attribution *a)
{
	if (!a || a->stopped)
		return;
	a->stopped = true;
	uv_timer_stop(a->timer);
	for (uint32_t i = 0; i < a->used; i++) {
		struct inquiry *q = &a->inquiries[i];
		struct workload_row *row = workloads_find(a->o.workloads, q->ticket);
		char why[200];

		if (!row || q->decided)
			continue;
		workloads_tell(row, NULL, judge(row, row->known, why, sizeof(why)), why);
		judge_add(row->why, sizeof(row->why), "the agent stopped before all was asked");
		q->decided = true;
		a->o.done(a->o.ctx, row);
	}
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

struct attribution *attribution_free(struct attribution *a)
{
	if (!a)
		return NULL;
	attribution_stop(a);
	for (unsigned int p = 0; p < PROVIDERS; p++) {
		if (a->seats[p].p)
			a->seats[p].p->ops->free(a->seats[p].p);
	}
	for (uint32_t i = 0; i < a->used; i++) {
		if (a->inquiries[i].ticket)
			end_inquiry(a, &a->inquiries[i]);
	}
	if (a->http)
		http_client_free(a->http);
	uv_close((uv_handle_t *)a->timer, on_closed);
	free(a->inquiries);
	free(a);
	return NULL;
}

static json_t *seat_json(const struct provider_ops *ops, const struct seat *s)
{
	static const char *const words[] = {"answered", "unknown", "down", "refused", "garbage"};
	const char *state = !s->p ? "absent" : !s->asked ? "not asked" : s->last == VERDICT_UNKNOWN ? "answers" :
			    s->last == VERDICT_FACTS ? "answers" : words[s->last];
	json_t *o = json_pack("{s:s, s:s, s:I}", "name", ops->name, "state", state, "asked", (json_int_t)s->asked);
	char text[CLOCK_TEXT_MAX];

	for (unsigned int v = 0; v < VERDICTS; v++)
		json_object_set_new(o, words[v], json_integer((json_int_t)s->said[v]));
	if (s->why[0])
		json_object_set_new(o, "lastError", json_text(str(s->why)));
	if (s->down)
		json_object_set_new(o, "since", json_string(clock_rfc3339(text, s->since)));
	return o;
}

json_t *attribution_json(const struct attribution *a)
{
	json_t *providers = json_array();

	for (unsigned int p = 0; p < PROVIDERS; p++)
		json_array_append_new(providers, seat_json(all[p], &a->seats[p]));
	return json_pack("{s:o, s:o, s:I}", "providers", providers, "ecs", ecs_host_json(&a->ecs_host), "asking", (json_int_t)a->open);
}
