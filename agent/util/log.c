/* SPDX-License-Identifier: Apache-2.0 */
#include "util/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level max)
{
	max_level = max;
}

/* Control characters other than tab and newline become \xNN, in place of a copy. */
static size_t escape(char *dst, size_t room, const char *src)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *src && n + 5 < room; src++) {
		unsigned char c = (unsigned char)*src;

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) {
			dst[n++] = '\\';
			dst[n++] = 'x';
			dst[n++] = hex[c >> 4];
			dst[n++] = hex[c & 15];
		} else {
			dst[n++] = (char)c;
		}
	}
	return n;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const journal[] = {"<3>", "<4>", "<6>", "<7>"};
	char text[4096], line[8192];
	size_t n = 0;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		n = (size_t)snprintf(line, sizeof(line), "%s", journal[level]);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "noroshi: ");
	n += escape(line + n, sizeof(line) - n - 1, text);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;	/* nowhere left to say it */
}
