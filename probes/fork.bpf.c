// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Fork: a process was created. New threads of a process are not told. */
#include "kernel.h"
#include <bpf/bpf_tracing.h>
#include "record.h"

static __always_inline __u16 fork__call(struct task_struct *t)
{
	__s32 nr = task__nr(task__regs());

	if (nr == NR_CLONE3)
		return CALL_CLONE3;
	if (task__compat(t))
		return nr == NR32_FORK ? CALL_FORK : nr == NR32_VFORK ? CALL_VFORK : CALL_CLONE;
	if (nr >= 0 && nr == NR_FORK)
		return CALL_FORK;
	if (nr >= 0 && nr == NR_VFORK)
		return CALL_VFORK;
	return CALL_CLONE;	/* the kernel's own threads too */
}

/* Pointers of the child are read without its type: it is one that the verifier trusts, task__mine() says why not. */
static __always_inline int fork__emit(struct task_struct *child)
{
	struct task_struct *t = task__current(), *parent;
	struct cgroup *cg = NULL;
	struct wire_fork *r;
	__u32 level, version;
	__u64 id = 0;
	bool same;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	same = BPF_CORE_READ(child, cgroups) == BPF_CORE_READ(t, cgroups);
	if (!same)	/* cloned into another group than ours */
		cg = task__cgroup(child, false);
	if (cg)
		id = cgroup__id(cg, false, &version);
	if (id && !bpf_map_lookup_elem(&cgroups_seen, &id))
		record__meet(SCRATCH_TASK, child, cg, id, version);
	r = record__new(EVENT_FORK, fork__call(t), sizeof(*r));
	if (!r)
		return 0;
	if (task__compat(t))
		r->hdr.flags |= WIRE_COMPAT;
	task__pidns(child, &level);
	r->child = BPF_CORE_READ(child, tgid);
	r->child_vpid = pid__nr(BPF_CORE_READ(child, thread_pid), level, NULL);
	r->child_start = BPF_CORE_READ(child, start_boottime);
	r->child_cgroup = same ? r->hdr.cgroup : id;
	r->child_exec_id = BPF_CORE_READ(child, self_exec_id);
	parent = BPF_CORE_READ(child, real_parent);
	if (parent) {
		r->ppid = BPF_CORE_READ(parent, tgid);
		r->pstart = task__start(parent, false);
	}
	record__str(&r->hdr, &r->comm, __builtin_preserve_access_index(&child->comm[0]), 16);
	task__pidns(t, &level);
	return record__send(&r->hdr, pid__nr(BPF_CORE_READ(child, thread_pid), level, NULL));
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	return fork__emit(child);
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(fork__raw_tp, struct task_struct *parent, struct task_struct *child)
{
	return fork__emit(child);
}
