/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the numbers and bits that calls about the process itself take: the
 * original's where it has them, the kernel's for the others.
 */
#include "rule/field_arg.h"
#include "util/cleanup.h"

/* The original's own numbers of the clone flags, and the order it prints them in. */
static const struct flag clone_flags[] = {
	{"CLONE_FILES", 1 << 0}, {"CLONE_FS", 1 << 1}, {"CLONE_IO", 1 << 2}, {"CLONE_NEWIPC", 1 << 3},
	{"CLONE_NEWNET", 1 << 4}, {"CLONE_NEWNS", 1 << 5}, {"CLONE_NEWPID", 1 << 6}, {"CLONE_NEWUTS", 1 << 7},
	{"CLONE_PARENT", 1 << 8}, {"CLONE_PARENT_SETTID", 1 << 9}, {"CLONE_PTRACE", 1 << 10}, {"CLONE_SIGHAND", 1 << 11},
	{"CLONE_SYSVSEM", 1 << 12}, {"CLONE_THREAD", 1 << 13}, {"CLONE_UNTRACED", 1 << 14}, {"CLONE_VM", 1 << 15},
	{"CLONE_NEWUSER", 1 << 20}, {"CLONE_CHILD_CLEARTID", 1 << 23}, {"CLONE_CHILD_SETTID", 1 << 24},
	{"CLONE_SETTLS", 1 << 25}, {"CLONE_VFORK", 1 << 27}, {"CLONE_NEWCGROUP", 1 << 28},
	{"CLONE_NEWTIME", 1u << 31},	/* ours: the original has no number for it */
	{},
};

/* In the order of clone_flags. */
static const uint32_t kernel_clone_flags[] = {
	0x400, 0x200, 0x80000000, 0x8000000, 0x40000000, 0x20000, 0x20000000, 0x4000000, 0x8000, 0x100000, 0x2000, 0x800,
	0x40000, 0x10000, 0x800000, 0x100, 0x10000000, 0x200000, 0x1000000, 0x80000, 0x4000, 0x2000000, 0x80,
};
_Static_assert(ARRAY_SIZE(kernel_clone_flags) + 1 == ARRAY_SIZE(clone_flags), "one number for each name");

uint32_t clone_flags_of(uint32_t kernel)
{
	uint32_t ours = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kernel_clone_flags); i++)
		ours |= kernel & kernel_clone_flags[i] ? clone_flags[i].bits : 0;
	return ours;
}

static const struct flag persona_flags[] = {
	{"UNAME26", 0x20000}, {"ADDR_NO_RANDOMIZE", 0x40000}, {"FDPIC_FUNCPTRS", 0x80000}, {"MMAP_PAGE_ZERO", 0x100000},
	{"ADDR_COMPAT_LAYOUT", 0x200000}, {"READ_IMPLIES_EXEC", 0x400000}, {"ADDR_LIMIT_32BIT", 0x800000},
	{"SHORT_INODE", 0x1000000}, {"WHOLE_SECONDS", 0x2000000}, {"STICKY_TIMEOUTS", 0x4000000},
	{"ADDR_LIMIT_3GB", 0x8000000}, {"PER_LINUX32", 8}, {"PER_LINUX", 0}, {},
};

