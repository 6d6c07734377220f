/* SPDX-License-Identifier: Apache-2.0 */
/* flood N FILE: opens FILE for writing N times, as fast as can be. */
#include "truth.h"
#include <fcntl.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	long n = argc == 3 ? atol(argv[1]) : 0;

	if (n <= 0) {
		fprintf(stderr, "usage: flood N FILE\n");
		return 2;
	}
	for (long i = 0; i < n; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, argv[2], O_RDWR | O_CREAT, 0600);

		must(fd >= 0, argv[2]);
		close(fd);
	}
	return 0;
}
