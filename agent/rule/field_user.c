/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups. Numbers come with the record; names only from the host's own
 * database and only for processes of the host: a container has users of its own.
 */
#include "enrich/user.h"
#include "rule/field_get.h"

#define UNSET 0xffffffffu	/* a login uid that was never set */

static struct str or_na(const char *s)
{
	return s ? str(s) : STR("<NA>");
}

struct str user_text(const struct field_get *g, uint32_t uid)
{
	const char *name = g->ev->container ? NULL : user_name(uid);

	return !name && uid == 0 ? STR("root") : or_na(name);
}

static uint32_t euid(const struct field_get *g)
{
	return g->ev->rec->hdr.euid;
}

static bool owned(const struct field_get *g)
{
	return g->ev->rec->hdr.tgid != 0;
}

int get_user_uid(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_uint(v, euid(g)) : FIELD_MISSING;
}

int get_user_ruid(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_uint(v, g->ev->rec->hdr.uid) : FIELD_MISSING;
}

int get_user_name(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_str(v, user_text(g, euid(g))) : FIELD_MISSING;
}

int get_user_loginuid(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;

	if (!p)
		return FIELD_MISSING;
	return put_int(v, p->loginuid == UNSET ? -1 : (int64_t)p->loginuid);
}

int get_user_loginname(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->process;

	if (!p)
		return FIELD_MISSING;
	return put_str(v, p->loginuid == UNSET ? STR("<NA>") : user_text(g, p->loginuid));
}

static uint32_t gid(const struct field_get *g)
{
	return g->ev->rec->hdr.egid;
}

int get_group_gid(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_uint(v, gid(g)) : FIELD_MISSING;
}

int get_group_name(const struct field_get *g, struct value *v)
{
	const char *name;

	if (!owned(g))
		return FIELD_MISSING;
	name = g->ev->container ? NULL : group_name(gid(g));
	return put_str(v, !name && gid(g) == 0 ? STR("root") : or_na(name));
}

int get_user_homedir(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_str(v, or_na(g->ev->container ? NULL : user_homedir(euid(g)))) : FIELD_MISSING;
}

int get_user_shell(const struct field_get *g, struct value *v)
{
	return owned(g) ? put_str(v, or_na(g->ev->container ? NULL : user_shell(euid(g)))) : FIELD_MISSING;
}
