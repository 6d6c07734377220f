/* SPDX-License-Identifier: Apache-2.0 */
/* Severity bands: one number, five words. */
#include "rule/engine.h"

enum severity severity_of_score(unsigned int score)
{
	if (score >= 9)
		return SEVERITY_CRITICAL;
	if (score >= 7)
		return SEVERITY_HIGH;
	if (score >= 4)
		return SEVERITY_MEDIUM;
	return score ? SEVERITY_LOW : SEVERITY_INFO;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {"info", "low", "medium", "high", "critical"};

	return names[s];
}
