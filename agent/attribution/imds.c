/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMDS
 *
 * A round is a chain of requests, one at a time: token, document, role, list
 * of tags, each tag. One that fails ends it; the next begins where nothing is
 * known yet. What was told once stays, whatever comes later.
 */
#include "attribution/imds.h"
#include "attribution/query.h"
#include "util/clock.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 1000u
#define ANSWER_MS 2000u			/* a PUT whose answer may not leave the host's hop is never answered */
#define RETRY_MS 1000u			/* after the first failure, twice as long after each other */
#define RETRY_MAX_MS 300000u
#define ROUND_SEC 300u			/* tags and the role may change; who the instance is does not */
#define TOKEN_SEC 21600u		/* the longest that the service gives */
#define TOKEN_EARLY_SEC 600u		/* renewed so long before its end */
#define TOKEN_MAX 512
#define BODY_MAX (64u << 10)

enum step { STEP_TOKEN, STEP_DOCUMENT, STEP_ROLE, STEP_TAGS, STEP_TAG };

struct imds {
	struct imds_options o;
	struct imds_state state;
	struct http_client *http;
	struct http_transfer *transfer;		/* under way */
	uv_timer_t *timer;			/* runs only after a failure */
	enum step step, resume;			/* which, and what comes after a token */
	char url[400];				/* of it */
	char token[TOKEN_MAX];			/* "": none; a secret, which is nowhere told */
	uint64_t token_until;			/* boot clock, ns */
	bool v1;				/* it gives no tokens */
	bool renewed;				/* for a 401, in this round */
	bool known;				/* the document is */
	unsigned int failures;			/* rounds in a row */
	uint64_t next;				/* boot clock, ns: the next round begins not before */
	struct host_tag tags[HOST_TAGS_MAX];	/* as the round learns them */
	unsigned int ntags, tag;
};

static const char *const fault_names[IMDS_FAULTS] = {
	"unreachable", "disabled", "token refused", "version 1 only", "no identity document", "no role", "tags off",
};

const char *imds_fault_name(enum imds_fault f)
{
	return fault_names[f];
}

static void begin_step(struct imds *i, enum step step);
static void begin_round(struct imds *i);

/* ---- what is amiss ---- */

static void set_fault(struct imds *i, enum imds_fault f, int status, const char *text)
{
	struct imds_evidence *e = &i->state.faults[f];

	if (!e->since)
		e->since = clock_wall_ns();
	e->status = status;
	snprintf(e->url, sizeof(e->url), "%s", i->url);
	snprintf(e->text, sizeof(e->text), "%s", text);
}

static void clear_fault(struct imds *i, enum imds_fault f)
{
	i->state.faults[f] = (struct imds_evidence){};
}

/* It answers; what of it is another matter. */
static void clear_silence(struct imds *i)
{
	clear_fault(i, IMDS_UNREACHABLE);
	clear_fault(i, IMDS_DISABLED);
	clear_fault(i, IMDS_TOKEN_REFUSED);
}

static void on_timer(uv_timer_t *t)
{
	begin_round(t->data);
}

