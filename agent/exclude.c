/* SPDX-License-Identifier: Apache-2.0 */
#include "exclude.h"
#include "util/json_text.h"
#include "util/log.h"
#include <fnmatch.h>
#include <strings.h>

/* The tags that say it; the first that is there and says true or false counts. */
static const char *const tags[] = {"noroshi:managed", "GuardDutyManaged"};

static enum exclude_word word_of(struct str value)
{
	if (value.n == 5 && !strncasecmp(value.p, "false", 5))
		return EXCLUDE_LEAVE;
	return value.n == 4 && !strncasecmp(value.p, "true", 4) ? EXCLUDE_WATCH : EXCLUDE_SAYS_NOTHING;
}

static bool glob(const char *pattern, struct str text)
{
	char copy[2048];

	if (!text.n || text.n >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), STR_FMT, STR_ARG(text));
	return !fnmatch(pattern, copy, FNM_NOESCAPE);
}

/* "KEY=GLOB", or "KEY": any value. */
static bool has_label(const struct workload *w, const char *pattern)
{
	size_t n = strcspn(pattern, "=");

	for (uint32_t i = 0; w && i < w->nlabels; i++) {
		const struct workload_label *l = &w->labels[i];

		if (str_eq(l->key, str_n(pattern, n)))
			return !pattern[n] || (!l->value.n && !strcmp(pattern + n, "=")) || glob(pattern + n + 1, l->value);
	}
	return false;
}

static struct str fact(const struct workload_row *row, enum workload_text t)
{
	return row->known ? row->known->text[t] : STR_NONE;
}

/* include before exclude */
static enum exclude_word configured(const struct config *c, const struct workload_row *row, char *by)
{
	struct str cluster = fact(row, WORKLOAD_CLUSTER), family = fact(row, WORKLOAD_FAMILY), image = fact(row, WORKLOAD_IMAGE);
	const struct {
		const char *key;
		enum exclude_word word;
		const struct texts *patterns;
		const struct str *of;	/* NULL: of the labels */
	} keys[] = {
		{"include.clusters", EXCLUDE_WATCH, &c->include_clusters, &cluster},
		{"include.families", EXCLUDE_WATCH, &c->include_families, &family},
		{"include.images", EXCLUDE_WATCH, &c->include_images, &image},
		{"include.labels", EXCLUDE_WATCH, &c->include_labels, NULL},
		{"exclude.clusters", EXCLUDE_LEAVE, &c->exclude_clusters, &cluster},
		{"exclude.families", EXCLUDE_LEAVE, &c->exclude_families, &family},
		{"exclude.images", EXCLUDE_LEAVE, &c->exclude_images, &image},
		{"exclude.labels", EXCLUDE_LEAVE, &c->exclude_labels, NULL},
	};

	if (!cluster.n)
		cluster = str(row->cluster);
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		for (size_t i = 0; i < keys[k].patterns->n; i++) {
			const char *pattern = keys[k].patterns->v[i];

			if (keys[k].of ? !glob(pattern, *keys[k].of) : !has_label(row->known, pattern))
				continue;
			snprintf(by, WORKLOAD_BY_MAX, "%s: %s", keys[k].key, pattern);
			return keys[k].word;
		}
	}
	return EXCLUDE_SAYS_NOTHING;
}

static enum exclude_word labelled(const struct workload *w, char *by)
{
	for (size_t i = 0; w && i < ARRAY_SIZE(tags); i++) {
		struct str value = workload_label(w, str(tags[i]));

		if (word_of(value) == EXCLUDE_SAYS_NOTHING)
			continue;
		snprintf(by, WORKLOAD_BY_MAX, "label %s=" STR_FMT, tags[i], STR_ARG(value));
		return word_of(value);
	}
	return EXCLUDE_SAYS_NOTHING;
}

static enum exclude_word tagged(const struct exclude_tags *t, char *by)
{
	if (t->word != EXCLUDE_SAYS_NOTHING)
		snprintf(by, WORKLOAD_BY_MAX, "%s", t->by);
	return t->word;
}

enum exclude_word exclude_says(const struct exclude *x, const struct workload_row *row, char by[WORKLOAD_BY_MAX])
{
	bool heeded = strcmp(x->config->exclude_tags, "off"), task = row->task_id[0] || fact(row, WORKLOAD_TASK_ID).n;
	enum exclude_word word = configured(x->config, row, by);

	if (word == EXCLUDE_SAYS_NOTHING && heeded)
		word = labelled(row->known, by);
	if (word == EXCLUDE_SAYS_NOTHING && task)
		word = tagged(&x->container_instance, by);
	if (word == EXCLUDE_SAYS_NOTHING)
		word = tagged(&x->instance, by);
	return word;
}

