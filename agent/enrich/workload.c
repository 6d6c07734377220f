/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/workload.h"
#include "util/json_text.h"

struct workload *workload_new(void)
{
	return calloc(1, sizeof(struct workload));
}

struct workload *workload_free(struct workload *w)
{
	if (!w)
		return NULL;
	for (unsigned int i = 0; i < WORKLOAD_TEXTS; i++)
		free((char *)w->text[i].p);
	for (uint32_t i = 0; i < w->nmounts; i++) {
		free((char *)w->mounts[i].source.p);
		free((char *)w->mounts[i].dest.p);
		free((char *)w->mounts[i].mode.p);
		free((char *)w->mounts[i].propagation.p);
	}
	for (uint32_t i = 0; i < w->nlabels; i++) {
		free((char *)w->labels[i].key.p);
		free((char *)w->labels[i].value.p);
	}
	free(w->mounts);
	free(w->labels);
	free(w);
	return NULL;
}

/* A copy that can be printed; STR_NONE for nothing, and where there is no room. */
static struct str keep(struct workload *w, struct str s, size_t max)
{
	char *p = NULL;

	if (!s.n)
		return STR_NONE;
	if (s.n <= max && w->bytes + s.n <= WORKLOAD_BYTES_MAX)
		p = malloc(s.n + 1);
	if (!p) {
		w->cut++;
		return STR_NONE;
	}
	for (size_t i = 0; i < s.n; i++)
		p[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i];
	p[s.n] = 0;
	w->bytes += (uint32_t)s.n;
	return str_n(p, s.n);
}

void workload_say(struct workload *w, enum workload_text t, struct str s)
{
	if (!w->text[t].n)
		w->text[t] = keep(w, s, t == WORKLOAD_CNI ? WORKLOAD_BYTES_MAX : WORKLOAD_TEXT_MAX);
}

void workload_say_flag(struct workload *w, enum workload_flag f, bool value)
{
	if (w->flags_known & 1u << f)
		return;
	w->flags_known |= 1u << f;
	w->flags |= (uint32_t)value << f;
}

/* One more element, zeroed; NULL when there is no room. */
static void *grow(struct workload *w, void *all, uint32_t *n, uint32_t max, size_t size)
{
	void **v = all;
	char *p = *n < max ? realloc(*v, (*n + 1) * size) : NULL;

	if (!p) {
		w->cut++;
		return NULL;
	}
	*v = p;
	return memset(p + (*n)++ * size, 0, size);
}

void workload_say_mount(struct workload *w, const struct workload_mount *m)
{
	struct workload_mount *mine = grow(w, &w->mounts, &w->nmounts, WORKLOAD_MOUNTS_MAX, sizeof(*mine));

	w->mounts_known = true;
	if (!mine)
		return;
	mine->source = keep(w, m->source, WORKLOAD_TEXT_MAX);
	mine->dest = keep(w, m->dest, WORKLOAD_TEXT_MAX);
	mine->mode = keep(w, m->mode, WORKLOAD_TEXT_MAX);
	mine->propagation = keep(w, m->propagation, WORKLOAD_TEXT_MAX);
	mine->rw = m->rw;
}

void workload_say_label(struct workload *w, struct str key, struct str value)
{
	struct workload_label *mine;

	w->labels_known = true;
	if (!key.n || workload_label(w, key).p)
		return;
	mine = grow(w, &w->labels, &w->nlabels, WORKLOAD_LABELS_MAX, sizeof(*mine));
	if (!mine)
		return;
	mine->key = keep(w, key, WORKLOAD_TEXT_MAX);
	mine->value = keep(w, value, WORKLOAD_TEXT_MAX);
	if (mine->key.n)
		return;
	free((char *)mine->value.p);	/* a value of nothing */
	w->nlabels--;
}

void workload_say_all(struct workload *w, const struct workload *other)
{
	bool mounts = !w->mounts_known, labels = !w->labels_known;

	if (!other)
		return;
	for (unsigned int i = 0; i < WORKLOAD_TEXTS; i++)
		workload_say(w, i, other->text[i]);
	for (unsigned int i = 0; i < WORKLOAD_FLAGS; i++) {
		if (other->flags_known & 1u << i)
			workload_say_flag(w, i, other->flags >> i & 1);
	}
	for (uint32_t i = 0; mounts && i < other->nmounts; i++)
		workload_say_mount(w, &other->mounts[i]);
	for (uint32_t i = 0; labels && i < other->nlabels; i++)
		workload_say_label(w, other->labels[i].key, other->labels[i].value);
	w->mounts_known |= other->mounts_known;
	w->labels_known |= other->labels_known;
	w->cut += other->cut;
}

