/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Body
 *
 * The body of an upload → a FindingBatch that can be stored. Everything in it
 * is a stranger's: how much it may unpack to, and how much memory its structures
 * may take, is bounded.
 */
#ifndef RECEIVE_BODY_H
#define RECEIVE_BODY_H

#include "noroshi/v1/batch.pb-c.h"
#include "util/cleanup.h"
#include "util/compress.h"

/*
 * 0, -EBADMSG (not that coding, no FindingBatch, or a finding without its key), -E2BIG, -ENOMEM. why says which, in
 * words for the sender. The result is freed with body_free().
 */
int body_decode(Noroshi__V1__FindingBatch **ret, enum coding coding, struct str body, char why[256]);
void body_free(Noroshi__V1__FindingBatch *b);
DEFINE_CLEANUP(Noroshi__V1__FindingBatch *, body_free);

#endif
