/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Exec: what an exec record says of a process, the same at exec, at a failed exec and in the snapshot. */
#ifndef PROBES_EXEC_H
#define PROBES_EXEC_H

#include "kernel.h"
#include "fd.h"
#include "record.h"

#define ARGS_MAX	8192	/* argv, and environment: what is longer is cut and marked */

static __always_inline void exec__parent(struct wire_exec *r, struct task_struct *t, bool typed)
{
	struct task_struct *parent = READ(typed, t, real_parent);

	if (!parent)
		return;
	r->ppid = READ(typed, parent, tgid);
	r->pexec_id = READ(typed, parent, self_exec_id);
	r->pstart = task__start(parent, typed);
}

static __always_inline void exec__cred(struct wire_exec *r, struct task_struct *t, bool typed)
{
	const struct cred *cred = READ(typed, t, cred);

	if (!cred)
		return;
	r->cap_inheritable = CAPS(typed, cred, inheritable);
	r->cap_permitted = CAPS(typed, cred, permitted);
}

/* Identity beyond the header's: parent, session, credentials. typed: the verifier knows that t is a task. */
static __always_inline void exec__identity(struct wire_exec *r, struct task_struct *t, bool typed)
{
	struct signal_struct *signal = BPF_CORE_READ(t, signal);
	struct pid *pgrp = BPF_CORE_READ(signal, pids[PIDTYPE_PGID]), *session = BPF_CORE_READ(signal, pids[PIDTYPE_SID]);
	__u32 level;
	struct pid_namespace *ns = task__pidns(t, &level);

	exec__parent(r, t, typed);
	exec__cred(r, t, typed);
	r->pgid = pid__nr(pgrp, 0, NULL);
	r->vpgid = level ? pid__nr(pgrp, level, ns) : r->pgid;
	r->sid = pid__nr(session, 0, NULL);
	r->vsid = level ? pid__nr(session, level, ns) : r->sid;
	r->pidns_start = BPF_CORE_READ(ns, child_reaper, start_boottime);
	r->tty = task__tty(t);
	r->loginuid = task__loginuid(t);
	record__str(&r->hdr, &r->comm, __builtin_preserve_access_index(&t->comm[0]), 16);
}

static __always_inline bool cred__in_group(const struct cred *cred, __u32 gid)
{
	struct group_info *groups = BPF_CORE_READ(cred, group_info);
	__u32 i, n = BPF_CORE_READ(groups, ngroups), have;
	char *list = (char *)__builtin_preserve_access_index(&groups->gid[0]);

	if (gid == BPF_CORE_READ(cred, fsgid.val))
		return true;
	for (i = 0; i < 32 && i < n; i++)
		if (!bpf_probe_read_kernel(&have, sizeof(have), list + i * sizeof(have)) && have == gid)
			return true;
	return false;
}

/* May the task's effective user write to the file? What inode_permission() asks, without ACLs. */
static __always_inline bool exec__writable(struct task_struct *t, struct file *f, struct inode *inode, __u32 mode)
{
	const struct cred *cred = BPF_CORE_READ(t, cred);

	if (BPF_CORE_READ(inode, i_sb, s_flags) & SB_RDONLY || BPF_CORE_READ(f, f_path.mnt, mnt_flags) & MNT_READONLY)
		return false;
	if (CAPS(false, cred, effective) >> CAP_DAC_OVERRIDE & 1)
		return true;
	if (BPF_CORE_READ(inode, i_uid.val) == BPF_CORE_READ(cred, fsuid.val))
		return mode & 0200;
	if (mode & 0020 && cred__in_group(cred, BPF_CORE_READ(inode, i_gid.val)))
		return true;
	return mode & 0002;
}

/* In which layer of an overlay a file is, and whether it is one at all. */
static __always_inline __u32 file__layer_flags(struct file *f, struct inode *inode)
{
	enum layer layer = inode__layer(inode);
	__u32 flags = file__memory(f) ? EXE_MEMFD : 0;

	if (layer == LAYER_UPPER)
		flags |= EXE_UPPER;
	if (layer == LAYER_LOWER)
		flags |= EXE_LOWER;
	return flags;
}

/* The executable. */
static __always_inline void exec__image(struct wire_exec *r, struct task_struct *t, struct file *f)
{
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;

	if (!inode)
		return;
	r->ino = BPF_CORE_READ(inode, i_ino);
	r->dev = inode__dev(inode);
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->nlink = BPF_CORE_READ(inode, i_nlink);
	r->ctime = inode__ctime(inode);
	r->mtime = inode__mtime(inode);
	r->exe_flags |= file__layer_flags(f, inode);
	if (exec__writable(t, f, inode, r->mode))
		r->exe_flags |= EXE_WRITABLE;
	record__file(&r->hdr, &r->exe, f);
}

static __always_inline void exec__cwd(struct wire_exec *r, struct task_struct *t)
{
	struct fs_struct *fs = BPF_CORE_READ(t, fs);

	if (fs)
		record__path(&r->hdr, &r->cwd, __builtin_preserve_access_index(&fs->pwd));
}

/* The type of one descriptor of the record's task, and what else is told of it. On its own: the verifier follows it once. */
__weak __attribute__((noinline)) int exec__std(__u32 kind, __u32 fd)
{
	struct scratch *s = scratch__get(kind);
	struct wire_exec *r = s ? (void *)s->rec : NULL;
	struct file *f = s ? fd__file((void *)s->task, fd) : NULL;
	struct socket *sock = file__socket(f);
	__u32 type = file__fd_type(f);
	struct inode *inode;
	__u64 n = fd;

	PIN(n);
	if (r && type == FD_PIPE && n < 3) {
		inode = BPF_CORE_READ(f, f_inode);
		(&r->stdin_pipe)[n] = BPF_CORE_READ(inode, i_ino) ^
				      (inode__on(inode, PIPEFS_MAGIC) ? 0 : (__u64)inode__dev(inode) << 32);
	}
	if (r && sock && (type == FD_IPV4 || type == FD_IPV6) && !r->std_local.family)
		sock__addrs(BPF_CORE_READ(sock, sk), &r->std_local, &r->std_peer);
	return type;
}

static __always_inline void exec__stdio(struct wire_exec *r)
{
	__u32 kind = scratch__of(&r->hdr)->kind;

	r->stdin_type = exec__std(kind, 0);
	r->stdout_type = exec__std(kind, 1);
	r->stderr_type = exec__std(kind, 2);
}

#endif
