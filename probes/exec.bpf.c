// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Exec
 *
 * A process has its new image: the new memory holds the arguments, bprm the
 * file and the name given. Attempts that failed are seen where the call
 * returns, with the caller's texts: the path, the arguments.
 */
#include "exec.h"
#include "writers.h"
#include <bpf/bpf_tracing.h>

#define ELF_MAGIC	0x464c457f	/* as a little-endian number */
#define O_ACCMODE	3
#define FMODE_EXEC	0x20		/* include/linux/fs.h; in a file's flags it is __FMODE_EXEC */
#define SECURE_NOROOT	1
#define WORKS_MAX	128	/* of a task at its exec: it closes what was open, and the files of its old image */
#define ARGC_STRIDE	32	/* of an attempt, as many times as many arguments are read */

/*
 * Threads inside execveat(). At sched_process_exec x86 has already rewritten the call's number to execve
 * (arch/x86/kernel/process_64.c, set_personality_64bit()).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, __u8);
} in_execveat SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_execveat")
int execveat_mark__enter(struct sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u8 one = 1;

	bpf_map_update_elem(&in_execveat, &tid, &one, BPF_ANY);
	return 0;
}

static __always_inline void exec__memory(struct wire_exec *r, struct wire_blob *b, __u64 start, __u64 end)
{
	__u64 page = 4096 - (start & 4095);

	if (end <= start)
		return;
	record__user_bytes(&r->hdr, b, (void *)start, end - start, ARGS_MAX);
	if (b->len || end - start <= page)
		return;
	/* a page beyond the first is out: better its beginning than nothing */
	record__user_bytes(&r->hdr, b, (void *)start, page, ARGS_MAX);
	if (b->len) {
		r->hdr.flags &= ~WIRE_UNREADABLE;
		r->hdr.flags |= WIRE_TRUNCATED;
	}
}

/* What waits to be done when the task leaves the kernel is the closing of a file: where in the file it is tied in. */
static __always_inline __u64 file__work_at(void)
{
	if (bpf_core_field_exists(struct file, f_task_work))
		return bpf_core_field_offset(struct file, f_task_work);
	if (bpf_core_field_exists(struct file___rcu, f_rcuhead))
		return bpf_core_field_offset(struct file___rcu, f_rcuhead);
	return bpf_core_field_offset(struct file___u, f_u);
}

/*
 * The file that this work closes, if it was opened to be executed: its address stands in script_ino then. The work may be of
 * any other kind. Returns the next one.
 */
