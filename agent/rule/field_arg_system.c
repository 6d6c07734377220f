/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of calls that are told by what they are given: mounts, other
 * processes, signals, executable memory, BPF, the kernel. Their numbers are
 * the kernel's in the record; what they are called and numbered
 * in the original is field_words.c's.
 */
#include "event/event.h"
#include "rule/field_arg.h"
#include "util/cleanup.h"
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <signal.h>

#define OFF(event, field) offsetof(struct wire_##event, field)
#define HEAD(n) (PARAM_HEAD | (n))
#define P(name_, form_, off_, ...) {.name = A_##name_, .form = FORM_##form_, .off = off_ __VA_OPT__(, .words =) __VA_ARGS__}
#define RES P(res, RES, 0)
#define FD P(fd, RET_FD, 0)

#define TARGET_OF(ev) P(pid, TARGET, OFF(ev, to_pid))
#define MOUNT_TYPE P(type, BLOB, OFF(mount, fstype))
#define DIRFD(ev, field) P(dirfd, DIRFD, OFF(ev, field))
#define PROT P(prot, BITS, OFF(memory, prot), WORDS_prot)
#define AREA P(region, NAMED, OFF(memory, region), WORDS_region), P(area, BITS, OFF(memory, area), WORDS_area), \
	P(path, BLOB, OFF(memory, file))
#define RANGE P(addr, X64, OFF(memory, addr)), P(length, N64, OFF(memory, length))

static const struct param p_mount[] = {RES, P(dev, SOURCE, 0), P(dir, PATH, PATH_NEW), MOUNT_TYPE,
	P(flags, BITS, OFF(mount, flags), WORDS_mount), P(data, BLOB, OFF(mount, data)), {}};
static const struct param p_umount2[] = {RES, P(name, PATH, PATH_ONLY), P(flags, BITS, OFF(mount, flags), WORDS_umount), {}};
static const struct param p_pivot_root[] = {RES, P(new_root, PATH, PATH_OLD), P(put_old, PATH, PATH_NEW), {}};
static const struct param p_move_mount[] = {RES, P(olddirfd, DIRFD, OFF(mount, fd)), P(oldpath, PATH, PATH_OLD),
	P(newdirfd, DIRFD, OFF(mount, tofd)), P(newpath, PATH, PATH_NEW),
	P(flags, BITS, OFF(mount, flags), WORDS_move_mount), MOUNT_TYPE, {}};
static const struct param p_open_tree[] = {FD, DIRFD(mount, fd), P(path, PATH, PATH_ONLY),
	P(flags, BITS, OFF(mount, flags), WORDS_open_tree), MOUNT_TYPE, {}};
static const struct param p_fsopen[] = {FD, MOUNT_TYPE, P(flags, BITS, OFF(mount, flags), WORDS_fsopen), {}};
static const struct param p_fspick[] = {FD, DIRFD(mount, fd), P(path, PATH, PATH_ONLY),
	P(flags, BITS, OFF(mount, flags), WORDS_fspick), MOUNT_TYPE, {}};
static const struct param p_fsconfig[] = {RES, P(fd, FD, 0), P(cmd, NAMED, OFF(mount, cmd), WORDS_fsconfig_cmds),
	P(key, BLOB, OFF(mount, key)), P(value_bytebuf, FSVALUE, 1), P(value_charbuf, FSVALUE, 0),
	P(aux, N32S, OFF(mount, aux)), MOUNT_TYPE, P(dev, SOURCE, 0), {}};
static const struct param p_fsmount[] = {FD, P(fs_fd, N32S, OFF(mount, fd)),
	P(flags, BITS, OFF(mount, flags), WORDS_fsopen), P(attr, BITS, OFF(mount, attr), WORDS_mount_attr), MOUNT_TYPE,
	P(dev, SOURCE, 0), {}};
static const struct param p_mount_setattr[] = {RES, DIRFD(mount, fd), P(path, PATH, PATH_ONLY),
	P(flags, BITS, OFF(mount, flags), WORDS_mount_setattr), P(attr, BITS, OFF(mount, attr), WORDS_mount_attr),
	P(attr_clr, BITS, OFF(mount, attr_clr), WORDS_mount_attr), {}};

static const struct param p_ptrace[] = {RES, P(addr, X64, OFF(tamper, addr)), P(data, X64, OFF(tamper, data)),
	P(request, NAMED, OFF(tamper, request), WORDS_ptrace_requests), TARGET_OF(tamper), {}};
static const struct param p_process_vm[] = {RES, TARGET_OF(tamper), P(addr, X64, OFF(tamper, addr)), {}};
static const struct param p_pidfd_getfd[] = {FD, P(pid_fd, N32S, OFF(tamper, fd)),
	P(target_fd, N32S, OFF(tamper, target_fd)), P(flags, N32, OFF(tamper, flags)), {}};

