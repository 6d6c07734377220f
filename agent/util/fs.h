/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fs
 *
 * Small files read whole, with a cap.
 */
#ifndef UTIL_FS_H
#define UTIL_FS_H

#include "util/buf.h"

/* Appends the file to *b. 0, -E2BIG when it is longer than max, or the errno of the call that failed. */
int fs_read(struct buf *b, const char *path, size_t max);
int fs_read_fd(struct buf *b, int fd, size_t max);

#endif
