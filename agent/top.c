/* SPDX-License-Identifier: Apache-2.0 */
#include "top.h"
#include "enrich/container.h"
#include "enrich/process.h"
#include "event/attr.h"
#include "util/limits.h"
#include "util/siphash.h"
#include "util/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS (2 * TOP_ROWS_MAX)

_Static_assert((SLOTS & (SLOTS - 1)) == 0, "slots are found by a mask");

struct row {
	uint64_t key[2];
	uint64_t n;
	uint32_t pid;
	enum event_call call;
	char comm[16];
	char container[CONTAINER_SHORT_ID + 1];
	char rule[TOP_RULE_MAX];
};

struct top {
	uint64_t secret[2];
	uint64_t others;
	uint32_t n;
	uint32_t slots[SLOTS];		/* index of a row + 1 */
	struct row rows[TOP_ROWS_MAX];
};

struct top *top_new(void)
{
	struct top *t = calloc(1, sizeof(*t));

	/* Names of processes are the attacker's: he is not to choose which slots they fall into. */
	if (t && getrandom(t->secret, sizeof(t->secret), 0) != sizeof(t->secret))
		t = top_free(t);
	return t;
}

struct top *top_free(struct top *t)
{
	free(t);
	return NULL;
}

static void put(char *dst, size_t room, struct str s)
{
	size_t n = s.n < room - 1 ? s.n : room - 1;

	if (n)
		memcpy(dst, s.p, n);
	dst[n] = '\0';
}

static void describe(struct row *r, const struct event *ev, const char *rule)
{
	const struct image *i = ev->process ? process_image(ev->process, ev->rec->hdr.exec_id) : NULL;

	r->pid = ev->rec->hdr.tgid;
	r->call = ev->call;
	put(r->comm, sizeof(r->comm), i ? i->comm : STR_NONE);
	put(r->container, sizeof(r->container), ev->container ? str(ev->container->id) : STR_NONE);
	put(r->rule, sizeof(r->rule), rule ? str(rule) : STR_NONE);
}

static void count(struct top *t, const struct event *ev, const char *rule)
{
	const struct wire_hdr *h = &ev->rec->hdr;
	uint64_t key[2];
	struct siphash s;
	struct row *r;
	uint32_t at;

	siphash_begin(&s, t->secret);
	siphash_add(&s, &h->tgid, sizeof(h->tgid));
	siphash_add(&s, &h->start, sizeof(h->start));
	siphash_add(&s, &h->exec_id, sizeof(h->exec_id));
	siphash_add(&s, &h->cgroup, sizeof(h->cgroup));
	siphash_add(&s, &ev->call, sizeof(ev->call));
	siphash_text(&s, rule ? str(rule) : STR_NONE);
	siphash_end(&s, key);
	for (at = (uint32_t)key[0] & (SLOTS - 1); t->slots[at]; at = (at + 1) & (SLOTS - 1)) {
		r = &t->rows[t->slots[at] - 1];
		if (r->key[0] == key[0] && r->key[1] == key[1]) {
			r->n++;
			return;
		}
	}
	if (t->n == TOP_ROWS_MAX) {
		t->others++;
		return;
	}
	r = &t->rows[t->n++];
	t->slots[at] = t->n;
	r->key[0] = key[0];
	r->key[1] = key[1];
	r->n = 1;
	describe(r, ev, rule);
}

void top_count(struct top *t, const struct event *ev, const struct matches *m)
{
	count(t, ev, NULL);
	for (uint32_t i = 0; i < m->n; i++)
		count(t, ev, m->v[i].rule->name);
}

static json_t *text_or_null(const char *text)
{
	char clean[TOP_RULE_MAX * 3 + 1];
	bool cut;

	if (!*text)
		return json_null();
	return json_stringn(clean, utf8_clean(clean, sizeof(clean) - 1, str(text), &cut));
}

json_t *top_json(const struct top *t)
{
	json_t *rows = json_array();

	for (uint32_t i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];

		json_array_append_new(rows, json_pack("{s:s, s:o, s:I, s:o, s:o, s:I}", "type", call_table[r->call].name, "process",
						      text_or_null(r->comm), "pid", (json_int_t)r->pid, "container",
						      text_or_null(r->container), "rule", text_or_null(r->rule), "events",
						      (json_int_t)r->n));
	}
	return json_pack("{s:o, s:I}", "rows", rows, "others", (json_int_t)t->others);
}
