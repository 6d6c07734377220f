/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"
#include "confine.h"
#include "control.h"
#include "enrich/user.h"
#include "health/check.h"
#include "rule/engine_condition.h"
#include "sensor/privileges.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/notify.h"
#include "util/resident.h"
#include "version.h"
#include <errno.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define FLOOD_MS 1000u
#define TOP_MS 30000u
#define FIRST_BEAT_MS 250u
#define HOUSE_MS 60000u	/* housekeeping: users, losses; no shorter timer runs on an idle host */

static char hostname[256], boot_id[40], kernel_release[128];

static void read_host(void)
{
	struct buf b = {};
	struct utsname u;

	if (!uname(&u)) {
		snprintf(hostname, sizeof(hostname), "%s", u.nodename);
		snprintf(kernel_release, sizeof(kernel_release), "%s", u.release);
	}
	if (!fs_read(&b, "/proc/sys/kernel/random/boot_id", 64) && b.n >= 36)
		snprintf(boot_id, sizeof(boot_id), "%.36s", b.p);
	buf_free(&b);
}

/* Repeats are counted until their window ends; the timer runs only while a window is open. */
static void fold_tick(uv_timer_t *t);

static void fold_schedule(struct agent *a)
{
	uint64_t now = clock_wall_ns(), next;

	if (uv_is_active((uv_handle_t *)&a->fold_timer) || a->stopping)
		return;
	next = fold_expire(a->pipeline.fold, now);
	if (next)
		uv_timer_start(&a->fold_timer, fold_tick, next > now ? (next - now) / NSEC_PER_MSEC + 1 : 1, 0);
}

static void fold_tick(uv_timer_t *t)
{
	fold_schedule(t->data);
}

/* First revisions that wait for what is not known yet; the timer runs only while there is one. */
static void hold_tick(uv_timer_t *t);

static void hold_schedule(struct agent *a)
{
	uint64_t now = clock_boot_ns(), next = fold_release(a->pipeline.fold, now);

	if (next && !a->stopping)
		uv_timer_start(&a->hold_timer, hold_tick, next > now ? (next - now) / NSEC_PER_MSEC + 1 : 1, 0);
}

static void hold_tick(uv_timer_t *t)
{
	struct agent *a = t->data;

	if (a->stopping)	/* the loop's last turn comes when these are gone, and nothing waits any more */
		return;
	hold_schedule(a);
	deliver_flush(a->deliver);
}

static void on_filled(void *ctx)
{
	struct agent *a = ctx;

	deliver_flush(a->deliver);
}

static bool on_known(void *ctx, struct workload_row *row)
{
	struct agent *a = ctx;

	return exclude_decide(&a->exclude, row);
}

static void on_decided(void *ctx, struct workload_row *row)
{
	struct agent *a = ctx;

	lifecycle_decided(&a->lifecycle, row);
	hold_schedule(a);
	fold_schedule(a);
}

/* A flood is told a second after it was first seen: by then it has a size. */
static void report_floods(struct agent *a)
{
	struct floods_report r = {a->pipeline.enrich, a->pipeline.fold, &a->pipeline.context, a->o.config->rate_limit, clock_wall_ns()};

	if (!a->floods || !a->pipeline.fold || !floods_grew(a->floods))
		return;
	floods_report(a->floods, &r);
	deliver_flush(a->deliver);
}

static void on_flood(uv_timer_t *t)
{
	struct agent *a = t->data;

	report_floods(a);
	fold_schedule(a);
}

static void on_group(struct agent *a, const struct wire_cgroup *r)
{
	struct workload_row *who = enrich_container_of(a->pipeline.enrich, r->hdr.cgroup);
	bool host = enrich_on_host(a->pipeline.enrich, r->hdr.cgroup);

	source_kernel_group(a->source, r->hdr.cgroup, host);
	if (r->gone)
		exclude_gone(&a->exclude, r->hdr.cgroup);
	else
		exclude_group(&a->exclude, r->hdr.cgroup, who, host);
	if (who && r->gone)
		lifecycle_gone(&a->lifecycle, who, r->hdr.time);
}

static void on_record(void *ctx, const void *rec, size_t n)
{
	struct agent *a = ctx;

	const struct wire_hdr *h = rec;

	pipeline_record(&a->pipeline, rec, n);
	if (n >= sizeof(*h) && h->type == EVENT_CGROUP)
		on_group(a, rec);
}

