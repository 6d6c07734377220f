/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/events_scap.h"
#include "event/scap.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

/* A capture from elsewhere may hold what is not known here, or more than is kept: that is said once. */
static void say_losses(const char *path, const struct scap *s)
{
	struct scap_losses l = scap_losses(s);
	const struct {
		uint64_t n;
		const char *what;
	} lines[] = {
		{l.blocks, "blocks of unknown types were passed over"},
		{l.events, "events of later versions were passed over"},
		{l.threads, "threads were forgotten for want of room: what they do later has no process"},
		{l.refused, "descriptors, texts or names found no room"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (lines[i].n)
			fprintf(stderr, "noroshi: %s: note: %" PRIu64 " %s\n", path, lines[i].n, lines[i].what);
	}
}

int events_scap_each(const char *path, event_fn fn, void *ctx, struct buf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	_cleanup_(scap_freep) struct scap *s = NULL;
	char why[512];
	json_t *o;
	uint64_t num;

	if (fd < 0) {
		r = -errno;
		buf_printf(error, "%s: %s", path, strerror(-r));
		return r;
	}
	r = scap_open(&s, fd, path, why);
	if (r < 0) {
		buf_puts(error, why);
		return r;
	}
	while ((r = scap_next(s, &o, &num)) > 0) {
		r = event_from_json(o, num, STR_NONE, fn, ctx, why);
		json_decref(o);
		if (r < 0) {
			buf_printf(error, "%s: event %" PRIu64 ": %s", path, num, why);
			return r;
		}
	}
	if (r < 0)
		buf_puts(error, scap_error(s));
	say_losses(path, s);
	return r;
}