#define SIG P(sig, SIGNAL, OFF(signal, sig))
static const struct param p_kill[] = {RES, TARGET_OF(signal), SIG, {}};
static const struct param p_tkill[] = {RES, P(tid, TARGET, OFF(signal, to_tid)), SIG, {}};
static const struct param p_tgkill[] = {RES, TARGET_OF(signal), P(tid, TARGET, OFF(signal, to_tid)), SIG, {}};
static const struct param p_pidfd_send_signal[] = {RES, P(pid_fd, N32S, OFF(signal, fd)), SIG,
	P(flags, N32, OFF(signal, flags)), {}};
static const struct param p_signal[] = {P(pid, TARGET, OFF(signal, target)), SIG, P(code, N32S, OFF(signal, code)), {}};

static const struct param p_mmap[] = {P(res, X64_RES, 0), RANGE, PROT, P(flags, BITS, OFF(memory, flags), WORDS_mmap),
	P(fd, FD, 0), P(offset, N64, OFF(memory, offset)), AREA, {}};
static const struct param p_mprotect[] = {RES, RANGE, PROT, AREA, {}};
static const struct param p_pkey_mprotect[] = {RES, RANGE, PROT, P(pkey, N32S, OFF(memory, pkey)), AREA, {}};

static const struct param p_bpf[] = {FD, P(cmd, NAMED, OFF(bpf, cmd), WORDS_bpf_commands),
	P(prog_type, BPF_PROG, OFF(bpf, prog_type)), P(attach_type, BPF_ATTACH, OFF(bpf, attach_type)),
	P(map_type, BPF_MAP, OFF(bpf, map_type)), P(name, BLOB, OFF(bpf, name)), P(path, BLOB, OFF(bpf, text)), {}};

#define TEXT(name) P(name, BLOB, OFF(kernel, text))
static const struct param p_init_module[] = {RES, P(length, N64, OFF(kernel, arg2)), TEXT(uargs), {}};
static const struct param p_finit_module[] = {RES, P(fd, FD, 0), TEXT(uargs),
	P(flags, BITS, OFF(kernel, arg3), WORDS_finit_module), {}};
static const struct param p_delete_module[] = {RES, TEXT(name),
	P(flags, BITS, OFF(kernel, arg2), WORDS_delete_module), {}};
static const struct param p_module_load[] = {TEXT(name), P(taints, N64, OFF(kernel, arg1)), {}};
static const struct param p_kexec_load[] = {RES, P(entries, N64, OFF(kernel, arg2)), P(flags, N64, OFF(kernel, arg4)), {}};
static const struct param p_kexec_file_load[] = {RES, P(fd, FD, 0), TEXT(args), P(flags, N64, OFF(kernel, arg5)), {}};
static const struct param p_reboot[] = {RES, P(cmd, NAMED, OFF(kernel, arg3), WORDS_reboot), TEXT(args), {}};
static const struct param p_sethostname[] = {RES, TEXT(name), {}};
static const struct param p_settimeofday[] = {RES, P(sec, N64, HEAD(0)), {}};
static const struct param p_clock_settime[] = {RES, P(clockid, N32, OFF(kernel, arg1)), P(sec, N64, HEAD(0)), {}};

static const struct param p_userfaultfd[] = {P(res, RET_FD, 0), P(flags, FILE_FLAGS, OFF(special, arg1)), {}};
static const struct param p_memfd_create[] = {FD, P(name, MEMFD, 0),
	P(flags, BITS, OFF(special, arg2), WORDS_memfd_create), {}};
static const struct param p_io_uring_setup[] = {P(res, RET_FD, 0), P(entries, N32, OFF(special, arg1)),
	P(sq_entries, N32, HEAD(0)), P(cq_entries, N32, HEAD(4)), P(flags, BITS, HEAD(8), WORDS_io_uring_setup),
	P(sq_thread_cpu, N32, HEAD(12)), P(sq_thread_idle, N32, HEAD(16)),
	P(features, BITS, HEAD(20), WORDS_io_uring_setup_feats), {}};
static const struct param p_io_uring_register[] = {RES, P(fd, FD, 0),
	P(opcode, NAMED, OFF(special, arg2), WORDS_io_uring_register_opcodes), P(arg, X64, OFF(special, arg3)),
	P(nr_args, N32, OFF(special, arg4)), {}};
static const struct param p_perf_event_open[] = {FD, P(type, NAMED, HEAD(0), WORDS_perf_type), P(config, X64, HEAD(8)),
	P(pid, N32S, OFF(special, arg2)), P(cpu, N32S, OFF(special, arg3)), P(flags, N64, OFF(special, arg5)), {}};