static void on_idle(void *ctx)
{
	struct agent *a = ctx;

	a->pipeline.boot_offset = a->source->ops->boot_offset(a->source);	/* the wall clock may have been set */
	a->pipeline.context.boot_offset = a->pipeline.boot_offset;
	learn_wake(&a->learn);
	hold_schedule(a);
	deliver_flush(a->deliver);
	fold_schedule(a);
	if (a->floods && !a->stopping && floods_grew(a->floods) && !uv_is_active((uv_handle_t *)&a->flood_timer))
		uv_timer_start(&a->flood_timer, on_flood, FLOOD_MS, 0);
}

static void on_observe(void *ctx, const struct event *ev, const struct matches *m)
{
	top_count(ctx, ev, m);
}

static void end_top(uv_timer_t *t)
{
	struct agent *a = t->data;

	a->pipeline.observe = NULL;
	a->top = top_free(a->top);
}

json_t *agent_top(struct agent *a)
{
	json_t *coverage = a->source->ops->coverage(a->source), *v;

	if (!a->top && !a->stopping) {
		a->top = top_new();
		a->pipeline.observe = a->top ? on_observe : NULL;
		a->pipeline.observe_ctx = a->top;
	}
	if (a->top && !a->stopping)
		uv_timer_start(&a->top_timer, end_top, TOP_MS, 0);
	v = a->top ? top_json(a->top) : json_pack("{s:[], s:i}", "rows", "others", 0);
	json_object_set_new(v, "time", json_real((double)clock_boot_ns() / NSEC_PER_SEC));
	json_object_set(v, "kernel", json_object_get(coverage, "events"));
	json_decref(coverage);
	return v;
}

static void on_finding(void *ctx, Noroshi__V1__Finding *f)
{
	struct agent *a = ctx;

	deliver_finding(a->deliver, f);
}

static void on_delivered(void *ctx, size_t left)
{
	struct agent *a = ctx;

	if (left)
		log_error("stopped with %zu findings not delivered", left);
	uv_stop(&a->loop);
}

/* What was lost since the last time is itself a finding: silence is the one thing not allowed. Floods have one of their own. */
static void report_losses(struct agent *a)
{
	json_t *coverage = a->source ? a->source->ops->coverage(a->source) : NULL;
	uint64_t lost = agent_lost_records(coverage, false);
	Noroshi__V1__Finding *f;
	char text[256];

	json_decref(coverage);
	if (lost <= a->lost_reported || !a->pipeline.fold)
		return;
	snprintf(text, sizeof(text), "%llu kernel records were lost since the last report (%llu in all): `noroshi status` says which and why",
		 (unsigned long long)(lost - a->lost_reported), (unsigned long long)lost);
	a->lost_reported = lost;
	f = finding_internal(&a->pipeline.context, "noroshi: events lost", "Coverage:Runtime/EventsLost", 5, text);
	if (f)
		fold_pass(a->pipeline.fold, f);	/* gives it its place in the sequence */
	deliver_flush(a->deliver);
}

static void beat(struct agent *a, bool last)
{
	struct heartbeat h = {
		.agent_id = a->agent_id, .sequence = a->heartbeats + 1, .last = last, .time = clock_wall_ns(),
		.interval = (uint32_t)((a->o.config->heartbeat + 999) / 1000),
	};
	Noroshi__V1__Coverage *c;
	json_t *status;

	if (!a->o.config->heartbeat || !deliver_wants_heartbeats(a->deliver))
		return;
	status = agent_status(a);
	c = heartbeat_new(&h, &a->pipeline.context, status);
	json_decref(status);
	if (!c)
		return;		/* no memory: the next will tell more */
	a->heartbeats++;
	deliver_heartbeat(a->deliver, c);
}

static void on_heartbeat(uv_timer_t *t)
{
	beat(t->data, false);
}

/* The first as soon as it is known whether the canary comes back: a receiver learns of a start when it happens. */
static void start_heartbeat(struct agent *a)
{
	if (!a->o.config->heartbeat || !deliver_wants_heartbeats(a->deliver) || a->stopping)
		return;
	uv_timer_start(&a->heartbeat_timer, on_heartbeat, canary_waits(&a->canary) ? FIRST_BEAT_MS : 0, a->o.config->heartbeat);
}

static void agent_stop(struct agent *a)
{
	if (a->stopping)
		return;
	a->stopping = true;
	notify_send("STOPPING=1");
	if (a->source)
		a->source->ops->stop(a->source);	/* what is in the rings is still matched */
	report_floods(a);
	report_losses(a);
	learn_stop(&a->learn);
	if (a->pipeline.fold)
		fold_expire(a->pipeline.fold, UINT64_MAX);
	canary_stop(&a->canary);
	own_stop(&a->own);
	uv_timer_stop(&a->heartbeat_timer);
	if (a->heartbeats)
		beat(a, true);
	deliver_stop(a->deliver, (unsigned int)a->o.config->stop_timeout, on_delivered, a);
}

