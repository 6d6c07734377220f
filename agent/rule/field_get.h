/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field getters
 *
 * What the files behind field.c share: the form of a getter, the values it
 * returns, and texts built in the scratch. Private to field*.c.
 */
#ifndef RULE_FIELD_GET_H
#define RULE_FIELD_GET_H

#include "enrich/process.h"
#include "rule/field.h"

struct field_get {
	const struct field_ref *ref;
	const struct event *ev;
	struct field_scratch *s;
};

/*
 * A getter reads one field of an event that came as a record: the number of values, 0 for an empty list,
 * FIELD_MISSING when the event has none.
 */
#define FIELD_MISSING (-1)

typedef int (*field_getter)(const struct field_get *g, struct value *v);

#define FIELD(name, type, flags, getter, doc) int get_##getter(const struct field_get *g, struct value *v);
#include "rule/field.def"

static inline int put_str(struct value *v, struct str s)
{
	if (!s.p)
		return FIELD_MISSING;
	*v = (struct value){.type = TYPE_STR, .s = s};
	return 1;
}

static inline int put_text(struct value *v, const char *s)
{
	return put_str(v, str(s));
}

static inline int put_bool(struct value *v, bool b)
{
	*v = (struct value){.type = TYPE_BOOL, .b = b};
	return 1;
}

static inline int put_int(struct value *v, int64_t i)
{
	*v = (struct value){.type = TYPE_INT, .i = i};
	return 1;
}

static inline int put_uint(struct value *v, uint64_t u)
{
	*v = (struct value){.type = TYPE_UINT, .u = u};
	return 1;
}

/* A text that grows at the end of the scratch; what has no room is cut. One at a time. */
struct text {
	struct field_scratch *s;
	size_t start;
};

static inline struct text text_begin(struct field_scratch *s)
{
	return (struct text){s, s->used};
}

static inline void text_add(struct text *t, const char *p, size_t n)
{
	size_t room = sizeof(t->s->bytes) - t->s->used;

	if (n > room) {
		n = room;
		t->s->cut++;
	}
	if (n)
		memcpy(t->s->bytes + t->s->used, p, n);
	t->s->used += n;
}

static inline void text_str(struct text *t, struct str s)
{
	text_add(t, s.p, s.n);
}

static inline void text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

static inline void text_char(struct text *t, char c)
{
	text_add(t, &c, 1);
}

static inline struct str text_view(const struct text *t)
{
	return str_n(t->s->bytes + t->start, t->s->used - t->start);
}

void text_uint(struct text *t, uint64_t u);
void text_uint_width(struct text *t, uint64_t u, unsigned int width);	/* zeros in front */
void text_int(struct text *t, int64_t i);
void text_octal(struct text *t, uint64_t u);
void text_ip(struct text *t, const struct value_ip *ip);

static inline enum event_type get_type(const struct field_get *g)
{
	return (enum event_type)g->ev->rec->hdr.type;
}

/* The value of a variable of an environment, each entry ended by NUL; empty when it has none. */
struct str env_value(struct str env, struct str key);

/* A path as the caller gave it, made absolute below dir and without "." and "..": {NULL, 0} when raw is missing. */
struct str path_join(struct field_scratch *s, struct str dir, struct str raw);
struct str path_directory(struct str path);	/* "/etc" of "/etc/passwd", "/" of "/x" */

/* The image that was running when the event happened, or NULL. */
const struct image *get_image(const struct field_get *g);

int put_capabilities(const struct field_get *g, struct value *v, uint64_t set);	/* "CAP_CHOWN CAP_KILL" */

/* The n-th of texts that each end in NUL, or none. */
struct str word_at(struct str words, uint64_t n);

/* Name of a user as the process's host or container knows it, "<NA>" when it is not known (field_user.c). */
struct str user_text(const struct field_get *g, uint32_t uid);

/* Time of a CLOCK_BOOTTIME stamp in ns since the epoch. */
static inline uint64_t get_epoch(const struct field_get *g, uint64_t boot_ns)
{
	return g->ev->time - g->ev->rec->hdr.time + boot_ns;
}

/* What stands behind the descriptor of an event (field_fd.c). */
struct fd_view {
	enum fd_type type;
	int64_t num;		/* -1: none (a failed open) */
	bool has_num;
	bool has_local, has_peer;
	struct value_ip local, peer;
	uint16_t local_port, peer_port;
	bool server;		/* this end is the server */
	bool connected;
	uint32_t family, sock_type, protocol;	/* of a socket */
	struct str path;	/* of a file or a unix socket */
	bool failed_open;
};

bool fd_view(const struct field_get *g, struct fd_view *ret);	/* false: the event has no descriptor */
struct str fd_name(const struct field_get *g, const struct fd_view *f);
const char *fd_type_name(enum fd_type t);	/* "ipv4", NULL when it has no name */
char fd_type_char(enum fd_type t);
const char *fd_l4proto(const struct fd_view *f);	/* "tcp", or "<NA>" */
bool wire_ip(const struct wire_addr *a, struct value_ip *ret);	/* mapped IPv4 becomes IPv4; false without one */
void text_endpoint(struct text *t, const struct value_ip *ip, uint16_t port);

/* The path arguments of an event (field_path.c). */
struct event_path {
	struct str name;	/* from the kernel's dentries */
	struct str raw;		/* as passed */
	struct str dir;		/* what raw is relative to */
};

enum path_role { PATH_ONLY, PATH_OLD, PATH_NEW };	/* events with two paths have an old and a new one */

bool event_path(const struct field_get *g, enum path_role role, struct event_path *ret);
struct str event_path_absolute(const struct field_get *g, const struct event_path *p);

/* The error that a call's result names: "ENOENT" of -2; NULL for any other number. */
const char *errno_name(int64_t res);

/* Parameters (field_arg.c): the index of an argument's name, -1 for an unknown one, and its native type. */
int arg_find(struct str name, enum value_type *type);
bool arg_of_call(unsigned int arg, enum event_call call);	/* does the call carry it? */

/* "AF_INET" of 2, as the original prints it; NULL for a number it does not know (field_param.c). */
const char *socket_family_name(uint32_t family);

/* JSON events (field_json.c). */
int json_values(const struct field_get *g, struct value v[FIELD_VALUES_MAX]);

#endif
