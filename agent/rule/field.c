/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/field.h"
#include "event/attr.h"
#include "event/names.h"
#include "rule/diag.h"
#include "rule/field_get.h"
#include <errno.h>

/* The position of a line in field.def is the number of its getter. */
enum { FIELD_BASE = __COUNTER__ };

const struct field_desc field_table[] = {
#define FIELD(name, type, flags, getter, doc) \
	{name, TYPE_##type, flags, doc, __COUNTER__ - FIELD_BASE - 1, sizeof(name) - 1},
#include "rule/field.def"
};

const size_t field_count = ARRAY_SIZE(field_table);

static const field_getter getters[] = {
#define FIELD(name, type, flags, getter, doc) get_##getter,
#include "rule/field.def"
};

static const struct field_desc *find(struct str name)
{
	for (size_t i = 0; i < field_count; i++) {
		if (field_table[i].len == name.n && !memcmp(field_table[i].name, name.p, name.n))
			return &field_table[i];
	}
	return NULL;
}

/* The field whose name, a dot and an argument make up name: evt.arg of "evt.arg.flags". */
static const struct field_desc *find_dotted(struct str name, struct str *arg)
{
	const struct field_desc *best = NULL;

	for (size_t i = 0; i < field_count; i++) {
		const struct field_desc *d = &field_table[i];
		size_t n = d->len;

		if (!(d->flags & FIELD_ARG_DOT) || n + 1 >= name.n || memcmp(d->name, name.p, n) || name.p[n] != '.')
			continue;
		if (best && n <= best->len)
			continue;
		best = d;
		*arg = str_skip(name, n + 1);
	}
	return best;
}

static bool read_index(struct str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	int64_t n = 0;

	if (minus)
		s = str_skip(s, 1);
	if (!s.n || s.n > 9)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (s.p[i] - '0');
	}
	*ret = minus ? -1 : n;	/* as in the original a negative index means any */
	return true;
}

/* What may stand behind the dot. */
static bool dotted_arg_ok(struct field_ref *r)
{
	const char *name = r->desc->name;
	int arg;

	if (!strcmp(name, "evt.arg") || !strcmp(name, "evt.rawarg")) {
		enum value_type native;

		arg = arg_find(r->arg, &native);
		if (arg < 0)
			return false;
		r->aux = (uint32_t)arg;
		if (r->desc->type == TYPE_NONE)
			r->type = native;
		return true;
	}
	if (!strcmp(name, "evt.abspath"))
		return str_eq(r->arg, STR("src")) || str_eq(r->arg, STR("dst"));
	if (!strcmp(name, "evt.type.is"))
		return name_find(r->arg) >= 0;
	return true;
}

static enum field_error resolve_arg(struct field_ref *r, bool has_arg)
{
	uint32_t flags = r->desc->flags;
	int64_t index;

	if (!has_arg)
		return flags & FIELD_ARG_NEEDED ? FIELD_E_ARG_NEEDED : FIELD_OK;
	if (!(flags & (FIELD_ARG_INDEX | FIELD_ARG_KEY)))
		return FIELD_E_NO_ARG;
	if (!r->arg.p)
		r->arg = STR("");
	if (flags & FIELD_ARG_INDEX && read_index(r->arg, &index)) {
		r->index = index;
		if (index >= 0)
			r->flags &= ~(uint32_t)FIELD_ANY;
		return FIELD_OK;
	}
	if (!(flags & FIELD_ARG_KEY) || !r->arg.n)
		return FIELD_E_ARG;
	r->flags &= ~(uint32_t)FIELD_ANY;
	return FIELD_OK;
}

enum field_error field_resolve(struct field_ref *ret, struct str name, bool has_arg, struct str arg, struct str text)
{
	struct field_ref r = {.text = text, .index = -1};
	enum field_error e;

	r.desc = name.n ? find(name) : NULL;
	if (r.desc) {
		r.type = r.desc->type;
		r.flags = r.desc->flags;
		r.arg = has_arg ? arg : STR_NONE;
		e = resolve_arg(&r, has_arg);
	} else {
		r.desc = name.n ? find_dotted(name, &r.arg) : NULL;
		if (!r.desc)
			return FIELD_E_UNKNOWN;
		r.type = r.desc->type;
		r.flags = r.desc->flags;
		e = has_arg ? FIELD_E_NO_ARG : dotted_arg_ok(&r) ? FIELD_OK : FIELD_E_ARG;
	}
	if (e == FIELD_OK)
		*ret = r;
	return e;
}

