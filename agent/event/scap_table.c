/* SPDX-License-Identifier: Apache-2.0 */
#include "event/scap_table.h"
#include "event/words.h"
#include "util/cleanup.h"

#define P(param, k) {#param, SCAP_##k, 0, 0}
#define F(param, k, table) {#param, SCAP_##k, 0, WORDS_##table}
#define D(param, place) {#param, SCAP_AT, place, 0}
#define Y(param, choice) {#param, SCAP_DYN, SCAP_CHOICE_##choice, 0}
#define PARAMS(...) (const struct scap_param[]){__VA_ARGS__ __VA_OPT__(,) {NULL, 0, 0, 0}}

/* Flags are named without their prefix in the table. */
enum {
	NEW_FD = SCAP_NEW_FD, END_FD = SCAP_END_FD, USES_FD = SCAP_USES_FD, READS = SCAP_READS, WRITES = SCAP_WRITES,
	WAITS = SCAP_WAITS, LARGE = SCAP_LARGE,
};

#define EVENT(number, call, cls, cat, flag, ...) \
	[number] = {#call, #cat, PARAMS(__VA_ARGS__), number, SCAP_##cls, flag},
#define OLD(number, now, ...) [number] = {NULL, NULL, PARAMS(__VA_ARGS__), now, SCAP_SYSCALL, 0},
#define ENTER(number, call, ...) [number] = {#call, NULL, PARAMS(__VA_ARGS__), number, SCAP_ENTER, 0},
#define ENTER_SEEN(number, call, ...) [number] = {#call, NULL, PARAMS(__VA_ARGS__), number, SCAP_ENTER, SCAP_SEEN},
const struct scap_type scap_types[SCAP_TYPES] = {
#include "event/scap.def"
};

#define C(number, call) [number] = #call,
#define N(number, call)
static const char *const calls[] = {
#include "event/scap_calls.def"
};

#define C(number, call)
#define N(number, call) [number] = #call,
static const char *const native_calls[] = {
#include "event/scap_calls.def"
};

unsigned int scap_nparams(const struct scap_type *t)
{
	unsigned int n = 0;

	while (t->params[n].name)
		n++;
	return n;
}

const char *scap_call_id_name(unsigned int id)
{
	return id < ARRAY_SIZE(calls) && calls[id] ? calls[id] : "unknown";
}

const char *scap_call_name(unsigned int id, unsigned int native)
{
	if (id && id < ARRAY_SIZE(calls) && calls[id])
		return calls[id];
	return native < ARRAY_SIZE(native_calls) && native_calls[native] ? native_calls[native] : "unknown";
}
