/* SPDX-License-Identifier: Apache-2.0 */
/* Live events to a file, for replay; or as JSON lines, for reading and for tests. */
#include "agent.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/rules_arg.h"
#include "enrich/enrich.h"
#include "enrich/user.h"
#include "event/decode.h"
#include "rule/event_json.h"
#include "sensor/confine.h"
#include "sensor/privileges.h"
#include "sensor/record.h"
#include "sensor/source.h"
#include "util/loop.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

extern const struct cmd cmd_record;

enum { OPT_OUTPUT, OPT_FOR, OPT_JSON, OPT_ATTACH };

static const struct cmd_option options[] = {
	[OPT_OUTPUT] = {"--output", 'o', "FILE", "where to; \"-\" is stdout (with --json)"},
	[OPT_FOR] = {"--for", 0, "SECONDS", "how long; until SIGINT or SIGTERM without it"},
	[OPT_JSON] = {"--json", 0, NULL, "JSON lines, one flat object an event, in place of the binary form"},
	[OPT_ATTACH] = {"--attach", 0, "STYLE", "auto, tracepoint or function: by what names that change are seen; as sensor.attach"},
	{},
};

struct recording {
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t signals[2];
	struct source *source;
	struct enrich *enrich;
	struct filter filter;
	struct recorder *recorder;
	FILE *json;
	uint64_t boot_offset, events, kept, undecoded;
	int error;
	bool stopping;
};

struct args {
	const char *output, *condition;
	double seconds;
	bool json;
	uint32_t want;
};

/* Records that carry state: without them a replay would not know who did it. */
static bool is_state(enum event_type type)
{
	return type == EVENT_CGROUP || type == EVENT_EXEC || type == EVENT_FORK || type == EVENT_EXIT;
}

static void keep(struct recording *r, const struct event *ev, const void *rec, size_t n)
{
	json_t *o;

	if (r->recorder) {
		r->error = recorder_add(r->recorder, rec, n) ?: r->error;
		return;
	}
	o = event_json(ev);
	if (json_dumpf(o, r->json, JSON_COMPACT) < 0 || fputc('\n', r->json) == EOF)
		r->error = -EIO;
	json_decref(o);
}

static void on_record(void *ctx, const void *rec, size_t n)
{
	struct recording *r = ctx;
	struct event ev;
	bool visible, wanted;

	if (decode(&ev, rec, n, r->boot_offset) != DECODE_OK) {
		r->undecoded++;
		return;
	}
	visible = enrich_event(r->enrich, &ev);
	if (ev.rec->hdr.type == EVENT_CGROUP)
		source_kernel_group(r->source, ev.rec->hdr.cgroup, enrich_on_host(r->enrich, ev.rec->hdr.cgroup));
	if (visible)
		ev.num = ++r->events;
	wanted = visible && filter_match(&r->filter, &ev);
	r->kept += wanted;
	if (wanted || (r->recorder && is_state((enum event_type)ev.rec->hdr.type)))
		keep(r, &ev, rec, n);
}

static void on_idle(void *ctx)
{
	struct recording *r = ctx;

	if (r->json)
		fflush(r->json);
}

static void stop(struct recording *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	r->source->ops->stop(r->source);
	uv_stop(&r->loop);
}

static void on_end(void *ctx, int error, const char *why)
{
	struct recording *r = ctx;

	if (error < 0) {
		fprintf(stderr, "noroshi record: the sensor ended: %s\n", why);
		r->error = error;
	}
	stop(r);
}

static void on_timer(uv_timer_t *t)
{
	stop(t->data);
}

static void on_signal(uv_signal_t *s, int signum)
{
	(void)signum;
	stop(s->data);
}

static int style(struct args *a, const char *name)
{
	a->want = !strcmp(name, "tracepoint") ? WANT_TRACEPOINT : !strcmp(name, "function") ? WANT_FUNCTION : 0;
	if (a->want || !strcmp(name, "auto"))
		return 0;
	fprintf(stderr, "noroshi record: --attach is auto, tracepoint or function, not \"%s\"\n", name);
	return -EINVAL;
}

