/* SPDX-License-Identifier: Apache-2.0 */
/* Fold key: what a match has to have in common with another to be its repeat. */
#ifndef FINDING_FOLD_KEY_H
#define FINDING_FOLD_KEY_H

#include "finding/finding.h"

/* Without the secret an attacker could have a finding folded into a harmless one. */
void fold_key(const uint64_t secret[2], const struct event *ev, const struct match *m, uint64_t key[2]);

#endif
