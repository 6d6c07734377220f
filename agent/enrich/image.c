/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/image.h"
#include "enrich/lazy.h"
#include "enrich/text_pool.h"
#include "util/limits.h"
#include <stdlib.h>

#define COMM_MAX 32	/* the kernel's has 15 bytes; a record may claim more */

struct node {
	struct image image;	/* first: a struct image * is a struct node * */
	char *text;		/* block of the pool, NULL without */
	uint32_t next_free;
	char comm[COMM_MAX];	/* where the pool had no room, the name is still there */
};

struct images {
	struct node *nodes;	/* 1 … max */
	uint32_t max, fresh, free;
	struct text_pool *texts;
	uint64_t no_text;
};

struct images *images_new(uint32_t max, size_t text_bytes)
{
	struct images *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->max = max;
	t->nodes = lazy_new(max + 1, sizeof(*t->nodes));
	t->texts = text_pool_new(text_bytes);
	if (!t->nodes || !t->texts)
		return images_free(t);
	return t;
}

struct images *images_free(struct images *t)
{
	if (!t)
		return NULL;
	lazy_free(t->nodes, t->max + 1, sizeof(*t->nodes));
	text_pool_free(t->texts);
	free(t);
	return NULL;
}

static struct node *node_new(struct images *t)
{
	uint32_t i = t->free;

	if (i)
		t->free = t->nodes[i].next_free;
	else if (t->fresh < t->max)
		i = ++t->fresh;
	else
		return NULL;
	t->nodes[i] = (struct node){.image.refs = 1};
	return &t->nodes[i];
}

static void node_free(struct images *t, struct node *n)
{
	text_pool_give(t->texts, n->text);
	n->text = NULL;
	n->next_free = t->free;
	t->free = (uint32_t)(n - t->nodes);
}

void image_put(struct images *t, struct image *i)
{
	if (i && !--i->refs)
		node_free(t, (struct node *)i);
}

/* What an image says, before it has a place of its own. */
struct texts {
	struct str comm, argv, exepath, cwd, env, script;
	struct str writer, writer_exepath, writer_cmdline;
	bool slash;	/* cwd needs a final '/' */
};

static struct str put(char **at, struct str s)
{
	char *p = *at;

	if (!s.p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	*at += s.n;
	return str_n(p, s.n);
}

static struct str first_argument(struct str argv)
{
	const char *nul = argv.n ? memchr(argv.p, 0, argv.n) : NULL;