/* tags */

static void read_instance(const struct host_facts *h, struct exclude_tags *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		for (unsigned int n = 0; n < h->ntags && t->word == EXCLUDE_SAYS_NOTHING; n++) {
			if (strcmp(h->tags[n].key, tags[i]))
				continue;
			t->word = word_of(str(h->tags[n].value));
			snprintf(t->by, sizeof(t->by), "instance tag %s=%.8s", tags[i], h->tags[n].value);
		}
	}
}

static void read_container_instance(const struct ecs_config *e, struct exclude_tags *t)
{
	json_t *o = e && e->instance_tags[0] ? json_loads(e->instance_tags, 0, NULL) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tags) && t->word == EXCLUDE_SAYS_NOTHING; i++) {
		struct str value = json_str(json_object_get(o, tags[i]));

		t->word = word_of(value);
		snprintf(t->by, sizeof(t->by), "ECS_CONTAINER_INSTANCE_TAGS %s=%.*s", tags[i], value.n < 8 ? (int)value.n : 8,
			 value.p ? value.p : "");
	}
	json_decref(o);
}

static bool read_tags(struct exclude *x)
{
	struct exclude_tags was[2] = {x->instance, x->container_instance};

	x->instance = x->container_instance = (struct exclude_tags){};
	if (strcmp(x->config->exclude_tags, "off")) {
		read_instance(x->host, &x->instance);
		read_container_instance(x->ecs, &x->container_instance);
	}
	return was[0].word != x->instance.word || strcmp(was[0].by, x->instance.by) ||
	       was[1].word != x->container_instance.word || strcmp(was[1].by, x->container_instance.by);
}

/* what follows from it */

static void apply(struct exclude *x, uint64_t cgroup, bool excluded)
{
	if (!source_kernel_exclude(x->source, cgroup, excluded))
		x->no_room++;
}

static void on_group(void *ctx, uint64_t cgroup, const struct container *c)
{
	struct exclude *x = ctx;

	apply(x, cgroup, c ? c->who->excluded : x->pipeline->host_excluded);
}

struct of_row {
	struct exclude *x;
	const struct workload_row *row;
};

static void on_group_of_row(void *ctx, uint64_t cgroup, const struct container *c)
{
	const struct of_row *of = ctx;

	if (c && c->who == of->row)
		apply(of->x, cgroup, of->row->excluded);
}

static bool decide_row(struct exclude *x, struct workload_row *row)
{
	bool before = row->excluded;
	char by[WORKLOAD_BY_MAX] = "";

	row->excluded = exclude_says(x, row, by) == EXCLUDE_LEAVE;
	memcpy(row->by, by, sizeof(row->by));
	if (row->excluded != before)
		log_info("container %.12s is %s (%s)", row->id, row->excluded ? "not watched, as asked" : "watched again", by[0] ? by : "nobody says otherwise");
	return row->excluded != before;
}

bool exclude_decide(struct exclude *x, struct workload_row *row)
{
	if (decide_row(x, row))
		enrich_groups(x->pipeline->enrich, on_group_of_row, &(struct of_row){x, row});
	return row->excluded;
}

void exclude_group(struct exclude *x, uint64_t cgroup, const struct workload_row *who, bool host)
{
	apply(x, cgroup, who ? who->excluded : host && x->pipeline->host_excluded);
}

void exclude_gone(struct exclude *x, uint64_t cgroup)
{
	apply(x, cgroup, false);
}

void exclude_init(struct exclude *x)
{
	read_tags(x);
	x->pipeline->host_excluded = x->instance.word == EXCLUDE_LEAVE;
}

bool exclude_refresh(struct exclude *x)
{
	struct workloads *all = enrich_workloads(x->pipeline->enrich);

	if (!read_tags(x))
		return false;
	x->pipeline->host_excluded = x->instance.word == EXCLUDE_LEAVE;
	for (struct workload_row *r = NULL; (r = workloads_next(all, r));) {
		if (r->state != WORKLOAD_FRESH && r->state != WORKLOAD_PENDING)
			decide_row(x, r);
	}
	enrich_groups(x->pipeline->enrich, on_group, x);
	return true;
}

const char *exclude_of_host(const struct exclude *x)
{
	return x->pipeline->host_excluded ? x->instance.by : NULL;
}

json_t *exclude_json(const struct exclude *x)
{
	const char *by = exclude_of_host(x);

	return json_pack("{s:b, s:o, s:I, s:I}", "host", by != NULL, "by", json_text(str(by ? by : "")), "events",
			 (json_int_t)x->pipeline->excluded, "groupsNotInKernel", (json_int_t)x->no_room);
}
