/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Task
 *
 * Who: what the kernel knows of a process, read with CO-RE from any program
 * type. A device number is in the form user space sees (st_dev, tty_nr).
 */
#ifndef PROBES_TASK_H
#define PROBES_TASK_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "wire.h"

enum { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };	/* include/linux/pid.h, since 4.19 */

#if defined(__TARGET_ARCH_x86)
#define REG_NR	 orig_ax
#define REG_ARG1 di
#define REG_ARG2 si
#define REG_ARG3 dx
#define REG_ARG4 r10
#define REG_ARG5 r8
#define REG_ARG6 r9
#define REG32_ARG1 bx
#define REG32_ARG2 cx
#define REG32_ARG3 dx
#define REG32_ARG4 si
#define REG32_ARG5 di
#define REG32_ARG6 bp
#define NR_OPEN		2
#define NR_DUP		32
#define NR_DUP2		33
#define NR_SOCKET	41
#define NR_CONNECT	42
#define NR_ACCEPT	43
#define NR_BIND		49
#define NR_LISTEN	50
#define NR_CLONE	56
#define NR_FORK		57
#define NR_VFORK	58
#define NR_EXECVE	59
#define NR_RENAME	82
#define NR_CREAT	85
#define NR_LINK		86
#define NR_UNLINK	87
#define NR_SYMLINK	88
#define NR_CHMOD	90
#define NR_FCHMOD	91
#define NR_OPENAT	257
#define NR_UNLINKAT	263
#define NR_RENAMEAT	264
#define NR_LINKAT	265
#define NR_SYMLINKAT	266
#define NR_FCHMODAT	268
#define NR_ACCEPT4	288
#define NR_DUP3		292
#define NR_RENAMEAT2	316
#define NR_EXECVEAT	322
#define NR_SETUID	105
#define NR_SETGID	106
#define NR_SETREUID	113
#define NR_SETREGID	114
#define NR_SETGROUPS	116
#define NR_SETRESUID	117
#define NR_SETRESGID	119
#define NR_SETFSUID	122
#define NR_SETFSGID	123
#define NR_SETNS	308
#define NR_WRITE		1
#define NR_PWRITE64		18
#define NR_WRITEV		20
#define NR_SENDFILE		40
#define NR_FCNTL		72
#define NR_TRUNCATE		76
#define NR_FTRUNCATE		77
#define NR_MKDIR		83
#define NR_RMDIR		84
#define NR_CHOWN		92
#define NR_FCHOWN		93
#define NR_LCHOWN		94
#define NR_UTIME		132
#define NR_MKNOD		133
#define NR_SETXATTR		188
#define NR_LSETXATTR		189
#define NR_FSETXATTR		190
#define NR_REMOVEXATTR		197
#define NR_LREMOVEXATTR		198
#define NR_FREMOVEXATTR		199
#define NR_UTIMES		235
#define NR_MKDIRAT		258
#define NR_MKNODAT		259
#define NR_FCHOWNAT		260
#define NR_FUTIMESAT		261
#define NR_SPLICE		275
#define NR_UTIMENSAT		280
#define NR_FALLOCATE		285
#define NR_PWRITEV		296
#define NR_OPEN_BY_HANDLE_AT	304
#define NR_COPY_FILE_RANGE	326
#define NR_PWRITEV2		328
/* 32-bit calls have other numbers. */
#define NR32_EXECVEAT	358
#define NR32_CLONE	120
#define NR32_FORK	2
#define NR32_VFORK	190
#elif defined(__TARGET_ARCH_arm64)
#define REG_NR	 syscallno
#define REG_ARG1 orig_x0
#define REG_ARG2 regs[1]
#define REG_ARG3 regs[2]
#define REG_ARG4 regs[3]
#define REG_ARG5 regs[4]
#define REG_ARG6 regs[5]
/* Nothing is reported of 32-bit entries here: only that it compiles. */
#define REG32_ARG1 orig_x0
#define REG32_ARG2 regs[1]
#define REG32_ARG3 regs[2]
#define REG32_ARG4 regs[3]
#define REG32_ARG5 regs[4]
#define REG32_ARG6 regs[5]
/* -1: a call this architecture does not have. */
#define NR_OPEN		-1
#define NR_DUP2		-1
#define NR_FORK		-1
#define NR_VFORK	-1
#define NR_RENAME	-1
#define NR_CREAT	-1
#define NR_LINK		-1
#define NR_UNLINK	-1
#define NR_SYMLINK	-1
#define NR_CHMOD	-1
#define NR_DUP		23
#define NR_DUP3		24
#define NR_UNLINKAT	35
#define NR_SYMLINKAT	36
#define NR_LINKAT	37
#define NR_RENAMEAT	38
#define NR_FCHMOD	52
#define NR_FCHMODAT	53
#define NR_OPENAT	56
#define NR_SOCKET	198
#define NR_BIND		200
#define NR_LISTEN	201
#define NR_ACCEPT	202
#define NR_CONNECT	203
#define NR_CLONE	220
#define NR_EXECVE	221
#define NR_ACCEPT4	242
#define NR_RENAMEAT2	276
#define NR_EXECVEAT	281
#define NR_SETREGID	143
#define NR_SETGID	144
#define NR_SETREUID	145
#define NR_SETUID	146
#define NR_SETRESUID	147
#define NR_SETRESGID	149
#define NR_SETFSUID	151
#define NR_SETFSGID	152
#define NR_SETGROUPS	159
#define NR_SETNS	268
#define NR_MKDIR		-1
#define NR_RMDIR		-1
#define NR_CHOWN		-1
#define NR_LCHOWN		-1
#define NR_UTIME		-1
#define NR_MKNOD		-1
#define NR_UTIMES		-1
#define NR_FUTIMESAT		-1
#define NR_SETXATTR		5
#define NR_LSETXATTR		6
#define NR_FSETXATTR		7
#define NR_REMOVEXATTR		14
#define NR_LREMOVEXATTR		15
#define NR_FREMOVEXATTR		16
#define NR_FCNTL		25
#define NR_MKNODAT		33
#define NR_MKDIRAT		34
#define NR_TRUNCATE		45
#define NR_FTRUNCATE		46
#define NR_FALLOCATE		47
#define NR_FCHOWNAT		54
#define NR_FCHOWN		55
#define NR_WRITE		64
#define NR_WRITEV		66
#define NR_PWRITE64		68
#define NR_PWRITEV		70
#define NR_SENDFILE		71
#define NR_SPLICE		76
#define NR_UTIMENSAT		88
#define NR_OPEN_BY_HANDLE_AT	265
#define NR_COPY_FILE_RANGE	285
#define NR_PWRITEV2		287
#define NR32_EXECVEAT	387
#define NR32_CLONE	120
#define NR32_FORK	2
#define NR32_VFORK	190
#endif
#define NR_IO_URING_ENTER 426	/* the same on every architecture from here on */
#define NR_CLONE3	435
#define NR_OPENAT2	437
#define NR_FCHMODAT2	452
#define NR_SETXATTRAT	463
#define NR_REMOVEXATTRAT	466

