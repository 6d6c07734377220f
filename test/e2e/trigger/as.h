/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As
 *
 * With TRIGGER_AS in the environment a trigger does all it does as somebody else: as a thread that is not the first of
 * its process, as a child by vfork(), or as a process of its own that shares the memory of another (clone-vm). The last two
 * not under a sanitizer, which keeps its books for one process: exit status 77.
 */
#ifndef TRIGGER_AS_H
#define TRIGGER_AS_H

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AS_STACK	(4 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define AS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AS_SANITIZED 1
#endif
#endif
#ifndef AS_SANITIZED
#define AS_SANITIZED 0
#endif

int main(int argc, char **argv);

static struct { int argc; char **argv; } as_args;
static int as_own_stack __attribute__((unused));	/* not that of the process's beginning */

static inline int as_main(void)
{
	int status = main(as_args.argc, as_args.argv);

	fflush(stdout);
	return status;
}

static inline void *as_thread(void *arg)
{
	(void)arg;
	_exit(as_main());
}

static inline int as_process(void *arg)
{
	(void)arg;
	_exit(as_main());
}

static inline pid_t as_vfork(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(as_main());
	return pid;
}

static inline pid_t as_clone(void)
{
	char *stack = mmap(NULL, AS_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	return stack == MAP_FAILED ? -1 : clone(as_process, stack + AS_STACK, CLONE_VM | SIGCHLD, NULL);
}

__attribute__((constructor)) static void as_start(int argc, char **argv)
{
	const char *as = getenv("TRIGGER_AS");
	char how[16] = "";
	int status = 0;
	pthread_t t;
	pid_t pid;

	if (!as)
		return;
	snprintf(how, sizeof(how), "%s", as);
	unsetenv("TRIGGER_AS");
	as_args.argc = argc;
	as_args.argv = argv;
	as_own_stack = strcmp(how, "vfork") != 0;
	if (!strcmp(how, "thread")) {
		if (!pthread_create(&t, NULL, as_thread, NULL))
			pthread_join(t, NULL);
		_exit(125);
	}
	if (AS_SANITIZED)
		_exit(77);
	pid = !strcmp(how, "vfork") ? as_vfork() : !strcmp(how, "clone-vm") ? as_clone() : -1;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		_exit(125);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

#endif
