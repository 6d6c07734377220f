/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Descriptors
 *
 * From a descriptor to its struct file, and from that to what it is: its
 * inode, its overlay layer, its socket and addresses.
 */
#ifndef PROBES_FD_H
#define PROBES_FD_H

#include "kernel.h"
#include <bpf/bpf_endian.h>
#include "record.h"

/* The open file of a descriptor of a task, or NULL. */
static __always_inline struct file *fd__file(struct task_struct *t, int fd)
{
	struct fdtable *fdt = BPF_CORE_READ(t, files, fdt);
	struct file **table, *f = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	table = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&f, sizeof(f), table + (__u32)fd);
	return f;
}

/* The file of a descriptor that the current call has just returned: its table holds it, tables never shrink. */
static __always_inline struct file *fd__returned(__u32 fd)
{
	struct task_struct *t = task__mine();
	struct files_struct *files = t ? READ(task__typed(), t, files) : NULL;
	struct fdtable *fdt = files ? READ(task__typed(), files, fdt) : NULL;
	struct file **table = fdt ? READ(task__typed(), fdt, fd) : NULL, *f = NULL;

	if (table)
		bpf_probe_read_kernel(&f, sizeof(f), table + fd);
	return f;
}

static __always_inline __u32 inode__dev(struct inode *inode)
{
	return dev__encode(BPF_CORE_READ(inode, i_sb, s_dev));
}

static __always_inline bool inode__on(struct inode *inode, __u32 magic)
{
	return (__u32)BPF_CORE_READ(inode, i_sb, s_magic) == magic;
}

#define I_NSEC	0x3fffffff	/* multigrain timestamps keep a flag above, since 6.13 */

static __always_inline __u64 inode__ctime(struct inode *inode)
{
	struct timespec64 t = {};

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * SECOND_NS + (BPF_CORE_READ(inode, i_ctime_nsec) & I_NSEC);
	if (bpf_core_field_exists(((struct inode___under *)inode)->__i_ctime))
		BPF_CORE_READ_INTO(&t, (struct inode___under *)inode, __i_ctime);
	else
		BPF_CORE_READ_INTO(&t, (struct inode___spec *)inode, i_ctime);
	return t.tv_sec * SECOND_NS + (t.tv_nsec & I_NSEC);
}

