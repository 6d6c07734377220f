/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process
 *
 * The process table: who runs, what image, whose child. Kept by exec, fork and
 * exit records and by the snapshot; keyed by (tgid, start time), so that a
 * reused pid is another process. Ancestors outlive their exit. Records of the
 * two rings arrive out of order: an image is found by its generation, earlier
 * images and ended processes stay for a grace time.
 *
 * All memory is taken at the start: nothing here allocates afterwards.
 */
#ifndef ENRICH_PROCESS_H
#define ENRICH_PROCESS_H

#include "event/event.h"

struct container;

/* Who wrote the executable, as far as that was watched. */
struct image_writer {
	uint32_t pid;		/* 0: not known */
	uint64_t start;
	uint64_t time;		/* CLOCK_BOOTTIME ns */
	uint64_t cgroup;
	struct str name, exepath, cmdline;	/* the last two only while the table still has it */
};

/* One image of a process; texts belong to the table and live as long as the image. */
struct image {
	uint32_t exec_id;
	uint32_t refs;		/* processes that share it (fork without exec) and events in hand */
	struct str comm;	/* proc.name */
	struct str exe;		/* argv[0]: proc.exe */
	struct str exepath;	/* from the dentries: proc.exepath */
	struct str cwd;		/* at exec, with a final '/' */
	struct str cmdline;	/* comm, then argv[1..] joined by blanks: proc.cmdline */
	struct str args;	/* argv[1..] joined by blanks: a part of cmdline */
	struct str argv;	/* argv, each ended by NUL, as recorded */
	struct str env;		/* each entry ended by NUL; {NULL, 0} when not recorded */
	uint32_t argc;
	uint64_t time;		/* of the exec, CLOCK_BOOTTIME ns; 0 for one inherited before the agent */
	uint64_t cap_inheritable, cap_permitted;
	uint64_t ino, ctime, mtime;
	uint32_t dev, mode, nlink, flags;	/* enum exe_flag */
	uint32_t kind;				/* enum exe_kind of the file that was named */
	struct str script;	/* path of the script that was named; {NULL, 0} when there is none or its path is not known */
	uint64_t script_ino;
	uint32_t script_dev, script_flags;	/* enum exe_flag: EXE_MEMFD, EXE_UPPER, EXE_LOWER */
	uint64_t cap_given;	/* by the executable's own capabilities */
	uint32_t fd_type[3];			/* enum fd_type of descriptors 0 to 2 at exec */
	struct wire_addr std_local, std_peer;	/* of the first socket among them */
	uint64_t std_pipe[3];			/* which pipes they are, as the exec record names them; 0 for none */
	struct image_writer writer;
};

struct process {
	uint32_t pid;		/* tgid, initial namespace */
	uint64_t start;		/* CLOCK_BOOTTIME ns */
	uint32_t vpid, pgid, vpgid, sid, vsid, tty, loginuid;
	uint32_t uid, euid, gid;	/* as of the last record of this process */
	uint64_t pidns_start;
	struct process *parent;		/* NULL when unknown or the first process */
	uint32_t ppid;
	struct image *image;		/* the current one; NULL when nothing is known of it */
	uint64_t cgroup;		/* kernfs id, as of the last record */
	struct wire_addr peer;		/* whom it last connected to, or accepted from; family 0: nobody yet */
	uint64_t ended;			/* CLOCK_BOOTTIME ns, 0 while it runs */
	uint32_t status;		/* wait(2) status once ended */
	bool partial;			/* made up from a record because its fork and exec were not seen */
};

struct process_table;

struct process_table *process_table_new(uint32_t rows, size_t text_bytes);
struct process_table *process_table_free(struct process_table *t);

/*
 * Applies a record: exec, fork and exit change the table, any other only refreshes ids. Returns the process
 * the record is about (the caller of the call; never NULL unless the table has no row left, which is counted).
 */
struct process *process_table_apply(struct process_table *t, const union event_record *rec);

/* The running or ended process with that pid and start time (start 0: the running one), or NULL. */
struct process *process_table_find(struct process_table *t, uint32_t pid, uint64_t start);

/* The image of p that a record of that generation is about: the current one, an earlier one, or the current as a last resort. */
const struct image *process_image(const struct process *p, uint32_t exec_id);

struct process_stats {
	uint32_t rows, rows_max, running, ended;
	uint64_t evicted_ended;		/* before their grace was over */
	uint64_t evicted_running;	/* the table was full of running processes */
	uint64_t no_text;		/* texts cut or left out because the pool was full */
	uint64_t partial;		/* rows made up from a record */
	size_t text_bytes, text_max;
};

void process_table_stats(const struct process_table *t, struct process_stats *ret);

#endif
