/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Kernel
 *
 * The kernel structs the probes read, and only the members they read. CO-RE
 * relocates every access against the running kernel, so order, size and the
 * members left out do not matter. Add a member when a probe needs it; for one
 * that was renamed, add a struct with a ___suffix and bpf_core_field_exists().
 */
#ifndef PROBES_KERNEL_H
#define PROBES_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#pragma clang diagnostic ignored "-Wunused-parameter"	/* BPF_PROG() names ctx in every program */

typedef int pid_t;

#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10
#define AF_NETLINK	16
#define AF_PACKET	17

#define S_IFMT		0170000
#define S_IFSOCK	0140000
#define S_IFLNK		0120000
#define S_IFREG		0100000
#define S_IFBLK		0060000
#define S_IFDIR		0040000
#define S_IFCHR		0020000
#define S_IFIFO		0010000

/* include/uapi/linux/sched.h */
#define CLONE_NEWTIME	0x00000080
#define CLONE_VM	0x00000100
#define CLONE_FS	0x00000200
#define CLONE_FILES	0x00000400
#define CLONE_SIGHAND	0x00000800
#define CLONE_VFORK	0x00004000
#define CLONE_PARENT	0x00008000
#define CLONE_NEWNS	0x00020000
#define CLONE_NEWCGROUP	0x02000000
#define CLONE_NEWUTS	0x04000000
#define CLONE_NEWIPC	0x08000000
#define CLONE_NEWUSER	0x10000000
#define CLONE_NEWPID	0x20000000
#define CLONE_NEWNET	0x40000000

#define FMODE_CREATED	(1u << 20)	/* include/linux/fs.h: this open made the file */

#define AT_FDCWD	-100
#define MNT_READONLY	0x40		/* include/linux/mount.h */
#define SB_RDONLY	1
#define CAP_DAC_OVERRIDE 1
#define CAP_SETGID	6
#define CAP_SETUID	7
#define PF_IO_WORKER	0x00000010	/* since 5.12; before, a worker is a thread of the kernel */
#define PF_KTHREAD	0x00200000
#define PIDNS_INIT_INO	0xeffffffcu	/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define SIGNAL_GROUP_EXIT 0x4		/* include/linux/sched/signal.h */

/* include/uapi/linux/magic.h, and those that only live in their file system's source. */
#define TMPFS_MAGIC	0x01021994
#define PIPEFS_MAGIC	0x50495045
#define HUGETLBFS_MAGIC	0x958458f6
#define OVERLAY_MAGIC	0x794c7630
#define PIPEFS_MAGIC	0x50495045
#define SOCKFS_MAGIC	0x534f434b
#define ANON_INODE_MAGIC 0x09041934
#define PROC_MAGIC	0x9fa0
#define NSFS_MAGIC	0x6e736673

/* The verifier's own: linux/bpf_verifier.h. */
enum bpf_type_flag___trust { PTR_TRUSTED = 1 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { __u32 val; } kuid_t;
typedef struct { __u32 val; } kgid_t;
typedef struct { int counter; } atomic_t;
typedef struct { __u64 val; } kernel_cap_t;	/* two __u32 before 6.3: the same 8 bytes */

struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next; };
struct hlist_head { struct hlist_node *first; };
struct rb_node { struct rb_node *rb_right, *rb_left; };
struct rb_root { struct rb_node *rb_node; };
struct timespec64 { long long tv_sec; long tv_nsec; };

/* Registers of the system call: arguments keep their registers until it returns. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs { unsigned long bp, bx, r10, r9, r8, cx, dx, si, di, ax, orig_ax, sp; };
struct thread_info { __u32 status; };
#define TS_COMPAT	0x0002		/* arch/x86/include/asm/thread_info.h */
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs { __u64 regs[31]; __u64 sp; __u64 orig_x0; __s32 syscallno; };
struct thread_info { unsigned long flags; };
#define TIF_32BIT	22		/* arch/arm64/include/asm/thread_info.h */
#else
#error "this architecture is not supported"
#endif

