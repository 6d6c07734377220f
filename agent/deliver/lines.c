/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/lines.h"
#include "finding/finding.h"
#include <errno.h>

int lines_check_format(const char *format, char error[256])
{
	if (!format || !strcmp(format, "native"))
		return 0;
	snprintf(error, 256, "there is no format \"%.64s\" (native)", format);
	return -EINVAL;
}

int lines_add(struct buf *out, const struct batch *b, enum lines_kind kind)
{
	for (size_t i = 0; i < b->n; i++) {
		if (kind == LINES_JSON) {
			int r = finding_json_line(&b->v[i]->base, out);

			if (r < 0)
				return r;
		} else {
			finding_text_line(b->v[i], kind == LINES_COLOUR, out);
		}
		buf_char(out, '\n');
	}
	return buf_error(out);
}
