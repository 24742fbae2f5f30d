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
#include <fcntl.h>
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

/* A place further down that jumps lead to, put there by bind(). */
struct label {
	struct jump {
		unsigned short at;	  /* index of the jump */
		enum { JT, JF, K } field; /* of it, for the distance */
	} jumps[16];
	unsigned count;
};

static void put(struct assembler *as, unsigned code, uint32_t k)
{
	assert(as->filter->len < FILTER_ROOM);
	as->filter->code[as->filter->len++] = (struct sock_filter){
		.code = (unsigned short)code,
		.k = k,
	};
}

/* The instruction put last jumps to `label`; NULL: to the next one. */
static void refer(const struct assembler *as, struct label *label,
		  unsigned field)
{
	if (!label)
		return;
	assert(label->count < COUNT(label->jumps));
	label->jumps[label->count++] = (struct jump){
		(unsigned short)(as->filter->len - 1),
		field,
	};
}

/* The jumps to `label` lead to the next instruction that is put. */
static void bind(const struct assembler *as, const struct label *label)
{
	for (const struct jump *jump = label->jumps;
	     jump < label->jumps + label->count; jump++) {
		struct sock_filter *insn = &as->filter->code[jump->at];
		unsigned distance = as->filter->len - jump->at - 1u;

		assert(jump->field == K || distance <= UINT8_MAX);
		if (jump->field == JT)
			insn->jt = (unsigned char)distance;
		else if (jump->field == JF)
			insn->jf = (unsigned char)distance;
		else
			insn->k = distance;
	}
}

static void load(struct assembler *as, uint32_t offset)
{
	put(as, BPF_LD | BPF_W | BPF_ABS, offset);
}

static void jump_if(struct assembler *as, unsigned test, uint32_t k,
		    struct label *yes, struct label *no)
{
	put(as, BPF_JMP | BPF_K | test, k);
	refer(as, yes, JT);
	refer(as, no, JF);
}

/* Compare what is loaded: where to go on if it is so, and if not. */
static void if_equal(struct assembler *as, uint32_t k, struct label *yes,
		     struct label *no)
{
	jump_if(as, BPF_JEQ, k, yes, no);
}

static void if_at_least(struct assembler *as, uint32_t k, struct label *yes,
			struct label *no)
{
	jump_if(as, BPF_JGE, k, yes, no);
}

static void if_any_bit(struct assembler *as, uint32_t k, struct label *yes,
		       struct label *no)
{
	jump_if(as, BPF_JSET, k, yes, no);
}

/* Further than the 255 instructions that a comparison can skip. */
static void go(struct assembler *as, struct label *label)
{
	put(as, BPF_JMP | BPF_JA, 0);
	refer(as, label, K);
}

static void answer(struct assembler *as, uint32_t action)
{
	put(as, BPF_RET | BPF_K, action);
}

/* With the number loaded: this answer for this one. */
static void answer_number(struct assembler *as, uint32_t nr, uint32_t action)
{
	struct label other = { .count = 0 };

	if_equal(as, nr, NULL, &other);
	answer(as, action);
	bind(as, &other);
}

static void trace_number(struct assembler *as, uint32_t nr)
{
	answer_number(as, nr, TRACE);
}

/* ipc(2): 21 to 24 are shared memory. */
static void multiplexer(struct assembler *as, uint32_t nr)
{
	struct label other = { .count = 0 };

	if_equal(as, nr, NULL, &other);
	load(as, LOW(0));
	put(as, BPF_ALU | BPF_AND | BPF_K, 0xffff);
	if_at_least(as, 21, NULL, &other);
	if_at_least(as, 25, &other, NULL);
	answer(as, TRACE);
	bind(as, &other);
}

/* Foreign ABIs: their shared-memory calls must never reach the host. */
static void foreign(struct assembler *as)
{
	struct label other = { .count = 0 }, native = { .count = 0 };

	load(as, ARCH);
	if_equal(as, arch_audit, NULL, &other);
	go(as, &native);
	bind(as, &other);
	for (const struct arch_foreign *f = arch_foreign; f->name; f++) {
		if (f->audit == arch_audit)
			continue;
		load(as, NR);
		for (size_t i = 0; i < COUNT(f->nr); i++)
			trace_number(as, f->nr[i]);
		if (f->multiplexer >= 0)
			multiplexer(as, (uint32_t)f->multiplexer);
	}
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &native);
	load(as, NR);
	for (const struct arch_foreign *f = arch_foreign; f->name; f++)
		for (size_t i = 0; f->audit == arch_audit && i < 4; i++)
			trace_number(as, f->nr[i]);
}

/* Ends the filter: TRACE if [arg a, + arg b) can touch the arena.  A needless
   stop is harmless: the high half below the arena counts as touching. */
static void answer_range(struct assembler *as, unsigned a, unsigned b)
{
	uint32_t start = (uint32_t)(as->conf->arena_start >> 32);
	uint32_t end = (uint32_t)(as->conf->arena_end >> 32);
	struct label touches = { .count = 0 }, passes = { .count = 0 };

	load(as, HIGH(a));
	if_at_least(as, end, &passes, NULL);
	if_at_least(as, start - 1, &touches, NULL);
	put(as, BPF_MISC | BPF_TAX, 0);
	load(as, HIGH(b));
	put(as, BPF_ALU | BPF_ADD | BPF_X, 0);
	if_at_least(as, start - 1, NULL, &passes);
	bind(as, &touches);
	answer(as, TRACE);
	bind(as, &passes);
	answer(as, SECCOMP_RET_ALLOW);
}

