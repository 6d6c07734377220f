/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ring.h"
#include "wire.h"
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The kernel's layout (kernel/bpf/ringbuf.c): one page that holds the consumer position, one page that holds the
 * producer position, then the data twice. Before each record stands this header; records begin on 8 bytes.
 */
struct ring_hdr {
	uint32_t len;	/* BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, and the length */
	uint32_t pgoff;
};

/*
 * Every mapped page counts as resident memory of ours, also the second time. A record that runs over the end of the
 * data needs only as much of the second copy as a record is long.
 */
static size_t overlap(size_t bytes, size_t page)
{
	size_t longest = (sizeof(struct ring_hdr) + WIRE_RECORD_MAX + page - 1) & ~(page - 1);

	return longest < bytes ? longest : bytes;
}

int ring_map(struct ring *ret, int fd, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	if (!bytes || bytes & (bytes - 1) || bytes % page)
		return -EINVAL;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + bytes + overlap(bytes, page), PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int r = -errno;

		munmap(consumer, page);
		return r;
	}
	ring_init(ret, consumer, producer, (uint8_t *)producer + page, bytes);
	ret->longest = overlap(bytes, page);
	ret->page = page;
	return 0;
}

void ring_unmap(struct ring *r)
{
	if (r->page) {
		munmap(r->consumer, r->page);
		munmap((void *)r->producer, r->page + r->bytes + r->longest);
	}
	*r = (struct ring){};
}

void ring_init(struct ring *ret, uint64_t *consumer, const uint64_t *producer, const void *data, size_t bytes)
{
	*ret = (struct ring){
		.consumer = consumer,
		.producer = producer,
		.data = data,
		.bytes = bytes,
		.longest = bytes,
		.pos = __atomic_load_n(consumer, __ATOMIC_RELAXED),
	};
}

uint64_t ring_end(const struct ring *r)
{
	return r->producer ? __atomic_load_n(r->producer, __ATOMIC_SEQ_CST) : 0;
}

int ring_drain(struct ring *r, unsigned int max, uint64_t end, ring_record_fn fn, void *ctx)
{
	uint64_t produced = ring_end(r);
	unsigned int taken = 0;

	while (r->pos < produced && r->pos < end && taken < max) {
		const struct ring_hdr *hdr = (const void *)(r->data + (r->pos & (r->bytes - 1)));
		uint32_t word = __atomic_load_n(&hdr->len, __ATOMIC_ACQUIRE);
		uint32_t len = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		uint64_t step = (sizeof(*hdr) + (uint64_t)len + 7) & ~7ull;

		if (word & BPF_RINGBUF_BUSY_BIT)
			break;
		if (step > produced - r->pos || step > r->longest)
			return -EIO;
		r->pos += step;	/* before fn, which may end up in here again: a handler that stops its source */
		if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
			fn(ctx, hdr + 1, len);
			taken++;
		}
		/* The room is the kernel's again only now, and a producer that finds us caught up wakes us. */
		__atomic_store_n(r->consumer, r->pos, __ATOMIC_SEQ_CST);
		if (r->pos == produced)
			produced = ring_end(r);
	}
	return (int)taken;
}

size_t ring_used(const struct ring *r)
{
	return r->producer ? (size_t)(__atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->pos) : 0;
}
