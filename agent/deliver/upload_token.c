/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/upload_token.h"
#include "util/fs.h"
#include "util/cleanup.h"
#include "util/limits.h"
#include <errno.h>
#include <stdio.h>

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	}
	return s.n;
}

/* The old one stays on failure. */
static int load(struct upload_token *t)
{
	_cleanup_(buf_free) struct buf b = {};
	struct stat st = {};
	struct str s;
	char *text;
	int r;

	if (stat(t->path, &st) < 0)
		return -errno;
	r = fs_read(&b, t->path, TOKEN_BYTES_MAX);
	if (r < 0)
		return r;
	s = buf_view(&b);
	while (s.n && strchr("\r\n ", s.p[s.n - 1]))
		s.n--;
	if (!is_token(s))
		return -EBADMSG;
	text = strndup(s.p, s.n);
	if (!text)
		return -ENOMEM;
	free(t->text);
	t->text = text;
	t->st = st;
	return 0;
}

int upload_token_open(struct upload_token *t, const char *path, char why[256])
{
	int r;

	if (!path)
		return 0;
	t->path = strdup(path);
	r = t->path ? load(t) : -ENOMEM;
	if (r < 0)
		snprintf(why, 256, "upload: token file %s: %s", path,
			 r == -EBADMSG ? "not one line with a token" : strerror(-r));
	return r;
}

void upload_token_close(struct upload_token *t)
{
	free(t->path);
	free(t->text);
	*t = (struct upload_token){};
}

void upload_token_refresh(struct upload_token *t)
{
	struct stat st;

	if (!t->path || stat(t->path, &st) < 0)
		return;
	if (st.st_ino != t->st.st_ino || st.st_size != t->st.st_size || st.st_mtim.tv_sec != t->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != t->st.st_mtim.tv_nsec)
		(void)load(t);
}

bool upload_token_renew(struct upload_token *t)
{
	_cleanup_(freep) char *old = t->text ? strdup(t->text) : NULL;

	return old && !load(t) && strcmp(old, t->text) != 0;
}
