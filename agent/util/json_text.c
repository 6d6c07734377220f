/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_text.h"
#include "util/utf8.h"
#include <stdlib.h>

json_t *json_text(struct str s)
{
	char *clean = malloc(3 * s.n + 1);	/* a bad byte becomes three */
	json_t *v = NULL;
	bool cut;

	if (clean)
		v = json_stringn_nocheck(clean, utf8_clean(clean, 3 * s.n, s, &cut));
	free(clean);
	return v;
}
