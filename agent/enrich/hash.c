/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/hash.h"
#include "enrich/hash_cache.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define PART_BYTES 32768u

enum job_state { JOB_FREE, JOB_ASKED, JOB_WAITING, JOB_READING };

/* One file on its way. */
struct job {
	enum job_state state;
	bool answered;		/* nobody waits for it any more, only the pool has it still */
	uint64_t id, at;	/* at: loop time of the question, ms */
	struct files_exe exe;
	int file;
	uv_work_t work;
	struct hashes *owner;
	struct hash_answer answer;
};

struct hashes {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t timer;	/* runs only while something is asked for */
	int files;
	bool lost;		/* the sensor answers nothing any more */
	atomic_bool stop;	/* read by the pool */
	uint64_t max_bytes, last_id;
	hash_done_fn done;
	void *ctx;
	unsigned int reading;
	uint64_t hashed, cached, bytes, refused[HASH_WHY_MAX];
	struct hash_cache cache;
	struct job jobs[HASH_JOBS_MAX];
};

const char *hash_why_text(enum hash_why why)
{
	static const char *const text[] = {
#define HASH_WHY(ID, word, text) [HASH_##ID] = text,
		HASH_WHYS(HASH_WHY)
#undef HASH_WHY
	};

	return text[why];
}

/* on the pool */

/* 0, < 0, or -ECANCELED when the agent stops. */
static int read_all(struct job *j, struct sha256 *s, uint64_t size)
{
	char part[PART_BYTES];
	uint64_t at = 0;

	while (at < size) {
		size_t want = size - at < sizeof(part) ? (size_t)(size - at) : sizeof(part);
		ssize_t n = pread(j->file, part, want, (off_t)at);

		if (atomic_load_explicit(&j->owner->stop, memory_order_relaxed))
			return -ECANCELED;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;	/* it became shorter */
		sha256_add(s, str_n(part, (size_t)n));
		at += (uint64_t)n;
	}
	return 0;
}

static void fail(struct hash_answer *a, int error)
{
	a->why = error == -ECANCELED ? HASH_STOPPED : error == -ENODATA ? HASH_CHANGING : HASH_FAILED;
	a->error = a->why == HASH_FAILED ? -error : 0;
}

/* What the file was when it was opened it has to be at the end. */
static void hash_file(struct job *j)
{
	struct hash_answer *a = &j->answer;
	struct stat before, after;
	struct sha256 s;
	int r;

	if (fstat(j->file, &before) < 0)
		return fail(a, -errno);
	if ((uint64_t)before.st_size > j->owner->max_bytes) {
		a->why = HASH_LARGE;
		return;
	}
	sha256_init(&s);
	r = read_all(j, &s, (uint64_t)before.st_size);
	if (r < 0)
		return fail(a, r);
	if (fstat(j->file, &after) < 0)
		return fail(a, -errno);
	if (after.st_size != before.st_size || !files_same(j->exe.ctime, j->exe.mtime, j->exe.nlink, &after)) {
		a->why = HASH_CHANGING;
		return;
	}
	sha256_hex(&s, a->hex);
}

static void on_pool(uv_work_t *w)
{
	hash_file(w->data);
}

/* on the loop */

static void start_reading(struct hashes *h);

static void count(struct hashes *h, const struct hash_answer *a)
{
	if (a->why == HASH_KNOWN)
		h->hashed++;
	else
		h->refused[a->why]++;
}

/* The job is free before its answer goes out: who hears it may ask for more. */
static void end_job(struct job *j, const struct hash_answer *from)
{
	struct hashes *h = j->owner;
	struct hash_answer a = *from;
	uint64_t id = j->id;
	bool tell = !j->answered;

	closep(&j->file);
	j->file = -1;
	j->state = JOB_FREE;
	if (a.why == HASH_KNOWN)
		hash_cache_put(&h->cache, &j->exe, a.hex);
	if (!tell)
		return;
	count(h, &a);
	h->done(h->ctx, id, &a);
}

