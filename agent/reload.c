/* SPDX-License-Identifier: Apache-2.0 */
#include "reload.h"
#include "agent.h"
#include "util/log.h"
#include "util/resident.h"
#include <string.h>

static void print_diags(const struct diags *d)
{
	struct buf b = {};

	diags_print(d, &b);
	if (b.n && fwrite(b.p, 1, b.n, stderr) != b.n)
		log_warning("diagnostics could not be printed");
	buf_free(&b);
}

static void start(struct reload *r, void (*work)(uv_work_t *), void (*after)(uv_work_t *, int))
{
	r->work.data = r;
	uv_queue_work(&r->agent->loop, &r->work, work, after);	/* fails only without a function to call */
}

/* On another thread, as load() is: giving many small pieces back takes its time too. */
static void discard(uv_work_t *w)
{
	struct reload *r = w->data;

	r->rules = ruleset_free(r->rules);
	rule_files_free(&r->files);
	resident_trim();
}

static void on_discarded(uv_work_t *w, int status)
{
	struct reload *r = w->data;
	bool again = r->again;

	(void)status;
	r->busy = r->again = false;
	if (again && !r->agent->stopping)
		reload_begin(r->agent);
}

static void load(uv_work_t *w)
{
	struct reload *r = w->data;
	const struct agent_options *o = &r->agent->o;

	r->result = ruleset_read(&r->rules, &r->files, o->rule_paths, o->nrule_paths,
				 o->load, &r->diags);
	r->needs = (struct needs){};
	if (r->result >= 0)
		agent_needs(o->config, r->rules, &r->agent->canary, &r->needs);
}

/* The rules change hands; the old ones are left in r. */
static void swap(struct agent *a, struct reload *r)
{
	struct rule_files files = a->o.rules;
	struct ruleset *rules = a->o.ruleset;

	a->o.rules = r->files;
	a->o.ruleset = a->pipeline.rules = r->rules;
	a->pipeline.context.ruleset_digest = ruleset_digest(r->rules);
	r->files = files;
	r->rules = rules;
	own_reloaded(&a->own);
	a->reloads++;
	log_info("reloaded: %u rules", ruleset_count(a->o.ruleset));
}

/* Rules whose events nobody sends would look as if they were in force: then rather those that are. */
static void try_swap(struct agent *a, struct reload *r)
{
	int e = r->result;

	print_diags(&r->diags);
	if (e < 0) {
		char why[64];

		log_error("reload refused, the rules before it stay: %zu errors", r->diags.errors);
		snprintf(why, sizeof(why), "%zu errors", r->diags.errors);
		feed_reload(&a->feed, &r->diags, why);
	} else {
		e = source_kernel_widen(a->source, &r->needs);
		if (e < 0)
			log_error("reload refused, the rules before it stay: the sensor cannot be told what the new ones need: %s",
				  strerror(-e));
		feed_reload(&a->feed, NULL, e < 0 ? "the sensor cannot be told what the new rules need" : NULL);
	}
	if (e < 0)
		a->reloads_failed++;
	else {
		swap(a, r);
		source_kernel_settle(a->source);
	}
}

static void on_loaded(uv_work_t *w, int status)
{
	struct reload *r = w->data;

	(void)status;
	if (!r->agent->stopping)
		try_swap(r->agent, r);
	diags_free(&r->diags);
	start(r, discard, on_discarded);
}

void reload_begin(struct agent *a)
{
	struct reload *r = &a->reload;

	if (r->busy) {
		r->again = true;
		return;
	}
	r->agent = a;
	r->busy = true;
	r->diags = (struct diags){};
	start(r, load, on_loaded);
}