#define THREAD_SIZE	16384	/* before 5.15 only: see task__regs() */

static __always_inline struct task_struct *task__current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Whether the kernel hands out its current task with the type, so that it can be read without a call: since 5.11. */
static __always_inline bool task__typed(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

/* The number of struct task_struct among the kernel's types where its pointers may be cast (sensor/kernel_types.h), else 0. */
const volatile __u32 task_type __weak = 0;

/* task.bpf.c */
extern struct task_struct *task__cast(struct task_struct *t);

/*
 * The current task, typed where that can be. Not for programs of control groups.
 *
 * Since 6.2 the verifier looks at each pointer loaded from a task that it trusts whether that is trusted too: up to
 * four searches by name through all of the kernel's types, a millisecond, and again on each path. It does not ask for
 * what a pointer of no such standing leads to. So take that standing away by a cast; and where there is none, take the
 * task that runs on this task's processor, itself: NULL if the scheduler should ever see that otherwise.
 */
static __always_inline struct task_struct *task__mine(void)
{
	struct task_struct *t, *same;
	__u64 a, b;

	if (!task__typed())
		return task__current();
	t = bpf_get_current_task_btf();
	if (task_type)
		return task__cast(t);
	if (!bpf_core_enum_value_exists(enum bpf_type_flag___trust, PTR_TRUSTED) || !bpf_core_field_exists(t->se.cfs_rq))
		return t;
	same = t->se.cfs_rq->rq->curr;
	a = (__u64)t;
	b = (__u64)same;
	asm volatile("" : "+r"(a), "+r"(b));	/* or the compiler takes one for the other */
	return a == b ? same : NULL;
}

/* A pointer as a number, for a global function: the verifier does not take one that it knows the type of for that. */
static __always_inline __u64 task__number(void *pointer)
{
	__u64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), &pointer);
	return n;
}

/*
 * A member, loaded directly where the verifier knows the type of src, else through the helper. One step at a time: a
 * pointer is to be checked before it is followed, on some kernels the verifier insists.
 */
#define READ(typed, src, member) ((typed) ? (src)->member : BPF_CORE_READ(src, member))

