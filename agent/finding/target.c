/* SPDX-License-Identifier: Apache-2.0 */
#include "finding/target.h"
#include "event/attr.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

const char *target_protocol(uint32_t protocol, uint32_t family, uint32_t type)
{
	bool ip = family == AF_INET || family == AF_INET6;

	if (!ip)
		return NULL;
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_UDPLITE:
		return "udplite";
	case 0:		/* the record does not say: what the type stands for */
		return type == SOCK_STREAM ? "tcp" : type == SOCK_DGRAM ? "udp" : NULL;
	default:
		return type == SOCK_RAW ? "raw" : NULL;
	}
}

const char *target_family(uint32_t family)
{
	return family == AF_INET ? "ipv4" : family == AF_INET6 ? "ipv6" : family == AF_UNIX ? "unix" : NULL;
}

struct str target_ip(const struct wire_addr *a, char buf[TARGET_IP_TEXT])
{
	if (a->family != AF_INET && a->family != AF_INET6)
		return STR_NONE;
	return str(inet_ntop(a->family, a->ip, buf, TARGET_IP_TEXT));
}

static uint32_t fd_family(uint32_t type)
{
	return type == FD_IPV4 ? AF_INET : type == FD_IPV6 ? AF_INET6 : type == FD_UNIX ? AF_UNIX : 0;
}

/* The kinds that have the same members. */
#define SOCKET_OF(r) (struct target_socket){.family = (r).family, .type = (r).type & 0xf, .path = event_blob(ev, (r).path)}

static bool of_dup(const struct event *ev, struct target_socket *ret)
{
	const struct wire_dup *r = &ev->rec->dup;

	if (!fd_family(r->fd_type))
		return false;
	*ret = (struct target_socket){r->local, r->peer, fd_family(r->fd_type), r->type & 0xf, r->protocol, STR_NONE, NULL};
	if (ret->family == AF_UNIX)
		ret->path = event_blob(ev, r->name);
	return true;
}

bool target_socket(const struct event *ev, struct target_socket *ret)
{
	const union event_record *r = ev->rec;

	switch (r->hdr.type) {
	case EVENT_CONNECT:
		*ret = SOCKET_OF(r->connect);
		ret->local = r->connect.local;
		ret->peer = r->connect.peer;
		ret->protocol = r->connect.protocol;
		ret->direction = "outbound";
		return true;
	case EVENT_ACCEPT:
		*ret = SOCKET_OF(r->accept);
		ret->local = r->accept.local;
		ret->peer = r->accept.peer;
		ret->protocol = r->accept.protocol;
		ret->direction = "inbound";
		return true;
	case EVENT_TRANSFER:
		*ret = (struct target_socket){.local = r->transfer.local, .peer = r->transfer.peer, .family = r->transfer.family,
					      .type = r->transfer.type, .protocol = r->transfer.protocol,
					      .path = event_blob(ev, r->transfer.path)};
		ret->direction = call_sends(r->hdr.call) ? "outbound" : "inbound";
		return true;
	case EVENT_BIND:
		*ret = SOCKET_OF(r->bind);
		ret->local = r->bind.local;
		ret->protocol = r->bind.protocol;
		return true;
	case EVENT_LISTEN:
		*ret = SOCKET_OF(r->listen);
		ret->local = r->listen.local;
		ret->direction = "listening";
		return true;
	case EVENT_SOCKET:
		*ret = (struct target_socket){.family = r->socket.domain, .type = r->socket.type & 0xf,
					      .protocol = r->socket.protocol};
		return true;
	case EVENT_SOCKETPAIR:
		*ret = (struct target_socket){.family = r->socketpair.domain, .type = r->socketpair.type & 0xf,
					      .protocol = r->socketpair.protocol};
		return true;
	case EVENT_HELLO:
		*ret = (struct target_socket){.local = r->hello.local, .peer = r->hello.peer, .family = r->hello.peer.family,
					      .type = SOCK_STREAM, .protocol = IPPROTO_TCP, .direction = "outbound"};
		return true;
	case EVENT_DUP:
		return of_dup(ev, ret);
	case EVENT_COPY:
		if (!r->copy.peer.family && !r->copy.local.family)
			return false;
		*ret = (struct target_socket){.local = r->copy.local, .peer = r->copy.peer};
		ret->family = ret->peer.family ? ret->peer.family : ret->local.family;
		return true;
	case EVENT_EXEC:
		if (!r->exec.std_local.family && !r->exec.std_peer.family)
			return false;
		*ret = (struct target_socket){.local = r->exec.std_local, .peer = r->exec.std_peer};
		ret->family = ret->peer.family ? ret->peer.family : ret->local.family;
		return true;
	case EVENT_DNS:
		*ret = (struct target_socket){.local = r->dns.local, .peer = r->dns.peer, .family = r->dns.peer.family,
					      .protocol = r->dns.protocol,
					      .direction = r->dns.egress ? "outbound" : "inbound"};
		return true;
	default:
		return false;
	}
}

/* Removes what "/./", "//" and "/../" say, from the text alone: links are not followed. */
static struct str tidy(char *p, size_t n)
{
	size_t to = 0, i = 0, from;

	while (i < n) {
		while (i < n && p[i] == '/')
			i++;
		for (from = i; i < n && p[i] != '/';)
			i++;
		if (i == from || (i - from == 1 && p[from] == '.'))
			continue;
		if (i - from == 2 && p[from] == '.' && p[from + 1] == '.') {
			while (to && p[--to] != '/')
				;
			continue;
		}
		p[to++] = '/';
		memmove(p + to, p + from, i - from);
		to += i - from;
	}
	if (!to)
		p[to++] = '/';
	return str_n(p, to);
}

