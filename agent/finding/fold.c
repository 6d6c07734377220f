/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/fold.h"
#include "finding/fold_key.h"
#include "util/clock.h"
#include "util/limits.h"
#include "util/siphash.h"
#include <sys/random.h>

#define SLOTS (2 * FOLD_MAX)	/* at most half full: probes stay short */
#define NONE UINT32_MAX
#define SWAP(a, b) ({ __typeof__(a) tmp_ = (a); (a) = (b); (b) = tmp_; })

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are found by a mask");

/* A finding that may have another revision. It is kept packed: a tenth of its size in memory. */
struct body {
	uint8_t *packed;	/* as of revision 1, but for what was learned since */
	uint32_t npacked, count;
	uint64_t last;		/* wall clock, ns */
	uint32_t revision;	/* the last one that went out, 0 while the first is held */
};

/* An open window. */
struct window {
	uint64_t key[2];
	uint64_t end;		/* wall clock, ns */
	struct body body;
	uint32_t row;		/* its row + 1, 0: nothing more is to be learned */
	uint32_t prev, next;	/* by end; next alone in the free list */
};

/* A finding that something is still to be learned about. */
struct row {
	uint64_t waits[FOLD_THINGS];	/* by whom each will be told, 0: by nobody any more */
	uint64_t due;		/* boot clock, ns: so long revision 1 is held */
	bool used, held;
	uint32_t window;	/* that has its body, NONE: it has its own */
	struct body body;
	uint32_t next;		/* in the free list */
};

struct fold {
	fold_emit_fn emit;
	void *ctx;
	uint64_t window;	/* ns, 0: no folding */
	uint64_t secret[2];
	uint32_t sequence;
	size_t bytes;		/* of all packed findings */
	fold_ask_fn ask;	/* NULL: nothing is learned later */
	void *ask_ctx;
	uint32_t row_unused, row_fresh, held;
	uint32_t first, last;	/* the window that ends first, and last */
	uint32_t unused, fresh;	/* free list; windows never used begin at fresh, so that their pages stay untouched */
	struct fold_stats stats;
	uint32_t slots[SLOTS];	/* index of a window + 1, 0 = empty */
	struct window windows[FOLD_MAX];
	struct row rows[FOLD_WAITING_MAX];
};

struct fold *fold_new(unsigned int window_ms, fold_emit_fn emit, void *ctx)
{
	struct fold *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->emit = emit;
	f->ctx = ctx;
	f->window = window_ms * NSEC_PER_MSEC;
	f->first = f->last = f->unused = f->row_unused = NONE;
	/* Without a secret an attacker could have a finding folded into a harmless one. */
	if (getrandom(f->secret, sizeof(f->secret), 0) != sizeof(f->secret)) {
		free(f);
		return NULL;
	}
	return f;
}

void fold_ask(struct fold *f, fold_ask_fn ask, void *ctx)
{
	f->ask = ask;
	f->ask_ctx = ctx;
}

