/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#define NAME(name) NAME_##name,
enum name_index {
#include "event/names.def"
	NAME_MAX_USED
};

_Static_assert(NAME_MAX_USED < NAMES_MAX, "name_table ends with NULL; raise NAMES_MAX by 64");

#define NAME(name) #name,
const char *const name_table[NAMES_MAX] = {
#include "event/names.def"
};

const unsigned int name_count = NAME_MAX_USED;

/* A call without a name in names.def does not compile. */
static const int16_t of_call[CALL_MAX] = {
	[CALL_NONE] = -1,
#define CALL(ID, name, NR, doc) [CALL_##ID] = NAME_##name,
#include "events.def"
};

static const uint16_t call_of[NAMES_MAX] = {
#define CALL(ID, name, NR, doc) [NAME_##name] = CALL_##ID,
#include "events.def"
};

int name_find(struct str name)
{
	int lo = 0, hi = NAME_MAX_USED - 1;

	while (lo <= hi) {
		int mid = (lo + hi) / 2, order = str_cmp(name, str(name_table[mid]));

		if (!order)
			return mid;
		if (order < 0)
			hi = mid - 1;
		else
			lo = mid + 1;
	}
	return -1;
}

int name_of_call(enum event_call call)
{
	return (unsigned int)call < CALL_MAX ? of_call[call] : -1;
}

enum event_call name_call(int name)
{
	return name >= 0 && name < NAMES_MAX ? (enum event_call)call_of[name] : CALL_NONE;
}
