/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommand table and main(); nothing else. */
#include "cmd/cmd.h"
#include "rule/diag.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

extern const struct cmd cmd_run;
extern const struct cmd cmd_check;
extern const struct cmd cmd_test;
extern const struct cmd cmd_eval;
extern const struct cmd cmd_replay;
extern const struct cmd cmd_record;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_fmt;
extern const struct cmd cmd_profile;
extern const struct cmd cmd_fields;
extern const struct cmd cmd_events;
extern const struct cmd cmd_operators;
extern const struct cmd cmd_status;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_top;
extern const struct cmd cmd_receive;
extern const struct cmd cmd_findings;
extern const struct cmd cmd_complete;
extern const struct cmd cmd_version;

const struct cmd *const cmd_list[] = {
	&cmd_run,
	&cmd_check,
	&cmd_test,
	&cmd_eval,
	&cmd_replay,
	&cmd_record,
	&cmd_explain,
	&cmd_fmt,
	&cmd_profile,
	&cmd_fields,
	&cmd_events,
	&cmd_operators,
	&cmd_status,
	&cmd_doctor,
	&cmd_top,
	&cmd_receive,
	&cmd_findings,
	&cmd_complete,
	&cmd_version,
	NULL,
};

static int usage(FILE *to)
{
	fputs("usage: noroshi COMMAND [OPTIONS] [ARGUMENTS]\n\n", to);
	for (const struct cmd *const *c = cmd_list; *c; c++)
		fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\n`noroshi COMMAND --help` explains one.\n", to);
	return to == stdout ? EXIT_OK : EXIT_INPUT;
}

static int unknown(const char *name)
{
	const char *names[ARRAY_SIZE(cmd_list)];
	const char *near;
	size_t n = 0;

	for (const struct cmd *const *c = cmd_list; *c; c++)
		names[n++] = (*c)->name;
	near = diag_nearest(str(name), names, n);
	fprintf(stderr, "noroshi: no command \"%s\"%s%s%s; `noroshi --help` lists them\n", name, near ? ", did you mean \"" : "",
		near ? near : "", near ? "\"?" : "");
	return EXIT_INPUT;
}

/* A result that could not be written is none. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "noroshi: cannot write to the output: %s\n", strerror(errno));
	return status ? status : EXIT_INPUT;
}

int main(int argc, char **argv)
{
	static char version[] = "version";

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version"))
		argv[1] = version;
	for (const struct cmd *const *c = cmd_list; *c; c++) {
		if (!strcmp(argv[1], (*c)->name))
			return finish((*c)->run(argc - 1, argv + 1));
	}
	return unknown(argv[1]);
}