	return nul ? str_n(argv.p, (size_t)(nul - argv.p)) : argv;
}

/* comm, then argv[1..] joined by blanks. */
static void put_cmdline(struct image *i, char **at, const struct texts *x)
{
	size_t first = first_argument(x->argv).n + 1;
	char *start = *at, *args;

	i->comm = put(at, x->comm);
	args = *at;
	if (x->argv.n > first) {
		struct str rest = str_skip(x->argv, first);

		if (!rest.p[rest.n - 1])
			rest.n--;	/* the last argument's NUL */
		*args++ = ' ';
		*at = args;
		put(at, rest);
		for (char *p = args; p < *at; p++)
			if (!*p)
				*p = ' ';
	}
	i->args = str_n(args, (size_t)(*at - args));
	i->cmdline = str_n(start, (size_t)(*at - start));
}

static size_t texts_size(const struct texts *x)
{
	return x->comm.n + 1 + 2 * x->argv.n + x->exepath.n + x->cwd.n + 1 + x->env.n + x->script.n + x->writer.n +
	       x->writer_exepath.n + x->writer_cmdline.n;
}

static void put_texts(struct node *n, const struct texts *x)
{
	struct image *i = &n->image;
	char *at = n->text;

	put_cmdline(i, &at, x);
	i->argv = put(&at, x->argv);
	i->exe = first_argument(i->argv);
	i->exepath = put(&at, x->exepath);
	i->cwd = put(&at, x->cwd);
	if (x->slash) {
		*at++ = '/';
		i->cwd.n++;
	}
	i->env = put(&at, x->env);
	i->script = put(&at, x->script);
	i->writer.name = put(&at, x->writer);
	i->writer.exepath = put(&at, x->writer_exepath);
	i->writer.cmdline = put(&at, x->writer_cmdline);
}

/* Only the name, which the node itself has room for. */
static void put_name(struct node *n, struct str comm)
{
	struct image *i = &n->image;

	if (comm.n > COMM_MAX)
		comm.n = COMM_MAX;
	if (comm.n)
		memcpy(n->comm, comm.p, comm.n);
	i->comm = i->cmdline = str_n(n->comm, comm.n);
	i->args = str_n(n->comm + comm.n, 0);
	i->argv = i->exe = i->exepath = i->cwd = i->env = i->script = STR_NONE;
	i->writer.name = i->writer.exepath = i->writer.cmdline = STR_NONE;
}

/* Everything, else all but the environment, else the name and the executable's path, else the name. */
static bool store(struct images *t, struct node *n, struct texts x, bool cut)
{
	for (int step = 0; step < 3; step++) {
		if (step == 1)
			x.env = STR_NONE;
		if (step == 2)
			x.argv = x.writer_cmdline = STR_NONE;
		n->text = text_pool_take(t->texts, texts_size(&x));
		if (n->text) {
			put_texts(n, &x);
			t->no_text += step > 0;
			return true;
		}
		/* Too long for any block, however empty the pool: evicting others would not help. */
		if (!cut && texts_size(&x) <= TEXT_POOL_MAX)
			return false;
	}
	put_name(n, x.comm);
	t->no_text++;
	return cut;
}

static struct str blob(const struct wire_exec *rec, struct wire_blob b)
{
	return b.len ? str_n((const char *)rec + b.off, b.len) : STR_NONE;
}

static void facts_of_exec(struct image *i, const struct wire_exec *r)
{
	i->exec_id = r->hdr.exec_id;
	i->argc = r->argc;
	i->time = r->hdr.flags & WIRE_SNAPSHOT ? 0 : r->hdr.time;
	i->cap_inheritable = r->cap_inheritable;
	i->cap_permitted = r->cap_permitted;
	i->ino = r->ino;
	i->ctime = r->ctime;
	i->mtime = r->mtime;
	i->dev = r->dev;
	i->mode = r->mode;
	i->nlink = r->nlink;
	i->flags = r->exe_flags;
	i->kind = r->exe_kind;
	i->script_ino = r->script_ino;
	i->script_dev = r->script_dev;
	i->script_flags = r->script_flags;
	i->cap_given = r->cap_given;
	i->fd_type[0] = r->stdin_type;
	i->fd_type[1] = r->stdout_type;
	i->fd_type[2] = r->stderr_type;
	i->std_local = r->std_local;
	i->std_peer = r->std_peer;
	i->std_pipe[0] = r->stdin_pipe;
	i->std_pipe[1] = r->stdout_pipe;
	i->std_pipe[2] = r->stderr_pipe;
	i->writer = (struct image_writer){
		.pid = r->writer, .start = r->writer_start, .time = r->written, .cgroup = r->writer_cgroup,
	};
}

struct image *image_of_exec(struct images *t, const struct wire_exec *rec, const struct image *writer, bool cut)
{
	struct texts x = {
		.comm = blob(rec, rec->comm),
		.argv = blob(rec, rec->argv),
		.exepath = blob(rec, rec->exe),
		.cwd = blob(rec, rec->cwd),
		.env = blob(rec, rec->env),
		.script = blob(rec, rec->script),
		.writer = blob(rec, rec->writer_comm),
		.writer_exepath = writer ? writer->exepath : STR_NONE,
		.writer_cmdline = writer ? writer->cmdline : STR_NONE,
	};
	struct node *n = node_new(t);

	if (!n)
		return NULL;
	x.slash = x.cwd.n && x.cwd.p[x.cwd.n - 1] != '/';
	if (x.writer_cmdline.n > WRITER_CMDLINE_MAX)
		x.writer_cmdline.n = WRITER_CMDLINE_MAX;
	facts_of_exec(&n->image, rec);
	if (!store(t, n, x, cut)) {
		node_free(t, n);
		return NULL;
	}
	return &n->image;
}

struct image *image_renamed(struct images *t, const struct image *of, struct str comm, uint32_t exec_id, bool cut)
{
	struct texts x = {.comm = comm};
	struct node *n = node_new(t);

	if (!n)
		return NULL;
	if (of) {
		n->image = *of;
		n->image.refs = 1;
		x = (struct texts){comm, of->argv, of->exepath, of->cwd, of->env, of->script,
				   of->writer.name, of->writer.exepath, of->writer.cmdline, false};
	}
	n->image.exec_id = exec_id;
	if (!store(t, n, x, cut)) {
		node_free(t, n);
		return NULL;
	}
	return &n->image;
}

uint64_t images_no_text(const struct images *t)
{
	return t->no_text;
}

size_t images_text_used(const struct images *t)
{
	return text_pool_used(t->texts);
}

size_t images_text_max(const struct images *t)
{
	return text_pool_size(t->texts);
}
