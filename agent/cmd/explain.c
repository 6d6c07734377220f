/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as they are compiled: condition with macros put in, fields, operators, the events it needs and who sees them. */
#include "cmd/cmd.h"
#include "cmd/explain_refuse.h"
#include "cmd/explain_tree.h"
#include "cmd/modes.h"
#include "cmd/never.h"
#include "cmd/rules_arg.h"
#include "cmd/rules_opts.h"
#include "event/names.h"
#include "rule/engine_condition.h"
#include <jansson.h>
#include <string.h>

#define EVENTS_SHOWN 40	/* names of one rule in the text form */

extern const struct cmd cmd_explain;

enum { OPT_RULES, OPT_CONFIG, OPT_EVENTS, OPT_JSON, OPT_RULES_BASE };

static const struct cmd_option options[] = {
	[OPT_RULES] = {"--rules", 'r', "RULES", "rule file or folder in place of the default rules"},
	[OPT_CONFIG] = {"--config", 'c', "CONFIG", "priority, rules, semantics and append_output of this configuration"},
	[OPT_EVENTS] = {"--events", 'e', "EVENTS[:N]", "what RULE says of the events of this file, or of its Nth event"},
	[OPT_JSON] = {"--json", 0, NULL, "one JSON array of objects"},
	RULES_OPTIONS(OPT_RULES_BASE),
	{},
};

static int by_name(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* A set of texts as a sorted JSON array. Takes the set. */
static json_t *sorted(json_t *set)
{
	size_t n = json_object_size(set), i = 0;
	_cleanup_(freep) json_t **v = calloc(n + 1, sizeof(*v));
	json_t *a = json_array(), *value;
	const char *key;

	json_object_foreach(set, key, value) {
		if (v)
			v[i++] = json_string(key);
	}
	if (v)
		qsort(v, i, sizeof(*v), by_name);
	for (size_t k = 0; k < i; k++)
		json_array_append_new(a, v[k]);
	json_decref(set);
	return a;
}

static void add_field(void *ctx, const struct field_ref *f)
{
	char name[256];

	snprintf(name, sizeof(name), STR_FMT, STR_ARG(f->text));
	json_object_set_new(ctx, name, json_true());
}

static void add_operator(void *ctx, const char *op)
{
	json_object_set_new(ctx, op, json_true());
}

static json_t *events_of(const struct ast *condition)
{
	json_t *set = json_object();
	struct name_set names;

	ast_events(condition, &names);
	for (unsigned int i = 0; i < name_count; i++) {
		/* the original binds every rule to this one as well; it means nothing */
		if (name_set_has(&names, (int)i) && strcmp(name_table[i], "asyncevent"))
			json_object_set_new(set, name_table[i], json_true());
	}
	return sorted(set);
}

static json_t *texts(const char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, json_string(*v));
	return a;
}

/* Which opens leave the kernel for this rule: what it costs. */
static json_t *opens_of(const struct engine *e, uint32_t id, enum opens_way way)
{
	uint32_t names = 0;
	char text[64];
	struct opens o;

	engine_condition_opens(e, id, way, &o);
	for (uint32_t i = 0; i < o.n; i++)
		names += o.v[i].kind == OPEN_NAME || o.v[i].kind == OPEN_SUFFIX;
	if (o.n == 0)
		snprintf(text, sizeof(text), "%s", o.all ? "all" : "none");
	else
		snprintf(text, sizeof(text), "by %u %s%s", o.n, names == o.n ? "name" : names ? "names and folder" : "folder",
			 o.n > 1 ? "s" : "");
	opens_free(&o);
	return json_string(text);
}

