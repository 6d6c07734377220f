/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/loader.h"
#include "rule/loader_state.h"
#include "util/limits.h"
#include <errno.h>
#include <stdarg.h>

#define LOADER_BYTES_MAX (256u << 20)	/* everything that is kept of a rule set */

/* ---- saying what is wrong ---- */

static void say_va(struct loader *l, enum diag_code code, struct diag_place at, const struct origin_file *f,
		   const char *item, const char *hint, const char *fmt, va_list ap)
{
	char message[512];

	vsnprintf(message, sizeof(message), fmt, ap);
	diags_add(l->diags, code, at, f ? f->text : STR_NONE, item, hint, "%s", message);
}

void say_at(struct loader *l, enum diag_code code, struct diag_place at, const struct origin_file *f, const char *item,
	    const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_va(l, code, at, f, item, hint, fmt, ap);
	va_end(ap);
}

void say(struct loader *l, enum diag_code code, const struct place *p, const char *item, const char *hint, const char *fmt, ...)
{
	const char *nl = memchr(p->file->text.p + p->start, '\n', p->end - p->start);
	size_t len = nl ? (size_t)(nl - p->file->text.p) - p->start : p->end - p->start;
	va_list ap;

	va_start(ap, fmt);
	say_va(l, code, place_diag(p, p->start, len), p->file, item, hint, fmt, ap);
	va_end(ap);
}

const char *item_text(char buf[160], const char *kind, struct str name)
{
	snprintf(buf, 160, "%s \"%.*s\"", kind, (int)(name.n < 120 ? name.n : 120), name.p ? name.p : "");
	return buf;
}

const char *hint_text(char buf[160], const char *near)
{
	if (!near)
		return NULL;
	snprintf(buf, 160, "did you mean \"%.120s\"?", near);
	return buf;
}

/* ---- names ---- */

static struct str list_name(const struct loader *l, size_t i)
{
	return l->lists[i].name.value;
}

static struct str macro_name(const struct loader *l, size_t i)
{
	return l->macros[i].name.value;
}

static struct str rule_name(const struct loader *l, size_t i)
{
	return l->rules[i].name.value;
}

int name_map_find(const struct loader *l, const struct name_map *m, name_of_fn name_of, struct str name)
{
	if (!m->slots)
		return -1;
	for (size_t at = str_hash(name) & m->mask; m->slots[at]; at = (at + 1) & m->mask) {
		if (str_eq(name_of(l, m->slots[at] - 1), name))
			return (int)m->slots[at] - 1;
	}
	return -1;
}

static void put(struct name_map *m, struct str name, size_t index)
{
	size_t at = str_hash(name) & m->mask;

	while (m->slots[at])
		at = (at + 1) & m->mask;
	m->slots[at] = (uint32_t)index + 1;
	m->used++;
}

int name_map_add(struct loader *l, struct name_map *m, name_of_fn name_of, struct str name, size_t index)
{
	if (!m->slots || m->used * 2 > m->mask) {
		struct name_map more = {.mask = m->slots ? m->mask * 2 + 1 : 63};

		more.slots = calloc(more.mask + 1, sizeof(*more.slots));
		if (!more.slots)
			return -ENOMEM;
		for (size_t i = 0; i < index; i++)
			put(&more, name_of(l, i), i);
		free(m->slots);
		*m = more;
	}
	put(m, name, index);
	return 0;
}

struct list_def *list_find(struct loader *l, struct str name)
{
	int i = name_map_find(l, &l->list_names, list_name, name);

	return i < 0 ? NULL : &l->lists[i];
}

struct macro_def *macro_find(struct loader *l, struct str name)
{
	int i = name_map_find(l, &l->macro_names, macro_name, name);

	return i < 0 ? NULL : &l->macros[i];
}

struct rule_def *rule_find(struct loader *l, struct str name)
{
	int i = name_map_find(l, &l->rule_names, rule_name, name);

	return i < 0 ? NULL : &l->rules[i];
}

/* Room for one more of an array that doubles; NULL without memory. */
static void *grow(void *v, size_t n, size_t size)
{
	if (n & (n - 1))
		return v;
	return realloc(v, (n ? 2 * n : 1) * size);
}

