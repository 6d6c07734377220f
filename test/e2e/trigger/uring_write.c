/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes and splices by requests of io_uring, each told as the call that does the same: uring_write WAY DIR. A request
 * whose descriptor lies in the ring's own table has none.
 */
#include "uring_way.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { T_FILE = 1, T_PIPE = 9 };	/* enum fd_type */
#define OWN	(~0ull)			/* the file's own place */

static void inode_of(const char *dev, const char *ino, int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat");
	truth_num(ino, (long long)st.st_ino);
	truth_num(dev, (long long)((minor(st.st_dev) & 0xff) | major(st.st_dev) << 8 | (minor(st.st_dev) & ~0xffu) << 12));
}

static int made(const char *name, int flags)
{
	int fd = open(in_dir(name), flags | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0, name);
	return fd;
}

/* told: its descriptor in the record; fd: the same file by a descriptor of this process. */
static void written(const char *call, int res, int told, int fd, long long size, const char *name)
{
	truth_begin(call, getpid(), res);
	truth_num("fd", told);
	truth_num("size", size);
	truth_num("fd_type", T_FILE);
	inode_of("dev", "ino", fd);
	truth_str("name", in_dir(name));
	truth_num("target", 0);
	truth_num("target_start", 0);
	done(NULL, 0);
}

static struct io_uring_sqe *write_request(unsigned int op, int fd, const void *at, unsigned int n, unsigned long long off)
{
	struct io_uring_sqe *e = request(op, fd, at);

	e->len = n;
	e->off = off;
	return e;
}

static void writes(void)
{
	struct iovec v[2] = {{"one", 3}, {"three", 5}};
	int fd = made("w", O_RDWR), ro = made("ro", O_RDONLY);

	write_request(IORING_OP_WRITE, fd, "hello", 5, OWN);
	written("write", run(), fd, fd, 5, "w");
	write_request(IORING_OP_WRITE, fd, "hello", 4, 2);
	written("pwrite", run(), fd, fd, 4, "w");
	write_request(IORING_OP_WRITEV, fd, v, 2, OWN);
	written("writev", run(), fd, fd, 2, "w");
	write_request(IORING_OP_WRITEV, fd, v, 1, 0);
	written("pwritev", run(), fd, fd, 1, "w");
	write_request(IORING_OP_WRITE, ro, "no", 2, 0);
	written("pwrite", run(), ro, ro, 2, "ro");
	must(lseek(fd, 0, SEEK_CUR) == 13, "what was written at the file's own place");
	close(fd);
	close(ro);
}

/* By a buffer, and a file, that the ring knows already. */
static void registered(void)
{
	char *buf = calloc(1, 4096);	/* not of the program's file: kernels before 6.2 take no such buffer */
	struct iovec v = {buf, 4096};
	int fd = made("r", O_RDWR), files[2] = {fd, -1};
	struct io_uring_sqe *e;

	must(!!buf, "calloc");
	strcpy(buf, "buffer");
	must(!syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &v, 1), "IORING_REGISTER_BUFFERS");
	must(!syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, files, 2), "IORING_REGISTER_FILES");
	write_request(IORING_OP_WRITE_FIXED, fd, buf, 6, 0);
	written("pwrite", run(), fd, fd, 6, "r");
	e = write_request(IORING_OP_WRITE, 0, "fixed", 5, OWN);
	e->flags |= IOSQE_FIXED_FILE;
	written("write", run(), -1, fd, 5, "r");
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_FILES, NULL, 0);
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL, 0);
	free(buf);
	close(fd);
}

static void spliced(int in, int in_type, const char *in_name, int out, int out_type, const char *out_name)
{
	struct io_uring_sqe *e = write_request(IORING_OP_SPLICE, out, NULL, 5, OWN);

	e->splice_fd_in = in;
	e->splice_off_in = OWN;
	truth_begin("splice", getpid(), run());
	truth_num("fd_in", in);
	truth_num("fd_out", out);
	truth_num("len", 5);
	truth_num("in_type", in_type);
	truth_num("out_type", out_type);
	inode_of("in_dev", "in_ino", in);
	inode_of("out_dev", "out_ino", out);
	if (in_name)
		truth_str("in_name", in_dir(in_name));
	if (out_name)
		truth_str("out_name", in_dir(out_name));
	done(NULL, 0);
}

static void splices(void)
{
	int in = made("in", O_RDWR), out = made("out", O_RDWR), p[2];

	must(!pipe2(p, O_CLOEXEC) && pwrite(in, "0123456789", 10, 0) == 10, "pipe");
	spliced(in, T_FILE, "in", p[1], T_PIPE, NULL);
	spliced(p[0], T_PIPE, NULL, out, T_FILE, "out");
	close(p[0]);
	close(p[1]);
	close(in);
	close(out);
}

/* One that is to say nothing of its success is told as having had it. Whether the ring can do that, plain requests show. */
static void silent(void)
{
	int fd;

	if (strcmp(way->name, "plain") || !(ring.p.features & IORING_FEAT_CQE_SKIP))
		return;
	fd = made("quiet", O_RDWR);
	write_request(IORING_OP_WRITE, fd, "quiet", 5, 0)->flags = SQE_CQE_SKIP_SUCCESS;
	ring_submit(&ring, 0);
	ring.waiting = 0;
	written("pwrite", 0, fd, fd, 5, "quiet");
	close(fd);
}

static void all(void)
{
	writes();
	registered();
	splices();
	silent();
}

int main(int argc, char **argv)
{
	return way_main(argc, argv, all);
}