static void on_end(void *ctx, int error, const char *why)
{
	struct agent *a = ctx;

	if (a->stopping)
		return;
	if (error < 0) {
		a->error = error;
		snprintf(a->why, sizeof(a->why), "%s", why ? why : strerror(-error));
		log_error("the sensor ended: %s", a->why);
	}
	agent_stop(a);
}

/* What others write and the agent reads may be another. */
static void look_around(struct agent *a)
{
	places_refresh(&a->places);
	exclude_refresh(&a->exclude);
}

static void on_signal(uv_signal_t *s, int signum)
{
	struct agent *a = s->data;

	if (signum != SIGHUP) {
		agent_stop(a);
	} else if (!a->stopping) {
		look_around(a);
		reload_begin(a);
	}
}

static void on_house(uv_timer_t *t)
{
	struct agent *a = t->data;

	users_refresh();
	look_around(a);
	imds_wake(a->imds);
	report_floods(a);
	report_losses(a);
	agent_look(a);
}

static void on_watchdog(uv_timer_t *t)
{
	(void)t;
	notify_send("WATCHDOG=1");
}

static void start_timers(struct agent *a)
{
	uint64_t watchdog = notify_watchdog_ms();

	uv_timer_init(&a->loop, &a->fold_timer);
	uv_timer_init(&a->loop, &a->hold_timer);
	uv_timer_init(&a->loop, &a->flood_timer);
	uv_timer_init(&a->loop, &a->top_timer);
	uv_timer_init(&a->loop, &a->house_timer);
	uv_timer_init(&a->loop, &a->watchdog_timer);
	uv_timer_init(&a->loop, &a->heartbeat_timer);
	a->fold_timer.data = a->hold_timer.data = a->flood_timer.data = a->top_timer.data = a->house_timer.data = a->watchdog_timer.data =
		a->heartbeat_timer.data = a;
	uv_timer_start(&a->house_timer, on_house, HOUSE_MS, HOUSE_MS);
	if (watchdog)
		uv_timer_start(&a->watchdog_timer, on_watchdog, watchdog, watchdog);
}

/* Before all else: a signal that comes while the agent starts is heeded once it has. */
static void start_signals(struct agent *a)
{
	static const int signums[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < ARRAY_SIZE(signums); i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], on_signal, signums[i]);
	}
}

/* A reload may have changed the rules since the finding was made: then its output's fields are those of today. */
static void output_fields(void *ctx, const char *rule, void (*fn)(void *fn_ctx, const char *field), void *fn_ctx)
{
	const struct agent *a = ctx;
	const struct engine *e = ruleset_engine(a->o.ruleset, "condition");

	if (e)
		engine_condition_output_fields(e, rule, fn, fn_ctx);
}

static int open_sink(struct agent *a, const struct config_sink *s)
{
	struct sink_options o = {
		.format = s->format, .template = {output_fields, a}, .json = a->o.json, .agent_id = a->agent_id,
		.ca_file = s->ca_file, .token_file = s->token_file, .compression = s->compression,
		.cert_file = s->cert_file, .key_file = s->key_file,
		.connect_timeout_ms = (unsigned int)s->connect_timeout, .timeout_ms = (unsigned int)s->timeout,
		.backoff_min_ms = (unsigned int)s->backoff_min, .backoff_max_ms = (unsigned int)s->backoff_max,
	};
	struct sink *sink;
	char error[256];
	int r = sink_open(&sink, s->spec, o, &a->loop, error);

	if (r < 0)
		log_error("sink %s: %s", s->spec, error);
	else
		deliver_add_sink(a->deliver, sink);
	return r;
}

static int open_sinks(struct agent *a)
{
	const struct config *c = a->o.config;
	struct deliver_limits limits = {
		.batch_count = c->batch_count, .batch_bytes = c->batch_bytes, .batch_age_ms = (unsigned int)c->batch_age,
		.queue_count = c->queue_count, .queue_bytes = c->queue_bytes,
	};
	int r = 0;

	a->deliver = deliver_new(&a->loop, &limits);
	if (!a->deliver)
		return -ENOMEM;
	if (!c->nsinks)
		return open_sink(a, &(struct config_sink){.spec = "stdout"});
	for (size_t i = 0; i < c->nsinks && r >= 0; i++)
		r = open_sink(a, &c->sinks[i]);
	return r;
}

