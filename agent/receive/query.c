/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/query.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const severities[] = {"unspecified", "info", "low", "medium", "high", "critical"};

const char *severity_word(int severity)
{
	return severities[severity > 0 && severity < (int)ARRAY_SIZE(severities) ? severity : 0];
}

static int set_severity(struct query *q, const char *value, char why[256])
{
	for (int i = 1; i < (int)ARRAY_SIZE(severities); i++) {
		if (!strcasecmp(value, severities[i])) {
			q->severity = i;
			return 0;
		}
	}
	snprintf(why, 256, "severity is info, low, medium, high or critical");
	return -EINVAL;
}

/* "90s", "15m", "1h", "2d": so long before now. */
static int set_ago(struct query *q, const char *value, uint64_t now_ns)
{
	uint64_t seconds[128] = {['s'] = 1, ['m'] = 60, ['h'] = 3600, ['d'] = 86400};
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || *value < '0' || *value > '9' || end[0] <= 0 || end[1] || !seconds[(int)end[0]])
		return -EINVAL;
	n = n > now_ns / NSEC_PER_SEC / seconds[(int)end[0]] ? 0 : now_ns - n * seconds[(int)end[0]] * NSEC_PER_SEC;
	clock_rfc3339(q->since, n);
	return 0;
}

/* RFC 3339 with "Z" or an offset; a fraction of a second is read over. */
static int set_date(struct query *q, const char *value)
{
	struct tm tm = {};
	const char *rest = strptime(value, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours = 0, minutes = 0, n = 0;
	char sign;
	time_t t;

	if (!rest)
		return -EINVAL;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0 &&
	    (sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &n) != 3 || rest[n] || !strchr("+-", sign)))
		return -EINVAL;
	t = timegm(&tm);
	if (strcmp(rest, "Z") != 0)
		t -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	if (t < 0)
		return -EINVAL;
	clock_rfc3339(q->since, (uint64_t)t * NSEC_PER_SEC);
	return 0;
}

static int set_limit(struct query *q, const char *value, char why[256])
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *value < '0' || *value > '9' || *end || n > UINT32_MAX) {
		snprintf(why, 256, "limit is a number");
		return -EINVAL;
	}
	q->limit = (uint32_t)n;
	return 0;
}

int query_set(struct query *q, const char *word, const char *value, uint64_t now_ns, char why[256])
{
	if (!strcmp(word, "rule")) {
		q->rule = value;
	} else if (!strcmp(word, "container")) {
		q->container = value;
	} else if (!strcmp(word, "task")) {
		q->task = value;
	} else if (!strcmp(word, "severity")) {
		return set_severity(q, value, why);
	} else if (!strcmp(word, "limit")) {
		return set_limit(q, value, why);
	} else if (!strcmp(word, "since")) {
		if (!set_ago(q, value, now_ns) || !set_date(q, value))
			return 0;
		snprintf(why, 256, "since is a time (2026-01-31T12:00:00Z) or an age (90s, 15m, 1h, 2d)");
		return -EINVAL;
	} else {
		snprintf(why, 256, "unknown word; known are rule, severity, since, container, task, limit");
		return -ENOENT;
	}
	return 0;
}
