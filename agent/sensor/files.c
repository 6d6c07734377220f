/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/files.h"
#include "util/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statfs.h>

#define STACK_BYTES (256u << 10)	/* touched: a page or two */

/* Of statfs(2). */
#define OF_BTRFS	0x9123683eu	/* each subvolume has a device of its own for stat(2) */
static const uint32_t foreign[] = {
	0x65735546u,	/* FUSE */
	0x6969u,	/* NFS */
	0xff534d42u,	/* CIFS */
	0xfe534d42u,	/* SMB2 */
	0x01021997u,	/* 9p */
	0x00c36400u,	/* Ceph */
	0x5346414fu,	/* AFS */
};

bool files_same(uint64_t ctime, uint64_t mtime, uint32_t nlink, const struct stat *now)
{
	if (files_time(&now->st_mtim) != mtime)
		return false;
	return files_time(&now->st_ctim) == ctime || now->st_nlink < nlink;
}

/* Whether the process in that folder of /proc is the one that started then. 0, or -ESRCH. */
static int check_start(int proc, uint64_t start)
{
	uint64_t per_tick = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
	_cleanup_(closep) int fd = openat(proc, "stat", O_RDONLY | O_CLOEXEC);
	unsigned long long ticks;
	char text[1024], *p;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	p = strrchr(text, ')');	/* the name may hold anything; then fields 3 to 22 */
	if (!p || sscanf(p + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1)
		return -ESRCH;
	return ticks == start / per_tick ? 0 : -ESRCH;
}

static bool is_foreign(uint32_t type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(foreign); i++) {
		if (type == foreign[i])
			return true;
	}
	return false;
}

/* An overlay of several file systems gives its files numbers that stat(2) does not show: there the times tell. */
static bool is_file(const struct files_exe *e, const struct stat *st, uint32_t type)
{
	if (st->st_ino == e->ino && ((uint32_t)st->st_dev == e->dev || type == OF_BTRFS))
		return true;
	return e->overlay && files_time(&st->st_ctim) == e->ctime && files_time(&st->st_mtim) == e->mtime;
}

static enum files_verdict judge(const struct files_exe *e, int file, int *error)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(file, &fs) < 0 || fstat(file, &st) < 0) {
		*error = errno;
		return FILES_FAILED;
	}
	if (is_foreign((uint32_t)fs.f_type))
		return FILES_FOREIGN;
	if (!S_ISREG(st.st_mode) || !is_file(e, &st, (uint32_t)fs.f_type))
		return FILES_OTHER;
	return files_same(e->ctime, e->mtime, e->nlink, &st) ? FILES_OPEN : FILES_CHANGED;
}

/* The folder of /proc stays that process's: once it has ended, nothing in it opens any more. */
static enum files_verdict open_exe(const struct files_exe *e, int *file, int *error)
{
	_cleanup_(closep) int proc = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", e->pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || check_start(proc, e->start) < 0)
		return FILES_GONE;
	*file = openat(proc, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*file >= 0)
		return judge(e, *file, error);
	*error = errno;
	return errno == ENOENT || errno == ESRCH ? FILES_GONE : FILES_FAILED;
}

static int send_answer(int fd, const struct files_answer *a, int file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = {(void *)a, sizeof(*a)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (a->verdict == FILES_OPEN) {
		struct cmsghdr *c;

		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(file));
		memcpy(CMSG_DATA(c), &file, sizeof(file));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;

	for (;;) {
		struct files_answer a = {};
		struct files_request r;
		int file = -1, error = 0;
		ssize_t n = recv(fd, &r, sizeof(r), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(r))
			return NULL;
		a.id = r.id;
		a.verdict = open_exe(&r.exe, &file, &error);
		a.error = error;
		n = send_answer(fd, &a, file);
		closep(&file);
		if (n < 0)
			return NULL;
	}
}

int files_serve(int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r = 0;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (unsigned int i = 0; i < FILES_THREADS && !r; i++)
		r = pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attr);
	return -r;
}

int files_ask(int fd, const struct files_request *r)
{
	return send(fd, r, sizeof(*r), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int files_answer(int fd, struct files_answer *a, int *file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = {a, sizeof(*a)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n != sizeof(*a))
		return -EPIPE;
	*file = -1;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(*file)))
		memcpy(file, CMSG_DATA(c), sizeof(*file));
	if (a->verdict == FILES_OPEN && *file < 0) {	/* no room for a descriptor */
		a->verdict = FILES_FAILED;
		a->error = EMFILE;
	}
	return 1;
}
