/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Emit
 *
 * What reports a call, whichever way it came in: defined beside the call's own programs, used also by those of other
 * ways. Each takes the way (entry.h) and the result; those for several calls take the call's number here first.
 */
#ifndef PROBES_EMIT_H
#define PROBES_EMIT_H

#include "entry.h"

/* file_open.bpf.c */
extern int open__wanted(__s32 nr, __u64 via, __s64 ret);
extern int open__entry(__s32 nr, __u64 via, __s64 ret);

/* file_name.bpf.c */
extern int rename__emit(__s32 nr, __u64 via, __s64 ret);
extern int unlink__emit(__s32 nr, __u64 via, __s64 ret);
extern int link__emit(__s32 nr, __u64 via, __s64 ret);
extern int symlink__emit(__s32 nr, __u64 via, __s64 ret);
extern int chmod__emit(__s32 nr, __u64 via, __s64 ret);
extern int fchmod__emit(__u64 via, __s64 ret);

/* file_change.bpf.c */
extern int mkdir__emit(__s32 nr, __u64 via, __s64 ret);
extern int mknod__emit(__s32 nr, __u64 via, __s64 ret);
extern int chown__emit(__s32 nr, __u64 via, __s64 ret);
extern int utime__emit(__s32 nr, __u64 via, __s64 ret);
extern int xattr__emit(__s32 nr, __u64 via, __s64 ret);
extern int truncate__emit(__s32 nr, __u64 via, __s64 ret);

/* net.bpf.c, accept.bpf.c */
extern int socket__emit(__u64 via, __s64 ret);
extern int socketpair__emit(__u64 via, __s64 ret);
extern int connect__emit(__u64 via, __s64 ret);
extern int bind__emit(__u64 via, __s64 ret);
extern int listen__emit(__u64 via, __s64 ret);
extern int listen__serves(__u64 via, __s64 ret);
extern int accept__emit(__s32 nr, __u64 via, __s64 ret);
extern int accept__serves(__u64 via, __s64 ret);

/* transfer.bpf.c */
extern int transfer__emit(__s32 nr, __u64 via, __s64 ret);

/* The calls that change names. */
static __always_inline int name__emit(__s32 nr, __u64 via, __s64 ret)
{
	if (nr == NR_UNLINK || nr == NR_UNLINKAT || nr == NR_RMDIR)
		return unlink__emit(nr, via, ret);
	if (nr == NR_RENAME || nr == NR_RENAMEAT || nr == NR_RENAMEAT2)
		return rename__emit(nr, via, ret);
	if (nr == NR_CHMOD || nr == NR_FCHMODAT || nr == NR_FCHMODAT2)
		return chmod__emit(nr, via, ret);
	if (nr == NR_FCHMOD)
		return fchmod__emit(via, ret);
	if (nr == NR_LINK || nr == NR_LINKAT)
		return link__emit(nr, via, ret);
	if (nr == NR_SYMLINK || nr == NR_SYMLINKAT)
		return symlink__emit(nr, via, ret);
	return 0;
}

#endif
