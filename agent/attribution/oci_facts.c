/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/oci.h"
#include "attribution/labels.h"
#include "attribution/query.h"
#include "util/json_text.h"
#include <strings.h>

/* Annotations that containerd's and CRI-O's Kubernetes parts, nerdctl and podman write; where two say a fact, the first. */
static const struct {
	const char *key;
	enum workload_text text;
} texts[] = {
	{"io.kubernetes.cri-o.Name", WORKLOAD_NAME},
	{"io.kubernetes.cri.container-name", WORKLOAD_NAME},
	{"nerdctl/name", WORKLOAD_NAME},
	{"io.kubernetes.cri-o.ImageName", WORKLOAD_IMAGE},
	{"io.kubernetes.cri.image-name", WORKLOAD_IMAGE},
	{"io.kubernetes.cri-o.SandboxID", WORKLOAD_SANDBOX},
	{"io.kubernetes.cri.sandbox-id", WORKLOAD_SANDBOX},
	{"io.kubernetes.cri-o.Created", WORKLOAD_CREATED},
	{"io.kubernetes.cri-o.IP.0", WORKLOAD_IP},
};

/* The labels that rules know of pods, under the names that annotations have for them. */
static const struct {
	const char *key, *label;
} pods[] = {
	{"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"},
	{"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"},
	{"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"},
	{"io.kubernetes.cri.container-name", "io.kubernetes.container.name"},
	{"io.kubernetes.pod.name", "io.kubernetes.pod.name"},
	{"io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace"},
	{"io.kubernetes.pod.uid", "io.kubernetes.pod.uid"},
	{"io.kubernetes.container.name", "io.kubernetes.container.name"},
};

/* Where annotations are the labels, as of ctr and nerdctl: not where Kubernetes' parts or podman write theirs. */
static bool are_labels(json_t *annotations)
{
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value) {
		if (!strncmp(key, "io.kubernetes.cri", 17) || !strcmp(key, "io.container.manager"))
			return false;
	}
	return json_is_object(annotations);
}

/* CRI-O has Kubernetes' labels as JSON in one annotation. */
static void say_labels(struct workload *w, json_t *annotations)
{
	struct str crio = query_text(annotations, "io.kubernetes.cri-o.Labels");
	json_t *labels = crio.n ? json_loadb(crio.p, crio.n, 0, NULL) : NULL;

	if (labels)
		labels_read(w, labels);
	else if (are_labels(annotations))
		labels_read(w, annotations);
	json_decref(labels);
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		struct str value = query_text(annotations, pods[i].key);

		if (value.n && !workload_label(w, str(pods[i].label)).n)
			workload_say_label(w, str(pods[i].label), value);
	}
}

static bool has(json_t *list, const char *word)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (str_eq(json_str(one), str(word)))
			return true;
	}
	return false;
}

/* A namespace that is not listed is the host's; one with a path is somebody's, perhaps a pod's. */
static void say_namespaces(struct workload *w, json_t *namespaces)
{
	static const struct {
		const char *type;
		enum workload_flag flag;
	} t[] = {{"pid", WORKLOAD_HOST_PID}, {"network", WORKLOAD_HOST_NETWORK}, {"ipc", WORKLOAD_HOST_IPC}};

	for (size_t i = 0; json_is_array(namespaces) && i < ARRAY_SIZE(t); i++) {
		bool own = false;
		json_t *one;
		size_t k;

		json_array_foreach(namespaces, k, one)
			own |= str_eq(query_text(one, "type"), str(t[i].type));
		workload_say_flag(w, t[i].flag, !own);
	}
}

/* Podman says it; of others it is what a privileged one is given: capabilities that reach the hardware, and nothing is masked. */
static void say_privileged(struct workload *w, json_t *spec, json_t *annotations)
{
	json_t *caps = json_object_get(json_object_get(json_object_get(spec, "process"), "capabilities"), "bounding");
	json_t *masked = json_object_get(json_object_get(spec, "linux"), "maskedPaths");
	struct str said = query_text(annotations, "io.podman.annotations.privileged");

	if (said.n)
		workload_say_flag(w, WORKLOAD_PRIVILEGED, said.n == 4 && !strncasecmp(said.p, "true", 4));
	else if (json_is_array(caps))
		workload_say_flag(w, WORKLOAD_PRIVILEGED, has(caps, "CAP_SYS_ADMIN") && has(caps, "CAP_SYS_MODULE") &&
				  has(caps, "CAP_SYS_RAWIO") && !json_array_size(masked));
}

static struct str propagation_of(json_t *options)
{
	static const char *const words[] = {"rprivate", "private", "rshared", "shared", "rslave", "slave"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (has(options, words[i]))
			return str(words[i]);
	}
	return STR_NONE;
}

/* What is the host's: the rest are the container's own file systems. */
static void say_mounts(struct workload *w, json_t *mounts)
{
	json_t *one;
	size_t i;

	w->mounts_known = json_is_array(mounts);
	json_array_foreach(mounts, i, one) {
		json_t *options = json_object_get(one, "options");
		struct workload_mount m = {
			.source = query_text(one, "source"), .dest = query_text(one, "destination"),
			.propagation = propagation_of(options), .rw = !has(options, "ro"),
		};

		if (str_eq(query_text(one, "type"), STR("bind")) || has(options, "bind") || has(options, "rbind"))
			workload_say_mount(w, &m);
	}
}

struct workload *oci_facts(json_t *spec)
{
	json_t *annotations = json_object_get(spec, "annotations"), *os = json_object_get(spec, "linux");
	struct workload *w = json_is_string(json_object_get(spec, "ociVersion")) ? workload_new() : NULL;

	if (!w)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		workload_say(w, texts[i].text, query_text(annotations, texts[i].key));
	say_labels(w, annotations);
	say_namespaces(w, json_object_get(os, "namespaces"));
	say_privileged(w, spec, annotations);
	say_mounts(w, json_object_get(spec, "mounts"));
	labels_say(w);
	return w;
}

bool oci_storage_say(struct workload *w, json_t *containers, struct str id)
{
	json_t *one, *more;
	struct str text;
	size_t i;

	json_array_foreach(containers, i, one) {
		if (!str_eq(query_text(one, "id"), id))
			continue;
		text = query_text(one, "metadata");	/* JSON within JSON */
		more = text.n ? json_loadb(text.p, text.n, 0, NULL) : NULL;
		workload_say(w, WORKLOAD_NAME, json_str(json_array_get(json_object_get(one, "names"), 0)));
		workload_say(w, WORKLOAD_IMAGE, query_text(more, "image-name"));
		workload_say(w, WORKLOAD_IMAGE_ID, query_text(more, "image-id"));
		workload_say(w, WORKLOAD_CREATED, query_text(one, "created"));
		json_decref(more);
		return true;
	}
	return false;
}
