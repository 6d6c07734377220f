/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a control group's path: a container's has an id of a known form and NUL-terminated texts. */
#include "enrich/container.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct container c;

	memset(&c, 0xff, sizeof(c));
	if (!container_parse(&c, str_n((const char *)data, n)))
		return 0;
	if (strnlen(c.id, sizeof(c.id)) < 34 || strnlen(c.id, sizeof(c.id)) > 64 || !c.runtime[0] ||
	    !memchr(c.runtime, 0, sizeof(c.runtime)) || !memchr(c.task_id, 0, sizeof(c.task_id)) ||
	    !memchr(c.cluster, 0, sizeof(c.cluster)) || !memchr(c.path, 0, sizeof(c.path)))
		abort();
	if (!memmem(data, n, c.id, strlen(c.id)))
		abort();
	return 0;
}
