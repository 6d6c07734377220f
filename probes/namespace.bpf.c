// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Namespaces
 *
 * setns and unshare, from the task itself before and after: which namespaces
 * became others, whatever the call was asked for.
 */
#include "creds.h"
#include "call.h"
#include "compat.h"
#include "record.h"

struct namespaces {
	__u64 uts, ipc, cgroup, time;	/* addresses: only whether they change */
	__u32 mnt, net, pid, user;	/* inodes; pid: of the children */
};

/* Threads inside one of the two calls. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct namespaces);
} namespaces_before __weak SEC(".maps");

static __always_inline void namespaces__read(struct namespaces *n, struct task_struct *t)
{
	struct nsproxy *p = BPF_CORE_READ(t, nsproxy);

	n->uts = (__u64)BPF_CORE_READ(p, uts_ns);
	n->ipc = (__u64)BPF_CORE_READ(p, ipc_ns);
	n->cgroup = (__u64)BPF_CORE_READ(p, cgroup_ns);
	n->time = (__u64)BPF_CORE_READ(p, time_ns_for_children);
	n->mnt = BPF_CORE_READ(p, mnt_ns, ns.inum);
	n->net = BPF_CORE_READ(p, net_ns, ns.inum);
	n->pid = BPF_CORE_READ(p, pid_ns_for_children, ns.inum);
	n->user = BPF_CORE_READ(t, real_cred, user_ns, ns.inum);
}

#ifndef ENTRY32
static __always_inline int namespaces__keep(__u16 call)
{
	struct wire_control *c = control__get();
	struct namespaces n = {};
	__u32 tid = bpf_get_current_pid_tgid();

	if (!c || !control__wants(c, call))
		return 0;
	namespaces__read(&n, task__current());
	bpf_map_update_elem(&namespaces_before, &tid, &n, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_setns")
int setns_before__enter(struct sys_enter *ctx)
{
	return namespaces__keep(CALL_SETNS);
}

SEC("tracepoint/syscalls/sys_enter_unshare")
int unshare_before__enter(struct sys_enter *ctx)
{
	return namespaces__keep(CALL_UNSHARE);
}
#endif

static __always_inline void namespaces__differ(struct wire_namespace *r, const struct namespaces *was)
{
	struct namespaces now = {};

	namespaces__read(&now, task__current());
	r->new_pidns = now.pid;
	if (!was)
		return;
	r->old_mntns = was->mnt;
	r->old_netns = was->net;
	r->old_userns = was->user;
	r->old_pidns = was->pid;
	r->changed = (was->mnt != now.mnt ? CLONE_NEWNS : 0) | (was->net != now.net ? CLONE_NEWNET : 0) |
		     (was->pid != now.pid ? CLONE_NEWPID : 0) | (was->user != now.user ? CLONE_NEWUSER : 0) |
		     (was->uts != now.uts ? CLONE_NEWUTS : 0) | (was->ipc != now.ipc ? CLONE_NEWIPC : 0) |
		     (was->cgroup != now.cgroup ? CLONE_NEWCGROUP : 0) | (was->time != now.time ? CLONE_NEWTIME : 0);
}

/* What they were before is kept of 64-bit entries alone: others enter unseen. */
static __always_inline void namespaces__told(struct wire_namespace *r)
{
#ifdef ENTRY32
	namespaces__differ(r, NULL);
#else
	__u32 tid = bpf_get_current_pid_tgid();

	namespaces__differ(r, bpf_map_lookup_elem(&namespaces_before, &tid));
	bpf_map_delete_elem(&namespaces_before, &tid);
#endif
}

static __always_inline int namespaces__report(__s32 nr, __s64 ret)
{
	bool setns = nr == NR_SETNS;
	__u16 call = setns ? CALL_SETNS : CALL_UNSHARE;
	struct wire_namespace *r;
	struct pt_regs *regs;

	if (!call__wanted(EVENT_NAMESPACE, call, ret < 0))
		return 0;
	r = record__new(EVENT_NAMESPACE, call, sizeof(*r));
	if (!r)
		return 0;
	regs = task__regs();
	r->fd = setns ? (__s32)task__arg(regs, 1) : -1;
	r->flags = setns ? task__arg(regs, 2) : task__arg(regs, 1);
	namespaces__told(r);
	return record__send(&r->hdr, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int namespaces__exit(struct sys_exit *ctx)
{
	return namespaces__report(ctx->nr, ctx->ret);
}
#endif
