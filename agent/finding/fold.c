/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/fold.h"
#include "enrich/container.h"
#include "enrich/process.h"
#include "event/dns.h"
#include "finding/build.h"
#include "finding/target.h"
#include "util/clock.h"
#include "util/siphash.h"
#include <sys/random.h>

#define SLOTS (2 * FOLD_MAX)	/* at most half full: probes stay short */
#define NONE UINT32_MAX
#define SWAP(a, b) ({ __typeof__(a) tmp_ = (a); (a) = (b); (b) = tmp_; })

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are found by a mask");

/* An open window. Its finding is kept packed: a tenth of its size in memory. */
struct window {
	uint64_t key[2];
	uint64_t end, last;	/* wall clock, ns */
	uint8_t *packed;	/* revision 1 */
	uint32_t npacked, count;
	uint32_t prev, next;	/* by end; next alone in the free list */
};

struct fold {
	fold_emit_fn emit;
	void *ctx;
	uint64_t window;	/* ns, 0: no folding */
	uint64_t secret[2];
	uint32_t sequence;
	size_t bytes;		/* of all packed findings */
	uint32_t first, last;	/* the window that ends first, and last */
	uint32_t unused, fresh;	/* free list; windows never used begin at fresh, so that their pages stay untouched */
	struct fold_stats stats;
	uint32_t slots[SLOTS];	/* index of a window + 1, 0 = empty */
	struct window windows[FOLD_MAX];
};

struct fold *fold_new(unsigned int window_ms, fold_emit_fn emit, void *ctx)
{
	struct fold *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->emit = emit;
	f->ctx = ctx;
	f->window = window_ms * NSEC_PER_MSEC;
	f->first = f->last = f->unused = NONE;
	/* Without a secret an attacker could have a finding folded into a harmless one. */
	if (getrandom(f->secret, sizeof(f->secret), 0) != sizeof(f->secret)) {
		free(f);
		return NULL;
	}
	return f;
}

struct fold *fold_free(struct fold *f)
{
	if (!f)
		return NULL;
	for (uint32_t i = 0; i < f->fresh; i++)
		free(f->windows[i].packed);
	free(f);
	return NULL;
}

static void add_addr(struct siphash *h, const struct wire_addr *a, bool port)
{
	siphash_add(h, &a->family, sizeof(a->family));
	siphash_add(h, a->ip, sizeof(a->ip));
	if (port)
		siphash_add(h, &a->port, sizeof(a->port));
}

/*
 * The other end; where there is none, this end. Of an accepted connection the peer's port is chance and ours the
 * service: a scan of one service is one finding per peer.
 */
static void add_socket(struct siphash *h, const struct event *ev, const struct target_socket *s)
{
	bool accepted = ev->rec->hdr.type == EVENT_ACCEPT;

	siphash_add(h, &s->family, sizeof(s->family));
	siphash_text(h, s->path);
	if (s->peer.family)
		add_addr(h, &s->peer, !accepted);
	if (s->local.family && (accepted || !s->peer.family))
		add_addr(h, &s->local, true);
}

static void key_of_record(struct siphash *h, const struct event *ev)
{
	const union event_record *r = ev->rec;
	struct target_socket socket;
	struct target_file file;
	const struct image *i = ev->process ? process_image(ev->process, r->hdr.exec_id) : NULL;

	siphash_text(h, str(ev->container ? ev->container->id : ""));
	siphash_text(h, str(ev->container ? ev->container->task_id : ""));
	siphash_text(h, i ? i->exepath : STR_NONE);
	siphash_text(h, i ? i->script : STR_NONE);
	siphash_add(h, &r->hdr.type, sizeof(r->hdr.type));
	if (r->hdr.type == EVENT_DNS) {
		siphash_text(h, ev->dns ? ev->dns->qname : STR_NONE);
	} else if (target_file(ev, &file)) {
		siphash_text(h, file.path);
		siphash_text(h, file.other);
	} else if (target_socket(ev, &socket)) {
		add_socket(h, ev, &socket);
	} else if (r->hdr.type == EVENT_EXEC) {
		siphash_text(h, event_blob(ev, r->exec.exe));
		siphash_text(h, r->exec.hdr.res < 0 ? event_blob(ev, r->exec.filename) : STR_NONE);
	}
}

