/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upload bench
 *
 * Generated findings through deliver and the upload sink to a receiver, as the
 * agent would send them: `upload URL COUNT [name=value]...`. Prints what became
 * of them and how many went out in a second. Also the sender of the upload tests.
 */
#include "deliver/deliver.h"
#include "finding/finding.h"
#include "util/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 4096	/* findings kept waiting: below the queue's bound, so that none is dropped */

struct bench {
	uv_loop_t loop;
	uv_prepare_t feed;
	uv_timer_t tick;
	struct deliver *deliver;
	uint32_t count, pushed;
	size_t payload;
	unsigned int give_up_ms;	/* 0: never */
	uint64_t start, end;
};

static char *text(const char *s)
{
	return strdup(s);
}

static char *number(const char *fmt, uint32_t n)
{
	char *s;

	return asprintf(&s, fmt, n) < 0 ? NULL : s;
}

static Noroshi__V1__Process *process(uint32_t n)
{
	Noroshi__V1__Process *p = malloc(sizeof(*p));

	noroshi__v1__process__init(p);
	p->pid_value_case = NOROSHI__V1__PROCESS__PID_VALUE_PID;
	p->pid = 1000 + n % 30000;
	p->name = text("bash");
	p->exe_path = text("/usr/bin/bash");
	p->cmdline = number("bash -i -c exec %u", n);
	p->cwd = text("/srv/app");
	p->uid_value_case = NOROSHI__V1__PROCESS__UID_VALUE_UID;
	return p;
}

static Noroshi__V1__Container *container(uint32_t n)
{
	Noroshi__V1__Container *c = malloc(sizeof(*c));

	noroshi__v1__container__init(c);
	c->id = number("4f6c1d2e3b4a59687766554433221100ffeeddccbbaa9988776655443322%04x", n % 50);
	c->image = text("registry.example/shop/web:1.4");
	return c;
}

static Noroshi__V1__Finding *finding(uint32_t n, size_t payload)
{
	Noroshi__V1__Finding *f = malloc(sizeof(*f));
	char id[37], now[CLOCK_TEXT_MAX];

	noroshi__v1__finding__init(f);
	finding_uuid(id);
	f->id = text(id);
	f->revision = 1;
	f->sequence = n;
	f->rule = text(n % 3 ? "Reverse shell" : "Miner pool contacted");
	f->type = text("Execution:Runtime/ReverseShell");
	f->severity = n % 3 ? NOROSHI__V1__SEVERITY__SEVERITY_HIGH : NOROSHI__V1__SEVERITY__SEVERITY_MEDIUM;
	f->time = text(clock_rfc3339(now, clock_wall_ns()));
	f->last_seen = text(now);
	f->count = 1;
	f->output = number("bash has its input and output on 203.0.113.7:%u", 1024 + n % 60000);
	if (payload) {
		f->description = malloc(payload + 1);
		memset(f->description, 'x', payload);
		f->description[payload] = 0;
	}
	f->process = process(n);
	f->container = container(n);
	return f;
}

static void stopped(void *ctx, size_t left)
{
	struct bench *b = ctx;

	(void)left;
	uv_stop(&b->loop);
}

static void tick(uv_timer_t *t)
{
	(void)t;	/* only so that the loop turns while nothing else moves */
}

static void feed(uv_prepare_t *h)
{
	struct bench *b = h->data;
	struct deliver_stats s;

	deliver_stats(b->deliver, &s);
	for (size_t queued = s.queued; b->pushed < b->count && queued < AHEAD; queued++)
		deliver_finding(b->deliver, finding(++b->pushed, b->payload));
	if (b->end)
		return;
	if ((b->pushed == b->count && s.delivered + s.lost >= b->count) ||
	    (b->give_up_ms && clock_boot_ns() - b->start > b->give_up_ms * NSEC_PER_MSEC)) {
		b->end = clock_boot_ns();
		deliver_stop(b->deliver, 10, stopped, b);
	}
}

