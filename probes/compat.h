/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * 32-bit entries
 *
 * The one table of the calls that are reported when they enter the kernel as 32-bit programs do: by their number there,
 * which call of ours it is, and which program reports it (compat.bpf.c goes on with that one). Only x86-64, where any
 * program can enter that way.
 *
 * Most reporters are those of 64-bit calls, compiled a second time with ENTRY32 defined (compat_*.bpf.c): then arguments are
 * the 32-bit registers, and records carry the mark (task.h, record.h). 64-bit calls pay nothing for it. The others take the
 * way in as an argument (emit.h).
 */
#ifndef PROBES_COMPAT_H
#define PROBES_COMPAT_H

#include "nr.h"
#include "task.h"

#define NR32_LCHOWN16		16
#define NR32_UMOUNT		22	/* without flags */
#define NR32_SETTIMEOFDAY	79
#define NR32_MMAP		90	/* its arguments lie in memory */
#define NR32_TRUNCATE		92
#define NR32_FTRUNCATE		93
#define NR32_SOCKETCALL		102
#define NR32_TRUNCATE64		193	/* the length in two registers */
#define NR32_FTRUNCATE64	194
#define NR32_LCHOWN		198	/* ids of 32 bits from here on, of 16 before */
#define NR32_CLOCK_SETTIME	264

/* X(number, call, program): names as in arch/x86/entry/syscalls/syscall_32.tbl */
#define COMPAT_CALLS(X)								\
	X(5, OPEN, files) X(8, CREAT, files) X(295, OPENAT, files)		\
	X(342, OPEN_BY_HANDLE_AT, files) X(437, OPENAT2, files)			\
	X(9, LINK, files) X(10, UNLINK, files) X(15, CHMOD, files)		\
	X(38, RENAME, files) X(40, RMDIR, files) X(83, SYMLINK, files)		\
	X(94, FCHMOD, files) X(301, UNLINKAT, files) X(302, RENAMEAT, files)	\
	X(303, LINKAT, files) X(304, SYMLINKAT, files)				\
	X(306, FCHMODAT, files) X(353, RENAMEAT2, files)			\
	X(452, FCHMODAT2, files)						\
	X(14, MKNOD, changes) X(16, LCHOWN, changes) X(30, UTIME, changes)	\
	X(39, MKDIR, changes) X(92, TRUNCATE, changes)				\
	X(93, FTRUNCATE, changes) X(95, FCHOWN, changes)			\
	X(182, CHOWN, changes) X(193, TRUNCATE, changes)			\
	X(194, FTRUNCATE, changes) X(198, LCHOWN, changes)			\
	X(207, FCHOWN, changes) X(212, CHOWN, changes)				\
	X(226, SETXATTR, changes) X(227, LSETXATTR, changes)			\
	X(228, FSETXATTR, changes) X(235, REMOVEXATTR, changes)			\
	X(236, LREMOVEXATTR, changes) X(237, FREMOVEXATTR, changes)		\
	X(271, UTIMES, changes) X(296, MKDIRAT, changes)			\
	X(297, MKNODAT, changes) X(298, FCHOWNAT, changes)			\
	X(299, FUTIMESAT, changes) X(320, UTIMENSAT, changes)			\
	X(324, FALLOCATE, changes) X(412, UTIMENSAT, changes)			\
	X(463, SETXATTRAT, changes) X(466, REMOVEXATTRAT, changes)		\
	X(359, SOCKET, sockets) X(360, SOCKETPAIR, sockets)			\
	X(361, BIND, sockets) X(362, CONNECT, sockets)				\
	X(363, LISTEN, sockets) X(364, ACCEPT4, sockets)			\
	X(345, SENDMMSG, transfers) X(337, RECVMMSG, transfers)			\
	X(369, SENDTO, transfers) X(370, SENDMSG, transfers)			\
	X(371, RECVFROM, transfers) X(372, RECVMSG, transfers)			\
	X(417, RECVMMSG, transfers)						\
	X(23, SETUID, creds) X(46, SETGID, creds) X(70, SETREUID, creds)	\
	X(71, SETREGID, creds) X(81, SETGROUPS, creds)				\
	X(138, SETFSUID, creds) X(139, SETFSGID, creds)				\
	X(164, SETRESUID, creds) X(170, SETRESGID, creds)			\
	X(185, CAPSET, creds) X(203, SETREUID, creds)				\
	X(204, SETREGID, creds) X(206, SETGROUPS, creds)			\
	X(208, SETRESUID, creds) X(210, SETRESGID, creds)			\
	X(213, SETUID, creds) X(214, SETGID, creds)				\
	X(215, SETFSUID, creds) X(216, SETFSGID, creds)				\
	X(310, UNSHARE, namespaces) X(346, SETNS, namespaces)			\
	X(61, CHROOT, self) X(136, PERSONALITY, self) X(172, PRCTL, self)	\
	X(288, KEYCTL, self)							\
	X(21, MOUNT, mounts) X(22, UMOUNT2, mounts) X(52, UMOUNT2, mounts)	\
	X(217, PIVOT_ROOT, mounts) X(428, OPEN_TREE, mounts)			\
	X(429, MOVE_MOUNT, mounts) X(430, FSOPEN, mounts)			\
	X(431, FSCONFIG, mounts) X(432, FSMOUNT, mounts)			\
	X(433, FSPICK, mounts) X(442, MOUNT_SETATTR, mounts)			\
	X(26, PTRACE, tamper) X(347, PROCESS_VM_READV, tamper)			\
	X(348, PROCESS_VM_WRITEV, tamper) X(438, PIDFD_GETFD, tamper)		\
	X(37, KILL, signals) X(178, RT_SIGQUEUEINFO, signals)			\
	X(238, TKILL, signals) X(270, TGKILL, signals)				\
	X(335, RT_TGSIGQUEUEINFO, signals) X(424, PIDFD_SEND_SIGNAL, signals)	\
	X(90, MMAP, memory) X(125, MPROTECT, memory) X(192, MMAP, memory)	\
	X(380, PKEY_MPROTECT, memory)						\
	X(357, BPF, bpf)							\
	X(74, SETHOSTNAME, plain) X(79, SETTIMEOFDAY, plain)			\
	X(88, REBOOT, plain) X(121, SETDOMAINNAME, plain)			\
	X(128, INIT_MODULE, plain) X(129, DELETE_MODULE, plain)			\
	X(264, CLOCK_SETTIME, plain) X(283, KEXEC_LOAD, plain)			\
	X(336, PERF_EVENT_OPEN, plain) X(350, FINIT_MODULE, plain)		\
	X(356, MEMFD_CREATE, plain) X(374, USERFAULTFD, plain)			\
	X(404, CLOCK_SETTIME, plain) X(425, IO_URING_SETUP, plain)		\
	X(427, IO_URING_REGISTER, plain) X(434, PIDFD_OPEN, plain)		\
	X(41, DUP, dups) X(55, FCNTL, dups) X(63, DUP2, dups)			\
	X(221, FCNTL, dups) X(330, DUP3, dups)					\
	X(4, WRITE, writes) X(146, WRITEV, writes) X(181, PWRITE64, writes)	\
	X(187, SENDFILE, writes) X(239, SENDFILE, writes)			\
	X(313, SPLICE, writes) X(334, PWRITEV, writes)				\
	X(377, COPY_FILE_RANGE, writes) X(379, PWRITEV2, writes)

