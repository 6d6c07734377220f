/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a DNS message: a reason or an end, and texts that lie in the message. */
#include "event/dns.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct dns_message m;
	char buf[16];

	dns_parse(&m, data, n);
	if (m.used > sizeof(m.text) || m.nanswers > DNS_ANSWERS_MAX)
		abort();
	for (unsigned int i = 0; i < m.nanswers; i++)
		if (m.answers[i].text.p < m.text || m.answers[i].text.p + m.answers[i].text.n > m.text + m.used)
			abort();
	dns_type_text(m.qtype, buf);
	dns_rcode_text(m.rcode, buf);
	return 0;
}
