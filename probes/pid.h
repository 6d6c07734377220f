/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Pids
 *
 * From a number, or a descriptor, to the process that a call was aimed at, as
 * the kernel itself looks it up: 6.2 has a function for it, all have the tree.
 */
#ifndef PROBES_PID_H
#define PROBES_PID_H

#include "call.h"

#define PIDFS_MAGIC	0x50494446
#define XA_SHIFT	6	/* lib/xarray: 64 slots a node */
#define XA_DEPTH	6

/* The entry of a tree of numbers (struct idr). */
static __always_inline void *idr__find(struct idr *idr, __u64 nr)
{
	__u64 at = (__u64)BPF_CORE_READ(idr, idr_rt.xa_head);
	struct xa_node *n;
	__u8 shift;
	int i;

	for (i = 0; i < XA_DEPTH && (at & 3) == 2; i++) {
		n = (void *)(at - 2);
		shift = BPF_CORE_READ(n, shift);
		if (!i && nr >> shift >> XA_SHIFT)
			return NULL;
		at = 0;
		bpf_probe_read_kernel(&at, sizeof(at), (char *)__builtin_preserve_access_index(&n->slots[0]) +
				      (nr >> (shift & 63) & ((1 << XA_SHIFT) - 1)) * sizeof(void *));
	}
	return i ? (void *)at : NULL;
}

static __always_inline struct task_struct *pid__task(struct pid *pid)
{
	char *node = pid ? (void *)BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first) : NULL;

	return node ? (void *)(node - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID])) : NULL;
}

/* The process that a file of /proc is about, its leader's struct task_struct *, or 0. */
__weak __attribute__((noinline)) __u64 inode__process(__u64 inode)
{
	struct inode *i = (void *)inode;
	struct proc_inode *of = (void *)((char *)i - bpf_core_field_offset(struct proc_inode, vfs_inode));
	struct task_struct *t;

	if (!inode__on(i, PROC_MAGIC))
		return 0;
	t = pid__task(BPF_CORE_READ(of, pid));
	return t ? (__u64)BPF_CORE_READ(t, group_leader) : 0;
}

/* Into a record that has a target and no more than its number for it. */
#define record__about(r, inode)									\
	do {											\
		struct task_struct *about_ = (void *)inode__process((__u64)(inode));		\
		if (about_) {									\
			(r)->target = BPF_CORE_READ(about_, tgid);				\
			(r)->target_start = BPF_CORE_READ(about_, start_boottime);		\
		}										\
	} while (0)

/* The task of that number in the caller's pid namespace. */
static __always_inline struct task_struct *task__find(__s32 nr)
{
	__u32 level;
	struct pid_namespace *ns = task__pidns(task__current(), &level);

	return ns && nr > 0 ? pid__task(idr__find(__builtin_preserve_access_index(&ns->idr), nr)) : NULL;
}

/* The task of a pidfd of the caller's. */
static __always_inline struct task_struct *task__of_fd(__s32 fd)
{
	struct file *f = fd__file(task__current(), fd);
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;

	if (!inode)
		return NULL;
	if (inode__on(inode, PIDFS_MAGIC))	/* since 6.9 */
		return pid__task(BPF_CORE_READ(inode, i_private));
	return pid__task(file__private(f, "[pidfd]"));
}

/* Who it is, into a record that has a target: id, start, control group and name. */
#define record__target(r, task)									\
	do {											\
		struct task_struct *leader_ = BPF_CORE_READ(task, group_leader);		\
		struct cgroup *cg_ = task__cgroup(task, false);					\
		__u32 version_;									\
		(r)->target = BPF_CORE_READ(task, tgid);					\
		(r)->target_start = BPF_CORE_READ(leader_, start_boottime);			\
		(r)->target_cgroup = cg_ ? cgroup__id(cg_, false, &version_) : 0;		\
		record__str(&(r)->hdr, &(r)->target_comm,					\
			    __builtin_preserve_access_index(&leader_->comm), 16);		\
	} while (0)

#endif
