/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workload
 *
 * What runtimes and orchestrators say of a container: name, image, labels,
 * task. A set of facts in one piece of memory; what nobody said is absent.
 */
#ifndef ENRICH_WORKLOAD_H
#define ENRICH_WORKLOAD_H

#include "util/cleanup.h"
#include "util/limits.h"
#include "util/str.h"
#include <jansson.h>

enum workload_text {
#define WORKLOAD_TEXT(ID, name, doc) WORKLOAD_##ID,
#include "enrich/workload.def"
	WORKLOAD_TEXTS
};

enum workload_flag {
#define WORKLOAD_FLAG(ID, name, doc) WORKLOAD_##ID,
#include "enrich/workload.def"
	WORKLOAD_FLAGS
};

struct workload_mount {
	struct str source, dest, mode, propagation;	/* absent ones are STR_NONE */
	bool rw;
};

struct workload_label {
	struct str key, value;
};

/* One set of facts. Grows only; who fills it in owns it, readers have it const. */
struct workload {
	struct str text[WORKLOAD_TEXTS];		/* STR_NONE: nobody said it */
	uint32_t flags_known, flags;			/* bits of enum workload_flag */
	bool mounts_known, labels_known;		/* all there are, which may be none */
	struct workload_mount *mounts;
	struct workload_label *labels;
	uint32_t nmounts, nlabels;
	uint32_t bytes;					/* of all texts */
	uint32_t cut;					/* texts, mounts and labels left out for want of room */
};

struct workload *workload_new(void);			/* knows nothing; NULL without memory */
struct workload *workload_free(struct workload *w);	/* NULL */
DEFINE_CLEANUP(struct workload *, workload_free);

/* Facts that are said twice stay what they were first. Control characters in texts become '?'; beyond a bound they are cut (w->cut). */
void workload_say(struct workload *w, enum workload_text t, struct str s);
void workload_say_flag(struct workload *w, enum workload_flag f, bool value);
void workload_say_mount(struct workload *w, const struct workload_mount *m);
void workload_say_label(struct workload *w, struct str key, struct str value);

/* All that w lacks and other has. Mounts, and labels, are taken whole or not at all. */
void workload_say_all(struct workload *w, const struct workload *other);

/*
 * What the ARN of a task tells: arn:PARTITION:ecs:REGION:ACCOUNT:task/[CLUSTER/]ID, the form without cluster being the old
 * one. False when it is none, and then nothing is said.
 */
bool workload_say_task_arn(struct workload *w, struct str arn);

/* The cluster by its name or its ARN; an ARN says both. */
void workload_say_cluster(struct workload *w, struct str cluster);

static inline bool workload_has(const struct workload *w, enum workload_text t)
{
	return w && w->text[t].n;
}

/* The flag's value; *known is false when nobody said it. */
bool workload_is(const struct workload *w, enum workload_flag f, bool *known);

/* The value of a label, STR_NONE when there is none of that key. */
struct str workload_label(const struct workload *w, struct str key);

/* Of "host:5000/team/app:1.2@sha256:…" repository and tag; "latest" where there is neither tag nor digest. */
void workload_image_parts(struct str image, struct str *repository, struct str *tag);

/* For status: new reference. */
json_t *workload_json(const struct workload *w);

#endif
