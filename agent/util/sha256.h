/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4): digests of rule sets and executables. Not for secrets. */
#ifndef UTIL_SHA256_H
#define UTIL_SHA256_H

#include "util/str.h"

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64];
};

#define SHA256_HEX 65	/* 64 digits and NUL */

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str data);
void sha256_hex(struct sha256 *s, char dst[SHA256_HEX]);	/* ends it */

#endif
