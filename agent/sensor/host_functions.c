/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this kernel takes programs at its functions. Asked of the kernel by a program that does nothing: where it is
 * not allowed that costs one call, not the refusal of every program that would stand there.
 */
#include "sensor/host.h"
#include "util/cleanup.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>

#define FUNCTION	"notify_change"	/* one of those it is for; every kernel has it */

static int try_function(const char **what)
{
	/* r0 = 0; exit */
	const struct bpf_insn nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = libbpf_find_vmlinux_btf_id(FUNCTION, BPF_TRACE_FENTRY);
	_cleanup_(closep) int program = -1, link = -1;

	*what = "types of the kernel";
	if (id < 0)
		return id;
	opts.attach_btf_id = (__u32)id;
	*what = "load";
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", nothing, ARRAY_SIZE(nothing), &opts);
	if (program < 0)
		return program;
	*what = "attach";
	link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? link : 0;
}

bool host_functions(char reason[200])
{
	static int known = 1;	/* 0 or -errno */
	static const char *what;

	if (known > 0)
		known = try_function(&what);
	if (known < 0)
		snprintf(reason, 200, "this host takes no programs at functions of the kernel: %s: %s", what,
			 known == -524 ? "not supported" : strerror(-known));	/* ENOTSUPP has no text */
	return known == 0;
}
