/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text
 *
 * A finding for people at a terminal, as one line or as a block of lines.
 * Everything in it that a process chose is escaped: a line stays a line, and
 * its colours ours.
 */
#include "finding/finding.h"
#include "util/escape.h"
#include "util/utf8.h"

#define SHORT_ID 12	/* digits of a container's id that tools show */
#define TREE_INDENT 12	/* steps to the right that a process tree takes at most */
#define TREE_TEXT 160	/* bytes of an ancestor's command line in it */

static void add_severity(struct buf *out, Noroshi__V1__Severity severity, bool colour)
{
	static const struct {
		const char *name, *colour;
	} words[] = {
		[NOROSHI__V1__SEVERITY__SEVERITY_UNSPECIFIED] = {"-", "\033[0m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_INFO] = {"INFO", "\033[2m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_LOW] = {"LOW", "\033[36m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_MEDIUM] = {"MEDIUM", "\033[33m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_HIGH] = {"HIGH", "\033[31m"},
		[NOROSHI__V1__SEVERITY__SEVERITY_CRITICAL] = {"CRITICAL", "\033[1;31m"},
	};
	unsigned int i = (unsigned int)severity < ARRAY_SIZE(words) ? (unsigned int)severity : 0;

	buf_printf(out, "%s%-8s%s ", colour ? words[i].colour : "", words[i].name, colour ? "\033[0m" : "");
}

static void add_place(struct buf *out, const Noroshi__V1__Finding *f)
{
	bool task = f->ecs && f->ecs->task_id[0], container = f->container && f->container->id[0];

	if (!task && !container)
		return;
	buf_puts(out, " (");
	if (task) {
		buf_puts(out, "task ");
		escape_add(out, str(f->ecs->task_id));
		if (f->ecs->container_name[0]) {
			buf_char(out, '/');
			escape_add(out, str(f->ecs->container_name));
		}
		buf_puts(out, container ? " " : "");
	}
	if (container) {
		struct str id = str(f->container->id);

		buf_puts(out, "container ");
		escape_add(out, str_n(id.p, id.n > SHORT_ID ? SHORT_ID : id.n));
		if (f->container->name[0]) {
			buf_char(out, ' ');
			escape_add(out, str(f->container->name));
		}
	}
	buf_char(out, ')');
}

void finding_text_line(const Noroshi__V1__Finding *f, bool colour, struct buf *out)
{
	struct str time = str(f->time), dot = {memchr(time.p, '.', time.n), 0};

	escape_add(out, dot.p ? str_n(time.p, (size_t)(dot.p - time.p)) : time);
	buf_puts(out, dot.p ? "Z " : " ");
	add_severity(out, f->severity, colour);
	escape_add(out, str(f->rule));
	if (f->output[0]) {
		buf_puts(out, ": ");
		escape_add(out, str(f->output));
	}
	add_place(out, f);
	if (f->count > 1)
		buf_printf(out, " (seen %u times)", f->count);
}

/* "  key        text" on a line of its own; nothing without text. */
static void add_row(struct buf *out, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	buf_printf(out, "\n  %-10s ", key);
	escape_add(out, str(text));
}

static void add_word(struct buf *out, const char *before, const char *text)
{
	if (!text || !*text)
		return;
	buf_puts(out, before);
	escape_add(out, str(text));
}

static void add_when(struct buf *out, const Noroshi__V1__Finding *f)
{
	add_row(out, "when", f->time);
	if (f->count > 1) {
		buf_printf(out, ", %u times", f->count);
		add_word(out, " until ", f->last_seen);
	}
}

static void add_where(struct buf *out, const Noroshi__V1__Finding *f)
{
	if (f->ecs) {
		add_row(out, "task", f->ecs->task_id);
		add_word(out, ", container ", f->ecs->container_name);
		add_word(out, ", family ", f->ecs->family);
		add_word(out, ", cluster ", f->ecs->cluster);
	}
	if (f->container) {
		add_row(out, "container", f->container->id);
		add_word(out, ", name ", f->container->name);
		add_word(out, ", image ", f->container->image);
	} else if (f->process) {
		add_row(out, "container", "none, it is the host");
	}
	if (f->host)
		add_row(out, "host", f->host->name);
	if (f->attribution != NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED)
		add_row(out, "attributed", f->attribution_reason);
}

/* One process of the tree; the deeper, the further right, up to where lines would break. */
static void add_tree_row(struct buf *out, size_t depth, uint32_t pid, const char *name, struct str cmdline)
{
	struct str text = cmdline.n ? cmdline : *name ? str(name) : STR("(name not known)");

	buf_printf(out, "%*s%u ", (int)(2 * (depth < TREE_INDENT ? depth : TREE_INDENT)), "", pid);
	escape_add(out, text);
}

static void add_ancestor(struct buf *out, size_t depth, const Noroshi__V1__Ancestor *a)
{
	struct str cmdline = str(a->cmdline);
	size_t n = utf8_cut(cmdline, TREE_TEXT);

	add_tree_row(out, depth, a->pid, a->name, str_n(cmdline.p, n));
	if (n < cmdline.n)
		buf_puts(out, "\xe2\x80\xa6");
}

/* Where the program came from, as far as that was watched. */
static void add_writer(struct buf *out, const Noroshi__V1__ExeWriter *w)
{
	if (!w)
		return;
	add_row(out, "written by", *w->cmdline ? w->cmdline : w->name);
	add_word(out, ", ", w->exe_path);
	buf_printf(out, ", pid %u", w->pid);
}

/* From the oldest known ancestor down to who did it. */
static void add_tree(struct buf *out, const Noroshi__V1__Process *p)
{
	size_t n = p->n_lineage;

	for (size_t i = 0; i <= n; i++) {
		buf_printf(out, "\n  %-10s ", i ? "" : "process");
		if (i < n)
			add_ancestor(out, i, p->lineage[n - 1 - i]);
		else
			add_tree_row(out, i, p->pid, p->name, str(p->cmdline));
	}
	add_row(out, "program", p->exe_path);
	buf_puts(out, p->exe_memfd ? " (a memory file)" : p->exe_upper_layer ? " (not part of the image)" : "");
	add_row(out, "sha256", *p->sha256 ? p->sha256 : "");
	if (!*p->sha256 && *p->sha256_missing)
		add_word(out, "\n  sha256     none: ", p->sha256_missing);
	add_row(out, "script", p->script);
	buf_puts(out, p->script_upper_layer ? " (not part of the image)" : "");
	add_writer(out, p->exe_writer);
	add_row(out, "user", p->user);
	if (p->uid_value_case)
		buf_printf(out, "%s%u", *p->user ? ", uid " : "\n  user       uid ", p->uid);
	if (p->euid_value_case && p->euid != p->uid)
		buf_printf(out, ", acting as uid %u", p->euid);
	add_row(out, "directory", p->cwd);
}

static void add_end(struct buf *out, const char *before, const char *ip, bool has_port, uint32_t port)
{
	bool six = strchr(ip, ':');

	if (!*ip)
		return;
	buf_puts(out, before);
	add_word(out, six ? "[" : "", ip);
	buf_puts(out, six ? "]" : "");
	if (has_port)
		buf_printf(out, ":%u", port);
}

static void add_network(struct buf *out, const Noroshi__V1__Network *n)
{
	add_row(out, "network", *n->protocol ? n->protocol : n->family);
	add_word(out, " ", n->direction);
	add_word(out, " ", n->socket_path);
	add_end(out, ", from ", n->local_ip, n->local_port_value_case, n->local_port);
	add_end(out, ", remote ", n->remote_ip, n->remote_port_value_case, n->remote_port);
	add_word(out, ", known as ", n->remote_name);
}

static void add_dns(struct buf *out, const Noroshi__V1__Dns *d)
{
	add_row(out, "dns", d->response ? "answer" : "query");
	add_word(out, " ", d->qname);
	add_word(out, " ", d->qtype);
	add_word(out, ", resolver ", d->resolver);
	add_word(out, ", ", d->rcode);
	for (size_t i = 0; i < d->n_answers; i++)
		add_word(out, i ? " " : ": ", d->answers[i]);
}

static void add_file(struct buf *out, const Noroshi__V1__File *file)
{
	add_row(out, "file", file->path);
	add_word(out, " -> ", file->target_path);
	add_word(out, ", ", file->operation);
	add_word(out, ", mode ", file->mode);
	add_word(out, ", flags ", file->flags);
	if (strcmp(file->path, file->path_raw))
		add_word(out, ", asked for as ", file->path_raw);
}

void finding_text_detail(const Noroshi__V1__Finding *f, bool colour, struct buf *out)
{
	add_severity(out, f->severity, colour);
	escape_add(out, str(f->rule));
	add_row(out, "type", f->type);
	add_row(out, "what", f->output);
	add_when(out, f);
	add_where(out, f);
	if (f->event) {
		add_row(out, "event", f->event->type);
		add_word(out, ", ", f->event->result_text);
	}
	if (f->network)
		add_network(out, f->network);
	if (f->dns)
		add_dns(out, f->dns);
	if (f->file)
		add_file(out, f->file);
	if (f->process)
		add_tree(out, f->process);
	add_row(out, "meaning", f->description);
	add_row(out, "remedy", f->remedy);
	add_row(out, "id", f->id);
	buf_char(out, '\n');
}
