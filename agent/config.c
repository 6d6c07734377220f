/* SPDX-License-Identifier: Apache-2.0 */
#include "attribution/imds.h"
#include "config_parse.h"
#include "deliver/sink.h"
#include "places.h"
#include "util/fs.h"
#include "util/http.h"
#include "util/yaml_json.h"
#include "wire.h"
#include <ctype.h>
#include <errno.h>

#define SINKS_MAX 16	/* entries of "sinks" */
#define TEXTS_MAX 256	/* entries of a list */

enum kind { UINT, BYTES, DURATION, TEXT, TEXTS };

struct key {
	const char *name;
	enum kind kind;
	size_t off;
	uint64_t min, max;
};

static const struct key keys[] = {
#define KEY(name, kind, member, deflt, min, max, doc) {name, kind, offsetof(struct config, member), min, max},
#include "config.def"
};

static const struct key sink_keys[] = {
#define SINK_KEY(name, kind, member, min, max, doc) {name, kind, offsetof(struct config_sink, member), min, max},
#include "config.def"
};

_Static_assert(ARRAY_SIZE(keys) <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX");

struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->arena = arena_new(RULE_FILE_BYTES_MAX);
	if (!c->arena)
		return config_free(c);
#define DEFAULT_UINT(member, v) c->member = (uint64_t)(v)
#define DEFAULT_BYTES DEFAULT_UINT
#define DEFAULT_DURATION DEFAULT_UINT
#define DEFAULT_TEXT(member, v) c->member = v
#define DEFAULT_TEXTS(member, v) c->member = (struct texts){v, 0}
#define KEY(name, kind, member, deflt, min, max, doc) DEFAULT_##kind(member, deflt);
#include "config.def"
	return c;
}

struct config *config_free(struct config *c)
{
	if (c)
		arena_free(c->arena);
	free(c);
	return NULL;
}

static const char *config_text(struct config *c, const char *s)
{
	return arena_strdup(c->arena, s);
}

/* A number with one of the units; 0 on success. */
static int number(const char *s, const char *const *units, const uint64_t *factors, uint64_t *ret)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -ERANGE;
	while (*end == ' ')
		end++;
	for (size_t i = 0; units[i]; i++) {
		if (strcmp(end, units[i]))
			continue;
		return __builtin_mul_overflow(v, factors[i], ret) ? -ERANGE : 0;
	}
	return -EINVAL;
}

static int parse_number(const char *s, enum kind kind, uint64_t *ret)
{
	static const char *const none[] = {"", NULL};
	static const uint64_t one[] = {1};
	static const char *const bytes[] = {"", "KiB", "MiB", "GiB", NULL};
	static const uint64_t byte_factors[] = {1, 1u << 10, 1u << 20, 1u << 30};
	static const char *const times[] = {"ms", "s", "m", "h", NULL};
	static const uint64_t time_factors[] = {1, 1000, 60000, 3600000};

	if (kind == DURATION && !strcmp(s, "0"))
		return *ret = 0;
	if (kind == DURATION)
		return number(s, times, time_factors, ret);
	return kind == BYTES ? number(s, bytes, byte_factors, ret) : number(s, none, one, ret);
}

static void set_number(struct config_parse *p, const struct key *k, void *base, const yaml_node_t *n)
{
	static const char *const wanted[] = {"a number", "a number with KiB, MiB or GiB", "a duration such as 500ms, 10s or 5m"};
	const char *s = config_scalar(n);
	uint64_t v;

	if (!s || parse_number(s, k->kind, &v) < 0)
		complain(p, n, NULL, "%s wants %s", k->name, wanted[k->kind]);
	else if (v < k->min || v > k->max)
		complain(p, n, NULL, "%s must lie between %llu and %llu%s", k->name, (unsigned long long)k->min,
			 (unsigned long long)k->max, k->kind == DURATION ? " ms" : "");
	else
		*(uint64_t *)((char *)base + k->off) = v;
}

static void set_texts(struct config_parse *p, const struct key *k, void *base, const yaml_node_t *n)
{
	struct texts t = {};

	if (n->type != YAML_SEQUENCE_NODE) {
		complain(p, n, NULL, "%s wants a list of texts", k->name);
		return;
	}
	t.v = arena_array(p->c->arena, const char *, TEXTS_MAX);
	for (yaml_node_item_t *i = n->data.sequence.items.start; t.v && i < n->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&p->doc, *i);

		if (!config_scalar(item))
			complain(p, item, NULL, "%s wants a list of texts", k->name);
		else if (t.n == TEXTS_MAX)
			complain(p, item, NULL, "%s takes %d entries at most", k->name, TEXTS_MAX);
		else
			t.v[t.n++] = config_text(p->c, config_scalar(item));
	}
	*(struct texts *)((char *)base + k->off) = t;
}

