/* SPDX-License-Identifier: Apache-2.0 */
#include "util/log.h"
#include "util/cleanup.h"
#include "util/escape.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level max)
{
	max_level = max;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const journal[] = {"<3>", "<4>", "<6>", "<7>"};
	_cleanup_(buf_free) struct buf line = {};
	char text[4096];
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		buf_puts(&line, journal[level]);
	buf_puts(&line, "noroshi: ");
	escape_add(&line, str(text));
	buf_char(&line, '\n');
	if (line.n && write(STDERR_FILENO, line.p, line.n) < 0)
		return;	/* nowhere left to say it */
}
