/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor of an event: what it is and what it is called. Addresses are in field_net.c. */
#include "event/dns.h"
#include "rule/field_get.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const struct {
	const char *name;
	char c;
} types[FD_TYPE_MAX] = {
	[FD_NONE] = {NULL, 'o'},
	[FD_FILE] = {"file", 'f'},
	[FD_DIRECTORY] = {"directory", 'd'},
	[FD_IPV4] = {"ipv4", '4'},
	[FD_IPV6] = {"ipv6", '6'},
	[FD_UNIX] = {"unix", 'u'},
	[FD_NETLINK] = {"netlink", 'n'},
	[FD_PACKET] = {"packet", 'o'},
	[FD_SOCKET] = {NULL, 'o'},
	[FD_PIPE] = {"pipe", 'p'},
	[FD_MEMFD] = {"memfd", 'm'},
	[FD_DEVICE] = {"file", 'f'},	/* the original makes no difference */
	[FD_ANON] = {NULL, 'o'},
};

const char *fd_type_name(enum fd_type t)
{
	return t < FD_TYPE_MAX ? types[t].name : NULL;
}

char fd_type_char(enum fd_type t)
{
	return t < FD_TYPE_MAX ? types[t].c : 'o';
}

bool wire_ip(const struct wire_addr *a, struct value_ip *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (a->family != AF_INET && a->family != AF_INET6)
		return false;
	*ret = (struct value_ip){.family = (uint8_t)a->family};
	if (a->family == AF_INET) {
		memcpy(ret->ip, a->ip, 4);
	} else if (!memcmp(a->ip, mapped, sizeof(mapped))) {
		/* a dual-stack socket talks IPv4: rules name the address by its IPv4 form */
		ret->family = AF_INET;
		memcpy(ret->ip, a->ip + 12, 4);
	} else {
		memcpy(ret->ip, a->ip, 16);
	}
	return true;
}

static enum fd_type type_of_family(uint32_t family)
{
	switch (family) {
	case AF_INET:
		return FD_IPV4;
	case AF_INET6:
		return FD_IPV6;
	case AF_UNIX:
		return FD_UNIX;
	case AF_NETLINK:
		return FD_NETLINK;
	case AF_PACKET:
		return FD_PACKET;
	default:
		return FD_SOCKET;
	}
}

static void set_socket(struct fd_view *f, uint32_t family, uint32_t type, uint32_t protocol)
{
	f->type = type_of_family(family);
	f->family = family;
	f->sock_type = type & 0xf;	/* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	f->protocol = protocol;
}

static void set_ends(struct fd_view *f, const struct wire_addr *local, const struct wire_addr *peer)
{
	if (local && wire_ip(local, &f->local)) {
		f->has_local = true;
		f->local_port = local->port;
	}
	if (peer && wire_ip(peer, &f->peer)) {
		f->has_peer = true;
		f->peer_port = peer->port;
	}
	if (f->type == FD_IPV6 && ((f->has_local && f->local.family == AF_INET) || (f->has_peer && f->peer.family == AF_INET)))
		f->type = FD_IPV4;
}

static void set_num(struct fd_view *f, int64_t num)
{
	f->has_num = true;
	f->num = num < 0 ? -1 : num;
}

static void view_open(const struct event *ev, struct fd_view *f)
{
	const struct wire_open *o = &ev->rec->open;

	set_num(f, o->hdr.res);
	f->failed_open = o->hdr.res < 0;
	if (f->failed_open)
		return;
	f->type = S_ISDIR(o->file_mode) ? FD_DIRECTORY : FD_FILE;
	f->path = event_blob(ev, o->name);
}

static void view_accept(const struct event *ev, struct fd_view *f)
{
	const struct wire_accept *a = &ev->rec->accept;

	set_num(f, a->hdr.res);
	f->failed_open = a->hdr.res < 0;
	if (f->failed_open)
		return;
	set_socket(f, a->family, a->type, a->protocol);
	set_ends(f, &a->local, &a->peer);
	f->server = f->connected = true;
	f->path = event_blob(ev, a->path);
}

static void view_connect(const struct event *ev, struct fd_view *f)
{
	const struct wire_connect *c = &ev->rec->connect;

	set_num(f, c->fd);
	set_socket(f, c->family, c->type, c->protocol);
	set_ends(f, &c->local, &c->peer);
	f->connected = c->hdr.res == 0 || c->hdr.res == -115;	/* EINPROGRESS, whatever this host's number */
	f->path = event_blob(ev, c->path);
}

