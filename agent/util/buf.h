/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buf
 *
 * A growing byte buffer with a cap. A failure sticks: appends after it do
 * nothing, and buf_error() says what happened, so that callers check once.
 */
#ifndef UTIL_BUF_H
#define UTIL_BUF_H

#include "util/str.h"
#include <stdarg.h>

struct buf {
	char *p;	/* always terminated by a NUL that n does not count, once anything was appended */
	size_t n;
	size_t room;
	size_t max;	/* cap in bytes; 0 means BUF_DEFAULT_MAX */
	int error;	/* 0, -ENOMEM or -E2BIG */
};

#define BUF_DEFAULT_MAX (16u << 20)

void buf_free(struct buf *b);	/* releases the bytes; the struct is empty again */
void buf_reset(struct buf *b);	/* n = 0 and no error; keeps the memory */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_puts(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static inline int buf_error(const struct buf *b)
{
	return b->error;
}

static inline struct str buf_view(const struct buf *b)
{
	return str_n(b->p ? b->p : "", b->n);
}

#endif
