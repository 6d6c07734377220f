/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Entry
 *
 * By which way a call came into the kernel, and where what it asked for lies: in the caller's registers, 64-bit or
 * 32-bit, or in a request of io_uring. Those that report calls take it as one number, `via`, so that every way
 * leads to the same event.
 *
 * What a request asks for is copied when it is submitted: the kernel frees the texts before it says that the request
 * is done.
 */
#ifndef PROBES_ENTRY_H
#define PROBES_ENTRY_H

#include "call.h"
#include "compat.h"
#include "fd.h"
#include "kernel.h"
#include "record.h"
#include "task.h"

/* Else the address of a request, struct io_kiocb. */
enum via { VIA_CALL, VIA_COMPAT, VIA_SOCKETCALL, VIA_WAYS };

#define ASKED_MAX	1024
#define ASKED_TEXT	256	/* longer ones have a map of their own: there are few */
#define ASKED_LONG_MAX	64
#define ASKED_TEXTS	2
#define ASKED_ARGS	5
#define ASKED_VALUE	192	/* of an extended attribute: behind its name, in the second text */
#define ASKED_VALUE_MAX	(ASKED_TEXT - ASKED_VALUE)

/* A request of io_uring in flight, in the form of the call that does the same: a path argument is the text's index. */
struct asked {
	__u64 arg[ASKED_ARGS];
	__u32 len[ASKED_TEXTS];
	__u32 slot;		/* of the ring's own table that the new file goes to, + 1; 0: to a descriptor */
	__u8 done;		/* reported already */
	__u8 user;		/* the text is the caller's memory, not what the kernel has copied */
	__u8 unseen;		/* nothing of what it made can be seen yet */
	__u8 pad;
	char text[ASKED_TEXTS][ASKED_TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);	/* some requests end without a word */
	__uint(max_entries, ASKED_MAX);
	__type(key, __u64);
	__type(value, struct asked);
} asked __weak SEC(".maps");

/* By request + index of the text: requests lie more than that apart. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ASKED_LONG_MAX);
	__type(key, __u64);
	__type(value, char[PATH_SIZE]);
} asked_long __weak SEC(".maps");

/* The ways besides calls that have been seen to be reported by programs of their own. */
enum way { WAY_COMPAT, WAY_REQUEST, WAYS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WAYS);
	__type(key, __u32);
	__type(value, __u32);
} ways __weak SEC(".maps");

static __always_inline bool way__reports(__u32 way)
{
	__u32 *at = bpf_map_lookup_elem(&ways, &way);

	return at && *at;
}

static __always_inline void way__report(__u32 way)
{
	__u32 *at = bpf_map_lookup_elem(&ways, &way);

	if (at && !*at)
		*at = 1;
}

static __always_inline struct asked *asked__get(__u64 req)
{
	return bpf_map_lookup_elem(&asked, &req);
}

static __always_inline __u64 asked__arg(__u64 req, __u64 n)
{
	struct asked *a = asked__get(req);

	PIN(n);
	return a && n < ASKED_ARGS ? a->arg[n] : 0;
}

/* One argument by its number, a constant or not, from registers of those names. */
#define REGS_ARG(regs, n, a1, a2, a3, a4, a5)							\
	((n) == 1 ? (__u64)BPF_CORE_READ(regs, a1) : (n) == 2 ? (__u64)BPF_CORE_READ(regs, a2) :	\
	 (n) == 3 ? (__u64)BPF_CORE_READ(regs, a3) : (n) == 4 ? (__u64)BPF_CORE_READ(regs, a4) :	\
		    (__u64)BPF_CORE_READ(regs, a5))

#if defined(__TARGET_ARCH_x86)
/* One call for all that sockets can do; its arguments lie in the caller's memory. */
static __always_inline __u64 socketcall__arg(__u32 n)
{
	__u64 args = (__u32)BPF_CORE_READ(task__regs(), cx);
	__u32 arg = 0;

	bpf_probe_read_user(&arg, sizeof(arg), (void *)(args + (n - 1) * sizeof(arg)));
	return arg;
}

static __always_inline __u64 compat__arg(__u64 via, __u32 n)
{
	return via == VIA_SOCKETCALL ? socketcall__arg(n) : (__u32)REGS_ARG(task__regs(), n, bx, cx, dx, si, di);
}
static __always_inline __u64 compat__sixth(__u64 via)
{
	return via == VIA_SOCKETCALL ? socketcall__arg(6) : (__u32)BPF_CORE_READ(task__regs(), bp);
}
#else
static __always_inline __u64 compat__arg(__u64 via, __u32 n)
{
	return 0;
}

static __always_inline __u64 compat__sixth(__u64 via)
{
	return 0;
}
#endif

/*
 * Argument n, from 1 to 5, of the call at hand. A global function: where it is used the verifier sees a number, and not
 * each way in once more for each argument.
 */
