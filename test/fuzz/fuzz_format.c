/* SPDX-License-Identifier: Apache-2.0 */
/* Any text through the layout: what comes out has that layout already. */
#include "rule/format.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule_source in = {.name = STR("x.yaml"), .text = {(const char *)data, size}};
	struct diags d _cleanup_(diags_free) = {};
	struct buf once _cleanup_(buf_free) = {}, twice _cleanup_(buf_free) = {};

	if (format_rules(&in, &once, &d) < 0)
		return 0;
	in.text = buf_view(&once);
	if (format_rules(&in, &twice, &d) < 0 || !str_eq(buf_view(&once), buf_view(&twice)))
		abort();
	return 0;
}