/* The number here of a call that a 32-bit entry made by its own; < 0: none that is reported. */
static __always_inline __s32 compat__nr(__s32 nr)
{
#if defined(__TARGET_ARCH_x86)
#define COMPAT_NR(nr32, ID, program) case nr32: return NR_##ID;
	switch (nr) {
	COMPAT_CALLS(COMPAT_NR)
	}
#undef COMPAT_NR
#endif
	return -1;
}

/* By the number that socketcall has for it: include/uapi/linux/net.h. */
static __always_inline __s32 socketcall__nr(__u32 which)
{
#if defined(__TARGET_ARCH_x86)
	switch (which) {
	case 1:		return NR_SOCKET;
	case 2:		return NR_BIND;
	case 3:		return NR_CONNECT;
	case 4:		return NR_LISTEN;
	case 5:		return NR_ACCEPT;
	case 8:		return NR_SOCKETPAIR;
	case 9:		/* send: the four arguments that sendto begins with */
	case 11:	return NR_SENDTO;
	case 10:	/* recv */
	case 12:	return NR_RECVFROM;
	case 16:	return NR_SENDMSG;
	case 17:	return NR_RECVMSG;
	case 18:	return NR_ACCEPT4;
	case 19:	return NR_RECVMMSG;
	case 20:	return NR_SENDMMSG;
	}
#endif
	return -1;
}

/* What it returned: an error, or a number without a sign, which may be an address. */
static __always_inline __s64 compat__ret(__u64 ret)
{
	__s32 n = ret;

	return n < 0 && n >= -4095 ? (__s64)n : (__s64)(__u32)ret;
}

#endif
