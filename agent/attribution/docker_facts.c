/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/docker.h"
#include "attribution/labels.h"
#include "attribution/query.h"
#include "util/json_text.h"

static void say_host(struct workload *w, json_t *host)
{
	static const struct {
		const char *key;
		enum workload_flag flag;
	} modes[] = {{"PidMode", WORKLOAD_HOST_PID}, {"NetworkMode", WORKLOAD_HOST_NETWORK}, {"IpcMode", WORKLOAD_HOST_IPC}};

	if (!json_is_object(host))
		return;
	workload_say_flag(w, WORKLOAD_PRIVILEGED, json_is_true(json_object_get(host, "Privileged")));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		workload_say_flag(w, modes[i].flag, str_eq(query_text(host, modes[i].key), STR("host")));
}

static void say_mounts(struct workload *w, json_t *mounts)
{
	struct workload_mount m;
	json_t *one;
	size_t i;

	w->mounts_known = json_is_array(mounts);
	json_array_foreach(mounts, i, one) {
		m = (struct workload_mount){
			.source = query_text(one, "Source"), .dest = query_text(one, "Destination"),
			.mode = query_text(one, "Mode"), .propagation = query_text(one, "Propagation"),
			.rw = json_is_true(json_object_get(one, "RW")),
		};
		workload_say_mount(w, &m);
	}
}

static void say_address(struct workload *w, json_t *network)
{
	const char *name;
	json_t *one;

	workload_say(w, WORKLOAD_IP, query_text(network, "IPAddress"));
	json_object_foreach(json_object_get(network, "Networks"), name, one)
		workload_say(w, WORKLOAD_IP, query_text(one, "IPAddress"));
}

struct workload *docker_facts(json_t *c, struct str id)
{
	json_t *config = json_object_get(c, "Config");
	struct str name = query_text(c, "Name");
	struct workload *w;

	if (!str_eq(query_text(c, "Id"), id) || !json_is_object(config))
		return NULL;
	w = workload_new();
	if (!w)
		return NULL;
	workload_say(w, WORKLOAD_NAME, str_starts(name, STR("/")) ? str_skip(name, 1) : name);
	workload_say(w, WORKLOAD_IMAGE, query_text(config, "Image"));
	workload_say(w, WORKLOAD_IMAGE_ID, query_text(c, "Image"));
	workload_say(w, WORKLOAD_CREATED, query_text(c, "Created"));
	workload_say(w, WORKLOAD_STARTED, query_text(json_object_get(c, "State"), "StartedAt"));
	say_host(w, json_object_get(c, "HostConfig"));
	say_mounts(w, json_object_get(c, "Mounts"));
	labels_read(w, json_object_get(config, "Labels"));
	say_address(w, json_object_get(c, "NetworkSettings"));
	labels_say(w);
	return w;
}

struct str docker_digest(json_t *image, struct str name)
{
	struct str any = STR_NONE, digest, wanted, unused;
	json_t *one;
	size_t i;

	workload_image_parts(name, &wanted, &unused);
	json_array_foreach(json_object_get(image, "RepoDigests"), i, one) {
		struct str whole = json_str(one), repository, tag;

		digest = str_after_last(whole, '@');
		if (!whole.n || digest.n == whole.n)
			continue;
		workload_image_parts(whole, &repository, &tag);
		if (str_eq(repository, wanted))
			return digest;
		if (!any.n)
			any = digest;
	}
	return any;
}
