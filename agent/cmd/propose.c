/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/propose.h"
#include "finding/finding.h"
#include "rule/field.h"
#include "util/limits.h"
#include "util/utf8.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 32		/* of one exception */
#define LISTED_MAX 20		/* findings named in the comment; the rest is a number */
#define CONSTANT_MAX 255	/* longest text that a condition compares */

/*
 * What is different the next time that the same thing is done, or says nothing of who did it: numbers the kernel hands
 * out, times, a container's own name. Everything else of the evidence narrows the exception. A name ending in "."
 * stands for all fields below it, with a "[" for all its arguments.
 */
static const char *const passing[] = {
	"evt.num", "evt.time", "evt.time.", "evt.datetime", "evt.datetime.", "evt.rawtime", "evt.rawtime.", "evt.reltime",
	"evt.reltime.", "evt.deltatime", "evt.deltatime.", "evt.latency", "evt.latency.", "evt.outputtime", "evt.cpu",
	"evt.args", "evt.info", "evt.count", "evt.count.", "evt.buffer", "evt.buflen", "evt.buflen.", "evt.type", "evt.dir",
	"evt.res", "evt.rawres", "evt.failed", "evt.hostname", "evt.source", "evt.category", "evt.arg.fd", "evt.arg.res",
	"evt.arg.pid", "evt.arg.tid", "evt.arg.ptid", "evt.arg.ino", "evt.arg.dev", "evt.arg.oldfd", "evt.arg.newfd",
	"evt.arg.tuple", "evt.arg.args", "evt.rawarg.", "util.cnt", "proc.pid", "proc.pid.ts", "proc.ppid", "proc.ppid.",
	"proc.apid", "proc.apid[", "proc.vpid", "proc.pvpid", "proc.sid", "proc.vpgid", "proc.pgid", "proc.duration", "proc.tty",
	"proc.loginshellid", "proc.exe_ino", "proc.exe_ino.", "proc.pidns_init_start_ts", "proc.fdopencount", "proc.fdlimit",
	"proc.fdusage", "proc.vmsize", "proc.vmrss", "proc.vmswap", "proc.nthreads", "proc.nchilds", "proc.env", "proc.aenv",
	"proc.stdin.name", "proc.stdout.name", "proc.stderr.name", "thread.", "fd.num", "fd.uid", "fd.ino", "fd.dev", "fd.dev.",
	"fd.cport", "fd.lport", "fd.cproto", "fd.lproto", "fd.containername", "fd.containerdirectory", "fd.typechar", "fd.type",
	"fd.l4proto", "fd.sockfamily", "fd.lip", "container.full_id", "container.start_ts", "container.duration", "container.ip",
	"container.cni.json", "container.labels", "container.mounts", "k8s.pod.name", "k8s.pod.id", "k8s.pod.uid",
	"k8s.pod.sandbox_id", "k8s.pod.full_sandbox_id", "k8s.pod.ip", "k8s.pod.cni.json", "k8s.pod.labels", "ecs.task.id",
	"ecs.task.arn", "host.boot_id",
};

struct part {
	const char *name, *value;	/* of the finding */
	const char *comp;		/* "=", or "startswith" where the value is too long or ends in what no constant can */
	size_t n;			/* of the value: so much is compared */
};

struct proposal {
	const char *id;
	Noroshi__V1__Finding *f;
	bool several;
	struct part part[FIELDS_MAX];
	size_t nparts;
	struct buf same;	/* lines of the other findings it fits */
	uint64_t others;	/* of the same rule */
	uint64_t silenced;
};

static bool is_passing(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
		size_t n = strlen(passing[i]);

		if (!strcmp(name, passing[i]) || (strchr(".[", passing[i][n - 1]) && !strncmp(name, passing[i], n)))
			return true;
	}
	return false;
}

