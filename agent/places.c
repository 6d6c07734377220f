/* SPDX-License-Identifier: Apache-2.0 */
#include "places.h"
#include "util/http.h"
#include "util/log.h"

/* A place that is not to be asked is written "off". */
static const char *place(const char *text)
{
	return text && strcmp(text, "off") ? text : NULL;
}

static bool is_auto(const char *text)
{
	return !strcmp(text, "auto");
}

const char *places_refuse_metadata(const char *url)
{
	const char *why = NULL, *wanted = "wants an http URL such as http://169.254.170.2/v4/ID, auto or off";
	struct http_url u;

	if (http_url_parse(&u, url) < 0)
		return wanted;
	if (u.tls)
		why = wanted;
	else if (!u.loopback && strcmp(u.host, "169.254.170.2"))
		why = "must be on this host: 169.254.170.2 or a loopback address";
	else if (u.userinfo || url[strcspn(url, "?#")] || strlen(url) >= 300)
		why = "takes no user, query or fragment, and 299 bytes at most";
	http_url_free(&u);
	return why;
}

const char *places_refuse_data_dir(const char *path)
{
	const char *second = *path == '/' && path[1] != '/' ? strchr(path + 1, '/') : NULL;

	if (!second || !second[1] || strstr(path, "//") || strstr(path, "/..") || strlen(path) >= 256)
		return "wants a folder such as /var/lib/ecs, auto or off";
	return NULL;
}

static const char *data_dir(struct places *p, const char *text)
{
	const char *said = p->ecs_config.data_dir;

	if (!is_auto(text))
		return place(text);
	if (said[0] && places_refuse_data_dir(said)) {
		log_warning("ECS_HOST_DATA_DIR of %s is not used: it %s", p->ecs_config_path, places_refuse_data_dir(said));
		said = "";
	}
	snprintf(p->ecs_data_dir, sizeof(p->ecs_data_dir), "%s", said[0] ? said : "/var/lib/ecs");
	return p->ecs_data_dir;
}

static const char *docker_socket(struct places *p, const char *text)
{
	const char *said = p->ecs_config.docker_host;

	if (strcmp(text, "/run/docker.sock") || strncmp(said, "unix:///", 8))
		return place(text);
	snprintf(p->docker_socket, sizeof(p->docker_socket), "%s", said + 7);
	return p->docker_socket;
}

static const char *task_metadata(struct places *p, const char *text)
{
	const char *env = getenv("ECS_CONTAINER_METADATA_URI_V4"), *why;

	if (!is_auto(text))
		return place(text);
	if (!env || !*env)
		return NULL;
	why = places_refuse_metadata(env);
	if (why) {
		log_warning("ECS_CONTAINER_METADATA_URI_V4 is not used: it %s", why);
		return NULL;
	}
	snprintf(p->task_metadata, sizeof(p->task_metadata), "%s", env);
	return p->task_metadata;
}

static void say_unread(const struct places *p)
{
	if (p->ecs_config.error)
		log_warning("%s cannot be read: %s", p->ecs_config_path, strerror(p->ecs_config.error));
	else if (p->ecs_config.unread)
		log_warning("%s: %u of its lines say nothing, or more than is kept", p->ecs_config_path, p->ecs_config.unread);
}

void places_init(struct places *p, const struct config *c)
{
	*p = (struct places){.ecs_config_path = place(c->attribution_ecs_config)};
	if (p->ecs_config_path) {
		ecs_config_read(&p->ecs_config, p->ecs_config_path);
		say_unread(p);
	}
	p->of = (struct attribution_places){
		.docker_socket = docker_socket(p, c->attribution_docker), .ecs_endpoint = place(c->attribution_ecs),
		.ecs_cluster = p->ecs_config.cluster,
		.ecs_data_dir = data_dir(p, c->attribution_ecs_files), .task_metadata = task_metadata(p, c->attribution_task_metadata),
		.containerd_state = place(c->attribution_containerd), .podman_state = place(c->attribution_containers_run),
		.podman_storage = place(c->attribution_containers_storage),
	};
}

void places_refresh(struct places *p)
{
	int before = p->ecs_config.error;

	if (!p->ecs_config_path)
		return;
	if (ecs_config_read(&p->ecs_config, p->ecs_config_path)) {
		log_info("%s has changed", p->ecs_config_path);
		if (p->ecs_config.data_dir[0] && p->ecs_data_dir[0] && strcmp(p->ecs_config.data_dir, p->ecs_data_dir))
			log_warning("ECS_HOST_DATA_DIR is another now: its files are read once noroshi starts again");
		say_unread(p);
	} else if (p->ecs_config.error && p->ecs_config.error != before) {
		say_unread(p);
	}
}
