/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap.h"
#include "event/scap_event.h"
#include <errno.h>
#include <unistd.h>

struct scap {
	struct scap_blocks blocks;
	struct scap_state state;
	struct scap_machine machine;
	struct scap_event event;
	uint64_t num, later;
	bool begun;
	char name[256], error[512];
};

bool scap_begins(const unsigned char *p, size_t n)
{
	static const unsigned char section[] = {0x0a, 0x0d, 0x0d, 0x0a}, gzip[] = {0x1f, 0x8b};

	return (n >= sizeof(section) && !memcmp(p, section, sizeof(section))) ||
	       (n >= sizeof(gzip) && !memcmp(p, gzip, sizeof(gzip)));
}

int scap_open(struct scap **ret, int fd, const char *name, char error[512])
{
	struct scap *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		close(fd);
		r = -ENOMEM;
	} else {
		r = scap_blocks_open(&s->blocks, fd);
	}
	if (r < 0) {
		free(s);
		snprintf(error, 512, "%s: %s", name, strerror(-r));
		return r;
	}
	scap_state_init(&s->state);
	snprintf(s->name, sizeof(s->name), "%s", name);
	*ret = s;
	return 0;
}

struct scap *scap_free(struct scap *s)
{
	if (s) {
		scap_state_clear(&s->state);
		scap_blocks_close(&s->blocks);
		free(s);
	}
	return NULL;
}

const char *scap_error(const struct scap *s)
{
	return s->error;
}

struct scap_losses scap_losses(const struct scap *s)
{
	return (struct scap_losses){s->blocks.skipped, s->later, s->state.evicted, s->state.refused};
}

static bool is_numbered(uint32_t type)
{
	return type == SCAP_EVENT_2 || type == SCAP_EVENT_FLAGS_2 || type == SCAP_EVENT_2_LARGE ||
	       type == SCAP_EVENT_FLAGS_2_LARGE;
}

/* 1 when it is an event, 0 when it is none for anyone outside. */
static int read_event(struct scap *s, const struct scap_block *b, char why[128])
{
	bool flags = b->type == SCAP_EVENT_FLAGS || b->type == SCAP_EVENT_FLAGS_2 || b->type == SCAP_EVENT_FLAGS_2_LARGE;
	size_t head = sizeof(uint16_t) + (flags ? sizeof(uint32_t) : 0);
	struct scap_event *e = &s->event;
	const struct scap_type *t;
	int r;

	if (b->body.n < head)
		return snprintf(why, 128, "an event of %zu bytes, shorter than its header", b->body.n), -EBADMSG;
	memset(e, 0, sizeof(*e));
	memcpy(&e->r.cpu, b->body.p, sizeof(e->r.cpu));
	r = scap_record_read(&e->r, str_skip(b->body, head), is_numbered(b->type), why);
	if (r) {
		s->later += r > 0;
		return r < 0 ? r : 0;
	}
	scap_state_trim(&s->state);
	t = &scap_types[e->r.type];
	if (t->class == SCAP_ENTER) {
		struct scap_thread *thread = scap_thread_get(&s->state, e->r.tid);

		if (!thread)
			return -ENOMEM;
		s->num += t->flags & SCAP_SEEN ? 1 : 0;
		scap_enter_keep(&s->state, thread, &e->r);
		return 0;
	}
	s->num++;
	scap_event_apply(&s->state, &s->machine, e);
	return 1;
}

/* A further section begins with a host of its own: a file that was put together of several. */
static int read_host(struct scap *s, const struct scap_block *b, char why[128])
{
	unsigned int version = scap_block_processes(b->type);

	if (version)
		return scap_host_processes(&s->state, b->body, version, why);
	switch (b->type) {
	case SCAP_SECTION:
		scap_state_clear(&s->state);
		s->machine = (struct scap_machine){};
		return scap_host_section(b->body, why);
	case SCAP_MACHINE:
	case SCAP_MACHINE_EARLY:
		scap_host_machine(&s->machine, b->body);
		return 0;
	case SCAP_FDS:
	case SCAP_FDS_EARLY:
	case SCAP_FDS_2:
		return scap_host_fds(&s->state, b->body, b->type == SCAP_FDS_2, why);
	case SCAP_USERS:
	case SCAP_USERS_EARLY:
	case SCAP_USERS_2:
		return scap_host_users(&s->state, b->body, b->type == SCAP_USERS_2, why);
	default:
		return scap_host_interfaces(&s->state, b->body, b->type == SCAP_INTERFACES_2, why);
	}
}

static bool is_event(uint32_t type)
{
	return is_numbered(type) || type == SCAP_EVENT || type == SCAP_EVENT_EARLY || type == SCAP_EVENT_FLAGS;
}

static int fail(struct scap *s, int e, uint64_t at, const char *why)
{
	snprintf(s->error, sizeof(s->error), "%s: byte %llu%s: %s", s->name, (unsigned long long)at,
		 gzdirect(s->blocks.file) ? "" : " unpacked", e == -ENOMEM ? "out of memory" : why);
	return e;
}

int scap_next(struct scap *s, json_t **ret, uint64_t *num)
{
	struct scap_block b;
	char why[128] = "";
	int r;

	for (;;) {
		uint64_t at = s->blocks.at;

		r = scap_blocks_next(&s->blocks, &b, !s->begun, why);
		if (r < 0)
			return fail(s, r, s->blocks.at, why);
		if (!r)
			return s->begun ? 0 : fail(s, -EBADMSG, at, "not a .scap capture: it is empty");
		s->begun = true;
		r = is_event(b.type) ? read_event(s, &b, why) : read_host(s, &b, why);
		if (r < 0)
			return fail(s, r, b.at, why);
		if (r > 0)
			break;
	}
	*ret = scap_event_json(&s->state, &s->machine, &s->event, s->num);
	*num = s->num;
	scap_event_done(&s->state, &s->event);
	return *ret ? 1 : fail(s, -ENOMEM, b.at, "");
}
