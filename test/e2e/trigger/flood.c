/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flood N WHAT [RATE]: does the same N times, as fast as can be or RATE times a second: opens the file WHAT for writing,
 * or, where WHAT is a number, connects a datagram socket to that port of the loopback.
 */
#include "truth.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define SLICE 100	/* so many at once before the clock is looked at */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void open_once(const char *file)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CREAT, 0600);

	must(fd >= 0, file);
	close(fd);
}

static void connect_once(int fd, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	must(!connect(fd, (struct sockaddr *)&a, sizeof(a)), "connect");
}

int main(int argc, char **argv)
{
	long n = argc >= 3 ? atol(argv[1]) : 0, rate = argc > 3 ? atol(argv[3]) : 0;
	int port = argc >= 3 ? atoi(argv[2]) : 0, fd = -1;
	double start = now();

	if (n <= 0) {
		fprintf(stderr, "usage: flood N FILE|PORT [RATE]\n");
		return 2;
	}
	if (port)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (long i = 0; i < n; i++) {
		double ahead = rate && i % SLICE == 0 ? (double)i / (double)rate - (now() - start) : 0;

		if (ahead > 0)
			usleep((useconds_t)(ahead * 1e6));
		if (port)
			connect_once(fd, port);
		else
			open_once(argv[2]);
	}
	return 0;
}
