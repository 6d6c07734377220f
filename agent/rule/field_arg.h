/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters
 *
 * The forms a call's parameters have. Private to field_arg.c (which call has
 * which), field_param.c (how each form is read and printed) and field_words.c
 * (bits and values with names).
 */
#ifndef RULE_FIELD_ARG_H
#define RULE_FIELD_ARG_H

#include "event/words.h"
#include "rule/field_get.h"

enum arg_name {
	A_NONE,
#define ARG(name, type) A_##name,
#include "rule/arg.def"
};

enum param_form {
	FORM_NONE,
	FORM_RES,		/* 0, or an errno name */
	FORM_RET_FD,		/* the descriptor the call returned */
	FORM_FD,		/* the descriptor the call was given */
	FORM_FD_AT,		/* off: S32, one of several that the call made */
	FORM_DIRFD,		/* off: S32; AT_FDCWD by name */
	FORM_U32, FORM_S32, FORM_U64,	/* off: the field */
	FORM_OCTAL,		/* off: U32 */
	FORM_DEV,		/* off: U32; of an inode that may be unknown */
	FORM_PATH,		/* off: enum path_role */
	FORM_BLOB,		/* off: wire_blob */
	FORM_WORDS,		/* off: wire_blob of texts that end in NUL */
	FORM_OPEN_FLAGS, FORM_CREAT_FLAGS, FORM_DUP_FLAGS, FORM_SOCK_FLAGS,
	FORM_RESOLVE, FORM_RENAME_FLAGS, FORM_UNLINK_FLAGS, FORM_LINK_FLAGS, FORM_AT_FLAGS, FORM_EXE_FLAGS, FORM_MODE,
	FORM_DOMAIN,
	FORM_COUNT,		/* off: U64, whatever it counts */
	FORM_NODE,
	FORM_DUP_CMD,
	FORM_SOCK_TYPE,
	FORM_TUPLE, FORM_PEER, FORM_LOCAL,
	FORM_UID,
	FORM_CAPS,		/* off: U64 */
	FORM_PROC_EXE, FORM_PROC_ARGS, FORM_TID, FORM_PID, FORM_PTID,
	FORM_EXIT_CODE, FORM_EXIT_SIGNAL, FORM_EXIT_CORE,
	FORM_CLONE_FLAGS, FORM_PERSONA,		/* off: U32, bits by name */
	FORM_PRCTL, FORM_KEYCTL, FORM_REASON,	/* off: U32, a number by name */
	FORM_GROUPS,				/* off: wire_blob of numbers, 4 bytes each */
	FORM_OLD_ID, FORM_OLD_CAPS,		/* of creds: U32, U64; where they are known */
	FORM_NS,				/* off: U32, 0 when unknown */

	/* from here on field_arg_system.c; off may be PARAM_HEAD and a place in the struct that an argument pointed to */
	FORM_SYSTEM,
	FORM_N32, FORM_N32S, FORM_N64,
	FORM_X64,		/* prints as hex */
	FORM_X64_RES,		/* an address, or an errno name */
	FORM_NAMED, FORM_BITS,	/* words: the table of names */
	FORM_FILE_FLAGS,	/* O_* */
	FORM_SIGNAL,
	FORM_TARGET,		/* another process: by its name, else the number */
	FORM_SOURCE,		/* what was mounted */
	FORM_FSVALUE,		/* of fsconfig; off: 1 for bytes, 0 for a text */
	FORM_MEMFD,		/* the name given to memfd_create */
	FORM_BPF_PROG, FORM_BPF_ATTACH, FORM_BPF_MAP,
};

#define PARAM_HEAD 0x8000

struct param {
	uint16_t name;	/* enum arg_name; 0 ends a list */
	uint16_t form;	/* enum param_form */
	uint16_t off;	/* see the form */
	uint16_t words;	/* enum words */
};

const struct param *params_of(enum event_call call);	/* ends with an empty one */
const char *param_name(unsigned int arg);

/* 1, or FIELD_MISSING when this event does not carry it. */
int param_text(const struct field_get *g, const struct param *p, struct value *v);
int param_raw(const struct field_get *g, const struct param *p, struct value *v);

/* Those of field_arg_system.c; NULL for a call that is not there. */
const struct param *params_of_system(enum event_call call);
int param_system_text(const struct field_get *g, const struct param *p, struct value *v);
int param_system_raw(const struct field_get *g, const struct param *p, struct value *v);

/*
 * field_words.c: the kernel's numbers of bits and of values as the original numbers them, in the tables where they
 * differ, and the names of such numbers.
 */
uint64_t words_bits_of(enum words table, uint64_t kernel);
uint64_t words_value_of(enum words table, uint64_t kernel);
int put_bits(const struct field_get *g, struct value *v, enum words table, uint64_t set);
int put_named(const struct field_get *g, struct value *v, enum words table, uint64_t n);

/* O_* with the access mode and the layers, as the original numbers them: evt.rawarg.flags. */
uint64_t open_flags_of(const struct wire_open *o);

#endif
