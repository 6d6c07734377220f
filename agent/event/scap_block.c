/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_block.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>

#define PART (4u << 10)
#define FRAME 12u		/* type, length, length again */
#define EVENT_BODY_MAX (64u << 10)

int scap_blocks_open(struct scap_blocks *b, int fd)
{
	*b = (struct scap_blocks){.body = {.max = SCAP_BLOCK_MAX}};
	b->file = gzdopen(fd, "rb");
	if (!b->file) {
		close(fd);
		return -ENOMEM;
	}
	gzbuffer(b->file, 32u << 10);
	return 0;
}

void scap_blocks_close(struct scap_blocks *b)
{
	if (b->file)
		gzclose_r(take(b->file));
	buf_free(&b->body);
}

unsigned int scap_block_processes(uint32_t type)
{
	static const uint32_t types[] = {0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215};
	static const uint32_t early[] = {0x8000ABCD, 0x8013ABCD, 0x8014ABCD};

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i] == type || (i < ARRAY_SIZE(early) && early[i] == type))
			return i + 1;
	return 0;
}

enum wish { SKIP, EVENT, LARGE, LIST };

static enum wish wish(uint32_t type)
{
	switch (type) {
	case SCAP_EVENT:
	case SCAP_EVENT_EARLY:
	case SCAP_EVENT_2:
	case SCAP_EVENT_FLAGS:
	case SCAP_EVENT_FLAGS_2:
		return EVENT;
	case SCAP_EVENT_2_LARGE:
	case SCAP_EVENT_FLAGS_2_LARGE:
		return LARGE;
	case SCAP_SECTION:
	case SCAP_MACHINE:
	case SCAP_MACHINE_EARLY:
	case SCAP_INTERFACES:
	case SCAP_INTERFACES_EARLY:
	case SCAP_INTERFACES_2:
	case SCAP_USERS:
	case SCAP_USERS_EARLY:
	case SCAP_USERS_2:
	case SCAP_FDS:
	case SCAP_FDS_EARLY:
	case SCAP_FDS_2:
		return LIST;
	default:
		return scap_block_processes(type) ? LIST : SKIP;
	}
}

/* Why there is less than was asked for. */
static int short_read(struct scap_blocks *b, const char *what, char why[128])
{
	int e;
	const char *text = gzerror(b->file, &e);

	if (e == Z_ERRNO)
		return snprintf(why, 128, "%s", strerror(errno)), -EIO;
	if (e == Z_MEM_ERROR)
		return -ENOMEM;
	if (e != Z_OK && e != Z_STREAM_END && e != Z_BUF_ERROR)
		return snprintf(why, 128, "damaged: %.80s", text), -EBADMSG;
	return snprintf(why, 128, "the file ends within %s", what), -EBADMSG;
}

/* n bytes into the body, or to nowhere. */
static int read_body(struct scap_blocks *b, uint64_t n, bool keep, char why[128])
{
	char part[PART];

	buf_reset(&b->body);
	while (n) {
		unsigned int want = n < PART ? (unsigned int)n : PART;
		int got = gzread(b->file, part, want);

		if (got != (int)want)
			return short_read(b, "a block", why);
		if (keep)
			buf_add(&b->body, part, want);
		n -= want;
	}
	return keep ? buf_error(&b->body) : 0;
}

static int read_block(struct scap_blocks *b, const uint32_t head[2], enum wish w, struct scap_block *ret, char why[128])
{
	uint32_t n = head[1] - FRAME, again;
	int r;

	if ((w == LIST || w == LARGE) && n > SCAP_BLOCK_MAX - 1)
		return snprintf(why, 128, "a block of %u bytes, at most %u are read", head[1], SCAP_BLOCK_MAX), -EBADMSG;
	if (w == EVENT && n > EVENT_BODY_MAX)
		return snprintf(why, 128, "an event's block of %u bytes, longer than one can be", head[1]), -EBADMSG;
	r = read_body(b, n, w != SKIP, why);
	if (r < 0)
		return r;
	if (gzread(b->file, &again, sizeof(again)) != sizeof(again))
		return short_read(b, "a block", why);
	if (w == LIST && again != head[1])
		return snprintf(why, 128, "a block that ends with another length than it begins with"), -EBADMSG;
	*ret = (struct scap_block){head[0], b->at, buf_view(&b->body)};
	b->at += head[1];
	return 1;
}

int scap_blocks_next(struct scap_blocks *b, struct scap_block *ret, bool first, char why[128])
{
	uint32_t head[2];
	enum wish w;
	int r;

	do {
		int got = gzread(b->file, head, sizeof(head));

		if (got == 0 && gzeof(b->file)) {
			int e;

			gzerror(b->file, &e);
			return e == Z_OK || e == Z_STREAM_END ? 0 : short_read(b, "the compressed data", why);
		}
		if (got != sizeof(head))
			return short_read(b, "a block's head", why);
		if (first && head[0] != SCAP_SECTION)
			return snprintf(why, 128, "not a .scap capture: it does not begin with a section"), -EBADMSG;
		if (head[1] < FRAME)
			return snprintf(why, 128, "a block of %u bytes, shorter than its own frame", head[1]), -EBADMSG;
		w = wish(head[0]);
		b->skipped += w == SKIP;
		r = read_block(b, head, w, ret, why);
	} while (r > 0 && w == SKIP);
	return r;
}
