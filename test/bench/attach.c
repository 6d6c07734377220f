/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach STYLE: attaches the programs of opens, names and connections in one style and nothing else of the agent, says
 * "ready" and waits for SIGINT. Their events are refused at the first test, so that what is measured is the style.
 *
 *   tracepoint   one program for each system call
 *   sys_exit     the same, and the one that sees every return there is: the guard of 32-bit entries
 *   function     names that change by functions of the kernel
 *
 * Exit 77 where this host does not take the style, with the reason.
 */
#include "sensor/load.h"
#include "sensor/programs.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum event_call calls[] = {
	CALL_OPEN, CALL_OPENAT, CALL_OPENAT2, CALL_CREAT, CALL_RENAME, CALL_RENAMEAT, CALL_RENAMEAT2, CALL_UNLINK, CALL_UNLINKAT,
	CALL_CHMOD, CALL_FCHMODAT, CALL_SOCKET, CALL_CONNECT, CALL_BIND, CALL_LISTEN, CALL_ACCEPT, CALL_ACCEPT4,
};

static const struct {
	const char *word;
	uint32_t want;
	enum program must;	/* attached, or this host does not take the style */
} styles[] = {
	{"tracepoint", WANT_TRACEPOINT, PROGRAM_openat__exit},
	{"sys_exit", WANT_TRACEPOINT | WANT_COMPAT, PROGRAM_compat__raw_tp},
	{"function", WANT_FUNCTION, PROGRAM_hook_rename__fentry},
};

static int attach(uint32_t want, enum program must, struct sensor_state *state)
{
	struct needs needs = {.want = want};
	char error[512] = "";
	struct load *l = NULL;
	sigset_t end;
	int sig;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		needs.call[calls[i]] = true;
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	if (load_new(&l, state) < 0 || load_begin(l, &needs, error) < 0)
		return fprintf(stderr, "attach: %s\n", error), 1;
	load_attach(l);
	if (state->program[must].state != PROGRAM_ATTACHED)
		return fprintf(stderr, "attach: %s: %s\n", program_name[must], state->program[must].reason), 77;
	load_settle(l);
	puts("ready");
	fflush(stdout);
	sigwait(&end, &sig);
	return 0;
}

int main(int argc, char **argv)
{
	struct sensor_state *state = calloc(1, sizeof(*state));

	for (size_t i = 0; state && argc == 2 && i < sizeof(styles) / sizeof(*styles); i++)
		if (!strcmp(argv[1], styles[i].word))
			return attach(styles[i].want, styles[i].must, state);
	fputs("usage: attach tracepoint|sys_exit|function\n", stderr);
	return 2;
}
