/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel_types.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/fs.h"
#include "util/str.h"
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define BTF_PATH	"/sys/kernel/btf/vmlinux"
#define BTF_BYTES_MAX	(64u << 20)	/* they have 5 to 7 MiB */
#define NAME_SLOTS	1024		/* of the probes' types, some hundred */
#define DEPTH_MAX	32		/* types in types by value; a type that the compiler took has fewer */

struct slim {
	const char *types, *strings;
	size_t types_n, strings_n;
	uint32_t count;			/* of the kernel's types, type 0 included */
	uint32_t *at;			/* type → its offset in types */
	uint32_t *id;			/* type → its number here, 0: left out */
	struct str name[NAME_SLOTS];	/* wanted */
	unsigned int names;
	struct buf out, text;
};

/* Without a "___flavour". */
static struct str essential(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour && flavour > name ? str_n(name, (size_t)(flavour - name)) : str(name);
}

static struct str *slot(struct slim *s, struct str name)
{
	size_t i = str_hash(name) % NAME_SLOTS;

	while (s->name[i].n && !str_eq(s->name[i], name))
		i = (i + 1) % NAME_SLOTS;
	return &s->name[i];
}

static bool by_name(const struct btf_type *t)
{
	unsigned int kind = BTF_INFO_KIND(t->info);

	return t->name_off && (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
			       kind == BTF_KIND_ENUM64 || kind == BTF_KIND_TYPEDEF);
}

static int want_names(struct slim *s, const struct btf *wanted)
{
	for (uint32_t i = 1; i < btf__type_cnt(wanted); i++) {
		const struct btf_type *t = btf__type_by_id(wanted, i);
		struct str name;

		if (!by_name(t))
			continue;
		name = essential(btf__name_by_offset(wanted, t->name_off));
		if (slot(s, name)->n)
			continue;
		if (++s->names > NAME_SLOTS / 2)
			return -E2BIG;
		*slot(s, name) = name;
	}
	return 0;
}

/* Bytes of a type; 0 for a kind that is not known. */
static size_t type_size(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return sizeof(*t);
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(*t) + sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(*t) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*t) + n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*t) + n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return sizeof(*t) + n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*t) + n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return sizeof(*t) + n * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

static const struct btf_type *type_at(const struct slim *s, uint32_t i)
{
	return (const void *)(s->types + s->at[i]);
}

static const char *string_at(const struct slim *s, uint32_t off)
{
	return off < s->strings_n ? s->strings + off : "";
}

static int take_header(struct slim *s, const void *raw, size_t n)
{
	const struct btf_header *h = raw;

	if (n < sizeof(*h) || h->magic != BTF_MAGIC || h->version != 1 || h->hdr_len < sizeof(*h) || h->hdr_len > n)
		return -EPROTO;
	n -= h->hdr_len;
	if (h->type_off > n || h->type_len > n - h->type_off || h->str_off > n || h->str_len > n - h->str_off ||
	    !h->str_len || (h->hdr_len | h->type_off) & 3)
		return -EPROTO;
	s->types = (const char *)raw + h->hdr_len + h->type_off;
	s->types_n = h->type_len;
	s->strings = (const char *)raw + h->hdr_len + h->str_off;
	s->strings_n = h->str_len;
	return s->strings[s->strings_n - 1] ? -EPROTO : 0;
}

/* Finds where each type is. */
static int index_types(struct slim *s)
{
	size_t at = 0, max = s->types_n / sizeof(struct btf_type) + 1;

	s->at = calloc(max, sizeof(*s->at));
	s->id = calloc(max, sizeof(*s->id));
	if (!s->at || !s->id)
		return -ENOMEM;
	for (s->count = 1; at + sizeof(struct btf_type) <= s->types_n; s->count++) {
		size_t n = type_size((const void *)(s->types + at));

		if (!n || n > s->types_n - at)
			return -EPROTO;
		s->at[s->count] = (uint32_t)at;
		at += n;
	}
	return at == s->types_n ? 0 : -EPROTO;
}

/* Marks the type and what lies in it by value. */
static int mark(struct slim *s, uint32_t i, unsigned int depth)
{
	const struct btf_member *m;
	const struct btf_type *t;
	int r = 0;

	if (!i || (i < s->count && s->id[i]))
		return 0;
	if (i >= s->count || depth > DEPTH_MAX)
		return -EPROTO;
	s->id[i] = UINT32_MAX;
	t = type_at(s, i);
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return mark(s, t->type, depth + 1);
	case BTF_KIND_ARRAY:
		r = mark(s, btf_array(t)->type, depth + 1);
		return r ?: mark(s, btf_array(t)->index_type, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		m = btf_members(t);
		for (unsigned int k = 0; !r && k < BTF_INFO_VLEN(t->info); k++)
			r = mark(s, m[k].type, depth + 1);
		return r;
	default:
		return 0;
	}
}

static int mark_wanted(struct slim *s)
{
	uint32_t next = 1;
	int r = 0;

	for (uint32_t i = 1; !r && i < s->count; i++) {
		if (by_name(type_at(s, i)) && slot(s, essential(string_at(s, type_at(s, i)->name_off)))->n)
			r = mark(s, i, 0);
	}
	for (uint32_t i = 1; i < s->count; i++) {
		if (s->id[i])
			s->id[i] = next++;
	}
	return r;
}

