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

#define KERNEL_KNOWS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP |	\
		      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

#define SAME(a, b, member) (BPF_CORE_READ(a, member) == BPF_CORE_READ(b, member))

/* CLONE_NEW*, by comparison of what the child has with what its maker has. */
static __always_inline __u64 fork__namespaces(struct task_struct *t, struct task_struct *child)
{
	struct nsproxy *a = BPF_CORE_READ(t, nsproxy), *b = BPF_CORE_READ(child, nsproxy);
	struct cred *c = (void *)BPF_CORE_READ(t, real_cred), *d = (void *)BPF_CORE_READ(child, real_cred);
	__u64 flags = 0;

	if (c != d && !SAME(c, d, user_ns))
		flags |= CLONE_NEWUSER;
	if (a == b)
		return flags;
	flags |= SAME(a, b, mnt_ns) ? 0 : CLONE_NEWNS;
	flags |= SAME(a, b, uts_ns) ? 0 : CLONE_NEWUTS;
	flags |= SAME(a, b, ipc_ns) ? 0 : CLONE_NEWIPC;
	flags |= SAME(a, b, net_ns) ? 0 : CLONE_NEWNET;
	flags |= SAME(a, b, cgroup_ns) ? 0 : CLONE_NEWCGROUP;
	flags |= SAME(a, b, pid_ns_for_children) ? 0 : CLONE_NEWPID;
	flags |= SAME(a, b, time_ns_for_children) ? 0 : CLONE_NEWTIME;
	return flags;
}

/*
 * CLONE_* of the call. What can be told from the child is not asked of the caller's memory; that it is made in a pid
 * namespace which the caller made before is not a flag.
 */
static __always_inline __u64 fork__flags(struct task_struct *t, struct task_struct *child, __u16 call)
{
	struct pt_regs *regs = task__regs();
	__u64 asked = 0, made = 0;

	if (BPF_CORE_READ(t, flags) & PF_KTHREAD)
		asked = 0;
	else if (call == CALL_CLONE)
		asked = task__arg(regs, 1) & 0xffffff00;
	else if (call == CALL_CLONE3)
		bpf_probe_read_user(&asked, sizeof(asked), (void *)task__arg(regs, 1));
	else if (call == CALL_VFORK)
		asked = CLONE_VFORK;
	made |= BPF_CORE_READ(child, mm) && SAME(t, child, mm) ? CLONE_VM : 0;
	made |= SAME(t, child, fs) ? CLONE_FS : 0;
	made |= SAME(t, child, files) ? CLONE_FILES : 0;
	made |= SAME(t, child, sighand) ? CLONE_SIGHAND : 0;
	made |= BPF_CORE_READ(child, real_parent) != t ? CLONE_PARENT : 0;
	return (asked & ~(__u64)KERNEL_KNOWS) | made | fork__namespaces(t, child);
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
	struct wire_control *c = control__get();

	if (c && c->want & WANT_CREDS)
		creds__born(task__number(child));
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	same = BPF_CORE_READ(child, cgroups) == BPF_CORE_READ(t, cgroups);
	if (!same)	/* cloned into another group than ours */
		cg = task__cgroup(child, false);
	if (cg)
		id = cgroup__id(cg, false, &version);
	if (id)
		record__meet(SCRATCH_LIFE, cg, id, version);
	r = record__new_in(SCRATCH_LIFE, EVENT_FORK, fork__call(t), sizeof(*r));
	if (!r)
		return 0;
	if (task__compat(t))
		r->hdr.flags |= WIRE_COMPAT;
	task__pidns(child, &level);
	r->child = BPF_CORE_READ(child, tgid);
	r->child_vpid = pid__nr(BPF_CORE_READ(child, thread_pid), level, NULL);
	r->child_start = BPF_CORE_READ(child, start_boottime);
	r->child_cgroup = same ? r->hdr.cgroup : id;
	r->flags = fork__flags(t, child, r->hdr.call);
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