static const struct param p_pidfd_open[] = {FD, P(pid, N32S, OFF(special, arg1)),
	P(flags, N32, OFF(special, arg2)), {}};

static const struct param *const params[CALL_MAX] = {
	[CALL_MOUNT] = p_mount, [CALL_UMOUNT2] = p_umount2, [CALL_PIVOT_ROOT] = p_pivot_root,
	[CALL_MOVE_MOUNT] = p_move_mount, [CALL_OPEN_TREE] = p_open_tree, [CALL_FSOPEN] = p_fsopen,
	[CALL_FSPICK] = p_fspick, [CALL_FSCONFIG] = p_fsconfig, [CALL_FSMOUNT] = p_fsmount,
	[CALL_MOUNT_SETATTR] = p_mount_setattr,
	[CALL_PTRACE] = p_ptrace, [CALL_PROCESS_VM_READV] = p_process_vm, [CALL_PROCESS_VM_WRITEV] = p_process_vm,
	[CALL_PIDFD_GETFD] = p_pidfd_getfd,
	[CALL_KILL] = p_kill, [CALL_TKILL] = p_tkill, [CALL_TGKILL] = p_tgkill,
	[CALL_PIDFD_SEND_SIGNAL] = p_pidfd_send_signal, [CALL_RT_SIGQUEUEINFO] = p_kill,
	[CALL_RT_TGSIGQUEUEINFO] = p_tgkill, [CALL_SIGNAL] = p_signal,
	[CALL_MMAP] = p_mmap, [CALL_MPROTECT] = p_mprotect, [CALL_PKEY_MPROTECT] = p_pkey_mprotect,
	[CALL_BPF] = p_bpf,
	[CALL_INIT_MODULE] = p_init_module, [CALL_FINIT_MODULE] = p_finit_module, [CALL_DELETE_MODULE] = p_delete_module,
	[CALL_MODULE_LOAD] = p_module_load, [CALL_KEXEC_LOAD] = p_kexec_load, [CALL_KEXEC_FILE_LOAD] = p_kexec_file_load,
	[CALL_REBOOT] = p_reboot, [CALL_SETHOSTNAME] = p_sethostname, [CALL_SETDOMAINNAME] = p_sethostname,
	[CALL_SETTIMEOFDAY] = p_settimeofday, [CALL_CLOCK_SETTIME] = p_clock_settime,
	[CALL_USERFAULTFD] = p_userfaultfd, [CALL_MEMFD_CREATE] = p_memfd_create,
	[CALL_IO_URING_SETUP] = p_io_uring_setup, [CALL_IO_URING_REGISTER] = p_io_uring_register,
	[CALL_PERF_EVENT_OPEN] = p_perf_event_open, [CALL_PIDFD_OPEN] = p_pidfd_open,
};

const struct param *params_of_system(enum event_call call)
{
	return params[call];
}

/* A number of the record, or of the struct that an argument pointed to; false: that was not read so far. */
static bool number(const struct field_get *g, const struct param *p, unsigned int bytes, uint64_t *ret)
{
	const char *at = (const char *)g->ev->rec + p->off;

	if (p->off & PARAM_HEAD) {
		struct str head = event_blob(g->ev, g->ev->rec->kernel.text);
		size_t off = p->off & ~PARAM_HEAD;

		if (head.n < off + bytes)
			return false;
		at = head.p + off;
	}
	*ret = 0;
	memcpy(ret, at, bytes);	/* least significant first: arguments are 64 bits wide, their types need not be */
	return true;
}

/* Of what a call was given as a value one form is set. */
static struct str fsconfig_value(const struct field_get *g, bool binary)
{
	return (g->ev->rec->mount.cmd == 2) == binary ? event_blob(g->ev, g->ev->rec->mount.data) : STR_NONE;
}

static struct str memfd_name(const struct field_get *g)
{
	struct str name = event_blob(g->ev, g->ev->rec->special.file);

	if (!name.p)
		return event_blob(g->ev, g->ev->rec->special.text);
	return str_starts(name, STR("memfd:")) ? str_skip(name, 6) : name;
}

/* What was mounted: the kernel's word for it, else the caller's. */
static int put_source(const struct field_get *g, struct value *v)
{
	struct str s = event_blob(g->ev, g->ev->rec->mount.source);

	return put_str(v, s.p ? s : event_blob(g->ev, g->ev->rec->mount.source_raw));
}

