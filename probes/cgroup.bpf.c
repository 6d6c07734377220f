// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A control group was removed: the agent may forget it. Only of those that it was told of. */
#include "record.h"
#include <bpf/bpf_tracing.h>

SEC("raw_tp/cgroup_rmdir")
int BPF_PROG(cgroup_gone__raw_tp, struct cgroup *cg)
{
	struct wire_cgroup *r;
	struct scratch *s;
	__u32 version;
	__u64 id;

	id = cgroup__id(cg, false, &version);
	if (bpf_map_delete_elem(&cgroups_seen, &id))
		return 0;
	s = scratch__claim(SCRATCH_LIFE, NULL, NULL);
	if (!s) {
		counter__lost(EVENT_CGROUP, LOSS_SCRATCH_BUSY);
		return 0;
	}
	r = (void *)s->rec;
	record__zero(r, sizeof(*r));
	record__becomes(&r->hdr, EVENT_CGROUP, CALL_NONE, sizeof(*r));
	r->hdr.time = bpf_ktime_get_boot_ns();
	r->hdr.cpu = bpf_get_smp_processor_id();
	r->hdr.cgroup = id;
	r->version = version;
	r->gone = 1;
	record__output(SCRATCH_LIFE);
	scratch__release(s);
	return 0;
}