/* The text before the next sep, which is taken off *rest with it; all of it when there is none. */
static struct str part(struct str *rest, char sep)
{
	const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	struct str s = str_n(rest->p, at ? (size_t)(at - rest->p) : rest->n);

	*rest = str_skip(*rest, s.n + 1);
	return s;
}

/* "arn:PARTITION:ecs:REGION:ACCOUNT:" in front, and behind it what is looked for; STR_NONE when it is no such ARN. */
static struct str ecs_resource(struct str arn, struct str kind)
{
	struct str rest = arn, region, account;

	if (!arn.n || !str_eq(part(&rest, ':'), STR("arn")) || !part(&rest, ':').n || !str_eq(part(&rest, ':'), STR("ecs")))
		return STR_NONE;
	region = part(&rest, ':');
	account = part(&rest, ':');
	if (!region.n || !account.n || !str_starts(rest, kind))
		return STR_NONE;
	return str_skip(rest, kind.n);
}

bool workload_say_task_arn(struct workload *w, struct str arn)
{
	struct str rest = ecs_resource(arn, STR("task/")), cluster = STR_NONE, id;
	char text[WORKLOAD_TEXT_MAX];
	size_t front;
	int n;

	if (!rest.n)
		return false;
	if (memchr(rest.p, '/', rest.n))
		cluster = part(&rest, '/');
	id = rest;
	if (!id.n || memchr(id.p, '/', id.n))
		return false;
	workload_say(w, WORKLOAD_TASK_ARN, arn);
	workload_say(w, WORKLOAD_TASK_ID, id);
	if (!cluster.n)
		return true;
	workload_say(w, WORKLOAD_CLUSTER, cluster);
	front = (size_t)(cluster.p - arn.p) - strlen("task/");
	n = snprintf(text, sizeof(text), STR_FMT "cluster/" STR_FMT, (int)front, arn.p, STR_ARG(cluster));
	if (n > 0 && (size_t)n < sizeof(text))
		workload_say(w, WORKLOAD_CLUSTER_ARN, str(text));
	return true;
}

void workload_say_cluster(struct workload *w, struct str cluster)
{
	struct str name = ecs_resource(cluster, STR("cluster/"));

	if (name.n)
		workload_say(w, WORKLOAD_CLUSTER_ARN, cluster);
	workload_say(w, WORKLOAD_CLUSTER, name.n ? name : cluster);
}

bool workload_is(const struct workload *w, enum workload_flag f, bool *known)
{
	*known = w && w->flags_known >> f & 1;
	return *known && w->flags >> f & 1;
}

struct str workload_label(const struct workload *w, struct str key)
{
	for (uint32_t i = 0; w && i < w->nlabels; i++) {
		if (str_eq(w->labels[i].key, key))
			return w->labels[i].value.p ? w->labels[i].value : STR("");
	}
	return STR_NONE;
}

static json_t *labels_json(const struct workload *w)
{
	json_t *all = json_object();

	for (uint32_t i = 0; i < w->nlabels; i++)
		json_object_set_new(all, w->labels[i].key.p, json_text(w->labels[i].value));
	return all;
}

json_t *workload_json(const struct workload *w)
{
	static const char *const texts[] = {
#define WORKLOAD_TEXT(ID, name, doc) name,
#include "enrich/workload.def"
	};
	static const char *const flags[] = {
#define WORKLOAD_FLAG(ID, name, doc) name,
#include "enrich/workload.def"
	};
	json_t *all = json_object();

	for (unsigned int i = 0; w && i < WORKLOAD_TEXTS; i++) {
		if (w->text[i].n)
			json_object_set_new(all, texts[i], json_text(w->text[i]));
	}
	for (unsigned int i = 0; w && i < WORKLOAD_FLAGS; i++) {
		if (w->flags_known >> i & 1)
			json_object_set_new(all, flags[i], json_boolean(w->flags >> i & 1));
	}
	if (w && w->labels_known)
		json_object_set_new(all, "labels", labels_json(w));
	if (w && w->cut)
		json_object_set_new(all, "cut", json_integer(w->cut));
	return all;
}

void workload_image_parts(struct str image, struct str *repository, struct str *tag)
{
	const char *at = image.n ? memchr(image.p, '@', image.n) : NULL, *colon;
	struct str name = at ? str_n(image.p, (size_t)(at - image.p)) : image, last = str_after_last(name, '/');

	colon = last.n ? memchr(last.p, ':', last.n) : NULL;
	*repository = colon ? str_n(name.p, (size_t)(colon - name.p)) : name;
	*tag = colon ? str_n(colon + 1, (size_t)(name.p + name.n - colon - 1)) : at ? STR_NONE : STR("latest");
}
