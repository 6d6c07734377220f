/* SPDX-License-Identifier: Apache-2.0 */
/* Rule items: their keys, the defaults of what is missing, and what a second item of the same name does. */
#include "rule/loader_state.h"
#include "util/limits.h"
#include <ctype.h>
#include <errno.h>

/* What may be changed of a rule; the order is that of enum rule_key. */
enum rule_key {
	KEY_CONDITION, KEY_OUTPUT, KEY_DESC, KEY_PRIORITY, KEY_TAGS, KEY_ENABLED, KEY_WARN, KEY_SKIP,
	KEY_CAPTURE, KEY_CAPTURE_DURATION, KEY_TYPE, KEY_SEVERITY, KEY_MITRE, KEY_REMEDY, KEY_FALSE_POSITIVES, KEY_EXAMPLES,
	KEY_EXCEPTIONS,	/* behind KEY_SKIP, which decides how much of them is checked */
	KEY_MAX,
};

static const struct change_key changeable[KEY_MAX] = {
	[KEY_CONDITION] = {"condition", true, true}, [KEY_OUTPUT] = {"output", true, true}, [KEY_DESC] = {"desc", true, true},
	[KEY_PRIORITY] = {"priority", false, true}, [KEY_TAGS] = {"tags", true, true},
	[KEY_EXCEPTIONS] = {"exceptions", true, true}, [KEY_ENABLED] = {"enabled", false, true},
	[KEY_WARN] = {"warn_evttypes", false, true}, [KEY_SKIP] = {"skip-if-unknown-filter", false, true},
	[KEY_CAPTURE] = {"capture", false, true}, [KEY_CAPTURE_DURATION] = {"capture_duration", false, true},
	[KEY_TYPE] = {"type", false, true}, [KEY_SEVERITY] = {"severity", false, true}, [KEY_MITRE] = {"mitre", true, true},
	[KEY_REMEDY] = {"remedy", false, true}, [KEY_FALSE_POSITIVES] = {"false_positives", true, true},
	[KEY_EXAMPLES] = {"examples", true, true},
};

static const char *const known[] = {
	"rule", "condition", "output", "desc", "priority", "tags", "exceptions", "enabled", "warn_evttypes",
	"skip-if-unknown-filter", "capture", "capture_duration", "source", "append", "override", "type", "severity", "mitre",
	"remedy", "false_positives", "examples", "no_lint",
};
const struct key_set loader_rule_keys = {known, ARRAY_SIZE(known)};

static const char *const priorities[] = {
	"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug", "Info",
};



static int word_of(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s.n == strlen(words[i]) && !strncasecmp(s.p, words[i], s.n))
			return (int)i;
	}
	return -1;
}

static bool get_priority(struct loader *l, const yaml_node_t *map, const char *item, unsigned int *ret)
{
	struct scalar s;
	char hint[160];
	int i;

	if (!need_text(l, map, "priority", item, &s))
		return false;
	i = word_of(s.value, priorities, ARRAY_SIZE(priorities));
	if (i < 0) {
		say(l, DIAG_YAML_VALIDATE, &s.place, item, hint_text(hint, diag_nearest(s.value, priorities, ARRAY_SIZE(priorities))),
		    "invalid priority \"" STR_FMT "\"", STR_ARG(s.value));
		return false;
	}
	*ret = i == 8 ? 6 : (unsigned int)i;
	return true;
}

/* info, low, medium, high, critical, or 0 to 10. */
static bool get_severity(struct loader *l, const yaml_node_t *map, const char *item, unsigned int *ret)
{
	static const char *const words[] = {"info", "low", "medium", "high", "critical"};
	static const unsigned int scores[] = {0, 3, 5, 8, 9};
	struct scalar s = node_scalar(l, map_get(l, map, "severity"));
	char hint[160], text[4] = "";
	int i;

	if (!map_get(l, map, "severity"))
		return true;
	if (s.value.n && s.value.n < 3 && isdigit((unsigned char)s.value.p[0])) {
		memcpy(text, s.value.p, s.value.n);
		i = atoi(text);
		if ((s.value.n == 1 || isdigit((unsigned char)s.value.p[1])) && i <= 10) {
			*ret = (unsigned int)i;
			return true;
		}
	}
	i = s.value.p ? word_of(s.value, words, ARRAY_SIZE(words)) : -1;
	if (i >= 0) {
		*ret = scores[i];
		return true;
	}
	say(l, DIAG_YAML_VALIDATE, &s.place, item, s.value.p ? hint_text(hint, diag_nearest(s.value, words, ARRAY_SIZE(words))) : NULL,
	    "invalid severity \"" STR_FMT "\": wanted is info, low, medium, high, critical or 0 to 10", STR_ARG(s.value));
	return false;
}

