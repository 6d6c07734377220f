/* SPDX-License-Identifier: Apache-2.0 */
/* findings: read what `receive` has stored. */
#include "cmd/cmd.h"
#include "cmd/heartbeats.h"
#include "cmd/propose.h"
#include "finding/finding.h"
#include "receive/store.h"
#include "util/clock.h"
#include "util/escape.h"
#include "util/log.h"
#include "util/utf8.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FOLLOW_MS 500	/* between looks at the store */

enum { OPT_STORE, OPT_FOLLOW, OPT_SUMMARY, OPT_DETAIL, OPT_JSON, OPT_HEARTBEATS, OPT_PROPOSE, OPT_QUERY };

/* From OPT_QUERY on the names are query_set()'s words. */
static const struct cmd_option options[] = {
	{"--store", 0, "FILE", "the receiver's SQLite file (" STORE_DEFAULT_PATH ")"},
	{"--follow", 'f', NULL, "go on printing what arrives"},
	{"--summary", 0, NULL, "counts per severity and rule"},
	{"--detail", 'd', NULL, "a block each: where, process tree, other end, remedy"},
	{"--json", 0, NULL, "one JSON object a line"},
	{"--heartbeats", 0, NULL, "the last heartbeat of each agent run instead: who reports, who fell silent, what observed rules matched"},
	{"--propose-exception", 0, "ID", "the narrowest exception that silences this finding, and what else it silences"},
	{"--rule", 0, "NAME", "of this rule"},
	{"--severity", 0, "MIN", "info, low, medium, high or critical, and worse"},
	{"--since", 0, "WHEN", "last seen since: 15m, 1h, 2d, or 2026-01-31T12:00:00Z"},
	{"--container", 0, "ID", "of this container: its name or the beginning of its id"},
	{"--task", 0, "ID", "of this ECS task: the beginning of its id"},
	{"--limit", 'n', "COUNT", "the newest so many"},
	{},
};

extern const struct cmd cmd_findings;

struct arguments {
	const char *store, *propose;
	struct query query;
	bool follow, summary, detail, json, heartbeats;
};

struct printer {
	bool json, detail, colour;
	int64_t last;	/* arrival */
	struct buf line;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int set_query(struct arguments *a, const struct cmd_option *o, const char *value)
{
	char why[256];