/* files */
struct qstr { union { struct { __u32 hash, len; }; __u64 hash_len; }; const unsigned char *name; };
struct file_system_type { const char *name; };
struct mount;
struct super_block {
	unsigned long s_flags;
	struct file_system_type *s_type;
	__u32 s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
	struct mount *s_mounts;
};
struct super_block___list { struct list_head s_mounts; };	/* before 6.18 */
struct inode {
	__u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__u32 i_generation;
	struct hlist_head i_dentry;
	long long i_atime_sec, i_mtime_sec, i_ctime_sec;	/* since 6.11 */
	__u32 i_atime_nsec, i_mtime_nsec, i_ctime_nsec;
	char *i_link;
	void *i_private;
};
struct inode___spec { struct timespec64 i_atime, i_mtime, i_ctime; };	/* before 6.6 */
struct inode___under_c { struct timespec64 __i_ctime, i_atime, i_mtime; };	/* 6.6 */
struct inode___under { struct timespec64 __i_ctime, __i_atime, __i_mtime; };	/* 6.7 to 6.10 */
struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	union { struct hlist_node d_alias; } d_u;
};
struct dentry___alias { struct hlist_node d_alias; };	/* since 7.x the union has no name */
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
struct vfsmount___users { void *mnt_userns; };	/* 5.12 to 6.1 */
struct vfsmount___idmap { void *mnt_idmap; };	/* since 6.2 */
struct mnt_namespace;
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	struct rb_node mnt_node;	/* since 6.8 */
	const char *mnt_devname;
	struct mount *mnt_next_for_sb;
};
struct mount___ns_list { struct list_head mnt_list; };	/* before 6.8 */
struct mount___list { struct list_head mnt_instance; };	/* before 6.18 */
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct callback_head { struct callback_head *next; };
struct file {
	struct callback_head f_task_work;	/* since 6.9 */
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
};
struct file___rcu { struct callback_head f_rcuhead; };	/* 5.18 to 6.8 */
struct file___u { union { struct callback_head fu_rcuhead; } f_u; };
struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };
struct fs_context { struct file_system_type *fs_type; struct dentry *root; const char *source; };

/* control groups */
struct kernfs_node { struct kernfs_node *__parent; const char *name; __u64 id; };
struct kernfs_node___old { struct kernfs_node *parent; };	/* before 6.15 */
struct cgroup_root { int hierarchy_id; };
struct cgroup { int level; struct kernfs_node *kn; struct cgroup_root *root; };
struct cgroup_subsys_state { struct cgroup *cgroup; };
struct css_set { struct cgroup_subsys_state *subsys[12]; struct cgroup *dfl_cgrp; };
enum inode_state_flags_t { I_DIRTY_PAGES = 64 };	/* relocated, as the next */
enum inode_state_flags_enum { I_DIRTY_PAGES___enum = 64 };
enum cgroup_subsys_id { cpu_cgrp_id = 1, memory_cgrp_id = 4, pids_cgrp_id = 11 };	/* values are relocated */

/* processes */
struct group_info { int ngroups; kgid_t gid[1]; };
struct cred {
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid, sgid, fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_ambient;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};
struct ns_common { unsigned int inum; };
struct uid_gid_extent { __u32 first, lower_first, count; };
struct uid_gid_map { __u32 nr_extents; struct uid_gid_extent extent[5]; };
struct user_namespace { struct uid_gid_map uid_map; int level; struct ns_common ns; };
struct net { struct ns_common ns; };
struct task_struct;
struct xa_node { unsigned char shift; void *slots[64]; };
struct xarray { void *xa_head; };
struct idr { struct xarray idr_rt; };
struct pid_namespace { struct idr idr; struct task_struct *child_reaper; unsigned int level; struct ns_common ns; };
struct mnt_namespace { struct ns_common ns; struct rb_root mounts; struct rb_node *mnt_last_node; };
struct mnt_namespace___list { struct list_head list; };	/* before 6.8 */
struct nsproxy {
	void *uts_ns, *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	void *time_ns_for_children;
	void *cgroup_ns;
};
struct upid { int nr; struct pid_namespace *ns; };
struct proc_inode { struct pid *pid; struct inode vfs_inode; };
struct pid { unsigned int level; struct hlist_head tasks[4]; struct upid numbers[1]; };
struct tty_driver { int major, minor_start; };
struct tty_struct { int index; struct tty_driver *driver; };
struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end, start_brk, brk, start_stack;
	struct file *exe_file;
};
struct maple_tree { void *ma_root; };
struct mm_struct___maple { struct maple_tree mm_mt; };	/* since 6.1 */
struct mm_struct___tree { struct rb_root mm_rb; };
struct maple_range_64 { unsigned long pivot[15]; void *slot[16]; };
struct maple_arange_64 { unsigned long pivot[9]; void *slot[10]; };
struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	void *anon_vma;
	struct file *vm_file;
};
struct vm_area_struct___tree { struct rb_node vm_rb; };
struct rq { struct task_struct *curr; };
struct cfs_rq { struct rq *rq; };
struct sched_entity { struct cfs_rq *cfs_rq; };
struct task_struct {
	struct sched_entity se;
	struct thread_info thread_info;
	unsigned int flags;
	void *stack;
	pid_t pid;
	pid_t tgid;
	int exit_code;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	__u64 start_boottime;
	__u64 self_exec_id;
	kuid_t loginuid;
	const struct cred *real_cred;
	const struct cred *cred;
	struct mm_struct *mm;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	void *sighand;
	struct css_set *cgroups;
	void *worker_private;		/* of a worker of io_uring: struct io_worker */
	struct callback_head *task_works;
};
struct linux_binprm {
	unsigned int have_execfd : 1, secureexec : 1;
	struct file *executable, *file;
	int argc, envc;
	const char *filename, *interp;
	char buf[256];
};

struct kernel_siginfo { int si_code; };
struct bpf_prog_aux { const char *attach_func_name; char name[16]; };
struct bpf_prog { enum bpf_prog_type type; enum bpf_attach_type expected_attach_type; struct bpf_prog_aux *aux; };
struct bpf_map { enum bpf_map_type map_type; char name[16]; };
struct module { char name[56]; unsigned long taints; };

