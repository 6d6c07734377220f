/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random messages of the schema and of one with every kind of field, packed and
 * as JSON; python3-protobuf unpacks the one and compares it with the other.
 */
#include "finding/finding.h"
#include "mapping.pb-c.h"
#include "noroshi/v1/batch.pb-c.h"
#include <check.h>
#include <math.h>
#include <sys/wait.h>

#define MESSAGES 400

static unsigned int seed;
static char dir[64];

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

static uint64_t bits(void)
{
	uint64_t v = (uint64_t)rand_r(&seed) << 42 ^ (uint64_t)rand_r(&seed) << 21 ^ (uint64_t)rand_r(&seed);

	return pick(4) ? v >> pick(64) : pick(3) ? UINT64_MAX - pick(3) : 0;
}

static double number(void)
{
	static const double special[] = {0, -0.0, 0.1, 1e300, 5e-324, NAN, INFINITY, -INFINITY, 9007199254740993.0, 1e16};

	return pick(2) ? special[pick(ARRAY_SIZE(special))] : ((double)rand_r(&seed) - 1e9) / (1 + pick(1000));
}

static char *text(void)
{
	static const char *const parts[] = {"a", "/bin/sh", "\"", "\\", "\n", "\t", "\x01", "\x7f", "\xc2\x9b", "\xc3\xa9",
					    "\xe7\x8b\xbc", "\xe2\x80\xae", "\xe2\x80\xa8", "\xf0\x9f\x94\xa5", "</script>"};
	char *s = calloc(1, 128);

	for (unsigned int n = pick(9); n; n--)
		strcat(s, parts[pick(ARRAY_SIZE(parts))]);
	return s;
}

static ProtobufCMessage *message(const ProtobufCMessageDescriptor *d);

static int enum_value(const ProtobufCEnumDescriptor *d)
{
	return pick(8) ? d->values[pick(d->n_values)].value : (int)pick(100);	/* also ones of a later schema */
}

static void fill(const ProtobufCFieldDescriptor *f, void *at)
{
	float small = (float)number();
	double v = number();
	uint64_t u = bits();

	switch (f->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(at, &u, 8);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		memcpy(at, &small, sizeof(small));
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		memcpy(at, &v, sizeof(v));
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at = (protobuf_c_boolean)pick(2);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)at = enum_value(f->descriptor);
		break;
	case PROTOBUF_C_TYPE_STRING:
		*(char **)at = text();
		break;
	case PROTOBUF_C_TYPE_BYTES:
		((ProtobufCBinaryData *)at)->data = (uint8_t *)text();
		((ProtobufCBinaryData *)at)->len = strlen((char *)((ProtobufCBinaryData *)at)->data);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)at = message(f->descriptor);
		break;
	default:
		memcpy(at, &u, 4);
	}
}

static size_t width(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return 8;
	default:
		return 4;
	}
}

static ProtobufCMessage *message(const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = calloc(1, d->sizeof_message);

	protobuf_c_message_init(d, m);
	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *at = (char *)m + f->offset, *quantifier = (char *)m + f->quantifier_offset;

		if (pick(3) == 0)
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t n = pick(4);
			char *items = n ? calloc(n, width(f)) : NULL;

			for (size_t j = 0; j < n; j++)
				fill(f, items + j * width(f));
			memcpy(at, &items, sizeof(items));
			memcpy(quantifier, &n, sizeof(n));
		} else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			if (*(uint32_t *)quantifier)
				continue;	/* another member was chosen */
			*(uint32_t *)quantifier = f->id;
			fill(f, at);
		} else {
			fill(f, at);
		}
	}
	return m;
}

static FILE *create(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	return f;
}

static void write_messages(const ProtobufCMessageDescriptor *d)
{
	FILE *pb = create("pb"), *json = create("json");
	struct buf line = {};

	for (unsigned int i = 0; i < MESSAGES; i++) {
		ProtobufCMessage *m = message(d);
		uint32_t n = (uint32_t)protobuf_c_message_get_packed_size(m);
		uint8_t *packed = malloc(n ? n : 1);

		protobuf_c_message_pack(m, packed);
		fwrite(&n, sizeof(n), 1, pb);
		fwrite(packed, 1, n, pb);
		buf_reset(&line);
		ck_assert_int_eq(finding_json_line(m, &line), 0);
		ck_assert_ptr_null(strpbrk(line.p, "\n\x7f"));
		ck_assert_ptr_null(strstr(line.p, "\xc2\x9b"));
		fprintf(json, "%s\n", line.p);
		free(packed);
		protobuf_c_message_free_unpacked(m, NULL);
	}
	buf_free(&line);
	fclose(pb);
	fclose(json);
}

static int shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int compare(const ProtobufCMessageDescriptor *d, const char *root, const char *file, const char *module)
{
	char command[1024];
	int r;

	write_messages(d);
	snprintf(command, sizeof(command),
		 "cd %s && protoc -I '%s' --python_out=. %s && /usr/bin/python3 '%s/unit/json_mapping.py' %s %s pb json",
		 dir, root, file, TEST_DIR, module, d->short_name);
	r = shell(command);
	return r;
}

START_TEST(every_kind_of_field)
{
	ck_assert_int_eq(compare(&noroshi__test__mapping__descriptor, TEST_DIR "/unit", "mapping.proto", "mapping_pb2"), 0);
}
END_TEST

START_TEST(findings)
{
	ck_assert_int_eq(compare(&noroshi__v1__finding__descriptor, TEST_DIR "/../proto",
				 "noroshi/v1/finding.proto noroshi/v1/coverage.proto noroshi/v1/batch.proto", "noroshi.v1.finding_pb2"), 0);
}
END_TEST

START_TEST(batches)
{
	ck_assert_int_eq(compare(&noroshi__v1__finding_batch__descriptor, TEST_DIR "/../proto",
				 "noroshi/v1/finding.proto noroshi/v1/coverage.proto noroshi/v1/batch.proto", "noroshi.v1.batch_pb2"), 0);
}
END_TEST

/* What a receiver may get from anybody: strings that are no UTF-8 become such, nothing else changes. */
START_TEST(foreign_bytes)
{
	Noroshi__V1__Evidence e = NOROSHI__V1__EVIDENCE__INIT;
	struct buf line = {};

	e.name = "a\xff" "b";
	e.value = "\xed\xa0\x80";
	ck_assert_int_eq(finding_json_line(&e.base, &line), 0);
	ck_assert_str_eq(line.p, "{\"name\":\"a\xef\xbf\xbd" "b\",\"value\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
	buf_free(&line);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json_mapping");
	TCase *t = tcase_create("json_mapping");
	SRunner *sr;
	char command[128];
	int failed;

	if (shell("protoc --version >/dev/null 2>&1 && /usr/bin/python3 -c 'import google.protobuf' 2>/dev/null")) {
		printf("skipped: no protoc or no python3-protobuf to compare with\n");
		return 77;
	}
	strcpy(dir, "/tmp/json_mapping.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	seed = getenv("SEED") ? (unsigned int)atoi(getenv("SEED")) : 1;
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 0);
	tcase_add_test(t, every_kind_of_field);
	tcase_add_test(t, findings);
	tcase_add_test(t, batches);
	tcase_add_test(t, foreign_bytes);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (shell(command))
		failed++;
	return failed;
}