__weak __attribute__((noinline)) __u64 entry__arg(__u64 via, __u32 n)
{
	if (via == VIA_CALL)
		return REGS_ARG(task__regs(), n, REG_ARG1, REG_ARG2, REG_ARG3, REG_ARG4, REG_ARG5);
	if (via < VIA_WAYS)
		return compat__arg(via, n);
	return asked__arg(via, n - 1);
}

#define SQE_FIXED_FILE		(1u << 0)	/* a request's flags begin with those it was submitted with */
#define SQE_CQE_SKIP_SUCCESS	(1u << 6)	/* since 5.17 */

/* Operations of io_uring: include/uapi/linux/io_uring.h. */
enum io_op {
	IO_ACCEPT = 13, IO_CONNECT = 16, IO_FALLOCATE, IO_OPENAT, IO_CLOSE, IO_FILES_UPDATE, IO_OPENAT2 = 28, IO_RENAMEAT = 35,
	IO_UNLINKAT, IO_MKDIRAT, IO_SYMLINKAT, IO_LINKAT, IO_MSG_RING, IO_FSETXATTR, IO_SETXATTR, IO_SOCKET = 45,
	IO_FIXED_FD_INSTALL = 54, IO_FTRUNCATE, IO_BIND, IO_LISTEN,
};

/* The number of the call that does what a request does; < 0: none that is reported. */
static __always_inline __s32 op__nr(__u8 op)
{
	switch (op) {
	case IO_ACCEPT:		return NR_ACCEPT4;
	case IO_CONNECT:	return NR_CONNECT;
	case IO_OPENAT:		return NR_OPENAT;
	case IO_OPENAT2:	return NR_OPENAT2;
	case IO_RENAMEAT:	return NR_RENAMEAT2;
	case IO_UNLINKAT:	return NR_UNLINKAT;
	case IO_MKDIRAT:	return NR_MKDIRAT;
	case IO_SETXATTR:	return NR_SETXATTR;
	case IO_SYMLINKAT:	return NR_SYMLINKAT;
	case IO_LINKAT:		return NR_LINKAT;
	case IO_SOCKET:		return NR_SOCKET;
	case IO_BIND:		return NR_BIND;
	case IO_LISTEN:		return NR_LISTEN;
	}
	return -1;
}

static __always_inline __u16 op__call(__u8 op)
{
	switch (op) {
	case IO_ACCEPT:		return CALL_ACCEPT4;
	case IO_CONNECT:	return CALL_CONNECT;
	case IO_OPENAT:		return CALL_OPENAT;
	case IO_OPENAT2:	return CALL_OPENAT2;
	case IO_RENAMEAT:	return CALL_RENAMEAT2;
	case IO_UNLINKAT:	return CALL_UNLINKAT;
	case IO_SYMLINKAT:	return CALL_SYMLINKAT;
	case IO_LINKAT:		return CALL_LINKAT;
	case IO_SOCKET:		return CALL_SOCKET;
	case IO_BIND:		return CALL_BIND;
	case IO_LISTEN:		return CALL_LISTEN;
	}
	return CALL_NONE;
}

static __always_inline __s32 request__nr(struct io_kiocb *req)
{
	return op__nr(BPF_CORE_READ(req, opcode));
}

/* Whose call it is: of a request that ends in a worker, or in any thread at all, who submitted it. */
static __always_inline struct task_struct *request__task(struct io_kiocb *req)
{
	if (bpf_core_field_exists(req->tctx) && bpf_core_field_exists(req->tctx->task))
		return BPF_CORE_READ(req, tctx, task);
	return BPF_CORE_READ((struct io_kiocb___task *)req, task);
}

static __always_inline struct task_struct *entry__task(__u64 via)
{
	return via < VIA_WAYS ? task__current() : request__task((struct io_kiocb *)via);
}

/* A file of a ring's own table. */
static __always_inline struct file *ring__file(struct io_ring_ctx *ctx, __u32 slot)
{
	struct io_file_table *t = __builtin_preserve_access_index(&ctx->file_table);
	struct io_rsrc_node **nodes, *node = NULL;
	struct io_fixed_file *files;
	unsigned long at = 0;

	if (bpf_core_field_exists(t->data)) {
		if (slot >= BPF_CORE_READ(t, data.nr))
			return NULL;
		nodes = BPF_CORE_READ(t, data.nodes);
		bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
		at = node ? BPF_CORE_READ(node, file_ptr) : 0;
	} else if (bpf_core_field_exists(((struct io_file_table___files *)t)->files)) {
		files = BPF_CORE_READ((struct io_file_table___files *)t, files);
		bpf_probe_read_kernel(&at, sizeof(at), (void *)files + slot * bpf_core_type_size(struct io_fixed_file));
	}
	return (void *)(at & ~7ul);	/* below are marks */
}

/* The file that the call at hand has made. */
static __always_inline struct file *entry__made(__u64 via, __s64 ret)
{
	struct asked *a = via < VIA_WAYS ? NULL : asked__get(via);

	if (ret < 0)
		return NULL;
	if (a && a->unseen)
		return NULL;
	if (!a || !a->slot)
		return fd__file(entry__task(via), ret);
	return ring__file(BPF_CORE_READ((struct io_kiocb *)via, ctx), a->slot == ~0u ? ret : a->slot - 1);
}

