/* SPDX-License-Identifier: Apache-2.0 */
/* Feed: what keeps the metadata service from saying which host this is. */
#include "attribution/imds.h"
#include "health/feed.h"
#include "util/clock.h"
#include "util/json_text.h"

static const struct {
	enum issue code;
	const char *text;
} issues[IMDS_FAULTS] = {
	[IMDS_UNREACHABLE] = {ISSUE_IMDS_UNREACHABLE, "the instance metadata service does not answer"},
	[IMDS_DISABLED] = {ISSUE_IMDS_UNREACHABLE, "instance metadata cannot be had"},
	[IMDS_TOKEN_REFUSED] = {ISSUE_IMDS_TOKEN_REQUIRED, "the instance metadata service wants a token"},
	[IMDS_V1_ONLY] = {ISSUE_IMDS_V1_ONLY, "the instance metadata service speaks version 1 only"},
	[IMDS_NO_DOCUMENT] = {ISSUE_IDENTITY_DOC_UNAVAILABLE, "the instance identity document cannot be had"},
	[IMDS_NO_ROLE] = {ISSUE_NO_INSTANCE_ROLE, "no credentials can be had"},
	[IMDS_TAGS_OFF] = {ISSUE_TAGS_IN_METADATA_OFF, "the instance's tags are not known"},
};

/* The URL holds no secret: the token travels in a header. */
static json_t *evidence_json(const struct imds_evidence *e, const struct host_facts *h)
{
	json_t *o = json_pack("{s:o, s:i, s:o}", "url", json_text(str(e->url)), "status", e->status, "text", json_text(str(e->text)));
	char text[CLOCK_TEXT_MAX];

	if (h->since)	/* what was told before is kept, and used */
		json_object_set_new(o, "knownSince", json_string(clock_rfc3339(text, h->since)));
	return o;
}

static bool is_open(const struct imds_state *s, enum issue code)
{
	for (enum imds_fault i = 0; i < IMDS_FAULTS; i++) {
		if (issues[i].code == code && s->faults[i].since)
			return true;
	}
	return false;
}

void feed_imds(struct feed *f, const struct imds_state *s, const struct host_facts *h)
{
	for (enum imds_fault i = 0; s && i < IMDS_FAULTS; i++) {
		const struct imds_evidence *e = &s->faults[i];
		struct ledger_case c = {.code = issues[i].code, .since = e->since};

		if (!e->since) {
			if (!is_open(s, issues[i].code))	/* two faults have the same code */
				ledger_clear(f->ledger, issues[i].code, NULL);
			continue;
		}
		c.evidence = evidence_json(e, h);
		ledger_raise(f->ledger, &c, "%s: %s", issues[i].text, e->text);
	}
}