/* Tactic:Runtime/Name */
static bool type_good(struct str s)
{
	unsigned int part = 0;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] == ':' && part == 0) || (s.p[i] == '/' && part == 1)) {
			if (!n)
				return false;
			part++;
			n = 0;
		} else if (isalnum((unsigned char)s.p[i]) || (part == 2 && strchr(".!_-", s.p[i]))) {
			n++;
		} else {
			return false;
		}
	}
	return part == 2 && n;
}

static bool get_type(struct loader *l, const yaml_node_t *map, const char *item, struct scalar *ret)
{
	struct scalar s;

	if (!map_get(l, map, "type"))
		return true;
	if (!need_text(l, map, "type", item, &s))
		return false;
	if (!type_good(s.value)) {
		say(l, DIAG_VALIDATE, &s.place, item, NULL,
		    "\"" STR_FMT "\" is no finding type: wanted is Tactic:Runtime/Name, as in Execution:Runtime/ReverseShell", STR_ARG(s.value));
		return false;
	}
	*ret = s;
	return true;
}

/* T1234 or T1234.001 */
static bool is_technique(struct str s)
{
	if (s.n != 5 && s.n != 9)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!i ? s.p[i] != 'T' : i == 5 ? s.p[i] != '.' : !isdigit((unsigned char)s.p[i]))
			return false;
	}
	return true;
}

static bool get_mitre(struct loader *l, const yaml_node_t *map, const char *item, struct str **v, size_t *n)
{
	const yaml_node_t *node = map_get(l, map, "mitre");
	struct place place;

	if (!node)
		return true;
	if (!get_texts(l, map, "mitre", item, v, n))
		return false;
	place = node_place(l, node);
	for (size_t i = 0; i < *n; i++) {
		if (!is_technique((*v)[i])) {
			say(l, DIAG_VALIDATE, &place, item, NULL, "\"" STR_FMT "\" is no technique id: wanted is T1234 or T1234.001",
			    STR_ARG((*v)[i]));
			return false;
		}
	}
	return true;
}

/* The shape only; `noroshi test` reads and runs them. */
static bool check_examples(struct loader *l, const yaml_node_t *map, const char *item)
{
	const yaml_node_t *n = map_get(l, map, "examples");
	struct place place;

	if (!n || node_is_null(n))
		return true;
	place = node_place(l, n);
	if (n->type != YAML_SEQUENCE_NODE) {
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"examples\" has to be a list of \"match:\" and \"nomatch:\"");
		return false;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		const yaml_node_t *one = node_at(l, *i);

		place = node_place(l, one);
		if (one->type == YAML_MAPPING_NODE && (map_get(l, one, "match") || map_get(l, one, "nomatch")))
			continue;
		say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "an example is \"match: EVENT\" or \"nomatch: EVENT\"");
		return false;
	}
	return true;
}

/* The original's capture keys are read so that their files load; nothing here starts a capture. */
static bool check_capture(struct loader *l, const yaml_node_t *map, const char *item)
{
	bool capture;

	return get_bool(l, map, "capture", item, &capture);
}

static bool add_text(struct loader *l, struct ctext *t, const struct scalar *s, bool append)
{
	int r = 0;

	if (!append)
		ctext_free(t);
	else if (t->text.n)
		r = ctext_add(t, STR(" "), &(struct segment){.place = s->place, .value = s->value});
	if (!r)
		r = ctext_scalar(t, s->value, &s->place);
	if (r < 0)
		l->no_memory = true;
	return !r;
}

/* An output without the blanks around it, and without what the original no longer knows. */
static bool get_output(struct loader *l, const yaml_node_t *map, const char *item, struct scalar *ret)
{
	static const char gone[] = "%container.info";
	const char *at;
	struct scalar s;
	char *p;

	if (!need_text(l, map, "output", item, &s))
		return false;
	while (s.value.n && strchr(" \t\r\n", s.value.p[s.value.n - 1]))
		s.value.n--;
	while ((at = memmem(s.value.p, s.value.n, gone, strlen(gone)))) {
		size_t before = (size_t)(at - s.value.p);

		say(l, DIAG_DEPRECATED, &s.place, item, NULL, "%%container.info is deprecated and left out");
		p = arena_alloc(l->arena, s.value.n);
		if (!p) {
			l->no_memory = true;
			return false;
		}
		memcpy(p, s.value.p, before);
		memcpy(p + before, at + strlen(gone), s.value.n - before - strlen(gone));
		s.value = str_n(p, s.value.n - strlen(gone));
	}
	*ret = s;
	return true;
}

