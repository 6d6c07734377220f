/* SPDX-License-Identifier: Apache-2.0 */
#include "util/loop.h"
#include <stddef.h>
#include <time.h>

static uint64_t own_cpu(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) < 0 ? 0 : (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void on_turn(uv_prepare_t *h)
{
	struct loop_meter *m = h->data;
	uint64_t now = uv_hrtime(), cpu = own_cpu(), idle = uv_metrics_idle_time(h->loop), busy = now - m->at - (idle - m->idle);

	if (m->at && busy < now) {
		m->longest = busy > m->longest ? busy : m->longest;
		m->longest_cpu = cpu - m->cpu > m->longest_cpu ? cpu - m->cpu : m->longest_cpu;
		m->slow += busy > LOOP_SLOW_MS * 1000000ull;
	}
	m->cpu = cpu;
	m->at = now;
	m->idle = idle;
}

int loop_meter_start(struct loop_meter *m, uv_loop_t *loop)
{
	int r = uv_loop_configure(loop, UV_METRICS_IDLE_TIME);

	if (r < 0)
		return r;
	uv_prepare_init(loop, &m->handle);
	m->handle.data = m;
	uv_prepare_start(&m->handle, on_turn);
	uv_unref((uv_handle_t *)&m->handle);
	return 0;
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

void loop_end(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_NOWAIT);	/* some close their handles themselves */
	uv_walk(loop, close_handle, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_loop_close(loop);
}