/*
 * A duplicated socket does not say who called whom. The end with a port of the usual ephemeral range is taken for
 * the client; when that does not decide, this end is.
 */
static bool looks_like_server(const struct fd_view *f)
{
	return f->has_local && f->has_peer && f->local_port && f->local_port < 32768 && f->peer_port >= 32768;
}

static void view_dup(const struct event *ev, struct fd_view *f)
{
	const struct wire_dup *d = &ev->rec->dup;

	set_num(f, d->oldfd);
	if (d->fd_type >= FD_IPV4 && d->fd_type <= FD_SOCKET)
		set_socket(f, 0, d->type, d->protocol);
	f->type = d->fd_type < FD_TYPE_MAX ? (enum fd_type)d->fd_type : FD_NONE;
	f->family = f->type == FD_IPV4 ? AF_INET : f->type == FD_IPV6 ? AF_INET6 : f->type == FD_UNIX ? AF_UNIX : 0;
	set_ends(f, &d->local, &d->peer);
	f->server = looks_like_server(f);
	f->connected = f->has_peer;
	f->path = event_blob(ev, d->name);
}

static void view_transfer(const struct event *ev, struct fd_view *f)
{
	const struct wire_transfer *t = &ev->rec->transfer;

	set_num(f, t->fd);
	set_socket(f, t->family, t->type, t->protocol);
	set_ends(f, &t->local, &t->peer);
	f->server = looks_like_server(f);
	f->connected = f->has_peer;
	f->path = event_blob(ev, t->path);
}

static void view_dns(const struct event *ev, struct fd_view *f)
{
	const struct wire_dns *d = &ev->rec->dns;

	set_socket(f, d->local.family ? d->local.family : d->peer.family,
		   d->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, d->protocol);
	set_ends(f, &d->local, &d->peer);
	if (d->local.port == 53 || d->peer.port == 53 || !ev->dns)
		f->server = d->local.port == 53 && d->peer.port != 53;
	else	/* a port that the configuration names: who asks is the client */
		f->server = ev->dns->response == (d->egress != 0);
	f->connected = true;
}

static void view_written(const struct event *ev, struct fd_view *f, int64_t num, uint32_t type, struct wire_blob name)
{
	set_num(f, num);
	f->type = type < FD_TYPE_MAX ? (enum fd_type)type : FD_NONE;
	f->path = event_blob(ev, name);
}

/* Of two descriptors the one that is written to. */
static void view_copy(const struct event *ev, struct fd_view *f)
{
	const struct wire_copy *c = &ev->rec->copy;

	view_written(ev, f, c->fd_out, c->out_type, c->out_name);
	if (f->type < FD_IPV4 || f->type > FD_SOCKET)
		return;
	set_socket(f, f->type == FD_IPV4 ? AF_INET : f->type == FD_IPV6 ? AF_INET6 : f->type == FD_UNIX ? AF_UNIX : 0, 0, 0);
	f->type = (enum fd_type)c->out_type;
	set_ends(f, &c->local, &c->peer);
	f->server = looks_like_server(f);
	f->connected = f->has_peer;
}

/* Calls that change a file by its descriptor; their siblings that have a path have none. */
static bool view_change(const struct event *ev, struct fd_view *f)
{
	const union event_record *r = ev->rec;

	switch (r->hdr.call) {
	case CALL_FCHMOD:
		view_written(ev, f, r->chmod.dirfd, FD_FILE, r->chmod.name);
		return true;
	case CALL_FCHOWN:
		view_written(ev, f, r->chown.dirfd, FD_FILE, r->chown.name);
		return true;
	case CALL_FSETXATTR:
	case CALL_FREMOVEXATTR:
		view_written(ev, f, r->xattr.dirfd, FD_FILE, r->xattr.name);
		return true;
	case CALL_FTRUNCATE:
	case CALL_FALLOCATE:
		view_written(ev, f, r->truncate.dirfd, FD_FILE, r->truncate.name);
		return true;
	default:
		return false;
	}
}