static void refuse(struct job *j, enum hash_why why, int error)
{
	struct hash_answer a = {.why = why, .error = error};

	end_job(j, &a);
}

static void after_pool(uv_work_t *w, int status)
{
	struct job *j = w->data;
	struct hashes *h = j->owner;

	h->reading--;
	if (status < 0)
		refuse(j, HASH_STOPPED, 0);
	else
		end_job(j, &j->answer);
	start_reading(h);
}

static void start_reading(struct hashes *h)
{
	while (h->reading < HASH_READING_MAX && !atomic_load(&h->stop)) {
		struct job *next = NULL;

		for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
			struct job *j = &h->jobs[i];

			if (j->state == JOB_WAITING && (!next || j->id < next->id))
				next = j;
		}
		if (!next)
			return;
		next->state = JOB_READING;
		next->work.data = next;
		next->answer = (struct hash_answer){};
		h->reading++;
		uv_queue_work(h->loop, &next->work, on_pool, after_pool);
	}
}

static struct job *job_of(struct hashes *h, uint64_t id)
{
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		if (h->jobs[i].state != JOB_FREE && h->jobs[i].id == id)
			return &h->jobs[i];
	}
	return NULL;
}

static void on_verdict(struct job *j, const struct files_answer *a, int *file)
{
	static const enum hash_why why[FILES_VERDICTS] = {
		[FILES_GONE] = HASH_GONE, [FILES_OTHER] = HASH_OTHER, [FILES_CHANGED] = HASH_CHANGED,
		[FILES_FOREIGN] = HASH_FOREIGN, [FILES_FAILED] = HASH_FAILED,
	};

	if (a->verdict != FILES_OPEN || *file < 0) {
		refuse(j, a->verdict < FILES_VERDICTS && a->verdict ? why[a->verdict] : HASH_FAILED, a->error);
		return;
	}
	j->file = take_fd(*file);
	j->state = JOB_WAITING;
	start_reading(j->owner);
}

static void refuse_asked(struct hashes *h, enum hash_why why, uint64_t before)
{
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		if (h->jobs[i].state == JOB_ASKED && h->jobs[i].at <= before)
			refuse(&h->jobs[i], why, 0);
	}
}

static void on_files(uv_poll_t *p, int status, int events)
{
	struct hashes *h = p->data;
	struct files_answer a;
	int r;

	(void)status;
	(void)events;
	for (;;) {
		_cleanup_(closep) int file = -1;
		struct job *j;

		r = files_answer(h->files, &a, &file);
		if (r <= 0)
			break;
		j = job_of(h, a.id);
		if (j && j->state == JOB_ASKED)	/* else it came too late */
			on_verdict(j, &a, &file);
	}
	if (r < 0) {
		h->lost = true;
		uv_poll_stop(&h->poll);
		refuse_asked(h, HASH_FAILED, UINT64_MAX);
	}
}

static void on_timer(uv_timer_t *t)
{
	struct hashes *h = t->data;
	uint64_t now = uv_now(h->loop);

	if (now >= HASH_OPEN_MS)
		refuse_asked(h, HASH_SLOW, now - HASH_OPEN_MS);
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		if (h->jobs[i].state == JOB_ASKED)
			return;
	}
	uv_timer_stop(t);
}

struct hashes *hashes_new(uv_loop_t *loop, int files, uint64_t max_bytes, hash_done_fn done, void *ctx)
{
	struct hashes *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	*h = (struct hashes){.loop = loop, .files = files, .max_bytes = max_bytes, .done = done, .ctx = ctx};
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		h->jobs[i].owner = h;
		h->jobs[i].file = -1;
	}
	if (uv_poll_init(loop, &h->poll, files) < 0) {
		free(h);
		return NULL;
	}
	uv_timer_init(loop, &h->timer);
	h->poll.data = h->timer.data = h;
	uv_poll_start(&h->poll, UV_READABLE, on_files);
	return h;
}