unsigned int config_port(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && n <= 65535 ? (unsigned int)n : 0;
}

static void check_ports(struct config_parse *p, const struct key *k, const yaml_node_t *n, const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!config_port(t->v[i]))
			complain(p, n, NULL, "%s: \"%s\" is no port, 1 to 65535", k->name, t->v[i]);
	}
	if (t->n > DNS_PORTS_MAX)
		complain(p, n, NULL, "%s takes %d entries at most", k->name, DNS_PORTS_MAX);
}

/* Keys whose text is one of some words. Case counts as little as where the word is used. */
static const struct {
	const char *key;
	bool any_case;
	const char *words[10];
} choices[] = {
	{"log_level", false, {"error", "warning", "info", "debug"}},
	{"priority", true, {"emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"}},
	{"compression", false, {"gzip", "zstd", "none"}},
	{"rule_matching", false, {"all", "first"}},
	{"semantics", false, {"native", "falco"}},
	{"ia32", false, {"off", "guard"}},
	{"sensor.refuse", false, {"on", "off"}},
	{"exclude.tags", false, {"on", "off"}},
	{"hash.executables", false, {"on", "off"}},
	{"sensor.attach", false, {"auto", "tracepoint", "function"}},
};

/* An agent of this host: what stands elsewhere would learn of every container here, and could say anything of it. */
static void check_local(struct config_parse *p, const struct key *k, const yaml_node_t *n)
{
	const char *url = config_scalar(n);
	struct http_url u;

	if (!strcmp(url, "off"))
		return;
	if (http_url_parse(&u, url) < 0) {
		complain(p, n, NULL, "%s wants an http URL such as http://127.0.0.1:51678, or off", k->name);
		return;
	}
	if (!u.loopback)
		complain(p, n, NULL, "%s must be on this host: \"%s\" is no loopback address", k->name, u.host);
	if (u.userinfo || url[strcspn(url, "?#")])
		complain(p, n, NULL, "%s takes no user, query or fragment", k->name);
	http_url_free(&u);
}

static void check_listen(struct config_parse *p, const struct key *k, const yaml_node_t *n)
{
	struct sockaddr_storage at;

	if (strcmp(config_scalar(n), "off") && http_loopback_address(&at, config_scalar(n)) < 0)
		complain(p, n, NULL, "%s wants a loopback address and a port, such as 127.0.0.1:9765 or [::1]:9765, or off", k->name);
}

static void check_place(struct config_parse *p, const struct key *k, const yaml_node_t *n, const char *(*refuse)(const char *))
{
	const char *text = config_scalar(n), *why = strcmp(text, "off") && strcmp(text, "auto") ? refuse(text) : NULL;

	if (why)
		complain(p, n, NULL, "%s %s", k->name, why);
}

/* What stands elsewhere could say anything of this host. */
static void check_imds(struct config_parse *p, const yaml_node_t *n)
{
	const char *url = config_scalar(n);

	if (!strcmp(url, "off") || !strcmp(url, "auto"))
		return;
	if (strlen(url) > IMDS_URL_MAX || url[strcspn(url, "?#")] || !imds_url_is_local(url))
		complain(p, n, NULL, "imds wants auto, off, or an http URL with a link-local or loopback address, such as " IMDS_URL);
}

static void check_host_fact(struct config_parse *p, const struct key *k, const yaml_node_t *n)
{
	if (!*config_scalar(n) || strlen(config_scalar(n)) >= HOST_FACT_MAX)
		complain(p, n, NULL, "%s wants a text of 1 to %d bytes", k->name, HOST_FACT_MAX - 1);
}

static void suggest(struct config_parse *p, const yaml_node_t *n, const char *const *words, const char *message)
{
	size_t count = 0;
	const char *near;
	char hint[128];

	while (words[count])
		count++;
	near = diag_nearest(str(config_scalar(n)), words, count);
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	complain(p, n, near ? hint : NULL, "%s", message);
}

static void check_choice(struct config_parse *p, const char *key, const yaml_node_t *n)
{
	struct buf message = {};

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (strcmp(choices[i].key, key))
			continue;
		buf_printf(&message, "%s wants one of", key);
		for (const char *const *w = choices[i].words; *w; w++) {
			if (!(choices[i].any_case ? strcasecmp : strcmp)(*w, config_scalar(n)))
				goto out;
			buf_printf(&message, "%s %s", w == choices[i].words ? "" : ",", *w);
		}
		buf_add(&message, "", 1);
		suggest(p, n, choices[i].words, message.p);
	}
out:
	buf_free(&message);
}

