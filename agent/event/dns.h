/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dns
 *
 * A DNS message → question and answers. Compression loops, overruns and
 * overlong names end the parse with a reason; what was read before stands.
 */
#ifndef EVENT_DNS_H
#define EVENT_DNS_H

#include "util/limits.h"
#include "util/str.h"

enum dns_error { DNS_OK, DNS_E_SHORT, DNS_E_LOOP, DNS_E_NAME, DNS_E_QUESTION, DNS_E_MAX };

extern const char *const dns_error_text[DNS_E_MAX];

struct dns_answer {
	uint16_t type;		/* RR type */
	uint32_t ttl;
	uint8_t family;		/* AF_INET or AF_INET6 when ip is set, else 0 */
	uint8_t ip[16];
	struct str text;	/* address, target name, or text, as dns.answers prints it */
};

struct dns_message {
	bool response;
	uint16_t id, rcode, qtype;
	struct str qname;			/* lower case, without the final dot; "." for the root */
	unsigned int nanswers;
	unsigned int dropped;			/* answers beyond DNS_ANSWERS_MAX or without room */
	struct dns_answer answers[DNS_ANSWERS_MAX];
	enum dns_error error;			/* of the part that could not be read */
	size_t used;				/* of text[] */
	char text[8192];			/* what the strs above point into */
};

/* Reads the message. DNS_OK, or the reason: the header and question may still be there (qname.p != NULL). */
enum dns_error dns_parse(struct dns_message *ret, const void *p, size_t n);

/* "A", "AAAA", "TYPE65"; "NOERROR", "NXDOMAIN", "RCODE12". Static or in buf (16 bytes). */
const char *dns_type_text(uint16_t type, char buf[16]);
const char *dns_rcode_text(uint16_t rcode, char buf[16]);

#endif
