/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/body.h"
#include "receive/server.h"
#include "util/clock.h"
#include "util/http.h"
#include "util/limits.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[64], path[96], why[256];
static struct store *store;
static uv_loop_t loop;
static struct server *server;
static struct http_client *client;

/* A packed batch of n findings with ids from..from+n-1. */
static void make_batch(struct buf *out, unsigned int from, unsigned int n, uint32_t revision)
{
	Noroshi__V1__FindingBatch b = NOROSHI__V1__FINDING_BATCH__INIT;
	Noroshi__V1__Finding f[64], *v[64];
	char id[64][40], agent[] = "agent", rule[2][8] = {"shell", "miner"}, time[64][CLOCK_TEXT_MAX];
	char task[] = "0123456789abcdef0123456789abcdef", container[] = "3ad7b26ded6d8e7b";
	Noroshi__V1__Container c = NOROSHI__V1__CONTAINER__INIT;
	Noroshi__V1__Ecs e = NOROSHI__V1__ECS__INIT;
	_cleanup_(freep) uint8_t *p = NULL;

	c.id = container;
	e.task_id = task;
	b.agent_id = agent;
	b.findings = v;
	b.n_findings = n;
	for (unsigned int i = 0; i < n; i++) {
		noroshi__v1__finding__init(&f[i]);
		snprintf(id[i], sizeof(id[i]), "id-%u", from + i);
		f[i].id = id[i];
		f[i].revision = revision;
		f[i].sequence = from + i;
		f[i].count = revision;
		f[i].rule = rule[(from + i) % 2];
		f[i].severity = (Noroshi__V1__Severity)(1 + (from + i) % 5);
		f[i].time = clock_rfc3339(time[i], (uint64_t)(1000 + from + i) * NSEC_PER_SEC);
		f[i].last_seen = f[i].time;
		f[i].container = (from + i) % 4 ? NULL : &c;
		f[i].ecs = (from + i) % 4 ? NULL : &e;
		v[i] = &f[i];
	}
	p = malloc(noroshi__v1__finding_batch__get_packed_size(&b) + 1);
	buf_add(out, p, noroshi__v1__finding_batch__pack(&b, p));
}

static Noroshi__V1__FindingBatch *batch(unsigned int from, unsigned int n, uint32_t revision)
{
	_cleanup_(buf_free) struct buf packed = {};
	Noroshi__V1__FindingBatch *b;

	make_batch(&packed, from, n, revision);
	ck_assert_int_eq(body_decode(&b, CODING_IDENTITY, buf_view(&packed), why), 0);
	return b;
}

START_TEST(bodies)
{
	_cleanup_(buf_free) struct buf plain = {}, packed = {};

	make_batch(&plain, 0, 5, 1);
	for (enum coding c = CODING_IDENTITY; c <= CODING_ZSTD; c++) {
		Noroshi__V1__FindingBatch *b = NULL;

		buf_reset(&packed);
		ck_assert_int_eq(compress_pack(&packed, c, buf_view(&plain)), 0);
		ck_assert_int_eq(body_decode(&b, c, buf_view(&packed), why), 0);
		ck_assert_uint_eq(b->n_findings, 5);
		body_free(b);
		b = NULL;
		/* cut short anywhere, or with something behind it */
		for (size_t n = 1; c != CODING_IDENTITY && n < packed.n; n++)
			ck_assert_int_eq(body_decode(&b, c, str_n(packed.p, n), why), -EBADMSG);
		buf_puts(&packed, "\1");
		ck_assert_int_eq(body_decode(&b, c, buf_view(&packed), why), -EBADMSG);
		ck_assert_int_eq(body_decode(&b, c, STR("junk"), why), -EBADMSG);
		ck_assert_ptr_null(b);
	}
}
END_TEST

