// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Memory
 *
 * Memory that becomes executable, and files that are written by stores: shared
 * mappings that can be written. All other mappings are most of these calls:
 * they end at the first test, before anything is looked up. What the memory
 * is, and whether it was written before, stands in the kernel's own area.
 */
#include "call.h"
#include "compat.h"

#define PROT_WRITE	2
#define PROT_EXEC	4
#define MAP_SHARED	0x01	/* also a bit of MAP_SHARED_VALIDATE */
#define MAP_ANONYMOUS	0x20
#define VM_PROT		0xf	/* read, write, exec, shared */
#define VM_MAYSHARE	0x80	/* also of files that are only open to read */
#define VM_GROWSDOWN	0x100

#define AREA_DEPTH	8
#define NODE_SLOTS	16

/* include/linux/maple_tree.h: enum maple_type, in the low bits of a node's address */
enum { MAPLE_DENSE, MAPLE_LEAF, MAPLE_RANGE, MAPLE_ARANGE };

/*
 * Each of the functions below asks by itself which of the trees this kernel has: before 6.8 the verifier walks them all,
 * also those that nobody calls.
 */
static __always_inline bool maple__there(void)
{
	return bpf_core_field_exists(((struct mm_struct___maple *)0)->mm_mt);
}

/* The slot of a node that an address belongs to. */
__weak __attribute__((noinline)) int maple__slot(__u64 node, __u32 arange, __u64 addr)
{
	__u32 n = arange ? NODE_SLOTS - 6 : NODE_SLOTS;
	__u64 at, pivot;
	__u32 i;

	if (!maple__there())
		return 0;
	at = node + (arange ? bpf_core_field_offset(struct maple_arange_64, pivot) :
			      bpf_core_field_offset(struct maple_range_64, pivot));
	for (i = 0; i < NODE_SLOTS - 1; i++) {
		if (i + 1 >= n)
			break;
		pivot = 0;
		bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)(at + i * sizeof(pivot)));
		if (pivot >= addr || (i && !pivot))
			break;
	}
	return i;
}

/* The area of an address, struct vm_area_struct *; since 6.1 they are in a maple tree. */
__weak __attribute__((noinline)) __u64 maple__find(__u64 mm, __u64 addr)
{
	__u64 at, node, slots;
	__u32 type;
	int i;

	if (!maple__there())
		return 0;
	at = (__u64)BPF_CORE_READ((struct mm_struct___maple *)mm, mm_mt.ma_root);
	if ((at & 3) != 2 || at <= 4096)
		return at;	/* a tree of one, or none */
	for (i = 0; i < AREA_DEPTH; i++) {
		type = at >> 3 & 0xf;
		node = at & ~0xffull;
		slots = node + (type == MAPLE_ARANGE ? bpf_core_field_offset(struct maple_arange_64, slot) :
						       bpf_core_field_offset(struct maple_range_64, slot));
		at = 0;
		bpf_probe_read_kernel(&at, sizeof(at), (void *)(slots + (__u64)maple__slot(node, type == MAPLE_ARANGE, addr) *
								sizeof(at)));
		PIN(at);
		if (type <= MAPLE_LEAF)
			return at;
	}
	return 0;
}

/* Before: in a red-black tree. */
__weak __attribute__((noinline)) __u64 tree__find(__u64 mm, __u64 addr)
{
	struct vm_area_struct *v;
	struct rb_node *n;
	int i;

	if (maple__there())
		return 0;
	n = BPF_CORE_READ((struct mm_struct___tree *)mm, mm_rb.rb_node);
	for (i = 0; i < 40 && n; i++) {
		v = (void *)((char *)n - bpf_core_field_offset(struct vm_area_struct___tree, vm_rb));
		if (BPF_CORE_READ(v, vm_end) <= addr)
			n = BPF_CORE_READ(n, rb_right);
		else if (BPF_CORE_READ(v, vm_start) > addr)
			n = BPF_CORE_READ(n, rb_left);
		else
			return (__u64)v;
	}
	return 0;
}

static __always_inline struct vm_area_struct *area__find(struct mm_struct *mm, __u64 addr)
{
	struct vm_area_struct *v;

	if (maple__there())
		v = (void *)maple__find((__u64)mm, addr);
	else
		v = (void *)tree__find((__u64)mm, addr);
	/* no lock is held: what another thread has changed meanwhile is not taken for something else */
	if (!v || BPF_CORE_READ(v, vm_start) > addr || BPF_CORE_READ(v, vm_end) <= addr)
		return NULL;
	return v;
}

