/* SPDX-License-Identifier: Apache-2.0 */
/* Lints by name, as people write them who want one of them silent: "no_tags" is LINT_NO_TAGS, which may be written too. */
#ifndef RULE_LINT_NAME_H
#define RULE_LINT_NAME_H

#include "util/str.h"
#include <stdint.h>

#define LINTS_ALL UINT32_MAX

/* A set of lints with that one in it: a bit by its place in lint.def. 0: there is none of that name. */
uint32_t lint_named(struct str name);

/* did you mean "no_tags"? Nothing ("") when no name is near. */
const char *lint_hint(char buf[96], struct str name);

#endif
