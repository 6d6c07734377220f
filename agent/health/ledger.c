/* SPDX-License-Identifier: Apache-2.0 */
#include "health/ledger.h"
#include "health/ledger_state.h"
#include "util/clock.h"
#include "util/log.h"
#include <stdarg.h>
#include <string.h>

struct ledger *ledger_new(uint64_t (*now)(void))
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->now = now ? now : clock_wall_ns;
	l->began = l->now();
	for (unsigned int c = 0; c < CAPABILITY_MAX; c++) {
		strcpy(l->matrix[c].state, "works");
		l->matrix[c].since = l->began;
	}
	return l;
}

static struct entry *entry_free(struct entry *e)
{
	if (e)
		json_decref(e->evidence);
	free(e);
	return NULL;
}

struct ledger *ledger_free(struct ledger *l)
{
	if (!l)
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		entry_free(l->open[i]);
	for (size_t i = 0; i < l->nrecent; i++)
		entry_free(l->recent[i]);
	free(l);
	return NULL;
}

void ledger_quiet(struct ledger *l)
{
	l->quiet = true;
}

/* Its place, or n. */
static size_t find(struct entry *const *v, size_t n, enum issue code, const char *subject)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (v[i]->code == code && !strncmp(v[i]->subject, subject ? subject : "", sizeof(v[i]->subject) - 1))
			break;
	}
	return i;
}

static struct entry *take_out(struct entry **v, size_t *n, size_t i)
{
	struct entry *e = v[i];

	memmove(&v[i], &v[i + 1], (--*n - i) * sizeof(*v));
	return e;
}

static void forget_old(struct ledger *l)
{
	uint64_t now = l->now();

	while (l->nrecent && l->recent[l->nrecent - 1]->until + LEDGER_RECENT_SEC * NSEC_PER_SEC < now)
		entry_free(l->recent[--l->nrecent]);
}

/* What is worse takes the place of what is less so. False: there is no room for it. */
static bool make_room(struct ledger *l, const struct ledger_case *c)
{
	size_t least = 0;

	if (l->n < ARRAY_SIZE(l->open))
		return true;
	for (size_t i = 1; i < l->n; i++) {
		if (issue_table[l->open[i]->code].effect < issue_table[l->open[least]->code].effect)
			least = i;
	}
	if (!l->not_kept[c->feed]++)
		log_error("more than %zu issues are open: what is less than others is only counted", l->n);
	if (issue_table[l->open[least]->code].effect >= issue_table[c->code].effect)
		return false;
	entry_free(take_out(l->open, &l->n, least));
	return true;
}

/* An issue that comes again is the same one: its count says how often. */
static struct entry *begin(struct ledger *l, const struct ledger_case *c)
{
	struct entry *e;
	size_t i;

	if (!make_room(l, c))
		return NULL;
	forget_old(l);
	i = find(l->recent, l->nrecent, c->code, c->subject);
	e = i < l->nrecent ? take_out(l->recent, &l->nrecent, i) : calloc(1, sizeof(*e));
	if (!e) {
		l->not_kept[c->feed]++;
		return NULL;
	}
	e->code = c->code;
	snprintf(e->subject, sizeof(e->subject), "%s", c->subject ? c->subject : "");
	e->since = c->since && c->since < l->now() ? c->since : l->now();
	e->count++;
	l->open[l->n++] = e;
	return e;
}

/* What is too long is not cut within: half a log line or half an array would be a lie. */
static json_t *bounded(json_t *evidence)
{
	size_t n = evidence ? json_dumpb(evidence, NULL, 0, JSON_COMPACT) : 0;

	if (n <= LEDGER_EVIDENCE_MAX)
		return evidence;
	json_decref(evidence);
	return json_pack("{s:I, s:i}", "tooLong", (json_int_t)n, "max", LEDGER_EVIDENCE_MAX);
}

static void say_begin(const struct ledger *l, const struct entry *e)
{
	const struct issue_desc *d = &issue_table[e->code];

	if (l->quiet)
		return;
	if (d->effect == EFFECT_NOTED)
		log_info("%s: %s", d->code, e->text);
	else
		log_warning("%s: %s. %s", d->code, e->text, d->remedy);
}

