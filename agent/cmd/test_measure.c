/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_measure.h"
#include "cmd/test_why.h"
#include "util/json_text.h"

double measure_percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 100;
}

json_t *measure_text(struct str s)
{
	return json_text(s);
}

void measure_below(struct buf *below, const char *rule, double is, double wanted)
{
	if (is < wanted)
		why_printf(below, "%s\"%s\" (%d %%)", below->n ? ", " : "", rule, (int)is);
}
