/* SPDX-License-Identifier: Apache-2.0 */
#include "own.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/json_text.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define EXE "/proc/self/exe"

/* ---- the program ---- */

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* "" when it cannot be read. */
static void hash(char dst[SHA256_HEX], const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	static char part[64 << 10];
	struct sha256 s;
	struct stat st;
	ssize_t n = 0;

	dst[0] = 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	sha256_init(&s);
	while ((n = read(fd, part, sizeof(part))) > 0)
		sha256_add(&s, str_n(part, (size_t)n));
	if (!n)
		sha256_hex(&s, dst);
}

/* Whether the file is to be looked into: it is not as it was then. What is not there always is. */
static bool touched(struct own_file *f, const char *path)
{
	struct stat now = {};
	bool there = stat(path, &now) == 0;

	if (there && same(&now, &f->was))
		return false;
	f->was = now;
	return true;
}

/* The running program stays readable by its process, whatever becomes of its name. */
static void look_at_program(struct own *o)
{
	if (!o->exe[0] || !touched(&o->program, o->exe))
		return;
	if (!o->running[0])
		hash(o->running, EXE);
	hash(o->disk, o->exe);
	o->program.other = strcmp(o->running, o->disk);
}

/* ---- what it was told ---- */

static bool says(const char *path, struct str text)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	bool yes = fs_read(&b, path, RULE_FILE_BYTES_MAX) == 0 && str_eq(buf_view(&b), text);

	buf_free(&b);
	return yes;
}

static void name_changed(json_t *changed, const char *path)
{
	if (json_array_size(changed) < OWN_CHANGED_MAX)
		json_array_append_new(changed, json_text(str(path)));
}

static void look_at_config(struct own *o, json_t *changed)
{
	const char *path = o->config->path;
	char digest[SHA256_HEX];

	if (path && touched(&o->config_file, path)) {
		hash(digest, path);
		o->config_file.other = strcmp(digest, o->config->digest);
	}
	if (o->config_file.other)
		name_changed(changed, path);
}

static void look_at_rules(struct own *o, json_t *changed)
{
	const struct rule_files *rules = o->rules;

	if (!o->rule_files)
		o->rule_files = calloc(rules->n + 1, sizeof(*o->rule_files));
	for (size_t i = 0; o->rule_files && i < rules->n; i++) {
		struct own_file *f = &o->rule_files[i];

		if (touched(f, rules->v[i].name.p))
			f->other = !says(rules->v[i].name.p, rules->v[i].text);
		if (f->other)
			name_changed(changed, rules->v[i].name.p);
	}
}

void own_reloaded(struct own *o)
{
	free(o->rule_files);
	o->rule_files = NULL;
}

/* ---- its time ---- */

static uint64_t now_ms(void)
{
	return uv_hrtime() / NSEC_PER_MSEC;	/* stands still while the machine is suspended */
}

static void on_timer(uv_timer_t *t)
{
	struct own *o = t->data;
	uint64_t now = now_ms();

	if (now > o->due + OWN_PAUSE_MS) {
		o->pauses++;
		o->pause_ms = now - o->due;
		o->paused_at = clock_wall_ns();
	}
	o->due = now + OWN_LOOK_MS;
}

void own_init(struct own *o, const struct config *config, const struct rule_files *rules)
{
	ssize_t n;

	*o = (struct own){.config = config, .rules = rules};
	n = readlink(EXE, o->exe, sizeof(o->exe) - 1);
	if (n > 0 && stat(o->exe, &o->program.was) == 0)
		o->exe[n] = 0;
	else
		o->exe[0] = 0;
}

void own_start(struct own *o, uv_loop_t *loop)
{
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	o->due = now_ms() + OWN_LOOK_MS;
	o->begun = true;
	uv_timer_start(&o->timer, on_timer, OWN_LOOK_MS, OWN_LOOK_MS);
}

void own_stop(struct own *o)
{
	if (o->begun)
		uv_timer_stop(&o->timer);
	o->begun = false;
}

json_t *own_json(struct own *o)
{
	json_t *changed = json_array();

	look_at_program(o);
	look_at_config(o, changed);
	look_at_rules(o, changed);
	return json_pack("{s:{s:o, s:b, s:s, s:s}, s:o, s:I, s:I, s:I}", "program", "path", json_text(str(o->exe)), "other", o->program.other,
			 "running", o->running, "disk", o->disk, "changed", changed, "pauses", (json_int_t)o->pauses,
			 "pauseMs", (json_int_t)o->pause_ms, "pausedAt", (json_int_t)o->paused_at);
}
