/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout is made of the source's own lines: libyaml says where nodes begin and end, what lies between them are
 * comments. Nothing is written anew, so that quotes, folds and comments stay; at the end both texts are read and compared.
 */
#include "rule/format.h"
#include "rule/format_same.h"
#include "rule/loader_yaml.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 3
#define PAIRS_MAX 64	/* keys of an item; one with more stays as it is */

struct layout {
	struct origin_file f;
	yaml_document_t *doc;
	struct buf *out;
	size_t next;		/* first line that is not yet in the output */
	bool begun;		/* an item was printed */
};

struct pair {
	const yaml_node_t *key, *value;
	size_t comments;	/* first line of those before the key */
	size_t line, last;	/* of the key, and the last one of its value */
	unsigned int rank;
};

/* The order of keys; one that is not here comes behind these, in its own order. */
static const char *const order[] = {
	"required_engine_version", "required_plugin_versions", "list", "macro", "rule", "desc", "condition", "items", "output",
	"priority", "source", "type", "severity", "mitre", "tags", "remedy", "false_positives", "no_lint", "enabled", "warn_evttypes",
	"skip-if-unknown-filter", "capture", "capture_duration", "exceptions", "examples", "append", "override",
};

/* ---- lines ---- */

static struct str line_at(const struct layout *l, size_t i)
{
	size_t end = i + 1 < l->f.nlines ? l->f.lines[i + 1] : l->f.text.n, from = i ? l->f.lines[i] : l->f.skip;

	while (end > from && strchr(" \t\r\n", l->f.text.p[end - 1]))
		end--;
	return str_n(l->f.text.p + from, end - from);
}

static size_t indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static struct str trimmed(struct str line)
{
	while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = str_skip(line, 1);
	return line;
}

static void put(struct layout *l, size_t indent, struct str text)
{
	for (size_t i = 0; text.n && i < indent; i++)
		buf_char(l->out, ' ');
	buf_str(l->out, text);
	buf_char(l->out, '\n');
}

static size_t smallest_indent(const struct layout *l, size_t from, size_t to)
{
	size_t least = SIZE_MAX;

	for (size_t i = from; i <= to; i++) {
		struct str line = line_at(l, i);

		if (line.n && indent_of(line) < least)
			least = indent_of(line);
	}
	return least;
}

/* ---- where nodes begin and end ---- */

/* Not libyaml's own count, which takes other characters for ends of lines as well. */
static size_t line_of(const struct layout *l, size_t byte)
{
	size_t from = 0, to = l->f.nlines;

	while (from + 1 < to) {
		size_t middle = (from + to) / 2;

		if (l->f.lines[middle] <= byte)
			from = middle;
		else
			to = middle;
	}
	return from;
}

static size_t start_line(const struct layout *l, const yaml_node_t *n)
{
	return line_of(l, place_of(&l->f, n).start);
}

static size_t end_line(const struct layout *l, const yaml_node_t *n)
{
	return line_of(l, place_of(&l->f, n).end);
}