#define ADD(l, what, names, name_of)                                                        \
	({                                                                                  \
		void *grown = grow((l)->what, (l)->n##what, sizeof(*(l)->what));            \
		bool ok = grown != NULL;                                                    \
											    \
		if (ok) {                                                                   \
			(l)->what = grown;                                                  \
			memset(&(l)->what[(l)->n##what], 0, sizeof(*(l)->what));            \
			(l)->what[(l)->n##what].name = *name;                               \
			ok = !name_map_add((l), &(l)->names, name_of, name->value, (l)->n##what); \
		}                                                                           \
		if (!ok)                                                                    \
			(l)->no_memory = true;                                              \
		ok ? &(l)->what[(l)->n##what++] : NULL;                                     \
	})

struct list_def *list_add(struct loader *l, const struct scalar *name)
{
	return ADD(l, lists, list_names, list_name);
}

struct macro_def *macro_add(struct loader *l, const struct scalar *name)
{
	return ADD(l, macros, macro_names, macro_name);
}

struct rule_def *rule_add(struct loader *l, const struct scalar *name)
{
	return ADD(l, rules, rule_names, rule_name);
}

/* ---- the whole ---- */

static void loader_free(struct loader *l)
{
	for (size_t i = 0; i < l->nfiles; i++)
		origin_file_free(&l->files[i]);
	free(l->files);
	for (size_t i = 0; i < l->nlists; i++)
		free(l->lists[i].items);
	for (size_t i = 0; i < l->nmacros; i++) {
		ctext_free(&l->macros[i].condition);
		ctext_free(&l->macros[i].expanded);
	}
	for (size_t i = 0; i < l->nrules; i++) {
		ctext_free(&l->rules[i].condition);
		ctext_free(&l->rules[i].output);
		ctext_free(&l->rules[i].desc);
	}
	free(l->lists);
	free(l->macros);
	free(l->rules);
	free(l->list_names.slots);
	free(l->macro_names.slots);
	free(l->rule_names.slots);
}

static int open_files(struct loader *l)
{
	l->files = calloc(l->in->nsources + 1, sizeof(*l->files));
	if (!l->files)
		return -ENOMEM;
	for (; l->nfiles < l->in->nsources; l->nfiles++) {
		int r = origin_file_init(&l->files[l->nfiles], &l->in->sources[l->nfiles]);

		if (r < 0) {
			origin_file_free(&l->files[l->nfiles]);
			return r;
		}
	}
	return 0;
}

/* In the order of the files and their lines, whatever the order in which the passes found them. */
static bool stands_before(const struct loader *l, const struct diag *a, const struct diag *b)
{
	size_t x = 0, y = 0;

	while (x < l->nfiles && !str_eq(l->files[x].name, a->place.file))
		x++;
	while (y < l->nfiles && !str_eq(l->files[y].name, b->place.file))
		y++;
	if (x != y)
		return x < y;
	return a->place.line != b->place.line ? a->place.line < b->place.line : a->place.col < b->place.col;
}

static void sort_diags(const struct loader *l, size_t from)
{
	struct diag *v = l->diags->v;

	for (size_t i = from + 1; i < l->diags->n; i++) {	/* DIAGS_MAX at most */
		struct diag d = v[i];
		size_t k = i;

		for (; k > from && stands_before(l, &d, &v[k - 1]); k--)
			v[k] = v[k - 1];
		v[k] = d;
	}
}

int loader_load(struct loaded *ret, const struct engine_load *in, struct diags *diags)
{
	struct loader l = {.in = in, .diags = diags};
	size_t errors = diags->errors, kept = diags->n;
	struct loaded loaded = {};
	int r;

	loaded.arena = l.arena = arena_new(LOADER_BYTES_MAX);
	if (!l.arena)
		return -ENOMEM;
	r = open_files(&l);
	if (!r)
		r = collect(&l);
	if (!r)
		r = compile(&l, &loaded);
	if (!r && l.no_memory)
		r = -ENOMEM;
	if (r == -ENOMEM)
		diags_add(diags, DIAG_VALIDATE, (struct diag_place){}, STR_NONE, NULL, NULL,
			  "the rules need more memory than there is, or than the %u MiB they may have", LOADER_BYTES_MAX >> 20);
	if (!r && diags->errors > errors)
		r = -EINVAL;
	sort_diags(&l, kept);
	loader_free(&l);
	if (r < 0) {
		loaded_free(&loaded);
		return r;
	}
	*ret = loaded;
	return 0;
}

void rule_release(struct loaded_rule *r)
{
	output_release(r->output);
	for (size_t i = 0; i < r->nextra; i++)
		output_release(r->extra[i].value);
}

void loaded_free(struct loaded *l)
{
	for (uint32_t i = 0; i < l->nrules; i++)
		rule_release(&l->rules[i]);
	arena_free(l->arena);
	*l = (struct loaded){};
}
