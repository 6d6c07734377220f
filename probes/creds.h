/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Credentials
 *
 * What each thread may do, kept by value from its birth on and looked at again
 * at each of its events. A change is judged by its result alone, not by having
 * seen the call: without the right to, a thread can only take ids that it has
 * already, its permitted capabilities only shrink, and a user namespace only
 * leads further down. What goes beyond that was not given by any call. So a
 * call that was not seen (a 32-bit entry, a program that the kernel skipped)
 * never looks like an attack, and real_cred, which no temporary override
 * touches, is what counts.
 */
#ifndef PROBES_CREDS_H
#define PROBES_CREDS_H

#include "kernel.h"
#include "maps.h"
#include "task.h"

/* With a thread's id: what it had before its exec, until that is told. No id has this bit. */
#define CREDS_BEFORE	(1u << 31)

static __always_inline void creds__read(struct creds *c, struct task_struct *t, bool typed)
{
	const struct cred *cred = READ(typed, t, real_cred);
	struct user_namespace *ns;

	c->start = READ(typed, t, start_boottime);
	c->exec_id = READ(typed, t, self_exec_id);
	if (!cred)
		return;
	c->uid = READ(typed, cred, uid.val);
	c->euid = READ(typed, cred, euid.val);
	c->suid = READ(typed, cred, suid.val);
	c->fsuid = READ(typed, cred, fsuid.val);
	c->gid = READ(typed, cred, gid.val);
	c->egid = READ(typed, cred, egid.val);
	c->sgid = READ(typed, cred, sgid.val);
	c->fsgid = READ(typed, cred, fsgid.val);
	c->permitted = CAPS(typed, cred, permitted);
	c->effective = CAPS(typed, cred, effective);
	ns = READ(typed, cred, user_ns);
	if (!ns)
		return;
	c->userns = READ(typed, ns, ns.inum);
	c->level = READ(typed, ns, level);
}

static __always_inline bool creds__same(const struct creds *a, const struct creds *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->suid == b->suid && a->fsuid == b->fsuid &&
	       a->gid == b->gid && a->egid == b->egid && a->sgid == b->sgid && a->fsgid == b->fsgid &&
	       a->permitted == b->permitted && a->effective == b->effective && a->userns == b->userns;
}

#define HAS(c, kind, id) ((id) == (c)->kind || (id) == (c)->e##kind || (id) == (c)->s##kind || (id) == (c)->fs##kind)

/*
 * Whether no call could have led from one to the other. An exec gives a root user all capabilities again, and what
 * an executable may set besides (setid) is everything but the real ids.
 */
static __always_inline bool creds__forged(const struct creds *was, const struct creds *now, bool exec, bool setid)
{
	if (was->userns != now->userns)
		return now->level <= was->level;
	if (!(was->permitted >> CAP_SETUID & 1) &&
	    (!HAS(was, uid, now->uid) ||
	     (!setid && (!HAS(was, uid, now->euid) || !HAS(was, uid, now->suid) || !HAS(was, uid, now->fsuid)))))
		return true;
	if (!(was->permitted >> CAP_SETGID & 1) &&
	    (!HAS(was, gid, now->gid) ||
	     (!setid && (!HAS(was, gid, now->egid) || !HAS(was, gid, now->sgid) || !HAS(was, gid, now->fsgid)))))
		return true;
	return now->effective & ~now->permitted || (!exec && now->permitted & ~was->permitted);
}

/*
 * The child of the current task begins with what its parent has; in a user namespace of its own, with its first event.
 * A global function: what it has on its stack is gone before the record of the fork is begun.
 */
__weak __attribute__((noinline)) int creds__born(__u64 task)
{
	struct task_struct *child = (void *)task;
	bool typed = task__typed();
	struct task_struct *t = task__mine();
	struct creds c = {};
	__u32 tid;

	if (!t || BPF_CORE_READ(child, real_cred, user_ns) != BPF_CORE_READ(t, real_cred, user_ns))
		return 0;
	creds__read(&c, t, typed);
	c.start = BPF_CORE_READ(child, start_boottime);
	c.exec_id = BPF_CORE_READ(child, self_exec_id);
	tid = BPF_CORE_READ(child, pid);
	bpf_map_update_elem(&creds, &tid, &c, BPF_ANY);
	return 0;
}

#endif
