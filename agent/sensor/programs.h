/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs
 *
 * probes/programs.def as tables, and the choice: from what the rules need and
 * what this kernel refused, which programs to load. Knows nothing of BPF.
 */
#ifndef SENSOR_PROGRAMS_H
#define SENSOR_PROGRAMS_H

#include "event/needs.h"

enum program {
#define PROGRAM(group, name) PROGRAM_##name,
#include "programs.def"
	PROGRAM_MAX
};

/* What the call loses without the group. */
enum need_how {
	NEED_MUST,	/* it is not seen */
	NEED_HELPS,	/* less is known of it */
	NEED_FAILED,	/* its failed attempts are not seen */
	NEED_WRITER,	/* who wrote the executable is not known */
	NEED_COMPAT,	/* 32-bit entries are not seen */
	NEED_ARGS,	/* arguments changed on the way are not seen */
};

/* By what a group does that others do by something else; programs.def. */
enum program_style { STYLE_NONE, STYLE_TRACEPOINT, STYLE_FUNCTION };

enum program_state {
	PROGRAM_UNNEEDED,	/* no rule asks for what it sees */
	PROGRAM_ALTERNATIVE,	/* a better one of its group does the work */
	PROGRAM_CHOSEN,		/* to be loaded */
	PROGRAM_ATTACHED,
	PROGRAM_ABSENT,		/* its hook does not exist on this host; nothing was tried */
	PROGRAM_REFUSED,	/* tried, and the kernel said no */
};

#define PROGRAM_REASON_MAX 200

struct program_status {
	enum program_state state;
	bool no_call;		/* ABSENT, for this kernel does not have the system call: nobody can make it */
	char reason[PROGRAM_REASON_MAX];	/* of ABSENT and REFUSED */
	uint32_t log_off, log_len;		/* of the verifier's words in sensor_state.log */
	uint64_t missed;			/* runs the kernel skipped, polled */
	uint64_t detached;			/* how often somebody took it off, polled */
};

extern const char *const program_name[PROGRAM_MAX];
extern const char *const program_state_name[];

/*
 * The name of what is loaded for it. Some programs are one code, attached for each of them at a tracepoint of its own:
 * that one's name without "syscalls/", "" for a program with a hook of its own.
 */
const char *program_code(enum program p);
void program_tracepoint(char dst[64], enum program p);

/* Its place in the map "works", for a program that others go on with instead of having a hook; -1: it has one. */
int program_work(enum program p);

enum program program_by_name(const char *name);	/* PROGRAM_MAX without one */
enum program program_by_code(const char *code);	/* the first of those that are this code; PROGRAM_MAX without one */
bool program_same_code(enum program a, enum program b);
bool program_same_group(enum program a, enum program b);
bool program_needed(enum program p, const struct needs *needs);	/* its group is */
bool program_is_lifecycle(enum program p);	/* keeps the process table: attach it first */

/*
 * Marks what to load: of each group that is needed the first program that is neither absent nor refused is CHOSEN
 * (or stays ATTACHED). To be called again after a state has become ABSENT or REFUSED.
 */
void programs_choose(struct program_status s[PROGRAM_MAX], const struct needs *needs);

/*
 * Which styles are at work. Returns the first program of the preferred one that is needed and cannot be had, PROGRAM_MAX
 * without one.
 */
enum program programs_styles(const struct program_status s[PROGRAM_MAX], const struct needs *needs, bool *tracepoint,
			     bool *function);

/* The bits of wire_control.calls: what the rules need, and what the process table cannot do without. */
void programs_calls(uint64_t bits[CALL_WORDS], const struct needs *needs);

/*
 * What stands behind a call: true when it is seen. *by is its program (PROGRAM_MAX without one), *without the first
 * program whose loss takes something from it and *how what; PROGRAM_MAX when nothing is lost.
 */
bool programs_of_call(const struct program_status s[PROGRAM_MAX], const struct needs *needs, enum event_call call,
		      enum program *by, enum program *without, enum need_how *how);

#endif
