/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_state.h"
#include "event/scap_record.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include <stdlib.h>

void scap_state_init(struct scap_state *s)
{
	memset(s, 0, sizeof(*s));
	TAILQ_INIT(&s->ages);
}

void scap_state_clear(struct scap_state *s)
{
	struct scap_thread *t;

	while ((t = TAILQ_FIRST(&s->ages)))
		scap_thread_remove(s, t);
	for (size_t i = 0; i < s->nusers; i++)
		free(s->users[i].name);	/* the three texts are one block */
	for (size_t i = 0; i < s->ngroups; i++)
		free(s->groups[i].name);
	free(take(s->users));
	free(take(s->groups));
	free(take(s->interfaces));
	s->nusers = s->ngroups = s->ninterfaces = 0;
}

/* ---- texts ---- */

/* One event's or row's texts fit into what this leaves. */
void scap_state_trim(struct scap_state *s)
{
	while (s->text_bytes > SCAP_TEXT_BYTES_MAX - SCAP_TEXT_BYTES_MAX / 8 && !TAILQ_EMPTY(&s->ages)) {
		scap_thread_remove(s, TAILQ_FIRST(&s->ages));
		s->evicted++;
	}
}

bool scap_state_charge(struct scap_state *s, size_t n)
{
	if (n > SCAP_TEXT_BYTES_MAX || s->text_bytes + n > SCAP_TEXT_BYTES_MAX) {
		s->refused++;
		return false;
	}
	s->text_bytes += n;
	return true;
}

void scap_state_refund(struct scap_state *s, size_t n)
{
	s->text_bytes -= n;
}

struct scap_text *scap_text_new(struct scap_state *s, struct str text)
{
	struct scap_text *t;

	if (!scap_state_charge(s, sizeof(*t) + text.n + 1))
		return NULL;
	t = malloc(sizeof(*t) + text.n + 1);
	if (!t) {
		scap_state_refund(s, sizeof(*t) + text.n + 1);
		return NULL;
	}
	t->refs = 1;
	t->n = (uint32_t)text.n;
	if (text.n)
		memcpy(t->p, text.p, text.n);
	t->p[text.n] = '\0';
	return t;
}

struct scap_text *scap_text_ref(struct scap_text *t)
{
	if (t)
		t->refs++;
	return t;
}

struct scap_text *scap_text_unref(struct scap_state *s, struct scap_text *t)
{
	if (t && !--t->refs) {
		scap_state_refund(s, sizeof(*t) + t->n + 1);
		free(t);
	}
	return NULL;
}

void scap_text_set(struct scap_state *s, struct scap_text **t, struct str text)
{
	struct scap_text *new = scap_text_new(s, text);

	scap_text_unref(s, *t);
	*t = new;
}

/* ---- threads ---- */

static struct scap_thread **bucket(struct scap_state *s, int64_t tid)
{
	return &s->buckets[((uint64_t)tid * 0x9e3779b97f4a7c15u) >> 52];
}

struct scap_thread *scap_thread_find(const struct scap_state *s, int64_t tid)
{
	struct scap_thread *t = *bucket((struct scap_state *)s, tid);

	while (t && t->tid != tid)
		t = t->next;
	return t;
}

struct scap_thread *scap_thread_get(struct scap_state *s, int64_t tid)
{
	struct scap_thread *t = scap_thread_find(s, tid), **b;

	if (t)
		return t;
	if (s->nthreads >= SCAP_THREADS_MAX) {	/* the oldest; a caller's own was active just now */
		scap_thread_remove(s, TAILQ_FIRST(&s->ages));
		s->evicted++;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->tid = tid;
	t->pid = t->ptid = t->vtid = t->vpid = t->sid = t->pgid = t->vpgid = t->last_fd = -1;
	t->uid = t->gid = t->login_uid = UINT32_MAX;
	b = bucket(s, tid);
	t->next = *b;
	*b = t;
	TAILQ_INSERT_TAIL(&s->ages, t, age);
	s->nthreads++;
	return t;
}

void scap_thread_touch(struct scap_state *s, struct scap_thread *t)
{
	TAILQ_REMOVE(&s->ages, t, age);
	TAILQ_INSERT_TAIL(&s->ages, t, age);
}

void scap_thread_join(struct scap_state *s, struct scap_thread *t)
{
	struct scap_thread *m = scap_thread_main(s, t);

	if (m)
		m->nthreads++;
}

void scap_thread_remove(struct scap_state *s, struct scap_thread *t)
{
	struct scap_text **const texts[] = {&t->comm, &t->exe, &t->exepath, &t->args, &t->env, &t->cwd, &t->cgroups};
	struct scap_thread **b = bucket(s, t->tid), *m = scap_thread_main(s, t);

	if (m && m != t && m->nthreads && !t->ended)
		m->nthreads--;
	while (*b != t)
		b = &(*b)->next;
	*b = t->next;
	TAILQ_REMOVE(&s->ages, t, age);
	s->nthreads--;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		scap_text_unref(s, *texts[i]);
	scap_fds_clear(s, &t->fds);
	scap_enter_free(s, t->enter);
	free(t);
}

struct scap_thread *scap_thread_main(const struct scap_state *s, struct scap_thread *t)
{
	return t->pid == t->tid ? t : scap_thread_find(s, t->pid);
}

struct scap_thread *scap_thread_ancestor(const struct scap_state *s, struct scap_thread *t, unsigned int n)
{
	t = scap_thread_main(s, t);
	while (t && n--) {
		t = scap_thread_find(s, t->ptid);
		t = t ? scap_thread_main(s, t) : NULL;
	}
	return t;
}

struct scap_fds *scap_thread_fds(const struct scap_state *s, struct scap_thread *t)
{
	if (t->flags & SCAP_CLONE_FILES && t->pid != t->tid)
		t = scap_thread_main(s, t);
	return t ? &t->fds : NULL;
}

/* ---- descriptors ---- */

#define FDS_MIN 16

static struct scap_fd *fd_unref(struct scap_state *s, struct scap_fd *fd)
{
	if (fd && !--fd->refs) {
		scap_text_unref(s, fd->name);
		scap_text_unref(s, fd->raw);
		free(fd);
	}
	return NULL;
}

static size_t home(const struct scap_fds *f, int64_t num)
{
	return (size_t)(((uint64_t)num * 0x9e3779b97f4a7c15u) >> 32) & f->mask;
}

static struct scap_fd_slot *slot(const struct scap_fds *f, int64_t num)
{
	size_t at = home(f, num);

