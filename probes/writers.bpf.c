// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Who writes
 *
 * An inode became dirty, in the context of whoever made it so: by write,
 * sendfile, splice, copy_file_range, io_uring, a store into a shared mapping or
 * a change of size. A change of owner, mode or access time makes it dirty too:
 * pages alone say that it was content (file systems that want all of the inode
 * written say pages as well), else the modification time, which then is the
 * change time and not older than the last access.
 *
 * Not seen: further stores into a page that is dirty already, and what a
 * process outside of this kernel writes (network file systems).
 */
#include "writers.h"
#include <bpf/bpf_tracing.h>

#define PF_IO_WORKER	0x00000010	/* a kernel thread before 5.12, but of its process since */

static __always_inline bool inode__content(struct inode *inode, __u64 mtime)
{
	return mtime == inode__ctime(inode) && mtime >= inode__atime(inode);
}

/* include/linux/fs.h: until 6.17 a macro, then of an enum of one name or another, and another number. */
static __always_inline bool dirty__pages(int flags)
{
	if (bpf_core_enum_value_exists(enum inode_state_flags_t, I_DIRTY_PAGES))
		return flags == (int)bpf_core_enum_value(enum inode_state_flags_t, I_DIRTY_PAGES);
	if (bpf_core_enum_value_exists(enum inode_state_flags_enum, I_DIRTY_PAGES___enum))
		return flags == (int)bpf_core_enum_value(enum inode_state_flags_enum, I_DIRTY_PAGES___enum);
	return flags == 4;
}

static __always_inline void writer__fill(struct writer *w, struct task_struct *t, bool typed)
{
	struct task_struct *leader = READ(typed, t, group_leader);

	w->tgid = READ(typed, t, tgid);
	w->start = task__start(t, typed);
	w->exec_id = READ(typed, t, self_exec_id);
	if (leader)
		bpf_probe_read_kernel(w->comm, sizeof(w->comm), __builtin_preserve_access_index(&leader->comm[0]));
}

SEC("tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(writers__tp_btf, struct inode *inode, int flags)
{
	struct wire_control *c = control__get();
	bool typed = task__typed();
	struct writer w = {}, *have;
	struct writer_key key = {};
	struct task_struct *t;
	struct cgroup *cg;
	__u32 version, part, task_flags;
	bool pages = dirty__pages(flags);

	if (!c || !(c->want & WANT_WRITER) || (inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	t = task__mine();
	if (!t)
		return 0;
	task_flags = READ(typed, t, flags);
	if (task_flags & PF_KTHREAD && !(task_flags & PF_IO_WORKER))
		return 0;	/* writes back what others wrote */
	cg = task__cgroup(t, typed);
	w.cgroup = cg ? cgroup__id(cg, typed, &version) : 0;
	part = writers__part(w.cgroup);
	writers__key(&key, inode);
	w.mtime = inode__mtime(inode);
	have = writers__find(part, &key);
	if (have && have->mtime == w.mtime && !pages)
		return 0;
	if (!pages && !inode__content(inode, w.mtime))
		return 0;
	w.time = bpf_ktime_get_boot_ns();
	writer__fill(&w, t, typed);
	if (have && have->start == w.start && have->tgid == w.tgid && have->exec_id == w.exec_id) {
		have->mtime = w.mtime;
		have->time = w.time;
		return 0;
	}
	writers__put(part, &key, &w);
	return 0;
}
