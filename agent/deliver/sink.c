/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/sink.h"
#include "rule/diag.h"
#include <errno.h>

const struct sink_ops *const sink_list[] = {
#define SINK(variable) &variable,
#include "deliver/sink.def"
	NULL,
};

static const struct sink_ops *find(struct str name)
{
	for (const struct sink_ops *const *ops = sink_list; *ops; ops++)
		if (str_eq(str((*ops)->name), name))
			return *ops;
	return NULL;
}

static void unknown(struct str name, char error[256])
{
	const char *names[ARRAY_SIZE(sink_list)] = {}, *near;
	size_t n = 0;

	while (sink_list[n]) {
		names[n] = sink_list[n]->name;
		n++;
	}
	near = diag_nearest(name, names, n);
	if (near)
		snprintf(error, 256, "there is no sink \"" STR_FMT "\"; did you mean \"%s\"?", (int)(name.n > 64 ? 64 : name.n),
			 name.p, near);
	else
		snprintf(error, 256, "there is no sink \"" STR_FMT "\" (stdout, file:PATH, upload:URL)",
			 (int)(name.n > 64 ? 64 : name.n), name.p);
}

/* A copy to be shown: "https://user:secret@host/" loses the secret. */
static void show_target(char dst[256], const char *target)
{
	const char *host = strstr(target, "://"), *at, *end;

	host = host ? host + 3 : target;
	end = host + strcspn(host, "/?#");
	at = host > target ? memrchr(host, '@', (size_t)(end - host)) : NULL;
	if (at)
		snprintf(dst, 256, "%.*s…%s", (int)(host - target), target, at);
	else
		snprintf(dst, 256, "%s", target);
}

/* Its ops, and o's target set; NULL with an error when there is none. */
static const struct sink_ops *resolve(const char *spec, struct sink_options *o, char error[256])
{
	const char *colon = strchr(spec, ':');
	struct str name = colon ? str_n(spec, (size_t)(colon - spec)) : str(spec);
	const struct sink_ops *ops = find(name);

	if (!ops)
		unknown(name, error);
	o->target = colon ? colon + 1 : NULL;
	return ops;
}

int sink_check(const char *spec, struct sink_options o, char error[256])
{
	const struct sink_ops *ops = resolve(spec, &o, error);

	if (!ops)
		return -EINVAL;
	return ops->check ? ops->check(&o, error) : 0;
}

int sink_open(struct sink **ret, const char *spec, struct sink_options o, uv_loop_t *loop, char error[256])
{
	const struct sink_ops *ops = resolve(spec, &o, error);
	struct sink *s;
	int r;

	if (!ops)
		return -EINVAL;
	r = ops->open(&s, &o, loop, error);
	if (r < 0)
		return r;
	show_target(s->target, o.target ? o.target : "");
	*ret = s;
	return 0;
}