START_TEST(keys_are_needed)
{
	static const struct {
		struct str body;
		int r;
	} t[] = {
		{STR(""), 0},				/* an empty batch is one */
		{STR("\x32\x00"), -EBADMSG},			/* a finding without id */
		{STR("\x32\x03\x0a\x01x"), -EBADMSG},		/* without revision */
		{STR("\x32\x05\x0a\x01x\x10\x01"), 0},
		{STR("\x32\x05\x0a\x01 \x10\x01"), -EBADMSG},
		{STR("\x32\x05\x0a\x01\x1b\x10\x01"), -EBADMSG},
		{STR("\x32\x05\x0a\x01\xc3\x10\x01"), -EBADMSG},
		{STR("\x32\x06\x0a\x01x\x10\x01"), -EBADMSG},	/* longer than there is */
		{STR("\x42\x05\x0a\x01x\x10\x01"), 0},		/* a heartbeat */
		{STR("\x42\x03\x0a\x01x"), -EBADMSG},		/* without sequence */
		{STR("\x42\x02\x10\x01"), -EBADMSG},		/* without agent */
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		Noroshi__V1__FindingBatch *b = NULL;

		ck_assert_msg(body_decode(&b, CODING_IDENTITY, t[i].body, why) == t[i].r, "%zu: %s", i, why);
		body_free(b);
	}
}
END_TEST

/* Zeros pack a thousandfold; empty findings take two bytes and become hundreds. */
START_TEST(bombs_end)
{
	_cleanup_(freep) char *big = calloc(1, RECEIVE_INFLATED_MAX + 1);
	_cleanup_(buf_free) struct buf packed = {}, flood = {};
	Noroshi__V1__FindingBatch *b = NULL;

	for (enum coding c = CODING_GZIP; c <= CODING_ZSTD; c++) {
		buf_reset(&packed);
		ck_assert_int_eq(compress_pack(&packed, c, str_n(big, RECEIVE_INFLATED_MAX + 1)), 0);
		ck_assert_uint_lt(packed.n, RECEIVE_BODY_MAX);
		ck_assert_int_eq(body_decode(&b, c, buf_view(&packed), why), -E2BIG);
	}
	for (size_t i = 0; i < RECEIVE_BODY_MAX / 2; i++)
		buf_add(&flood, "\x32\x00", 2);
	ck_assert_int_eq(body_decode(&b, CODING_IDENTITY, buf_view(&flood), why), -E2BIG);
	ck_assert_ptr_nonnull(strstr(why, "decoded"));
	ck_assert_ptr_null(b);
}
END_TEST

static void setup_store(void)
{
	strcpy(dir, "/tmp/check_receive.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/findings.db", dir);
	ck_assert_msg(store_open(&store, path, STORE_WRITE, why) == 0, "%s", why);
}

static void teardown_store(void)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	store = store_close(store);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		char file[128];

		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	snprintf(path, sizeof(path), "%s/token", dir);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct store_added add(unsigned int from, unsigned int n, uint32_t revision, uint64_t keep)
{
	Noroshi__V1__FindingBatch *b = batch(from, n, revision);
	struct store_added added;

	ck_assert_msg(store_add(store, b, keep, &added, why) == 0, "%s", why);
	body_free(b);
	return added;
}

static int add_row(void *ctx, const struct store_row *row)
{
	Noroshi__V1__Finding *f = noroshi__v1__finding__unpack(NULL, row->packed.n, (const uint8_t *)row->packed.p);
	json_t *j = json_loadb(row->json.p, row->json.n, 0, NULL);

	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(json_string_value(json_object_get(j, "id")), f->id);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "revision")), f->revision);
	json_decref(j);
	buf_printf(ctx, "%s.%u ", f->id + 3, f->revision);
	noroshi__v1__finding__free_unpacked(f, NULL);
	return 0;
}

