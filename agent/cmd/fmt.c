/* SPDX-License-Identifier: Apache-2.0 */
/* Rules files in their canonical layout: printed, compared, or written back. */
#include "cmd/cmd.h"
#include "cmd/rules_arg.h"
#include "rule/format.h"
#include "util/fs.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct cmd cmd_fmt;

enum { OPT_CHECK, OPT_WRITE };

static const struct cmd_option options[] = {
	[OPT_CHECK] = {"--check", 0, NULL, "print nothing but the names of files that have another layout; exit 1 when there is one"},
	[OPT_WRITE] = {"--write", 'w', NULL, "write files back that have another layout"},
	{},
};

struct work {
	bool check, write;
	int status;
};

/* Written beside it and renamed: a file is the old one or the new one, with the old one's mode and owner. */
static int replace(const char *path, const struct buf *text)
{
	_cleanup_(buf_free) struct buf name = {};
	struct stat st;
	int fd, r = 0;

	buf_printf(&name, "%s.XXXXXX", path);
	if (buf_error(&name) || stat(path, &st) < 0 || (fd = mkstemp(name.p)) < 0)
		return -errno;
	for (size_t at = 0; at < text->n && !r;) {
		ssize_t n = write(fd, text->p + at, text->n - at);

		r = n < 0 ? -errno : 0;
		at += n > 0 ? (size_t)n : 0;
	}
	if (!r && (fchmod(fd, st.st_mode & 07777) < 0 || (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0) || fsync(fd) < 0))
		r = -errno;
	close(fd);
	if (!r && rename(name.p, path) < 0)
		r = -errno;
	if (r)
		unlink(name.p);
	return r;
}

static void fail(struct work *w, const char *path, const char *what, int error)
{
	fprintf(stderr, "noroshi fmt: %s: %s%s%s\n", path, what, error ? ": " : "", error ? strerror(-error) : "");
	w->status = EXIT_INPUT;
}

static void put(struct work *w, const char *path, const struct buf *old, const struct buf *new)
{
	bool same = str_eq(buf_view(old), buf_view(new));
	int r;

	if (!w->check && !w->write) {
		fwrite(new->p, 1, new->n, stdout);
		return;
	}
	if (same)
		return;
	if (w->check) {
		puts(path);
		w->status = w->status ? w->status : EXIT_FINDINGS;
		return;
	}
	r = replace(path, new);
	if (r < 0)
		fail(w, path, "cannot be written", r);
}

static void file(struct work *w, const char *path)
{
	struct buf old _cleanup_(buf_free) = {.max = RULE_FILE_BYTES_MAX}, new _cleanup_(buf_free) = {};
	struct diags d _cleanup_(diags_free) = {};
	bool in = !strcmp(path, "-");
	int r = in ? fs_read_fd(&old, STDIN_FILENO, RULE_FILE_BYTES_MAX) : fs_read(&old, path, RULE_FILE_BYTES_MAX);

	if (r < 0) {
		fail(w, path, "cannot be read", r);
		return;
	}
	buf_add(&old, "", 0);
	r = format_rules(&(struct rule_source){.name = str(in ? "stdin" : path), .text = buf_view(&old)}, &new, &d);
	rules_arg_print(&d);
	if (r == -ENOTSUP)
		fail(w, path, "left as it is: its lines are indented in a way that cannot be laid out without changing what they mean", 0);
	else if (r < 0 && r != -EINVAL)
		fail(w, path, "cannot be laid out", r);
	else if (r < 0)
		w->status = EXIT_INPUT;
	else
		put(w, path, &old, &new);
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	struct rule_files files = {};
	struct diags d _cleanup_(diags_free) = {};
	struct work w = {};
	bool any = false;
	int o;

	while ((o = cmd_next(&p, &cmd_fmt)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o == CMD_ERROR)
			return EXIT_INPUT;
		w.check |= o == OPT_CHECK;
		w.write |= o == OPT_WRITE;
		any |= o == CMD_ARG;
	}
	if (w.check && w.write)
		return fprintf(stderr, "noroshi fmt: --check and --write exclude each other\n"), EXIT_INPUT;
	if (!any && w.write)
		return fprintf(stderr, "noroshi fmt: --write wants files\n"), EXIT_INPUT;
	p = (struct cmd_parse){.argc = argc, .argv = argv, .at = 1};
	while ((o = cmd_next(&p, &cmd_fmt)) != CMD_END) {
		struct stat st;
		size_t from = files.n;

		if (o != CMD_ARG)
			continue;
		if (stat(p.value, &st) < 0 || !S_ISDIR(st.st_mode)) {
			file(&w, p.value);
			continue;
		}
		if (rule_files_add(&files, p.value, &d) < 0)
			w.status = EXIT_INPUT;
		for (size_t i = from; i < files.n; i++)
			file(&w, files.v[i].name.p);
	}
	if (!any)
		file(&w, "-");
	rules_arg_print(&d);
	rule_files_free(&files);
	return w.status;
}

const struct cmd cmd_fmt = {
	.name = "fmt",
	.args = "[--check | --write] [RULES...]",
	.summary = "rules files in their canonical layout, comments kept",
	.options = options,
	.run = run,
};