__weak __attribute__((noinline)) __u64 exec__work(__u64 work)
{
	struct scratch *s = scratch__get(SCRATCH_EXEC);
	struct file *f = (void *)(work - file__work_at());
	struct inode *inode = BPF_CORE_READ(f, f_inode);

	if (!s)
		return 0;
	if ((BPF_CORE_READ(f, f_flags) & (O_ACCMODE | FMODE_EXEC)) == FMODE_EXEC && inode &&
	    (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG && BPF_CORE_READ(f, f_path.dentry, d_inode) == inode)
		((struct wire_exec *)s->rec)->script_ino = (__u64)f;
	return (__u64)BPF_CORE_READ((struct callback_head *)work, next);
}

/*
 * The file that was named, when an interpreter runs in its place: binprm has let go of it by now, but it is only closed
 * when the task leaves the kernel. Until then it waits among the works of this call, of which the newest come first, and it
 * was the first to be let go of that was opened to be executed: before another interpreter, before the old image's files.
 */
static __always_inline struct file *exec__script_file(struct scratch *s, struct wire_exec *r)
{
	struct linux_binprm *b = (void *)s->bprm;
	struct task_struct *t = (void *)s->task;
	struct file *found;
	__u64 work;
	int i;

	if (BPF_CORE_READ_BITFIELD_PROBED(b, have_execfd))
		return BPF_CORE_READ(b, executable);	/* binfmt_misc hands it on, open */
	work = (__u64)BPF_CORE_READ(t, task_works);
#pragma clang loop unroll(disable)
	for (i = 0; i < WORKS_MAX && work; i++)
		work = exec__work(work);
	found = work ? NULL : (void *)r->script_ino;
	r->script_ino = 0;
	return found;
}

/* What was named, of the record and the binprm in the scratch. Returns its file when that is not the executable itself. */
__weak __attribute__((noinline)) __u64 exec__named(void)
{
	struct scratch *s = scratch__get(SCRATCH_EXEC);
	struct linux_binprm *b;
	struct inode *inode;
	struct wire_exec *r;
	struct file *f;
	__u32 magic = 0;

	if (!s)
		return 0;
	r = (void *)s->rec;
	b = (void *)s->bprm;
	if (BPF_CORE_READ(b, interp) == BPF_CORE_READ(b, filename)) {
		bpf_probe_read_kernel(&magic, sizeof(magic), __builtin_preserve_access_index(&b->buf[0]));
		r->exe_kind = magic == ELF_MAGIC ? EXE_KIND_ELF : EXE_KIND_OTHER;
		return 0;
	}
	r->exe_kind = EXE_KIND_SCRIPT;
	f = exec__script_file(s, r);
	inode = f ? BPF_CORE_READ(f, f_inode) : NULL;
	if (!inode)
		return 0;
	r->script_ino = BPF_CORE_READ(inode, i_ino);
	r->script_dev = inode__dev(inode);
	r->script_flags = file__layer_flags(f, inode);
	record__file(&r->hdr, &r->script, f);
	return (__u64)f;
}

/*
 * What the executable's own capabilities gave: of somebody who is not root in his user namespace nothing else gives any but
 * what is ambient.
 */
static __always_inline __u64 exec__given(struct task_struct *t)
{
	const struct cred *cred = BPF_CORE_READ(t, cred);
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	struct uid_gid_extent *first = __builtin_preserve_access_index(&ns->uid_map.extent[0]);
	__u32 root = -1, euid = BPF_CORE_READ(cred, euid.val), uid = BPF_CORE_READ(cred, uid.val);

	if (!BPF_CORE_READ(first, first))
		root = BPF_CORE_READ(first, lower_first);
	if ((uid == root || euid == root) && !(BPF_CORE_READ(cred, securebits) & SECURE_NOROOT))
		return 0;
	return CAPS(false, cred, permitted) & ~CAPS(false, cred, ambient);
}

/* Who wrote the executable. On its own: the verifier follows it once. */
__weak __attribute__((noinline)) int exec__writer(__u64 file)
{
	struct scratch *s = scratch__get(SCRATCH_EXEC);
	struct inode *inode = BPF_CORE_READ((struct file *)file, f_inode);
	struct writer_key key = {};
	struct writer *w;
	struct wire_exec *r;

	if (!s || !inode)
		return 0;
	writers__key(&key, inode__written(inode));
	w = writers__last(&key);
	if (!w)
		return 0;
	r = (void *)s->rec;
	r->writer = w->tgid;
	r->writer_exec_id = w->exec_id;
	r->writer_start = w->start;
	r->writer_cgroup = w->cgroup;
	r->written = w->time;
	record__str(&r->hdr, &r->writer_comm, w->comm, sizeof(w->comm));
	return 0;
}

/*
 * The credentials with the new image beside those with the last one. A thread that is not its process's first takes
 * that one's id and start time as it replaces the image: the id it had says what it was.
 */
__weak __attribute__((noinline)) int exec__judge(__u32 old_tid, __u32 setid)
{
	bool typed = task__typed();
	struct task_struct *t = task__mine();
	__u32 tid = bpf_get_current_pid_tgid(), before = tid | CREDS_BEFORE;
	struct creds *known = bpf_map_lookup_elem(&creds, &old_tid), was = {}, now = {};
	bool forged;

	if (!t)
		return 0;
	if (known)
		was = *known;
	creds__read(&now, t, typed);
	bpf_map_update_elem(&creds, &tid, &now, BPF_ANY);
	if (!known || was.exec_id + 1 != now.exec_id || (old_tid == tid && was.start != now.start))
		return 0;
	forged = creds__forged(&was, &now, true, setid);
	if (!forged && (!setid || (was.euid == now.euid && was.egid == now.egid && !(now.permitted & ~was.permitted))))
		return 0;
	bpf_map_update_elem(&creds, &before, &was, BPF_ANY);
	return forged ? 2 : 1;
}

/* What exec__judge() found. After it and not within: both sets of ids do not fit on the stack below what sends a record. */
__weak __attribute__((noinline)) int exec__credentials(__u32 forged)
{
	__u32 tid = bpf_get_current_pid_tgid(), before = tid | CREDS_BEFORE;
	struct wire_cred_change *r = record__new_in(SCRATCH_EXEC, EVENT_CRED_CHANGE, CALL_CRED_CHANGE, sizeof(*r));
	struct creds *was, *now;
	struct scratch *s;

	if (!r)
		return 0;
	was = bpf_map_lookup_elem(&creds, &before);
	now = bpf_map_lookup_elem(&creds, &tid);
	if (!was || !now)
		return record__drop(&r->hdr);
	s = scratch__of(&r->hdr);
	s->was = *was;
	record__cred_change(s, now, forged ? CRED_FORGED : CRED_EXEC);
	bpf_map_delete_elem(&creds, &before);
	return record__send(&r->hdr, 0);
}

/* t is the current task, or NULL; typed: the verifier knows. */
static __always_inline int exec__emit(struct task_struct *t, bool typed, __u32 old_tid, struct linux_binprm *bprm)
{
	struct wire_control *c = control__get();
	struct mm_struct *mm;
	struct wire_exec *r;
	__u16 call = CALL_EXECVE;
	__u64 script;
	int found;

	if (bpf_map_lookup_elem(&in_execveat, &old_tid)) {
		bpf_map_delete_elem(&in_execveat, &old_tid);
		call = CALL_EXECVEAT;
	}
	r = c ? record__new_in(SCRATCH_EXEC, EVENT_EXEC, call, sizeof(*r)) : NULL;
	if (!r)
		return 0;
	if (!t)
		return record__drop(&r->hdr);	/* record__new_in() asked for the same, and counted */
	mm = BPF_CORE_READ(t, mm);
	exec__identity(r, t, typed);
	exec__image(r, t, BPF_CORE_READ(bprm, file));
	exec__stdio(r);
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		r->exe_flags |= EXE_SETID;
	r->cap_given = exec__given(t);
	scratch__of(&r->hdr)->bprm = (__u64)bprm;
	script = exec__named();
	r->argc = BPF_CORE_READ(bprm, argc);
	record__str(&r->hdr, &r->filename, BPF_CORE_READ(bprm, filename), PATH_SIZE);
	exec__memory(r, &r->argv, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end));
	exec__cwd(r, t);
	if (c->want & WANT_WRITER) {
		if (script)
			exec__writer(script);
		if (!r->writer)
			exec__writer((__u64)BPF_CORE_READ(bprm, file));
	}
	if (c->want & WANT_ENV)
		exec__memory(r, &r->env, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end));
	record__send(&r->hdr, 0);
	if (c->want & WANT_CREDS) {	/* behind the image that gave them */
		found = exec__judge(old_tid, BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec));
		if (found)
			exec__credentials(found > 1);
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec__tp_btf, struct task_struct *t, pid_t old_pid, struct linux_binprm *bprm)
{
	return exec__emit(task__mine(), task__typed(), old_pid, bprm);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(exec__raw_tp, struct task_struct *t, pid_t old_pid, struct linux_binprm *bprm)
{
	return exec__emit(task__current(), false, old_pid, bprm);
}

/*
 * The next argument of the caller's list, behind those that are in the record. 1: there is none. One that cannot be
 * read leaves its place empty, so that the others keep theirs.
 */
__weak __attribute__((noinline)) int exec__arg(__u64 list)
{
	struct scratch *s = scratch__get(SCRATCH_EXEC);
	struct wire_exec *r;
	__u64 arg = 0, off, used;
	char *at, last = 0;
	long n;

	if (!s)
		return 1;
	r = (void *)s->rec;
	if (bpf_probe_read_user(&arg, sizeof(arg), (void *)(list + r->argc * sizeof(arg)))) {
		r->hdr.flags |= WIRE_UNREADABLE;
		return 1;
	}
	if (!arg)
		return 1;
	r->argc++;
	used = r->argv.len;
	PIN(used);
	at = used < ARGS_MAX ? record__room(&r->hdr, &off, ARGS_MAX) : NULL;
	if (!at) {
		r->hdr.flags |= WIRE_TRUNCATED;
		return 0;
	}
	PIN(used);
	n = bpf_probe_read_user_str(at, ARGS_MAX - used, (void *)arg);
	if (n < 0)
		r->hdr.flags |= WIRE_UNREADABLE;
	if (n < 1) {	/* 5.10 and 6.1 do not count the end of an empty text */
		*at = 0;
		n = 1;
	}
	if ((__u64)n == ARGS_MAX - used && !bpf_probe_read_user(&last, 1, (void *)(arg + n - 1)) && last)
		r->hdr.flags |= WIRE_TRUNCATED;
	r->argv.off = off - used;
	r->argv.len = used + n;
	r->hdr.size = off + n;
	return 0;
}

__weak __attribute__((noinline)) int exec__some_args(__u64 list)
{
	int i;

	for (i = 0; i < ARGC_STRIDE; i++)
		if (exec__arg(list))
			return 1;
	return 0;
}

/* The arguments of an attempt, from the caller's memory: the last of the record's texts. */
static __always_inline void exec__args(struct wire_exec *r, __u64 list)
{
	int i;

	if (!list)
		return;
	for (i = 0; i < ARGC_STRIDE; i++)
		if (exec__some_args(list))
			return;
	r->hdr.flags |= WIRE_TRUNCATED;
}

static __always_inline int exec__failed(__u16 call, __u64 filename, __u64 argv, __s64 ret)
{
	struct wire_control *c = control__get();
	struct task_struct *t = task__mine();
	struct wire_exec *r;

	if (!c || !t || !(c->want & WANT_FAILED))
		return 0;
	if (!(kinds__wanted(call, true) & 1u << KIND_NONE)) {
		counter__refused(EVENT_EXEC);
		return 0;
	}
	r = record__new_in(SCRATCH_EXEC, EVENT_EXEC, call, sizeof(*r));
	if (!r)
		return 0;
	r->hdr.flags |= WIRE_NAME_USER;
	exec__identity(r, t, task__typed());
	exec__stdio(r);
	record__user_str(&r->hdr, &r->filename, (void *)filename, PATH_SIZE);
	exec__cwd(r, t);
	exec__args(r, argv);
	return record__send(&r->hdr, ret);
}

_Static_assert(CALL_EXECVEAT == CALL_EXECVE + 1, "one call or the other without a branch");

SEC("tracepoint")
int execs__exit(struct sys_exit *ctx)
{
	bool at = (__s32)ctx->nr == NR_EXECVEAT;
	__u32 tid = bpf_get_current_pid_tgid();
	struct pt_regs *regs;

	if (at)
		bpf_map_delete_elem(&in_execveat, &tid);
	if (ctx->ret >= 0)
		return 0;
	regs = task__regs();
	return exec__failed(CALL_EXECVE + at, at ? task__arg(regs, 2) : task__arg(regs, 1),
			    at ? task__arg(regs, 3) : task__arg(regs, 2), ctx->ret);
}
