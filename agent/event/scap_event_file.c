/* SPDX-License-Identifier: Apache-2.0 */
/* Files, pipes and whatever else a call returns a descriptor of. */
#include "event/scap_step.h"
#include "util/cleanup.h"

#define FCNTL_DUPFD 1
#define FCNTL_DUPFD_CLOEXEC 26

static struct str or_entry(const struct step *x, const char *name)
{
	struct str at_entry = scap_enter_param(x->e->enter, name);

	return at_entry.n ? at_entry : scap_record_param(&x->e->r, name);
}

/* What was asked for at the entry counts: by the exit another thread may have changed the name. */
void scap_file_opened(const struct step *x)
{
	struct str name = scap_string(or_entry(x, "name")), flags = or_entry(x, "flags"), dirfd = or_entry(x, "dirfd");
	uint32_t bits = (uint32_t)scap_number(SCAP_U32, flags);
	struct buf path = {};
	struct scap_fd *fd;
	struct str dir;

	if (x->e->result < 0)
		return;
	bits |= (uint32_t)number(x, "flags", 0) & (O_UPPER_BIT | O_LOWER_BIT);
	fd = scap_step_add(x, x->e->result, bits & O_DIRECTORY_BIT ? SCAP_FD_DIRECTORY : SCAP_FD_FILE2);
	if (!fd)
		return;
	fd->open_flags = bits;
	fd->dev = (uint32_t)number(x, "dev", 0);
	fd->ino = (uint64_t)number(x, "ino", 0);
	fd->upper = bits & O_UPPER_BIT || number(x, "creat_flags", 0) & 1;
	fd->lower = bits & O_LOWER_BIT || number(x, "creat_flags", 0) & 2;
	if (name.n) {
		dir = scap_directory(x->s, x->e->thread, dirfd.n ? scap_number(SCAP_FD, dirfd) : SCAP_AT_CWD);
		scap_path_join(dir, name, &path);
		scap_text_set(x->s, &fd->raw, name);
		scap_text_set(x->s, &fd->name, buf_view(&path));
	}
	buf_free(&path);
}

void scap_file_opened_by_handle(const struct step *x)
{
	struct scap_fd *fd = x->e->result >= 0 ? scap_step_add(x, x->e->result, SCAP_FD_FILE2) : NULL;

	if (!fd)
		return;
	fd->open_flags = (uint32_t)number(x, "flags", 0);
	fd->dev = (uint32_t)number(x, "dev", 0);
	fd->ino = (uint64_t)number(x, "ino", 0);
	scap_text_set(x->s, &fd->name, scap_record_text(&x->e->r, "path"));
	fd->raw = scap_text_ref(fd->name);
}

/* Calls that return a descriptor of one kind, without a name but a memory file's. */
void scap_fd_made(const struct step *x, uint8_t type)
{
	struct scap_fd *fd = x->e->result >= 0 ? scap_step_add(x, x->e->result, type) : NULL;

	if (!fd)
		return;
	fd->open_flags = (uint32_t)number(x, "flags", 0) & O_CLOEXEC_BIT;
	if (type == SCAP_FD_MEMFD)
		scap_text_set(x->s, &fd->name, scap_record_text(&x->e->r, "name"));
}

void scap_pipe_made(const struct step *x)
{
	static const char *const ends[] = {"fd1", "fd2"};

	for (size_t i = 0; i < ARRAY_SIZE(ends) && x->e->result >= 0; i++) {
		struct scap_fd *fd = given(x, ends[i]) ? scap_step_add(x, number(x, ends[i], -1), SCAP_FD_FIFO) : NULL;

		if (fd) {
			fd->ino = (uint64_t)number(x, "ino", 0);
			fd->open_flags = (uint32_t)number(x, "flags", 0);
		}
	}
}

static void dupped(const struct step *x, uint32_t cloexec)
{
	struct scap_fds *f = fds(x);
	struct scap_fd *fd;

	if (x->e->result < 0 || !x->e->fd || !f)
		return;
	if (x->e->result != x->e->thread->last_fd)
		scap_fd_share(x->s, f, x->e->result, x->e->fd);
	x->e->thread->last_fd = x->e->result;
	fd = x->e->fd = scap_fd_find(f, x->e->result);
	if (!fd || ((fd->open_flags & O_CLOEXEC_BIT) == cloexec))
		return;
	fd = scap_step_edit(x);
	if (fd)
		fd->open_flags = (fd->open_flags & ~O_CLOEXEC_BIT) | cloexec;
}

void scap_fcntl_done(const struct step *x)
{
	int64_t cmd = number(x, "cmd", 0);

	if (cmd == FCNTL_DUPFD || cmd == FCNTL_DUPFD_CLOEXEC)
		dupped(x, cmd == FCNTL_DUPFD_CLOEXEC ? O_CLOEXEC_BIT : 0);
}

void scap_fd_dupped(const struct step *x)
{
	dupped(x, (uint32_t)number(x, "flags", 0) & O_CLOEXEC_BIT);
}
