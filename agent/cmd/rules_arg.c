/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rules_arg.h"
#include "util/escape.h"
#include "version.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A binary in the folder it was built in belongs to its source tree. */
static bool in_build_folder(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	return n > 0 && str_starts(str_n(exe, (size_t)n), STR(NOROSHI_BINARY_DIR "/"));
}

static size_t defaults(const char **out, size_t room)
{
	static const char *const installed[] = {"/usr/share/noroshi/rules", "/etc/noroshi/rules.d"};
	size_t n = 0;

	if (in_build_folder() && room) {
		out[0] = NOROSHI_SOURCE_DIR "/rules";
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(installed) && n < room; i++) {
		if (!access(installed[i], R_OK))
			out[n++] = installed[i];
	}
	return n;
}

size_t rules_arg_expand(const char **out, size_t room, const char *const *in, size_t n)
{
	size_t k = 0;

	if (!n)
		return defaults(out, room);
	for (size_t i = 0; i < n && k < room; i++) {
		if (!strcmp(in[i], "default"))
			k += defaults(out + k, room - k);
		else
			out[k++] = in[i];
	}
	return k;
}

int rules_arg_priority(const char *word)
{
	static const char *const words[] = {"emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcasecmp(word, words[i]))
			return (int)i;
	}
	return strcasecmp(word, "info") ? -EINVAL : 6;
}

void rules_arg_print_errors(const struct diags *d, const char *but)
{
	struct diags errors = {.v = calloc(d->n + 1, sizeof(*errors.v)), .errors = d->errors};

	for (size_t i = 0; errors.v && i < d->n; i++) {
		bool error = diag_code_severity(d->v[i].code) == DIAG_ERROR;

		if (!error && !(but && str_eq(d->v[i].place.file, str(but))))
			continue;
		errors.v[errors.n++] = d->v[i];
		errors.warnings += !error;
	}
	if (errors.n)
		rules_arg_print(&errors);
	free(errors.v);
}

void rules_arg_print(const struct diags *d)
{
	struct buf b = {};

	diags_print(d, &b);
	if (b.n)
		fputs(b.p, stderr);
	buf_free(&b);
}

#define NAMES_SHOWN 3

void rules_arg_names(const char *where, const json_t *names)
{
	struct buf b _cleanup_(buf_free) = {};
	size_t n = json_array_size(names);

	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		buf_puts(&b, i ? ", \"" : "\"");
		escape_add(&b, str(json_string_value(json_array_get(names, i))));
		buf_puts(&b, "\"");
	}
	if (n)
		printf("%s" STR_FMT, where, STR_ARG(buf_view(&b)));
	if (n > NAMES_SHOWN)
		printf(" and %zu more", n - NAMES_SHOWN);
	if (n)
		puts("");
}
