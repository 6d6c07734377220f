/* SPDX-License-Identifier: Apache-2.0 */
#include "observed.h"
#include "util/clock.h"
#include "util/limits.h"
#include "util/utf8.h"
#include <stdlib.h>
#include <string.h>

struct sample {
	uint64_t time;
	char *text;	/* NULL: none yet */
};

/* By name: it stays the same rule when the rules are read again. */
struct row {
	char *name;
	uint64_t matches;
	uint32_t nfirst, nlatest;	/* samples there are; the latest go round */
	struct sample first[OBSERVED_SAMPLES], latest[OBSERVED_SAMPLES];
};

struct observed {
	struct row *rows;
	uint32_t n;
	uint64_t uncounted;
	struct buf text;
};

struct observed *observed_new(void)
{
	struct observed *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->text.max = OBSERVED_RENDER_MAX;
	return o;
}

struct observed *observed_free(struct observed *o)
{
	if (!o)
		return NULL;
	for (uint32_t i = 0; i < o->n; i++) {
		free(o->rows[i].name);
		for (int k = 0; k < OBSERVED_SAMPLES; k++) {
			free(o->rows[i].first[k].text);
			free(o->rows[i].latest[k].text);
		}
	}
	free(o->rows);
	buf_free(&o->text);
	free(o);
	return NULL;
}

static struct row *row_of(struct observed *o, const char *name)
{
	struct row *r;

	for (uint32_t i = 0; i < o->n; i++) {
		if (!strcmp(o->rows[i].name, name))
			return &o->rows[i];
	}
	if (!o->rows)	/* most agents try nothing out */
		o->rows = calloc(OBSERVED_RULES_MAX, sizeof(*o->rows));
	if (!o->rows || o->n == OBSERVED_RULES_MAX)
		return NULL;
	r = &o->rows[o->n];
	r->name = strdup(name);
	o->n += r->name != NULL;
	return r->name ? r : NULL;
}

static void take_sample(struct observed *o, struct sample *s, const struct event *ev, const struct match *m)
{
	char text[OBSERVED_TEXT_MAX + 1];
	char *copy;
	bool cut;

	buf_reset(&o->text);
	m->engine->ops->output(m->engine, m->id, ev, &o->text);
	copy = strndup(text, utf8_clean(text, OBSERVED_TEXT_MAX, buf_view(&o->text), &cut));
	if (!copy)
		return;
	free(s->text);
	*s = (struct sample){ev->time, copy};
}

void observed_match(struct observed *o, const struct event *ev, const struct match *m)
{
	struct row *r = row_of(o, m->rule->name);
	const struct sample *last;

	if (!r) {
		o->uncounted++;
		return;
	}
	r->matches++;
	if (r->nfirst < OBSERVED_SAMPLES) {
		take_sample(o, &r->first[r->nfirst++], ev, m);
		return;
	}
	last = r->nlatest ? &r->latest[(r->nlatest - 1) % OBSERVED_SAMPLES] : &r->first[OBSERVED_SAMPLES - 1];
	if (ev->time - last->time >= NSEC_PER_SEC)	/* also when the clock was set back */
		take_sample(o, &r->latest[r->nlatest++ % OBSERVED_SAMPLES], ev, m);
}

static void add_sample(json_t *to, const struct sample *s)
{
	char time[CLOCK_TEXT_MAX];

	if (s->text)
		json_array_append_new(to, json_pack("{s:s, s:s}", "time", clock_rfc3339(time, s->time), "output", s->text));
}

json_t *observed_json(const struct observed *o)
{
	json_t *all = json_array();

	for (uint32_t i = 0; o && i < o->n; i++) {
		const struct row *r = &o->rows[i];
		json_t *first = json_array(), *latest = json_array();

		for (int k = 0; k < OBSERVED_SAMPLES; k++)
			add_sample(first, &r->first[k]);
		for (uint32_t k = 0; k < OBSERVED_SAMPLES; k++)	/* the oldest of them first */
			add_sample(latest, &r->latest[(r->nlatest + k) % OBSERVED_SAMPLES]);
		json_array_append_new(all, json_pack("{s:s, s:I, s:o, s:o}", "rule", r->name, "matches", (json_int_t)r->matches,
						     "first", first, "latest", latest));
	}
	return all;
}

uint64_t observed_uncounted(const struct observed *o)
{
	return o ? o->uncounted : 0;
}