static void end_round(struct imds *i, bool failed)
{
	uint64_t ms = i->o.retry_ms;

	if (!failed) {
		i->failures = 0;
		i->next = clock_boot_ns() + ROUND_SEC * NSEC_PER_SEC;
		i->state.told = true;
		if (i->o.told)
			i->o.told(i->o.ctx);
		return;
	}
	ms <<= i->failures < 16 ? i->failures : 16;
	if (ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	i->failures++;
	i->next = clock_boot_ns() + ms * NSEC_PER_MSEC;
	uv_timer_start(i->timer, on_timer, ms, 0);
}

/* Nothing can be asked. */
static void fail(struct imds *i, enum imds_fault f, int status, const char *text)
{
	for (enum imds_fault other = IMDS_UNREACHABLE; other <= IMDS_TOKEN_REFUSED; other++) {
		if (other != f)
			clear_fault(i, other);
	}
	set_fault(i, f, status, text);
	end_round(i, true);
}

/* ---- answers ---- */

static bool usable_token(struct str s)
{
	for (size_t n = 0; n < s.n; n++) {
		if (s.p[n] <= ' ' || s.p[n] > '~')	/* it goes into a header */
			return false;
	}
	return s.n && s.n < TOKEN_MAX;
}

static void take_token(struct imds *i, const struct http_response *r)
{
	uint64_t early = i->o.token_sec > 2 * TOKEN_EARLY_SEC ? TOKEN_EARLY_SEC : 0;

	i->v1 = r->status == 404 || r->status == 405 || r->status == 501;
	if (i->v1) {
		begin_step(i, i->resume);
		return;
	}
	if (r->status != 200 || !usable_token(r->body)) {
		fail(i, IMDS_UNREACHABLE, r->status, r->status == 200 ? "it answered what is no token" : "it gives no token");
		return;
	}
	memcpy(i->token, r->body.p, r->body.n);
	i->token[r->body.n] = 0;
	i->token_until = clock_boot_ns() + (i->o.token_sec - early) * NSEC_PER_SEC;
	clear_fault(i, IMDS_V1_ONLY);
	begin_step(i, i->resume);
}

static bool read_document(struct imds *i, struct str body)
{
	static const struct {
		enum host_fact fact;
		const char *key;
	} members[] = {
		{HOST_ACCOUNT, "accountId"}, {HOST_REGION, "region"}, {HOST_ZONE, "availabilityZone"},
		{HOST_INSTANCE_ID, "instanceId"}, {HOST_INSTANCE_TYPE, "instanceType"}, {HOST_AMI, "imageId"},
	};
	json_t *document = json_loadb(body.p ? body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL);
	bool good = query_text(document, "accountId").n && query_text(document, "instanceId").n && query_text(document, "region").n;

	for (size_t k = 0; good && k < ARRAY_SIZE(members); k++)	/* what is missing beside these stays unknown */
		host_say(i->o.facts, members[k].fact, query_text(document, members[k].key));
	json_decref(document);
	return good;
}

static void take_document(struct imds *i, const struct http_response *r)
{
	char text[80];

	if (r->status != 200 || !read_document(i, r->body)) {
		snprintf(text, sizeof(text), "HTTP status %d", r->status);
		set_fault(i, IMDS_NO_DOCUMENT, r->status, r->status == 200 ? "the answer is no identity document" : text);
		end_round(i, true);
		return;
	}
	i->known = true;
	i->o.facts->since = clock_wall_ns();
	clear_fault(i, IMDS_NO_DOCUMENT);
	if (i->v1)
		set_fault(i, IMDS_V1_ONLY, 200, "it gives no token, and answers without one");
	begin_step(i, STEP_ROLE);
}

/* Up to the end of its line. */
static struct str line_of(struct str s)
{
	const char *end = s.n ? memchr(s.p, '\n', s.n) : NULL;

	if (end)
		s.n = (size_t)(end - s.p);
	while (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static void take_role(struct imds *i, const struct http_response *r)
{
	struct str name = line_of(r->body);

	if (r->status == 200 && name.n && name.n < sizeof(i->state.role) && usable_token(name)) {
		snprintf(i->state.role, sizeof(i->state.role), STR_FMT, STR_ARG(name));
		clear_fault(i, IMDS_NO_ROLE);
	} else if (r->status == 404 || (r->status == 200 && !name.n)) {
		i->state.role[0] = 0;
		set_fault(i, IMDS_NO_ROLE, r->status, "the instance has no role");
	} else if (r->status != 200) {
		end_round(i, true);
		return;
	}
	begin_step(i, STEP_TAGS);
}

/* Names that can stand in this path: EC2 lets no others into the metadata. */
static bool usable_tag(struct str s)
{
	for (size_t n = 0; n < s.n; n++) {
		if (s.p[n] <= ' ' || s.p[n] > '~' || s.p[n] == '/')
			return false;
	}
	return s.n && s.n < sizeof(((struct host_tag *)0)->key) && !str_eq(s, STR(".")) && !str_eq(s, STR(".."));
}

static void keep_tags(struct imds *i)
{
	memcpy(i->o.facts->tags, i->tags, i->ntags * sizeof(i->tags[0]));
	i->o.facts->ntags = i->ntags;
	i->o.facts->tags_told = clock_wall_ns();
	end_round(i, false);
}

static void take_tags(struct imds *i, const struct http_response *r)
{
	struct str rest = r->body;

	i->ntags = i->tag = 0;
	if (r->status == 404) {
		i->o.facts->ntags = 0;
		set_fault(i, IMDS_TAGS_OFF, 404, "tags are not allowed in the instance's metadata, or it has none");
		end_round(i, false);
		return;
	}
	if (r->status != 200) {
		end_round(i, true);
		return;
	}
	clear_fault(i, IMDS_TAGS_OFF);
	while (rest.n && i->ntags < HOST_TAGS_MAX) {
		struct str key = line_of(rest);
		const char *end = memchr(rest.p, '\n', rest.n);

		if (usable_tag(key)) {
			i->tags[i->ntags] = (struct host_tag){};
			snprintf(i->tags[i->ntags++].key, sizeof(i->tags[0].key), STR_FMT, STR_ARG(key));
		}
		rest = end ? str_skip(rest, (size_t)(end - rest.p) + 1) : STR_NONE;
	}
	if (i->ntags)
		begin_step(i, STEP_TAG);
	else
		keep_tags(i);
}

static void take_tag(struct imds *i, const struct http_response *r)
{
	struct host_tag *t = &i->tags[i->tag];

	if (r->status != 200 && r->status != 404) {
		end_round(i, true);
		return;
	}
	if (r->status == 404)		/* taken away since it was listed */
		*t = i->tags[--i->ntags];
	else
		snprintf(t->value, sizeof(t->value), STR_FMT, STR_ARG(r->body)), i->tag++;
	if (i->tag < i->ntags)
		begin_step(i, STEP_TAG);
	else
		keep_tags(i);
}

/* ---- requests ---- */

/* 401: the token has ended, or the service does not know it any more. A new one is taken once in a round. */
static void refused(struct imds *i)
{
	bool again = i->token[0] && !i->renewed;

	i->token[0] = 0;
	i->renewed = true;
	i->resume = i->step;
	if (again)
		begin_step(i, STEP_TOKEN);
	else
		fail(i, IMDS_TOKEN_REFUSED, 401, i->v1 ? "it gives no token, and wants one" : "it does not take the token that it gave");
}

static void on_done(void *ctx, const struct http_response *r)
{
	static void (*const take[])(struct imds *, const struct http_response *) = {
		[STEP_TOKEN] = take_token, [STEP_DOCUMENT] = take_document, [STEP_ROLE] = take_role, [STEP_TAGS] = take_tags,
		[STEP_TAG] = take_tag,
	};
	struct imds *i = ctx;
	char text[400];

	i->transfer = NULL;
	if (r->error) {
		bool hop = i->step == STEP_TOKEN && r->error == HTTP_E_TIMEOUT;

		snprintf(text, sizeof(text), "%s%s", r->text, hop ? " (in a container: a hop limit of 1 lets no token through)" : "");
		fail(i, IMDS_UNREACHABLE, r->status, text);
		return;
	}
	if (r->status == 403) {
		fail(i, IMDS_DISABLED, 403, "the metadata service is turned off for this instance");
		return;
	}
	if (r->status == 401 && i->step != STEP_TOKEN) {
		refused(i);
		return;
	}
	if (i->step != STEP_TOKEN)
		clear_silence(i);
	take[i->step](i, r);
}

static void set_url(struct imds *i)
{
	static const char *const paths[] = {
		[STEP_TOKEN] = "latest/api/token", [STEP_DOCUMENT] = "latest/dynamic/instance-identity/document",
		[STEP_ROLE] = "latest/meta-data/iam/security-credentials/", [STEP_TAGS] = "latest/meta-data/tags/instance/",
		[STEP_TAG] = "latest/meta-data/tags/instance/",
	};
	int n = snprintf(i->url, sizeof(i->url), "%.*s%s%s", IMDS_URL_MAX, i->o.url, i->o.url[strlen(i->o.url) - 1] == '/' ? "" : "/", paths[i->step]);
	const char *key = i->step == STEP_TAG ? i->tags[i->tag].key : "";

	for (; *key && n < (int)sizeof(i->url) - 4; key++) {
		if (isalnum((unsigned char)*key) || strchr("-._~:", *key))
			i->url[n++] = *key;
		else
			n += snprintf(i->url + n, 4, "%%%02X", (unsigned char)*key);
	}
	i->url[n] = 0;
}

static void begin_step(struct imds *i, enum step step)
{
	char header[TOKEN_MAX + 64];
	const char *headers[] = {header, NULL};
	struct http_request r = {
		.url = i->url, .method = step == STEP_TOKEN ? "PUT" : NULL, .headers = headers,
		.connect_timeout_ms = i->o.connect_ms, .timeout_ms = i->o.answer_ms, .response_max = BODY_MAX,
	};

	i->step = step;
	set_url(i);
	if (step == STEP_TOKEN)
		snprintf(header, sizeof(header), "X-aws-ec2-metadata-token-ttl-seconds: %u", i->o.token_sec);
	else if (i->token[0])
		snprintf(header, sizeof(header), "X-aws-ec2-metadata-token: %s", i->token);
	else
		r.headers = NULL;
	if (http_send(&i->transfer, i->http, &r, on_done, i) < 0)
		fail(i, IMDS_UNREACHABLE, 0, "the request cannot be made");
}

static void begin_round(struct imds *i)
{
	uv_timer_stop(i->timer);
	i->renewed = false;
	if (i->token[0] && clock_boot_ns() >= i->token_until)
		i->token[0] = 0;
	i->resume = i->known ? STEP_ROLE : STEP_DOCUMENT;
	begin_step(i, i->token[0] ? i->resume : STEP_TOKEN);
}

void imds_wake(struct imds *i)
{
	if (i && !i->transfer && clock_boot_ns() >= i->next)
		begin_round(i);
}

const struct imds_state *imds_state(const struct imds *i)
{
	return i ? &i->state : NULL;
}

struct imds *imds_new(const struct imds_options *o)
{
	struct imds *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->o = *o;
	i->o.connect_ms = o->connect_ms ? o->connect_ms : CONNECT_MS;
	i->o.answer_ms = o->answer_ms ? o->answer_ms : ANSWER_MS;
	i->o.retry_ms = o->retry_ms ? o->retry_ms : RETRY_MS;
	i->o.token_sec = o->token_sec ? o->token_sec : TOKEN_SEC;
	i->timer = calloc(1, sizeof(*i->timer));
	if (!i->timer || http_client_new(&i->http, o->loop, o->user_agent) < 0) {
		free(i->timer);
		free(i);
		return NULL;
	}
	uv_timer_init(o->loop, i->timer);
	i->timer->data = i;
	begin_round(i);
	return i;
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

struct imds *imds_free(struct imds *i)
{
	if (!i)
		return NULL;
	http_client_free(i->http);	/* and with it what is under way */
	uv_close((uv_handle_t *)i->timer, on_closed);
	explicit_bzero(i->token, sizeof(i->token));
	free(i);
	return NULL;
}