int agent_check_state_dir(const char *path, char error[AGENT_ERROR_MAX])
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int r = -errno;

		snprintf(error, AGENT_ERROR_MAX, "the state folder %s: %s", path, strerror(-r));
		return r;
	}
	if (!S_ISDIR(st.st_mode))
		snprintf(error, AGENT_ERROR_MAX, "the state folder %s is no folder", path);
	else if (st.st_uid && st.st_uid != geteuid())
		snprintf(error, AGENT_ERROR_MAX, "the state folder %s belongs to user %u: it has to be root's", path, st.st_uid);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		snprintf(error, AGENT_ERROR_MAX, "others than its owner can write into the state folder %s (mode %04o): chmod go-w", path,
			 st.st_mode & 07777);
	else
		return 0;
	return -EPERM;
}

static int make_state_dir(struct agent *a)
{
	char error[AGENT_ERROR_MAX];
	int r;

	snprintf(a->state_dir, sizeof(a->state_dir), "%s", a->o.config->state_dir ? a->o.config->state_dir : "/run/noroshi");
	if (mkdir(a->state_dir, 0750) < 0 && errno != EEXIST) {
		r = -errno;

		log_error("cannot make the state folder %s: %s", a->state_dir, strerror(-r));
		return r;
	}
	r = agent_check_state_dir(a->state_dir, error);
	if (r < 0)
		log_error("%s", error);
	return r;
}

static int build_pipeline(struct agent *a)
{
	struct pipeline *p = &a->pipeline;
	uint32_t own[2];

	read_host();
	if (users_load(NULL, NULL) < 0)
		log_warning("the host's users cannot be read: user.name is <NA> but for root");
	finding_uuid(a->agent_id);
	p->enrich = enrich_new(&(struct enrich_options){});
	if (p->enrich) {
		source_kernel_agent(a->source, own);
		enrich_set_agent(p->enrich, own);
	}
	p->fold = fold_new((unsigned int)a->o.config->fold_window, on_finding, a);
	p->observed = observed_new();
	a->floods = floods_new(a->source->ops->groups(a->source), a->o.config->fold_window);
	a->ledger = ledger_new(NULL);
	if (!p->enrich || !p->fold || !p->observed || !a->floods || !a->ledger)
		return -ENOMEM;
	feed_init(&a->feed, a->ledger, NULL, "");	/* opens what confinement closes */
	a->feed.beat_sec = (unsigned int)((a->o.config->heartbeat + 999) / 1000);
	checks_run(a->ledger, &(struct check_host){.root = ""}, false, NULL, NULL);
	a->lifecycle = (struct lifecycle){p, clock_boot_ns()};
	p->rules = a->o.ruleset;
	p->boot_offset = a->source->ops->boot_offset(a->source);
	p->context = (struct finding_context){
		.agent_version = NOROSHI_VERSION, .ruleset_digest = ruleset_digest(a->o.ruleset),
		.hostname = hostname, .boot_id = boot_id, .kernel = kernel_release, .boot_offset = p->boot_offset,
	};
	agent_find_host(a);
	return 0;
}

static int start_learning(struct agent *a)
{
	const struct config *c = a->o.config;

	a->learn = (struct learn){.fold = a->pipeline.fold, .filled = on_filled, .excluded = on_known, .decided = on_decided, .ctx = a};
	return learn_start(&a->learn, &(struct learn_options){
		.loop = &a->loop, .files = source_kernel_files(a->source), .hash = strcmp(c->hash_executables, "off"),
		.hash_bytes = c->hash_max_bytes, .workloads = enrich_workloads(a->pipeline.enrich), .places = &a->places.of,
	});
}

void agent_needs(const struct config *c, const struct ruleset *rules, const struct canary *canary, struct needs *ret)
{
	ruleset_needs(rules, ret);
	if (canary)
		canary_needs(canary, ret);
	ret->rate = c->rate_limit;
	ret->burst = c->rate_burst;
	for (size_t i = 0; i < c->dns_ports.n && i < DNS_PORTS_MAX; i++)
		ret->dns_ports[i] = (uint16_t)config_port(c->dns_ports.v[i]);
	if (!strcmp(c->ia32, "guard"))
		ret->want |= WANT_COMPAT;
	if (!strcmp(c->sensor_attach, "tracepoint"))
		ret->want |= WANT_TRACEPOINT;
	if (!strcmp(c->sensor_attach, "function"))
		ret->want |= WANT_FUNCTION;
	if (!strcmp(c->sensor_refuse, "off"))
		needs_refuse_nothing(ret);
}

