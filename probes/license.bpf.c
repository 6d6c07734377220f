// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The licence of the linked object, once: helpers that read kernel memory ask for one compatible with the GPL. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";
