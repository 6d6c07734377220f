/* SPDX-License-Identifier: Apache-2.0 */
/* Which container and task it was: at once what the control group's path says, later what others know of it. */
#include "enrich/container.h"
#include "finding/build.h"

/* What is said anew takes the place of what was there; nothing leaves it as it is. */
static void replace(struct build *b, char **dst, struct str s)
{
	char *old = *dst;

	if (!s.n)
		return;
	*dst = (char *)protobuf_c_empty_string;
	build_text(b, dst, s, FINDING_TEXT_MAX);
	if (*dst == protobuf_c_empty_string)
		*dst = old;
	else if (old != protobuf_c_empty_string)
		free(old);
}

static void say_container(struct build *b, const struct workload_row *row)
{
	Noroshi__V1__Container *c = b->f->container;
	const struct workload *w = row->known;
	bool known;

	if (!c && !BUILD_MESSAGE(b, c, container))
		return;
	b->f->container = c;
	replace(b, &c->id, str(row->id));
	replace(b, &c->runtime, str(row->runtime));
	if (!w)
		return;
	replace(b, &c->name, w->text[WORKLOAD_NAME]);
	replace(b, &c->image, w->text[WORKLOAD_IMAGE]);
	replace(b, &c->image_id, w->text[WORKLOAD_IMAGE_ID]);
	replace(b, &c->image_digest, w->text[WORKLOAD_IMAGE_DIGEST]);
	c->privileged = workload_is(w, WORKLOAD_PRIVILEGED, &known);
}

static void say_task(struct build *b, const struct workload_row *row)
{
	const struct workload *w = row->known;
	Noroshi__V1__Ecs *e = b->f->ecs;
	bool any = row->task_id[0] || row->cluster[0] || workload_has(w, WORKLOAD_TASK_ARN) || workload_has(w, WORKLOAD_FAMILY);

	if (!any || (!e && !BUILD_MESSAGE(b, e, ecs)))
		return;
	b->f->ecs = e;
	replace(b, &e->task_id, str(row->task_id));
	replace(b, &e->cluster, str(row->cluster));
	if (!w)
		return;
	replace(b, &e->cluster, w->text[WORKLOAD_CLUSTER]);
	replace(b, &e->cluster_arn, w->text[WORKLOAD_CLUSTER_ARN]);
	replace(b, &e->service, w->text[WORKLOAD_SERVICE]);
	replace(b, &e->task_id, w->text[WORKLOAD_TASK_ID]);
	replace(b, &e->task_arn, w->text[WORKLOAD_TASK_ARN]);
	replace(b, &e->family, w->text[WORKLOAD_FAMILY]);
	replace(b, &e->revision, w->text[WORKLOAD_REVISION]);
	replace(b, &e->container_name, w->text[WORKLOAD_CONTAINER_NAME]);
	replace(b, &e->launch_type, w->text[WORKLOAD_LAUNCH_TYPE]);
	replace(b, &e->started_by, w->text[WORKLOAD_STARTED_BY]);
}

static void say_state(struct build *b, enum workload_state state, const char *why)
{
	static const Noroshi__V1__Attribution states[WORKLOAD_STATES] = {
		[WORKLOAD_FRESH] = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL,	/* nobody is asked here */
		[WORKLOAD_PENDING] = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PENDING,
		[WORKLOAD_RESOLVED] = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_RESOLVED,
		[WORKLOAD_PARTIAL] = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PARTIAL,
		[WORKLOAD_FAILED] = NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_FAILED,
	};
	Noroshi__V1__Finding *f = b->f;

	f->attribution = states[state];
	if (f->attribution_reason != protobuf_c_empty_string)
		free(f->attribution_reason);
	f->attribution_reason = (char *)protobuf_c_empty_string;
	build_text(b, &f->attribution_reason, str(why), FINDING_TEXT_MAX);
}

void finding_say_container(Noroshi__V1__Finding *f, const struct workload_row *row)
{
	struct build b = {.f = f};

	say_container(&b, row);
	say_task(&b, row);
	if (row->state == WORKLOAD_FRESH)
		say_state(&b, row->state, "only the control group's path tells who it is");
	else
		say_state(&b, row->state, row->why);
}

void finding_say_untold(Noroshi__V1__Finding *f, const char *why)
{
	struct build b = {.f = f};

	if (f->attribution == NOROSHI__V1__ATTRIBUTION__ATTRIBUTION_PENDING)
		say_state(&b, f->ecs || (f->container && f->container->name[0]) ? WORKLOAD_PARTIAL : WORKLOAD_FAILED, why);
}

void build_container(struct build *b)
{
	const struct container *c = b->ev->container;
	Noroshi__V1__Finding *f = b->f;
	struct workload_row row = {};

	if (!c) {
		bool nobody = b->ev->rec->hdr.flags & WIRE_NO_OWNER;

		say_state(b, nobody ? WORKLOAD_FAILED : WORKLOAD_RESOLVED,
			  nobody ? "the kernel did not say whose socket it was" : NULL);
		return;
	}
	if (!c->who)
		row = container_row(c);
	finding_say_container(f, c->who ? c->who : &row);
	if (f->container)
		build_text(b, &f->container->cgroup_path, str(c->path), FINDING_TEXT_MAX);
}