void ledger_raise(struct ledger *l, const struct ledger_case *c, const char *fmt, ...)
{
	size_t i = find(l->open, l->n, c->code, c->subject);
	bool begins = i == l->n;
	struct entry *e = begins ? begin(l, c) : l->open[i];
	va_list ap;

	if (!e) {
		json_decref(c->evidence);
		return;
	}
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->capability = c->capability ? c->capability : issue_table[c->code].capability;
	e->feed = c->feed;
	e->round = l->round[c->feed];
	e->last = l->now();
	e->until = 0;
	json_decref(e->evidence);
	e->evidence = bounded(c->evidence);
	if (begins)
		say_begin(l, e);
}

/* It is remembered for a while, without its evidence. */
static void end(struct ledger *l, size_t i)
{
	struct entry *e = take_out(l->open, &l->n, i);

	e->until = l->now();
	json_decref(e->evidence);
	e->evidence = NULL;
	if (!l->quiet)
		log_info("%s%s%s is over, after %llu s", issue_table[e->code].code, *e->subject ? " of " : "", e->subject,
			 (unsigned long long)((e->until - e->since) / NSEC_PER_SEC));
	if (l->nrecent == ARRAY_SIZE(l->recent))
		entry_free(l->recent[--l->nrecent]);
	memmove(&l->recent[1], &l->recent[0], l->nrecent++ * sizeof(l->recent[0]));
	l->recent[0] = e;
}

void ledger_clear(struct ledger *l, enum issue code, const char *subject)
{
	size_t i = find(l->open, l->n, code, subject);

	if (i < l->n)
		end(l, i);
}

void ledger_round(struct ledger *l, enum ledger_feed feed)
{
	l->round[feed]++;
	l->not_kept[feed] = 0;
}

void ledger_round_end(struct ledger *l, enum ledger_feed feed)
{
	for (size_t i = l->n; i-- > 0;) {
		if (l->open[i]->feed == feed && l->open[i]->round != l->round[feed])
			end(l, i);
	}
}

void ledger_capability(struct ledger *l, enum capability c, const char *state, const char *why)
{
	struct matrix_row *r = &l->matrix[c];

	if (strcmp(r->state, state))
		r->since = l->now();
	snprintf(r->state, sizeof(r->state), "%s", state);
	snprintf(r->why, sizeof(r->why), "%s", why ? why : "");
}

bool ledger_lasts(const struct ledger *l, const struct entry *e)
{
	return issue_table[e->code].effect == EFFECT_LASTING && l->now() - e->since >= HEALTH_LASTING_SEC * NSEC_PER_SEC;
}

uint64_t ledger_not_kept(const struct ledger *l)
{
	uint64_t n = 0;

	for (unsigned int f = 0; f < FEED_MAX; f++)
		n += l->not_kept[f];
	return n;
}

/* Starting the agent again brings no receiver back, and loses what waits for it. */
static enum issue_effect effect_now(const struct ledger *l, const struct entry *e, bool lasting)
{
	enum issue_effect effect = issue_table[e->code].effect;

	if (effect == EFFECT_LASTING)
		return lasting && ledger_lasts(l, e) ? EFFECT_UNHEALTHY : EFFECT_DEGRADED;
	return effect == EFFECT_UNHEALTHY && e->capability == CAPABILITY_UPLOAD && !lasting ? EFFECT_DEGRADED : effect;
}

const char *ledger_status(const struct ledger *l, bool lasting)
{
	enum issue_effect worst = ledger_not_kept(l) ? EFFECT_DEGRADED : EFFECT_NOTED;

	for (size_t i = 0; i < l->n; i++) {
		enum issue_effect effect = effect_now(l, l->open[i], lasting);

		if (effect > worst)
			worst = effect;
	}
	return worst == EFFECT_NOTED ? "healthy" : issue_effect_text[worst];
}

bool ledger_open(const struct ledger *l, enum issue code, const char *subject)
{
	return find(l->open, l->n, code, subject) < l->n;
}

size_t ledger_count(const struct ledger *l)
{
	return l->n;
}
