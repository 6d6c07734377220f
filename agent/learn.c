/* SPDX-License-Identifier: Apache-2.0 */
#include "learn.h"
#include "enrich/container.h"
#include "enrich/process.h"
#include "version.h"
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

static void ask_hash(struct learn *l, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits)
{
	struct hash_answer a;
	struct files_exe exe;
	uint64_t id;

	if (!l->hashes || !f->process)
		return;
	exe = exe_of(ev);
	id = waits ? hashes_ask(l->hashes, &exe, &a) : hashes_known(l->hashes, &exe, &a);
	if (id)
		waits[FOLD_SHA256] = id;
	else
		set_hash(&a, f);
}

static void ask_container(struct learn *l, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits)
{
	struct workload_row *row = ev->container ? ev->container->who : NULL;
	uint64_t ticket;

	if (!row)
		return;
	ticket = attribution_wait(l->attribution, row);
	finding_say_container(f, row);
	if (ticket && waits)
		waits[FOLD_WORKLOAD] = ticket;
	else if (ticket)
		finding_say_untold(f, "it was asked for, but more findings wait for answers than can be kept");
}

static void on_new(void *ctx, const struct event *ev, Noroshi__V1__Finding *f, uint64_t *waits)
{
	struct learn *l = ctx;

	if (!ev->rec)
		return;
	ask_hash(l, ev, f, waits);
	ask_container(l, ev, f, waits);
}

static void on_hash(void *ctx, uint64_t id, const struct hash_answer *a)
{
	struct learn *l = ctx;

	fold_fill(l->fold, FOLD_SHA256, id, set_hash, (void *)a);
	l->filled(l->ctx);
}

static void set_container(void *ctx, Noroshi__V1__Finding *f)
{
	finding_say_container(f, ctx);
}

static void on_container(void *ctx, struct workload_row *row)
{
	struct learn *l = ctx;

	if (l->excluded(l->ctx, row))
		fold_forget(l->fold, FOLD_WORKLOAD, row->ticket);
	fold_fill(l->fold, FOLD_WORKLOAD, row->ticket, set_container, row);
	l->decided(l->ctx, row);
	l->filled(l->ctx);
}

int learn_start(struct learn *l, const struct learn_options *o)
{
	if (o->hash)
		l->hashes = hashes_new(o->loop, o->files, o->hash_bytes, on_hash, l);
	l->attribution = attribution_new(&(struct attribution_options){
		.loop = o->loop, .workloads = o->workloads, .places = o->places, .user_agent = "noroshi/" NOROSHI_VERSION,
		.done = on_container, .ctx = l,
	});
	if ((o->hash && !l->hashes) || !l->attribution)
		return -ENOMEM;
	fold_ask(l->fold, on_new, l);
	return 0;
}

void learn_wake(struct learn *l)
{
	if (l->attribution)
		attribution_wake(l->attribution);
}

void learn_stop(struct learn *l)
{
	hashes_stop(l->hashes);
	attribution_stop(l->attribution);
	if (l->fold)
		fold_release(l->fold, UINT64_MAX);
}

void learn_close(struct learn *l)
{
	l->attribution = attribution_free(l->attribution);
}

void learn_free(struct learn *l)
{
	l->hashes = hashes_free(l->hashes);
}

json_t *learn_json(const struct learn *l)
{
	return l->hashes ? hashes_json(l->hashes) : json_null();
}

void learn_probe(const struct learn *l)
{
	if (l->attribution)
		attribution_probe(l->attribution);
}

json_t *learn_attribution_json(const struct learn *l)
{
	return l->attribution ? attribution_json(l->attribution) : json_null();
}