static __always_inline __u64 inode__mtime(struct inode *inode)
{
	struct timespec64 t = {};

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * SECOND_NS + BPF_CORE_READ(inode, i_mtime_nsec);
	if (bpf_core_field_exists(((struct inode___under *)inode)->__i_mtime))
		BPF_CORE_READ_INTO(&t, (struct inode___under *)inode, __i_mtime);
	else
		BPF_CORE_READ_INTO(&t, (struct inode___spec *)inode, i_mtime);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static __always_inline __u64 inode__atime(struct inode *inode)
{
	struct timespec64 t = {};

	if (bpf_core_field_exists(inode->i_atime_sec))
		return BPF_CORE_READ(inode, i_atime_sec) * SECOND_NS + BPF_CORE_READ(inode, i_atime_nsec);
	if (bpf_core_field_exists(((struct inode___under *)inode)->__i_atime))
		BPF_CORE_READ_INTO(&t, (struct inode___under *)inode, __i_atime);
	else
		BPF_CORE_READ_INTO(&t, (struct inode___spec *)inode, i_atime);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

enum layer { LAYER_NONE, LAYER_UPPER, LAYER_LOWER };

/*
 * Overlay is often a module, so its struct ovl_inode is in no BTF that every host has. It embeds the inode and has the
 * upper dentry right behind it (fs/overlayfs/ovl_entry.h, so since 4.14); none means that only a lower layer has it.
 */
static __always_inline enum layer inode__layer(struct inode *inode)
{
	void *upper = NULL;

	if (!inode__on(inode, OVERLAY_MAGIC))
		return LAYER_NONE;
	bpf_probe_read_kernel(&upper, sizeof(upper), (char *)inode + bpf_core_type_size(struct inode));
	return upper ? LAYER_UPPER : LAYER_LOWER;
}

/* A file of memory, as memfd_create() makes it: on the kernel's own tmpfs or hugetlbfs mount, in no directory. */
static __always_inline bool file__memory(struct file *f)
{
	struct inode *inode = BPF_CORE_READ(f, f_inode);
	struct dentry *d = BPF_CORE_READ(f, f_path.dentry);

	return d == BPF_CORE_READ(d, d_parent) && d != BPF_CORE_READ(f, f_path.mnt, mnt_root) &&
	       (inode__on(inode, TMPFS_MAGIC) || inode__on(inode, HUGETLBFS_MAGIC));
}

/* The socket behind a file, or NULL. */
static __always_inline struct socket *file__socket(struct file *f)
{
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;

	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK || !inode__on(inode, SOCKFS_MAGIC))
		return NULL;
	return BPF_CORE_READ(f, private_data);
}

static __always_inline __u32 sock__fd_type(struct sock *sk)
{
	switch (BPF_CORE_READ(sk, __sk_common.skc_family)) {
	case AF_INET:
		return FD_IPV4;
	case AF_INET6:
		return FD_IPV6;
	case AF_UNIX:
		return FD_UNIX;
	case AF_NETLINK:
		return FD_NETLINK;
	case AF_PACKET:
		return FD_PACKET;
	}
	return FD_SOCKET;
}

/* enum fd_type of an open file. */
static __always_inline __u32 file__fd_type(struct file *f)
{
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;
	struct socket *sock;

	if (!inode)
		return FD_NONE;
	if (inode__on(inode, ANON_INODE_MAGIC))	/* since 6.16 it calls itself a regular file */
		return FD_ANON;
	switch (BPF_CORE_READ(inode, i_mode) & S_IFMT) {
	case S_IFREG:
		return file__memory(f) ? FD_MEMFD : FD_FILE;
	case S_IFDIR:
		return FD_DIRECTORY;
	case S_IFCHR:
	case S_IFBLK:
		return FD_DEVICE;
	case S_IFIFO:
		return FD_PIPE;
	case S_IFSOCK:
		sock = file__socket(f);
		return sock ? sock__fd_type(BPF_CORE_READ(sock, sk)) : FD_SOCKET;
	}
	return FD_ANON;
}

/* Both ends of an IP socket, as the kernel has them; untouched for other families. */
static __always_inline void sock__addrs(struct sock *sk, struct wire_addr *local, struct wire_addr *peer)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)local->ip, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)peer->ip, sk, __sk_common.skc_daddr);
	} else if (family == AF_INET6) {
		BPF_CORE_READ_INTO((struct in6_addr *)local->ip, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)peer->ip, sk, __sk_common.skc_v6_daddr);
	} else {
		return;
	}
	local->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	peer->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	local->family = family;
	peer->family = peer->port ? family : 0;
}

/* The directory a relative path of the call starts from; as record__take_walk(). */
__weak __attribute__((noinline)) __u32 record__take_dir(__u32 kind, int dirfd)
{
	struct scratch *s = scratch__get(kind);
	struct fs_struct *fs;
	struct task_struct *t;
	struct path *p;
	struct file *f;

	if (!s)
		return 0;
	t = (void *)s->task;
	if (dirfd == AT_FDCWD) {
		fs = BPF_CORE_READ(t, fs);
		p = __builtin_preserve_access_index(&fs->pwd);
	} else {
		f = fd__file(t, dirfd);
		if (!f)
			return 0;
		p = __builtin_preserve_access_index(&f->f_path);
	}
	return record__take_path(kind, s->task, (__u64)BPF_CORE_READ(p, dentry), (__u64)BPF_CORE_READ(p, mnt), true);
}

static __always_inline void record__dir(struct wire_hdr *h, struct wire_blob *b, int dirfd)
{
	*b = blob__of(record__take_dir(scratch__of(h)->kind, dirfd));
}

#endif
