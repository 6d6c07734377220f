// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Out of memory
 *
 * The kernel chose a process to be killed. Since Linux 6.8 the hook names the
 * task, and the event is of its container; before that only its number is
 * known, and the event is of who asked for memory, which is of the same
 * container when that is what has a limit.
 */
#include "record.h"
#include <bpf/bpf_tracing.h>

SEC("raw_tp/mark_victim")
int container_oom__raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	struct wire_control *c = control__get();
	__u64 victim = ctx->args[0];
	bool task = victim >> 32;
	struct wire_container *r;

	if (!c || !control__wants(c, CALL_CONTAINER))
		return 0;
	if (!(task ? record__start_of(victim, EVENT_CONTAINER, CALL_CONTAINER) :
		     record__start(SCRATCH_TASK, EVENT_CONTAINER, CALL_CONTAINER)))
		return 0;
	r = record__begun(SCRATCH_TASK, sizeof(*r));
	if (!r)
		return 0;
	r->what = CONTAINER_OOM;
	r->victim = task ? BPF_CORE_READ((struct task_struct *)victim, tgid) : victim;
	return record__send(&r->hdr, 0);
}
