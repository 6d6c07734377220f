/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FINDING_FALCO_H
#define FINDING_FALCO_H

#include "finding/finding.h"

/* Who knows which fields a rule's output names: each is called with every one of them. */
struct finding_template {
	void (*each)(void *ctx, const char *rule, void (*fn)(void *fn_ctx, const char *field), void *fn_ctx);
	void *ctx;
};

/* The line without newline, appended to *out. t may be NULL. 0 or -ENOMEM. */
int finding_falco_line(const Noroshi__V1__Finding *f, const struct finding_template *t, struct buf *out);

#endif