	while (f->v[at].fd && f->v[at].num != num)
		at = (at + 1) & f->mask;
	return &f->v[at];
}

static bool grow(struct scap_fds *f)
{
	struct scap_fds old = *f;
	size_t size = old.v ? 2 * (old.mask + 1) : FDS_MIN;
	struct scap_fd_slot *v;

	if (old.v && 2 * (old.n + 1) <= old.mask + 1)
		return true;
	v = calloc(size, sizeof(*v));
	if (!v)
		return false;
	f->v = v;
	f->mask = size - 1;
	for (size_t i = 0; old.v && i <= old.mask; i++) {
		if (old.v[i].fd)
			*slot(f, old.v[i].num) = old.v[i];
	}
	free(old.v);
	return true;
}

struct scap_fd *scap_fd_find(const struct scap_fds *f, int64_t num)
{
	return f && f->v ? slot(f, num)->fd : NULL;
}

/* Takes the reference. */
static struct scap_fd *put(struct scap_state *s, struct scap_fds *f, int64_t num, struct scap_fd *fd)
{
	struct scap_fd_slot *at;

	if (!fd || s->nfds >= SCAP_FDS_MAX || !grow(f)) {
		s->refused++;
		return fd_unref(s, fd);
	}
	at = slot(f, num);
	if (at->fd) {
		fd_unref(s, at->fd);
	} else {
		f->n++;
		s->nfds++;
	}
	*at = (struct scap_fd_slot){num, fd};
	return fd;
}

struct scap_fd *scap_fd_add(struct scap_state *s, struct scap_fds *f, int64_t num)
{
	struct scap_fd *fd = calloc(1, sizeof(*fd));

	if (fd)
		fd->refs = 1;
	return put(s, f, num, fd);
}

void scap_fd_share(struct scap_state *s, struct scap_fds *f, int64_t num, struct scap_fd *of)
{
	of->refs++;
	put(s, f, num, of);
}

struct scap_fd *scap_fd_edit(struct scap_state *s, struct scap_fds *f, int64_t num)
{
	struct scap_fd_slot *at = f && f->v ? slot(f, num) : NULL;
	struct scap_fd *copy;

	if (!at || !at->fd || at->fd->refs == 1)
		return at ? at->fd : NULL;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *at->fd;
	copy->refs = 1;
	scap_text_ref(copy->name);
	scap_text_ref(copy->raw);
	fd_unref(s, at->fd);
	return at->fd = copy;
}

void scap_fd_remove(struct scap_state *s, struct scap_fds *f, int64_t num)
{
	struct scap_fd_slot *at = f && f->v ? slot(f, num) : NULL;
	size_t hole, i;

	if (!at || !at->fd)
		return;
	at->fd = fd_unref(s, at->fd);
	f->n--;
	s->nfds--;
	hole = i = (size_t)(at - f->v);
	while (f->v[i = (i + 1) & f->mask].fd) {	/* what was pushed past the hole moves into it */
		if (((i - home(f, f->v[i].num)) & f->mask) < ((i - hole) & f->mask))
			continue;
		f->v[hole] = f->v[i];
		f->v[i].fd = NULL;
		hole = i;
	}
}

void scap_fds_copy(struct scap_state *s, struct scap_fds *to, const struct scap_fds *from)
{
	for (size_t i = 0; from->v && i <= from->mask; i++) {
		if (from->v[i].fd)
			scap_fd_share(s, to, from->v[i].num, from->v[i].fd);
	}
}

void scap_fds_clear(struct scap_state *s, struct scap_fds *f)
{
	for (size_t i = 0; f->v && i <= f->mask; i++)
		fd_unref(s, f->v[i].fd);
	s->nfds -= f->n;
	free(f->v);
	*f = (struct scap_fds){};
}