static const struct flag prctl_options[] = {
	{"PR_SET_PDEATHSIG", 1}, {"PR_GET_PDEATHSIG", 2}, {"PR_GET_DUMPABLE", 3}, {"PR_SET_DUMPABLE", 4},
	{"PR_GET_KEEPCAPS", 7}, {"PR_SET_KEEPCAPS", 8}, {"PR_SET_NAME", 15}, {"PR_GET_NAME", 16}, {"PR_GET_SECCOMP", 21},
	{"PR_SET_SECCOMP", 22}, {"PR_CAPBSET_READ", 23}, {"PR_CAPBSET_DROP", 24}, {"PR_GET_TSC", 25}, {"PR_SET_TSC", 26},
	{"PR_GET_SECUREBITS", 27}, {"PR_SET_SECUREBITS", 28}, {"PR_SET_TIMERSLACK", 29}, {"PR_GET_TIMERSLACK", 30},
	{"PR_MCE_KILL", 33}, {"PR_MCE_KILL_GET", 34}, {"PR_SET_MM", 35}, {"PR_SET_CHILD_SUBREAPER", 36},
	{"PR_GET_CHILD_SUBREAPER", 37}, {"PR_SET_NO_NEW_PRIVS", 38}, {"PR_GET_NO_NEW_PRIVS", 39}, {"PR_GET_TID_ADDRESS", 40},
	{"PR_SET_THP_DISABLE", 41}, {"PR_GET_THP_DISABLE", 42}, {"PR_CAP_AMBIENT", 47}, {"PR_GET_SPECULATION_CTRL", 52},
	{"PR_SET_SPECULATION_CTRL", 53}, {"PR_SET_IO_FLUSHER", 57}, {"PR_GET_IO_FLUSHER", 58},
	{"PR_SET_SYSCALL_USER_DISPATCH", 59}, {"PR_SCHED_CORE", 62}, {"PR_SET_MDWE", 65}, {"PR_GET_MDWE", 66},
	{"PR_SET_VMA", 0x53564d41}, {"PR_SET_PTRACER", 0x59616d61}, {},
};

static const struct flag keyctl_operations[] = {
	{"KEYCTL_GET_KEYRING_ID", 0}, {"KEYCTL_JOIN_SESSION_KEYRING", 1}, {"KEYCTL_UPDATE", 2}, {"KEYCTL_REVOKE", 3},
	{"KEYCTL_CHOWN", 4}, {"KEYCTL_SETPERM", 5}, {"KEYCTL_DESCRIBE", 6}, {"KEYCTL_CLEAR", 7}, {"KEYCTL_LINK", 8},
	{"KEYCTL_UNLINK", 9}, {"KEYCTL_SEARCH", 10}, {"KEYCTL_READ", 11}, {"KEYCTL_INSTANTIATE", 12}, {"KEYCTL_NEGATE", 13},
	{"KEYCTL_SET_REQKEY_KEYRING", 14}, {"KEYCTL_SET_TIMEOUT", 15}, {"KEYCTL_ASSUME_AUTHORITY", 16},
	{"KEYCTL_GET_SECURITY", 17}, {"KEYCTL_SESSION_TO_PARENT", 18}, {"KEYCTL_REJECT", 19}, {"KEYCTL_INSTANTIATE_IOV", 20},
	{"KEYCTL_INVALIDATE", 21}, {"KEYCTL_GET_PERSISTENT", 22}, {"KEYCTL_DH_COMPUTE", 23}, {"KEYCTL_PKEY_QUERY", 24},
	{"KEYCTL_PKEY_ENCRYPT", 25}, {"KEYCTL_PKEY_DECRYPT", 26}, {"KEYCTL_PKEY_SIGN", 27}, {"KEYCTL_PKEY_VERIFY", 28},
	{"KEYCTL_RESTRICT_KEYRING", 29}, {"KEYCTL_MOVE", 30}, {"KEYCTL_CAPABILITIES", 31}, {"KEYCTL_WATCH_KEY", 32}, {},
};

static const struct flag cred_reasons[] = {{"exec", CRED_EXEC}, {"forged", CRED_FORGED}, {}};

const struct flag *flags_of_self(enum param_form form)
{
	return form == FORM_CLONE_FLAGS ? clone_flags : form == FORM_PERSONA ? persona_flags : NULL;
}

const char *name_of_number(enum param_form form, uint32_t n)
{
	const struct flag *f = form == FORM_PRCTL ? prctl_options : form == FORM_KEYCTL ? keyctl_operations : cred_reasons;

	while (f->name && f->bits != n)
		f++;
	return f->name;
}