/* "sink: upload:URL": the word before the colon. */
static void check_sink(struct config_parse *p, const yaml_node_t *n)
{
	const char *names[ARRAY_SIZE(sink_keys) + 1] = {}, *spec = config_scalar(n);
	struct str word = str_n(spec, strcspn(spec, ":"));

	for (size_t i = 0; sink_list[i] && i < ARRAY_SIZE(sink_keys); i++) {
		names[i] = sink_list[i]->name;
		if (str_eq(word, str(names[i])))
			return;
	}
	suggest(p, n, names, "there is no such sink: stdout, file:PATH or upload:URL");
}

static void set(struct config_parse *p, const struct key *k, void *base, const yaml_node_t *n)
{
	switch (k->kind) {
	case TEXT:
		if (!config_scalar(n)) {
			complain(p, n, NULL, "%s wants a text", k->name);
			break;
		}
		*(const char **)((char *)base + k->off) = config_text(p->c, config_scalar(n));
		check_choice(p, k->name, n);
		if (!strcmp(k->name, "attribution.ecs"))
			check_local(p, k, n);
		if (!strcmp(k->name, "attribution.task_metadata"))
			check_place(p, k, n, places_refuse_metadata);
		if (!strcmp(k->name, "attribution.ecs_files"))
			check_place(p, k, n, places_refuse_data_dir);
		if (!strcmp(k->name, "control.listen"))
			check_listen(p, k, n);
		if (!strcmp(k->name, "imds"))
			check_imds(p, n);
		if (!strncmp(k->name, "host.", 5))
			check_host_fact(p, k, n);
		if (k >= sink_keys && k < sink_keys + ARRAY_SIZE(sink_keys) && !strcmp(k->name, "sink"))
			check_sink(p, n);
		break;
	case TEXTS:
		set_texts(p, k, base, n);
		if (!strcmp(k->name, "dns.ports"))
			check_ports(p, k, n, (const struct texts *)((char *)base + k->off));
		break;
	default:
		set_number(p, k, base, n);
	}
}

static void read_sinks(struct config_parse *p, const yaml_node_t *n);

/* Keys whose value is a list of maps. */
static const struct {
	const char *name;
	void (*read)(struct config_parse *p, const yaml_node_t *n);
} lists[] = {
	{"sinks", read_sinks}, {"rules", config_read_rules}, {"append_output", config_read_append_output},
};

static void unknown(struct config_parse *p, const yaml_node_t *n, const char *name, const struct key *table, size_t count)
{
	const char *names[ARRAY_SIZE(keys) + ARRAY_SIZE(sink_keys) + ARRAY_SIZE(lists)];
	char hint[128];
	const char *near;
	size_t c = 0;

	for (size_t i = 0; i < count; i++)
		names[c++] = table[i].name;
	for (size_t i = 0; table == keys && i < ARRAY_SIZE(lists); i++)
		names[c++] = lists[i].name;
	near = diag_nearest(str(name), names, c);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near);
	complain(p, n, near ? hint : NULL, "unknown key \"%s\"", name);
}

static void read_map(struct config_parse *p, const yaml_node_t *map, const char *prefix, const struct key *table, size_t count,
		     void *base);

static void read_sinks(struct config_parse *p, const yaml_node_t *n)
{
	if (n->type != YAML_SEQUENCE_NODE) {
		complain(p, n, NULL, "sinks wants a list of maps, each with the key \"sink\"");
		return;
	}
	p->c->sinks = arena_array(p->c->arena, struct config_sink, SINKS_MAX);
	p->c->nsinks = 0;
	for (yaml_node_item_t *i = n->data.sequence.items.start; p->c->sinks && i < n->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(&p->doc, *i);
		struct config_sink *s = &p->c->sinks[p->c->nsinks];

		if (p->c->nsinks == SINKS_MAX) {
			complain(p, item, NULL, "sinks takes %d entries at most", SINKS_MAX);
			return;
		}
		if (item->type != YAML_MAPPING_NODE) {
			complain(p, item, NULL, "a sink is a map with the key \"sink\"");
			continue;
		}
		read_map(p, item, "", sink_keys, ARRAY_SIZE(sink_keys), s);
		if (!s->spec)
			complain(p, item, NULL, "this entry of sinks has no key \"sink\"");
		p->c->nsinks++;
	}
}

