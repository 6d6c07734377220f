/* SPDX-License-Identifier: Apache-2.0 */
#include "util/fs.h"
#include "util/cleanup.h"
#include <errno.h>
#include <fcntl.h>

int fs_read_fd(struct buf *b, int fd, size_t max)
{
	size_t total = 0;
	char part[16384];

	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		total += (size_t)n;
		if (total > max)
			return -E2BIG;
		buf_add(b, part, (size_t)n);
	}
	if (!total)
		buf_add(b, "", 0);	/* an empty file is a text, not the absence of one */
	return buf_error(b);
}

int fs_read(struct buf *b, const char *path, size_t max)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fs_read_fd(b, fd, max);
}
