/* SPDX-License-Identifier: Apache-2.0 */
/* Bits and values that have names: the kernel's numbers as the original's, and those as texts. */
#include "rule/field_arg.h"
#include <fcntl.h>

#define KERNEL_LARGEFILE 0100000	/* the C library's O_LARGEFILE is 0 on 64-bit machines */

/* Where the original numbers otherwise than the kernel: {kernel, original}, ended by {0, 0}. */
struct renumber {
	uint32_t kernel, ours;
};

/* Without the access mode, which is no bit. */
static const struct renumber file_bits[] = {{O_CREAT, 4}, {O_APPEND, 8}, {O_DSYNC, 0x10}, {O_EXCL, 0x20}, {O_NONBLOCK, 0x40},
	{O_SYNC, 0x80}, {O_TRUNC, 0x100}, {O_DIRECT, 0x200}, {O_DIRECTORY, 0x400}, {KERNEL_LARGEFILE, 0x800},
	{O_CLOEXEC, 0x1000}, {O_TMPFILE, 0x2000}, {}};
static const struct renumber resolve_bits[] = {{0x08, 1}, {0x10, 2}, {0x02, 4}, {0x04, 8}, {0x01, 16}, {0x20, 32}, {}};
static const struct renumber at_bits[] = {{AT_SYMLINK_NOFOLLOW, 0x400}, {AT_EMPTY_PATH, 0x1000}, {}};
/* CLONE_NEWTIME, the last, has no number in the original. */
static const struct renumber clone_bits[] = {{0x400, 1 << 0}, {0x200, 1 << 1}, {0x80000000, 1 << 2}, {0x8000000, 1 << 3},
	{0x40000000, 1 << 4}, {0x20000, 1 << 5}, {0x20000000, 1 << 6}, {0x4000000, 1 << 7}, {0x8000, 1 << 8},
	{0x100000, 1 << 9}, {0x2000, 1 << 10}, {0x800, 1 << 11}, {0x40000, 1 << 12}, {0x10000, 1 << 13}, {0x800000, 1 << 14},
	{0x100, 1 << 15}, {0x10000000, 1 << 20}, {0x200000, 1 << 23}, {0x1000000, 1 << 24}, {0x80000, 1 << 25},
	{0x4000, 1 << 27}, {0x2000000, 1 << 28}, {0x80, 1u << 31}, {}};
static const struct renumber mmap_bits[] = {{0x01, 1}, {0x02, 2}, {0x10, 4}, {0x20, 8}, {0x40, 16}, {0x4000, 0x40},
	{0x8000, 0x80}, {0x10000, 0x100}, {0x100, 0x200}, {0x800, 0x400}, {0x1000, 0x800}, {0x2000, 0x4000}, {}};
static const struct renumber delete_module_bits[] = {{O_NONBLOCK, 2}, {O_TRUNC, 1}, {}};
static const struct renumber uring_bits[] = {{1, 1}, {2, 2}, {4, 8}, {8, 16}, {16, 32}, {32, 0x40}, {64, 0x80}, {}};
static const struct renumber ptrace_values[] = {{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 8}, {8, 9}, {9, 10},
	{12, 26}, {13, 27}, {14, 28}, {15, 29}, {16, 11}, {17, 12}, {18, 30}, {19, 31}, {21, 32}, {24, 13}, {25, 33},
	{26, 34}, {30, 35}, {31, 36}, {32, 37}, {33, 38}, {0x4200, 14}, {0x4201, 15}, {0x4202, 16}, {0x4203, 17},
	{0x4204, 18}, {0x4205, 19}, {0x4206, 20}, {0x4207, 21}, {0x4208, 22}, {0x4209, 23}, {0x420a, 24}, {0x420b, 25}, {}};

static const struct renumber fcntl_values[] = {{F_DUPFD_CLOEXEC, 26}, {}};

static const struct renumber *renumbered(enum words table)
{
	switch (table) {
	case WORDS_file:
		return file_bits;
	case WORDS_openat2:
		return resolve_bits;
	case WORDS_fchownat:
		return at_bits;
	case WORDS_clone:
		return clone_bits;
	case WORDS_mmap:
		return mmap_bits;
	case WORDS_delete_module:
		return delete_module_bits;
	case WORDS_io_uring_setup:
		return uring_bits;
	case WORDS_ptrace_requests:
		return ptrace_values;
	case WORDS_fcntl_commands:
		return fcntl_values;
	default:
		return NULL;
	}
}

/* One of several bits needs all of them. */
uint64_t words_bits_of(enum words table, uint64_t kernel)
{
	const struct renumber *m = renumbered(table);
	uint64_t r = 0;

	if (!m)
		return kernel;
	for (; m->kernel; m++)
		r |= (kernel & m->kernel) == m->kernel ? m->ours : 0;
	return r;
}

/* The original has 0 for requests and commands it does not know, and 1 for the kernel's 0: "trace me", F_DUPFD. */
uint64_t words_value_of(enum words table, uint64_t kernel)
{
	const struct renumber *m = renumbered(table);

	if (!m)
		return kernel;
	if (!kernel)
		return 1;
	while (m->kernel && m->kernel != kernel)
		m++;
	return m->kernel ? m->ours : kernel;
}

static int put_unnamed(struct text *t, struct value *v, uint64_t n)
{
	if (t->s->used == t->start)
		text_uint(t, n);
	return put_str(v, text_view(t));
}

/* Joined by '|'; a set none of whose bits has a name goes as a number. */
int put_bits(const struct field_get *g, struct value *v, enum words table, uint64_t set)
{
	struct words_walk w = words_bits(table, WORDS_ALL, set);
	struct text t = text_begin(g->s);
	const char *name;

	while ((name = words_next(&w))) {
		if (t.s->used > t.start)
			text_char(&t, '|');
		text_puts(&t, name);
	}
	return put_unnamed(&t, v, set);
}

int put_named(const struct field_get *g, struct value *v, enum words table, uint64_t n)
{
	struct words_walk w = words_value(table, WORDS_ALL, n);
	const char *name = words_next(&w);
	struct text t = text_begin(g->s);

	if (name)
		text_puts(&t, name);
	return put_unnamed(&t, v, n);
}
