/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Utf8
 *
 * Bytes of any origin → valid UTF-8. Protobuf readers refuse a whole batch for
 * one stray byte, and file names are bytes.
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include "util/str.h"

/* Bytes of the valid sequence at the start of s (1 to 4), 0 when there is none: no overlong forms, no surrogates. */
size_t utf8_sequence(struct str s);

bool utf8_valid(struct str s);

/* Where s can be cut for its first part to have at most max bytes and no part of a letter: s.n when it is no longer. */
size_t utf8_cut(struct str s, size_t max);

/* The code point of a sequence of n bytes that utf8_sequence() has measured. */
uint32_t utf8_point(const char *p, size_t n);

/*
 * Writes s to dst as valid UTF-8, at most room bytes and no NUL at the end. Invalid bytes, one by one, and NULs
 * become U+FFFD. What does not fit is cut between characters. Returns the bytes written; *cut says whether it was cut.
 */
size_t utf8_clean(char *dst, size_t room, struct str s, bool *cut);

#endif