int param_system_raw(const struct field_get *g, const struct param *p, struct value *v)
{
	uint64_t n;

	switch ((enum param_form)p->form) {
	case FORM_X64_RES:
		return put_int(v, g->ev->rec->hdr.res);
	case FORM_N64:
	case FORM_X64:
		return number(g, p, 8, &n) ? put_uint(v, n) : FIELD_MISSING;
	case FORM_N32S:
	case FORM_TARGET:
		return number(g, p, 4, &n) ? put_int(v, (int32_t)n) : FIELD_MISSING;
	case FORM_NAMED:
		return number(g, p, 4, &n) ? put_uint(v, words_value_of(p->words, n)) : FIELD_MISSING;
	case FORM_BITS:
		return number(g, p, 4, &n) ? put_uint(v, words_bits_of(p->words, n)) : FIELD_MISSING;
	case FORM_FILE_FLAGS:
		return number(g, p, 4, &n) ? put_uint(v, words_bits_of(WORDS_file, (uint32_t)n)) : FIELD_MISSING;
	case FORM_SOURCE:
		return put_source(g, v);
	case FORM_FSVALUE:
		return put_str(v, fsconfig_value(g, p->off));
	case FORM_MEMFD:
		return put_str(v, memfd_name(g));
	default:
		return number(g, p, 4, &n) ? put_uint(v, n) : FIELD_MISSING;
	}
}

static int put_uint_text(const struct field_get *g, struct value *v, uint64_t n)
{
	struct text t = text_begin(g->s);

	text_uint(&t, n);
	return put_str(v, text_view(&t));
}

static int put_hex(const struct field_get *g, struct value *v, uint64_t n)
{
	struct text t = text_begin(g->s);
	char buf[24];

	text_add(&t, buf, (size_t)snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)n));
	return put_str(v, text_view(&t));
}

static int put_signal_name(const struct field_get *g, struct value *v, uint64_t n)
{
	const char *name = n && n < NSIG ? sigabbrev_np((int)n) : NULL;
	struct text t = text_begin(g->s);

	if (!name)
		return put_uint_text(g, v, n);
	text_puts(&t, "SIG");
	text_puts(&t, name);
	return put_str(v, text_view(&t));
}

/* By its name, which the original prefers to its number. */
static int put_target(const struct field_get *g, struct value *v, int64_t n)
{
	struct wire_blob b = get_type(g) == EVENT_TAMPER ? g->ev->rec->tamper.target_comm : g->ev->rec->signal.target_comm;
	struct text t;

	if (b.len)
		return put_str(v, event_blob(g->ev, b));
	t = text_begin(g->s);
	text_int(&t, n);
	return put_str(v, text_view(&t));
}

static int put_bpf_name(const struct field_get *g, struct value *v, const char *name, uint64_t n)
{
	return name ? put_text(v, name) : put_uint_text(g, v, n);
}

static bool bpf_has_program(const struct field_get *g)
{
	return g->ev->rec->bpf.prog_type;
}

int param_system_text(const struct field_get *g, const struct param *p, struct value *v)
{
	const char *error;
	struct value raw;
	struct text t;

	if (param_system_raw(g, p, &raw) != 1)
		return FIELD_MISSING;
	switch ((enum param_form)p->form) {
	case FORM_X64_RES:
		error = errno_name(raw.i);
		return error ? put_text(v, error) : put_hex(g, v, raw.u);
	case FORM_X64:
		return put_hex(g, v, raw.u);
	case FORM_N32S:
		t = text_begin(g->s);
		text_int(&t, raw.i);
		return put_str(v, text_view(&t));
	case FORM_TARGET:
		return put_target(g, v, raw.i);
	case FORM_NAMED:
		return put_named(g, v, p->words, raw.u);
	case FORM_BITS:
		return put_bits(g, v, p->words, raw.u);
	case FORM_FILE_FLAGS:
		return put_bits(g, v, WORDS_file, raw.u);
	case FORM_SIGNAL:
		return put_signal_name(g, v, raw.u);
	case FORM_BPF_PROG:
		return bpf_has_program(g) ? put_bpf_name(g, v, libbpf_bpf_prog_type_str((enum bpf_prog_type)raw.u), raw.u)
					  : FIELD_MISSING;
	case FORM_BPF_ATTACH:
		return bpf_has_program(g) ? put_bpf_name(g, v, libbpf_bpf_attach_type_str((enum bpf_attach_type)raw.u), raw.u)
					  : FIELD_MISSING;
	case FORM_BPF_MAP:
		return raw.u ? put_bpf_name(g, v, libbpf_bpf_map_type_str((enum bpf_map_type)raw.u), raw.u) : FIELD_MISSING;
	case FORM_SOURCE:
	case FORM_FSVALUE:
	case FORM_MEMFD:
		*v = raw;
		return 1;
	default:
		return put_uint_text(g, v, raw.u);
	}
}