static int parse(struct args *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	char *end;
	int o;

	while ((o = cmd_next(&p, &cmd_record)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK + 1;
		if (o == OPT_OUTPUT) {
			a->output = p.value;
		} else if (o == OPT_FOR) {
			a->seconds = strtod(p.value, &end);
			if (*end || a->seconds <= 0)
				return fprintf(stderr, "noroshi record: --for wants a number of seconds, not \"%s\"\n", p.value), EXIT_INPUT + 1;
		} else if (o == OPT_JSON) {
			a->json = true;
		} else if (o == OPT_ATTACH) {
			if (style(a, p.value) < 0)
				return EXIT_INPUT + 1;
		} else if (o == CMD_ARG && !a->condition) {
			a->condition = p.value;
		} else if (o == CMD_ARG) {
			return fprintf(stderr, "noroshi record: one condition only; quote it\n"), EXIT_INPUT + 1;
		} else {
			return EXIT_INPUT + 1;
		}
	}
	if (!a->output)
		return fprintf(stderr, "noroshi record: -o FILE is needed\n"), EXIT_INPUT + 1;
	if (!a->json && !strcmp(a->output, "-"))
		return fprintf(stderr, "noroshi record: only --json goes to stdout\n"), EXIT_INPUT + 1;
	return 0;
}

/* For the owner alone, as a recording is. */
static FILE *open_json(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static int open_output(struct recording *r, const struct args *a)
{
	int e = 0;

	if (!a->json)
		e = recorder_open(&r->recorder, a->output, r->boot_offset);
	else if (!strcmp(a->output, "-"))
		r->json = stdout;
	else if (!(r->json = open_json(a->output)))
		e = -errno;
	if (e < 0)
		fprintf(stderr, "noroshi record: %s: %s\n", a->output, strerror(-e));
	return e;
}

static void start_timer(struct recording *r, const struct args *a)
{
	uv_timer_init(&r->loop, &r->timer);
	r->timer.data = r;
	uv_update_time(&r->loop);	/* loading the probes took its time */
	if (a->seconds > 0)
		uv_timer_start(&r->timer, on_timer, (uint64_t)(a->seconds * 1000), 0);
}

/* Before the sensor starts: a signal that comes meanwhile ends the recording once it has begun. */
static void start_signals(struct recording *r)
{
	static const int signums[] = {SIGTERM, SIGINT};

	for (size_t i = 0; i < ARRAY_SIZE(signums); i++) {
		uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		uv_signal_start(&r->signals[i], on_signal, signums[i]);
	}
}

/* What is not in the file although the condition may have asked for it. */
static void tell_losses(struct recording *r)
{
	json_t *coverage = r->source->ops->coverage(r->source);
	uint64_t lost = agent_lost_records(coverage, true);

	json_decref(coverage);
	if (lost)
		fprintf(stderr, "noroshi record: %llu kernel records were lost\n", (unsigned long long)lost);
	if (r->undecoded)
		fprintf(stderr, "noroshi record: %llu records could not be decoded\n", (unsigned long long)r->undecoded);
}

static int record(struct recording *r, const struct args *a)
{
	struct source_handler h = {on_record, on_idle, on_end, r};
	struct needs needs = {};
	char error[512] = "";
	int e;

	start_signals(r);
	ruleset_needs(r->filter.rules, &needs);
	needs.want |= a->want;
	e = source_kernel_new(&r->source, &needs, error);
	if (e < 0)
		return fprintf(stderr, "noroshi record: %s\n", error), EXIT_HOST;
	r->boot_offset = r->source->ops->boot_offset(r->source);
	if (open_output(r, a) < 0)
		return EXIT_INPUT;
	users_load(NULL, NULL);	/* without them user.name is <NA> but for root */
	if (sensor_drop_privileges(error) < 0)
		return fprintf(stderr, "noroshi record: %s\n", error), EXIT_HOST;
	sensor_confine(&(struct confine_path){.path = "/proc"}, 1, false, error);	/* all files are open by now */
	r->enrich = enrich_new(&(struct enrich_options){});
	e = r->enrich ? r->source->ops->start(r->source, &r->loop, &h) : -ENOMEM;
	if (e < 0)
		return fprintf(stderr, "noroshi record: %s\n", strerror(-e)), EXIT_HOST;
	start_timer(r, a);
	fprintf(stderr, "noroshi record: ready\n");
	uv_run(&r->loop, UV_RUN_DEFAULT);
	if (r->recorder)
		r->error = recorder_close(r->recorder) ?: r->error;
	if (r->json && fflush(r->json) == EOF)
		r->error = -errno;
	if (r->error < 0)
		return fprintf(stderr, "noroshi record: %s: %s\n", a->output, strerror(-r->error)), EXIT_HOST;
	tell_losses(r);
	fprintf(stderr, "noroshi record: %llu of %llu events kept\n", (unsigned long long)r->kept, (unsigned long long)r->events);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct diags d _cleanup_(diags_free) = {};
	struct recording r = {};
	struct args a = {};
	int status = parse(&a, argc, argv);

	if (status)
		return status - 1;
	status = EXIT_INPUT;
	if (filter_load(&r.filter, a.condition ? a.condition : "evt.num > 0", NULL, 0, &d) >= 0 && uv_loop_init(&r.loop) == 0) {
		status = record(&r, &a);
		r.stopping = true;	/* a signal may still be waiting in the loop */
		if (r.source)
			r.source->ops->free(r.source);
		loop_end(&r.loop);
		enrich_free(r.enrich);
	}
	rules_arg_print_errors(&d, FILTER_NAME);
	filter_free(&r.filter);
	return status;
}

const struct cmd cmd_record = {
	.name = "record",
	.args = "-o FILE [--for SECONDS] [--json] [--attach STYLE] ['CONDITION']",
	.summary = "record live events, for replay or as JSON lines",
	.options = options,
	.run = run,
};