/* Whether "name = value" compiles and means this one value. */
static bool is_comparable(const char *name)
{
	struct str text = str(name), arg = STR_NONE;
	const char *open = strchr(name, '[');
	struct field_ref ref;

	if (open) {
		text = str_n(name, (size_t)(open - name));
		arg = str_n(open + 1, strlen(open + 1) - 1);
	}
	if (field_resolve(&ref, text, open != NULL, arg, str(name)) != FIELD_OK)
		return false;
	return !(ref.flags & (FIELD_LIST | FIELD_ANY | FIELD_EITHER | FIELD_FILTER | FIELD_OUTPUT)) &&
	       (ref.type == TYPE_STR || ref.type == TYPE_INT || ref.type == TYPE_UINT || ref.type == TYPE_PORT || ref.type == TYPE_IP);
}

static bool is_socket_name(const char *name, const char *value)
{
	return !strcmp(name, "fd.name") && strstr(value, "->");
}

/* What a constant can hold of it: 0 when nothing. U+FFFD stands where the bytes were others. */
static size_t comparable_length(const char *value)
{
	const char *bad = strstr(value, "\xef\xbf\xbd");
	size_t n = utf8_cut(bad ? str_n(value, (size_t)(bad - value)) : str(value), CONSTANT_MAX);

	while (n && value[n - 1] == '\\')	/* no quoted text can end so */
		n--;
	return n;
}

static void choose(struct proposal *p)
{
	const Noroshi__V1__Event *e = p->f->event;

	for (size_t i = 0; e && i < e->n_fields && p->nparts < FIELDS_MAX; i++) {
		const char *name = e->fields[i]->name, *value = e->fields[i]->value;
		size_t n = comparable_length(value);

		if (!n || !strcmp(value, "<NA>") || is_passing(name) || is_socket_name(name, value) || !is_comparable(name) ||
		    (!strcmp(name, "container.id") && strcmp(value, "host")))
			continue;
		p->part[p->nparts++] = (struct part){.name = name, .value = value, .n = n, .comp = value[n] ? "startswith" : "="};
	}
}

static const char *evidence_of(const Noroshi__V1__Finding *f, const char *name)
{
	for (size_t i = 0; f->event && i < f->event->n_fields; i++) {
		if (!strcmp(f->event->fields[i]->name, name))
			return f->event->fields[i]->value;
	}
	return NULL;
}

static bool fits(const struct proposal *p, const Noroshi__V1__Finding *f)
{
	for (size_t i = 0; i < p->nparts; i++) {
		const struct part *part = &p->part[i];
		const char *value = evidence_of(f, part->name);

		if (!value || strncmp(value, part->value, part->n) || (part->comp[0] == '=' && value[part->n]))
			return false;
	}
	return true;
}

static Noroshi__V1__Finding *unpack(const struct store_row *row)
{
	return noroshi__v1__finding__unpack(NULL, row->packed.n, (const uint8_t *)row->packed.p);
}

static int take_named(void *ctx, const struct store_row *row)
{
	struct proposal *p = ctx;
	Noroshi__V1__Finding *f = unpack(row);

	if (!f)
		return -EBADMSG;
	if (!str_ends(str(f->id), str(p->id))) {
		noroshi__v1__finding__free_unpacked(f, NULL);
		return 0;
	}
	p->several = p->f != NULL;
	if (p->f)
		noroshi__v1__finding__free_unpacked(p->f, NULL);
	p->f = f;
	return p->several ? -EEXIST : 0;
}

static int take_same(void *ctx, const struct store_row *row)
{
	struct proposal *p = ctx;
	Noroshi__V1__Finding *f = unpack(row);

	if (!f)
		return -EBADMSG;
	if (!strcmp(f->rule, p->f->rule) && strcmp(f->id, p->f->id)) {
		p->others++;
		if (fits(p, f) && p->silenced++ < LISTED_MAX) {
			buf_puts(&p->same, "#   ");
			finding_text_line(f, false, &p->same);
			buf_char(&p->same, '\n');
		}
	}
	noroshi__v1__finding__free_unpacked(f, NULL);
	return buf_error(&p->same);
}