static void begin_canary(struct agent *a)
{
	a->canary.ready = agent_canary_ready;
	a->canary.ctx = a;
	canary_begin(&a->canary, a->state_dir, a->o.config->canary);
	a->pipeline.canary = &a->canary;
}

static uint16_t dns_port(const struct config *c)
{
	return c->dns_ports.n ? (uint16_t)config_port(c->dns_ports.v[0]) : 53;
}

/* Everything that needs rights happens before the drop: the sensor, the sinks' files, the control socket. */
static int agent_start(struct agent *a)
{
	struct source_handler h = {on_record, on_idle, on_end, a};
	struct needs needs = {};
	char error[512] = "";
	int r;

	r = canary_init(&a->canary, dns_port(a->o.config), error);
	if (r < 0) {
		log_error("%s", error);
		return r;
	}
	agent_needs(a->o.config, a->o.ruleset, &a->canary, &needs);
	r = source_kernel_begin(a->source, &needs, error);
	if (r < 0) {
		log_error("cannot watch this kernel: %s", error);
		return r;
	}
	r = build_pipeline(a);
	if (r >= 0)
		r = make_state_dir(a);
	if (r >= 0)
		r = open_sinks(a);
	if (r >= 0)
		r = control_new(&a->control, a);
	if (r < 0)
		return r;
	r = sensor_drop_privileges(error);
	if (r < 0) {
		log_error("%s: what parses foreign bytes must not have them", error);
		return r;
	}
	places_init(&a->places, a->o.config);
	a->exclude = (struct exclude){
		.config = a->o.config, .host = enrich_host(a->pipeline.enrich), .ecs = &a->places.ecs_config, .pipeline = &a->pipeline,
		.source = a->source,
	};
	exclude_init(&a->exclude);
	begin_canary(a);
	own_init(&a->own, a->o.config, &a->o.rules);
	agent_confine(a);
	start_timers(a);
	r = agent_start_imds(a);
	if (r >= 0)
		r = start_learning(a);
	if (r < 0)
		return r;
	r = a->source->ops->start(a->source, &a->loop, &h);
	if (r < 0)
		log_error("cannot read the sensor's rings: %s", strerror(-r));
	return r;
}

static void agent_free(struct agent *a)
{
	a->stopping = true;	/* a signal may still be waiting in the loop */
	top_free(a->top);
	learn_stop(&a->learn);
	floods_free(a->floods);	/* reads the source's memory */
	if (a->source)
		a->source->ops->free(a->source);	/* nothing new comes in */
	control_free(a->control);
	a->imds = imds_free(a->imds);
	learn_close(&a->learn);
	fold_free(a->pipeline.fold);
	observed_free(a->pipeline.observed);
	enrich_free(a->pipeline.enrich);
	canary_free(&a->canary);
	own_reloaded(&a->own);
	ruleset_free(a->o.ruleset);
	rule_files_free(&a->o.rules);
	deliver_free(a->deliver);
	if (a->ledger)
		feed_free(&a->feed);
	ledger_free(a->ledger);
	loop_end(&a->loop);
	learn_free(&a->learn);
	config_free(a->o.config);
	free(a->o.steps);
}

int agent_run(struct agent_options *o)
{
	struct agent a = {.o = *o, .source = o->source, .started = clock_wall_ns(), .canary = {.null = -1}};
	int r = uv_loop_init(&a.loop);

	if (r < 0)
		return r;
	loop_meter_start(&a.meter, &a.loop);
	start_signals(&a);
	r = agent_start(&a);
	if (r >= 0) {
		log_info("ready: %u rules, findings flow; `noroshi status` says what is covered", ruleset_count(a.o.ruleset));
		notify_send("READY=1\nSTATUS=watching");
		agent_look(&a);
		resident_trim();
		learn_wake(&a.learn);	/* who was there before us is asked about now, not with the first event */
		canary_start(&a.canary, &a.loop);
		own_start(&a.own, &a.loop);
		start_heartbeat(&a);
		uv_run(&a.loop, UV_RUN_DEFAULT);
		log_info("stopped; the longest turn of the loop took %.1f ms, of processor time %.1f ms",
			 (double)a.meter.longest / NSEC_PER_MSEC, (double)a.meter.longest_cpu / NSEC_PER_MSEC);
		r = a.error;
	}
	agent_free(&a);
	return r;
}
