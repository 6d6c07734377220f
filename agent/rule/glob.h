/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Glob
 *
 * fnmatch(3) with no flags, on texts that have a length: no allocation, no
 * locale (so no collating symbols either), and never more than pattern × text
 * steps.
 */
#ifndef RULE_GLOB_H
#define RULE_GLOB_H

#include "util/str.h"

bool glob_match(struct str pattern, struct str text, bool fold_case);

/* Whether a pattern has anything special. */
bool glob_special(struct str pattern);

#endif