/* Many numbers, one body. */
static void range_calls(struct assembler *as)
{
	struct label body = { .count = 0 }, other = { .count = 0 };

	for (size_t i = 0; i < COUNT(ranged); i++)
		if_equal(as, (uint32_t)ranged[i], &body, NULL);
	go(as, &other);
	bind(as, &body);
	answer_range(as, 0, 1);
	bind(as, &other);
}

static void mmap_call(struct assembler *as)
{
	struct label other = { .count = 0 }, fixed = { .count = 0 };

	if_equal(as, SYS_mmap, NULL, &other);
	load(as, LOW(3));
	if_any_bit(as, MAP_FIXED, &fixed, NULL);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &fixed);
	answer_range(as, 0, 1);
	bind(as, &other);
}

/* Both what is moved and where to. */
static void mremap_call(struct assembler *as)
{
	struct label other = { .count = 0 }, old = { .count = 0 };

	if_equal(as, SYS_mremap, NULL, &other);
	load(as, LOW(3));
	if_any_bit(as, MREMAP_FIXED, NULL, &old);
	load(as, HIGH(4));
	if_at_least(as, (uint32_t)(as->conf->arena_end >> 32), &old, NULL);
	if_at_least(as, (uint32_t)(as->conf->arena_start >> 32) - 1, NULL,
		    &old);
	answer(as, TRACE);
	bind(as, &old);
	answer_range(as, 0, 1);
	bind(as, &other);
}

/* One that copies the address space, or would hide the child. */
static void clone_call(struct assembler *as)
{
	struct label other = { .count = 0 }, stops = { .count = 0 },
		     passes = { .count = 0 };

	if_equal(as, SYS_clone, NULL, &other);
	load(as, LOW(0));
	if_any_bit(as, CLONE_UNTRACED, &stops, NULL);
	if_any_bit(as, CLONE_VM, &passes, NULL);
	bind(as, &stops);
	answer(as, TRACE);
	bind(as, &passes);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

static void prctl_calls(struct assembler *as)
{
	struct label other = { .count = 0 };

	if_equal(as, SYS_prctl, NULL, &other);
	load(as, LOW(0));
	trace_number(as, PR_SET_SECCOMP);
	trace_number(as, PR_GET_SECCOMP);
	if (as->conf->hide_no_new_privs) {
		trace_number(as, PR_SET_NO_NEW_PRIVS);
		trace_number(as, PR_GET_NO_NEW_PRIVS);
	}
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

/* The carrier (fd.c): an ordinary call with our cookie; with the next one
   it stops, at the end of a sequence of the stub (fastpath.c). */
static void trigger(struct assembler *as)
{
	uint32_t low = (uint32_t)as->conf->cookie;
	struct label other = { .count = 0 }, passes = { .count = 0 };

	if_equal(as, SYS_getpgid, NULL, &other);
	load(as, HIGH(5));
	if_equal(as, (uint32_t)(as->conf->cookie >> 32), NULL, &passes);
	load(as, LOW(5));
	answer_number(as, low, SECCOMP_RET_USER_NOTIF);
	answer_number(as, low + 1, TRACE);
	bind(as, &passes);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
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
	trace_number(as, SYS_creat);
#endif
	trace_number(as, SYS_openat);
	trace_number(as, SYS_openat2);
}

/* One that has its flags in this argument. */
static void write_open(struct assembler *as, uint32_t nr, unsigned flags)
{
	struct label other = { .count = 0 }, reads = { .count = 0 };

	if_equal(as, nr, NULL, &other);
	load(as, LOW(flags));
	if_any_bit(as, O_ACCMODE, NULL, &reads);
	answer(as, TRACE);
	bind(as, &reads);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

/* openat2() has its flags in memory. */
static void write_opens(struct assembler *as)
{
#ifdef SYS_open
	trace_number(as, SYS_creat);
#endif
	trace_number(as, SYS_openat2);
#ifdef SYS_open
	write_open(as, SYS_open, 1);
#endif
	write_open(as, SYS_openat, 2);
}

/* Any foreign call is allowed. */
static void native_alone(struct assembler *as)
{
	struct label native = { .count = 0 };

	load(as, ARCH);
	if_equal(as, arch_audit, &native, NULL);
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &native);
	load(as, NR);
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
		if (conf->arena_start != conf->arena_end) {
			range_calls(&as);
			mmap_call(&as);
			mremap_call(&as);
		}
		clone_call(&as);
		prctl_calls(&as);
		if (conf->stop_write_opens && !conf->stop_opens)
			write_opens(&as);
	} else {
		native_alone(&as);
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
	struct label allow = { .count = 0 }, theirs = { .count = 0 };

	load(&as, ARCH);
	if_equal(&as, arch_audit, NULL, &theirs);
	load(&as, IP_HIGH);
	if_equal(&as, (uint32_t)(conf->arena_start >> 32), NULL, &theirs);
	load(&as, IP_LOW);
	if_at_least(&as, low + (uint32_t)conf->page_size, &theirs, NULL);
	if_at_least(&as, low, NULL, &theirs);
	load(&as, NR);
	for (size_t i = 0; i < COUNT(ours); i++)
		if_equal(&as, (uint32_t)ours[i], &allow,
			 i + 1 < COUNT(ours) ? NULL : &theirs);
	bind(&as, &allow);
	answer(&as, SECCOMP_RET_ALLOW);
	bind(&as, &theirs);
	memcpy(code, filter.code, filter.len * sizeof(*code));
	return filter.len;
}