/* name=value of sink_options, and a few of our own. 0 or -1. */
static int set(struct bench *b, struct sink_options *o, struct deliver_limits *l, char *word)
{
	const struct {
		const char *name;
		const char **text;
	} texts[] = {
		{"ca", &o->ca_file}, {"token", &o->token_file}, {"compression", &o->compression},
		{"cert", &o->cert_file}, {"key", &o->key_file}, {"agent", &o->agent_id},
	};
	const struct {
		const char *name;
		unsigned int *number;
	} numbers[] = {
		{"backoff_min", &o->backoff_min_ms}, {"backoff_max", &o->backoff_max_ms},
		{"timeout", &o->timeout_ms}, {"connect_timeout", &o->connect_timeout_ms},
		{"give_up", &b->give_up_ms},
	};
	char *value = strchr(word, '=');

	if (!value)
		return -1;
	*value++ = 0;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(word, texts[i].name))
			return *texts[i].text = value, 0;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(word, numbers[i].name))
			return *numbers[i].number = (unsigned int)atoi(value), 0;
	if (!strcmp(word, "batch"))
		return l->batch_count = (size_t)atoi(value), 0;
	if (!strcmp(word, "payload"))
		return b->payload = (size_t)atoi(value), 0;
	return -1;
}

static int report(struct bench *b)
{
	json_t *status = deliver_status(b->deliver);
	struct deliver_stats s;
	double seconds = (double)(b->end - b->start) / 1e9;

	deliver_stats(b->deliver, &s);
	printf("{\"findings\": %u, \"delivered\": %llu, \"lost\": %llu, \"seconds\": %.3f, \"perSecond\": %.0f, \"status\": ",
	       b->count, (unsigned long long)s.delivered, (unsigned long long)s.lost, seconds,
	       (double)s.delivered / (seconds > 0 ? seconds : 1));
	json_dumpf(status, stdout, JSON_COMPACT);
	puts("}");
	json_decref(status);
	return s.delivered == b->count && !s.lost ? 0 : 1;
}

static void close_handle(uv_handle_t *h, void *ctx)
{
	(void)ctx;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

int main(int argc, char **argv)
{
	struct bench b = {.count = argc > 2 ? (uint32_t)atoi(argv[2]) : 0};
	struct sink_options o = {.agent_id = "00000000-0000-4000-8000-000000000001"};
	struct deliver_limits l = {};
	struct sink *sink;
	char spec[1024], error[256];
	int r;

	for (int i = 3; i < argc; i++)
		if (set(&b, &o, &l, argv[i]) < 0)
			argc = 0;
	if (argc < 3 || !b.count)
		return fprintf(stderr, "usage: upload URL COUNT [ca|token|compression|cert|key|agent|backoff_min|"
			       "backoff_max|timeout|connect_timeout|give_up|batch|payload=VALUE]...\n"), 2;
	uv_loop_init(&b.loop);
	snprintf(spec, sizeof(spec), "upload:%s", argv[1]);
	if (sink_open(&sink, spec, o, &b.loop, error) < 0)
		return fprintf(stderr, "%s\n", error), 2;
	b.deliver = deliver_new(&b.loop, &l);
	deliver_add_sink(b.deliver, sink);
	uv_prepare_init(&b.loop, &b.feed);
	uv_timer_init(&b.loop, &b.tick);
	b.feed.data = &b;
	b.start = clock_boot_ns();
	uv_prepare_start(&b.feed, feed);
	uv_timer_start(&b.tick, tick, 10, 10);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	r = report(&b);
	deliver_free(b.deliver);
	uv_close((uv_handle_t *)&b.feed, NULL);
	uv_close((uv_handle_t *)&b.tick, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	uv_walk(&b.loop, close_handle, NULL);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	uv_loop_close(&b.loop);
	return r;
}