static bool is_block_scalar(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE && (n->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
					       n->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

/* The last line with a letter of it: what is indented less than its first one is none of it. */
static size_t block_scalar_end(const struct layout *l, const yaml_node_t *n)
{
	size_t last = start_line(l, n), indent = 0;

	for (size_t i = last + 1; i < l->f.nlines; i++) {
		struct str line = line_at(l, i);

		if (!line.n)
			continue;
		if (!indent)
			indent = indent_of(line);
		if (!indent || indent_of(line) < indent)
			break;
		last = i;
	}
	return last;
}

static const yaml_node_t *node_by_id(const struct layout *l, int id)
{
	return yaml_document_get_node(l->doc, id);
}

static size_t node_end(const struct layout *l, const yaml_node_t *n)
{
	const yaml_node_t *child;

	if (is_block_scalar(n))
		return block_scalar_end(l, n);
	if (n->type == YAML_SCALAR_NODE)
		return n->data.scalar.length || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ? end_line(l, n) : start_line(l, n);
	if (n->type == YAML_SEQUENCE_NODE) {
		if (n->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE || n->data.sequence.items.top == n->data.sequence.items.start)
			return end_line(l, n);
		child = node_by_id(l, n->data.sequence.items.top[-1]);
	} else {
		if (n->data.mapping.style == YAML_FLOW_MAPPING_STYLE || n->data.mapping.pairs.top == n->data.mapping.pairs.start)
			return end_line(l, n);
		child = node_by_id(l, n->data.mapping.pairs.top[-1].value);
		if (child->start_mark.index < n->start_mark.index)	/* an alias: it stands elsewhere */
			child = node_by_id(l, n->data.mapping.pairs.top[-1].key);
	}
	return child->start_mark.index < n->start_mark.index ? start_line(l, n) : node_end(l, child);
}

/* The last line with a letter of the node. */
static size_t last_line(const struct layout *l, const yaml_node_t *n)
{
	size_t last = node_end(l, n);

	while (last > start_line(l, n) && !line_at(l, last).n)
		last--;
	return last;
}

/* ---- lists ---- */

static bool list_fits(const struct layout *l, const yaml_node_t *seq, const struct pair *p, bool flow)
{
	for (size_t i = p->line; i <= p->last; i++) {
		if (memchr(line_at(l, i).p, '#', line_at(l, i).n))
			return false;
	}
	for (yaml_node_item_t *it = seq->data.sequence.items.start; it < seq->data.sequence.items.top; it++) {
		const yaml_node_t *n = node_by_id(l, *it);
		struct place at = place_of(&l->f, n);

		if (n->type != YAML_SCALAR_NODE || is_block_scalar(n) || start_line(l, n) != end_line(l, n) || at.end <= at.start ||
		    n->start_mark.index < seq->start_mark.index)
			return false;
		/* a plain text of a block list can have what ends it in a flow list */
		for (size_t i = at.start; !flow && at.style == YAML_PLAIN_SCALAR_STYLE && i < at.end; i++) {
			if (strchr(",[]{}", l->f.text.p[i]))
				return false;
		}
	}
	return seq->data.sequence.items.top > seq->data.sequence.items.start;
}

/* A list over several lines of which none is too long: who wrote it so meant something by it. */
static bool lines_stay(const struct layout *l, const struct pair *p)
{
	bool stay = p->last > p->line && line_at(l, p->line).n <= FORMAT_COLUMNS;
	size_t least = stay ? smallest_indent(l, p->line + 1, p->last) : 0;

	for (size_t i = p->line + 1; stay && i <= p->last; i++)
		stay = line_at(l, i).n <= FORMAT_COLUMNS - 4 + least;
	return stay;
}

/* "[a, b]" in one line, or in lines as long as they may be. False: it is to stay as it was. */
static bool put_list(struct layout *l, const struct pair *p, struct str rest, size_t column)
{
	const yaml_node_t *seq = p->value;
	struct buf text _cleanup_(buf_free) = {};
	bool flow;

	if (seq->type != YAML_SEQUENCE_NODE)
		return false;
	flow = seq->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE;
	if ((flow ? !str_starts(rest, STR("[")) : rest.n > 0) || !list_fits(l, seq, p, flow))
		return false;
	buf_puts(&text, " [");
	column += 2;
	for (yaml_node_item_t *it = seq->data.sequence.items.start; it < seq->data.sequence.items.top; it++) {
		struct place at = place_of(&l->f, node_by_id(l, *it));
		size_t n = at.end - at.start;
		bool first = it == seq->data.sequence.items.start;

		if (!first && column + n + 3 > FORMAT_COLUMNS) {	/* ", " and "," or "]" */
			if (!flow || lines_stay(l, p))
				return false;
			buf_puts(&text, ",\n    ");
			column = 4;
		} else if (!first) {
			buf_puts(&text, ", ");
			column += 2;
		}
		buf_add(&text, l->f.text.p + at.start, n);
		column += n;
	}
	buf_char(&text, ']');
	put(l, 0, buf_view(&text));
	return true;
}

/* ---- an item ---- */

/* The lines of a value behind its first one, shifted together. A header like "|2" says how far they are indented. */
static void put_rest(struct layout *l, const struct pair *p, struct str header)
{
	size_t from = smallest_indent(l, p->line + 1, p->last), to = 4;

	for (size_t i = 1; is_block_scalar(p->value) && i < header.n && header.p[i] != ' '; i++) {
		if (header.p[i] >= '1' && header.p[i] <= '9') {
			from = p->key->start_mark.column + (size_t)(header.p[i] - '0');
			to = 2 + (size_t)(header.p[i] - '0');
		}
	}
	for (size_t i = p->line + 1; i <= p->last; i++) {
		struct str line = line_at(l, i);

		put(l, to, line.n > from ? str_skip(line, from) : STR_NONE);
	}
}

static void put_pair(struct layout *l, const struct pair *p, bool first)
{
	struct place key = place_of(&l->f, p->key);
	struct str line = line_at(l, p->line), rest;
	size_t n = key.end - key.start, end = key.end - (p->line ? l->f.lines[p->line] : l->f.skip);

	for (size_t i = p->comments; i < p->line; i++) {
		if (trimmed(line_at(l, i)).n)
			put(l, first ? 0 : 2, trimmed(line_at(l, i)));
	}
	while (end < line.n && line.p[end] != ':')
		end++;
	rest = end < line.n ? trimmed(str_skip(line, end + 1)) : STR_NONE;
	buf_puts(l->out, first ? "- " : "  ");
	buf_add(l->out, l->f.text.p + key.start, n);
	buf_char(l->out, ':');
	if (put_list(l, p, rest, 2 + n + 1))
		return;
	if (rest.n)
		buf_char(l->out, ' ');
	put(l, 0, rest);
	put_rest(l, p, rest);
}

static unsigned int rank_of(struct str key)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order) && !str_eq(key, str(order[i])); i++)
		;
	return i;
}