static void key_of_json(struct siphash *h, const struct event *ev)
{
	static const enum build_field fields[] = {
		BUILD_CONTAINER_ID, BUILD_PROC_EXEPATH, BUILD_PROC_SCRIPT, BUILD_EVT_TYPE, BUILD_FD_NAME, BUILD_FD_RIP, BUILD_FD_RPORT,
		BUILD_FS_NAME, BUILD_FS_SOURCE, BUILD_FS_TARGET, BUILD_DNS_QNAME,
	};
	struct field_scratch scratch;
	struct build b = {.ev = ev, .scratch = &scratch};
	char buf[BUILD_VALUE_MAX];
	struct value v;

	scratch.used = scratch.cut = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		siphash_text(h, build_field(&b, fields[i], &v) ? build_value_text(&v, buf) : STR_NONE);
}

static void key_of(const struct fold *f, const struct event *ev, const struct match *m, uint64_t key[2])
{
	struct siphash h;

	siphash_begin(&h, f->secret);
	siphash_text(&h, str(m->engine->ops->name));
	siphash_text(&h, str(m->rule->name));
	if (ev->rec)
		key_of_record(&h, ev);
	else
		key_of_json(&h, ev);
	siphash_end(&h, key);
}

static uint32_t home(const struct window *w)
{
	return (uint32_t)w->key[0] & (SLOTS - 1);
}

/* The slot of that key, or the empty one where it belongs. */
static uint32_t find_slot(const struct fold *f, const uint64_t key[2])
{
	uint32_t i = (uint32_t)key[0] & (SLOTS - 1);

	while (f->slots[i]) {
		const struct window *w = &f->windows[f->slots[i] - 1];

		if (w->key[0] == key[0] && w->key[1] == key[1])
			break;
		i = (i + 1) & (SLOTS - 1);
	}
	return i;
}

/* Empties a slot and moves up what had to step past it, so that no search ends too early. */
static void clear_slot(struct fold *f, uint32_t hole)
{
	uint32_t i = hole;

	for (;;) {
		i = (i + 1) & (SLOTS - 1);
		if (!f->slots[i])
			break;
		uint32_t want = home(&f->windows[f->slots[i] - 1]);

		if (((i - want) & (SLOTS - 1)) >= ((i - hole) & (SLOTS - 1))) {
			f->slots[hole] = f->slots[i];
			hole = i;
		}
	}
	f->slots[hole] = 0;
}

/* Windows end in the order they began, but for events that the two rings delivered out of order: a short way from the end. */
static void list_insert(struct fold *f, uint32_t i)
{
	struct window *w = &f->windows[i];
	uint32_t before = f->last;

	while (before != NONE && f->windows[before].end > w->end)
		before = f->windows[before].prev;
	w->prev = before;
	w->next = before == NONE ? f->first : f->windows[before].next;
	*(w->prev == NONE ? &f->first : &f->windows[w->prev].next) = i;
	*(w->next == NONE ? &f->last : &f->windows[w->next].prev) = i;
}

static void list_remove(struct fold *f, struct window *w)
{
	*(w->prev == NONE ? &f->first : &f->windows[w->prev].next) = w->next;
	*(w->next == NONE ? &f->last : &f->windows[w->next].prev) = w->prev;
}

static void emit(struct fold *f, Noroshi__V1__Finding *finding)
{
	finding->sequence = ++f->sequence;
	f->emit(f->ctx, finding);
}

void fold_pass(struct fold *f, Noroshi__V1__Finding *finding)
{
	if (!finding) {
		f->stats.failed++;
		return;
	}
	f->stats.findings++;
	emit(f, finding);
}

/* The second revision is the first with another count and end. */
static void emit_revision(struct fold *f, const struct window *w)
{
	Noroshi__V1__Finding *finding = noroshi__v1__finding__unpack(NULL, w->npacked, w->packed);
	char text[CLOCK_TEXT_MAX], *last_seen = strdup(clock_rfc3339(text, w->last));

	if (!finding || !last_seen) {
		finding_free(finding);
		free(last_seen);
		f->stats.failed++;
		return;
	}
	if (finding->last_seen != protobuf_c_empty_string)
		free(finding->last_seen);
	finding->last_seen = last_seen;
	finding->revision++;
	finding->count = w->count;
	f->stats.revisions++;
	emit(f, finding);
}

/* Leaves the table before it emits: the receiver of the finding may come back with another. */
static void close_window(struct fold *f, uint32_t i)
{
	struct window w = f->windows[i];

	clear_slot(f, find_slot(f, w.key));
	list_remove(f, &f->windows[i]);
	f->windows[i].packed = NULL;
	f->windows[i].next = f->unused;
	f->unused = i;
	f->bytes -= w.npacked;
	f->stats.open--;
	if (w.count > 1)
		emit_revision(f, &w);
	free(w.packed);
}