/* ---- YAML ---- */

static bool is_plain(struct str s)
{
	if (s.p[0] != '/' && (s.p[0] < '0' || s.p[0] > '9') && (s.p[0] < 'A' || s.p[0] > 'Z') && (s.p[0] < 'a' || s.p[0] > 'z'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!strchr("./_-+@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", s.p[i]))
			return false;
	}
	return true;
}

/* A value as text of a condition, in YAML: plain, or quoted for the condition and again for YAML. */
static void add_value(struct buf *out, struct str s)
{
	if (is_plain(s)) {
		buf_str(out, s);
		return;
	}
	buf_puts(out, "'\"");
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\'')
			buf_puts(out, "''");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_char(out, (char)c);
	}
	buf_puts(out, "\"'");
}

static void add_rule_name(struct buf *out, const char *name)
{
	buf_char(out, '"');
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buf_char(out, '\\');
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)*name);
		else
			buf_char(out, *name);
	}
	buf_char(out, '"');
}

static void add_row(struct buf *out, const struct proposal *p, const char *key, const char *(*of)(const struct part *))
{
	buf_printf(out, "      %s: [", key);
	for (size_t i = 0; i < p->nparts; i++)
		buf_printf(out, "%s%s", i ? ", " : "", of(&p->part[i]));
	buf_puts(out, "]\n");
}

static const char *name_of(const struct part *part)
{
	return part->name;
}

/* "=" begins no plain text in every YAML reader. */
static const char *comp_of(const struct part *part)
{
	return part->comp[0] == '=' ? "\"=\"" : part->comp;
}

static void add_yaml(struct buf *out, const struct proposal *p)
{
	buf_puts(out, "- rule: ");
	add_rule_name(out, p->f->rule);
	buf_printf(out, "\n  exceptions:\n    - name: as_in_%s\n", p->f->id + (strlen(p->f->id) > 12 ? strlen(p->f->id) - 12 : 0));
	add_row(out, p, "fields", name_of);
	add_row(out, p, "comps", comp_of);
	buf_puts(out, "      values:\n        - [");
	for (size_t i = 0; i < p->nparts; i++) {
		if (i)
			buf_puts(out, ", ");
		add_value(out, str_n(p->part[i].value, p->part[i].n));
	}
	buf_puts(out, "]\n  override: {exceptions: append}\n");
}

static void add_comment(struct buf *out, const struct proposal *p)
{
	buf_puts(out, "# Silences\n#   ");
	finding_text_line(p->f, false, out);
	if (!p->silenced)
		buf_printf(out, "\n# and none of the %llu other stored findings of the rule.\n", (unsigned long long)p->others);
	else
		buf_printf(out, "\n# and %llu of the %llu other stored findings of the rule:\n", (unsigned long long)p->silenced,
			   (unsigned long long)p->others);
	buf_str(out, buf_view(&p->same));
	if (p->silenced > LISTED_MAX)
		buf_printf(out, "#   … %llu more\n", (unsigned long long)(p->silenced - LISTED_MAX));
}

static int propose(struct proposal *p, struct store *s, struct buf *out)
{
	struct query all = {};
	int r = store_each(s, &all, 0, take_named, p);

	if (r < 0)
		return r;
	if (!p->f)
		return -ENOENT;
	choose(p);
	if (!p->nparts)
		return -ENODATA;
	all.rule = p->f->rule;
	r = store_each(s, &all, 0, take_same, p);
	if (r < 0)
		return r;
	add_comment(out, p);
	add_yaml(out, p);
	return buf_error(out);
}

int propose_exception(struct store *s, const char *id, struct buf *out)
{
	struct proposal p = {.id = id};
	int r = propose(&p, s, out);

	if (p.f)
		noroshi__v1__finding__free_unpacked(p.f, NULL);
	buf_free(&p.same);
	return r;
}
