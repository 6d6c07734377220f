/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/access.h"
#include "util/fs.h"
#include "util/limits.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static bool next_token(struct str *left, struct str *ret)
{
	while (left->n) {
		const char *end = memchr(left->p, '\n', left->n);
		struct str line = str_n(left->p, end ? (size_t)(end - left->p) : left->n);

		*left = str_skip(*left, line.n + 1);
		while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
			line.n--;
		if (line.n && line.p[0] != '#') {
			*ret = line;
			return true;
		}
	}
	return false;
}

static int load(struct access_tokens *t, char why[256])
{
	struct buf text = {};
	struct str left, token;
	struct stat st = {};
	int r = stat(t->path, &st) < 0 ? -errno : fs_read(&text, t->path, TOKEN_BYTES_MAX);

	left = buf_view(&text);
	if (!r && !next_token(&left, &token))
		r = -ENODATA;
	if (r < 0) {
		snprintf(why, 256, "token file %s: %s", t->path, r == -ENODATA ? "no token in it" : strerror(-r));
		buf_free(&text);
		return r;
	}
	buf_free(&t->text);
	t->text = text;
	t->st = st;
	return 0;
}

int access_tokens_open(struct access_tokens *t, const char *path, char why[256])
{
	if (!path)
		return 0;
	t->path = strdup(path);
	if (!t->path) {
		snprintf(why, 256, "out of memory");
		return -ENOMEM;
	}
	return load(t, why);
}

void access_tokens_close(struct access_tokens *t)
{
	free(t->path);
	buf_free(&t->text);
	*t = (struct access_tokens){};
}

static void reload(struct access_tokens *t)
{
	char why[256];
	struct stat st;

	if (stat(t->path, &st) < 0)
		return;	/* being replaced: the ones we have hold until the new file is there */
	if (st.st_ino != t->st.st_ino || st.st_size != t->st.st_size ||
	    st.st_mtim.tv_sec != t->st.st_mtim.tv_sec || st.st_mtim.tv_nsec != t->st.st_mtim.tv_nsec)
		(void)load(t, why);
}

/* The time it takes tells nothing but the lengths. */
static bool same(struct str a, struct str b)
{
	unsigned char differ = a.n != b.n;

	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[b.n ? i % b.n : 0]);
	return !differ;
}

bool access_token_is_good(struct access_tokens *t, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	struct str left, token, given;
	bool good = false;

	if (!t->path)
		return true;
	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	reload(t);
	given = str(authorization + sizeof(scheme) - 1);
	left = buf_view(&t->text);
	while (next_token(&left, &token))
		good |= same(given, token);
	return good;
}

bool access_certificate_is_good(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_typed_vdata_st use = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned int status = 1;

	return info && info->tls_session &&
	       gnutls_certificate_verify_peers(info->tls_session, &use, 1, &status) == GNUTLS_E_SUCCESS && !status;
}
