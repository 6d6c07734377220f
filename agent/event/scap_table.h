/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scap table
 *
 * scap.def as a table: what an event of a .scap capture is called and which
 * parameters it carries, by its number in the file.
 */
#ifndef EVENT_SCAP_TABLE_H
#define EVENT_SCAP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define SCAP_TYPES 454		/* numbers from here on are of later versions: such events are skipped */
#define SCAP_PARAMS_MAX 32	/* of one event */

enum scap_kind {
	SCAP_I8, SCAP_I16, SCAP_I32, SCAP_I64, SCAP_U8, SCAP_U16, SCAP_U32, SCAP_U64,
	SCAP_X8, SCAP_X16, SCAP_X32, SCAP_X64,	/* printed in hex */
	SCAP_O8, SCAP_O16, SCAP_O32, SCAP_O64,	/* printed in octal */
	SCAP_F8, SCAP_F16, SCAP_F32,		/* bits with names */
	SCAP_E8, SCAP_E16, SCAP_E32,		/* values with names */
	SCAP_MODE, SCAP_ERR, SCAP_FD, SCAP_PID, SCAP_UID, SCAP_GID, SCAP_CALL, SCAP_SIG, SCAP_SIGSET,
	SCAP_RELTIME, SCAP_ABSTIME, SCAP_TEXT, SCAP_PATH,
	SCAP_AT,				/* a path; aux: the place of its directory's descriptor */
	SCAP_BYTES, SCAP_ADDR, SCAP_TUPLE, SCAP_FDLIST,
	SCAP_DYN,				/* a byte that chooses among aux, then the value */
};

enum scap_choice { SCAP_CHOICE_NONE, SCAP_CHOICE_ptrace, SCAP_CHOICE_bpf, SCAP_CHOICE_keyctl, SCAP_CHOICE_sockopt };

struct scap_param {
	const char *name;	/* NULL after the last */
	uint8_t kind, aux;
	uint16_t words;		/* enum words: names of its bits or values */
};

enum scap_class {
	SCAP_UNKNOWN,	/* not in the table */
	SCAP_ENTER,	/* the entry of a call: no event of its own */
	SCAP_SYSCALL,
	SCAP_TRACE,	/* of the kernel, but no call: an exit, a context switch, a signal */
	SCAP_META,	/* of the capturing program itself; belongs to no thread */
};

enum scap_type_flag {
	SCAP_NEW_FD = 1, SCAP_END_FD = 2, SCAP_USES_FD = 4, SCAP_READS = 8, SCAP_WRITES = 16, SCAP_WAITS = 32,
	SCAP_LARGE = 64,	/* lengths of parameters have 32 bits */
	SCAP_SEEN = 128,	/* an entry that evt.num counts */
};

struct scap_type {
	const char *name;
	const char *category;
	const struct scap_param *params;
	uint16_t newest;	/* the form that this one is read as; itself for the newest */
	uint8_t class, flags;
};

extern const struct scap_type scap_types[SCAP_TYPES];

unsigned int scap_nparams(const struct scap_type *t);

/* The name of a call without an event of its own, by the file's number or else the machine's. Never NULL. */
const char *scap_call_name(unsigned int id, unsigned int native);

/* The name in the file's own table; "unknown" outside of it. */
const char *scap_call_id_name(unsigned int id);

#endif