/* The words are pairs, NULL at the end; the rows as "ID.REVISION ...". */
static const char *rows(const char *const *words)
{
	static struct buf out;
	static char copy[4096];
	struct query q = {};

	for (; words && *words; words += 2)
		ck_assert_msg(query_set(&q, words[0], words[1], 2000 * NSEC_PER_SEC, why) == 0, "%s", why);
	buf_reset(&out);
	buf_puts(&out, "");
	ck_assert_int_eq(store_each(store, &q, 0, add_row, &out), 0);
	snprintf(copy, sizeof(copy), "%s", out.p);
	buf_free(&out);
	return copy;
}

#define ROWS(...) rows((const char *const[]){__VA_ARGS__, NULL})

START_TEST(once_and_the_highest)
{
	struct store_added a = add(1, 3, 1, 1000);

	ck_assert_uint_eq(a.stored, 3);
	ck_assert_uint_eq(a.duplicates, 0);
	a = add(2, 3, 1, 1000);
	ck_assert_uint_eq(a.stored, 1);
	ck_assert_uint_eq(a.duplicates, 2);
	add(2, 1, 3, 1000);
	add(2, 1, 2, 1000);	/* late */
	ck_assert_str_eq(rows(NULL), "1.1 2.3 3.1 4.1 ");
	store = store_close(store);
	ck_assert_int_eq(store_open(&store, path, STORE_WRITE, why), 0);
	ck_assert_str_eq(rows(NULL), "1.1 2.3 3.1 4.1 ");
	a = add(2, 1, 3, 1000);
	ck_assert_uint_eq(a.duplicates, 1);
}
END_TEST

START_TEST(filters)
{
	add(1, 10, 1, 1000);
	ck_assert_str_eq(ROWS("rule", "shell"), "2.1 4.1 6.1 8.1 10.1 ");
	ck_assert_str_eq(ROWS("rule", "shell' OR 1=1 --"), "");
	ck_assert_str_eq(ROWS("severity", "critical"), "4.1 9.1 ");
	ck_assert_str_eq(ROWS("severity", "HIGH"), "3.1 4.1 8.1 9.1 ");
	ck_assert_str_eq(ROWS("limit", "3"), "8.1 9.1 10.1 ");
	ck_assert_str_eq(ROWS("limit", "2", "rule", "miner"), "7.1 9.1 ");
	ck_assert_str_eq(ROWS("container", "3ad7b26ded6d"), "4.1 8.1 ");
	ck_assert_str_eq(ROWS("container", "ad7b"), "");
	ck_assert_str_eq(ROWS("container", "%"), "");
	ck_assert_str_eq(ROWS("task", "01234"), "4.1 8.1 ");
	ck_assert_str_eq(ROWS("since", "1970-01-01T00:16:48Z"), "8.1 9.1 10.1 ");
	ck_assert_str_eq(ROWS("since", "1970-01-01T01:16:49.999+01:00"), "9.1 10.1 ");
	ck_assert_str_eq(ROWS("since", "990s"), "10.1 ");
	ck_assert_str_eq(ROWS("since", "1h"), "1.1 2.1 3.1 4.1 5.1 6.1 7.1 8.1 9.1 10.1 ");
}
END_TEST

START_TEST(queries_that_are_none)
{
	static const char *const bad[][2] = {
		{"severity", "awful"}, {"severity", ""}, {"since", "yesterday"}, {"since", "1w"}, {"since", "-1h"},
		{"since", "h"}, {"since", "2026-01-01"}, {"since", "2026-01-01T00:00:00"}, {"limit", "-1"}, {"limit", "x"},
		{"limit", ""}, {"limit", "99999999999"}, {"colour", "red"},
	};
	struct query q = {};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why[0] = 0;
		ck_assert_msg(query_set(&q, bad[i][0], bad[i][1], clock_wall_ns(), why) < 0, "%s=%s", bad[i][0], bad[i][1]);
		ck_assert_str_ne(why, "");
	}
}
END_TEST

START_TEST(the_oldest_go)
{
	add(1, 10, 1, 4);
	ck_assert_str_eq(rows(NULL), "7.1 8.1 9.1 10.1 ");
	add(11, 1, 1, 4);
	ck_assert_str_eq(rows(NULL), "8.1 9.1 10.1 11.1 ");
}
END_TEST