static bool view_file(const struct event *ev, struct fd_view *f, int64_t num, enum fd_type type, struct wire_blob path)
{
	set_num(f, num);
	f->failed_open = num < 0;
	if (f->failed_open)
		return true;
	f->type = type;
	f->path = event_blob(ev, path);
	return true;
}

/* Calls that are told by what they are given: a descriptor they took, or the one they made. */
static bool view_system(const struct event *ev, struct fd_view *f)
{
	const union event_record *r = ev->rec;

	switch (ev->call) {
	case CALL_FSCONFIG:
		return view_file(ev, f, r->mount.fd, FD_ANON, (struct wire_blob){});
	case CALL_OPEN_TREE:
		return view_file(ev, f, r->hdr.res, FD_DIRECTORY, r->mount.target);
	case CALL_FSOPEN:
	case CALL_FSPICK:
	case CALL_FSMOUNT:
	case CALL_BPF:
	case CALL_PIDFD_GETFD:
		return view_file(ev, f, r->hdr.res, FD_ANON, (struct wire_blob){});
	case CALL_MMAP:
		return r->memory.fd >= 0 && view_file(ev, f, r->memory.fd, r->memory.region == REGION_MEMFD ? FD_MEMFD : FD_FILE,
						      r->memory.file);
	case CALL_FINIT_MODULE:
	case CALL_KEXEC_FILE_LOAD:
		return view_file(ev, f, (int32_t)r->kernel.arg1, FD_FILE, r->kernel.file);
	case CALL_IO_URING_REGISTER:
		return view_file(ev, f, (int32_t)r->special.arg1, FD_ANON, r->special.file);
	case CALL_MEMFD_CREATE:
		return view_file(ev, f, r->hdr.res, FD_MEMFD, r->special.file);
	case CALL_USERFAULTFD:
	case CALL_IO_URING_SETUP:
	case CALL_PERF_EVENT_OPEN:
	case CALL_PIDFD_OPEN:
		return view_file(ev, f, r->hdr.res, FD_ANON, (struct wire_blob){});
	default:
		return false;
	}
}

bool fd_view(const struct field_get *g, struct fd_view *f)
{
	const struct event *ev = g->ev;
	const union event_record *r = ev->rec;

	*f = (struct fd_view){.num = -1};
	switch (get_type(g)) {
	case EVENT_OPEN:
		view_open(ev, f);
		return true;
	case EVENT_SOCKET:
		set_num(f, r->hdr.res);
		f->failed_open = r->hdr.res < 0;
		if (!f->failed_open)
			set_socket(f, r->socket.domain, r->socket.type, r->socket.protocol);
		return true;
	case EVENT_SOCKETPAIR:
		set_num(f, r->hdr.res < 0 ? r->hdr.res : r->socketpair.fd1);
		f->failed_open = r->hdr.res < 0;
		if (!f->failed_open)
			set_socket(f, r->socketpair.domain, r->socketpair.type, r->socketpair.protocol);
		return true;
	case EVENT_CONNECT:
		view_connect(ev, f);
		return true;
	case EVENT_BIND:
		set_num(f, r->bind.fd);
		set_socket(f, r->bind.family, r->bind.type, r->bind.protocol);
		set_ends(f, &r->bind.local, NULL);
		f->path = event_blob(ev, r->bind.path);
		f->server = true;
		return true;
	case EVENT_LISTEN:
		set_num(f, r->listen.fd);
		set_socket(f, r->listen.family, r->listen.type, 0);
		set_ends(f, &r->listen.local, NULL);
		f->path = event_blob(ev, r->listen.path);
		f->server = true;
		return true;
	case EVENT_ACCEPT:
		view_accept(ev, f);
		return true;
	case EVENT_DUP:
		view_dup(ev, f);
		return true;
	case EVENT_TRANSFER:
		view_transfer(ev, f);
		return true;
	case EVENT_HELLO:
		set_socket(f, r->hello.peer.family, SOCK_STREAM, IPPROTO_TCP);
		set_ends(f, &r->hello.local, &r->hello.peer);
		f->connected = true;
		return true;
	case EVENT_DNS:
		view_dns(ev, f);
		return true;
	case EVENT_COPY:
		view_copy(ev, f);
		return true;
	case EVENT_WRITE:
		view_written(ev, f, r->write.fd, r->write.fd_type, r->write.name);
		return true;
	case EVENT_CHMOD:
	case EVENT_CHOWN:
	case EVENT_XATTR:
	case EVENT_TRUNCATE:
		return view_change(ev, f);
	default:
		return view_system(ev, f);
	}
}