/* A memory file that memfd_create made. */
static __always_inline bool file__named(struct file *f)
{
	char name[6] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(f, f_path.dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[5] == ':';
}

static __always_inline __u32 area__region(struct mm_struct *mm, struct vm_area_struct *v, struct file *f)
{
	__u64 start = BPF_CORE_READ(v, vm_start), end = BPF_CORE_READ(v, vm_end), sp, stack;

	if (f && file__memory(f))	/* shared memory without a name is kept in a file as well */
		return file__named(f) ? REGION_MEMFD : REGION_ANON;
	if (f)
		return REGION_FILE;
	if (start <= BPF_CORE_READ(mm, brk) && end >= BPF_CORE_READ(mm, start_brk))
		return REGION_HEAP;
	if (BPF_CORE_READ(v, vm_flags) & VM_GROWSDOWN)	/* also a piece that was split from it */
		return REGION_STACK;
	stack = BPF_CORE_READ(mm, start_stack);
	sp = BPF_CORE_READ(task__regs(), sp);	/* of a thread: its own */
	return (start <= stack && stack < end) || (start <= sp && sp < end) ? REGION_STACK : REGION_ANON;
}

/* The area that the call was about. A global function: the verifier walks the trees once. */
__weak __attribute__((noinline)) __u64 memory__at(__u64 addr)
{
	struct mm_struct *mm = BPF_CORE_READ(task__current(), mm);

	return mm ? (__u64)area__find(mm, addr) : 0;
}

/* Memory of a file that others see as well; what is shared without a name is a file only for the kernel. */
static __always_inline bool area__shares_file(struct vm_area_struct *v)
{
	struct file *f = v && BPF_CORE_READ(v, vm_flags) & VM_MAYSHARE ? BPF_CORE_READ(v, vm_file) : NULL;

	return f && (!file__memory(f) || file__named(f));
}

/* An argument of the call at hand, by a constant number. The oldest 32-bit mmap has them in the caller's memory, in that order. */
#ifdef ENTRY32
static __always_inline __u32 mmap__given(__u32 n)
{
	__u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)(task__arg_now(1) + (n - 1) * sizeof(v)));
	return v;
}

#define memory__arg(n) (task__nr_now() == NR32_MMAP ? (__u64)mmap__given(n) : task__arg_now(n))
#else
#define memory__arg(n) task__arg_now(n)
#endif

/* Where in the file: in bytes, but of mmap2 in pages. */
static __always_inline __u64 mmap__offset(void)
{
#ifdef ENTRY32
	if (task__nr_now() != NR32_MMAP)
		return task__arg_now(6) << 12;
#endif
	return memory__arg(6);
}

/* mmap of what others see as well, and that has a file. */
static __always_inline bool memory__maps_shared(void)
{
	__u32 flags = memory__arg(4);

	return flags & MAP_SHARED && !(flags & MAP_ANONYMOUS);
}

static __always_inline void memory__area(struct wire_memory *r)
{
	struct mm_struct *mm = BPF_CORE_READ(task__current(), mm);
	struct vm_area_struct *v = (void *)memory__at(r->addr);
	struct file *f;

	if (!v)
		return;
	f = BPF_CORE_READ(v, vm_file);
	r->area = (BPF_CORE_READ(v, vm_flags) & VM_PROT) | (BPF_CORE_READ(v, anon_vma) ? AREA_WRITTEN : 0);
	r->region = area__region(mm, v, f);
	record__file(&r->hdr, &r->file, f);
}

static __always_inline int memory__report(__s32 nr, __s64 ret)
{
	__u32 prot = memory__arg(3);
	struct wire_memory *r;
	__u32 kinds;
	__u16 call;
	bool failed;

	if (!(prot & PROT_EXEC) && !(prot & PROT_WRITE && (nr != NR_MMAP || memory__maps_shared())))
		return 0;
	call = nr == NR_MMAP ? CALL_MMAP : nr == NR_MPROTECT ? CALL_MPROTECT : CALL_PKEY_MPROTECT;
	failed = ret < 0 && ret >= -4095;
	/* of these rights, whatever region it is */
	kinds = prot & ~7u ? 1u << KIND_OTHER : (prot & PROT_EXEC ? 0x111111u : 1u << KIND_SHARED) << (prot & 3);
	if (!(call__kinds(call, failed) & kinds)) {
		if (prot & PROT_EXEC)	/* the others are most of all mappings: not counted */
			counter__refused(EVENT_MEMORY);
		return 0;
	}
	if (!(prot & PROT_EXEC) && nr != NR_MMAP && !area__shares_file((void *)memory__at(memory__arg(1))))
		return 0;
	r = record__new(EVENT_MEMORY, call, sizeof(*r));
	if (!r)
		return 0;
	r->addr = nr == NR_MMAP && !failed ? (__u64)ret : memory__arg(1);
	r->length = memory__arg(2);
	r->prot = prot;
	r->fd = r->pkey = -1;
	if (nr == NR_MMAP) {
		r->flags = memory__arg(4);
		r->fd = memory__arg(5);
		r->offset = mmap__offset();
	} else if (nr == NR_PKEY_MPROTECT) {
		r->pkey = memory__arg(4);
	}
	if (nr != NR_MMAP || !failed)
		memory__area(r);
	return record__send_kind(&r->hdr, ret, failed, kind__memory(r->region, prot));
}

#ifndef ENTRY32
SEC("tracepoint")
int memory__exit(struct sys_exit *ctx)
{
	return memory__report(ctx->nr, ctx->ret);
}
#endif
