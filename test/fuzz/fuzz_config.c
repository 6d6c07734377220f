/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file: read or refused with reasons, never worse. */
#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_n((const char *)data, size);
	struct config *c = config_new();
	struct diags d = {};
	struct buf out = {};

	if (c && (config_parse(c, STR("noroshi.yaml"), text, &d) < 0) != (d.errors > 0))
		__builtin_trap();	/* refused without a reason, or taken with one */
	diags_print(&d, &out);
	buf_free(&out);
	diags_free(&d);
	config_free(c);
	return 0;
}
