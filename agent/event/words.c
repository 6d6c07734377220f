/* SPDX-License-Identifier: Apache-2.0 */
#include "event/words.h"
#include "event/event.h"

struct word {
	const char *name;	/* NULL behind the last */
	uint64_t value;
};

#define N(flag, number) {#flag, number}
#define FLAGS(table, ...) static const struct word theirs_##table[] = {__VA_ARGS__, {}};
#include "event/words.def"
#define FLAGS(table, ...) static const struct word ours_##table[] = {__VA_ARGS__, {}};
#define MORE(table, ...) FLAGS(table, __VA_ARGS__)
#include "event/words_own.def"
#undef N

static const struct word *const theirs[WORDS_MAX] = {
#define FLAGS(table, ...) [WORDS_##table] = theirs_##table,
#include "event/words.def"
};

static const struct word *const ours[WORDS_MAX] = {
#define FLAGS(table, ...) [WORDS_##table] = ours_##table,
#define MORE(table, ...) FLAGS(table, __VA_ARGS__)
#include "event/words_own.def"
};

static struct words_walk walk(enum words table, enum words_of of, uint64_t set, bool bits)
{
	static const struct word none[] = {{}};

	return (struct words_walk){
		.at = theirs[table] ?: none, .then = of == WORDS_ALL ? ours[table] : NULL, .set = set, .left = set, .bits = bits,
	};
}

struct words_walk words_bits(enum words table, enum words_of of, uint64_t set)
{
	return walk(table, of, set, true);
}

struct words_walk words_value(enum words table, enum words_of of, uint64_t value)
{
	return walk(table, of, value, false);
}

static bool is_meant(const struct words_walk *w, const struct word *f)
{
	if (!w->bits || !f->value)
		return f->value == w->set;
	return (w->left & f->value) == f->value;
}

const char *words_next(struct words_walk *w)
{
	while (w->at->name || w->then) {
		const struct word *f = w->at;

		if (!f->name) {
			w->at = w->then;
			w->then = NULL;
			continue;
		}
		w->at++;
		if (!is_meant(w, f))
			continue;
		w->left &= ~f->value;
		return f->name;
	}
	return NULL;
}
