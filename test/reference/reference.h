/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference
 *
 * The condition language a second time, as plainly as it can be said: a tree is
 * walked, every check reads its field anew, texts are compared by loops, lists
 * are searched from front to back. Nothing is shared with the engine but its
 * name for a borrowed text. What the engine makes of a condition has to be what
 * this makes of it.
 *
 *   value.c   facts of an event, transformers
 *   check.c   operators, modifiers, the tree
 *   text.c    operators of texts; regex.c their regular expressions
 *   print.c   a tree as the text of a condition
 */
#ifndef TEST_REFERENCE_H
#define TEST_REFERENCE_H

#include "util/str.h"

/* ---- values ---- */

enum rtype { R_INT, R_UINT, R_PORT, R_BOOL, R_STR, R_BYTES, R_IP, R_NET, R_TYPES };

struct rvalue {
	enum rtype type;
	bool hole;		/* a member of a list, or an ancestor, that is not known */
	bool six;		/* R_IP, R_NET: sixteen bytes, not four */
	unsigned int prefix;	/* R_NET, of a constant */
	uint8_t address[16];
	struct str text;	/* R_STR, R_BYTES */
	__int128 number;	/* R_INT, R_UINT, R_PORT, R_BOOL */
};

#define RVALUES_MAX 64

struct rvalues {
	bool present;
	unsigned int n;
	struct rvalue v[RVALUES_MAX];
};

/* ---- fields ---- */

enum rflag {
	RF_LIST = 1 << 0,
	RF_ANCESTORS = 1 << 1,	/* values from the parent upwards; [N] is one of them */
	RF_EITHER = 1 << 2,	/* client and server */
	RF_NO_RHS = 1 << 3,
	RF_NO_TR = 1 << 4,
	RF_DERIVED = 1 << 5,	/* no fact of its own */
	RF_RAWARG = 1 << 6,
	RF_NAME = 1 << 7,	/* evt.type: constants are names of events */
	RF_32_BITS = 1 << 8,	/* of a number in the original: its constants wrap around there */
};

/* What the texts of a field look like: for who makes up events. */
enum theme { THEME_NAME, THEME_PATH, THEME_COMMAND, THEME_WILD, THEME_B64, THEME_OPTIONS, THEMES };

enum {
#define RFIELD(ID, name, type, flags, theme) F_##ID,
#include "field.def"
	RFIELDS
};

struct rfield {
	const char *name;
	enum rtype type;
	unsigned int flags;
	enum theme theme;
};

extern const struct rfield rfields[RFIELDS];

/* What is true of an event, by field. */
struct facts {
	bool no_descriptor;	/* the call failed to make one: fd.num and fd.name say of which, fd.ip and the like nothing */
	struct {
		bool present;
		unsigned int n;
		struct rvalue *v;
	} of[RFIELDS];
};

/* ---- conditions ---- */

enum rtransform { RT_TOLOWER, RT_TOUPPER, RT_B64, RT_BASENAME, RT_LEN, RT_JOIN, RT_CONCAT, RT_GETOPT, RT_MAX };

enum rexpr_kind { RX_FIELD, RX_TRANSFORM, RX_TEXT, RX_NUMBER, RX_LIST };

struct rexpr {
	enum rexpr_kind kind;
	int field, index;	/* RX_FIELD; index of an ancestor, -1 for any */
	enum rtransform transform;
	struct str text;	/* RX_TEXT, RX_NUMBER */
	char letter;		/* of getopt()[x], 0 without */
	struct rexpr *v[4];
	unsigned int n;
	enum rtype type;
	bool list;
};

enum rop {
	RO_EXISTS, RO_LE, RO_LT, RO_GE, RO_GT, RO_EQ, RO_NE, RO_GLOB, RO_IGLOB, RO_CONTAINS, RO_ICONTAINS, RO_BCONTAINS,
	RO_STARTSWITH, RO_BSTARTSWITH, RO_ENDSWITH, RO_REGEX, RO_INTERSECTS, RO_IN, RO_PMATCH, RO_MAX
};

enum rmodifier { RM_NONE, RM_ONEOF, RM_ANYOF, RM_ALLOF, RM_MAX };

#define RCONSTANTS_MAX 64

enum rkind { RK_AND, RK_OR, RK_NOT, RK_CHECK };

struct rtree {
	enum rkind kind;
	struct rtree *v[6];	/* RK_AND, RK_OR: two at least; RK_NOT: one */
	unsigned int n;
	/* RK_CHECK */
	struct rexpr *lhs, *rhs;	/* rhs: val() or a transformer, then there are no constants */
	enum rop op;
	enum rmodifier modifier;
	struct str texts[RCONSTANTS_MAX];	/* constants as they were written, without quotes and escapes */
	struct rvalue constants[RCONSTANTS_MAX];
	unsigned int nconstants;
};

enum outcome { O_FALSE, O_TRUE, O_MISSING, O_MAX };

extern const char *const rop_words[RO_MAX];
extern const char *const rtransform_words[RT_MAX];
extern const char *const rmodifier_words[RM_MAX];

/* value.c */
void ref_values(const struct facts *e, const struct rexpr *x, struct rvalues *ret);
bool ref_constant(struct rvalue *ret, enum rtype type, enum rop op, struct str text);	/* false: is none of that type */

/* check.c */
enum outcome ref_check(const struct facts *e, const struct rtree *check, bool strict);
/* seen is told the outcome of every check, also of those that decide nothing. */
typedef void (*seen_fn)(const struct rtree *check, enum outcome o);
bool ref_holds(const struct facts *e, const struct rtree *t, bool strict, seen_fn seen);

/* text.c */
bool text_same(struct str a, struct str b);
int text_order(struct str a, struct str b);
bool text_within(struct str text, struct str needle, bool either_case);
bool text_begins(struct str text, struct str head);
bool text_ends(struct str text, struct str tail);
bool text_glob(struct str text, struct str pattern, bool either_case);
bool text_pmatch(struct str text, struct str path);

/* regex.c */
bool text_regex(struct str text, struct str pattern);

/* Memory that lives until ref_forget(). */
void *ref_memory(size_t n);
size_t ref_mark(void);
void ref_forget(size_t mark);

#endif