/*
 * The registers the current task entered the kernel with: the call's arguments are still there when it returns.
 * Before 5.15 there is no helper for it; then they lie at the top of its stack. The kernel drops the branch that
 * does not apply before it verifies.
 */
static __always_inline struct pt_regs *task__regs(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (void *)((char *)BPF_CORE_READ(task__current(), stack) + THREAD_SIZE -
			bpf_core_type_size(struct pt_regs));
}

/* An argument; of 32-bit entries where the file is compiled for those (compat.h). */
#ifdef ENTRY32
#define REG_OF(n)		REG32_ARG##n
#define task__arg(regs, n)	((__u64)(__u32)BPF_CORE_READ(regs, REG_OF(n)))
#else
#define REG_OF(n)		REG_ARG##n
#define task__arg(regs, n)	((__u64)BPF_CORE_READ(regs, REG_OF(n)))
#endif
#define task__nr(regs)		((__s32)BPF_CORE_READ(regs, REG_NR))

/* The same without a call to read memory, where the kernel hands out typed registers. */
#define task__reg_now(reg)									\
	(bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs) ?			\
		 ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))->reg :	\
		 BPF_CORE_READ(task__regs(), reg))
#ifdef ENTRY32
#define task__arg_now(n)	((__u64)(__u32)task__reg_now(REG_OF(n)))
#else
#define task__arg_now(n)	((__u64)task__reg_now(REG_OF(n)))
#endif
#define task__nr_now()		((__s32)task__reg_now(REG_NR))

/* Entered the kernel as a 32-bit program does; its call numbers are others. */
static __always_inline bool task__compat(struct task_struct *t)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(t, thread_info.status) & TS_COMPAT;
#else
	return BPF_CORE_READ(t, thread_info.flags) >> TIF_32BIT & 1;
#endif
}

/* The same without a call, of the current task as task__mine() gives it. */
static __always_inline bool task__compat_now(struct task_struct *t)
{
#if defined(__TARGET_ARCH_x86)
	return READ(task__typed(), t, thread_info.status) & TS_COMPAT;
#else
	return READ(task__typed(), t, thread_info.flags) >> TIF_32BIT & 1;
#endif
}

static __always_inline __u64 task__start(struct task_struct *t, bool typed)
{
	struct task_struct *leader = READ(typed, t, group_leader);

	return leader ? READ(typed, leader, start_boottime) : 0;
}

static __always_inline __u32 dev__encode(__u32 dev)
{
	__u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static __always_inline __u32 task__tty(struct task_struct *t)
{
	struct tty_struct *tty = BPF_CORE_READ(t, signal, tty);

	if (!tty)
		return 0;
	return dev__encode((__u32)BPF_CORE_READ(tty, driver, major) << 20 |
			   (BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index)));
}

static __always_inline __u32 task__loginuid(struct task_struct *t)
{
	return bpf_core_field_exists(t->loginuid) ? BPF_CORE_READ(t, loginuid.val) : ~0u;
}

/* What pid_nr_ns() says: the number of a struct pid at a level, 0 where it is not visible. */
static __always_inline __u32 pid__nr(struct pid *pid, __u32 level, void *ns)
{
	struct upid *u;

	if (!pid || level > BPF_CORE_READ(pid, level))
		return 0;
	u = (void *)((char *)__builtin_preserve_access_index(&pid->numbers[0]) +
		     (level & 31) * bpf_core_type_size(struct upid));
	if (ns && BPF_CORE_READ(u, ns) != ns)
		return 0;
	return BPF_CORE_READ(u, nr);
}

