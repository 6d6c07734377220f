/* SPDX-License-Identifier: Apache-2.0 */
/* `check --lint`: the lints over rules that were loaded for it, with the examples that stand beside them. */
#ifndef CMD_CHECK_LINT_H
#define CMD_CHECK_LINT_H

#include "rule/ruleset.h"

/* in: how rs was loaded, with lint and places. 0 or < 0. */
int check_lint(const struct ruleset *rs, const struct rule_files *files, const struct engine_load *in, struct diags *d);

#endif