struct str fd_name(const struct field_get *g, const struct fd_view *f)
{
	struct text t = text_begin(g->s);
	struct event_path p;

	if (f->failed_open)
		return event_path(g, PATH_ONLY, &p) ? event_path_absolute(g, &p) : STR_NONE;
	if (f->type != FD_IPV4 && f->type != FD_IPV6)
		return f->path.p ? f->path : f->type == FD_FILE || f->type == FD_DIRECTORY ? STR_NONE : STR("");
	if (f->has_peer) {
		if (f->server) {
			text_endpoint(&t, &f->peer, f->peer_port);
			text_puts(&t, "->");
		}
		if (f->has_local)
			text_endpoint(&t, &f->local, f->local_port);
		if (!f->server) {
			text_puts(&t, "->");
			text_endpoint(&t, &f->peer, f->peer_port);
		}
	} else if (f->has_local) {
		text_endpoint(&t, &f->local, f->local_port);
	}
	return text_view(&t);
}

int get_fd_num(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	return fd_view(g, &f) && f.has_num ? put_int(v, f.num) : FIELD_MISSING;
}

/* The descriptor of a call that gave one, or had one: most fields know nothing of a failed open. */
static bool live(const struct field_get *g, struct fd_view *f)
{
	return fd_view(g, f) && !f->failed_open;
}

int get_fd_type(const struct field_get *g, struct value *v)
{
	struct fd_view f;
	const char *name;

	if (!live(g, &f))
		return FIELD_MISSING;
	name = fd_type_name(f.type);
	return put_text(v, name ? name : "<NA>");
}

int get_fd_typechar(const struct field_get *g, struct value *v)
{
	static const char chars[] = "ofd46unpm";
	struct fd_view f;
	char c;

	if (!fd_view(g, &f))
		return FIELD_MISSING;
	c = f.failed_open ? 'o' : fd_type_char(f.type);
	return put_str(v, str_n(strchr(chars, c), 1));
}

int get_fd_name(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	return fd_view(g, &f) ? put_str(v, fd_name(g, &f)) : FIELD_MISSING;
}

static struct str directory(const struct field_get *g)
{
	struct fd_view f;
	struct str name;

	if (!fd_view(g, &f))
		return STR_NONE;
	if (f.failed_open ? get_type(g) != EVENT_OPEN
			  : f.type != FD_FILE && f.type != FD_DIRECTORY && f.type != FD_DEVICE)
		return STR_NONE;
	name = fd_name(g, &f);
	return !name.p || f.type == FD_DIRECTORY ? name : path_directory(name);
}

int get_fd_directory(const struct field_get *g, struct value *v)
{
	return put_str(v, directory(g));
}

int get_fd_filename(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!live(g, &f) || (f.type != FD_FILE && f.type != FD_DEVICE) || !f.path.p)
		return FIELD_MISSING;
	return put_str(v, str_after_last(f.path, '/'));
}

int get_fd_nameraw(const struct field_get *g, struct value *v)
{
	struct event_path p;
	struct fd_view f;

	if (!fd_view(g, &f))
		return FIELD_MISSING;
	if (event_path(g, PATH_ONLY, &p))
		return put_str(v, p.raw);
	return f.type == FD_UNIX || f.type == FD_FILE ? put_str(v, f.path) : put_str(v, STR(""));
}

