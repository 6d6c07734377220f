/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_measure.h"
#include "cmd/test_why.h"

double measure_percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 100;
}

json_t *measure_text(struct str s)
{
	json_t *o = json_stringn(s.p ? s.p : "", s.n);

	return o ? o : json_string("(not UTF-8)");
}

void measure_below(struct buf *below, const char *rule, double is, double wanted)
{
	if (is < wanted)
		why_printf(below, "%s\"%s\" (%d %%)", below->n ? ", " : "", rule, (int)is);
}
