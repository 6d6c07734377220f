/* SPDX-License-Identifier: Apache-2.0 */
/*
 * differential [-seed N] [-pairs N] [-batch N] [-shares]
 *
 * Random conditions over random events, by the reference and by the engine, until so many pairs of the two agreed.
 * Conditions are compiled together, up to 60 of them, so that what they share is shared. A difference is made
 * smaller, printed with the seed and the batch that show it again (-batch runs that one alone), and ends the run.
 *
 *   -shares   it is a failure as well when an operator of a type was true, false or missing in less than a tenth of
 *             the checks
 */
#include "compare.h"
#include "shares.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct run {
	uint64_t seed, pairs, batches, conditions;
	bool one_batch;
	uint64_t batch;
	bool shares;
};

static uint64_t number(const char *option, const char *text)
{
	char *end;
	unsigned long long n = text ? strtoull(text, &end, 10) : 0;

	if (!text || *end || end == text) {
		fprintf(stderr, "differential: %s needs a number\n", option);
		exit(2);
	}
	return n;
}

static uint64_t fresh_seed(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec) % 1000000007u;
}

static struct run options(int argc, char **argv)
{
	struct run r = {.seed = fresh_seed(), .pairs = 200000};

	for (int i = 1; i < argc; i++) {
		const char *o = argv[i][1] == '-' ? argv[i] + 1 : argv[i];

		if (!strcmp(o, "-seed")) {
			r.seed = number(o, argv[++i]);
		} else if (!strcmp(o, "-pairs")) {
			r.pairs = number(o, argv[++i]);
		} else if (!strcmp(o, "-batch")) {
			r.batch = number(o, argv[++i]);
			r.one_batch = true;
		} else if (!strcmp(o, "-shares")) {
			r.shares = true;
		} else {
			fprintf(stderr, "usage: differential [-seed N] [-pairs N] [-batch N] [-shares]\n");
			exit(2);
		}
	}
	return r;
}

static void fill(struct batch *b, struct run *r)
{
	static struct occasion occasions[EVENTS_MAX];

	memset(b, 0, sizeof(*b));
	memset(occasions, 0, sizeof(occasions));
	b->occasions = occasions;
	b->strict = !below(8);
	b->noccasions = 24 + below(EVENTS_MAX - 23);
	make_pools(b);
	for (unsigned int i = 0; i < b->noccasions; i++) {
		make_facts(b, &occasions[i].facts);
		if (chance(25))
			make_native_event(b, &occasions[i], i + 1);
		else
			make_json_event(&occasions[i], i + 1);
	}
	b->nconditions = chance(5) ? 1 : 2 + below(CONDITIONS_MAX - 1);
	for (unsigned int i = 0; i < b->nconditions; i++)
		b->conditions[i] = make_condition(b);
	for (unsigned int i = 0; i < NARROW; i++)
		b->narrow[i] = make_narrow_condition(b);
	r->conditions += b->nconditions + NARROW;
}

/* False: a difference, and it was shown. */
static bool run_batch(struct run *r, uint64_t number_of_batch, uint64_t *pairs)
{
	static struct batch b;
	size_t mark = ref_mark();
	bool same;

	random_seed(r->seed * 0x9e3779b97f4a7c15ull + number_of_batch);
	fill(&b, r);
	same = compare_batch(&b, pairs);
	if (!same)
		printf("\nfound after %llu pairs; to see it again: differential -seed %llu -batch %llu\n",
		       (unsigned long long)*pairs, (unsigned long long)r->seed, (unsigned long long)number_of_batch);
	for (unsigned int i = 0; i < b.noccasions; i++)
		release_event(&b.occasions[i]);
	ref_forget(mark);
	return same;
}

static double seconds_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	struct run r = options(argc, argv);
	struct timespec begin;
	uint64_t pairs = 0;
	bool balanced;
	double took;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", (unsigned long long)r.seed);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (r.one_batch)
		return run_batch(&r, r.batch, &pairs) ? 0 : 1;
	for (; pairs < r.pairs; r.batches++) {
		if (!run_batch(&r, r.batches, &pairs))
			return 1;
	}
	took = seconds_since(&begin);
	balanced = shares_print(stdout);
	printf("seed %llu: %llu pairs agree, %llu conditions in %llu rule sets, %.0f pairs/s\n", (unsigned long long)r.seed,
	       (unsigned long long)pairs, (unsigned long long)r.conditions, (unsigned long long)r.batches,
	       (double)pairs / (took > 0 ? took : 1));
	if (r.shares && !balanced)
		printf("FAILED: an outcome has less than a tenth of the checks of an operator and type\n");
	return r.shares && !balanced;
}