static json_t *rule_json(const struct engine *engine, uint32_t id)
{
	const struct loaded_rule *r = &engine_condition_loaded(engine)->rules[id];
	json_t *fields = json_object(), *output = json_object(), *operators = json_object(), *unseen = json_array(), *events, *e;
	struct buf b = {};
	size_t i;

	ast_print(r->tree, &b);
	ast_each_field(r->tree, add_field, fields);
	ast_each_operator(r->tree, add_operator, operators);
	if (r->output)
		output_each_field(r->output, add_field, output);
	events = events_of(r->tree);
	json_array_foreach(events, i, e) {
		if (name_call(name_find(str(json_string_value(e)))) == CALL_NONE)
			json_array_append(unseen, e);
	}
	e = json_pack("{s:s, s:s, s:s, s:s%, s:s, s:b, s:s, s:i, s:o, s:o, s:s, s:s%, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}",
		      "rule", r->info.name, "desc", r->info.desc, "source", r->info.source,
		      "conditionSource", r->condition_text.p, r->condition_text.n,
		      "priority", r->info.priority ? r->info.priority : "", "enabled", r->info.enabled,
		      "type", r->info.type, "severityScore", (int)r->info.score, "mitre", texts(r->info.mitre),
		      "tags", texts(r->info.tags), "condition", b.p ? b.p : "", "output", r->output_text.p, r->output_text.n,
		      "fields", sorted(fields), "outputFields", sorted(output), "operators", sorted(operators),
		      "events", events, "eventsUnseen", unseen, "opens", "readOnly", opens_of(engine, id, OPENS_READ), "others",
		      opens_of(engine, id, OPENS_WRITTEN));
	json_object_set_new(e, "mode", json_string(mode_of_rule(r)));
	json_object_set_new(e, "fieldsNever", never_of_rule(r));
	json_object_set_new(e, "sent", explain_refuse(engine, id));
	buf_free(&b);
	return e;
}

static void print_list(const char *title, json_t *list)
{
	json_t *v;
	size_t i;

	printf("  %-11s", title);
	json_array_foreach(list, i, v) {
		if (i == EVENTS_SHOWN) {
			printf(" … %zu in all", json_array_size(list));
			break;
		}
		printf(" %s", json_string_value(v));
	}
	puts("");
}

static void print_never(json_t *never)
{
	json_t *one;
	size_t i;

	json_array_foreach(never, i, one)
		printf("  %-11s %s: %s\n", i ? "" : "never set", json_string_value(json_object_get(one, "field")),
		       json_string_value(json_object_get(one, "because")));
}

static void print_opens(json_t *opens)
{
	const char *read = json_string_value(json_object_get(opens, "readOnly"));
	const char *others = json_string_value(json_object_get(opens, "others"));

	if (strcmp(read, "none") || strcmp(others, "none"))
		printf("  %-11s read-only %s, others %s\n", "opens sent", read, others);
}

static void print_rule(json_t *r)
{
	const char *mode = json_string_value(json_object_get(r, "mode"));

	printf("%s\n  %-11s %s, score %lld, %s%s\n", json_string_value(json_object_get(r, "rule")), "type",
	       json_string_value(json_object_get(r, "type")), (long long)json_integer_value(json_object_get(r, "severityScore")),
	       json_string_value(json_object_get(r, "priority")), !strcmp(mode, "off") ? ", disabled" :
	       !strcmp(mode, "observe") ? ", observed: no findings" : "");
	if (!json_object_get(r, "tree"))
		printf("  %-11s %s\n", "condition", json_string_value(json_object_get(r, "condition")));
	print_list("events", json_object_get(r, "events"));
	if (json_array_size(json_object_get(r, "eventsUnseen")))
		print_list("not seen", json_object_get(r, "eventsUnseen"));
	print_opens(json_object_get(r, "opens"));
	explain_refuse_print(json_object_get(r, "sent"));
	print_list("fields", json_object_get(r, "fields"));
	print_list("output", json_object_get(r, "outputFields"));
	print_never(json_object_get(r, "fieldsNever"));
	if (!json_object_get(r, "tree"))
		return;
	explain_host_print(r);
	if (json_object_get(r, "evaluations"))
		explain_events_print(r);
	else
		explain_tree_print(r);
}

