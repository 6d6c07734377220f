/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles and storage of containerd, podman and CRI-O, as they write them, half made and malicious. Real ones: e2e/runtimes. */
#include "provider_case.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPEC(annotations, more) "{\"ociVersion\":\"1.0.2\",\"annotations\":{" annotations "}," \
	"\"process\":{\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"" more "]}}," \
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}," \
	"{\"destination\":\"/data\",\"type\":\"bind\",\"source\":\"/srv\",\"options\":[\"rbind\",\"ro\",\"rslave\"]}]," \
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"/run/netns/x\"}]}}"
#define CRI "\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.27\"," \
	"\"io.kubernetes.cri.sandbox-id\":\"5a\",\"io.kubernetes.cri.sandbox-name\":\"web-0\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\""
#define CRIO "\"io.kubernetes.cri-o.Name\":\"k8s_web_web-0_shop\",\"io.kubernetes.cri-o.ImageName\":\"quay.io/a/web:2\"," \
	"\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"web\\\",\\\"io.kubernetes.pod.name\\\":\\\"web-0\\\"}\"," \
	"\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.cri-o.IP.0\":\"10.88.0.5\""
#define STORAGE "[{\"id\":\"0000\",\"names\":[\"other\"]},{\"id\":\"" ID "\",\"names\":[\"web\"],\"created\":\"2026-11-24T10:46:16Z\"," \
	"\"metadata\":\"{\\\"image-name\\\":\\\"localhost/one:1.0\\\",\\\"image-id\\\":\\\"5114\\\"}\"}]"

static char dir[64], storage[80];
static struct provider_case at;

static void put(const char *below, const char *text)
{
	case_put(dir, below, text);
}

static void begin(const struct provider_ops *ops)
{
	snprintf(dir, sizeof(dir), "/tmp/noroshi-oci.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(storage, sizeof(storage), "%s/storage", dir);
	at = (struct provider_case){.places = {.containerd_state = dir, .podman_state = dir, .podman_storage = storage}};
	ck_assert_int_eq(case_open(&at, ops), 0);
}

static void setup_containerd(void)
{
	begin(&provider_containerd);
}

static void setup_storage(void)
{
	begin(&provider_containers_storage);
}

static void teardown(void)
{
	char command[100];

	case_close(&at);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static bool flag(enum workload_flag f)
{
	bool known, is = workload_is(at.facts, f, &known);

	ck_assert(known);
	return is;
}

#define TASKS "io.containerd.runtime.v2.task/"

START_TEST(a_pods_container)
{
	put(TASKS "moby/other/config.json", "{");
	put(TASKS "k8s.io/" ID "/config.json", SPEC(CRI, ""));
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "web");
	case_says(&at, WORKLOAD_IMAGE, "docker.io/library/nginx:1.27");
	case_says(&at, WORKLOAD_SANDBOX, "5a");
	ck_assert(str_eq(workload_label(at.facts, STR("io.kubernetes.pod.name")), STR("web-0")));
	ck_assert(str_eq(workload_label(at.facts, STR("io.kubernetes.pod.namespace")), STR("shop")));
	ck_assert(!flag(WORKLOAD_PRIVILEGED) && !flag(WORKLOAD_HOST_PID) && !flag(WORKLOAD_HOST_NETWORK) && flag(WORKLOAD_HOST_IPC));
	ck_assert(at.facts->mounts_known && at.facts->nmounts == 1 && !at.facts->mounts[0].rw);
	ck_assert(str_eq(at.facts->mounts[0].source, STR("/srv")) && str_eq(at.facts->mounts[0].propagation, STR("rslave")));
}
END_TEST

START_TEST(one_of_ctr)
{
	put(TASKS "default/" ID "/config.json", SPEC("", ",\"CAP_SYS_ADMIN\",\"CAP_SYS_MODULE\",\"CAP_SYS_RAWIO\""));
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, ID);
	case_says(&at, WORKLOAD_IMAGE, "");
	ck_assert(flag(WORKLOAD_PRIVILEGED));
	ck_assert(at.facts->labels_known && !at.facts->nlabels);
}
END_TEST

/* Docker's own are known to Docker by another name. */
START_TEST(one_of_docker)
{
	put(TASKS "moby/" ID "/config.json", SPEC("", ""));
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "");
	ck_assert_uint_eq(at.facts->nmounts, 1);
}
END_TEST

START_TEST(one_of_nerdctl)
{
	put(TASKS "default/" ID "/config.json", SPEC("\"nerdctl/name\":\"web\",\"team\":\"app\"", ""));
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "web");
	ck_assert(str_eq(workload_label(at.facts, STR("team")), STR("app")));
}
END_TEST