static void read_pair(struct config_parse *p, const char *prefix, const struct key *table, size_t count, void *base,
		      const yaml_node_t *key, const yaml_node_t *value)
{
	char name[256];

	if (!config_scalar(key)) {
		complain(p, key, NULL, "a key must be a text");
		return;
	}
	snprintf(name, sizeof(name), "%s%s", prefix, config_scalar(key));
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(name, table[i].name)) {
			if (table == keys && p->seen[i])
				complain(p, key, NULL, "the key \"%s\" stands here twice", name);
			if (table == keys)
				p->seen[i] = true;
			set(p, &table[i], base, value);
			return;
		}
	}
	for (size_t i = 0; table == keys && i < ARRAY_SIZE(lists); i++) {
		if (!strcmp(name, lists[i].name)) {
			lists[i].read(p, value);
			return;
		}
	}
	strncat(name, ".", sizeof(name) - strlen(name) - 1);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(table[i].name, name, strlen(name)))
			continue;
		if (value->type == YAML_MAPPING_NODE)
			read_map(p, value, name, table, count, base);
		else
			complain(p, value, NULL, "%s is a section: it wants keys below it, such as %s", config_scalar(key), table[i].name);
		return;
	}
	name[strlen(name) - 1] = 0;
	unknown(p, key, name, table, count);
}

static bool is_single_key(const struct key *table, const char *prefix, const char *name)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; table == keys && i < ARRAY_SIZE(keys); i++) {
		if (!strncmp(keys[i].name, prefix, n) && !strcmp(keys[i].name + n, name))
			return true;
	}
	return false;
}

static void read_map(struct config_parse *p, const yaml_node_t *map, const char *prefix, const struct key *table, size_t count,
		     void *base)
{
	const yaml_node_pair_t *pairs = map->data.mapping.pairs.start;
	size_t n = (size_t)(map->data.mapping.pairs.top - pairs);

	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *key = yaml_document_get_node(&p->doc, pairs[i].key);
		bool twice = false;

		for (size_t k = 0; k < i && config_scalar(key); k++) {
			const yaml_node_t *other = yaml_document_get_node(&p->doc, pairs[k].key);

			twice = twice || (config_scalar(other) && !strcmp(config_scalar(other), config_scalar(key)));
		}
		if (twice && !is_single_key(table, prefix, config_scalar(key)))	/* those are looked at where they are set */
			complain(p, key, NULL, "the key \"%s\" stands here twice", config_scalar(key));
		read_pair(p, prefix, table, count, base, key, yaml_document_get_node(&p->doc, pairs[i].value));
	}
}

static void yaml_error(struct config_parse *p, const yaml_parser_t *y)
{
	struct diag_place at = {.file = p->file, .len = 1};

	yaml_error_place(y, p->text.p, p->text.n, &at.line, &at.col);
	diags_add(p->diags, DIAG_CONFIG, at, p->text, NULL, NULL, "not YAML: %s", y->problem ? y->problem : "unreadable");
}

/* A second document would be ignored in silence. */
static void refuse_more(struct config_parse *p, yaml_parser_t *y)
{
	const yaml_node_t *root;

	if (!yaml_parser_load(y, &p->doc)) {
		yaml_error(p, y);
		return;
	}
	root = yaml_document_get_root_node(&p->doc);
	if (root)
		complain(p, root, NULL, "a configuration is one document");
	yaml_document_delete(&p->doc);
}

int config_parse(struct config *c, struct str file, struct str text, struct diags *diags)
{
	struct config_parse p = {.c = c, .diags = diags, .file = file, .text = text};
	size_t errors = diags->errors;
	yaml_node_t *root;
	yaml_parser_t y;

	if (!yaml_parser_initialize(&y))
		return -ENOMEM;
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)text.p, text.n);
	if (!yaml_parser_load(&y, &p.doc)) {
		yaml_error(&p, &y);
		yaml_parser_delete(&y);
		return -EINVAL;
	}
	root = yaml_document_get_root_node(&p.doc);
	if (root && root->type == YAML_MAPPING_NODE)
		read_map(&p, root, "", keys, ARRAY_SIZE(keys), c);
	else if (root && !(config_scalar(root) && !*config_scalar(root)))
		complain(&p, root, NULL, "a configuration is a map of keys");
	yaml_document_delete(&p.doc);
	refuse_more(&p, &y);
	yaml_parser_delete(&y);
	return diags->errors > errors ? -EINVAL : 0;
}

static void remember(struct config *c, const char *path, struct str text)
{
	struct sha256 s;

	c->path = config_text(c, path);
	sha256_init(&s);
	sha256_add(&s, text);
	sha256_hex(&s, c->digest);
}

int config_read(struct config *c, const char *path, struct diags *diags)
{
	struct buf b = {.max = RULE_FILE_BYTES_MAX};
	int r = fs_read(&b, path, RULE_FILE_BYTES_MAX);

	if (r < 0)
		diags_add(diags, DIAG_FILE_READ, (struct diag_place){.file = str(path)}, STR_NONE, NULL, NULL,
			  "cannot read the file: %s", strerror(-r));
	else
		r = config_parse(c, str(path), buf_view(&b), diags);
	if (r >= 0)
		remember(c, path, buf_view(&b));
	buf_free(&b);
	return r;
}
