/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source kernel
 *
 * The agent's end of the sensor: starts it, maps what it hands over, and
 * drains the rings on the loop. Nothing here needs a capability once
 * source_kernel_begin() has returned.
 */
#include "sensor/coverage.h"
#include "sensor/handover.h"
#include "sensor/host.h"
#include "sensor/source.h"
#include "util/clock.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CRITICAL_BUDGET 65536u	/* more than the ring holds: a drain ends also while a flood goes on */
#define BULK_BUDGET 2000u	/* records of the bulk ring before the critical one gets its turn again */
#define ROUNDS_MAX 8u		/* of both rings before the loop gets its turn */
/*
 * A timer is cheaper than being woken for each record once so many come within its period; it stays cheaper until
 * hardly one a period comes. In between nothing changes: switching costs as much as a wake-up.
 */
#define BATCH_MS 10
#define BATCH_ENTER 8u
#define BATCH_LEAVE 2u
/*
 * Forks and exits wake nobody by themselves, and a record that was under way when wake-ups came back lies unannounced:
 * so often is looked without being asked. Some 10 us each time, 0.004 % of a processor.
 */
#define IDLE_MS 250

/* Handles on the loop. They live until the loop has closed the last of them, longer than the source perhaps. */
struct watch {
	uv_poll_t ring[2], sensor;
	uv_timer_t timer;
	unsigned int open;
	struct kernel_source *source;
};

struct kernel_source {
	struct source base;
	struct source_handler handler;
	struct needs needs;
	bool untold;			/* the sensor does not know them yet: it detaches nothing as long as it hangs */
	uint64_t boot_offset;
	struct handover h;
	uint64_t records[2];
	bool damaged[2];
	struct watch *watch;
	bool batch;			/* polled by timer, the probes wake nobody */
	uint64_t period;		/* loop time in ms at which the count of recent began */
	unsigned int recent;
	const char *life;
};

static struct kernel_source *of(const struct source *s)
{
	return (struct kernel_source *)((char *)s - offsetof(struct kernel_source, base));
}

/* draining */

static int drain_ring(struct kernel_source *s, unsigned int i, unsigned int max, uint64_t end)
{
	int n = s->damaged[i] ? 0 : ring_drain(&s->h.ring[i], max, end, s->handler.record, s->handler.ctx);

	if (n < 0) {
		s->damaged[i] = true;	/* cannot happen while the kernel alone writes; what follows has no beginning */
		return 0;
	}
	s->records[i] += (unsigned int)n;
	return n;
}

/*
 * One turn of both rings. What a bulk record speaks of (its process, its image) was told on the critical ring before
 * it: so the bulk's end is read first, then all that the critical ring holds is taken, then the bulk up to that end and
 * no further. A critical record that is still being written holds the bulk back. *total grows; true when more may lie there.
 */
static bool drain_round(struct kernel_source *s, unsigned int *total)
{
	struct ring *critical = &s->h.ring[0], *bulk = &s->h.ring[1];
	uint64_t bulk_end = ring_end(bulk), critical_end = ring_end(critical);
	unsigned int n;

	*total += (unsigned int)drain_ring(s, 0, CRITICAL_BUDGET, RING_ALL);
	if (!s->damaged[0] && critical->pos < critical_end)
		return true;
	n = (unsigned int)drain_ring(s, 1, BULK_BUDGET, bulk_end);
	*total += n;
	/* What came after that end may have woken nobody; under load the timer finds it. */
	return n == BULK_BUDGET || (!s->batch && ring_used(bulk) && !s->damaged[1]);
}

/* *more when a ring was left with finished records. */
static unsigned int drain(struct kernel_source *s, unsigned int rounds, bool *more)
{
	unsigned int total = 0;

	*more = true;
	for (unsigned int i = 0; i < rounds && *more; i++)
		*more = drain_round(s, &total);
	if (total && s->handler.idle)
		s->handler.idle(s->handler.ctx);
	return total;
}