struct fold *fold_free(struct fold *f)
{
	if (!f)
		return NULL;
	for (uint32_t i = 0; i < f->fresh; i++)
		free(f->windows[i].body.packed);
	for (uint32_t i = 0; i < f->row_fresh; i++)
		free(f->rows[i].body.packed);
	free(f);
	return NULL;
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

/* The first revision is the finding as it was made, a later one has the count and the end of now. False without memory. */
static bool complete(struct body *b, Noroshi__V1__Finding *finding)
{
	char text[CLOCK_TEXT_MAX], *last_seen;

	finding->revision = ++b->revision;
	if (b->revision == 1 || b->count == finding->count)
		return true;
	last_seen = strdup(clock_rfc3339(text, b->last));
	if (!last_seen)
		return false;
	if (finding->last_seen != protobuf_c_empty_string)
		free(finding->last_seen);
	finding->last_seen = last_seen;
	finding->count = b->count;
	return true;
}

/* Takes the finding, which may be NULL. */
static void emit_next(struct fold *f, struct body *b, Noroshi__V1__Finding *finding)
{
	if (!finding || !complete(b, finding)) {
		finding_free(finding);
		f->stats.failed++;
		return;
	}
	*(b->revision == 1 ? &f->stats.findings : &f->stats.revisions) += 1;
	emit(f, finding);
}

static Noroshi__V1__Finding *unpack(const struct body *b)
{
	return noroshi__v1__finding__unpack(NULL, b->npacked, b->packed);
}

static void emit_revision(struct fold *f, struct body *b)
{
	emit_next(f, b, unpack(b));
}

/* The body becomes this finding. False when there is no room: it stays what it was. */
static bool pack(struct fold *f, struct body *b, const Noroshi__V1__Finding *finding)
{
	size_t n = noroshi__v1__finding__get_packed_size(finding);
	uint8_t *packed = n <= FOLD_BYTES_MAX - f->bytes ? malloc(n) : NULL;

	if (!packed)
		return false;
	noroshi__v1__finding__pack(finding, packed);
	f->bytes += n - b->npacked;
	free(b->packed);
	b->packed = packed;
	b->npacked = (uint32_t)n;
	return true;
}

static void drop(struct fold *f, struct body *b)
{
	f->bytes -= b->npacked;
	free(take(b->packed));
	b->npacked = 0;
}

/* Its first revision goes out as it is; what is learned later makes another. */
static void let_go(struct fold *f, struct row *r, struct body *b)
{
	if (!r->held)
		return;
	r->held = false;
	f->held--;
	emit_revision(f, b);
}

/* The window is no more, and the finding waits on. */
static void outlive(struct fold *f, struct row *r, const struct body *b)
{
	r->window = NONE;
	r->body = *b;
	let_go(f, r, &r->body);
	if (r->body.count > 1)
		emit_revision(f, &r->body);
}

static struct window take_window(struct fold *f, uint32_t i)
{
	struct window w = f->windows[i];

	clear_slot(f, find_slot(f, w.key));
	list_remove(f, &f->windows[i]);
	f->windows[i].body.packed = NULL;
	f->windows[i].next = f->unused;
	f->unused = i;
	f->stats.open--;
	return w;
}

/* Leaves the table before it emits: the receiver of the finding may come back with another. */
static void close_window(struct fold *f, uint32_t i)
{
	struct window w = take_window(f, i);

	if (w.row) {
		outlive(f, &f->rows[w.row - 1], &w.body);
		return;
	}
	f->bytes -= w.body.npacked;
	if (w.body.count > 1)
		emit_revision(f, &w.body);
	free(w.body.packed);
}

/* Of a finding that goes out now. The window's place, NONE when there is no room. */
static uint32_t open_window(struct fold *f, const uint64_t key[2], uint64_t time, const Noroshi__V1__Finding *finding)
{
	struct body body = {.count = 1, .revision = 1, .last = time};
	struct window *w;
	uint32_t i;

	if (f->stats.open == FOLD_MAX || !pack(f, &body, finding)) {
		f->stats.unfolded++;
		return NONE;
	}
	i = f->unused != NONE ? f->unused : f->fresh++;
	w = &f->windows[i];
	if (i == f->unused)
		f->unused = w->next;
	*w = (struct window){.key = {key[0], key[1]}, .end = time + f->window, .body = body};
	f->slots[find_slot(f, key)] = i + 1;
	list_insert(f, i);
	f->stats.open++;
	return i;
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
	if (w->body.count < UINT32_MAX)
		w->body.count++;
	if (time > w->body.last)
		w->body.last = time;
	f->stats.repeats++;
	return true;
}

/* learning */

static bool waits_for_any(const uint64_t waits[FOLD_THINGS])
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < FOLD_THINGS; i++)
		any |= waits[i];
	return any;
}

/* Asks for what is not known yet. False when it cannot be waited for, or need not. */
static bool ask(struct fold *f, const struct event *ev, Noroshi__V1__Finding *finding, uint64_t waits[FOLD_THINGS])
{
	bool room = f->row_unused != NONE || f->row_fresh < FOLD_WAITING_MAX;

	if (!f->ask)
		return false;
	f->ask(f->ask_ctx, ev, finding, room ? waits : NULL);
	return waits_for_any(waits);
}

