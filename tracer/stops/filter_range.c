// SPDX-License-Identifier: MIT
/*
 * filter_range.c - the calls that change mappings, in a seccomp filter: they
 * stop where they touch a range of addresses.
 *
 * A filter computes with 32 bits: addresses are compared by halves.
 */
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "tracer/stops/assembler.h"
#include "tracer/stops/filter.h"

/* They stop if (addr, len) in their first arguments touches the range. */
static const int
	ranged[] = {
		SYS_munmap, SYS_mprotect,      SYS_madvise,
		SYS_mlock,  SYS_mlock2,	       SYS_munlock,
		SYS_mbind,  SYS_pkey_mprotect, SYS_remap_file_pages,
		462, /* mseal, the same number everywhere; headers lack it */
	};

/* The sum of two arguments: low half in M[0], high half in A.  One that
   overflows is of a call that fails in any case. */
static void put_sum(struct assembler *as, unsigned a, unsigned b)
{
	struct label none = { .count = 0 }, high = { .count = 0 };

	load(as, LOW(a));
	put(as, BPF_MISC | BPF_TAX, 0);
	load(as, LOW(b));
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(as, BPF_ST, 0);
	put(as, BPF_JMP | BPF_JGE | BPF_X, 0);
	refer(as, &none, JT);
	put(as, BPF_LD | BPF_IMM, 1); /* the carry */
	go(as, &high);
	bind(as, &none);
	put(as, BPF_LD | BPF_IMM, 0);
	bind(as, &high);
	put(as, BPF_MISC | BPF_TAX, 0);
	load(as, HIGH(b));
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(as, BPF_MISC | BPF_TAX, 0);
	load(as, HIGH(a));
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
}

/* TRACE if [arg a, + arg b) touches [start, end), or ends where that starts:
   mremap with a length of 0 copies the mapping at its address.  Else on to
   what follows. */
static void trace_range(struct assembler *as, unsigned a, unsigned b,
			uint64_t start, uint64_t end)
{
	struct label sum = { .count = 0 }, touches = { .count = 0 };
	struct label passes = { .count = 0 };
	uint64_t below = start ? start - 1 : 0;

	load(as, HIGH(a));
	jump_if(as, BPF_JGT, (uint32_t)(end >> 32), &passes, NULL);
	if_equal(as, (uint32_t)(end >> 32), NULL, &sum);
	load(as, LOW(a));
	if_at_least(as, (uint32_t)end, &passes, NULL);
	bind(as, &sum);
	put_sum(as, a, b);
	jump_if(as, BPF_JGT, (uint32_t)(below >> 32), &touches, NULL);
	if_equal(as, (uint32_t)(below >> 32), NULL, &passes);
	put(as, BPF_LD | BPF_MEM, 0);
	jump_if(as, BPF_JGT, (uint32_t)below, NULL, &passes);
	bind(as, &touches);
	answer(as, TRACE);
	bind(as, &passes);
}

/* Many numbers, one body. */
static void range_calls(struct assembler *as, uint64_t start, uint64_t end)
{
	struct label body = { .count = 0 }, other = { .count = 0 };

	for (size_t i = 0; i < COUNT(ranged); i++)
		if_equal(as, (uint32_t)ranged[i], &body, NULL);
	go(as, &other);
	bind(as, &body);
	trace_range(as, 0, 1, start, end);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

static void mmap_call(struct assembler *as, uint64_t start, uint64_t end)
{
	struct label other = { .count = 0 }, fixed = { .count = 0 };

	if_equal(as, SYS_mmap, NULL, &other);
	load(as, LOW(3));
	if_any_bit(as, MAP_FIXED, &fixed, NULL);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &fixed);
	trace_range(as, 0, 1, start, end);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

/* Both what is moved and where to. */
static void mremap_call(struct assembler *as, uint64_t start, uint64_t end)
{
	struct label other = { .count = 0 }, old = { .count = 0 };

	if_equal(as, SYS_mremap, NULL, &other);
	load(as, LOW(3));
	if_any_bit(as, MREMAP_FIXED, NULL, &old);
	trace_range(as, 4, 2, start, end);
	bind(as, &old);
	trace_range(as, 0, 1, start, end);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

void filter_put_ranged(struct assembler *as, uint64_t start, uint64_t end)
{
	range_calls(as, start, end);
	mmap_call(as, start, end);
	mremap_call(as, start, end);
}

void filter_build_range(struct filter *filter, uint64_t start, uint64_t end)
{
	struct assembler as = { filter, NULL };
	struct label native = { .count = 0 };

	filter->len = 0;
	load(&as, ARCH);
	if_equal(&as, arch_audit, &native, NULL);
	answer(&as, SECCOMP_RET_ALLOW);
	bind(&as, &native);
	load(&as, NR);
	filter_put_ranged(&as, start, end);
	answer(&as, SECCOMP_RET_ALLOW);
}
