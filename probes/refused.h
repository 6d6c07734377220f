/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Refusal by kind
 *
 * Can any rule match an event of this kind, by this user, here? One word of
 * struct wire_refuse says it for all kinds of a call; who it was is looked at
 * only where that makes a difference.
 */
#ifndef PROBES_REFUSED_H
#define PROBES_REFUSED_H

#include "filter.h"
#include "kernel.h"
#include "refuse.h"
#include "task.h"

/* Is it known that the control group is no container's? */
static __always_inline bool hosts__has(const struct wire_control *c, __u64 cgroup)
{
	return cgroup && c->hosts[hosts_place(cgroup) & (HOSTS_MAX - 1)] == cgroup;
}

/* Is the control group one that is not to be watched? */
static __always_inline bool excluded__has(const struct wire_control *c, __u64 cgroup)
{
	const __u64 *at;
	__u64 i;

	if (!c->excludes || !cgroup)
		return false;
	i = excluded_place(cgroup) & (EXCLUDED_MAX - EXCLUDED_WAYS);
	at = &c->excluded[i];
	return at[0] == cgroup || at[1] == cgroup || at[2] == cgroup || at[3] == cgroup;
}

static __always_inline const struct wire_refuse *refuse__of(const struct wire_control *c, __u32 call)
{
	__u64 i = call;

	PIN(i);
	if (i >= CALL_MAX)
		return NULL;
	PIN(i);
	return &c->refuse[i];
}

/* The current task's control group, 0 without one. A global function: its callers are followed with and without it being asked. */
__weak __attribute__((noinline)) __u64 task__group(void)
{
	struct task_struct *t = task__mine();
	bool typed = task__typed();
	struct cgroup *cg = t ? task__cgroup(t, typed) : NULL;
	__u32 version;

	return cg ? cgroup__id(cg, typed, &version) : 0;
}

static __always_inline bool task__root(struct task_struct *t, bool typed)
{
	const struct cred *cred = READ(typed, t, cred);

	return cred && !READ(typed, cred, euid.val);
}

/* The kinds of a call, by the current task, that some rule can match: bits. A global function: verified once per program. */
__weak __attribute__((noinline)) __u32 kinds__wanted(__u32 call, __u32 failed)
{
	struct wire_control *c = control__get();
	const struct wire_refuse *f = c ? refuse__of(c, call) : NULL;
	bool typed = task__typed();
	struct task_struct *t;
	__u32 who = !!failed;

	if (!f || (c->excludes && excluded__has(c, task__group())))
		return 0;
	if (f->asks) {
		t = task__mine();
		if (!t)
			return ~f->any[who];
		if (f->asks & REFUSE_ROOT && task__root(t, typed))
			who |= REFUSE_ROOT;
		if (f->asks & REFUSE_HOST && hosts__has(c, task__group()))
			who |= REFUSE_HOST;
	}
	return ~f->kinds[who & (REFUSE_WHO - 1)];
}

/* The same of a call that another task made. */
static __always_inline __u32 kinds__wanted_of_any(const struct wire_control *c, __u32 call, bool failed)
{
	const struct wire_refuse *f = refuse__of(c, call);

	return f ? ~f->any[failed] : 0;
}

#endif