/* Also where nothing more is to be attached: what it was told last is what it detaches by. */
static int tell_needs(struct kernel_source *s)
{
	struct sensor_request request = {.command = SENSOR_NEEDS, .needs = s->needs};

	s->untold = send(s->h.sensor, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0;
	return s->untold ? -errno : 0;
}

static void on_ring(uv_poll_t *h, int status, int events);
static void on_timer(uv_timer_t *h);

static void set_batch(struct kernel_source *s, bool batch)
{
	struct watch *w = s->watch;

	s->batch = batch;
	__atomic_store_n(&s->h.control->batch, batch, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < 2; i++) {
		if (batch)
			uv_poll_stop(&w->ring[i]);
		else if (!s->damaged[i])
			uv_poll_start(&w->ring[i], UV_READABLE, on_ring);
	}
}

/* Somebody has set the clock; small steps of NTP are not worth a jump in the order of events. */
static void follow_clock(struct kernel_source *s)
{
	uint64_t now = clock_boot_offset();

	if (now - s->boot_offset + NSEC_PER_SEC > 2 * NSEC_PER_SEC)
		s->boot_offset = now;
}

/* Whether the timer is to poll, after n more records. */
static bool choose_batch(struct kernel_source *s, unsigned int n, bool more)
{
	uint64_t now = uv_now(s->watch->timer.loop);

	if (s->batch)
		return more || n >= BATCH_LEAVE;
	if (now - s->period >= BATCH_MS) {
		s->period = now;
		s->recent = 0;
	}
	s->recent += n;
	return more || s->recent >= BATCH_ENTER;
}

/* Drains, and chooses how to hear of the next records: woken by the kernel, or by a short timer under load. */
static void turn(struct kernel_source *s)
{
	struct watch *w = s->watch;
	bool more = false;
	unsigned int n;
	bool batch;

	follow_clock(s);
	if (s->untold)
		tell_needs(s);
	n = drain(s, ROUNDS_MAX, &more);
	if (s->watch != w)
		return;	/* a handler stopped us */
	batch = choose_batch(s, n, more);
	if (batch != s->batch)
		set_batch(s, batch);	/* back to wake-ups: polling begins with a look, what came in between is found */
	uv_timer_start(&w->timer, on_timer, more ? 0 : batch ? BATCH_MS : IDLE_MS, 0);
}

static void on_ring(uv_poll_t *h, int status, int events)
{
	struct watch *w = h->data;

	(void)status;
	(void)events;
	if (w->source)
		turn(w->source);
}

static void on_timer(uv_timer_t *h)
{
	struct watch *w = h->data;

	if (w->source)
		turn(w->source);
}

/* the sensor process */

static void watch_closed(uv_handle_t *h)
{
	struct watch *w = h->data;

	if (!--w->open)
		free(w);
}

static void close_watch(struct kernel_source *s)
{
	struct watch *w = take(s->watch);
	uv_handle_t *handles[4] = {};	/* in the order of init_watch() */
	unsigned int open = w ? w->open : 0;

	if (!w)
		return;
	handles[0] = (uv_handle_t *)&w->ring[0];
	handles[1] = (uv_handle_t *)&w->ring[1];
	handles[2] = (uv_handle_t *)&w->sensor;
	handles[3] = (uv_handle_t *)&w->timer;
	w->source = NULL;
	for (unsigned int i = 0; i < open; i++)
		uv_close(handles[i], watch_closed);
	if (!open)
		free(w);
}

/* The last records. The gate is shut first, so that they come to an end. */
static void finish(struct kernel_source *s)
{
	bool more = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(s->h.control->calls); i++)
		__atomic_store_n(&s->h.control->calls[i], 0, __ATOMIC_SEQ_CST);
	close_watch(s);
	for (unsigned int i = 0; more && i < 64; i++)
		drain(s, ROUNDS_MAX, &more);
}

/* The socket says that a request was done, or that the sensor is gone. */
static void on_sensor(uv_poll_t *h, int status, int events)
{
	struct watch *w = h->data;
	struct kernel_source *s = w->source;
	char why[160] = "the sensor process is gone";
	int how = 0;
	ssize_t n;
	char done;

	(void)status;
	(void)events;
	if (!s)
		return;
	n = recv(s->h.sensor, &done, 1, MSG_DONTWAIT);
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return;
	if (handover_reap(&s->h, 1000, &how) && WIFSIGNALED(how))
		snprintf(why, sizeof(why), "the sensor process was killed by signal %d (%s)", WTERMSIG(how), strsignal(WTERMSIG(how)));
	else if (!s->h.pid && WIFEXITED(how))
		snprintf(why, sizeof(why), "the sensor process ended with status %d", WEXITSTATUS(how));
	finish(s);
	s->life = "dead";
	s->handler.end(s->handler.ctx, -EPIPE, why);
}

static void kernel_stop(struct source *base)
{
	struct kernel_source *s = of(base);

	if (s->watch)
		finish(s);
	if (s->h.sensor >= 0 && !strcmp(s->life, "running"))
		s->life = "stopped";
	handover_stop(&s->h);
}

/* starting */

static void deliver_snapshot(struct kernel_source *s)
{
	size_t bytes = s->h.report.snapshot, at = 0;
	const uint8_t *p;

	if (!bytes)
		return;
	p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, s->h.fds[SENSOR_FD_SNAPSHOT], 0);
	if (p == MAP_FAILED)
		return;
	while (bytes - at > sizeof(uint64_t)) {
		uint64_t n;

		memcpy(&n, p + at, sizeof(n));
		at += sizeof(n);
		if (n > bytes - at)
			break;
		s->handler.record(s->handler.ctx, p + at, n);
		at += (n + 7) & ~7ul;
		if (at > bytes)
			break;
	}
	munmap((void *)p, bytes);
	close(take_fd(s->h.fds[SENSOR_FD_SNAPSHOT]));
	s->h.report.snapshot = 0;
}