static int by_rank(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank) : (x->line > y->line) - (x->line < y->line);
}

/* False when the item is written in a way that has no lines of its own for each key. */
static bool find_pairs(const struct layout *l, const yaml_node_t *item, size_t line, struct pair *v, size_t *n)
{
	yaml_node_pair_t *p = item->data.mapping.pairs.start;

	for (*n = 0; p < item->data.mapping.pairs.top; p++, (*n)++) {
		const yaml_node_t *key = node_by_id(l, p->key), *value = node_by_id(l, p->value);
		struct pair one = {.key = key, .value = value, .line = start_line(l, key), .comments = line};

		if (*n == PAIRS_MAX || key->type != YAML_SCALAR_NODE || end_line(l, key) != one.line ||
		    key->start_mark.index < item->start_mark.index || (*n && one.line <= v[*n - 1].last) ||
		    str_starts(trimmed(line_at(l, one.line)), STR("? ")))
			return false;
		one.last = value->start_mark.index < key->start_mark.index ? one.line : last_line(l, value);
		one.rank = rank_of(str_n((const char *)key->data.scalar.value, key->data.scalar.length));
		for (size_t i = 0; i < *n; i++) {
			if (v[i].rank == one.rank && one.rank < ARRAY_SIZE(order))
				return false;	/* a key twice: the first one counts, so their order does */
		}
		v[*n] = one;
		line = one.last + 1;
	}
	return *n > 0;
}

static void put_item(struct layout *l, const yaml_node_t *item, size_t line)
{
	struct pair v[PAIRS_MAX];
	size_t n, last = last_line(l, item);

	if (item->type == YAML_MAPPING_NODE && item->data.mapping.style != YAML_FLOW_MAPPING_STYLE &&
	    find_pairs(l, item, line + (line < start_line(l, item)), v, &n)) {
		qsort(v, n, sizeof(*v), by_rank);
		for (size_t i = 0; i < n; i++)
			put_pair(l, &v[i], i == 0);
	} else {
		for (size_t i = line; i <= last; i++)
			put(l, 0, line_at(l, i));
	}
	l->next = last + 1;
	l->begun = true;
}

/* ---- between items ---- */

/*
 * Comments and markers of documents up to a line: those indented below an item belong to it, then a blank line, then the
 * others; blank lines among them become one.
 */
