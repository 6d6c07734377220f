/* SPDX-License-Identifier: Apache-2.0 */
#include "learn.h"
#include "enrich/process.h"
#include <errno.h>
#include <string.h>

static void set_text(char **dst, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return;
	if (*dst != protobuf_c_empty_string)
		free(*dst);
	*dst = copy;
}

static void set_hash(void *ctx, Noroshi__V1__Finding *f)
{
	const struct hash_answer *a = ctx;
	const char *error = a->error ? strerrordesc_np(a->error) : NULL;
	char text[256];

	if (!f->process)
		return;
	if (a->why == HASH_KNOWN) {
		set_text(&f->process->sha256, a->hex);
		return;
	}
	snprintf(text, sizeof(text), "%s%s%s", hash_why_text(a->why), error ? ": " : "", error ? error : "");
	set_text(&f->process->sha256_missing, text);
}

static struct files_exe exe_of(const struct event *ev)
{
	const struct image *i = ev->process ? process_image(ev->process, ev->rec->hdr.exec_id) : NULL;

	if (!i)
		return (struct files_exe){};
	return (struct files_exe){
		.pid = ev->rec->hdr.tgid, .start = ev->rec->hdr.start, .ino = i->ino, .dev = i->dev, .ctime = i->ctime,
		.mtime = i->mtime, .nlink = i->nlink, .overlay = i->flags & (EXE_UPPER | EXE_LOWER),
	};
}

static void on_new(void *ctx, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits)
{
	struct learn *l = ctx;
	struct hash_answer a;
	struct files_exe exe;
	uint64_t id;

	if (!f->process || !ev->rec)
		return;
	exe = exe_of(ev);
	id = waits ? hashes_ask(l->hashes, &exe, &a) : hashes_known(l->hashes, &exe, &a);
	if (id)
		waits[FOLD_SHA256] = id;
	else
		set_hash(&a, f);
}

static void on_hash(void *ctx, uint64_t id, const struct hash_answer *a)
{
	struct learn *l = ctx;

	fold_fill(l->fold, FOLD_SHA256, id, set_hash, (void *)a);
	l->filled(l->ctx);
}

int learn_start(struct learn *l, uv_loop_t *loop, int files, uint64_t max_bytes)
{
	l->hashes = hashes_new(loop, files, max_bytes, on_hash, l);
	if (!l->hashes)
		return -ENOMEM;
	fold_ask(l->fold, on_new, l);
	return 0;
}

void learn_stop(struct learn *l)
{
	hashes_stop(l->hashes);
	if (l->fold)
		fold_release(l->fold, UINT64_MAX);
}

void learn_free(struct learn *l)
{
	l->hashes = hashes_free(l->hashes);
}

json_t *learn_json(const struct learn *l)
{
	return l->hashes ? hashes_json(l->hashes) : json_null();
}
