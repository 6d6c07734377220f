/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the descriptor that the event is about. */
#include "event/scap_fields.h"

static void put_ip(struct fields *f, const char *name, const struct scap_fd *fd, const uint8_t ip[16])
{
	buf_reset(&f->text);
	scap_ip_text(scap_fd_v6(fd), ip, &f->text);
	scap_put_str(f, name, buf_view(&f->text));
}

static void put_port(struct fields *f, const char *name, const char *as_text, uint16_t port)
{
	scap_put_int(f, name, port);
	buf_reset(&f->text);
	buf_printf(&f->text, "%u", port);
	scap_put_str(f, as_text, buf_view(&f->text));
}

static void put_socket(struct fields *f, const struct scap_fd *fd)
{
	bool pair = scap_fd_is_pair(fd), server = scap_fd_is_server(fd), ours;

	if (fd->type == SCAP_FD_UNIX)
		scap_put_text(f, "fd.sockfamily", "unix");
	if (pair || server)
		scap_put_text(f, "fd.sockfamily", "ip");
	if (scap_l4_name(fd))
		scap_put_text(f, "fd.l4proto", scap_l4_name(fd));
	scap_put_bool(f, "fd.is_server", server || (pair && scap_address_is_ours(f->s, scap_fd_v6(fd), fd->dip)));
	if (fd->role == SCAP_ROLE_NONE || (!pair && !server))
		return;
	put_ip(f, "fd.sip", fd, fd->dip);
	scap_put_int(f, "fd.sport", fd->dport);
	if (!pair)
		return;
	put_port(f, "fd.sport", "fd.sproto", fd->dport);
	put_ip(f, "fd.cip", fd, fd->sip);
	put_port(f, "fd.cport", "fd.cproto", fd->sport);
	ours = scap_address_is_ours(f->s, scap_fd_v6(fd), fd->sip);
	put_ip(f, "fd.lip", fd, ours ? fd->sip : fd->dip);
	put_port(f, "fd.lport", "fd.lproto", ours ? fd->sport : fd->dport);
	put_ip(f, "fd.rip", fd, ours ? fd->dip : fd->sip);
	put_port(f, "fd.rport", "fd.rproto", ours ? fd->dport : fd->sport);
}

static void put_file(struct fields *f, const struct scap_fd *fd)
{
	struct str name = scap_text_view(fd->name);
	const char *slash = name.n ? memrchr(name.p, '/', name.n) : NULL;

	if (fd->type == SCAP_FD_DIRECTORY) {
		scap_put_str(f, "fd.directory", name);
	} else if (scap_fd_is_file(fd) && slash) {
		scap_put_str(f, "fd.directory", str_n(name.p, slash == name.p ? 1 : (size_t)(slash - name.p)));
		scap_put_str(f, "fd.filename", str_after_last(name, '/'));
	}
}

/* The number's own majors and minors, in the kernel's order: 12 bits of the one in front of 20 of the other. */
static void put_device(struct fields *f, const struct scap_fd *fd)
{
	buf_reset(&f->text);
	buf_printf(&f->text, "%u", fd->dev);
	scap_put_str(f, "fd.dev", buf_view(&f->text));
	scap_put_int(f, "fd.dev.major", (fd->dev & 0xfff00) >> 8);
	scap_put_int(f, "fd.dev.minor", (fd->dev & 0xff) | ((fd->dev >> 12) & 0xfff00));
	scap_put_int(f, "fd.ino", (int64_t)fd->ino);
}

static void put_types(struct fields *f)
{
	static const uint8_t alike[][2] = {{SCAP_FD_FILE2, SCAP_FD_FILE}, {SCAP_FD_IPV4_SERVER, SCAP_FD_IPV4},
					   {SCAP_FD_IPV6_SERVER, SCAP_FD_IPV6}};	/* by name */
	const struct scap_fds *fds = scap_thread_fds(f->s, f->e->thread);
	uint32_t have = 0;
	json_t *list = json_array();

	for (size_t i = 0; fds && fds->v && i <= fds->mask; i++) {
		if (fds->v[i].fd && scap_fd_kind(fds->v[i].fd))
			have |= 1u << fds->v[i].fd->type;
	}
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		if (have >> alike[i][0] & 1)
			have = (have & ~(1u << alike[i][0])) | 1u << alike[i][1];
	}
	for (uint8_t i = 0; i < SCAP_FD_TYPES; i++) {
		const struct scap_fd of = {.type = i};

		if (have >> i & 1 && json_array_append_new(list, json_string(scap_fd_kind(&of))) < 0)
			f->failed = true;
	}
	scap_put(f, "fd.types", list);
}

void scap_put_fd(struct fields *f)
{
	const struct scap_fd *fd = f->e->fd;
	char letter[2] = {};

	if (!f->e->has_fd)
		return;
	if (f->e->fd_num != -1)
		scap_put_int(f, "fd.num", f->e->fd_num);
	buf_reset(&f->text);
	buf_printf(&f->text, "%lld%lld", (long long)f->e->thread->tid, (long long)f->e->fd_num);
	scap_put_str(f, "fd.uid", buf_view(&f->text));
	if (f->e->fd_num != -1)
		put_types(f);
	if (!fd)
		return;
	letter[0] = scap_fd_letter(fd);
	scap_put_text(f, "fd.typechar", letter);
	if (scap_fd_kind(fd))
		scap_put_text(f, "fd.type", scap_fd_kind(fd));
	scap_put_str(f, "fd.name", scap_text_view(fd->name));
	if (fd->raw)
		scap_put_str(f, "fd.nameraw", scap_text_view(fd->raw));
	scap_put_bool(f, "fd.name_changed", f->e->renamed);
	scap_put_bool(f, "fd.connected", fd->connected);
	scap_put_bool(f, "fd.is_upper_layer", fd->upper);
	scap_put_bool(f, "fd.is_lower_layer", fd->lower);
	put_file(f, fd);
	put_device(f, fd);
	put_socket(f, fd);
}