int get_fd_uid(const struct field_get *g, struct value *v)
{
	struct text t = text_begin(g->s);
	struct fd_view f;

	if (!fd_view(g, &f) || !f.has_num)
		return FIELD_MISSING;
	text_uint(&t, g->ev->rec->hdr.tid);
	text_int(&t, f.num);
	return put_str(v, text_view(&t));
}

static int with_container(const struct field_get *g, struct value *v, struct str what)
{
	struct text t;
	struct value id;

	if (!what.p || get_container_id(g, &id) != 1)
		return FIELD_MISSING;
	t = text_begin(g->s);
	text_str(&t, id.s);
	text_char(&t, ':');
	text_str(&t, what);
	return put_str(v, text_view(&t));
}

int get_fd_containername(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	return fd_view(g, &f) ? with_container(g, v, fd_name(g, &f)) : FIELD_MISSING;
}

int get_fd_containerdirectory(const struct field_get *g, struct value *v)
{
	return with_container(g, v, directory(g));
}

int get_fd_name_changed(const struct field_get *g, struct value *v)
{
	enum event_type type = get_type(g);
	struct fd_view f;

	if (!live(g, &f))
		return FIELD_MISSING;
	return put_bool(v, type == EVENT_OPEN || type == EVENT_ACCEPT || (type == EVENT_CONNECT && f.connected) ||
				   (type == EVENT_BIND && g->ev->rec->hdr.res == 0));
}

#define INODE(rec) ((rec).ino ? (*dev = (rec).dev, *ino = (rec).ino, true) : false)

/* The inode's device and number, where the record has them and the call a descriptor. */
static bool inode(const struct field_get *g, uint32_t *dev, uint64_t *ino)
{
	const union event_record *r = g->ev->rec;
	struct fd_view f;

	switch (get_type(g)) {
	case EVENT_OPEN:
		if (r->hdr.res < 0)
			return false;
		*dev = r->open.dev;
		*ino = r->open.ino;
		return true;
	case EVENT_WRITE:
		return INODE(r->write);
	case EVENT_COPY:
		*dev = r->copy.out_dev;
		*ino = r->copy.out_ino;
		return r->copy.out_ino;
	case EVENT_CHMOD:
		return view_change(g->ev, &f) && INODE(r->chmod);
	case EVENT_CHOWN:
		return view_change(g->ev, &f) && INODE(r->chown);
	case EVENT_XATTR:
		return view_change(g->ev, &f) && INODE(r->xattr);
	case EVENT_TRUNCATE:
		return view_change(g->ev, &f) && INODE(r->truncate);
	default:
		return false;
	}
}

int get_fd_dev(const struct field_get *g, struct value *v)
{
	uint32_t dev;
	uint64_t ino;

	return inode(g, &dev, &ino) ? put_int(v, dev) : FIELD_MISSING;
}

/* Records carry device numbers in the form that stat() has. */
int get_fd_dev_major(const struct field_get *g, struct value *v)
{
	uint32_t dev;
	uint64_t ino;

	return inode(g, &dev, &ino) ? put_int(v, major(dev)) : FIELD_MISSING;
}

int get_fd_dev_minor(const struct field_get *g, struct value *v)
{
	uint32_t dev;
	uint64_t ino;

	return inode(g, &dev, &ino) ? put_int(v, minor(dev)) : FIELD_MISSING;
}

int get_fd_ino(const struct field_get *g, struct value *v)
{
	uint32_t dev;
	uint64_t ino;

	return inode(g, &dev, &ino) ? put_int(v, (int64_t)ino) : FIELD_MISSING;
}

int get_fd_is_upper_layer(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!live(g, &f))
		return FIELD_MISSING;
	return put_bool(v, get_type(g) == EVENT_OPEN && g->ev->rec->open.file_flags & FILE_UPPER);
}

int get_fd_is_lower_layer(const struct field_get *g, struct value *v)
{
	struct fd_view f;

	if (!live(g, &f))
		return FIELD_MISSING;
	return put_bool(v, get_type(g) == EVENT_OPEN && g->ev->rec->open.file_flags & FILE_LOWER);
}