static int sum_up(void *ctx, const struct store_count *c)
{
	buf_printf(ctx, "%s/%s %llu %llu, ", severity_word(c->severity), c->rule, (unsigned long long)c->findings,
		   (unsigned long long)c->events);
	return 0;
}

START_TEST(summary)
{
	_cleanup_(buf_free) struct buf out = {};
	struct query q = {.severity = 4};

	add(1, 10, 1, 1000);
	add(4, 1, 7, 1000);
	ck_assert_int_eq(store_summary(store, &q, sum_up, &out), 0);
	ck_assert_str_eq(out.p, "critical/miner 1 1, critical/shell 1 7, high/miner 1 1, high/shell 1 1, ");
}
END_TEST

static void heartbeat(const char *agent, const char *host, uint32_t sequence)
{
	Noroshi__V1__FindingBatch b = NOROSHI__V1__FINDING_BATCH__INIT;
	Noroshi__V1__Coverage c = NOROSHI__V1__COVERAGE__INIT;
	Noroshi__V1__Host h = NOROSHI__V1__HOST__INIT;
	char texts[2][64];
	struct store_added added;

	snprintf(texts[0], sizeof(texts[0]), "%s", agent);
	snprintf(texts[1], sizeof(texts[1]), "%s", host);
	c.agent_id = texts[0];
	h.name = texts[1];
	c.host = &h;
	c.sequence = sequence;
	b.heartbeat = &c;
	ck_assert_msg(store_add(store, &b, 1000, &added, why) == 0, "%s", why);
	ck_assert_uint_eq(added.stored + added.duplicates, 0);
}

static int add_heartbeat(void *ctx, const struct store_heartbeat *h)
{
	Noroshi__V1__Coverage *c = noroshi__v1__coverage__unpack(NULL, h->packed.n, (const uint8_t *)h->packed.p);
	_cleanup_(buf_free) struct buf line = {};
	json_t *j;

	store_heartbeat_line(h, &line);
	j = json_loadb(line.p, line.n, 0, NULL);
	ck_assert_msg(j != NULL, "%s", line.p);
	ck_assert_uint_eq((uint64_t)json_integer_value(json_object_get(j, "missed")), h->missed);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(j, "heartbeat"), "agentId")), c->agent_id);
	json_decref(j);
	buf_printf(ctx, "%s:%u-%llu ", c->agent_id, c->sequence, (unsigned long long)h->missed);
	noroshi__v1__coverage__free_unpacked(c, NULL);
	return 0;
}

static const char *heartbeats(void)
{
	static char copy[8192];
	struct buf out = {};

	buf_puts(&out, "");
	ck_assert_int_eq(store_heartbeats(store, &(struct query){}, add_heartbeat, &out), 0);
	snprintf(copy, sizeof(copy), "%s", out.p);
	buf_free(&out);
	return copy;
}

START_TEST(the_last_heartbeat_of_a_run)
{
	heartbeat("a", "h", 1);
	heartbeat("a", "h", 2);
	ck_assert_str_eq(heartbeats(), "a:2-0 ");
	heartbeat("b", "i", 3);		/* the receiver was not there for the first two */
	heartbeat("a", "h", 6);
	ck_assert_str_eq(heartbeats(), "b:3-2 a:6-3 ");
	heartbeat("a", "h", 6);		/* again, and late: nothing changes */
	heartbeat("a", "h", 4);
	ck_assert_str_eq(heartbeats(), "b:3-2 a:6-3 ");
	store = store_close(store);
	ck_assert_int_eq(store_open(&store, path, STORE_READ, why), 0);
	ck_assert_str_eq(heartbeats(), "b:3-2 a:6-3 ");
}
END_TEST

