/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/lines.h"
#include <errno.h>

bool lines_are_falco(const char *format)
{
	return format && !strcmp(format, "falco");
}

int lines_check_format(const char *format, char error[256])
{
	if (!format || !strcmp(format, "native") || lines_are_falco(format))
		return 0;
	snprintf(error, 256, "there is no format \"%.64s\" (native, falco)", format);
	return -EINVAL;
}

int lines_add(struct buf *out, const struct batch *b, enum lines_kind kind, const struct finding_template *t)
{
	for (size_t i = 0; i < b->n; i++) {
		if (kind == LINES_JSON || kind == LINES_FALCO) {
			int r = kind == LINES_JSON ? finding_json_line(&b->v[i]->base, out) : finding_falco_line(b->v[i], t, out);

			if (r < 0)
				return r;
		} else {
			finding_text_line(b->v[i], kind == LINES_COLOUR, out);
		}
		buf_char(out, '\n');
	}
	return buf_error(out);
}
