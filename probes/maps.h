/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps
 *
 * Everything the probes share with the agent or with each other. Each map is
 * __weak so that any number of probes may include this file: the static linker
 * (bpftool gen object) folds them into one. Which programs exist, what they
 * serve and how they are named stands in programs.def.
 */
#ifndef PROBES_MAPS_H
#define PROBES_MAPS_H

#include <bpf/bpf_helpers.h>
#include "wire.h"

#define RING_CRITICAL_SIZE	(512 << 10)	/* a mapped ring counts twice in the agent's memory: keep them small */
#define RING_BULK_SIZE		(4 << 20)
#define CPU_MAX			256		/* slots before the agent shrinks a map to the CPUs there are */
#define PATH_SIZE		4096		/* PATH_MAX: a path and its NUL */
#define CGROUPS_SEEN_MAX	4096
#define CREDS_MAX		8192		/* threads: about 1 MiB */

/* Process lifecycle and network: few, and never shed in favour of files. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_CRITICAL_SIZE);
} ring_critical __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BULK_SIZE);
} ring_bulk __weak SEC(".maps");

/* Index cpu * EVENT_MAX + type. An array, not per-CPU: only that can be mapped (5.10 refuses bpf() after the drop). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CPU_MAX * EVENT_MAX);
	__type(key, __u32);
	__type(value, struct wire_counter);
} counters __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_control);
} control __weak SEC(".maps");

/* What a thread may do, by value: creds.h. */
struct creds {
	__u64 start;	/* of the thread: its id may be another's later */
	__u64 permitted, effective;
	__u32 exec_id;
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u32 userns, level;
	__u32 pad;
};

/*
 * Where a record is built. One per CPU and program context, each with a mark: from 7.x on tracepoint programs can be
 * preempted, and another one must not write into a record that is half built. 32 KiB is the most a per-CPU map takes.
 */
#define SCRATCH_REC	(WIRE_RECORD_MAX - 32 - sizeof(struct creds) - 8)

enum scratch_kind {
	SCRATCH_TASK,	/* raw_tp, tp_btf, tracepoints */
	SCRATCH_EXEC,	/* of these exec: what was preempted at its work does not stand in its way */
	SCRATCH_LIFE,	/* and fork, exit, and control groups that go */
	SCRATCH_SOFT,	/* control-group and softirq programs */
	SCRATCH_ITER,	/* iterators */
	SCRATCH_KINDS
};

struct scratch {
	__u32 busy;	/* programs that came here; only the one that reads 1 may use it */
	__u32 kind;	/* enum scratch_kind */
	__u64 task;	/* whose record this is, struct task_struct * */
	__u64 cgroup;	/* and its control group, struct cgroup * */
	__u64 bprm;	/* of an exec: struct linux_binprm *. From here it is a number, which functions of their own may take */
	struct creds was;	/* what it could do at its last event, where that is known */
	__u32 was_known;
	__u32 pad;
	char rec[SCRATCH_REC];
};

/* By enum scratch_kind: one map, because with a choice of several the verifier follows everything once for each. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_KINDS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/*
 * A walk from a dentry (or a control group) up to its root; the path grows downwards from the middle of text. It
 * belongs to whoever holds the scratch of the same kind. In memory, not in registers: so the verifier sees each step
 * once (path.h).
 */
struct walk {
	void *dentry;		/* struct dentry *, or struct kernfs_node * */
	void *mnt;		/* struct mount * */
	void *mnt_root;		/* dentry at the top of mnt */
	void *root;		/* where the process's own tree ends */
	void *root_mnt;
	__u32 pos;		/* the text is [pos, PATH_SIZE - 1) */
	__u32 end;		/* enum walk_end */
	char text[2 * PATH_SIZE];
};

/* By enum scratch_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_KINDS);
	__type(key, __u32);
	__type(value, struct walk);
} walks __weak SEC(".maps");

/* Control groups whose CGROUP record is in the ring. An entry that was pushed out only costs a second record. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CGROUPS_SEEN_MAX);
	__type(key, __u64);
	__type(value, __u8);
} cgroups_seen __weak SEC(".maps");

/* By thread id. What was pushed out is known again from the thread's next event on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CREDS_MAX);
	__type(key, __u32);
	__type(value, struct creds);
} creds __weak SEC(".maps");

/* Per ring (0 critical, 1 bulk): 1 while it holds records that nobody was woken for. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} unnotified __weak SEC(".maps");

#endif
