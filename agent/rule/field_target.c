/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a call is aimed at: the kernel said who it was at that moment, the process table and its container who that is. */
#include "enrich/enrich.h"
#include "rule/field_get.h"

/* The part of a record that says it; 0 when the kernel found nobody. */
static uint32_t target_of(const struct field_get *g, struct str *name)
{
	const union event_record *r = g->ev->rec;

	if (get_type(g) == EVENT_TAMPER) {
		*name = event_blob(g->ev, r->tamper.target_comm);
		return r->tamper.target;
	}
	if (get_type(g) == EVENT_SIGNAL) {
		*name = event_blob(g->ev, r->signal.target_comm);
		return r->signal.target;
	}
	/* of a file in /proc that is about a process: its name is what the table knows */
	if (get_type(g) != EVENT_OPEN && get_type(g) != EVENT_WRITE)
		return 0;
	*name = g->ev->target && g->ev->target->image ? g->ev->target->image->comm : (struct str){};
	return get_type(g) == EVENT_OPEN ? r->open.target : r->write.target;
}

int get_evt_target_pid(const struct field_get *g, struct value *v)
{
	struct str name;
	uint32_t pid = target_of(g, &name);

	return pid ? put_int(v, pid) : FIELD_MISSING;
}

int get_evt_target_name(const struct field_get *g, struct value *v)
{
	struct str name;

	return target_of(g, &name) && name.n ? put_str(v, name) : FIELD_MISSING;
}

int get_evt_target_exepath(const struct field_get *g, struct value *v)
{
	const struct process *p = g->ev->target;

	return p && p->image ? put_str(v, p->image->exepath) : FIELD_MISSING;
}

int get_evt_target_agent(const struct field_get *g, struct value *v)
{
	struct str name;
	uint32_t pid = target_of(g, &name);

	return pid ? put_bool(v, enrich_is_agent(g->ev->tables, pid)) : FIELD_MISSING;
}

int get_evt_target_container_id(const struct field_get *g, struct value *v)
{
	const struct container *c = g->ev->target_container;
	struct str name;

	if (!target_of(g, &name))
		return FIELD_MISSING;
	return put_str(v, c ? str_n(c->id, strnlen(c->id, CONTAINER_SHORT_ID)) : STR("host"));
}