static uint64_t refuse_now(struct hashes *h, struct hash_answer *a, enum hash_why why)
{
	a->why = why;
	count(h, a);
	return 0;
}

static uint64_t begin_job(struct hashes *h, struct job *j, const struct files_exe *exe, struct hash_answer *a)
{
	struct files_request r = {.id = h->last_id + 1, .exe = *exe};

	if (files_ask(h->files, &r) < 0)
		return refuse_now(h, a, h->lost ? HASH_FAILED : HASH_BUSY);
	j->state = JOB_ASKED;
	j->answered = false;
	j->id = ++h->last_id;
	j->at = uv_now(h->loop);
	j->exe = *exe;
	if (!uv_is_active((uv_handle_t *)&h->timer))
		uv_timer_start(&h->timer, on_timer, HASH_OPEN_MS, HASH_OPEN_MS);
	return j->id;
}

/* Whether it can be answered without a look at the file. */
static bool answer_now(struct hashes *h, const struct files_exe *exe, struct hash_answer *a)
{
	*a = (struct hash_answer){};
	if (!exe->ino || !exe->pid) {
		refuse_now(h, a, HASH_UNKNOWN);
		return true;
	}
	if (!hash_cache_find(&h->cache, exe, a->hex))
		return false;
	h->cached++;
	return true;
}

uint64_t hashes_known(struct hashes *h, const struct files_exe *exe, struct hash_answer *a)
{
	return answer_now(h, exe, a) ? 0 : refuse_now(h, a, HASH_BUSY);
}

uint64_t hashes_ask(struct hashes *h, const struct files_exe *exe, struct hash_answer *a)
{
	struct job *unused = NULL;

	if (answer_now(h, exe, a))
		return 0;
	if (atomic_load(&h->stop))
		return refuse_now(h, a, HASH_STOPPED);
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		struct job *j = &h->jobs[i];

		/* Asked of another process, that one may be gone before it is opened: only what is open is shared. */
		if (j->state > JOB_ASKED && hash_same_file(&j->exe, exe))
			return j->id;
		if (j->state == JOB_ASKED && j->exe.pid == exe->pid && j->exe.start == exe->start && hash_same_file(&j->exe, exe))
			return j->id;
		if (j->state == JOB_FREE && !unused)
			unused = j;
	}
	return unused ? begin_job(h, unused, exe, a) : refuse_now(h, a, HASH_BUSY);
}

void hashes_stop(struct hashes *h)
{
	if (!h || atomic_exchange(&h->stop, true))
		return;
	uv_close((uv_handle_t *)&h->poll, NULL);
	uv_close((uv_handle_t *)&h->timer, NULL);
	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++) {
		struct job *j = &h->jobs[i];

		if (j->state == JOB_READING && !j->answered) {	/* the pool has it still */
			struct hash_answer a = {.why = HASH_STOPPED};

			j->answered = true;
			count(h, &a);
			h->done(h->ctx, j->id, &a);
		} else if (j->state != JOB_FREE && j->state != JOB_READING) {
			refuse(j, HASH_STOPPED, 0);
		}
	}
}

struct hashes *hashes_free(struct hashes *h)
{
	free(h);
	return NULL;
}

json_t *hashes_json(const struct hashes *h)
{
	static const char *const word[] = {
#define HASH_WHY(ID, word, text) [HASH_##ID] = word,
		HASH_WHYS(HASH_WHY)
#undef HASH_WHY
	};
	json_t *refused = json_object();
	int waiting = 0;

	for (unsigned int i = 0; i < HASH_JOBS_MAX; i++)
		waiting += h->jobs[i].state != JOB_FREE;
	for (unsigned int i = HASH_KNOWN + 1; i < HASH_WHY_MAX; i++) {
		if (h->refused[i])
			json_object_set_new(refused, word[i], json_integer((json_int_t)h->refused[i]));
	}
	return json_pack("{s:I, s:I, s:i, s:o}", "hashed", (json_int_t)h->hashed, "fromCache", (json_int_t)h->cached,
			 "waiting", waiting, "refused", refused);
}
