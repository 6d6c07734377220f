/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of .scap captures over any bytes: events whose every field can be read, or a place and a reason.
 * Corpus: test/fuzz/corpus/scap/, made by test/cli/lib_scap_write.py.
 */
#include "event/scap.h"
#include "rule/event_json.h"
#include "event/json.h"
#include <string.h>
#include <sys/mman.h>

#define EVENTS_MAX 16	/* of one input: the rest says nothing new */

/* As the rules would take it. */
static void read_fields(json_t *o)
{
	struct json_fields *f;
	struct event ev = {.num = 1};
	char why[128], *text;

	if (json_fields_new(&f, o, why) < 0)
		__builtin_trap();	/* an event that the engine does not take */
	ev.fields = f;
	json_decref(event_field_json(&ev, "fd.name"));
	json_decref(event_field_json(&ev, "proc.aname[2]"));
	json_decref(event_field_json(&ev, "evt.args"));
	json_fields_free(f);
	text = json_dumps(o, JSON_COMPACT);
	if (!text)
		__builtin_trap();	/* a text that is no UTF-8 */
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct scap *s = NULL;
	int fd = memfd_create("scap", MFD_CLOEXEC), r;
	uint64_t num, last = 0;
	char error[512];
	json_t *o;

	if (fd < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	if (scap_open(&s, fd, "fuzz", error) < 0)
		abort();
	for (unsigned int i = 0; (r = scap_next(s, &o, &num)) > 0; i++) {
		if (num <= last)
			__builtin_trap();
		last = num;
		read_fields(o);
		json_decref(o);
		if (i >= EVENTS_MAX)
			break;
	}
	if (r < 0 && strncmp(scap_error(s), "fuzz: byte ", 11))
		__builtin_trap();
	scap_free(s);
	return 0;
}
