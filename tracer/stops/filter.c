// SPDX-License-Identifier: MIT
/*
 * filter.c - assembles the seccomp filters.
 *
 * Order: calls that depend on their number alone first, so that the kernel
 * can keep "always allowed" answers (Linux 5.11) for all others.  Calls that
 * change mappings stop only if they touch the arena; addresses are compared
 * by their high halves, which the arena is aligned to.
 */
#include "tracer/stops/filter.h"

#include <assert.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "arch/arch.h"

#define LOW(i) ((uint32_t)offsetof(struct seccomp_data, args) + 8U * (i))
#define HIGH(i) (LOW(i) + 4)
#define NR ((uint32_t)offsetof(struct seccomp_data, nr))
#define ARCH ((uint32_t)offsetof(struct seccomp_data, arch))
#define IP_LOW ((uint32_t)offsetof(struct seccomp_data, instruction_pointer))
#define IP_HIGH (IP_LOW + 4)

#define TRACE (SECCOMP_RET_TRACE | FILTER_TRACE_DATA)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Stop whatever their arguments. */
static const int always[] = {
	SYS_shmat, SYS_shmdt,
	/* credentials, namespaces */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
	SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset,
	SYS_unshare, SYS_setns,
	/* clone3 has its flags in memory: CLONE_UNTRACED must not escape */
	SYS_clone3,
#ifdef SYS_fork
	SYS_fork,
#endif
	/* the whole address space */
	SYS_mlockall, SYS_munlockall,
	/* a filter of the program's own */
	SYS_seccomp,
	/* READ_IMPLIES_EXEC */
	SYS_personality,
	/* others can see an exec before its event is reported */
	SYS_execve, SYS_execveat,
};

/* Stop if (addr, len) in these arguments touches the arena. */
static const int ranged[] = {
	SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mlock, SYS_mlock2,
	SYS_munlock, SYS_mbind, SYS_pkey_mprotect, SYS_remap_file_pages,
	462,	/* mseal, the same number everywhere; headers lack it */
};

struct assembler {
	struct filter *filter;
	const struct config *conf;
};

static void put(struct assembler *as, unsigned code, uint32_t k, unsigned jt,
		unsigned jf)
{
	assert(as->filter->len < FILTER_ROOM && jt < 256 && jf < 256);
	as->filter->code[as->filter->len++] = (struct sock_filter){
		(unsigned short)code, (unsigned char)jt, (unsigned char)jf, k,
	};
}

