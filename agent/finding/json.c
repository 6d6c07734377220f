/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Json
 *
 * Protobuf's JSON mapping (protobuf.dev, "ProtoJSON") for any message, read off
 * its descriptor: a new field of the schema needs no line here. Not mapped are
 * the well-known types with a form of their own; the schema has none.
 */
#include "finding/finding.h"
#include "util/utf8.h"
#include <errno.h>
#include <math.h>

/* snake_case → lowerCamelCase, as protoc's ToJsonName. */
static void json_name(char dst[128], const char *name)
{
	size_t n = 0;
	bool upper = false;

	for (; *name && n < 127; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		dst[n++] = upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
		upper = false;
	}
	dst[n] = 0;
}

/* The receiver maps messages from outside: their strings may be anything, and jansson refuses what is not UTF-8. */
static json_t *json_text(const char *s)
{
	struct str in = str(s ? s : "");
	json_t *j;
	char *clean;
	bool cut;

	if (utf8_valid(in))
		return json_stringn_nocheck(in.p, in.n);
	clean = malloc(in.n * 3);
	if (!clean)
		return NULL;
	j = json_stringn_nocheck(clean, utf8_clean(clean, in.n * 3, in, &cut));
	free(clean);
	return j;
}

static json_t *json_base64(const ProtobufCBinaryData *b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((b->len + 2) / 3 * 4 + 1);
	size_t n = 0;
	json_t *j;

	if (!text)
		return NULL;
	for (size_t i = 0; i < b->len; i += 3) {
		size_t left = b->len - i;
		uint32_t w = (uint32_t)b->data[i] << 16;

		w |= left > 1 ? (uint32_t)b->data[i + 1] << 8 : 0;
		w |= left > 2 ? b->data[i + 2] : 0;
		text[n++] = digits[w >> 18];
		text[n++] = digits[w >> 12 & 63];
		text[n++] = left > 1 ? digits[w >> 6 & 63] : '=';
		text[n++] = left > 2 ? digits[w & 63] : '=';
	}
	j = json_stringn_nocheck(text, n);
	free(text);
	return j;
}

static json_t *json_double(double v)
{
	if (isnan(v))
		return json_string("NaN");
	if (isinf(v))
		return json_string(v > 0 ? "Infinity" : "-Infinity");
	if (v == trunc(v) && fabs(v) < 9007199254740992.0)	/* exact: an inode reads better without an exponent */
		return json_integer((json_int_t)v);
	return json_real(v);
}

/* The shortest text that reads back as the same float: 0.1, not 0.10000000149011612. */
static json_t *json_float(float v)
{
	char text[32];

	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, (double)v);
		if (strtof(text, NULL) == v)
			break;
	}
	return json_double(isfinite(v) ? strtod(text, NULL) : (double)v);
}

/* 64-bit integers are texts in ProtoJSON: a reader's double would lose digits. */
static json_t *json_integer_text(int64_t v, bool is_signed)
{
	char text[24];

	if (is_signed)
		snprintf(text, sizeof(text), "%lld", (long long)v);
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	return json_string(text);
}

static json_t *json_enum(const ProtobufCEnumDescriptor *d, int v)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(d, v);

	return value ? json_string(value->name) : json_integer(v);
}

/* The value of one member; at points to it as the generated struct holds it. */
static json_t *json_value(const ProtobufCFieldDescriptor *f, const void *at)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)at);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(*(const uint32_t *)at);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_integer_text(*(const int64_t *)at, true);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return json_integer_text(*(const int64_t *)at, false);
	case PROTOBUF_C_TYPE_FLOAT:
		return json_float(*(const float *)at);
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_double(*(const double *)at);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)at);
	case PROTOBUF_C_TYPE_ENUM:
		return json_enum(f->descriptor, *(const int *)at);
	case PROTOBUF_C_TYPE_STRING:
		return json_text(*(char *const *)at);
	case PROTOBUF_C_TYPE_BYTES:
		return json_base64(at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return finding_json(*(ProtobufCMessage *const *)at);
	}
	return NULL;
}

static size_t element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

/* Whether a member that proto3 does not mark (no label, no oneof) differs from its default, by protobuf-c's notion: what is packed is shown. */
static bool is_set(const ProtobufCFieldDescriptor *f, const void *at)
{
	static const char zero[8];
	const char *s;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING:
		s = *(char *const *)at;
		return s && *s;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len;
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(void *const *)at;
	case PROTOBUF_C_TYPE_FLOAT:
		return *(const float *)at != 0;
	case PROTOBUF_C_TYPE_DOUBLE:
		return *(const double *)at != 0;
	default:
		return memcmp(at, zero, element_size(f->type));
	}
}

static bool has_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *)m;

	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(base + f->quantifier_offset) == f->id &&
		       ((f->type != PROTOBUF_C_TYPE_MESSAGE && f->type != PROTOBUF_C_TYPE_STRING) ||
			*(void *const *)(base + f->offset));
	return is_set(f, base + f->offset);
}

static json_t *json_array_of(const ProtobufCFieldDescriptor *f, const char *items, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++) {
		if (json_array_append_new(array, json_value(f, items + i * element_size(f->type))) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *finding_json(const ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	json_t *object = json_object(), *value;
	const char *base = (const char *)m;
	char name[128];

	for (unsigned int i = 0; object && i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t n = *(const size_t *)(base + f->quantifier_offset);

			if (!n)
				continue;
			value = json_array_of(f, *(char *const *)(base + f->offset), n);
		} else if (has_field(m, f)) {
			value = json_value(f, base + f->offset);
		} else {
			continue;
		}
		json_name(name, f->name);
		if (json_object_set_new_nocheck(object, name, value) < 0) {	/* also without memory for value */
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/*
 * jansson leaves DEL and the C1 controls as they are; a terminal obeys them, and also characters that turn the
 * direction of a line. None stands outside a string, so that all can be written as JSON's own escapes.
 */
static void add_escaped(struct buf *out, const char *p, size_t n)
{
	while (n) {
		size_t plain = 0, length = 1;
		uint32_t c = 0;

		while (plain < n) {
			length = utf8_sequence(str_n(p + plain, n - plain));
			length = length ? length : 1;
			c = utf8_point(p + plain, length);
			if (c == 0x7f || (c >= 0x80 && c < 0xa0 && length == 2) || (c >= 0x202a && c <= 0x202e) ||
			    (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029)
				break;
			plain += length;
		}
		buf_add(out, p, plain);
		p += plain;
		n -= plain;
		if (n) {
			buf_printf(out, "\\u%04x", c);
			p += length;
			n -= length;
		}
	}
}

int finding_json_line(const ProtobufCMessage *m, struct buf *out)
{
	json_t *j = finding_json(m);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	if (!text)
		return -ENOMEM;
	add_escaped(out, text, strlen(text));
	free(text);
	return buf_error(out);
}
