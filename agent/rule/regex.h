/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regex
 *
 * The language's regular expressions: POSIX syntax, the whole value must
 * match. Run by pcre2, compiled to machine code where the host allows it, and
 * given up after REGEX_MATCH_LIMIT steps: the value is the attacker's.
 */
#ifndef RULE_REGEX_H
#define RULE_REGEX_H

#include "util/str.h"

struct regex;
struct regex_scratch;	/* what a match needs; one thread each */

/* 0, -EINVAL with why[], -ENOMEM. */
int regex_new(struct regex **ret, struct str pattern, char why[160]);
struct regex *regex_free(struct regex *r);

struct regex_scratch *regex_scratch_new(void);
struct regex_scratch *regex_scratch_free(struct regex_scratch *s);

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

/* A value that is no UTF-8 is matched with U+FFFD in place of what is none. Does not allocate. */
enum regex_result regex_match(const struct regex *r, struct regex_scratch *s, struct str value);

/* Whether an operator without patterns could do the same: nothing in it is special but its ends. */
bool regex_is_plain(struct str pattern);

size_t regex_bytes(const struct regex *r);

#endif
