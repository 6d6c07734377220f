/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cmd
 *
 * One file per subcommand; each ends in one const struct cmd. main.c is the table.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "util/cleanup.h"
#include <stdbool.h>

/* Exit codes, a contract (docs/noroshi.8). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FINDINGS = 1,	/* check: an error; test: a failing case; status, doctor: degraded or unhealthy */
	EXIT_INPUT = 2,		/* unknown option, unreadable file, a rule set that does not load where it is a means */
	EXIT_HOST = 3,		/* no running agent, no right or no kernel feature */
};

struct cmd_option {
	const char *name;	/* "--rules" */
	char letter;		/* 'r', 0 without one */
	const char *arg;	/* "RULES", NULL for a flag */
	const char *doc;
};

struct cmd {
	const char *name;
	const char *args;	/* "[-c CONFIG] [RULES...]" */
	const char *summary;
	const struct cmd_option *options;	/* ends with an empty one; --help is everybody's */
	int (*run)(int argc, char **argv);	/* argv[0] is the subcommand */
};

struct cmd_parse {
	int argc;
	char **argv;
	int at;			/* next argument to look at: 1 at first */
	bool only_args;		/* "--" was seen */
	const char *value;	/* of the option returned last */
};

enum { CMD_END = -1, CMD_ARG = -2, CMD_ERROR = -3, CMD_HELP = -4 };

/*
 * The next thing on the command line: the index of an option of c (value set when it takes one), CMD_ARG (value is
 * it), CMD_END, CMD_HELP (help was printed) or CMD_ERROR (a line on stderr said why, with a suggestion).
 * Options and arguments mix; "--x=v", "--x v", "-xv" and "-x v" are the same.
 */
int cmd_next(struct cmd_parse *p, const struct cmd *c);

void cmd_help(const struct cmd *c);

/* The table, NULL-terminated (main.c). */
extern const struct cmd *const cmd_list[];

#endif