static int no_rule(const struct loaded *l, const char *rule)
{
	_cleanup_(freep) const char **names = calloc(l->nrules + 1, sizeof(*names));
	const char *near;

	for (uint32_t k = 0; names && k < l->nrules; k++)
		names[k] = l->rules[k].info.name;
	near = names ? diag_nearest(str(rule), names, l->nrules) : NULL;
	fprintf(stderr, "noroshi explain: there is no rule \"%s\"%s%s%s\n", rule, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	return EXIT_INPUT;
}

/* What is asked for. */
struct asked {
	const char *rule, *events;	/* NULL: all rules; none */
	bool json;
	unsigned int check_flags;
};

/* A rule by its name is shown with everything, also when it is off. */
static int add(json_t *all, const struct engine *engine, uint32_t id, const struct asked *a)
{
	const struct loaded_rule *r = &engine_condition_loaded(engine)->rules[id];
	json_t *o;

	if (a->rule ? strcmp(a->rule, r->info.name) || !r->tree : !r->condition)
		return 0;
	o = rule_json(engine, id);
	json_array_append_new(all, o);
	if (explain_tree(o, r, a->check_flags) < 0)
		return fprintf(stderr, "noroshi explain: no memory\n"), -1;
	if (!a->rule && !a->json)	/* one line for each condition of many */
		json_object_del(o, "tree");
	return a->events ? explain_events(o, r, a->check_flags, a->events) : 0;
}

static int explain(const struct engine *engine, const struct asked *a)
{
	const struct loaded *l = engine_condition_loaded(engine);
	json_t *all = json_array(), *o;
	int status = EXIT_OK;
	size_t i;

	for (uint32_t k = 0; k < l->nrules && status == EXIT_OK; k++)
		status = add(all, engine, k, a) < 0 ? EXIT_INPUT : EXIT_OK;
	if (status == EXIT_OK && a->rule && !json_array_size(all))
		status = no_rule(l, a->rule);
	json_array_foreach(all, i, o) {
		if (status == EXIT_OK && !a->json)
			print_rule(o);
	}
	if (status == EXIT_OK && a->json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		puts("");
	}
	json_decref(all);
	return status;
}

static int run(int argc, char **argv)
{
	struct cmd_parse p = {.argc = argc, .argv = argv, .at = 1};
	const char *rules[RULES_PATHS_MAX], *config = NULL;
	struct rules_opts opts = RULES_OPTS_INIT;
	struct asked asked = {};
	struct rules_read read;
	bool bad = false;
	size_t n = 0;
	int o, r;

	while ((o = cmd_next(&p, &cmd_explain)) != CMD_END) {
		if (o == CMD_HELP)
			return EXIT_OK;
		if (o >= 0 && rules_opts_take(&opts, "explain", o - OPT_RULES_BASE, p.value, &bad)) {
			if (bad)
				return EXIT_INPUT;
		} else if (o == OPT_RULES && n < RULES_PATHS_MAX)
			rules[n++] = p.value;
		else if (o == OPT_EVENTS)
			asked.events = p.value;
		else if (o == OPT_CONFIG)
			config = p.value;
		else if (o == OPT_JSON)
			asked.json = true;
		else if (o == CMD_ARG && !asked.rule)
			asked.rule = p.value;
		else
			return EXIT_INPUT;
	}
	if (asked.events && !asked.rule)
		return fprintf(stderr, "noroshi explain: -e needs the name of a RULE\n"), EXIT_INPUT;
	r = rules_read(&read, &opts, config, rules, n, false);
	asked.check_flags = read.in.strict_compat ? AST_STRICT_COMPAT : 0;
	r = r < 0 ? EXIT_INPUT : explain(ruleset_engine(read.rules, "condition"), &asked);
	rules_read_end(&read);
	return r;
}

const struct cmd cmd_explain = {
	.name = "explain",
	.args = "[-c CONFIG] [-r RULES]... [-e EVENTS[:N]] [--json] [RULE]",
	.summary = "rules compiled: condition, fields, events needed and which of them nobody reports",
	.options = options,
	.run = run,
};