/* The finding goes out when all is known, or a moment later without. False when there is no room to keep it. */
static bool hold(struct fold *f, uint32_t window, uint64_t time, const Noroshi__V1__Finding *finding,
		 const uint64_t waits[FOLD_THINGS])
{
	struct body body = {.count = 1, .last = time};
	struct row *r;
	uint32_t i;

	if (window == NONE && !pack(f, &body, finding))
		return false;
	i = f->row_unused != NONE ? f->row_unused : f->row_fresh++;
	r = &f->rows[i];
	if (i == f->row_unused)
		f->row_unused = r->next;
	*r = (struct row){.used = true, .held = true, .window = window, .body = body,
			  .due = clock_boot_ns() + FOLD_HOLD_MS * NSEC_PER_MSEC};
	memcpy(r->waits, waits, sizeof(r->waits));
	if (window != NONE) {
		f->windows[window].row = i + 1;
		f->windows[window].body.revision = 0;
	}
	f->held++;
	f->stats.waiting++;
	return true;
}

static struct body *body_of(struct fold *f, struct row *r)
{
	return r->window == NONE ? &r->body : &f->windows[r->window].body;
}

static void end_row(struct fold *f, struct row *r)
{
	if (r->window == NONE)
		drop(f, &r->body);
	else
		f->windows[r->window].row = 0;
	r->used = false;
	r->next = f->row_unused;
	f->row_unused = (uint32_t)(r - f->rows);
	f->stats.waiting--;
}

/* What else is waited for comes with a revision of its own, unless the first is still held. */
static void fill_row(struct fold *f, struct row *r, fold_fill_fn fill, void *ctx)
{
	struct body *b = body_of(f, r);
	Noroshi__V1__Finding *finding = unpack(b);
	struct body last;

	if (finding) {
		fill(ctx, finding);
		pack(f, b, finding);	/* without room the next revision has to do without it */
	}
	if (waits_for_any(r->waits) && r->held) {
		finding_free(finding);
		return;
	}
	f->held -= r->held;
	r->held = false;
	last = *b;
	b->revision++;
	if (!waits_for_any(r->waits))
		end_row(f, r);
	emit_next(f, &last, finding);	/* at last: who takes it may come back with another */
}

void fold_fill(struct fold *f, enum fold_thing thing, uint64_t id, fold_fill_fn fill, void *ctx)
{
	for (uint32_t i = 0; id && f->stats.waiting && i < f->row_fresh; i++) {
		struct row *r = &f->rows[i];

		if (!r->used || r->waits[thing] != id)
			continue;
		r->waits[thing] = 0;
		fill_row(f, r, fill, ctx);
	}
}

static void forget_row(struct fold *f, struct row *r)
{
	struct body b = {};

	if (r->window != NONE)
		b = take_window(f, r->window).body;
	else
		SWAP(b, r->body);
	r->window = NONE;
	r->held = false;
	f->held--;
	f->stats.forgotten++;
	drop(f, &b);
	end_row(f, r);
}

void fold_forget(struct fold *f, enum fold_thing thing, uint64_t id)
{
	for (uint32_t i = 0; id && f->held && i < f->row_fresh; i++) {
		struct row *r = &f->rows[i];

		if (r->used && r->held && r->waits[thing] == id)
			forget_row(f, r);
	}
}

uint64_t fold_release(struct fold *f, uint64_t now)
{
	uint64_t next = 0;

	for (uint32_t i = 0; f->held && i < f->row_fresh; i++) {
		struct row *r = &f->rows[i];

		if (!r->used || !r->held)
			continue;
		if (r->due <= now)
			let_go(f, r, body_of(f, r));
		else if (!next || r->due < next)
			next = r->due;
	}
	return next;
}

void fold_match(struct fold *f, const struct finding_context *c, const struct event *ev, const struct match *m)
{
	uint64_t key[2] = {}, waits[FOLD_THINGS] = {};
	Noroshi__V1__Finding *finding;
	uint32_t window = NONE;
	bool wait;

	if (f->window) {
		fold_key(f->secret, ev, m, key);
		if (count_repeat(f, key, ev->time))
			return;
	}
	finding = finding_new(c, ev, m);
	wait = finding && ask(f, ev, finding, waits);
	if (finding && f->window)
		window = open_window(f, key, ev->time, finding);
	if (wait && hold(f, window, ev->time, finding, waits))
		finding_free(finding);
	else
		fold_pass(f, finding);
}

/* The window's finding becomes this one, but for what makes it the same finding. */
static void replace_packed(struct fold *f, struct window *w, Noroshi__V1__Finding *finding)
{
	Noroshi__V1__Finding *first = unpack(&w->body);

	if (!first) {
		f->stats.failed++;
		return;
	}
	SWAP(finding->id, first->id);
	SWAP(finding->time, first->time);
	pack(f, &w->body, finding);
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
