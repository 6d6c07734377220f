/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names
 *
 * Calls that change a name return no descriptor: at their return only the
 * caller's text is left, and that may lie. But while they are at work the
 * kernel sets the change time of each inode it touches, and says so. What was
 * seen between is kept here per thread: at the first sight of an inode its
 * dentry is still what it was before the call. Of io_uring it is kept by request:
 * the thread that does the work may be another one than that which reports.
 *
 * Two limits. A hard link made on overlay touches no inode of overlay's own:
 * only the text is known. And an absolute path that goes through a bind mount
 * of the root's own file system comes out by its name under the root.
 */
#ifndef PROBES_NAME_H
#define PROBES_NAME_H

#include "entry.h"
#include "fd.h"
#include "kernel.h"
#include "record.h"

#define NAME_MAX	255
#define SIGHTS_MAX	6	/* a rename on overlay: file, directories and target, in the layer and above it */
#define ALIASES_MAX	16	/* hard links looked through for the one that was named */
#define MOUNTS_EACH	16	/* squared: mounts of one file system looked through */
#define DEPTH_EACH	12	/* squared: directories between a file and the top of its mount */

struct sight {
	__u64 inode;
	__u64 dentry;	/* its name then: 0 for a new inode */
	__u64 parent;
	__u64 hash_len;	/* of the name: tells whether it is another one by now */
	__u64 ino;
	__u32 dev;
	__u16 mode;
	__u8 overlay;
	__u8 len;
	char name[NAME_MAX + 1];
};

struct sights {
	__s32 nr;	/* the call it was made for */
	__u32 n;
	__u32 want_len;	/* last component of the caller's path; only read when it has to decide */
	char want[NAME_MAX + 1];
	struct sight at[SIGHTS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);	/* a thread that dies in its call leaves its entry */
	__uint(max_entries, 512);
	__type(key, __u64);
	__type(value, struct sights);
} sights __weak SEC(".maps");

/* By whom: a request of io_uring, else the thread. */
static __always_inline __u64 sights__key(__u64 via)
{
	return via < VIA_WAYS ? (__u32)bpf_get_current_pid_tgid() : via;
}

static __always_inline bool sights__call(__s32 nr)
{
	switch (nr) {
#ifdef __TARGET_ARCH_x86
	case NR_RENAME:
	case NR_LINK:
	case NR_UNLINK:
	case NR_SYMLINK:
	case NR_CHMOD:
	case NR_MKDIR:
	case NR_RMDIR:
	case NR_MKNOD:
	case NR_CHOWN:
	case NR_LCHOWN:
	case NR_UTIME:
	case NR_UTIMES:
	case NR_FUTIMESAT:
#endif
	case NR_MKDIRAT:
	case NR_MKNODAT:
	case NR_FCHOWNAT:
	case NR_UTIMENSAT:
	case NR_TRUNCATE:
	case NR_SETXATTR:
	case NR_LSETXATTR:
	case NR_REMOVEXATTR:
	case NR_LREMOVEXATTR:
	case NR_SETXATTRAT:
	case NR_REMOVEXATTRAT:
	case NR_RENAMEAT:
	case NR_RENAMEAT2:
	case NR_LINKAT:
	case NR_UNLINKAT:
	case NR_SYMLINKAT:
	case NR_FCHMODAT:
	case NR_FCHMODAT2:
		return true;
	}
	return false;
}

/* Can the call have made an inode of that mode? */
static __always_inline bool sights__makes(__s32 nr, __u16 mode)
{
	switch (nr) {
#ifdef __TARGET_ARCH_x86
	case NR_SYMLINK:
#endif
	case NR_SYMLINKAT:
		return (mode & S_IFMT) == S_IFLNK;
#ifdef __TARGET_ARCH_x86
	case NR_MKDIR:
#endif
	case NR_MKDIRAT:
		return (mode & S_IFMT) == S_IFDIR;
#ifdef __TARGET_ARCH_x86
	case NR_MKNOD:
#endif
	case NR_MKNODAT:
		return (mode & S_IFMT) != S_IFDIR && (mode & S_IFMT) != S_IFLNK;
	}
	return false;
}

/* Does the path of a call stand in its first argument, not behind a directory's descriptor? */
static __always_inline bool sights__path_first(__s32 nr)
{
	switch (nr) {
#ifdef __TARGET_ARCH_x86
	case NR_RENAME:
	case NR_LINK:
	case NR_UNLINK:
	case NR_CHMOD:
	case NR_MKDIR:
	case NR_RMDIR:
	case NR_MKNOD:
	case NR_CHOWN:
	case NR_LCHOWN:
	case NR_UTIME:
	case NR_UTIMES:
#endif
	case NR_TRUNCATE:
	case NR_SETXATTR:
	case NR_LSETXATTR:
	case NR_REMOVEXATTR:
	case NR_LREMOVEXATTR:
		return true;
	}
	return false;
}

static __always_inline struct sights *sights__get(__s32 nr, __u64 via)
{
	__u64 key = sights__key(via);
	struct sights *s = bpf_map_lookup_elem(&sights, &key);

	return s && s->nr == nr ? s : NULL;
}

static __always_inline void sights__forget(__u64 via)
{
	__u64 key = sights__key(via);

	bpf_map_delete_elem(&sights, &key);
}

/*
 * Some directories up, but not beyond the top: 0 when there is none above. Loops here are two deep and each its own
 * function: the verifier follows the sum of their steps then, not the product.
 */