static void open_window(struct fold *f, const uint64_t key[2], uint64_t time, const Noroshi__V1__Finding *finding)
{
	size_t n = noroshi__v1__finding__get_packed_size(finding);
	struct window *w;
	uint8_t *packed;
	uint32_t i;

	if (f->stats.open == FOLD_MAX || n > FOLD_BYTES_MAX - f->bytes) {
		f->stats.unfolded++;
		return;
	}
	packed = malloc(n);
	if (!packed) {
		f->stats.unfolded++;
		return;
	}
	noroshi__v1__finding__pack(finding, packed);
	i = f->unused != NONE ? f->unused : f->fresh++;
	w = &f->windows[i];
	if (i == f->unused)
		f->unused = w->next;
	*w = (struct window){.key = {key[0], key[1]}, .end = time + f->window, .last = time, .count = 1,
			     .packed = packed, .npacked = (uint32_t)n};
	f->slots[find_slot(f, key)] = i + 1;
	list_insert(f, i);
	f->bytes += n;
	f->stats.open++;
}

/* It would end long after it can: the clock was set back since it began. */
static bool from_the_future(const struct fold *f, const struct window *w, uint64_t now)
{
	return w->end > 2 * f->window && w->end - 2 * f->window > now;
}

/* True when the event belongs to an open window: then it is counted there. */
static bool count_repeat(struct fold *f, const uint64_t key[2], uint64_t time)
{
	uint32_t slot = f->slots[find_slot(f, key)];
	struct window *w;

	if (!slot)
		return false;
	w = &f->windows[slot - 1];
	if (time >= w->end || from_the_future(f, w, time)) {
		close_window(f, slot - 1);
		return false;
	}
	if (w->count < UINT32_MAX)
		w->count++;
	if (time > w->last)
		w->last = time;
	f->stats.repeats++;
	return true;
}

void fold_match(struct fold *f, const struct finding_context *c, const struct event *ev, const struct match *m)
{
	Noroshi__V1__Finding *finding;
	uint64_t key[2] = {};

	if (f->window) {
		key_of(f, ev, m, key);
		if (count_repeat(f, key, ev->time))
			return;
	}
	finding = finding_new(c, ev, m);
	if (finding && f->window)
		open_window(f, key, ev->time, finding);
	fold_pass(f, finding);
}

/* The window's finding becomes this one, but for what makes it the same finding. */
static void replace_packed(struct fold *f, struct window *w, Noroshi__V1__Finding *finding)
{
	Noroshi__V1__Finding *first = noroshi__v1__finding__unpack(NULL, w->npacked, w->packed);
	uint8_t *packed;
	size_t n;

	if (!first) {
		f->stats.failed++;
		return;
	}
	SWAP(finding->id, first->id);
	SWAP(finding->time, first->time);
	n = noroshi__v1__finding__get_packed_size(finding);
	packed = n <= FOLD_BYTES_MAX - f->bytes ? malloc(n) : NULL;
	if (packed) {
		noroshi__v1__finding__pack(finding, packed);
		f->bytes += n - w->npacked;
		free(w->packed);
		w->packed = packed;
		w->npacked = (uint32_t)n;
	}
	finding_free(first);
}

void fold_own(struct fold *f, Noroshi__V1__Finding *finding, uint64_t subject, uint64_t time)
{
	uint64_t key[2] = {};
	struct siphash h;

	if (finding && f->window) {
		siphash_begin(&h, f->secret);
		siphash_text(&h, str(finding->rule));
		siphash_add(&h, &subject, sizeof(subject));
		siphash_end(&h, key);
		if (count_repeat(f, key, time)) {
			replace_packed(f, &f->windows[f->slots[find_slot(f, key)] - 1], finding);
			finding_free(finding);
			return;
		}
		open_window(f, key, time, finding);
	}
	fold_pass(f, finding);
}

uint64_t fold_expire(struct fold *f, uint64_t now)
{
	while (f->first != NONE && f->windows[f->first].end <= now)
		close_window(f, f->first);
	while (f->last != NONE && from_the_future(f, &f->windows[f->last], now))
		close_window(f, f->last);
	return f->first == NONE ? 0 : f->windows[f->first].end;
}

void fold_stats(const struct fold *f, struct fold_stats *ret)
{
	*ret = f->stats;
}
