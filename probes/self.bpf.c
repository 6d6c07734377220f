// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What a process asks of the kernel for itself: keys, execution domain, the many things of prctl, another root. */
#include "call.h"
#include "compat.h"
#include "record.h"

#define PR_SET_NAME	15

static __always_inline int keyctl__report(__s64 ret)
{
	struct wire_keyctl *r;
	struct pt_regs *regs;

	regs = task__regs();
	if (!call__wanted_kind(EVENT_KEYCTL, CALL_KEYCTL, ret < 0, kind__number((__u32)task__arg(regs, 1))))
		return 0;
	r = record__new(EVENT_KEYCTL, CALL_KEYCTL, sizeof(*r));
	if (!r)
		return 0;
	r->operation = task__arg(regs, 1);
	r->arg2 = task__arg(regs, 2);
	r->arg3 = task__arg(regs, 3);
	r->arg4 = task__arg(regs, 4);
	r->arg5 = task__arg(regs, 5);
	return record__send(&r->hdr, ret);
}

static __always_inline int personality__report(__s64 ret)
{
	struct wire_personality *r;

	if (!call__wanted(EVENT_PERSONALITY, CALL_PERSONALITY, ret < 0))
		return 0;
	r = record__new(EVENT_PERSONALITY, CALL_PERSONALITY, sizeof(*r));
	if (!r)
		return 0;
	r->persona = task__arg(task__regs(), 1);
	return record__send(&r->hdr, ret);
}

static __always_inline int prctl__report(__s64 ret)
{
	struct wire_prctl *r;
	struct pt_regs *regs;

	regs = task__regs();
	if (!call__wanted_kind(EVENT_PRCTL, CALL_PRCTL, ret < 0, kind__prctl(task__arg(regs, 1))))
		return 0;
	r = record__new(EVENT_PRCTL, CALL_PRCTL, sizeof(*r));
	if (!r)
		return 0;
	r->option = task__arg(regs, 1);
	r->arg2 = task__arg(regs, 2);
	r->arg3 = task__arg(regs, 3);
	if (r->option == PR_SET_NAME && !ret)
		record__str(&r->hdr, &r->text, __builtin_preserve_access_index(&task__current()->comm[0]), 16);
	return record__send(&r->hdr, ret);
}

/*
 * The new root as the first process of the pid namespace names it: the process's own name for it is "/" by now. Of a
 * container that is the container's root, else the host's.
 */
static __always_inline void chroot__root(struct wire_chroot *r, struct task_struct *t)
{
	__u32 kind = scratch__of(&r->hdr)->kind, level;
	struct pid_namespace *ns = task__pidns(t, &level);
	struct task_struct *first = BPF_CORE_READ(ns, child_reaper);
	struct dentry *d = BPF_CORE_READ(t, fs, root.dentry);
	struct vfsmount *mnt = BPF_CORE_READ(t, fs, root.mnt);
	struct inode *inode = BPF_CORE_READ(d, d_inode);

	r->dev = inode__dev(inode);
	r->ino = BPF_CORE_READ(inode, i_ino);
	if (first)
		r->name = blob__of(record__take_path(kind, (__u64)first, (__u64)d, (__u64)mnt, true));
}

static __always_inline int chroot__report(__s64 ret)
{
	struct wire_chroot *r;

	if (!call__wanted(EVENT_CHROOT, CALL_CHROOT, ret < 0))
		return 0;
	r = record__new(EVENT_CHROOT, CALL_CHROOT, sizeof(*r));
	if (!r)
		return 0;
	if (!ret)
		chroot__root(r, task__current());
	else
		r->hdr.flags |= WIRE_NAME_USER;
	record__user_str(&r->hdr, &r->raw, (void *)task__arg(task__regs(), 1), PATH_SIZE);
	if (ret)
		record__dir(&r->hdr, &r->dir, AT_FDCWD);
	return record__send(&r->hdr, ret);
}

#ifdef ENTRY32
static __always_inline int self__report(__s32 nr, __s64 ret)
{
	switch (nr) {
	case NR_KEYCTL:
		return keyctl__report(ret);
	case NR_PERSONALITY:
		return personality__report(ret);
	case NR_PRCTL:
		return prctl__report(ret);
	case NR_CHROOT:
		return chroot__report(ret);
	}
	return 0;
}
#else
SEC("tracepoint/syscalls/sys_exit_keyctl")
int keyctl__exit(struct sys_exit *ctx)
{
	return keyctl__report(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_personality")
int personality__exit(struct sys_exit *ctx)
{
	return personality__report(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_prctl")
int prctl__exit(struct sys_exit *ctx)
{
	return prctl__report(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_chroot")
int chroot__exit(struct sys_exit *ctx)
{
	return chroot__report(ctx->ret);
}
#endif