__weak __attribute__((noinline)) __u64 dentry__up(__u64 dentry, __u64 top)
{
	struct dentry *d = (void *)dentry, *parent;
	int i;

	for (i = 0; i < DEPTH_EACH; i++) {
		if ((__u64)d == top)
			break;
		parent = BPF_CORE_READ(d, d_parent);
		if (parent == d)
			return 0;
		d = parent;
	}
	return (__u64)d;
}

/* Is it the top or below it? */
__weak __attribute__((noinline)) int dentry__below(__u64 dentry, __u64 top)
{
	__u64 d = dentry;
	int i;

	for (i = 0; i < DEPTH_EACH && d && d != top; i++)
		d = dentry__up(d, top);
	return d && d == top;
}

/* Does the mount show the dentry, and the caller's namespace the mount? On its own: the verifier follows it once. */
__weak __attribute__((noinline)) int mount__shows(__u64 mount, __u64 dentry)
{
	struct mount *m = (void *)mount;
	struct task_struct *t = task__current();
	struct super_block *sb = BPF_CORE_READ((struct dentry *)dentry, d_sb);
	struct dentry *root = BPF_CORE_READ(m, mnt.mnt_root);

	return BPF_CORE_READ(m, mnt_ns) == BPF_CORE_READ(t, nsproxy, mnt_ns) && BPF_CORE_READ(m, mnt.mnt_sb) == sb &&
	       (root == BPF_CORE_READ(sb, s_root) || dentry__below(dentry, (__u64)root));
}

static __always_inline struct mount *mounts__next(struct mount *m)
{
	if (bpf_core_field_exists(m->mnt_next_for_sb))
		return BPF_CORE_READ(m, mnt_next_for_sb);
	m = (void *)((char *)m + bpf_core_field_offset(struct mount___list, mnt_instance));
	m = (void *)BPF_CORE_READ((struct list_head *)m, next);
	return (void *)((char *)m - bpf_core_field_offset(struct mount___list, mnt_instance));
}

static __always_inline struct mount *mounts__first(struct super_block *sb)
{
	struct list_head *head;

	if (bpf_core_field_exists(((struct mount *)0)->mnt_next_for_sb))
		return BPF_CORE_READ(sb, s_mounts);
	head = __builtin_preserve_access_index(&((struct super_block___list *)sb)->s_mounts);
	head = BPF_CORE_READ(head, next);
	return (void *)((char *)head - bpf_core_field_offset(struct mount___list, mnt_instance));
}

#define MOUNT_FOUND	1ull	/* beside an address, which is even */

/* Of the mounts from the given one on the first that shows the dentry, marked as found; else the next to look at, or 0. */
__weak __attribute__((noinline)) __u64 mounts__look(__u64 first, __u64 dentry)
{
	struct mount *m = (void *)first;
	int i;

	for (i = 0; i < MOUNTS_EACH; i++) {
		if (!m)
			return 0;
		if (mount__shows((__u64)m, dentry))
			return (__u64)m | MOUNT_FOUND;
		m = mounts__next(m);
	}
	return (__u64)m;
}

/*
 * A dentry alone does not say through which mount it was reached. First choice is the mount that the caller started
 * from (a directory's for a relative path, the root's for an absolute one), then any of the caller's namespace that
 * shows the dentry. 0: none does, as for an overlay's layers seen from inside. Returns a struct vfsmount *.
 */
__weak __attribute__((noinline)) __u64 mount__find(__u64 dentry, __u64 start)
{
	struct super_block *sb = BPF_CORE_READ((struct dentry *)dentry, d_sb);
	struct dentry *root;
	__u64 m;
	int i;

	if (start && BPF_CORE_READ((struct vfsmount *)start, mnt_sb) == sb) {
		root = BPF_CORE_READ((struct vfsmount *)start, mnt_root);
		if (root == BPF_CORE_READ(sb, s_root) || dentry__below(dentry, (__u64)root))
			return start;
	}
	m = (__u64)mounts__first(sb);
	for (i = 0; i < MOUNTS_EACH && m && !(m & MOUNT_FOUND); i++)
		m = mounts__look(m, dentry);
	return m & MOUNT_FOUND ? (m & ~MOUNT_FOUND) + bpf_core_field_offset(struct mount, mnt) : 0;
}

/* The mount of the directory that a path of the call at hand starts from. On its own: the verifier follows it once. */
__weak __attribute__((noinline)) __u64 mount__start(__u64 via, __u64 text, int dirfd)
{
	struct task_struct *t = entry__task(via);
	struct file *f;

	if (entry__first(via, text) == '/')
		return (__u64)BPF_CORE_READ(t, fs, root.mnt);
	if (dirfd == AT_FDCWD)
		return (__u64)BPF_CORE_READ(t, fs, pwd.mnt);
	f = fd__file(t, dirfd);
	return f ? (__u64)BPF_CORE_READ(f, f_path.mnt) : 0;
}

static __always_inline struct dentry *alias__dentry(struct hlist_node *n)
{
	if (!n)
		return NULL;
	if (bpf_core_field_exists(((struct dentry___alias *)0)->d_alias))
		return (void *)((char *)n - bpf_core_field_offset(struct dentry___alias, d_alias));
	return (void *)((char *)n - bpf_core_field_offset(struct dentry, d_u.d_alias));
}

/* The newest name of an inode: a link is put in front. */
static __always_inline struct dentry *inode__newest(struct inode *inode)
{
	return alias__dentry(BPF_CORE_READ(inode, i_dentry.first));
}

#endif