static bool union_texts(struct loader *l, struct str **v, size_t *n, const struct str *more, size_t nmore)
{
	struct str *all = arena_array(l->arena, struct str, *n + nmore + 1);
	size_t k = 0;

	if (!all) {
		l->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < *n; i++)
		all[k++] = (*v)[i];
	for (size_t i = 0; i < nmore; i++) {
		bool there = false;

		for (size_t j = 0; j < k; j++)
			there = there || str_eq(all[j], more[i]);
		if (!there)
			all[k++] = more[i];
	}
	*v = all;
	*n = k;
	return true;
}

/* true, false, or observe: on, but only tried out. */
static bool get_enabled(struct loader *l, const yaml_node_t *map, const char *item, struct rule_def *r)
{
	const yaml_node_t *n = map_get(l, map, "enabled");
	struct place place;

	if (!n)
		return true;
	r->observe = n->type == YAML_SCALAR_NODE && str_eq(node_text(n), STR("observe"));
	if (r->observe) {
		r->enabled = true;
		return true;
	}
	if (node_bool(n, &r->enabled))
		return true;
	place = node_place(l, n);
	say(l, DIAG_YAML_VALIDATE, &place, item, NULL, "\"enabled\" has to be true, false or observe");
	return false;
}

static bool change_texts(struct loader *l, const yaml_node_t *map, const char *key, const char *item, enum change c,
			 struct str **v, size_t *n)
{
	struct str *more = NULL;
	size_t nmore = 0;

	if (!get_texts(l, map, key, item, &more, &nmore))
		return false;
	if (c != CHANGE_APPEND)
		*n = 0;
	return union_texts(l, v, n, more, nmore);
}

/* One key of an item, into the rule. */
static bool apply_text_key(struct loader *l, const yaml_node_t *map, const char *item, enum rule_key k, enum change c,
			   struct rule_def *r)
{
	bool append = c == CHANGE_APPEND;
	struct scalar s;

	switch (k) {
	case KEY_CONDITION:
		return need_text(l, map, "condition", item, &s) && add_text(l, &r->condition, &s, append);
	case KEY_OUTPUT:
		return get_output(l, map, item, &s) && add_text(l, &r->output, &s, append);
	case KEY_DESC:
		return need_text(l, map, "desc", item, &s) && add_text(l, &r->desc, &s, append);
	case KEY_REMEDY:
		r->remedy = node_scalar(l, map_get(l, map, "remedy"));
		return true;
	case KEY_TYPE:
		return get_type(l, map, item, &r->type);
	default:
		return true;
	}
}

static bool apply_key(struct loader *l, const yaml_node_t *map, const char *item, enum rule_key k, enum change c,
		      struct rule_def *r)
{
	switch (k) {
	case KEY_PRIORITY:
		return get_priority(l, map, item, &r->priority);
	case KEY_TAGS:
		return change_texts(l, map, "tags", item, c, &r->tags, &r->ntags);
	case KEY_MITRE:
		return get_mitre(l, map, item, &r->mitre, &r->nmitre);
	case KEY_EXCEPTIONS:
		if (c == CHANGE_REPLACE)
			r->nexceptions = 0;
		return get_exceptions(l, map, item, r, c == CHANGE_APPEND);
	case KEY_ENABLED:
		return get_enabled(l, map, item, r);
	case KEY_WARN:
		return get_bool(l, map, "warn_evttypes", item, &r->warn_evttypes);
	case KEY_SKIP:
		return get_bool(l, map, "skip-if-unknown-filter", item, &r->skip_unknown);
	case KEY_CAPTURE:
		return check_capture(l, map, item);
	case KEY_SEVERITY:
		return get_severity(l, map, item, &r->score);
	case KEY_EXAMPLES:
		r->examples = true;
		return check_examples(l, map, item);
	default:
		return apply_text_key(l, map, item, k, c, r);
	}
}

static struct str source_of(struct loader *l, const yaml_node_t *map)
{
	struct str s = node_text(map_get(l, map, "source"));

	return s.n ? s : STR("syscall");
}

static bool same_source(struct loader *l, const yaml_node_t *map, const char *item, const struct rule_def *r)
{
	const yaml_node_t *n = map_get(l, map, "source");
	struct place place;

	if (!n || str_eq(source_of(l, map), r->source.value))
		return true;
	place = node_place(l, n);
	say(l, DIAG_VALIDATE, &place, item, NULL, "the rule was defined with another source, \"" STR_FMT "\"", STR_ARG(r->source.value));
	return false;
}

