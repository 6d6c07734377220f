/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rules_opts.h"
#include "cmd/rules_arg.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_step(struct rules_opts *r, const char *command, struct rule_select s)
{
	if (r->nselect == SELECT_OPTIONS_MAX) {
		fprintf(stderr, "noroshi %s: more than %d rules to enable, disable and observe\n", command, SELECT_OPTIONS_MAX);
		return false;
	}
	r->select[r->nselect++] = s;
	return true;
}

bool rules_opts_take(struct rules_opts *r, const char *command, int o, const char *value, bool *bad)
{
	switch (o) {
	case OPT_PRIORITY:
		r->priority = rules_arg_priority(value);
		if (r->priority < 0) {
			fprintf(stderr, "noroshi %s: \"%s\" is no priority\n", command, value);
			*bad = true;
		}
		return true;
	case OPT_ENABLE:
	case OPT_DISABLE:
	case OPT_OBSERVE:
		*bad = *bad || !add_step(r, command, (struct rule_select){.enable = o == OPT_ENABLE, .observe = o == OPT_OBSERVE, .rule = value});
		return true;
	case OPT_ENABLE_TAG:
	case OPT_DISABLE_TAG:
	case OPT_OBSERVE_TAG:
		*bad = *bad ||
		       !add_step(r, command, (struct rule_select){.enable = o == OPT_ENABLE_TAG, .observe = o == OPT_OBSERVE_TAG, .tag = value});
		return true;
	case OPT_MATCHING:
		r->matching = value;
		if (strcmp(value, "all") && strcmp(value, "first")) {
			fprintf(stderr, "noroshi %s: --matching wants all or first, not \"%s\"\n", command, value);
			*bad = true;
		}
		return true;
	case OPT_COMPAT:
		r->compat = true;
		return true;
	default:
		return false;
	}
}

int rules_opts_fill(const struct rules_opts *r, const struct config *c, struct engine_load *in, struct rule_select **steps)
{
	size_t n = (c ? c->nselect : 0) + r->nselect;
	const char *matching = r->matching ?: c ? c->rule_matching : "all";
	int priority = r->priority >= 0 ? r->priority : c ? rules_arg_priority(c->priority) : 7;

	*steps = calloc(n + 1, sizeof(**steps));
	if (!*steps || priority < 0) {
		fprintf(stderr, *steps ? "noroshi: \"%s\" is no priority\n" : "noroshi: %s\n", *steps ? c->priority : strerror(ENOMEM));
		return -EINVAL;
	}
	if (c && c->nselect)
		memcpy(*steps, c->select, sizeof(**steps) * c->nselect);
	if (r->nselect)
		memcpy(*steps + n - r->nselect, r->select, sizeof(**steps) * r->nselect);
	in->select = *steps;
	in->nselect = n;
	in->min_priority = (unsigned int)priority;
	in->first_match = !strcmp(matching, "first");
	in->strict_compat = r->compat || (c && !strcmp(c->semantics, "falco"));
	in->additions = c ? c->additions : NULL;
	in->nadditions = c ? c->nadditions : 0;
	return 0;
}

struct config *rules_config(const char *path)
{
	struct diags d _cleanup_(diags_free) = {};
	struct config *c = config_new();

	if (c && config_read(c, path, &d) < 0)
		c = config_free(c);
	rules_arg_print(&d);
	return c;
}

int rules_read(struct rules_read *ret, const struct rules_opts *r, const char *config, const char *const *paths, size_t n,
	       bool warnings)
{
	struct diags d _cleanup_(diags_free) = {};
	const char *files[RULES_PATHS_MAX];
	int e;

	*ret = (struct rules_read){.config = config ? rules_config(config) : NULL};
	if ((config && !ret->config) || rules_opts_fill(r, ret->config, &ret->in, &ret->steps) < 0)
		return -EINVAL;
	if (!n && config) {
		paths = (const char *const *)ret->config->rules_files.v;
		n = ret->config->rules_files.n;
	}
	n = rules_arg_expand(files, RULES_PATHS_MAX, paths, n);
	e = ruleset_read(&ret->rules, &ret->files, files, n, ret->in, &d);
	if (e < 0 || warnings)
		rules_arg_print(&d);
	return e;
}

void rules_read_end(struct rules_read *r)
{
	r->rules = ruleset_free(r->rules);
	rule_files_free(&r->files);
	free(r->steps);
	config_free(r->config);
}