static uint32_t put_string(struct slim *s, uint32_t off)
{
	uint32_t at = (uint32_t)s->text.n;
	const char *text = string_at(s, off);

	if (!*text)
		return 0;
	buf_add(&s->text, text, strlen(text) + 1);
	return at;
}

static void put_members(struct slim *s, const struct btf_type *t)
{
	for (unsigned int k = 0; k < BTF_INFO_VLEN(t->info); k++) {
		struct btf_member m = btf_members(t)[k];

		m.name_off = put_string(s, m.name_off);
		m.type = s->id[m.type];
		buf_add(&s->out, &m, sizeof(m));
	}
}

static void put_values(struct slim *s, const struct btf_type *t, size_t each)
{
	for (unsigned int k = 0; k < BTF_INFO_VLEN(t->info); k++) {
		struct btf_enum64 v;	/* both kinds begin with the name */

		memcpy(&v, (const char *)(t + 1) + k * each, each);
		v.name_off = put_string(s, v.name_off);
		buf_add(&s->out, &v, each);
	}
}

static void put_type(struct slim *s, uint32_t i)
{
	const struct btf_type *t = type_at(s, i);
	struct btf_type head = *t;
	struct btf_array a;

	head.name_off = put_string(s, t->name_off);
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
		head.type = 0;
		buf_add(&s->out, &head, sizeof(head));
		return;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		head.type = s->id[t->type];
		buf_add(&s->out, &head, sizeof(head));
		return;
	case BTF_KIND_ARRAY:
		a = *btf_array(t);
		a.type = s->id[a.type];
		a.index_type = s->id[a.index_type];
		buf_add(&s->out, &head, sizeof(head));
		buf_add(&s->out, &a, sizeof(a));
		return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		buf_add(&s->out, &head, sizeof(head));
		put_members(s, t);
		return;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		buf_add(&s->out, &head, sizeof(head));
		put_values(s, t, btf_is_enum64(t) ? sizeof(struct btf_enum64) : sizeof(struct btf_enum));
		return;
	default:	/* no other types in them */
		buf_add(&s->out, &head, sizeof(head));
		buf_add(&s->out, t + 1, type_size(t) - sizeof(head));
	}
}

static int write_all(int fd, const void *p, size_t n)
{
	return n && write(fd, p, n) != (ssize_t)n ? -EIO : 0;
}

/* The header, the types, their texts. */
static int put_file(struct slim *s)
{
	struct btf_header h = {.magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h)};
	int fd, r;

	buf_add(&s->text, "", 1);
	for (uint32_t i = 1; i < s->count; i++) {
		if (s->id[i])
			put_type(s, i);
	}
	r = buf_error(&s->out) ?: buf_error(&s->text);
	if (r)
		return r;
	h.type_len = h.str_off = (uint32_t)s->out.n;
	h.str_len = (uint32_t)s->text.n;
	fd = memfd_create("noroshi-types", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, &h, sizeof(h)) ?: write_all(fd, s->out.p, s->out.n) ?: write_all(fd, s->text.p, s->text.n);
	if (r < 0)
		close(fd);
	return r ?: fd;
}

static uint32_t find(const struct slim *s, unsigned int kind, const char *name)
{
	for (uint32_t i = 1; i < s->count; i++) {
		const struct btf_type *t = type_at(s, i);

		if (BTF_INFO_KIND(t->info) == kind && !strcmp(string_at(s, t->name_off), name))
			return i;
	}
	return 0;
}

/* The list of what is trusted in a task is what the verifier searches for, the reason for the cast: probes/task.h. */
static uint32_t find_task(const struct slim *s)
{
	if (!find(s, BTF_KIND_STRUCT, "task_struct__safe_rcu") || !find(s, BTF_KIND_FUNC, "bpf_rdonly_cast"))
		return 0;
	return find(s, BTF_KIND_STRUCT, "task_struct");
}

int kernel_types_slim(const void *raw, size_t n, const struct btf *wanted, uint32_t *task)
{
	_cleanup_(freep) struct slim *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->out.max = s->text.max = BTF_BYTES_MAX;
	r = take_header(s, raw, n) ?: want_names(s, wanted) ?: index_types(s) ?: mark_wanted(s) ?: put_file(s);
	if (r >= 0)
		*task = find_task(s);
	buf_free(&s->out);
	buf_free(&s->text);
	free(s->at);
	free(s->id);
	return r;
}

int kernel_types(const struct btf *wanted, uint32_t *task)
{
	_cleanup_(closep) int fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);
	off_t n = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	struct buf raw = {.max = BTF_BYTES_MAX};
	const void *p;
	int r;

	if (n <= 0 || n > BTF_BYTES_MAX)
		return -ENOENT;
	p = mmap(NULL, (size_t)n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);	/* since 6.16 */
	if (p != MAP_FAILED) {
		r = kernel_types_slim(p, (size_t)n, wanted, task);
		munmap((void *)p, (size_t)n);
		return r;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = fs_read_fd(&raw, fd, BTF_BYTES_MAX) ?: kernel_types_slim(raw.p, raw.n, wanted, task);
	buf_free(&raw);
	return r;
}
