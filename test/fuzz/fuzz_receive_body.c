/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the coding; what decodes must survive its way into the store's columns and back. */
#include "finding/finding.h"
#include "receive/body.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_(body_freep) Noroshi__V1__FindingBatch *b = NULL;
	_cleanup_(buf_free) struct buf line = {};
	char why[256];

	if (!n || body_decode(&b, (enum coding)(data[0] % 3), str_n((const char *)data + 1, n - 1), why) < 0)
		return 0;
	for (size_t i = 0; i < b->n_findings; i++) {
		json_t *j;

		buf_reset(&line);
		if (finding_json_line(&b->findings[i]->base, &line) < 0)
			abort();
		j = json_loadb(line.p, line.n, 0, NULL);
		if (!j || memchr(line.p, '\n', line.n))
			abort();	/* a line of JSON it must be, whatever was sent */
		json_decref(j);
		buf_reset(&line);
		finding_text_line(b->findings[i], false, &line);
		for (size_t k = 0; k < line.n; k++)
			if ((unsigned char)line.p[k] < 0x20 || line.p[k] == 0x7f)
				abort();	/* nothing in it reaches a terminal as a command */
		buf_reset(&line);
		finding_text_detail(b->findings[i], false, &line);
		for (size_t k = 0; k < line.n; k++)
			if (((unsigned char)line.p[k] < 0x20 && line.p[k] != '\n') || line.p[k] == 0x7f)
				abort();
	}
	return 0;
}
