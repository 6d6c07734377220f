/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/ecs_config.h"
#include "util/cleanup.h"
#include "util/fs.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static struct str trim(struct str s)
{
	while (s.n && memchr(" \t\r", s.p[0], 3))
		s = str_skip(s, 1);
	while (s.n && memchr(" \t\r", s.p[s.n - 1], 3))
		s.n--;
	return s;
}

/* Without what a comment says: '#' behind a blank. */
static struct str uncomment(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '#' && (!i || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			return trim(str_n(s.p, i));
	}
	return s;
}

/* The length of the quoted text at the begin of s, both quotes counted; 0 when it does not end. */
static size_t quoted(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\' && s.p[0] == '"')
			i++;
		else if (s.p[i] == s.p[0])
			return i + 1;
	}
	return 0;
}

/* The value into dst; false when it has no room, or is quoted halfway. JSON is written without quotes around, and has '#' and quotes of its own. */
static bool unquote(char *dst, size_t room, struct str s)
{
	size_t end, n = 0;
	bool escapes;

	if (!s.n || (s.p[0] != '"' && s.p[0] != '\'')) {
		s = s.n && s.p[0] == '{' ? s : uncomment(s);
		if (s.n >= room)
			return false;
		snprintf(dst, room, STR_FMT, STR_ARG(s));
		return true;
	}
	end = quoted(s);
	if (!end || uncomment(trim(str_skip(s, end))).n || end - 2 >= room)
		return false;
	escapes = s.p[0] == '"';
	for (size_t i = 1; i < end - 1; i++) {
		if (escapes && s.p[i] == '\\' && i + 1 < end - 1 && memchr("\"\\$`", s.p[i + 1], 4))
			i++;
		dst[n++] = s.p[i];
	}
	dst[n] = 0;
	return true;
}

/* As Go's strconv.ParseBool, which the ECS agent takes. */
static bool is_false(const char *s)
{
	return !strcmp(s, "0") || !strcmp(s, "f") || !strcmp(s, "F") || !strcmp(s, "false") || !strcmp(s, "FALSE") ||
	       !strcmp(s, "False");
}

static bool has_nul(struct str s)
{
	return s.n && memchr(s.p, 0, s.n);
}

static bool set(struct ecs_config *c, struct str key, struct str value)
{
	const struct {
		struct str key;
		char *text;
		size_t room;
	} texts[] = {
		{STR("ECS_CLUSTER"), c->cluster, sizeof(c->cluster)},
		{STR("ECS_HOST_DATA_DIR"), c->data_dir, sizeof(c->data_dir)},
		{STR("DOCKER_HOST"), c->docker_host, sizeof(c->docker_host)},
		{STR("ECS_CONTAINER_INSTANCE_TAGS"), c->instance_tags, sizeof(c->instance_tags)},
	};
	char word[16];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (str_eq(key, texts[i].key))
			return unquote(texts[i].text, texts[i].room, value);
	}
	if (!str_eq(key, STR("ECS_ENABLE_TASK_CPU_MEM_LIMIT")))
		return true;
	if (!unquote(word, sizeof(word), value))
		return false;
	c->no_task_limit = is_false(word);
	return true;
}

static void read_line(struct ecs_config *c, struct str line)
{
	struct str key;
	const char *eq;

	line = trim(line);
	if (!line.n || line.p[0] == '#')
		return;
	if (str_starts(line, STR("export ")) || str_starts(line, STR("export\t")))
		line = trim(str_skip(line, 7));
	eq = memchr(line.p, '=', line.n);
	if (!eq || has_nul(line)) {
		c->unread++;
		return;
	}
	key = trim(str_n(line.p, (size_t)(eq - line.p)));
	if (!set(c, key, trim(str_skip(line, (size_t)(eq - line.p) + 1))))
		c->unread++;
}

void ecs_config_parse(struct ecs_config *c, struct str text)
{
	c->cluster[0] = c->data_dir[0] = c->docker_host[0] = c->instance_tags[0] = 0;
	c->no_task_limit = false;
	c->unread = 0;
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		read_line(c, str_n(text.p, n));
		text = str_skip(text, n + (end != NULL));
	}
}

static bool same(const struct ecs_config *c, const struct stat *st)
{
	return c->mtime.tv_sec == st->st_mtim.tv_sec && c->mtime.tv_nsec == st->st_mtim.tv_nsec && c->size == st->st_size &&
	       c->ino == st->st_ino;
}

bool ecs_config_read(struct ecs_config *c, const char *path)
{
	struct buf text = {.max = ECS_CONFIG_BYTES_MAX};
	struct stat st;
	int r;

	if (stat(path, &st) < 0) {
		bool gone = errno == ENOENT && c->there;

		r = errno;
		if (gone)
			*c = (struct ecs_config){};
		c->error = r == ENOENT ? 0 : r;
		return gone;
	}
	if (same(c, &st) && !c->error)
		return false;
	r = S_ISREG(st.st_mode) ? fs_read(&text, path, ECS_CONFIG_BYTES_MAX) : -EINVAL;
	c->error = -r;
	c->mtime = st.st_mtim;
	c->size = st.st_size;
	c->ino = st.st_ino;
	if (r == 0) {
		ecs_config_parse(c, buf_view(&text));
		c->there = true;
		/* Secrets may stand in it: none of it stays in memory that is given back. */
		explicit_bzero(text.p, text.n);
	}
	buf_free(&text);
	return r == 0;
}