/* A record of the call at hand. NULL: refused or lost, and counted. */
static __always_inline void *entry__new(__u64 via, __u16 type, __u16 call, __u32 size)
{
	bool begun = via < VIA_WAYS ? record__start(SCRATCH_TASK, type, call) :
				      record__start_of((__u64)entry__task(via), type, call);
	struct wire_hdr *h = begun ? record__begun(SCRATCH_TASK, size) : NULL;

	if (h && via != VIA_CALL)
		h->flags |= via < VIA_WAYS ? WIRE_COMPAT : WIRE_IO_URING;
	return h;
}

/* As call__wanted_as(). Who made a request is not the task that ends it. */
static __always_inline bool entry__wanted_as(__u64 via, __u32 type, __u32 call, bool failed, __u32 kinds)
{
	struct wire_control *c;

	if (via < VIA_WAYS)
		return call__wanted_as(type, call, failed, kinds);
	c = control__get();
	if (c && control__wants(c, call) && (!failed || c->want & WANT_FAILED) && kinds__wanted_of_any(c, call, failed) & kinds)
		return true;
	counter__refused(type);
	return false;
}

/* What a request keeps of its own; 0 where this kernel has no such thing. */
#define OF(type, req, member) \
	(bpf_core_field_exists(((struct type *)(req))->member) ? BPF_CORE_READ((struct type *)(req), member) : 0)

/* A path of it, struct filename *: since 7.0 one that is only completed when the request gets to it, but has its text. */
#define NAME_OF(type, req, member)									\
	(bpf_core_field_exists(((struct type##___delayed *)(req))->member.__incomplete_filename) ?	\
		 BPF_CORE_READ((struct type##___delayed *)(req), member.__incomplete_filename) :	\
		 (struct filename *)OF(type, req, member))

/* Keeps a text of a request, before it is freed. */
static __always_inline void asked__text(struct asked *a, __u64 req, __u64 which, struct filename *name)
{
	const char *text = name ? BPF_CORE_READ(name, name) : NULL;
	__u64 key = req + which;
	struct scratch *s;
	long n;

	n = bpf_probe_read_kernel_str(a->text[which], ASKED_TEXT, text);
	a->len[which] = n > 0 ? n : 0;
	if (n < ASKED_TEXT)
		return;
	s = scratch__claim(SCRATCH_TASK, NULL, NULL);
	if (!s)
		return;
	bpf_probe_read_kernel_str(s->rec, PATH_SIZE, text);
	bpf_map_update_elem(&asked_long, &key, s->rec, BPF_ANY);
	scratch__release(s);
}

/* The copy of a request's text, in memory of the kernel. NULL: it is not known any more. */
static __always_inline const char *request__text(__u64 req, __u64 text)
{
	__u64 which = text & (ASKED_TEXTS - 1), key = req + which;
	struct asked *a = asked__get(req);

	if (!a)
		return NULL;
	return a->len[which] < ASKED_TEXT ? a->text[which] : bpf_map_lookup_elem(&asked_long, &key);
}

/* What a path argument says, to any place of n bytes, a constant. The length with its NUL, or < 0. */
#define entry__read(via, dst, n, src)								\
	((via) < VIA_WAYS ? bpf_probe_read_user_str(dst, n, (void *)(src)) :			\
			    bpf_probe_read_kernel_str(dst, n, request__text(via, src)))

/* The same, at the end of the record of the current task; as record__take_walk(). */
__weak __attribute__((noinline)) __u32 entry__take_text(__u64 via, __u64 src)
{
	struct scratch *s = scratch__get(SCRATCH_TASK);
	struct wire_blob b = {};
	struct wire_hdr *h;
	const char *text;

	if (!s)
		return 0;
	h = (void *)s->rec;
	if (via < VIA_WAYS) {
		record__user_str(h, &b, (void *)src, PATH_SIZE);
	} else {
		text = request__text(via, src);
		if (text)
			record__str(h, &b, text, PATH_SIZE);
		else
			h->flags |= WIRE_UNREADABLE;
	}
	return b.off | (__u32)b.len << 16;
}

static __always_inline void entry__text(__u64 via, struct wire_blob *b, __u64 src)
{
	*b = blob__of(entry__take_text(via, src));
}

static __always_inline char entry__first(__u64 via, __u64 src)
{
	char first[2] = {};

	entry__read(via, first, sizeof(first), src);
	return first[0];
}

/* The request that a worker of io_uring is at, struct io_kiocb *, or 0. */
static __always_inline __u64 worker__request(struct task_struct *t)
{
	struct io_worker *worker;
	struct io_wq_work *work;

	if (!bpf_core_field_exists(t->worker_private))	/* before 5.12 */
		return 0;
	worker = BPF_CORE_READ(t, worker_private);
	work = worker ? BPF_CORE_READ(worker, cur_work) : NULL;
	return work ? (__u64)work - bpf_core_field_offset(struct io_kiocb, work) : 0;
}

#endif
