// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The one place that calls a function of the kernel's: bpftool links no more than one object that names it. */
#include "kernel.h"
#include "task.h"

extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;	/* since 6.2 */

/* Hidden: to the verifier it is part of its caller, or it could not return what it knows the type of. */
__hidden __attribute__((noinline)) struct task_struct *task__cast(struct task_struct *t)
{
	return bpf_rdonly_cast(t, task_type);
}
