// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Credentials
 *
 * The calls that set ids, groups and capabilities: what was asked for, and
 * what the task has after it.
 */
#include "creds.h"
#include "call.h"
#include "compat.h"
#include "record.h"

#define GROUPS_SHOWN	32

static __always_inline __u16 creds__call(__s32 nr)
{
	switch (nr) {
	case NR_SETUID:
		return CALL_SETUID;
	case NR_SETGID:
		return CALL_SETGID;
	case NR_SETREUID:
		return CALL_SETREUID;
	case NR_SETREGID:
		return CALL_SETREGID;
	case NR_SETRESUID:
		return CALL_SETRESUID;
	case NR_SETRESGID:
		return CALL_SETRESGID;
	case NR_SETFSUID:
		return CALL_SETFSUID;
	case NR_SETFSGID:
		return CALL_SETFSGID;
	case NR_SETGROUPS:
		return CALL_SETGROUPS;
	default:
		return CALL_CAPSET;
	}
}

/* An id that was asked for; the older 32-bit calls know ids of 16 bits, with a none of their own. */
static __always_inline __u32 creds__id(__u64 arg)
{
#ifdef ENTRY32
	if (task__nr_now() < NR32_LCHOWN)
		return (arg & 0xffff) == 0xffff ? ~0u : (__u32)arg & 0xffff;
#endif
	return arg;
}

static __always_inline void creds__asked(struct wire_creds *r)
{
	struct pt_regs *regs = task__regs();
	bool pair = r->hdr.call == CALL_SETREUID || r->hdr.call == CALL_SETREGID;
	bool triple = r->hdr.call == CALL_SETRESUID || r->hdr.call == CALL_SETRESGID;

	r->id0 = r->hdr.call == CALL_CAPSET ? ~0u : creds__id(task__arg(regs, 1));
	r->id1 = pair || triple ? creds__id(task__arg(regs, 2)) : ~0u;
	r->id2 = triple ? creds__id(task__arg(regs, 3)) : ~0u;
}

static __always_inline void creds__now(struct wire_creds *r, const struct cred *cred)
{
	r->suid = BPF_CORE_READ(cred, suid.val);
	r->fsuid = BPF_CORE_READ(cred, fsuid.val);
	r->sgid = BPF_CORE_READ(cred, sgid.val);
	r->fsgid = BPF_CORE_READ(cred, fsgid.val);
	r->cap_inheritable = CAPS(false, cred, inheritable);
	r->cap_permitted = CAPS(false, cred, permitted);
}

static __always_inline void creds__before(struct wire_creds *r)
{
	struct scratch *s = scratch__of(&r->hdr);

	if (!s->was_known)
		return;
	r->known = 1;
	r->old_uid = s->was.uid;
	r->old_euid = s->was.euid;
	r->old_suid = s->was.suid;
	r->old_gid = s->was.gid;
	r->old_egid = s->was.egid;
	r->old_sgid = s->was.sgid;
	r->old_cap_permitted = s->was.permitted;
	r->old_cap_effective = s->was.effective;
}

static __always_inline int creds__report(__s32 nr, __s64 ret)
{
	__u16 call = creds__call(nr);
	const struct cred *cred;
	struct group_info *groups;
	struct wire_creds *r;

	if (!call__wanted(EVENT_CREDS, call, ret < 0))
		return 0;
	r = record__new(EVENT_CREDS, call, sizeof(*r));
	if (!r)
		return 0;
	cred = BPF_CORE_READ(task__current(), cred);
	creds__asked(r);
	creds__now(r, cred);
	creds__before(r);
	if (call == CALL_SETGROUPS) {
		groups = BPF_CORE_READ(cred, group_info);
		record__bytes(&r->hdr, &r->groups, __builtin_preserve_access_index(&groups->gid[0]),
			      (__u32)BPF_CORE_READ(groups, ngroups) * sizeof(__u32), GROUPS_SHOWN * sizeof(__u32));
	}
	return record__send(&r->hdr, ret);
}

#ifndef ENTRY32
SEC("tracepoint")
int creds__exit(struct sys_exit *ctx)
{
	return creds__report(ctx->nr, ctx->ret);
}
#endif
