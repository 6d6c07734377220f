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
#include "refused.h"

#define CALL_ARG(n)	task__arg(task__regs(), n)

/* "case NR_KILL: return CALL_KILL;" */
#define CALL_CASE(ID)	case NR_##ID: return CALL_##ID;

/* Which kinds of it some rule can match, before anything is read; none: it is refused. */
static __always_inline __u32 call__kinds(__u32 call, bool failed)
{
	struct wire_control *c = control__get();

	if (!c || !control__wants(c, call) || (failed && !(c->want & WANT_FAILED)))
		return 0;
	return kinds__wanted(call, failed);
}

static __always_inline bool call__wanted_as(__u32 type, __u32 call, bool failed, __u32 kinds)
{
	if (call__kinds(call, failed) & kinds)
		return true;
	counter__refused(type);
	return false;
}

/* One kind of it. */
static __always_inline bool call__wanted_kind(__u32 type, __u32 call, bool failed, __u32 kind)
{
	return call__wanted_as(type, call, failed, 1u << kind);
}

static __always_inline bool call__wanted(__u32 type, __u32 call, bool failed)
{
	return call__wanted_as(type, call, failed, ~0u);
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