static void load(struct assembler *as, uint32_t offset)
{
	put(as, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Jumps: skip that many instructions if so, that many if not. */
static void if_equal(struct assembler *as, uint32_t k, unsigned so,
		     unsigned not)
{
	put(as, BPF_JMP | BPF_JEQ | BPF_K, k, so, not);
}

static void if_at_least(struct assembler *as, uint32_t k, unsigned so,
			unsigned not)
{
	put(as, BPF_JMP | BPF_JGE | BPF_K, k, so, not);
}

static void if_any_bit(struct assembler *as, uint32_t k, unsigned so,
		       unsigned not)
{
	put(as, BPF_JMP | BPF_JSET | BPF_K, k, so, not);
}

static void answer(struct assembler *as, uint32_t action)
{
	put(as, BPF_RET | BPF_K, action, 0, 0);
}

/* With the number loaded: this answer for this one. */
static void answer_number(struct assembler *as, uint32_t nr, uint32_t action)
{
	if_equal(as, nr, 0, 1);
	answer(as, action);
}

static void trace_number(struct assembler *as, uint32_t nr)
{
	answer_number(as, nr, TRACE);
}

/* Foreign ABIs: their shared-memory calls must never reach the host. */
static void foreign(struct assembler *as)
{
	load(as, ARCH);
	if_equal(as, arch_audit, 0, 1);
	put(as, BPF_JMP | BPF_JA, 0, 0, 0);	/* patched below */
	unsigned jump = as->filter->len - 1u;

	for (const struct arch_foreign *f = arch_foreign; f->name; f++) {
		if (f->audit == arch_audit)
			continue;
		load(as, NR);
		for (size_t i = 0; i < COUNT(f->nr); i++)
			trace_number(as, f->nr[i]);
		if (f->multiplexer < 0)
			continue;
		/* ipc(2): 21..24 are shared memory */
		if_equal(as, (uint32_t)f->multiplexer, 0, 5);
		load(as, LOW(0));
		put(as, BPF_ALU | BPF_AND | BPF_K, 0xffff, 0, 0);
		if_at_least(as, 21, 0, 2);
		if_at_least(as, 25, 1, 0);
		answer(as, TRACE);
	}
	answer(as, SECCOMP_RET_ALLOW);
	as->filter->code[jump].k = as->filter->len - jump - 1u;
	load(as, NR);
	for (const struct arch_foreign *f = arch_foreign; f->name; f++)
		for (size_t i = 0; f->audit == arch_audit && i < 4; i++)
			trace_number(as, f->nr[i]);
}

/* Ends the filter: TRACE if [arg a, + arg b) can touch the arena.  A needless
   stop is harmless: the high half below the arena counts as touching. */
static void range_body(struct assembler *as, unsigned a, unsigned b)
{
	uint32_t start = (uint32_t)(as->conf->arena_start >> 32);
	uint32_t end = (uint32_t)(as->conf->arena_end >> 32);

	load(as, HIGH(a));
	if_at_least(as, end, 6, 0);
	if_at_least(as, start - 1, 4, 0);
	put(as, BPF_MISC | BPF_TAX, 0, 0, 0);
	load(as, HIGH(b));
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
	if_at_least(as, start - 1, 0, 1);
	answer(as, TRACE);
	answer(as, SECCOMP_RET_ALLOW);
}

/* `nr`: when it is this call, run the body that follows; else skip it. */
static unsigned begin_body(struct assembler *as, uint32_t nr)
{
	if_equal(as, nr, 0, 0);
	return as->filter->len - 1u;
}

static void end_body(struct assembler *as, unsigned begin)
{
	unsigned skip = as->filter->len - begin - 1u;

	assert(skip < 256);
	as->filter->code[begin].jf = (unsigned char)skip;
}

static void ranged_calls(struct assembler *as)
{
	unsigned begin;

	/* many numbers, one body: jump to it, or over it */
	for (size_t i = 0; i < COUNT(ranged); i++)
		if_equal(as, (uint32_t)ranged[i],
			 (unsigned)(COUNT(ranged) - i), 0);
	begin = as->filter->len;
	put(as, BPF_JMP | BPF_JA, 0, 0, 0);
	range_body(as, 0, 1);
	as->filter->code[begin].k = as->filter->len - begin - 1u;

	begin = begin_body(as, SYS_mmap);
	load(as, LOW(3));
	if_any_bit(as, MAP_FIXED, 1, 0);
	answer(as, SECCOMP_RET_ALLOW);
	range_body(as, 0, 1);
	end_body(as, begin);

	begin = begin_body(as, SYS_mremap);
	load(as, LOW(3));
	if_any_bit(as, MREMAP_FIXED, 0, 5);
	load(as, HIGH(4));
	if_at_least(as, (uint32_t)(as->conf->arena_end >> 32), 3, 0);
	if_at_least(as, (uint32_t)(as->conf->arena_start >> 32) - 1, 1, 0);
	put(as, BPF_JMP | BPF_JA, 1, 0, 0);
	answer(as, TRACE);
	range_body(as, 0, 1);
	end_body(as, begin);
}

/* One that copies the address space, or would hide the child. */
static void clone_call(struct assembler *as)
{
	unsigned begin = begin_body(as, SYS_clone);

	load(as, LOW(0));
	if_any_bit(as, CLONE_UNTRACED, 1, 0);
	if_any_bit(as, CLONE_VM, 1, 0);
	answer(as, TRACE);
	answer(as, SECCOMP_RET_ALLOW);
	end_body(as, begin);
}

static void prctl_calls(struct assembler *as)
{
	unsigned begin = begin_body(as, SYS_prctl);

	load(as, LOW(0));
	trace_number(as, PR_SET_SECCOMP);
	trace_number(as, PR_GET_SECCOMP);
	if (as->conf->hide_no_new_privs) {
		trace_number(as, PR_SET_NO_NEW_PRIVS);
		trace_number(as, PR_GET_NO_NEW_PRIVS);
	}
	answer(as, SECCOMP_RET_ALLOW);
	end_body(as, begin);
}

/* The carrier (fd.c): an ordinary call with our cookie; with the next one
   it stops, at the end of a sequence of the stub (fastpath.c). */
static void trigger(struct assembler *as)
{
	unsigned begin = begin_body(as, SYS_getpgid);

	load(as, HIGH(5));
	if_equal(as, (uint32_t)(as->conf->cookie >> 32), 0, 5);
	load(as, LOW(5));
	if_equal(as, (uint32_t)as->conf->cookie, 0, 1);
	answer(as, SECCOMP_RET_USER_NOTIF);
	if_equal(as, (uint32_t)as->conf->cookie + 1, 0, 1);
	answer(as, TRACE);
	answer(as, SECCOMP_RET_ALLOW);
	end_body(as, begin);
}

/* The calls that only need an answer. */
static void values(struct assembler *as)
{
	uint32_t action =
		as->conf->use_unotify ? SECCOMP_RET_USER_NOTIF : TRACE;

	answer_number(as, SYS_shmget, action);
	answer_number(as, SYS_shmctl, action);
}

static void opens(struct assembler *as)
{
#ifdef SYS_open
	trace_number(as, SYS_open);
#endif
	trace_number(as, SYS_openat);
	trace_number(as, SYS_openat2);
}

void filter_build(struct filter *filter, const struct config *conf)
{
	struct assembler as = { filter, conf };

	filter->len = 0;
	if (conf->use_filter) {
		foreign(&as);
		values(&as);
		for (size_t i = 0; i < COUNT(always); i++)
			trace_number(&as, (uint32_t)always[i]);
		if (conf->stop_opens)
			opens(&as);
		if (conf->arena_start != conf->arena_end)
			ranged_calls(&as);
		clone_call(&as);
		prctl_calls(&as);
	} else {
		load(&as, ARCH);
		if_equal(&as, arch_audit, 1, 0);
		answer(&as, SECCOMP_RET_ALLOW);
		load(&as, NR);
	}
	trigger(&as);
	answer(&as, SECCOMP_RET_ALLOW);
}

/* The calls that an attach and a detach need; a program that jumps to the
   stub can make them past its own filter (man page, SECURITY). */
static const int ours[] = {
	SYS_mmap, SYS_munmap, SYS_close, SYS_getpgid, SYS_getpid,
	SYS_prlimit64,
};

void filter_strict(struct filter *filter)
{
	static const int allowed[] = {
		SYS_read, SYS_write, SYS_exit, SYS_rt_sigreturn,
	};
	struct assembler as = { filter, NULL };

	filter->len = 0;
	load(&as, NR);
	for (size_t i = 0; i < COUNT(allowed); i++)
		answer_number(&as, (uint32_t)allowed[i], SECCOMP_RET_ALLOW);
	answer(&as, SECCOMP_RET_TRACE | FILTER_STRICT_DATA);
}

unsigned filter_exemption(struct sock_filter *code, const struct config *conf)
{
	struct filter filter = { .len = 0 };
	struct assembler as = { &filter, conf };
	uint32_t low = (uint32_t)conf->arena_start;
	unsigned count = COUNT(ours);

	load(&as, ARCH);
	if_equal(&as, arch_audit, 0, 7 + count);
	load(&as, IP_HIGH);
	if_equal(&as, (uint32_t)(conf->arena_start >> 32), 0, 5 + count);
	load(&as, IP_LOW);
	if_at_least(&as, low + (uint32_t)conf->page_size, 3 + count, 0);
	if_at_least(&as, low, 0, 2 + count);
	load(&as, NR);
	for (unsigned i = 0; i < count; i++)
		if_equal(&as, (uint32_t)ours[i], count - 1 - i,
			 i == count - 1);
	answer(&as, SECCOMP_RET_ALLOW);
	memcpy(code, filter.code, filter.len * sizeof(*code));
	return filter.len;
}