	if (!query_set(&a->query, o->name + 2, value, clock_wall_ns(), why))
		return 0;
	fprintf(stderr, "noroshi findings: %s\n", why);
	return -EINVAL;
}

static bool is_for_heartbeats(const struct arguments *a)
{
	const struct query *q = &a->query;

	return !a->follow && !a->summary && !a->propose && !q->rule && !q->severity && !q->container && !q->task && !q->limit;
}

/* 0, 1: help was printed, < 0: a line said why. */
static int parse(struct arguments *a, int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	int o;

	while ((o = cmd_next(&p, &cmd_findings)) != CMD_END) {
		if (o == CMD_HELP)
			return 1;
		if (o == CMD_ARG)
			fprintf(stderr, "noroshi findings: takes no argument (\"%s\")\n", p.value);
		if (o < 0)
			return -EINVAL;
		if (o == OPT_STORE)
			a->store = p.value;
		if (o == OPT_PROPOSE)
			a->propose = p.value;
		a->follow |= o == OPT_FOLLOW;
		a->summary |= o == OPT_SUMMARY;
		a->detail |= o == OPT_DETAIL;
		a->json |= o == OPT_JSON;
		a->heartbeats |= o == OPT_HEARTBEATS;
		if (o >= OPT_QUERY && set_query(a, &options[o], p.value) < 0)
			return -EINVAL;
	}
	if (a->follow && a->summary)
		fprintf(stderr, "noroshi findings: --follow and --summary exclude each other\n");
	else if (a->detail && (a->summary || a->json))
		fprintf(stderr, "noroshi findings: --detail excludes --summary and --json\n");
	else if (a->heartbeats && !is_for_heartbeats(a))
		fprintf(stderr, "noroshi findings: with --heartbeats only --since, --detail and --json have a meaning\n");
	else if (a->propose && strlen(a->propose) < PROPOSE_ID_MIN)
		fprintf(stderr, "noroshi findings: --propose-exception wants an id, or at least %d characters of its end\n", PROPOSE_ID_MIN);
	else
		return 0;
	return -EINVAL;
}

static int print_row(void *ctx, const struct store_row *row)
{
	struct printer *p = ctx;
	Noroshi__V1__Finding *f;

	if (row->arrival > p->last)
		p->last = row->arrival;
	buf_reset(&p->line);
	if (p->json) {
		buf_str(&p->line, row->json);
	} else {
		f = noroshi__v1__finding__unpack(NULL, row->packed.n, (const uint8_t *)row->packed.p);
		if (!f)
			return -EBADMSG;
		(p->detail ? finding_text_detail : finding_text_line)(f, p->colour, &p->line);
		noroshi__v1__finding__free_unpacked(f, NULL);
	}
	buf_char(&p->line, '\n');
	if (buf_error(&p->line))
		return buf_error(&p->line);
	return fwrite(p->line.p, 1, p->line.n, stdout) == p->line.n && !stop ? 0 : -EPIPE;
}

static void nap(void)
{
	struct timespec t = {.tv_nsec = FOLLOW_MS * 1000000L};

	nanosleep(&t, NULL);
}

/* All that there is, then what arrives: a new revision of a finding is printed again. */
static int list(struct store *s, struct arguments *a)
{
	struct printer p = {.json = a->json, .detail = a->detail, .colour = !a->json && isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
	int r = store_each(s, &a->query, 0, print_row, &p);

	a->query.limit = 0;
	while (a->follow && !stop && !r) {
		if (fflush(stdout))
			break;
		nap();
		a->query.after = p.last;
		r = store_each(s, &a->query, 0, print_row, &p);
	}
	buf_free(&p.line);
	return r == -EPIPE || stop ? 0 : r;
}

static int print_count_json(const struct store_count *c)
{
	char rule[4096], seen[64];
	bool cut;
	json_t *o = json_pack("{s:s, s:s%, s:I, s:I, s:s%}", "severity", severity_word(c->severity), "rule", rule,
			      utf8_clean(rule, sizeof(rule), str(c->rule), &cut), "findings", (json_int_t)c->findings,
			      "events", (json_int_t)c->events, "lastSeen", seen,
			      utf8_clean(seen, sizeof(seen), str(c->last_seen), &cut));
	int r = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) : -1;

	json_decref(o);
	puts("");
	return r < 0 ? -EIO : 0;
}

static int print_count(void *ctx, const struct store_count *c)
{
	_cleanup_(buf_free) struct buf line = {};

	if (*(bool *)ctx)
		return print_count_json(c);
	printf("%-9s %8llu %10llu  ", severity_word(c->severity), (unsigned long long)c->findings,
	       (unsigned long long)c->events);
	/* A stored rule's name came over the network: nothing in it may reach the terminal as a command. */
	escape_add(&line, str_n(c->last_seen, strnlen(c->last_seen, sizeof("2026-01-31T12:00:00") - 1)));
	buf_puts(&line, "Z  ");
	escape_add(&line, str(c->rule));
	puts(buf_error(&line) ? "?" : line.p);
	return 0;
}

static int summarise(struct store *s, struct arguments *a)
{
	if (!a->json)
		printf("%-9s %8s %10s  %-20s  %s\n", "SEVERITY", "FINDINGS", "EVENTS", "LAST SEEN", "RULE");
	return store_summary(s, &a->query, print_count, &a->json);
}

/* YAML on stdout. What keeps there from being any is said here; 1 then. */
static int propose(struct store *s, const char *id)
{
	_cleanup_(buf_free) struct buf out = {};
	int r = propose_exception(s, id, &out);

	if (r == -ENOENT)
		log_error("findings: no finding with id %s in the store; `noroshi findings --json` shows their ids", id);
	else if (r == -EEXIST)
		log_error("findings: the ids of several findings end in %s: more of it is needed", id);
	else if (r == -ENODATA)
		log_error("findings: nothing in the finding's evidence will be the same next time: no exception can be proposed");
	if (r == -ENOENT || r == -EEXIST || r == -ENODATA)
		return 1;
	if (!r)
		fputs(out.p, stdout);
	return r;
}

static int run(int argc, char **argv)
{
	struct arguments a = {.store = STORE_DEFAULT_PATH};
	_cleanup_(store_closep) struct store *s = NULL;
	struct sigaction act = {.sa_handler = on_signal};
	char why[256] = "";
	int r = parse(&a, argc, argv);

	if (r)
		return r < 0 ? EXIT_INPUT : EXIT_OK;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	r = store_open(&s, a.store, STORE_READ, why);
	if (r == -ENOENT)
		log_error("findings: no store at %s; `noroshi receive` makes one, --store names another", a.store);
	else if (r < 0)
		log_error("findings: store %s: %s", a.store, why);
	if (r < 0)
		return EXIT_INPUT;
	if (a.heartbeats)
		r = heartbeats_print(s, &a.query, a.json, a.detail);
	else if (a.propose)
		r = propose(s, a.propose);
	else
		r = a.summary ? summarise(s, &a) : list(s, &a);
	if (r < 0)
		log_error("findings: store %s cannot be read: %s", a.store, strerror(-r));
	return r ? EXIT_INPUT : EXIT_OK;
}

const struct cmd cmd_findings = {
	.name = "findings",
	.args = "[--store FILE] [--rule NAME] [--severity MIN] [--since WHEN] [--container ID] [--task ID] [--limit N] [--follow | --summary] [--detail | --json] | --heartbeats | --propose-exception ID",
	.summary = "read stored findings: filter, follow, summarise",
	.options = options,
	.run = run,
};
