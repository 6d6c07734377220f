// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * BPF
 *
 * What others do with BPF. Of what was made, or is used by a descriptor, the
 * kernel's own object tells type and name; of an attempt that failed, the
 * caller's text. Reading and writing elements of maps is data, and refused
 * before anything is looked up.
 */
#include "call.h"
#include "compat.h"

#define BPF_NAME	16

/* Places in union bpf_attr (include/uapi/linux/bpf.h). */
#define ATTR_MAP_NAME		28
#define ATTR_PROG_NAME		48
#define ATTR_PROG_EXPECTED	68

static __always_inline bool bpf__element(__u32 cmd)
{
	return (cmd >= BPF_MAP_LOOKUP_ELEM && cmd <= BPF_MAP_GET_NEXT_KEY) || cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM ||
	       (cmd >= BPF_MAP_LOOKUP_BATCH && cmd <= BPF_MAP_DELETE_BATCH);
}

static __always_inline __u32 attr__u32(const char *attr, __u32 off)
{
	__u32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), attr + off);
	return v;
}

static __always_inline void bpf__text(struct wire_bpf *r, const char *attr)
{
	__u64 p = 0;

	bpf_probe_read_user(&p, sizeof(p), attr);
	if (p)
		record__user_str(&r->hdr, &r->text, (void *)p, PATH_SIZE);
}

/* The program behind a descriptor. */
static __always_inline void bpf__prog(struct wire_bpf *r, __s32 fd)
{
	struct bpf_prog *prog = file__private(fd__file(task__current(), fd), "bpf-pro");
	struct bpf_prog_aux *aux;
	const char *func;

	if (!prog)
		return;
	r->prog_type = BPF_CORE_READ(prog, type);
	if (!r->attach_type)
		r->attach_type = BPF_CORE_READ(prog, expected_attach_type);
	aux = BPF_CORE_READ(prog, aux);
	record__str(&r->hdr, &r->name, __builtin_preserve_access_index(&aux->name), BPF_NAME);
	func = BPF_CORE_READ(aux, attach_func_name);
	if (func && !r->text.len)
		record__str(&r->hdr, &r->text, func, 256);
}

static __always_inline void bpf__load(struct wire_bpf *r, const char *attr, __s64 ret)
{
	if (ret >= 0) {
		bpf__prog(r, ret);
		return;
	}
	r->prog_type = attr__u32(attr, 0);
	r->attach_type = attr__u32(attr, ATTR_PROG_EXPECTED);
	record__user_str(&r->hdr, &r->name, attr + ATTR_PROG_NAME, BPF_NAME);
}

static __always_inline void bpf__create(struct wire_bpf *r, const char *attr, __s64 ret)
{
	struct bpf_map *map = ret >= 0 ? file__private(fd__file(task__current(), ret), "bpf-map") : NULL;

	if (map) {
		r->map_type = BPF_CORE_READ(map, map_type);
		record__str(&r->hdr, &r->name, __builtin_preserve_access_index(&map->name), BPF_NAME);
		return;
	}
	r->map_type = attr__u32(attr, 0);
	record__user_str(&r->hdr, &r->name, attr + ATTR_MAP_NAME, BPF_NAME);
}

static __always_inline int bpf__report(__s32 nr, __s64 ret)
{
	__u32 cmd = task__arg_now(1);
	struct wire_bpf *r;
	const char *attr;

	if (bpf__element(cmd) || !call__wanted_kind(EVENT_BPF, CALL_BPF, ret < 0, kind__number(cmd)))
		return 0;
	r = record__new(EVENT_BPF, CALL_BPF, sizeof(*r));
	if (!r)
		return 0;
	r->cmd = cmd;
	attr = (const char *)CALL_ARG(2);
	switch (cmd) {
	case BPF_PROG_LOAD:
		bpf__load(r, attr, ret);
		break;
	case BPF_MAP_CREATE:
		bpf__create(r, attr, ret);
		break;
	case BPF_OBJ_PIN:
	case BPF_OBJ_GET:
		bpf__text(r, attr);
		break;
	case BPF_RAW_TRACEPOINT_OPEN:
		bpf__text(r, attr);
		bpf__prog(r, attr__u32(attr, 8));
		break;
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
		r->attach_type = attr__u32(attr, 8);
		bpf__prog(r, attr__u32(attr, 4));
		break;
	case BPF_LINK_CREATE:
		r->attach_type = attr__u32(attr, 8);
		bpf__prog(r, attr__u32(attr, 0));
		break;
	}
	return record__send(&r->hdr, ret);
}

#ifndef ENTRY32
SEC("tracepoint/syscalls/sys_exit_bpf")
int bpf__exit(struct sys_exit *ctx)
{
	return bpf__report(ctx->nr, ctx->ret);
}
#endif
