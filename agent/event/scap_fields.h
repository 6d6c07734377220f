/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to scap_json*.c: fields into one object. */
#ifndef EVENT_SCAP_FIELDS_H
#define EVENT_SCAP_FIELDS_H

#include "event/scap_addr.h"
#include "event/scap_event.h"

struct fields {
	json_t *o;
	const struct scap_state *s;
	const struct scap_event *e;
	struct buf name, plain, resolved, text;	/* of whoever is at work */
	bool failed;
};

void scap_put(struct fields *f, const char *name, json_t *v);	/* takes v */
void scap_put_str(struct fields *f, const char *name, struct str s);
void scap_put_text(struct fields *f, const char *name, const char *s);
void scap_put_int(struct fields *f, const char *name, int64_t n);
void scap_put_bool(struct fields *f, const char *name, bool b);
json_t *scap_text_json(struct str s);	/* bytes that are no UTF-8 become U+FFFD */

void scap_put_process(struct fields *f);
void scap_put_fd(struct fields *f);

#endif