START_TEST(a_host_that_starts_again_and_again)
{
	char agent[16];

	heartbeat("quiet", "other", 1);
	for (int i = 0; i < 3 * RECEIVE_RUNS_PER_HOST; i++) {
		snprintf(agent, sizeof(agent), "r%d", i);
		heartbeat(agent, "host", 1);
	}
	ck_assert_ptr_nonnull(strstr(heartbeats(), "quiet:1-0 "));
	snprintf(agent, sizeof(agent), "r%d:", 2 * RECEIVE_RUNS_PER_HOST);
	ck_assert_ptr_nonnull(strstr(heartbeats(), agent));
	snprintf(agent, sizeof(agent), "r%d:", 2 * RECEIVE_RUNS_PER_HOST - 1);
	ck_assert_ptr_null(strstr(heartbeats(), agent));
}
END_TEST

/* A store that an earlier noroshi made: it can be read as it is, and gets what it lacks when it is written. */
START_TEST(an_older_store)
{
	sqlite3 *db;

	add(1, 3, 1, 1000);
	store = store_close(store);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DROP TABLE heartbeats; PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ck_assert_msg(store_open(&store, path, STORE_READ, why) == 0, "%s", why);
	ck_assert_str_eq(rows(NULL), "1.1 2.1 3.1 ");
	ck_assert_str_eq(heartbeats(), "");
	store = store_close(store);
	ck_assert_msg(store_open(&store, path, STORE_WRITE, why) == 0, "%s", why);
	heartbeat("a", "h", 1);
	ck_assert_str_eq(heartbeats(), "a:1-0 ");
	ck_assert_str_eq(rows(NULL), "1.1 2.1 3.1 ");
}
END_TEST

START_TEST(files_that_are_no_store)
{
	char other[96];
	struct store *s = NULL;
	sqlite3 *db;
	int fd;

	snprintf(other, sizeof(other), "%s/token", dir);
	ck_assert_int_eq(store_open(&s, other, STORE_READ, why), -ENOENT);
	fd = open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_eq(store_open(&s, other, STORE_READ, why), -EINVAL);	/* empty */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(write(fd, "certainly no database, whatever it may be called. ", 50), 50);
	close(fd);
	ck_assert_int_lt(store_open(&s, other, STORE_READ, why), 0);
	ck_assert_ptr_nonnull(strstr(why, "not a database"));
	ck_assert_int_lt(store_open(&s, other, STORE_WRITE, why), 0);
	unlink(other);
	ck_assert_int_lt(store_open(&s, "/proc/none/x.db", STORE_WRITE, why), 0);
	store = store_close(store);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ck_assert_int_eq(store_open(&s, path, STORE_WRITE, why), -EINVAL);
	ck_assert_ptr_nonnull(strstr(why, "newer"));
	ck_assert_ptr_null(s);
}
END_TEST

