// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Exit
 *
 * The last thread of a process has ended. The tracepoint fires for each
 * thread, and the leader may go first: the process is gone when signal->live
 * is 0, whoever fires then.
 */
#include "kernel.h"
#include <bpf/bpf_tracing.h>
#include "record.h"

static __always_inline int exit__emit(struct task_struct *t, bool typed)
{
	struct wire_exit *r;
	struct signal_struct *signal = READ(typed, t, signal);
	__u32 tid = bpf_get_current_pid_tgid();

	if (!signal || READ(typed, signal, live.counter)) {
		bpf_map_delete_elem(&creds, &tid);
		return 0;
	}
	if (!signal || READ(typed, signal, live.counter))
		return 0;
	r = record__new_in(SCRATCH_LIFE, EVENT_EXIT, CALL_PROCEXIT, sizeof(*r));
	if (!r)
		return 0;
	/* exit_group() and a deadly signal hold for all threads; without them the leader's own code is the process's */
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		r->status = BPF_CORE_READ(signal, group_exit_code);
	else
		r->status = BPF_CORE_READ(t, group_leader, exit_code);
	return record__send(&r->hdr, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit__tp_btf, struct task_struct *t)
{
	t = task__mine();
	return t ? exit__emit(t, task__typed()) : 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(exit__raw_tp, struct task_struct *t)
{
	return exit__emit(t, false);
}
