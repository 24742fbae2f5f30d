// SPDX-License-Identifier: MIT
/*
 * aarch64.c - registers and instructions of arm64.
 *
 * At a stop pc is past the four-byte `svc`.  The pending number is in no
 * register: the program put it into x8, but the kernel has its own copy
 * (NT_ARM_SYSTEM_CALL; -1: none, and nothing is restarted).  x0 is the first
 * argument and the result; a call changes no other register.
 *
 * The kernel hides two things from a tracer (arch/arm64/kernel/ptrace.c):
 *
 * x7 reads 0 at an entry and 1 at an exit stop, and a value that is written
 * to it there is thrown away.  So registers of an entry stop may be put back at
 * an exit stop, but at no seccomp stop.
 *
 * orig_x0, the first argument as seccomp filters and restarts see it: until
 * Linux 6.1.191 (and its like in other branches) a tracer's x0 never reached
 * it, since then it does at entry and seccomp stops.  Either way orig_x0 is
 * wrong for a restart after arch_rewrite(), so the kernel never gets to
 * restart such a call (settle()).
 *
 * A 32-bit caller (AArch32) shows 18 words instead of 34 doublewords.  It can
 * be fetched and cancelled.  Its registers are widened to 64 bits; its cpsr
 * becomes pstate, where PSR_MODE32_BIT marks it.
 */
#include "arch/arch.h"

#include <elf.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

#define SVC_SIZE 4
#define MODE32 0x10u		/* PSR_MODE32_BIT */

/* r0-r14, pc, cpsr, orig_r0 (arch/arm64/include/asm/compat.h). */
struct regs32 {
	uint32_t r[15];
	uint32_t pc, cpsr, orig_r0;
};

const uint32_t arch_audit = AUDIT_ARCH_AARCH64;

/* At a signal stop the kernel has rewound pc already; for a handler without
   SA_RESTART it will undo that and return EINTR (do_signal()). */
const bool arch_can_repeat = false;
const bool arch_exec_takes_key;

/* ipc(2) is not in the kernel's table for AArch32: 117 is ENOSYS. */
const struct arch_foreign arch_foreign[] = {
	{ "AArch32", AUDIT_ARCH_ARM, { 307, 308, 305, 306 }, -1, 20 },
	{ NULL, 0, { 0 }, -1, 0 },
};

static bool is_32bit(const struct user_regs_struct *user)
{
	return (user->pstate & MODE32) != 0;
}

static void widen(struct user_regs_struct *user)
{
	struct regs32 narrow;

	memcpy(&narrow, user, sizeof(narrow));
	memset(user, 0, sizeof(*user));
	for (int i = 0; i < 15; i++)
		user->regs[i] = narrow.r[i];
	user->regs[15] = narrow.orig_r0;
	user->pc = narrow.pc;
	user->pstate = narrow.cpsr;
}

static struct regs32 narrowed(const struct user_regs_struct *user)
{
	struct regs32 narrow;

	for (int i = 0; i < 15; i++)
		narrow.r[i] = (uint32_t)user->regs[i];
	narrow.orig_r0 = (uint32_t)user->regs[15];
	narrow.pc = (uint32_t)user->pc;
	narrow.cpsr = (uint32_t)user->pstate;
	return narrow;
}

static int load(pid_t tid, struct user_regs_struct *user)
{
	struct iovec iov = { user, sizeof(*user) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) < 0)
		return -1;
	if (iov.iov_len == sizeof(struct regs32))
		widen(user);
	return 0;
}

static int store(pid_t tid, struct user_regs_struct *user)
{
	struct regs32 narrow;
	struct iovec iov = { user, sizeof(*user) };

	if (is_32bit(user)) {
		narrow = narrowed(user);
		iov = (struct iovec){ &narrow, sizeof(narrow) };
	}
	return (int)ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov);
}

static int load_number(pid_t tid, int64_t *nr)
{
	int number;
	struct iovec iov = { &number, sizeof(number) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &iov) < 0)
		return -1;
	*nr = number;
	return 0;
}

static int store_number(pid_t tid, int64_t nr)
{
	int number = (int)nr;
	struct iovec iov = { &number, sizeof(number) };

	return (int)ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &iov);
}

/* At an exit stop: put in these registers.  If x0 is -ERESTART*, the kernel
   would restart the call when a signal is pending: the number -1 prevents
   that. */
static int settle(pid_t tid, struct user_regs_struct *user)
{
	int64_t x0 = (int64_t)user->regs[0];

	if (x0 <= -ERESTARTSYS && x0 >= -ERESTART_RESTARTBLOCK &&
	    store_number(tid, -1) < 0)
		return -1;
	return store(tid, user);
}

static void set_args(struct user_regs_struct *user,
		     const struct arch_call *call)
{
	for (int i = 0; i < 6; i++)
		user->regs[i] = call->args[i];
}

int arch_fetch(pid_t tid, struct arch_regs *regs, struct arch_call *call)
{
	if (load(tid, &regs->user) < 0 || load_number(tid, &regs->nr) < 0)
		return -1;
	call->nr = regs->nr;
	for (int i = 0; i < 6; i++)
		call->args[i] = regs->user.regs[i];
	return 0;
}

int arch_cancel(pid_t tid, const struct arch_regs *regs, int64_t result)
{
	struct user_regs_struct user = regs->user;

	user.regs[0] = (uint64_t)result;
	if (store_number(tid, -1) < 0)
		return -1;
	return store(tid, &user);
}

int arch_rewrite(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip)
{
	struct user_regs_struct user = regs->user;

	set_args(&user, call);
	if (ip)
		user.pc = ip + SVC_SIZE;
	if (store(tid, &user) < 0)
		return -1;
	return store_number(tid, call->nr);
}

int arch_result(pid_t tid, int64_t *result)
{
	struct user_regs_struct user;

	if (load(tid, &user) < 0)
		return -1;
	*result = (int64_t)user.regs[0];
	return 0;
}

int arch_reissue(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip)
{
	struct user_regs_struct user = regs->user;

	set_args(&user, call);
	user.regs[8] = (uint64_t)call->nr;
	user.pc = ip ? ip : regs->user.pc - SVC_SIZE;
	return settle(tid, &user);
}

int arch_restore(pid_t tid, const struct arch_regs *regs, int64_t result)
{
	struct user_regs_struct user = regs->user;

	user.regs[0] = (uint64_t)result;
	return settle(tid, &user);
}

/* The first argument is in x0, and so is the child's result, 0. */
int arch_put_first(pid_t tid, uint64_t value)
{
	(void)tid;
	(void)value;
	return 0;
}

int arch_restart(pid_t tid, const struct arch_regs *regs)
{
	struct user_regs_struct user = regs->user;

	user.pc -= SVC_SIZE;
	return settle(tid, &user);
}

/* Never called: no ABI of this CPU has the multiplexer. */
uint64_t arch_foreign_first(const struct arch_regs *regs)
{
	return regs->user.regs[0];
}

int arch_ip(pid_t tid, uint64_t *ip)
{
	struct user_regs_struct user;

	if (load(tid, &user) < 0)
		return -1;
	*ip = user.pc;
	return 0;
}

/* On this CPU a program cannot single-step itself. */
bool arch_is_stepping(const struct arch_regs *regs)
{
	(void)regs;
	return false;
}
