/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipeline
 *
 *   pipeline [-k ROUNDS] RECORDING [RULES...]
 *
 * A recording from memory through decode, then decode and enrich, then the whole pipeline_record() with the rules:
 * CPU time per event, allocations per event, and the ratio to decode alone, which is what to compare between
 * machines. Each figure is the best of ROUNDS (5), each with fresh tables, the stages taking turns. Findings are not
 * built: matches are counted.
 */
#include "../count_malloc.h"
#include "event/decode.h"
#include "pipeline.h"
#include "sensor/recording.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

struct load {
	char *bytes;		/* records, each on an 8-byte boundary */
	size_t *at;		/* of each, and the end */
	size_t n;
	uint64_t boot_offset;
};

enum stage { STAGE_DECODE, STAGE_ENRICH, STAGE_MATCH, STAGES };

static const char *const stage_names[STAGES] = {"decode", "+ enrich", "+ match"};

struct result {
	double ns;		/* of CPU time, per event; the best round */
	double allocations;	/* per event; the worst round */
	uint64_t events, matched;
	struct enrich_stats enrich;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static int read_recording(struct load *l, const char *path)
{
	_cleanup_(recording_freep) struct recording *r = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	char why[512] = "";
	size_t room = 0, used = 0, n;
	const void *rec;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(path);
		return -1;
	}
	error = recording_open(&r, fd, path, why);
	if (error < 0) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	l->boot_offset = recording_boot_offset(r);
	l->bytes = mmap(NULL, (size_t)st.st_size + 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->bytes == MAP_FAILED)
		return -1;
	while ((error = recording_next(r, &rec, &n)) > 0) {
		if (l->n + 1 >= room) {
			room = room ? 2 * room : 1 << 16;
			l->at = realloc(l->at, room * sizeof(*l->at));
			if (!l->at)
				return -1;
		}
		memcpy(l->bytes + used, rec, n);
		l->at[l->n++] = used;
		used += (n + 7) & ~(size_t)7;
	}
	if (error < 0)
		fprintf(stderr, "%s\n", recording_error(r));
	return l->n ? 0 : -1;
}

static size_t record_size(const void *rec)
{
	return ((const struct wire_hdr *)rec)->size;
}

/* The loops are apart, so that a stage pays for no test of another. */
static uint64_t run_decode(const struct load *l)
{
	uint64_t events = 0;
	struct event ev;

	for (size_t i = 0; i < l->n; i++) {
		const char *rec = l->bytes + l->at[i];

		events += decode(&ev, rec, record_size(rec), l->boot_offset) == DECODE_OK;
	}
	return events;
}

static uint64_t run_enrich(const struct load *l, struct enrich *e)
{
	uint64_t events = 0;
	struct event ev;

	for (size_t i = 0; i < l->n; i++) {
		const char *rec = l->bytes + l->at[i];

		if (decode(&ev, rec, record_size(rec), l->boot_offset) == DECODE_OK)
			events += enrich_event(e, &ev);
	}
	return events;
}

static void run_pipeline(const struct load *l, struct pipeline *p)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *rec = l->bytes + l->at[i];

		pipeline_record(p, rec, record_size(rec));
	}
}

static int run(enum stage stage, const struct load *l, struct ruleset *rules, struct result *best)
{
	_cleanup_(enrich_freep) struct enrich *e = enrich_new(NULL);
	struct pipeline p = {.enrich = e, .rules = rules, .boot_offset = l->boot_offset};
	uint64_t allocated = malloc_count, start = cpu_ns(), spent;

	if (!e)
		return -ENOMEM;
	switch (stage) {
	case STAGE_DECODE:
		p.events = run_decode(l);
		break;
	case STAGE_ENRICH:
		p.events = run_enrich(l, e);
		break;
	default:
		run_pipeline(l, &p);
	}
	spent = cpu_ns() - start;
	allocated = malloc_count - allocated;
	if (!best->events || (double)spent / (double)p.events < best->ns)
		best->ns = (double)spent / (double)p.events;
	if ((double)allocated / (double)p.events > best->allocations)
		best->allocations = (double)allocated / (double)p.events;
	best->events = p.events;
	best->matched = p.matched;
	enrich_stats(e, &best->enrich);
	return 0;
}

static void print(const struct result *all, int stages)
{
	printf("%-10s %10s %9s %12s %12s %7s\n", "stage", "events", "ns/event", "events/CPU-s", "alloc/event", "ratio");
	for (int s = 0; s < stages; s++)
		printf("%-10s %10llu %9.1f %12.0f %12.6f %7.2f\n", stage_names[s], (unsigned long long)all[s].events, all[s].ns,
		       1e9 / all[s].ns, all[s].allocations, all[s].ns / all[STAGE_DECODE].ns);
	printf("tables: %u processes, %zu bytes of text, %u groups, %u names; evicted %llu ended, %llu running\n",
	       all[1].enrich.process.rows, all[1].enrich.process.text_bytes, all[1].enrich.container.groups,
	       all[1].enrich.dns_names, (unsigned long long)all[1].enrich.process.evicted_ended,
	       (unsigned long long)all[1].enrich.process.evicted_running);
	if (stages == STAGES)
		printf("matches: %llu, %.2f %% of the events\n", (unsigned long long)all[STAGE_MATCH].matched,
		       100.0 * (double)all[STAGE_MATCH].matched / (double)all[STAGE_MATCH].events);
}

static struct ruleset *read_rules(struct rule_files *files, char **paths, int n)
{
	struct diags d _cleanup_(diags_free) = {};
	struct ruleset *rules = NULL;
	struct buf text = {};

	if (ruleset_read(&rules, files, (const char *const *)paths, (size_t)n, (struct engine_load){.min_priority = 7}, &d) < 0) {
		diags_print(&d, &text);
		fprintf(stderr, STR_FMT, STR_ARG(buf_view(&text)));
		buf_free(&text);
		return NULL;
	}
	printf("rules: %u\n", ruleset_count(rules));
	return rules;
}

int main(int argc, char **argv)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct result best[STAGES] = {0};
	struct rule_files files = {0};
	struct load l = {0};
	int c, rounds = 5, stages;

	while ((c = getopt(argc, argv, "k:")) != -1) {
		if (c != 'k')
			return 2;
		rounds = atoi(optarg);
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: pipeline [-k ROUNDS] RECORDING [RULES...]\n");
		return 2;
	}
	if (read_recording(&l, argv[optind]) < 0)
		return 2;
	stages = argc > optind + 1 ? STAGES : STAGE_MATCH;
	if (stages == STAGES && !(rules = read_rules(&files, argv + optind + 1, argc - optind - 1)))
		return 2;
	for (int k = 0; k < rounds; k++)
		for (int s = 0; s < stages; s++)
			if (run((enum stage)s, &l, rules, &best[s]) < 0)
				return 2;
	print(best, stages);
	rule_files_free(&files);
	free(l.at);
	return 0;
}