/* The pid namespace of a task and its depth. */
static __always_inline struct pid_namespace *task__pidns(struct task_struct *t, __u32 *level)
{
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	struct upid *u;

	*level = 0;
	if (!pid)
		return NULL;
	*level = BPF_CORE_READ(pid, level);
	u = (void *)((char *)__builtin_preserve_access_index(&pid->numbers[0]) +
		     (*level & 31) * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(u, ns);
}

static __always_inline __u64 cap__read(const kernel_cap_t *cap, bool typed)
{
	__u64 bits = 0;

	if (typed)
		return *(const __u64 *)cap;
	bpf_probe_read_kernel(&bits, sizeof(bits), cap);
	return bits;
}

#define CAPS(typed, cred, set) cap__read(__builtin_preserve_access_index(&(cred)->cap_##set), typed)

/*
 * The pid namespace of a task at that depth. The one its children will be in is the same or lies below: at the same
 * depth it is the same, and can be read without a call.
 */
static __always_inline __u32 task__pidns_ino(struct nsproxy *proxy, struct pid *pid, __u32 level, bool typed)
{
	struct pid_namespace *ns = proxy ? READ(typed, proxy, pid_ns_for_children) : NULL;
	struct upid *u;

	if (ns && READ(typed, ns, level) == level)
		return READ(typed, ns, ns.inum);
	u = (void *)((char *)__builtin_preserve_access_index(&pid->numbers[0]) +
		     (level & 31) * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(u, ns, ns.inum);
}

/* Its numbers in its own pid namespace. The host's own, by far the most, are known without a look. */
static __always_inline void task__pids(struct wire_hdr *h, struct task_struct *t, struct nsproxy *proxy, bool typed)
{
	struct pid *pid = READ(typed, t, thread_pid);
	struct task_struct *leader;
	__u32 level;

	if (!pid)
		return;
	level = READ(typed, pid, level);
	if (!level) {
		h->vpid = h->tgid;
		h->vtid = h->tid;
		h->pidns = PIDNS_INIT_INO;
		return;
	}
	h->vpid = h->vtid = pid__nr(pid, level, NULL);
	h->pidns = task__pidns_ino(proxy, pid, level, typed);
	if (h->tid == h->tgid)
		return;
	leader = READ(typed, t, group_leader);
	pid = leader ? READ(typed, leader, thread_pid) : NULL;
	h->vpid = pid__nr(pid, level, NULL);
}

static __always_inline void task__namespaces(struct wire_hdr *h, struct task_struct *t, bool typed)
{
	struct nsproxy *proxy = READ(typed, t, nsproxy);	/* NULL: it is ending */
	struct mnt_namespace *mnt = proxy ? READ(typed, proxy, mnt_ns) : NULL;
	struct net *net = proxy ? READ(typed, proxy, net_ns) : NULL;

	if (mnt)
		h->mntns = READ(typed, mnt, ns.inum);
	if (net)
		h->netns = READ(typed, net, ns.inum);
	task__pids(h, t, proxy, typed);
}

static __always_inline void task__credentials(struct wire_hdr *h, struct task_struct *t, bool typed)
{
	const struct cred *cred = READ(typed, t, cred);
	struct user_namespace *ns;

	if (!cred)
		return;
	h->uid = READ(typed, cred, uid.val);
	h->euid = READ(typed, cred, euid.val);
	h->gid = READ(typed, cred, gid.val);
	h->egid = READ(typed, cred, egid.val);
	h->cap_effective = CAPS(typed, cred, effective);
	ns = READ(typed, cred, user_ns);
	if (ns)
		h->userns = READ(typed, ns, ns.inum);
}

/*
 * The control group that names the container. Where pids (else cpu, else memory) is a v1 hierarchy, that is where
 * runtimes put it; v2 is then often one group for all. A task at the top of v1 but not of v2 is named by v2.
 */
static __always_inline struct cgroup *task__v1_cgroup(struct css_set *set, bool typed, struct cgroup_root *v2, __u32 id)
{
	char *at = (char *)__builtin_preserve_access_index(&set->subsys[0]) + id * sizeof(void *);
	struct cgroup_subsys_state *css = NULL;
	struct cgroup *cg;

	if (typed)
		css = *(struct cgroup_subsys_state **)at;
	else
		bpf_probe_read_kernel(&css, sizeof(css), at);
	cg = css ? READ(typed, css, cgroup) : NULL;
	return cg && READ(typed, cg, root) != v2 ? cg : NULL;
}

static __always_inline struct cgroup *task__cgroup(struct task_struct *t, bool typed)
{
	struct css_set *set = READ(typed, t, cgroups);
	struct cgroup *v1 = NULL, *v2;
	struct cgroup_root *root;

	if (!set)
		return NULL;
	v2 = READ(typed, set, dfl_cgrp);
	if (!v2)
		return NULL;
	root = READ(typed, v2, root);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		v1 = task__v1_cgroup(set, typed, root, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	if (!v1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id))
		v1 = task__v1_cgroup(set, typed, root, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id));
	if (!v1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		v1 = task__v1_cgroup(set, typed, root, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	if (!v1 || (!READ(typed, v1, level) && READ(typed, v2, level)))
		return v2;
	return v1;
}

/* kernfs ids are unique within a hierarchy only: the top byte, unused by kernfs, tells them apart. 0 is v2. */
static __always_inline __u64 cgroup__id(struct cgroup *cg, bool typed, __u32 *version)
{
	struct kernfs_node *kn = READ(typed, cg, kn);
	struct cgroup_root *root = READ(typed, cg, root);
	__u64 id = kn ? READ(typed, kn, id) : 0, hierarchy = root ? READ(typed, root, hierarchy_id) : 0;

	*version = hierarchy ? 1 : 2;
	return (id & ~(0xffull << 56)) | hierarchy << 56;
}

#endif
