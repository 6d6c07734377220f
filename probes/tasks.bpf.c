// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Tasks
 *
 * The processes that were there before us: for each one a CGROUP record and
 * an EXEC record marked WIRE_SNAPSHOT, in the iterator's stream instead of a
 * ring. There each record is padded to a multiple of 8 bytes; its size is not.
 * Arguments, environment and working directory are the agent's to add: their
 * memory is not the current one's.
 */
#include "exec.h"
#include <bpf/bpf_tracing.h>

static __always_inline void tasks__write(struct seq_file *seq, struct wire_hdr *h)
{
	__u64 size = h->size;

	PIN(size);
	if (size <= SCRATCH_REC - 8)
		bpf_seq_write(seq, h, (size + 7) & ~7ull & (WIRE_RECORD_MAX - 1));
}

SEC("iter/task")
int tasks__iter(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *t = ctx->task;
	__u32 version = 2;
	struct cgroup *cg;
	struct mm_struct *mm;
	struct scratch *s;
	struct wire_hdr *h;
	__u64 id;

	if (!t || t->pid != t->tgid)
		return 0;
	cg = task__cgroup(t, false);
	s = scratch__claim(SCRATCH_ITER, t, cg);
	if (!s)
		return 0;
	h = (void *)s->rec;
	id = cg ? cgroup__id(cg, false, &version) : 0;
	__builtin_memset(h, 0, sizeof(*h));
	record__fill(h, t, false, EVENT_EXEC, CALL_EXECVE, sizeof(*h));
	h->cgroup = id;
	if (cg) {
		record__cgroup(s, SCRATCH_ITER, version);
		tasks__write(seq, h);
	}
	record__becomes(h, EVENT_EXEC, CALL_EXECVE, sizeof(struct wire_exec));
	__builtin_memset(s->rec + sizeof(*h), 0, sizeof(struct wire_exec) - sizeof(*h));
	h->flags = WIRE_SNAPSHOT;
	exec__identity((void *)h, t, false);
	exec__stdio((void *)h);
	mm = BPF_CORE_READ(t, mm);
	if (mm)
		exec__image((void *)h, t, BPF_CORE_READ(mm, exe_file));
	tasks__write(seq, h);
	return record__drop(h);
}
