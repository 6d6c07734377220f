/* SPDX-License-Identifier: Apache-2.0 */
/* What runtimes and orchestrators say of the container: image, mounts, rights, labels, task. Missing until somebody said it. */
#include "enrich/container.h"
#include "rule/field_get.h"
#include "rule/glob.h"

static const struct workload *workload_of(const struct field_get *g)
{
	const struct container *c = g->ev->container;

	return c && c->who ? c->who->known : NULL;
}

static int put_fact(const struct field_get *g, struct value *v, enum workload_text t)
{
	const struct workload *w = workload_of(g);

	return workload_has(w, t) ? put_str(v, w->text[t]) : FIELD_MISSING;
}

static int put_flag(const struct field_get *g, struct value *v, enum workload_flag f)
{
	bool known, is = workload_is(workload_of(g), f, &known);

	return known ? put_bool(v, is) : FIELD_MISSING;
}

static int put_label(const struct field_get *g, struct value *v, struct str key)
{
	const struct workload *w = workload_of(g);

	return w ? put_str(v, workload_label(w, key)) : FIELD_MISSING;
}

#define FACT(getter, ID)                                                  \
	int get_##getter(const struct field_get *g, struct value *v)      \
	{                                                                 \
		return put_fact(g, v, WORKLOAD_##ID);                     \
	}
#define FLAG(getter, ID)                                                  \
	int get_##getter(const struct field_get *g, struct value *v)      \
	{                                                                 \
		return put_flag(g, v, WORKLOAD_##ID);                     \
	}
#define LABEL(getter, key)                                                \
	int get_##getter(const struct field_get *g, struct value *v)      \
	{                                                                 \
		return put_label(g, v, STR(key));                         \
	}
FACT(container_image, IMAGE)
FACT(container_image_digest, IMAGE_DIGEST)
FACT(container_ip, IP)
FACT(container_cni, CNI)
FACT(ecs_cluster_arn, CLUSTER_ARN)
FACT(ecs_service, SERVICE)
FACT(ecs_task_arn, TASK_ARN)
FACT(ecs_family, FAMILY)
FACT(ecs_revision, REVISION)
FACT(ecs_container_name, CONTAINER_NAME)
FACT(ecs_launch_type, LAUNCH_TYPE)
FACT(ecs_started_by, STARTED_BY)
FACT(k8s_pod_full_sandbox_id, SANDBOX)
FACT(k8s_pod_cni, CNI)
FLAG(container_privileged, PRIVILEGED)
FLAG(container_host_pid, HOST_PID)
FLAG(container_host_network, HOST_NETWORK)
FLAG(container_host_ipc, HOST_IPC)
LABEL(k8s_pod_name, "io.kubernetes.pod.name")
LABEL(k8s_ns_name, "io.kubernetes.pod.namespace")
LABEL(k8s_pod_uid, "io.kubernetes.pod.uid")
#undef LABEL
#undef FLAG
#undef FACT

/* What the runtime says, else what the control group's path did. */
static int put_fact_or(const struct field_get *g, struct value *v, enum workload_text t, const char *path)
{
	if (put_fact(g, v, t) == 1)
		return 1;
	return path && *path ? put_text(v, path) : FIELD_MISSING;
}

int get_ecs_cluster(const struct field_get *g, struct value *v)
{
	return put_fact_or(g, v, WORKLOAD_CLUSTER, g->ev->container ? g->ev->container->cluster : NULL);
}

int get_ecs_task_id(const struct field_get *g, struct value *v)
{
	return put_fact_or(g, v, WORKLOAD_TASK_ID, g->ev->container ? g->ev->container->task_id : NULL);
}

int get_container_name(const struct field_get *g, struct value *v)
{
	return g->ev->container ? put_fact(g, v, WORKLOAD_NAME) : put_text(v, "host");
}

int get_container_image_id(const struct field_get *g, struct value *v)
{
	if (put_fact(g, v, WORKLOAD_IMAGE_ID) != 1)
		return FIELD_MISSING;
	if (str_starts(v->s, STR("sha256:")))
		v->s = str_skip(v->s, 7);
	return 1;
}

int get_k8s_pod_sandbox_id(const struct field_get *g, struct value *v)
{
	if (put_fact(g, v, WORKLOAD_SANDBOX) != 1)
		return FIELD_MISSING;
	if (v->s.n > CONTAINER_SHORT_ID)
		v->s.n = CONTAINER_SHORT_ID;
	return 1;
}

/* Only of a container that belongs to a pod: others have addresses of their own. */
int get_k8s_pod_ip(const struct field_get *g, struct value *v)
{
	return get_k8s_pod_uid(g, v) == 1 ? put_fact(g, v, WORKLOAD_IP) : FIELD_MISSING;
}

int get_container_image_repository(const struct field_get *g, struct value *v)
{
	struct str repository, tag;

	if (put_fact(g, v, WORKLOAD_IMAGE) != 1)
		return FIELD_MISSING;
	workload_image_parts(v->s, &repository, &tag);
	return put_str(v, repository);
}

int get_container_image_tag(const struct field_get *g, struct value *v)
{
	struct str repository, tag;

	if (put_fact(g, v, WORKLOAD_IMAGE) != 1)
		return FIELD_MISSING;
	workload_image_parts(v->s, &repository, &tag);
	return put_str(v, tag);
}

int get_container_label(const struct field_get *g, struct value *v)
{
	return put_label(g, v, g->ref->arg);
}

int get_container_labels(const struct field_get *g, struct value *v)
{
	const struct workload *w = workload_of(g);
	struct text t = text_begin(g->s);
	bool any = false;

	if (!w || !w->labels_known)
		return FIELD_MISSING;
	for (uint32_t i = 0; i < w->nlabels; i++) {
		const struct workload_label *l = &w->labels[i];

		if (str_starts(l->key, STR("annotation.")) || str_starts(l->key, STR("io.kubernetes.")))
			continue;
		text_add(&t, ", ", any ? 2 : 0);
		text_add(&t, l->key.p, l->key.n);
		text_char(&t, ':');
		text_add(&t, l->value.p, l->value.n);
		any = true;
	}
	return put_str(v, text_view(&t));
}

/* mounts */

static void add_mount(struct text *t, const struct workload_mount *m)
{
	text_add(t, m->source.p, m->source.n);
	text_char(t, ':');
	text_add(t, m->dest.p, m->dest.n);
	text_char(t, ':');
	text_add(t, m->mode.p, m->mode.n);
	text_puts(t, m->rw ? ":true:" : ":false:");
	text_add(t, m->propagation.p, m->propagation.n);
}

int get_container_mounts(const struct field_get *g, struct value *v)
{
	const struct workload *w = workload_of(g);
	struct text t = text_begin(g->s);

	if (!w || !w->mounts_known)
		return FIELD_MISSING;
	for (uint32_t i = 0; i < w->nmounts; i++) {
		text_add(&t, ",", i ? 1 : 0);
		add_mount(&t, &w->mounts[i]);
	}
	return put_str(v, text_view(&t));
}

/* By its index, or the first whose source (or destination) the pattern holds for. */
static const struct workload_mount *find_mount(const struct field_get *g, bool by_dest)
{
	const struct workload *w = workload_of(g);

	if (!w)
		return NULL;
	if (g->ref->index >= 0)
		return g->ref->index < w->nmounts ? &w->mounts[g->ref->index] : NULL;
	for (uint32_t i = 0; i < w->nmounts; i++) {
		struct str text = by_dest ? w->mounts[i].dest : w->mounts[i].source;

		if (glob_match(g->ref->arg, text, 0))
			return &w->mounts[i];
	}
	return NULL;
}

int get_container_mount(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, false);
	struct text t = text_begin(g->s);

	if (!m)
		return FIELD_MISSING;
	add_mount(&t, m);
	return put_str(v, text_view(&t));
}

int get_container_mount_source(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, true);

	return m ? put_str(v, m->source) : FIELD_MISSING;
}

int get_container_mount_dest(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, false);

	return m ? put_str(v, m->dest) : FIELD_MISSING;
}

int get_container_mount_mode(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, false);

	return m ? put_str(v, m->mode.p ? m->mode : STR("")) : FIELD_MISSING;
}

int get_container_mount_rdwr(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, false);

	return m ? put_text(v, m->rw ? "true" : "false") : FIELD_MISSING;
}

int get_container_mount_propagation(const struct field_get *g, struct value *v)
{
	const struct workload_mount *m = find_mount(g, false);

	return m ? put_str(v, m->propagation.p ? m->propagation : STR("")) : FIELD_MISSING;
}
