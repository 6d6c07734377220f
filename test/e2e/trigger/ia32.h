/* SPDX-License-Identifier: Apache-2.0 */
/* Into the kernel as a 32-bit program does (int $0x80), from a 64-bit one: with arguments in memory that 32-bit pointers reach. */
#ifndef TRIGGER_IA32_H
#define TRIGGER_IA32_H

#include "truth.h"
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

static char *low;	/* memory that 32-bit pointers reach */
static size_t used;

#define LOW_SIZE	(1 << 16)

static inline long enter6(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f)
{
#ifdef __x86_64__
	register uintptr_t sixth __asm__("r12") = f;

	__asm__ volatile("subq $128, %%rsp\n\tpushq %%rbp\n\tmovq %%r12, %%rbp\n\tint $0x80\n\tpopq %%rbp\n\taddq $128, %%rsp"
			 : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(sixth) : "memory", "r8", "r9", "r10", "r11");
	return (int)nr;
#else
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)nr;
	return -ENOSYS;
#endif
}

static inline long enter(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	return enter6(nr, a, b, c, d, 0, 0);
}

/* Whether there is such an entry here. */
static inline int reachable(void)
{
	enum { GETPID = 20 };
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(enter(GETPID, 0, 0, 0, 0) == getpid() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static inline void low_begin(void)
{
#ifdef MAP_32BIT
	low = mmap(NULL, LOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#endif
	must(low && low != MAP_FAILED, "mmap");
}

static inline void *keep(const void *p, size_t n)
{
	char *at = low + used;

	must(used + n + 16 <= LOW_SIZE, "room for arguments");
	used += (n + 15) & ~15ul;
	return memcpy(at, p, n);
}

#endif