/* Every handle that was initialised is counted in open: it is the loop's until it has been closed. */
static int init_watch(struct watch *w, struct kernel_source *s, uv_loop_t *loop)
{
	uv_poll_t *polls[] = {&w->ring[0], &w->ring[1], &w->sensor};
	int fds[] = {s->h.fds[SENSOR_FD_CRITICAL], s->h.fds[SENSOR_FD_BULK], s->h.sensor}, r = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(polls) && !r; i++) {
		polls[i]->data = w;
		r = uv_poll_init(loop, polls[i], fds[i]);
		w->open += !r;
	}
	if (!r) {
		w->timer.data = w;
		r = uv_timer_init(loop, &w->timer);
		w->open += !r;
	}
	return r;
}

static int kernel_start(struct source *base, uv_loop_t *loop, const struct source_handler *h)
{
	struct kernel_source *s = of(base);
	struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	s->watch = w;
	w->source = s;
	r = init_watch(w, s, loop);
	if (r < 0) {
		close_watch(s);
		return r;
	}
	s->handler = *h;
	deliver_snapshot(s);
	if (s->watch != w)
		return 0;	/* a handler stopped us */
	uv_poll_start(&w->sensor, UV_READABLE | UV_DISCONNECT, on_sensor);
	set_batch(s, false);
	uv_timer_start(&w->timer, on_timer, 0, 0);
	return 0;
}

static uint64_t kernel_boot_offset(const struct source *base)
{
	return of(base)->boot_offset;
}

static json_t *kernel_coverage(struct source *base)
{
	struct kernel_source *s = of(base);
	struct coverage c = {
		.state = s->h.state,
		.needs = &s->needs,
		.counters = s->h.counters,
		.cpus = s->h.report.cpus,
		.ring = s->h.ring,
		.records = s->records,
		.damaged = s->damaged,
		.pid = s->h.pid,
		.life = s->life,
	};

	return coverage_json(&c);
}

static const struct wire_group *kernel_groups(const struct source *base)
{
	return of(base)->h.groups;
}

static struct source *kernel_free(struct source *base)
{
	struct kernel_source *s = base ? of(base) : NULL;

	if (!s)
		return NULL;
	kernel_stop(base);
	handover_end(&s->h);	/* when it returns, nothing of ours is in the kernel */
	free(s);
	return NULL;
}

static const struct source_ops kernel_ops = {
	.name = "kernel",
	.start = kernel_start,
	.stop = kernel_stop,
	.coverage = kernel_coverage,
	.groups = kernel_groups,
	.boot_offset = kernel_boot_offset,
	.free = kernel_free,
};

/* Whether the new needs ask for programs that are not there. */
static bool programs_missing(const struct kernel_source *s, const struct needs *needs)
{
	struct program_status status[PROGRAM_MAX];

	memcpy(status, s->h.state->program, sizeof(status));
	programs_choose(status, needs);
	for (unsigned int p = 0; p < PROGRAM_MAX; p++) {
		if (status[p].state == PROGRAM_CHOSEN)
			return true;
	}
	return false;
}

/*
 * Word by word, while probes read it: where all are let through that is said first, where not it is said last, so that
 * no moment refuses what either the old set or the new one lets through, as long as one of them holds the other.
 */
