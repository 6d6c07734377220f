/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host
 *
 * Cheap questions to the kernel before anything is loaded: is it new enough, do
 * we have the right, does a hook exist? Asking costs microseconds; a refused
 * load costs libbpf's whole reading of the kernel's BTF once more.
 */
#ifndef SENSOR_HOST_H
#define SENSOR_HOST_H

#include <stdbool.h>
#include <stddef.h>

bool host_older_than(unsigned int major, unsigned int minor);

/* 0 when probes can be loaded at all, else -EPERM or -ENOTSUP with what is missing and the remedy. */
int host_check(char error[512]);

/*
 * Makes sure that tracefs is there; where it is not, it is mounted in a mount namespace of our own. False, with
 * the reason, when that failed: then no per-call tracepoint can be attached.
 */
bool host_tracefs(char reason[200]);

/* The root of the cgroup v2 hierarchy, opened; where none is mounted, a mount of our own. -errno when there is none. */
int host_cgroup2(void);

/* Whether the tracepoint exists. category NULL: any. Only after host_tracefs() was true. */
bool host_tracepoint(const char *category, const char *name);

/* Whether a program here can enter the kernel by int $0x80: tried once, by a child that may die of it. */
bool host_ia32(void);

/* Whether io_uring is there and not switched off for everybody. */
bool host_uring(void);

/* Whether the kernel tells which inode a call is at work on: probes/file_path.bpf.c. */
bool host_sights(void);

/*
 * Whether programs may be attached to functions of the kernel (fentry): tried with an empty one, once. False with the
 * reason: some hosts forbid it, or have no trampolines.
 */
bool host_functions(char reason[200]);

#endif
