/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Numbers
 *
 * Of the calls that one program tells apart from others, where task.h does not have them.
 */
#ifndef PROBES_NR_H
#define PROBES_NR_H

#if defined(__TARGET_ARCH_x86)
#define NR_MPROTECT		10
#define NR_SENDTO		44
#define NR_RECVFROM		45
#define NR_SENDMSG		46
#define NR_RECVMSG		47
#define NR_KILL			62
#define NR_PTRACE		101
#define NR_RT_SIGQUEUEINFO	129
#define NR_PIVOT_ROOT		155
#define NR_SETTIMEOFDAY		164
#define NR_MOUNT		165
#define NR_UMOUNT2		166
#define NR_REBOOT		169
#define NR_SETHOSTNAME		170
#define NR_SETDOMAINNAME	171
#define NR_INIT_MODULE		175
#define NR_DELETE_MODULE	176
#define NR_TKILL		200
#define NR_CLOCK_SETTIME	227
#define NR_TGKILL		234
#define NR_KEXEC_LOAD		246
#define NR_RT_TGSIGQUEUEINFO	297
#define NR_PERF_EVENT_OPEN	298
#define NR_RECVMMSG		299
#define NR_SENDMMSG		307
#define NR_PROCESS_VM_READV	310
#define NR_PROCESS_VM_WRITEV	311
#define NR_FINIT_MODULE		313
#define NR_MEMFD_CREATE		319
#define NR_KEXEC_FILE_LOAD	320
#define NR_USERFAULTFD		323
#define NR_PKEY_MPROTECT	329
#define NR_MMAP			9
#define NR_SOCKETPAIR		53
#define NR_CAPSET		126
#define NR_PERSONALITY		135
#define NR_PRCTL		157
#define NR_CHROOT		161
#define NR_KEYCTL		250
#define NR_UNSHARE		272
#define NR_BPF			321
#elif defined(__TARGET_ARCH_arm64)
#define NR_UMOUNT2		39
#define NR_MOUNT		40
#define NR_PIVOT_ROOT		41
#define NR_KEXEC_LOAD		104
#define NR_INIT_MODULE		105
#define NR_DELETE_MODULE	106
#define NR_CLOCK_SETTIME	112
#define NR_PTRACE		117
#define NR_KILL			129
#define NR_TKILL		130
#define NR_TGKILL		131
#define NR_RT_SIGQUEUEINFO	138
#define NR_REBOOT		142
#define NR_SETHOSTNAME		161
#define NR_SETDOMAINNAME	162
#define NR_SETTIMEOFDAY		170
#define NR_SENDTO		206
#define NR_RECVFROM		207
#define NR_SENDMSG		211
#define NR_RECVMSG		212
#define NR_RECVMMSG		243
#define NR_SENDMMSG		269
#define NR_MMAP			222
#define NR_MPROTECT		226
#define NR_RT_TGSIGQUEUEINFO	240
#define NR_PERF_EVENT_OPEN	241
#define NR_PROCESS_VM_READV	270
#define NR_PROCESS_VM_WRITEV	271
#define NR_FINIT_MODULE		273
#define NR_MEMFD_CREATE		279
#define NR_USERFAULTFD		282
#define NR_PKEY_MPROTECT	288
#define NR_KEXEC_FILE_LOAD	294
#define NR_CHROOT		51
#define NR_CAPSET		91
#define NR_PERSONALITY		92
#define NR_UNSHARE		97
#define NR_PRCTL		167
#define NR_SOCKETPAIR		199
#define NR_KEYCTL		219
#define NR_BPF			280
#endif
#define NR_PIDFD_SEND_SIGNAL	424
#define NR_IO_URING_SETUP	425
#define NR_IO_URING_REGISTER	427
#define NR_OPEN_TREE		428
#define NR_MOVE_MOUNT		429
#define NR_FSOPEN		430
#define NR_FSCONFIG		431
#define NR_FSMOUNT		432
#define NR_FSPICK		433
#define NR_PIDFD_OPEN		434
#define NR_PIDFD_GETFD		438
#define NR_MOUNT_SETATTR	442

#endif
