/* SPDX-License-Identifier: Apache-2.0 */
/* A finding from anybody, as the receiver gets it: unpacked, shown as JSON and as a line, packed again. */
#include "finding/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	Noroshi__V1__Finding *f = noroshi__v1__finding__unpack(NULL, n, data), *copy;
	struct buf line = {};
	json_t *j;

	if (!f)
		return 0;
	if (finding_json_line(&f->base, &line) == 0) {
		j = json_loadb(line.p, line.n, 0, NULL);	/* whatever it is, it is JSON on one line */
		if (!j || memchr(line.p, '\n', line.n))
			abort();
		json_decref(j);
	}
	buf_reset(&line);
	finding_text_line(f, true, &line);
	if (line.p && memchr(line.p, '\n', line.n))
		abort();
	finding_text_detail(f, true, &line);
	copy = finding_copy(f);
	finding_free(copy);
	finding_free(f);
	buf_free(&line);
	return 0;
}