static void put_gap(struct layout *l, size_t to, bool end)
{
	bool blank = false, any = false;
	size_t i = l->next;

	for (; l->begun && i < to && line_at(l, i).n && indent_of(line_at(l, i)); i++)
		put(l, 2, trimmed(line_at(l, i)));
	for (; i < to; i++) {
		struct str line = trimmed(line_at(l, i));

		if (line.n) {
			if ((blank && any) || (!any && l->begun))
				buf_char(l->out, '\n');
			put(l, 0, line);
			any = true;
		}
		blank = !line.n;
	}
	if (!end && ((any && blank) || (!any && l->begun)))
		buf_char(l->out, '\n');
	l->next = to;
}

/* The line of an item's dash: that of its first key, or a line of its own above it. */
static size_t dash_line(const struct layout *l, const yaml_node_t *item)
{
	size_t i = start_line(l, item);

	for (size_t k = i; k + 1 > l->next; k--) {
		struct str line = trimmed(line_at(l, k));

		if (str_starts(line, STR("-")) && !str_starts(line, STR("---")))
			return k;
		if (!k)
			break;
	}
	return i;
}

static bool put_document(struct layout *l)
{
	const yaml_node_t *root = yaml_document_get_root_node(l->doc);

	if (root->type == YAML_SCALAR_NODE && !root->data.scalar.length)
		return true;
	if (root->type != YAML_SEQUENCE_NODE || root->data.sequence.style == YAML_FLOW_SEQUENCE_STYLE)
		return false;
	for (yaml_node_item_t *it = root->data.sequence.items.start; it < root->data.sequence.items.top; it++) {
		const yaml_node_t *item = node_by_id(l, *it);
		size_t line = dash_line(l, item);

		put_gap(l, line, false);
		put_item(l, item, line);
	}
	return true;
}

static void say(struct diags *d, const struct rule_source *in, const yaml_mark_t *at, const char *what)
{
	diags_add(d, DIAG_YAML_PARSE, (struct diag_place){.file = in->name, .line = (unsigned int)at->line + 1,
		  .col = (unsigned int)at->column + 1, .len = 1}, in->text, NULL, NULL, "%s", what);
}

static int put_documents(struct layout *l, const struct rule_source *in, struct diags *diags)
{
	yaml_document_t doc;
	yaml_parser_t p;
	int r = 0;

	if (!yaml_parser_initialize(&p))
		return -ENOMEM;
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)in->text.p + l->f.skip, in->text.n - l->f.skip);
	for (bool more = true; more && !r;) {
		if (!yaml_parser_load(&p, &doc)) {
			say(diags, in, &p.problem_mark, p.problem ? p.problem : "this is no YAML");
			r = -EINVAL;
			break;
		}
		l->doc = &doc;
		more = yaml_document_get_root_node(&doc) != NULL;
		if (more && !put_document(l)) {
			say(diags, in, &doc.start_mark, "a rules file is a list, an item below the other");
			r = -EINVAL;
		}
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&p);
	return r;
}

static int format_once(const struct rule_source *in, struct buf *out, struct diags *diags)
{
	struct layout l = {.out = out};
	int r = origin_file_init(&l.f, in);

	if (!r)
		r = put_documents(&l, in, diags);
	if (!r) {
		put_gap(&l, l.f.nlines, true);
		r = buf_error(out);
	}
	if (!r && !format_same(in->text, buf_view(out)))
		r = -ENOTSUP;
	origin_file_free(&l.f);
	return r;
}

/* A second look at the result: what is not its own layout is no layout. */
int format_rules(const struct rule_source *in, struct buf *out, struct diags *diags)
{
	_cleanup_(buf_free) struct buf again = {};
	struct diags none _cleanup_(diags_free) = {};
	struct rule_source result = {.name = in->name};
	int r = format_once(in, out, diags);

	for (int i = 0; !r && i < ROUNDS_MAX; i++) {
		result.text = buf_view(out);
		buf_reset(&again);
		if (format_once(&result, &again, &none) < 0)
			break;
		if (str_eq(buf_view(&again), buf_view(out)))
			return 0;
		buf_reset(out);
		buf_str(out, buf_view(&again));
		r = buf_error(out);
	}
	buf_reset(out);
	return r ? r : -ENOTSUP;
}
