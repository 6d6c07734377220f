/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files
 *
 * Executables of running processes, opened by the sensor for the agent, which has no right to. They have a socket of
 * their own (SEQPACKET), where threads of the sensor do nothing else: an open can hang for as long as a file system
 * likes, and then it is that thread that hangs.
 *
 * A file is handed over only when the process is the one that was asked for and the file the one that it was started
 * from: another one under the same path, or of the next program of the same process, is none of them.
 */
#ifndef SENSOR_FILES_H
#define SENSOR_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define FILES_THREADS 2

/* An executable as its exec's record tells it. */
struct files_exe {
	uint64_t start;		/* of the process, CLOCK_BOOTTIME ns */
	uint64_t ino, ctime, mtime;
	uint32_t pid, dev, nlink;
	uint32_t overlay;	/* not 0: on an overlay, where stat(2) may know it by another device and inode */
};

struct files_request {
	uint64_t id;
	struct files_exe exe;
};

enum files_verdict {
	FILES_OPEN,		/* the descriptor goes with the answer */
	FILES_GONE,		/* the process */
	FILES_OTHER,		/* it runs another file by now */
	FILES_CHANGED,		/* the file is not what it was at the exec */
	FILES_FOREIGN,		/* on a file system that a process or another host serves: reading may hang */
	FILES_FAILED,
	FILES_VERDICTS
};

struct files_answer {
	uint64_t id;
	uint32_t verdict;
	int32_t error;		/* of FILES_FAILED: an errno */
};

/* The sensor's side: threads that answer what comes on fd, until its other end is closed. 0 or -errno. */
int files_serve(int fd);

/* The agent's side; neither waits. 0, -EAGAIN when the sensor has enough to do, or -errno. */
int files_ask(int fd, const struct files_request *r);
/* 1 with an answer (*file is -1, or a descriptor that is the caller's), 0 when there is none, -errno when none will come. */
int files_answer(int fd, struct files_answer *a, int *file);

/*
 * Whether the bytes of a file are those that they were: nobody wrote it since. Its change time may differ only for its
 * having lost names.
 */
bool files_same(uint64_t ctime, uint64_t mtime, uint32_t nlink, const struct stat *now);

static inline uint64_t files_time(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000ull + (uint64_t)t->tv_nsec;
}

#endif