/* The path the kernel named, else the caller's text from where it was relative to; cut where it is longer than buf. */
static struct str resolve(struct str name, struct str raw, struct str dir, char buf[TARGET_PATH_MAX])
{
	size_t n = 0;

	if (name.n || !raw.n)
		return name;
	if (raw.p[0] != '/') {
		/* tidy() takes paths; "memfd:x" is none, and nothing lies below it */
		if (!dir.n || dir.p[0] != '/' || dir.n >= TARGET_PATH_MAX)
			return raw;
		memcpy(buf, dir.p, dir.n);
		n = dir.n;
		buf[n++] = '/';
	}
	if (raw.n > TARGET_PATH_MAX - n)
		raw.n = TARGET_PATH_MAX - n;
	memcpy(buf + n, raw.p, raw.n);
	return tidy(buf, n + raw.n);
}

#define RESOLVE(r, name, raw, dir, i) \
	resolve(event_blob(ev, (r).name), event_blob(ev, (r).raw), event_blob(ev, (r).dir), ret->buf[i])

static void of_open(const struct event *ev, const struct wire_open *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, name, raw, dir, 0);
	ret->raw = event_blob(ev, r->raw);
	ret->operation = r->file_flags & FILE_CREATED || (r->hdr.res < 0 && r->flags & O_CREAT) ? "create" :
			 (r->flags & O_ACCMODE) == O_RDONLY ? "open" : "write";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
	ret->mode = r->file_mode & 07777;
	ret->has_mode = r->file_mode;
}

static void of_unlink(const struct event *ev, const struct wire_unlink *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, name, raw, dir, 0);
	ret->raw = event_blob(ev, r->raw);
	ret->operation = "delete";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
}

static void of_chmod(const struct event *ev, const struct wire_chmod *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, name, raw, dir, 0);
	ret->raw = event_blob(ev, r->raw);
	ret->operation = "chmod";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
	ret->mode = r->mode & 07777;
	ret->has_mode = true;
}

static void of_rename(const struct event *ev, const struct wire_rename *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, oldname, oldraw, olddir, 0);
	ret->other = RESOLVE(*r, newname, newraw, newdir, 1);
	ret->raw = event_blob(ev, r->oldraw);
	ret->operation = "rename";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
}

/* The path of a link is the new name; target is what it leads to. */
static void of_link(const struct event *ev, const struct wire_link *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, newname, newraw, newdir, 0);
	ret->other = RESOLVE(*r, oldname, oldraw, olddir, 1);
	ret->raw = event_blob(ev, r->newraw);
	ret->operation = "link";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
}

static void of_symlink(const struct event *ev, const struct wire_symlink *r, struct target_file *ret)
{
	ret->path = RESOLVE(*r, name, raw, dir, 0);
	ret->other = event_blob(ev, r->target);
	ret->raw = event_blob(ev, r->raw);
	ret->operation = "symlink";
	ret->inode = (double)r->ino;
	ret->device = r->dev;
}

/* The kinds that have the same members. */
#define OF_CHANGE(r, what) (					\
	ret->path = RESOLVE(r, name, raw, dir, 0),		\
	ret->raw = event_blob(ev, (r).raw),			\
	ret->operation = (what),				\
	ret->inode = (double)(r).ino,				\
	ret->device = (r).dev)

/* Of the others the files of descriptors. */
#define OF_FILE(r, what) (					\
	ret->path = event_blob(ev, (r).name),			\
	ret->operation = (what),				\
	ret->inode = (double)(r).ino,				\
	ret->device = (r).dev)

static bool of_change(const struct event *ev, struct target_file *ret)
{
	const union event_record *r = ev->rec;

	switch (r->hdr.type) {
	case EVENT_MKDIR:
		OF_CHANGE(r->mkdir, "mkdir");
		ret->mode = r->mkdir.mode & 07777;
		ret->has_mode = true;
		return true;
	case EVENT_MKNOD:
		OF_CHANGE(r->mknod, "mknod");
		ret->mode = r->mknod.mode & 07777;
		ret->has_mode = true;
		return true;
	case EVENT_CHOWN:
		OF_CHANGE(r->chown, "chown");
		return true;
	case EVENT_XATTR:
		OF_CHANGE(r->xattr, "xattr");
		return true;
	case EVENT_TRUNCATE:
		OF_CHANGE(r->truncate, "truncate");
		return true;
	case EVENT_UTIME:
		OF_CHANGE(r->utime, "utime");
		return true;
	case EVENT_WRITE:
		OF_FILE(r->write, "write");
		return true;
	case EVENT_COPY:
		ret->path = event_blob(ev, r->copy.in_name);
		ret->other = event_blob(ev, r->copy.out_name);
		ret->operation = "copy";
		ret->inode = (double)r->copy.in_ino;
		ret->device = r->copy.in_dev;
		return true;
	default:
		return false;
	}
}

bool target_file(const struct event *ev, struct target_file *ret)
{
	const union event_record *r = ev->rec;

	ret->path = ret->raw = ret->other = STR_NONE;
	ret->operation = NULL;
	ret->inode = 0;
	ret->device = ret->mode = 0;
	ret->has_mode = false;
	switch (r->hdr.type) {
	case EVENT_OPEN:
		of_open(ev, &r->open, ret);
		return true;
	case EVENT_RENAME:
		of_rename(ev, &r->rename, ret);
		return true;
	case EVENT_UNLINK:
		of_unlink(ev, &r->unlink, ret);
		return true;
	case EVENT_LINK:
		of_link(ev, &r->link, ret);
		return true;
	case EVENT_SYMLINK:
		of_symlink(ev, &r->symlink, ret);
		return true;
	case EVENT_CHMOD:
		of_chmod(ev, &r->chmod, ret);
		return true;
	default:
		return of_change(ev, ret);
	}
}