static void set_opens(struct wire_opens *o, const struct wire_opens *to)
{
	if (to->tests & OPENS_NARROW) {
		for (unsigned int i = 0; i < OPENS_BITS / 64; i++)
			__atomic_store_n(&o->bits[i], to->bits[i], __ATOMIC_RELAXED);
		__atomic_store_n(&o->part_lens, to->part_lens, __ATOMIC_RELAXED);
		__atomic_store_n(&o->suffixes, to->suffixes, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&o->tests, to->tests, __ATOMIC_SEQ_CST);
}

/*
 * The same for kinds: whom to tell apart is said before it makes a difference, and no longer only after it makes none. In
 * between every word refuses what the old or the new table does.
 */
static void set_refuse(struct wire_refuse *r, const struct wire_refuse *to)
{
	__atomic_store_n(&r->asks, r->asks | to->asks, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < ARRAY_SIZE(r->kinds); i++)
		__atomic_store_n(&r->kinds[i], to->kinds[i], __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < ARRAY_SIZE(r->any); i++)
		__atomic_store_n(&r->any[i], to->any[i], __ATOMIC_SEQ_CST);
	__atomic_store_n(&r->asks, to->asks, __ATOMIC_SEQ_CST);
}

static void set_control(struct kernel_source *s, const struct needs *needs)
{
	struct wire_control *c = s->h.control;
	uint64_t calls[CALL_WORDS];

	for (unsigned int i = 0; i < OPENS_WAYS; i++)
		set_opens(&c->opens[i], &needs->opens[i]);
	for (unsigned int i = 0; i < CALL_MAX; i++)
		set_refuse(&c->refuse[i], &needs->refuse[i]);
	programs_calls(calls, needs);
	for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
		__atomic_store_n(&c->calls[i], calls[i], __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->want, needs->want, __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->burst, needs->burst, __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->rate, needs->rate, __ATOMIC_SEQ_CST);
}

/* What nobody can do here needs no watching. */
static struct needs needs_here(const struct needs *asked)
{
	struct needs n = *asked;
	bool ia32 = host_ia32();	/* also when nobody asks: later there is no right to fork */

	if (!ia32)
		n.want &= ~(uint32_t)WANT_COMPAT;
	return n;
}

int source_kernel_widen(struct source *base, const struct needs *asked)
{
	const struct needs here = needs_here(asked), *needs = &here;
	struct kernel_source *s = of(base);
	struct needs both = *needs, before = s->needs;
	bool missing, untold = s->untold;
	int r;

	if (s->h.sensor < 0 || !s->watch)
		return -EPIPE;
	missing = programs_missing(s, needs);
	s->needs = *needs;
	r = tell_needs(s);
	if (r < 0 && missing) {
		s->needs = before;
		s->untold = untold;
		return r;
	}
	needs_join(&both, &before);
	set_control(s, &both);
	return missing;
}

void source_kernel_settle(struct source *base)
{
	struct kernel_source *s = of(base);

	if (s->h.control)
		set_control(s, &s->needs);
}

void source_kernel_group(struct source *base, uint64_t cgroup, bool host)
{
	struct kernel_source *s = of(base);
	uint64_t *place;

	if (!s->h.control || !cgroup)
		return;
	place = (uint64_t *)&s->h.control->hosts[hosts_place(cgroup) % HOSTS_MAX];
	if (host)
		__atomic_store_n(place, cgroup, __ATOMIC_SEQ_CST);	/* whose place it was is told apart no more */
	else if (*place == cgroup)
		__atomic_store_n(place, 0, __ATOMIC_SEQ_CST);
}

bool source_kernel_exclude(struct source *base, uint64_t cgroup, bool excluded)
{
	struct kernel_source *s = of(base);
	uint64_t *at = s->h.control ? (uint64_t *)&s->h.control->excluded[excluded_place(cgroup)] : NULL, *room = NULL;

	if (!at || !cgroup)
		return !excluded;
	for (unsigned int i = 0; i < EXCLUDED_WAYS; i++) {
		if (at[i] == cgroup)
			room = &at[i];
		else if (excluded && !at[i] && !room)
			room = &at[i];
	}
	if (!room)
		return !excluded;
	if (*room != (excluded ? cgroup : 0)) {
		__atomic_store_n(room, excluded ? cgroup : 0, __ATOMIC_SEQ_CST);
		__atomic_fetch_add((uint64_t *)&s->h.control->excludes, excluded ? 1 : -1ull, __ATOMIC_SEQ_CST);
	}
	return true;
}

void source_kernel_agent(const struct source *base, uint32_t pids[2])
{
	const struct kernel_source *s = of(base);

	for (unsigned int i = 0; i < 2; i++)
		pids[i] = s->h.control ? s->h.control->self[i] : 0;
}

int source_kernel_files(const struct source *base)
{
	return of(base)->h.fds[SENSOR_FD_FILES];
}

int source_kernel_fork(struct source **ret, char error[512])
{
	struct kernel_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		snprintf(error, 512, "out of memory");
		return -ENOMEM;
	}
	s->base.ops = &kernel_ops;
	s->boot_offset = clock_boot_offset();
	s->life = "running";
	r = handover_fork(&s->h, error);
	if (r < 0) {
		free(s);
		return r;
	}
	*ret = &s->base;
	return 0;
}

int source_kernel_begin(struct source *base, const struct needs *asked, char error[512])
{
	struct kernel_source *s = of(base);

	s->needs = needs_here(asked);
	return handover_begin(&s->h, &s->needs, error);
}

int source_kernel_new(struct source **ret, const struct needs *asked, char error[512])
{
	struct source *s;
	int r = source_kernel_fork(&s, error);

	if (r < 0)
		return r;
	r = source_kernel_begin(s, asked, error);
	if (r < 0)
		s->ops->free(s);
	else
		*ret = s;
	return r;
}
