/* SPDX-License-Identifier: Apache-2.0 */
#include "generate.h"

void make_native_event(struct batch *b, struct occasion *o, uint64_t num)
{
	(void)b;
	make_json_event(o, num);
}

void release_native(void *native)
{
	(void)native;
}