static void write_tokens(const char *text)
{
	char file[96];
	int fd;

	snprintf(file, sizeof(file), "%s/token", dir);
	fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void setup_server(void)
{
	char token[96];
	struct server_options o = {.listen = "127.0.0.1:0", .token_file = token};

	setup_store();
	write_tokens("# two of them\nalpha\n\nbeta \r\n");
	snprintf(token, sizeof(token), "%s/token", dir);
	uv_loop_init(&loop);
	ck_assert_msg(server_new(&server, &o, store, &loop, why) == 0, "%s", why);
	ck_assert_int_eq(http_client_new(&client, &loop, "test"), 0);
}

static void teardown_server(void)
{
	client = http_client_free(client);
	server = server_free(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	teardown_store();
}

struct answer {
	int status;
	size_t n;
	char body[4096], retry_after[16];
};

static void on_answer(void *ctx, const struct http_response *r)
{
	struct answer *a = ctx;
	struct str retry = http_header(r, "Retry-After");

	a->status = r->error ? -(int)r->error : r->status;
	a->n = r->body.n < sizeof(a->body) ? r->body.n : sizeof(a->body) - 1;
	memcpy(a->body, r->body.p, a->n);
	snprintf(a->retry_after, sizeof(a->retry_after), STR_FMT, STR_ARG(retry));
	uv_stop(&loop);
}

static struct answer ask(const char *method, const char *tail, struct str body, const char *header)
{
	const char *headers[] = {"Authorization: Bearer beta", header, NULL};
	char url[256];
	struct answer a = {};

	snprintf(url, sizeof(url), "%.*s%s", (int)(strstr(server_url(server), "/v1/") - server_url(server)),
		 server_url(server), tail);
	if (header && !strncmp(header, "Authorization", 13)) {
		headers[0] = header;
		headers[1] = NULL;
	}
	ck_assert_int_eq(http_send(NULL, client, &(struct http_request){
		.method = method, .url = url, .headers = headers, .body = body.p, .body_size = body.n,
	}, on_answer, &a), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	return a;
}

static struct answer post(struct str body, const char *header)
{
	return ask("POST", SERVER_PATH, body, header);
}

START_TEST(uploads)
{
	_cleanup_(buf_free) struct buf plain = {}, gzip = {};
	Noroshi__V1__UploadResponse *r;
	struct server_stats st;
	struct answer a;

	make_batch(&plain, 1, 5, 1);
	compress_pack(&gzip, CODING_GZIP, buf_view(&plain));
	a = post(buf_view(&gzip), "Content-Encoding: gzip");
	ck_assert_int_eq(a.status, 200);
	a = post(buf_view(&plain), NULL);
	ck_assert_int_eq(a.status, 200);
	r = noroshi__v1__upload_response__unpack(NULL, a.n, (uint8_t *)a.body);
	ck_assert_uint_eq(r->accepted, 5);
	ck_assert_uint_eq(r->duplicates, 5);
	noroshi__v1__upload_response__free_unpacked(r, NULL);
	ck_assert_str_eq(rows(NULL), "1.1 2.1 3.1 4.1 5.1 ");
	server_stats(server, &st);
	ck_assert_uint_eq(st.findings, 5);
	ck_assert_uint_eq(st.duplicates, 5);
	a = ask("GET", SERVER_PATH "?limit=1&rule=shell", STR_NONE, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_ptr_nonnull(strstr(a.body, "\"id\":\"id-4\""));
	ck_assert_ptr_null(strstr(a.body, "id-2"));
	ck_assert_int_eq(ask("GET", SERVER_PATH "?colour=red", STR_NONE, NULL).status, 400);
	ck_assert_int_eq(post(STR(""), NULL).status, 200);
}
END_TEST

START_TEST(refusals)
{
	_cleanup_(freep) char *big = calloc(1, RECEIVE_BODY_MAX + 1);
	_cleanup_(buf_free) struct buf bomb = {};
	struct str large = str_n(big, RECEIVE_BODY_MAX + 1);

	ck_assert_int_eq(post(STR("junk"), NULL).status, 400);
	ck_assert_ptr_nonnull(strstr(post(STR("junk"), NULL).body, "no FindingBatch"));
	ck_assert_int_eq(post(STR("junk"), "Content-Encoding: gzip").status, 400);
	ck_assert_int_eq(post(STR("junk"), "Content-Encoding: br").status, 415);
	ck_assert_int_eq(post(large, NULL).status, 413);
	ck_assert_int_eq(post(large, "Transfer-Encoding: chunked").status, 413);
	compress_pack(&bomb, CODING_GZIP, large);
	for (int i = 0; i < 4; i++)
		compress_pack(&bomb, CODING_GZIP, large);
	ck_assert_int_eq(post(buf_view(&bomb), "Content-Encoding: gzip").status, 400);	/* several members */
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer gamma").status, 401);
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer alphabet").status, 401);
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer ").status, 401);
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer # two of them").status, 401);
	ck_assert_int_eq(post(large, "Authorization: Bearer gamma").status, 401);
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer alpha").status, 400);
	ck_assert_int_eq(ask("GET", SERVER_PATH, STR_NONE, "Authorization: none").status, 401);
	ck_assert_int_eq(ask("GET", "/healthz", STR_NONE, "Authorization: none").status, 200);
	ck_assert_int_eq(ask("GET", "/", STR_NONE, NULL).status, 404);
	ck_assert_int_eq(ask("PUT", SERVER_PATH, STR("x"), NULL).status, 405);
	ck_assert_str_eq(rows(NULL), "");
	write_tokens("gamma-and-longer\n");
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer gamma-and-longer").status, 400);
	ck_assert_int_eq(post(STR("junk"), "Authorization: Bearer alpha").status, 401);
}
END_TEST

START_TEST(a_busy_store_is_not_an_acknowledgement)
{
	_cleanup_(buf_free) struct buf plain = {};
	struct answer a;
	sqlite3 *db;

	make_batch(&plain, 1, 5, 1);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	a = post(buf_view(&plain), NULL);
	ck_assert_int_eq(a.status, 503);
	ck_assert_str_ne(a.retry_after, "");
	ck_assert_int_eq(ask("GET", "/healthz", STR_NONE, NULL).status, 503);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	ck_assert_int_eq(post(buf_view(&plain), NULL).status, 200);
	ck_assert_str_eq(rows(NULL), "1.1 2.1 3.1 4.1 5.1 ");
}
END_TEST

START_TEST(options_that_do_not_go)
{
	static const struct {
		struct server_options o;
		const char *why;
	} t[] = {
		{{.listen = "0.0.0.0:0"}, "without TLS only loopback"},
		{{.listen = "[::]:0"}, "without TLS only loopback"},
		{{.listen = "collector.example:0"}, "not ADDRESS:PORT"},
		{{.listen = "127.0.0.1"}, "not ADDRESS:PORT"},
		{{.listen = "127.0.0.1:99999"}, "not ADDRESS:PORT"},
		{{.listen = "127.0.0.1:"}, "not ADDRESS:PORT"},
		{{.listen = "127.0.0.1:0", .cert_file = "/dev/null"}, "come together"},
		{{.listen = "127.0.0.1:0", .client_ca_file = "/dev/null"}, "only with them"},
		{{.listen = "127.0.0.1:0", .cert_file = "/nonexistent", .key_file = "/dev/null"}, "No such file"},
		{{.listen = "127.0.0.1:0", .token_file = "/dev/null"}, "no token in it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct server *s = NULL;

		ck_assert_int_lt(server_new(&s, &t[i].o, store, &loop, why), 0);
		ck_assert_msg(strstr(why, t[i].why), "\"%s\" is not in \"%s\"", t[i].why, why);
		ck_assert_ptr_null(s);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("receive");
	TCase *body = tcase_create("body"), *stored = tcase_create("store"), *served = tcase_create("server");
	SRunner *sr;
	int failed;

	tcase_set_timeout(body, 60);
	tcase_set_timeout(served, 60);
	tcase_add_test(body, bodies);
	tcase_add_test(body, keys_are_needed);
	tcase_add_test(body, bombs_end);
	tcase_add_checked_fixture(stored, setup_store, teardown_store);
	tcase_add_test(stored, once_and_the_highest);
	tcase_add_test(stored, filters);
	tcase_add_test(stored, queries_that_are_none);
	tcase_add_test(stored, the_oldest_go);
	tcase_add_test(stored, summary);
	tcase_add_test(stored, the_last_heartbeat_of_a_run);
	tcase_add_test(stored, a_host_that_starts_again_and_again);
	tcase_add_test(stored, an_older_store);
	tcase_add_test(stored, files_that_are_no_store);
	tcase_add_checked_fixture(served, setup_server, teardown_server);
	tcase_add_test(served, uploads);
	tcase_add_test(served, refusals);
	tcase_add_test(served, a_busy_store_is_not_an_acknowledgement);
	tcase_add_test(served, options_that_do_not_go);
	suite_add_tcase(suite, body);
	suite_add_tcase(suite, stored);
	suite_add_tcase(suite, served);
	sr = srunner_create(suite);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed;
}