/* What is no bundle is none: a link, a file too large, another's JSON, a folder in its place. */
START_TEST(no_bundle)
{
	static const char *const texts[] = {"", "{", "[]", "{\"ociVersion\":1}", "null", "{\"ociVersion\":\"1\",\"ociVersion\":\"2\"}"};
	char from[200], to[200];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put(TASKS "default/" ID "/config.json", texts[i]);
		case_ask(&at, ID, "");
		ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	}
	put(TASKS "default/" ID "/other.json", SPEC(CRI, ""));
	snprintf(from, sizeof(from), "%s/" TASKS "default/" ID "/config.json", dir);
	ck_assert_int_eq(unlink(from), 0);
	ck_assert_int_eq(symlink("other.json", from), 0);
	case_ask(&at, ID, "");
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	snprintf(from, sizeof(from), "%s/" TASKS "default", dir);
	snprintf(to, sizeof(to), "%s/elsewhere", dir);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(symlink(to, from), 0);
	case_ask(&at, ID, "");
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
}
END_TEST

/* Without a folder nobody is sent; one that goes is said. */
START_TEST(no_runtime)
{
	struct workload_row row = case_row(ID, "");

	ck_assert(!at.p->ops->may_know(at.p, &row));
	case_ask(&at, ID, "");
	ck_assert_int_eq(at.verdict, VERDICT_DOWN);
	put(TASKS "x", "");
	ck_assert(at.p->ops->may_know(at.p, &row));
	snprintf(row.runtime, sizeof(row.runtime), "podman");
	ck_assert(!at.p->ops->may_know(at.p, &row));
}
END_TEST

/* What any member may be: nothing of it is believed, and nothing falls over. */
START_TEST(strange_members)
{
	static const char *const members[] = {"annotations", "linux", "process", "mounts"}, *const values[] = {"1", "[]", "[1,{}]", "\"x\"", "null", "{\"namespaces\":{}}"};
	char text[200];

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			snprintf(text, sizeof(text), "{\"ociVersion\":\"1\",\"%s\":%s}", members[i], values[k]);
			put(TASKS "default/" ID "/config.json", text);
			case_ask(&at, ID, "");
			ck_assert_int_eq(at.verdict, VERDICT_FACTS);
			case_says(&at, WORKLOAD_IMAGE, "");
		}
	}
}
END_TEST

START_TEST(one_of_podman)
{
	struct workload_row row = case_row(ID, "");

	ck_assert(!at.p->ops->may_know(at.p, &row));	/* Docker's */
	snprintf(row.runtime, sizeof(row.runtime), "podman");
	ck_assert(at.p->ops->may_know(at.p, &row));
	put("storage/overlay-containers/" ID "/userdata/config.json", SPEC("\"io.podman.annotations.privileged\":\"TRUE\"", ""));
	put("storage/overlay-containers/containers.json", STORAGE);
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "web");
	case_says(&at, WORKLOAD_IMAGE, "localhost/one:1.0");
	case_says(&at, WORKLOAD_IMAGE_ID, "5114");
	ck_assert(flag(WORKLOAD_PRIVILEGED) && at.facts->nmounts == 1);
}
END_TEST

START_TEST(one_of_crio)
{
	put("overlay-containers/" ID "/userdata/config.json", SPEC(CRIO, ""));
	put("storage/overlay-containers/containers.json", STORAGE);
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "k8s_web_web-0_shop");
	case_says(&at, WORKLOAD_IMAGE, "quay.io/a/web:2");
	case_says(&at, WORKLOAD_IP, "10.88.0.5");
	ck_assert(str_eq(workload_label(at.facts, STR("app")), STR("web")));
	ck_assert(str_eq(workload_label(at.facts, STR("io.kubernetes.pod.namespace")), STR("shop")));
}
END_TEST

START_TEST(nobody_of_the_storage)
{
	put("storage/overlay-containers/containers.json", "[{\"id\":\"0000\",\"names\":[\"other\"]}]");
	case_ask(&at, ID, "");
	ck_assert_int_eq(at.verdict, VERDICT_UNKNOWN);
	put("storage/overlay-containers/containers.json", "[{\"id\":\"" ID "\",\"names\":{},\"metadata\":\"{\"}, 7]");
	case_ask(&at, ID, "");
	case_says(&at, WORKLOAD_NAME, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oci");
	TCase *containerd = tcase_create("containerd"), *others = tcase_create("storage");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(containerd, setup_containerd, teardown);
	tcase_add_test(containerd, a_pods_container);
	tcase_add_test(containerd, one_of_ctr);
	tcase_add_test(containerd, one_of_docker);
	tcase_add_test(containerd, one_of_nerdctl);
	tcase_add_test(containerd, no_bundle);
	tcase_add_test(containerd, no_runtime);
	tcase_add_test(containerd, strange_members);
	suite_add_tcase(s, containerd);
	tcase_add_checked_fixture(others, setup_storage, teardown);
	tcase_add_test(others, one_of_podman);
	tcase_add_test(others, one_of_crio);
	tcase_add_test(others, nobody_of_the_storage);
	suite_add_tcase(s, others);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
