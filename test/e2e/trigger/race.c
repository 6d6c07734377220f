/* SPDX-License-Identifier: Apache-2.0 */
/*
 * race WHAT DIR N: one thread calls N times with an argument that another one changes all the time, between a decoy
 * and the real thing; what the kernel made of it each time is true: the file behind the descriptor, the peer of the
 * socket. Prints how many came to the real thing.
 *
 *	open      the path, /DIR/d/decoy.. and /DIR/d/secret.
 *	symlink   nothing changes, but the path leads through a symbolic link
 *	still     nothing changes
 *	connect   the port of the address; UDP on loopback, 4444 and 5555
 */
#include "truth.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static char path[2 * PATH_MAX];
static struct sockaddr_in addr = { .sin_family = AF_INET };
static int stop;

/* A thread to a processor, where there are two: else they seldom run at the same time. */
static void bind_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Long enough in each state that some calls see only one of them. */
static void *flip(void *arg)
{
	const char *what = arg, *names[] = { "decoy..", "secret." };
	char *at = path + strlen(path) - 7;
	unsigned int i = 0, spin;

	bind_to(1);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i ^= 1;
		if (!strcmp(what, "open"))
			memcpy(at, names[i], 7);
		else if (!strcmp(what, "connect"))
			__atomic_store_n(&addr.sin_port, htons(i ? 5555 : 4444), __ATOMIC_RELAXED);
		for (spin = 0; spin < 300; spin++)
			__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

static int make(const char *dir, const char *name, struct stat *st)
{
	char full[2 * PATH_MAX];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	fd = open(full, O_WRONLY | O_CREAT, 0600);
	must(fd >= 0 && !fstat(fd, st), full);
	return close(fd);
}

static unsigned int opens(unsigned int n, const struct stat *secret)
{
	unsigned int real = 0, i;
	struct stat st;
	int fd;

	for (i = 0; i < n; i++) {
		fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
		if (fd < 0)
			continue;	/* half of one name and half of the other */
		must(!fstat(fd, &st), "fstat");
		real += st.st_ino == secret->st_ino && st.st_dev == secret->st_dev;
		close(fd);
	}
	return real;
}

static unsigned int connects(unsigned int n)
{
	struct sockaddr_in peer;
	unsigned int real = 0, i;
	socklen_t len;
	int fd;

	for (i = 0; i < n; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		len = sizeof(peer);
		must(fd >= 0 && !connect(fd, (void *)&addr, sizeof(addr)) && !getpeername(fd, (void *)&peer, &len), "connect");
		real += ntohs(peer.sin_port) == 5555;
		close(fd);
	}
	return real;
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 4 ? (unsigned int)atoi(argv[3]) : 0, real;
	struct stat secret, decoy;
	char link[2 * PATH_MAX];
	pthread_t t;

	if (!n) {
		fprintf(stderr, "usage: race open|symlink|still|connect DIR N\n");
		return 2;
	}
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(4444);
	make(argv[2], "secret.", &secret);
	make(argv[2], "decoy..", &decoy);
	snprintf(path, sizeof(path), "%s/%s", argv[2], !strcmp(argv[1], "symlink") ? "ln" : "secret.");
	snprintf(link, sizeof(link), "%s/ln", argv[2]);
	must(!symlink("secret.", link), "symlink");
	bind_to(0);
	must(!pthread_create(&t, NULL, flip, argv[1]), "pthread_create");
	real = !strcmp(argv[1], "connect") ? connects(n) : opens(n, &secret);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	printf("{\"pid\":%d,\"calls\":%u,\"real\":%u}\n", getpid(), n, real);
	return 0;
}