/* An item with `override` or `append: true`: appends first, then replacements. */
static void change_rule(struct loader *l, const yaml_node_t *map, const char *item, const struct scalar *name,
			const struct changes *c)
{
	struct rule_def *r = rule_find(l, name->value);
	bool appends = false, ok = true;

	for (size_t i = 0; i < KEY_MAX; i++)
		appends = appends || c->of[i] == CHANGE_APPEND;
	if (!r) {
		say(l, DIAG_VALIDATE, &name->place, item, NULL, "nothing to %s: no rule of that name stands before it",
		    appends ? "append to" : "override");
		return;
	}
	if (!same_source(l, map, item, r))
		return;
	if (c->legacy && !map_get(l, map, "condition") && !map_get(l, map, "exceptions")) {
		say(l, DIAG_VALIDATE, &name->place, item, NULL, "an appended rule has to have \"condition\" or \"exceptions\"");
		return;
	}
	for (enum change pass = CHANGE_APPEND; pass <= CHANGE_REPLACE; pass++) {
		for (size_t i = 0; i < KEY_MAX; i++) {
			/* append: true looks at these two only, as in the original */
			if (c->legacy && i != KEY_CONDITION && i != KEY_EXCEPTIONS)
				continue;
			if (c->of[i] == pass && map_get(l, map, changeable[i].key))
				ok = apply_key(l, map, item, (enum rule_key)i, pass, r) && ok;
		}
	}
	r->broken = r->broken || !ok;
}

/* `enabled` by itself. */
static void toggle_rule(struct loader *l, const yaml_node_t *map, const char *item, const struct scalar *name)
{
	const yaml_node_t *n = map_get(l, map, "enabled");
	struct rule_def *r = rule_find(l, name->value);
	struct place place = node_place(l, n);

	if (!r) {
		say(l, DIAG_VALIDATE, &name->place, item, NULL, "nothing to enable or disable: no rule of that name stands before it");
		return;
	}
	say(l, DIAG_DEPRECATED, &place, item, NULL,
	    "\"enabled\" by itself is deprecated: write \"enabled: replace\" under \"override\" as well");
	get_enabled(l, map, item, r);
}

static void clear_rule(struct rule_def *r, const struct scalar *name)
{
	struct ctext condition = r->condition, output = r->output, desc = r->desc;

	ctext_free(&condition);
	ctext_free(&output);
	ctext_free(&desc);
	*r = (struct rule_def){.name = *name, .condition = condition, .output = output, .desc = desc, .enabled = true,
			       .warn_evttypes = true, .score = NO_SCORE};
}

static void define_rule(struct loader *l, const yaml_node_t *map, const char *item, const struct scalar *name)
{
	struct rule_def *r = rule_find(l, name->value);
	bool ok = true;

	if (r && !r->broken && !same_source(l, map, item, r))
		return;
	if (!r && l->nrules == RULES_MAX) {
		say(l, DIAG_VALIDATE, &name->place, item, NULL, "there are more than %d rules", RULES_MAX);
		return;
	}
	if (r)
		defined_again(l, "rule", &r->name, name);
	else
		r = rule_add(l, name);
	if (!r)
		return;
	clear_rule(r, name);
	r->source = node_scalar(l, map_get(l, map, "source"));
	if (!r->source.value.n)
		r->source.value = STR("syscall");
	r->skipped = !str_eq(r->source.value, STR("syscall"));
	for (size_t i = 0; i < KEY_MAX; i++) {
		if (i <= KEY_PRIORITY || map_get(l, map, changeable[i].key))
			ok = apply_key(l, map, item, (enum rule_key)i, CHANGE_NONE, r) && ok;
	}
	r->broken = !ok;
	if (r->skipped)
		say(l, DIAG_UNKNOWN_SOURCE, &r->source.place, item, NULL, "unknown event source \"" STR_FMT "\": the rule is skipped",
		    STR_ARG(r->source.value));
}

void collect_rule(struct loader *l, const yaml_node_t *map)
{
	struct changes changes;
	struct scalar name;
	bool any = false;
	char item[160];

	if (!need_text(l, map, "rule", "rule", &name))
		return;
	item_text(item, "rule", name.value);
	check_keys(l, map, &(struct key_set){known, ARRAY_SIZE(known)}, item);
	if (!get_changes(l, map, item, changeable, KEY_MAX, &changes))
		return;
	for (size_t i = 0; i <= KEY_PRIORITY; i++)
		any = any || map_get(l, map, changeable[i].key);
	if (changes.any)
		change_rule(l, map, item, &name, &changes);
	else if (!any && map_get(l, map, "enabled"))
		toggle_rule(l, map, item, &name);
	else
		define_rule(l, map, item, &name);
}
