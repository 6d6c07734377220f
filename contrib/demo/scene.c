/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The players of the demo's scene, all on the loopback of a network namespace
 * of its own: a resolver, a pool and a "miner" that mines nothing.
 *
 *   scene services   brings lo up, answers every DNS question with 127.0.0.7, listens on port 3333; runs until killed
 *   xmrig -o HOST:PORT   (the same program under the miner's name) resolves HOST, connects, says one line
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL_ADDRESS 0x7f000007u	/* 127.0.0.7 */
#define STRATUM_PORT 3333

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int lo_up(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int ok = fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &r);

	r.ifr_flags |= IFF_UP;
	ok = ok && !ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
	return ok ? 0 : -1;
}

static int bound(int type, uint32_t ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
	int fd = socket(AF_INET, type, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Turns the query into its own answer: one A record that points back at the question's name. */
static void answer_dns(int fd)
{
	static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 7};
	unsigned char m[512 + sizeof(record)];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &len);

	if (n < 17)
		return;
	m[2] = 0x81;
	m[3] = 0x80;
	m[7] = 1;		/* one answer */
	m[10] = m[11] = 0;	/* nothing additional */
	memcpy(m + n, record, sizeof(record));
	if (sendto(fd, m, (size_t)n + sizeof(record), 0, (struct sockaddr *)&from, len) < 0)
		perror("resolver");
}

static int services(void)
{
	int dns, pool;

	if (lo_up() < 0)
		return fail("lo");
	dns = bound(SOCK_DGRAM, INADDR_LOOPBACK, 53);
	pool = bound(SOCK_STREAM, POOL_ADDRESS, STRATUM_PORT);
	if (dns < 0 || pool < 0 || listen(pool, 8) < 0)
		return fail("services");
	if (fork() == 0) {
		for (;;)
			close(accept(pool, NULL, NULL));
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		answer_dns(dns);
}

/* Asks the resolver for HOST's address, as a plain libc-free client would. */
static int resolve(const char *host)
{
	unsigned char m[512] = {0x6e, 0x6f, 1, 0, 0, 1};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	size_t n = 12;

	for (const char *p = host; *p;) {
		size_t label = strcspn(p, ".");

		m[n++] = (unsigned char)label;
		memcpy(m + n, p, label);
		n += label;
		p += label + (p[label] == '.');
	}
	n++;
	m[n + 1] = m[n + 3] = 1;	/* A, IN */
	n += 4;
	if (sendto(fd, m, n, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return fail("resolve");
	if (recv(fd, m, sizeof(m), 0) < 28)
		return fail("resolve");
	close(fd);
	return 0;
}

static int mine(const char *target)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(POOL_ADDRESS)};
	char host[256];
	const char *colon = strrchr(target, ':');
	int fd;

	if (!colon || strlen(target) >= sizeof(host))
		return 2;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - target), target);
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (resolve(host))
		return 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return fail("connect");
	if (write(fd, "{\"method\":\"login\"}\n", 19) < 0)
		perror("write");
	usleep(200000);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "services"))
		return services();
	if (argc == 3 && !strcmp(argv[1], "-o"))
		return mine(argv[2]);
	fprintf(stderr, "usage: scene services | xmrig -o HOST:PORT\n");
	return 2;
}
