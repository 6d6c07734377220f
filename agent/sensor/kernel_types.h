/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel types
 *
 * For each type that the probes name libbpf looks through all of the kernel's,
 * some hundred thousand. So it gets those of the wanted names alone, with what
 * lies in them by value; what they point to it does not need for relocations.
 */
#ifndef SENSOR_KERNEL_TYPES_H
#define SENSOR_KERNEL_TYPES_H

#include <stddef.h>
#include <stdint.h>

struct btf;

/*
 * A memory file with the types of the kernel (raw, n bytes of BTF) that have names of structs, unions, enumerations or
 * typedefs in wanted. Its descriptor, or -errno: -EPROTO for what is not understood; libbpf then reads the kernel's own.
 * *task: the number that struct task_struct has in raw, 0 where the kernel has no cast to it, or no need of one.
 */
int kernel_types_slim(const void *raw, size_t n, const struct btf *wanted, uint32_t *task);

/* The same of the running kernel's. */
int kernel_types(const struct btf *wanted, uint32_t *task);

#endif
