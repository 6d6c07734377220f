/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Work
 *
 * What several hooks share is verified once, as a program of its own that they go on with: each hook's program asks whether
 * there is anything to do, says what, and is replaced by it, with the same arguments. Hooks' programs have no functions of
 * their own: before 6.0 not every processor takes both.
 */
#ifndef PROBES_WORK_H
#define PROBES_WORK_H

#include "filter.h"

enum work {
#define WORK(name) WORK_##name,
#include "programs.def"
	WORK_MAX
};

/* Filled by the sensor. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, WORK_MAX);
	__type(key, __u32);
	__type(value, __u32);
} works __weak SEC(".maps");

/* What the next program is to do, from one to the other: an interrupt that comes in between finds it taken. */
struct errand {
	__u32 busy;
	__u32 what;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct errand);
} errands __weak SEC(".maps");

/* Goes on as that program; type: of what is lost when it cannot. */
static __always_inline int work__go(void *ctx, __u32 work, __u32 what, __u32 type)
{
	__u32 zero = 0;
	struct errand *e = bpf_map_lookup_elem(&errands, &zero);

	if (!e)
		return 0;
	__sync_fetch_and_add(&e->busy, 1);
	if (*(volatile __u32 *)&e->busy == 1) {
		e->what = what;
		bpf_tail_call(ctx, &works, work);
	} else {
		counter__lost(type, LOSS_SCRATCH_BUSY);
	}
	__sync_fetch_and_add(&e->busy, -1);
	return 0;
}

/* What is to be done, as the first thing that program does. */
static __always_inline __u32 work__what(void)
{
	__u32 zero = 0, what;
	struct errand *e = bpf_map_lookup_elem(&errands, &zero);

	if (!e)
		return ~0u;
	what = e->what;
	__sync_fetch_and_add(&e->busy, -1);
	return what;
}

#endif
