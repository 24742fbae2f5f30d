// SPDX-License-Identifier: MIT
/*
 * filter.c - assembles the seccomp filters.
 *
 * Order: calls that depend on their number alone first, so that the kernel
 * can keep "always allowed" answers (Linux 5.11) for all others.  Calls that
 * change mappings stop only if they touch the arena (filter_range.c).
 */
#include "tracer/stops/filter.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "tracer/stops/assembler.h"

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
	/* its memory may not be there: we must not wait for it */
	SYS_userfaultfd,
	/* others can see an exec before its event is reported */
	SYS_execve, SYS_execveat,
};

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
	/* what we need of such a process is opened before */
	trace_number(as, PR_SET_DUMPABLE);
	if (as->conf->hide_no_new_privs) {
		trace_number(as, PR_SET_NO_NEW_PRIVS);
		trace_number(as, PR_GET_NO_NEW_PRIVS);
	}
	answer(as, SECCOMP_RET_ALLOW);
	bind(as, &other);
}

/* The trigger call (fd.c): an ordinary call with our cookie; with the next one
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
		if (conf->arena_start != conf->arena_end)
			filter_put_ranged(&as, conf->arena_start,
					  conf->arena_end);
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

/* The calls that an attach and a detach need, and the one that installs a
   filter (calls/outside.c); a program that jumps to the stub can make them
   past its own filter (man page, SECURITY). */
static const int ours[] = {
	SYS_mmap, SYS_munmap, SYS_close, SYS_getpgid, SYS_getpid,
	SYS_prlimit64, SYS_seccomp,
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
