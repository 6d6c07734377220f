/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Calls
 *
 * What programs that serve several calls have in common: which call of
 * events.def it is, whether any rule wants it, its arguments.
 */
#ifndef PROBES_CALL_H
#define PROBES_CALL_H

#include "fd.h"
#include "nr.h"

#define CALL_ARG(n)	task__arg(task__regs(), n)

/* "case NR_KILL: return CALL_KILL;" */
#define CALL_CASE(ID)	case NR_##ID: return CALL_##ID;

/* Two array look-ups: whether any rule can match, before anything is read. */
static __always_inline bool call__wanted(__u32 type, __u32 call, bool failed)
{
	struct wire_control *c = control__get();

	if (!c)
		return false;
	if (control__wants(c, call) && (!failed || c->want & WANT_FAILED))
		return true;
	counter__refused(type);
	return false;
}

/* An anonymous inode's file whose name begins with those 8 bytes; only then is private_data what one thinks. */
static __always_inline void *file__private(struct file *f, const char name[8])
{
	char is[8] = {};
	int i;

	if (!f || !inode__on(BPF_CORE_READ(f, f_inode), ANON_INODE_MAGIC))
		return NULL;
	bpf_probe_read_kernel_str(is, sizeof(is), BPF_CORE_READ(f, f_path.dentry, d_name.name));
	for (i = 0; i < 7; i++)
		if (is[i] != name[i])
			return NULL;
	return BPF_CORE_READ(f, private_data);
}

#endif