const char *field_nearest(struct str name)
{
	const char *names[ARRAY_SIZE(field_table)];

	for (size_t i = 0; i < field_count; i++)
		names[i] = field_table[i].name;
	return diag_nearest(name, names, field_count);
}

const char *field_refused(struct str name)
{
	static const char *const words[] = {"sha256", "sha1", "md5", "hash"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (memmem(name.p, name.n, words[i], strlen(words[i])))
			return "an executable is hashed once a rule has held, for its finding (process.sha256): no rule can wait for that";
	}
	return NULL;
}

#define BIT(event) (1ull << EVENT_##event)
_Static_assert(EVENT_MAX <= 64, "a bit for each event");
#define SOCKETS (BIT(CONNECT) | BIT(BIND) | BIT(LISTEN) | BIT(ACCEPT) | BIT(TRANSFER) | BIT(HELLO) | BIT(DUP) | BIT(DNS) | BIT(COPY))
#define FILES (BIT(OPEN) | BIT(CHMOD) | BIT(CHOWN) | BIT(XATTR) | BIT(TRUNCATE) | BIT(COPY) | BIT(WRITE))
#define DESCRIPTORS (SOCKETS | FILES | BIT(SOCKET) | BIT(SOCKETPAIR) | BIT(MOUNT) | BIT(MEMORY) | BIT(KERNEL) | BIT(SPECIAL) | BIT(BPF) | \
		     BIT(TAMPER))
#define PATHS (FILES | BIT(RENAME) | BIT(UNLINK) | BIT(LINK) | BIT(SYMLINK) | BIT(MKDIR) | BIT(MKNOD) | BIT(UTIME) | BIT(MOUNT) | \
	       BIT(CHROOT))

/* Events that can carry a field, by the beginning of its name: the first that fits. Others every event has. */
static const struct {
	const char *prefix;
	uint64_t events;
} carriers[] = {
	{"dns.", BIT(DNS)},
	{"tls.", BIT(HELLO)},
	{"http.", BIT(HELLO)},
	{"fs.path.", PATHS},
	{"evt.target.", BIT(TAMPER) | BIT(SIGNAL) | BIT(OPEN) | BIT(WRITE)},
	{"evt.abspath", PATHS},
	{"evt.name_source", PATHS | BIT(EXEC)},
	{"evt.buf", BIT(TRANSFER)},
	{"evt.io_dir", BIT(TRANSFER) | BIT(WRITE) | BIT(COPY) | BIT(MEMORY)},
	{"fd.cip", SOCKETS}, {"fd.sip", SOCKETS}, {"fd.lip", SOCKETS}, {"fd.rip", SOCKETS},
	{"fd.cport", SOCKETS}, {"fd.sport", SOCKETS}, {"fd.lport", SOCKETS}, {"fd.rport", SOCKETS},
	{"fd.cproto", SOCKETS}, {"fd.sproto", SOCKETS}, {"fd.lproto", SOCKETS}, {"fd.rproto", SOCKETS},
	{"fd.cnet", SOCKETS}, {"fd.snet", SOCKETS}, {"fd.lnet", SOCKETS}, {"fd.rnet", SOCKETS},
	{"fd.ino", FILES},
	{"fd.dev", FILES},
	{"fd.", DESCRIPTORS},
};

bool field_available(const struct field_ref *r, enum event_call call)
{
	const char *name = r->desc->name;

	if (r->flags & FIELD_NEVER)
		return false;
	if (call <= CALL_NONE || call >= CALL_MAX)
		return true;
	if (r->index < 0 && (!strcmp(name, "evt.arg") || !strcmp(name, "evt.rawarg")))
		return arg_of_call(r->aux, call);
	for (size_t i = 0; i < ARRAY_SIZE(carriers); i++) {
		if (!strncmp(name, carriers[i].prefix, strlen(carriers[i].prefix)))
			return carriers[i].events >> call_table[call].type & 1;
	}
	return true;
}

unsigned int field_values(const struct field_ref *r, const struct event *ev, struct field_scratch *s,
			  struct value v[FIELD_VALUES_MAX], bool *present)
{
	const struct field_get g = {r, ev, s};
	int n = FIELD_MISSING;

	if (ev->fields)
		n = json_values(&g, v);
	else if (ev->rec)
		n = getters[r->desc->getter](&g, v);
	*present = n >= 0;
	return n > 0 ? (unsigned int)n : 0;
}

const char *field_never(const struct field_desc *d)
{
	const char *why = NULL;

	for (const char *p = d->doc; d->flags & FIELD_NEVER && (p = strstr(p, ": ")); p += 2)
		why = p + 2;
	return why;
}
