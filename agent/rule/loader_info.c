/* SPDX-License-Identifier: Apache-2.0 */
/* What a finding says of its rule: the keys, and the defaults of those that are missing. */
#include "rule/loader_state.h"

static const char *c_text(struct loader *l, struct str s)
{
	struct str copy = arena_str(l->arena, s);

	if (!copy.p)
		l->no_memory = true;
	return copy.p ? copy.p : "";
}

static struct str trimmed(struct str s)
{
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	return s;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const *text_list(struct loader *l, const struct str *v, size_t n)
{
	const char **ret = arena_array(l->arena, const char *, n + 1);
	size_t k = 0;

	if (!ret) {
		l->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = c_text(l, v[i]);
	qsort(ret, n, sizeof(*ret), by_text);
	for (size_t i = 0; i < n; i++) {
		if (!k || strcmp(ret[k - 1], ret[i]))
			ret[k++] = ret[i];
	}
	ret[k] = NULL;
	return ret;
}

static bool is_technique(struct str s)
{
	if ((s.n != 5 && s.n != 9) || s.p[0] != 'T' || (s.n == 9 && s.p[5] != '.'))
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (i != 5 && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	}
	return true;
}

/* Without `mitre` the tags that are technique ids. */
static const char *const *mitre_of(struct loader *l, const struct rule_def *d)
{
	struct str *v;
	size_t n = 0;

	if (d->nmitre)
		return text_list(l, d->mitre, d->nmitre);
	v = arena_array(l->arena, struct str, d->ntags + 1);
	if (!v) {
		l->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < d->ntags; i++) {
		if (is_technique(d->tags[i]))
			v[n++] = d->tags[i];
	}
	return text_list(l, v, n);
}

/* Without `type`: Custom:Runtime/ and the letters and digits of the name. */
static const char *type_of(struct loader *l, const struct rule_def *d)
{
	static const char prefix[] = "Custom:Runtime/";
	struct str name = d->name.value;
	char *p;
	size_t n;

	if (d->type.value.p)
		return c_text(l, d->type.value);
	p = arena_alloc(l->arena, sizeof(prefix) + name.n);
	if (!p) {
		l->no_memory = true;
		return prefix;
	}
	n = (size_t)sprintf(p, "%s", prefix);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			p[n++] = c;
	}
	p[n] = 0;
	return p;
}

void fill_info(struct loader *l, const struct rule_def *d, struct rule_info *info)
{
	static const char *const words[] = {"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"};
	static const unsigned int scores[] = {9, 9, 8, 7, 5, 3, 0, 0};

	*info = (struct rule_info){
		.name = c_text(l, d->name.value), .desc = c_text(l, trimmed(buf_view(&d->desc.text))), .type = type_of(l, d),
		.score = d->score == NO_SCORE ? scores[d->priority] : d->score, .priority = words[d->priority],
		.remedy = c_text(l, trimmed(d->remedy.value)), .tags = text_list(l, d->tags, d->ntags), .mitre = mitre_of(l, d),
		.source = c_text(l, d->source.value), .enabled = d->enabled && d->priority <= l->in->min_priority,
		.observe = d->observe,
	};
}
