/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigger: duplicated descriptors
 *
 * dup, dup2 and dup3 of everything a descriptor can be, one JSON line of truth per call. Keys are the names
 * of probes/events.def; fd_type is given by name (enum fd_type without its prefix, lower case), the address of
 * a socket as <end>_ip and <end>_port.
 */
#include "as.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define TARGET_FD 200	/* free in this program */
#define CLOSED_FD 997

static char dir[] = "/tmp/noroshi-dup-XXXXXX";

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int opened(int fd, const char *what)
{
	if (fd < 0)
		die(what);
	return fd;
}

static void print_addr(const char *end, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	char ip[INET6_ADDRSTRLEN];

	if (ss->ss_family == AF_INET)
		printf(",\"%s_ip\":\"%s\",\"%s_port\":%d", end, inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip)), end,
		       ntohs(in->sin_port));
	else if (ss->ss_family == AF_INET6)
		printf(",\"%s_ip\":\"%s\",\"%s_port\":%d", end, inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip)), end,
		       ntohs(in6->sin6_port));
}

static void print_socket(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int type, protocol;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len))
		return;
	printf(",\"type\":%d,\"protocol\":%d", type, protocol);
	len = sizeof(ss);
	if (!getsockname(fd, (void *)&ss, &len))
		print_addr("local", &ss);
	len = sizeof(ss);
	if (!getpeername(fd, (void *)&ss, &len))
		print_addr("peer", &ss);
}

static void report(const char *call, int res, int oldfd, int newfd, int flags, const char *fd_type, const char *name)
{
	printf("{\"call\":\"%s\",\"pid\":%d,\"tid\":%ld,\"res\":%d,\"oldfd\":%d,\"newfd\":%d,\"flags\":%d", call, getpid(),
	       syscall(SYS_gettid), res < 0 ? -errno : res, oldfd, newfd, flags);
	printf(",\"fd_type\":\"%s\"", fd_type);
	print_socket(oldfd);
	if (name)
		printf(",\"name\":\"%s\"", name);
	printf("}\n");
	fflush(stdout);
}

/* The three calls on one descriptor, then it is closed. An architecture may have no dup2 of its own. */
static void dup_all(int fd, const char *fd_type, const char *name)
{
	int n = dup(fd);

	report("dup", n, fd, -1, 0, fd_type, name);
	close(n);
#ifdef SYS_dup2
	n = syscall(SYS_dup2, fd, TARGET_FD);
	report("dup2", n, fd, TARGET_FD, 0, fd_type, name);
	close(n);
#endif
	n = dup3(fd, TARGET_FD, O_CLOEXEC);
	report("dup3", n, fd, TARGET_FD, O_CLOEXEC, fd_type, name);
	close(n);
	close(fd);
}

static const char *in_dir(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void of_file(void)
{
	const char *path = in_dir("file");

	dup_all(opened(open(path, O_CREAT | O_RDWR, 0600), path), "file", path);
	unlink(path);
}

static void of_directory(void)
{
	dup_all(opened(open(dir, O_DIRECTORY | O_RDONLY), dir), "directory", dir);
}

static void of_device(void)
{
	dup_all(opened(open("/dev/null", O_RDWR), "/dev/null"), "device", "/dev/null");
}

static void of_memfd(void)
{
	dup_all(opened(memfd_create("noroshi", MFD_CLOEXEC), "memfd_create"), "memfd", NULL);
}

static void of_pipe(void)
{
	char name[64];
	struct stat st;
	int fds[2];

	if (pipe(fds) || fstat(fds[0], &st))
		die("pipe");
	snprintf(name, sizeof(name), "pipe:[%lu]", st.st_ino);
	close(fds[1]);
	dup_all(fds[0], "pipe", name);
}

static int listener(int family)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	int l = opened(socket(family, SOCK_STREAM, 0), "socket");

	if (bind(l, family == AF_INET ? (void *)&in : (void *)&in6, family == AF_INET ? sizeof(in) : sizeof(in6)) ||
	    listen(l, 1))
		die("listen");
	return l;
}

static void of_tcp(int family, const char *fd_type)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int l = listener(family), c = opened(socket(family, SOCK_STREAM, 0), "socket");

	if (getsockname(l, (void *)&ss, &len) || connect(c, (void *)&ss, len))
		die("connect");
	dup_all(c, fd_type, NULL);
	close(l);
}

static void of_tcp4(void)	{ of_tcp(AF_INET, "ipv4"); }
static void of_tcp6(void)	{ of_tcp(AF_INET6, "ipv6"); }

/* A socket that is not connected has its own end only. */
static void of_udp4(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000005) };
	int fd = opened(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	if (bind(fd, (void *)&in, sizeof(in)))
		die("bind");
	dup_all(fd, "ipv4", NULL);
}

static void of_unix(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int l = opened(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), c = opened(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	const char *path = in_dir("sock");

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (bind(l, (void *)&un, sizeof(un)) || listen(l, 1) || connect(c, (void *)&un, sizeof(un)))
		die(path);
	dup_all(c, "unix", path);	/* it has no name of its own: its peer's */
	dup_all(l, "unix", path);
	unlink(path);
}

static void of_unix_pair(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		die("socketpair");
	dup_all(fds[0], "unix", NULL);
	close(fds[1]);
}

static void of_netlink(void)
{
	dup_all(opened(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "socket"), "netlink", NULL);
}

static void of_closed(void)
{
	int n = dup(CLOSED_FD);

	report("dup", n, CLOSED_FD, -1, 0, "none", NULL);
	n = dup3(CLOSED_FD, TARGET_FD, 0);
	report("dup3", n, CLOSED_FD, TARGET_FD, 0, "none", NULL);
}

static const struct mode {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "file", of_file }, { "directory", of_directory }, { "device", of_device }, { "memfd", of_memfd },
	{ "pipe", of_pipe }, { "tcp4", of_tcp4 }, { "tcp6", of_tcp6 }, { "udp4", of_udp4 }, { "unix", of_unix },
	{ "unix_pair", of_unix_pair }, { "netlink", of_netlink }, { "closed", of_closed },
};

#define NMODES (sizeof(modes) / sizeof(modes[0]))

static int run_mode(const char *name)
{
	for (size_t i = 0; i < NMODES; i++)
		if (!name || !strcmp(name, modes[i].name)) {
			modes[i].run();
			if (name)
				return 0;
		}
	return name ? -1 : 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc == 2 && !strcmp(argv[1], "-l")) {
		for (size_t i = 0; i < NMODES; i++)
			puts(modes[i].name);
		return 0;
	}
	if (!mkdtemp(dir))
		die(dir);
	if (argc < 2)
		failed = run_mode(NULL);
	for (int i = 1; i < argc && !failed; i++)
		failed = run_mode(argv[i]);
	rmdir(dir);
	if (failed)
		fprintf(stderr, "no such mode; -l lists them\n");
	return failed ? 2 : 0;
}