/* sockets */
struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; __u16 sk_type, sk_protocol; struct socket *sk_socket; };
struct socket { short type; struct file *file; struct sock *sk; };

/* network: net.h, dns.h */
typedef struct { __s64 counter; } atomic64_t;
typedef struct { struct net *net; } possible_net_t;
struct sock_common___cookie { atomic64_t skc_cookie; possible_net_t skc_net; };
struct inet_sock { __be16 inet_sport; };
struct sockaddr_un { __u16 sun_family; };
struct unix_address { int len; struct sockaddr_un name[0]; };
struct sk_buff {
	struct sock *sk;
	unsigned int len, data_len;
	__be16 protocol;
	__u16 network_header;
	unsigned char *head, *data;
};
struct unix_sock { struct unix_address *addr; struct sock *peer; };

/* io_uring: a request begins with what its operation keeps of it */
struct filename { const char *name; };
struct open_how { __u64 flags, mode, resolve; };
struct delayed_filename { struct filename *__incomplete_filename; };	/* since 7.0 */
struct io_open___delayed { struct delayed_filename filename; };
struct io_rename___delayed { struct delayed_filename oldpath, newpath; };
struct io_unlink___delayed { struct delayed_filename filename; };
struct io_link___delayed { struct delayed_filename oldpath, newpath; };
struct io_mkdir___delayed { struct delayed_filename filename; };
struct io_xattr___delayed { struct delayed_filename filename; };
struct io_open { int dfd; __u32 file_slot; struct filename *filename; struct open_how how; };
struct io_rename { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_unlink { int dfd, flags; struct filename *filename; };
struct io_link { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_mkdir { int dfd; __u16 mode; struct filename *filename; };
struct xattr_name { char name[256]; };
struct kernel_xattr_ctx { void *kvalue; __u64 size; struct xattr_name *kname; unsigned int flags; };	/* before 6.13 xattr_ctx */
struct io_xattr { struct kernel_xattr_ctx ctx; struct filename *filename; };
struct io_sync { __s64 len, off; int flags, mode; };
struct io_ftrunc { __s64 len; };
struct io_connect { void *addr; int addr_len; };
struct io_bind { int addr_len; };
struct io_listen { int backlog; };
struct io_accept { int flags; __u32 file_slot; };
struct io_socket { int domain, type, protocol; __u32 file_slot; };
struct __kernel_sockaddr_storage { __u16 ss_family; };
struct msghdr { void *msg_name; int msg_namelen; };
struct io_async_msghdr { struct msghdr msg; struct __kernel_sockaddr_storage addr; };
struct kiocb { __s64 ki_pos; };
struct io_rw { struct kiocb kiocb; __u32 len; };
struct io_splice { __u64 len; int splice_fd_in; unsigned int flags; };
struct io_sr_msg { void *buf; int len; unsigned int msg_flags; };
struct io_async_connect { struct __kernel_sockaddr_storage address; };	/* before 6.10, and then not at once */
struct io_wq_work_node { struct io_wq_work_node *next; };
struct io_wq_work_list { struct io_wq_work_node *first, *last; };
struct io_wq_work { __u32 flags; };
struct io_worker { struct io_wq_work *cur_work; };
struct io_rsrc_node { unsigned long file_ptr; };
struct io_rsrc_data { unsigned int nr; struct io_rsrc_node **nodes; };
struct io_file_table { struct io_rsrc_data data; };	/* since 6.13 */
struct io_fixed_file { unsigned long file_ptr; };
struct io_file_table___files { struct io_fixed_file *files; };
struct io_submit_state { struct io_wq_work_list compl_reqs; };
struct io_ring_ctx { struct io_file_table file_table; struct io_submit_state submit_state; };
struct io_uring_task { struct task_struct *task; };
struct io_cqe { __u64 user_data; __s32 res; int fd; };
struct io_uring_cqe { __u64 user_data; __s32 res; __u32 flags; };
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	__u32 flags;			/* wider since 6.9; the lower half of it */
	struct io_cqe cqe;		/* since 5.19 */
	struct io_ring_ctx *ctx;
	struct io_uring_task *tctx;	/* since 6.13 */
	struct io_wq_work_node comp_list;
	void *async_data;
	struct io_wq_work work;
};
struct io_kiocb___task { struct task_struct *task; __u64 user_data; __u32 result; };	/* before 5.19 */
/* before 5.16 what was done at once is listed in an array */
struct io_submit_state___array { struct io_kiocb *compl_reqs[32]; unsigned int compl_nr; };
struct io_ring_ctx___array { struct io_submit_state___array submit_state; };

/* iterators */
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };

#pragma clang attribute pop

/*
 * The context of tracepoint/syscalls/sys_exit_*: part of the kernel's ABI with user space (events/.../format),
 * read without relocation.
 */
struct sys_exit { __u64 common; __s64 nr; __s64 ret; };
struct sys_enter { __u64 common; __s64 nr; __u64 args[6]; };

#endif
