// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Hooks
 *
 * What file_path.bpf.c does by tracepoints, done at the functions that the
 * kernel asks its security modules by: they are given the very dentry, before
 * anything is changed. On kernels without those tracepoints, where programs
 * may be attached to functions, so that a name is the kernel's there as well.
 * Called by every call that changes a name, by whichever way it came in.
 */
#include "sight.h"
#include <bpf/bpf_tracing.h>

/* The dentry is the one: no search among the names of its inode. */
static __always_inline int hook__see(struct dentry *d)
{
	__u64 via = VIA_CALL;
	__s32 nr = path__call(&via);
	struct inode *inode;
	struct sight *at;
	__u32 slot;

	if (!sights__call(nr))
		return 0;
	inode = BPF_CORE_READ(d, d_inode);
	at = inode ? sight__new(nr, via, inode, true, &slot) : NULL;
	if (at)
		sight__take(at, d);
	return 0;
}

/* A directory is known by that it lies in another one that was seen, PICK_CHILD. */
static __always_inline int hook__see_in(struct dentry *d)
{
	hook__see(BPF_CORE_READ(d, d_parent));
	return hook__see(d);
}

/* Since 5.12 these functions are told first how a mount maps owners. */
static __always_inline struct dentry *hook__dentry(void *first, void *second)
{
	struct vfsmount___users *users = NULL;
	struct vfsmount___idmap *idmap = NULL;

	return bpf_core_field_exists(users->mnt_userns) || bpf_core_field_exists(idmap->mnt_idmap) ? second : first;
}

SEC("fentry/security_inode_rename")
int BPF_PROG(hook_rename__fentry, struct inode *dir, struct dentry *d)
{
	return hook__see(d);
}

SEC("fentry/security_inode_unlink")
int BPF_PROG(hook_unlink__fentry, struct inode *dir, struct dentry *d)
{
	return hook__see(d);
}

SEC("fentry/security_inode_rmdir")
int BPF_PROG(hook_rmdir__fentry, struct inode *dir, struct dentry *d)
{
	return hook__see_in(d);
}

SEC("fentry/security_inode_link")
int BPF_PROG(hook_link__fentry, struct dentry *d)
{
	return hook__see(d);
}

/* What the call made has no name yet; so has what is read on the way to it, which is not kept: sights__slot(). */
SEC("fentry/security_d_instantiate")
int BPF_PROG(hook_made__fentry, struct dentry *d, struct inode *inode)
{
	__u64 via = VIA_CALL;
	__s32 nr = path__call(&via);
	__u32 slot;

	if (sights__call(nr) && inode)
		sight__new(nr, via, inode, false, &slot);
	return 0;
}

SEC("fentry/notify_change")
int BPF_PROG(hook_attr__fentry, void *first, void *second)
{
	return hook__see(hook__dentry(first, second));
}

SEC("fentry/security_inode_setxattr")
int BPF_PROG(hook_setxattr__fentry, void *first, void *second)
{
	return hook__see(hook__dentry(first, second));
}

SEC("fentry/security_inode_removexattr")
int BPF_PROG(hook_removexattr__fentry, void *first, void *second)
{
	return hook__see(hook__dentry(first, second));
}
