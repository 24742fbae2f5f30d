// SPDX-License-Identifier: MIT
/*
 * x86_64.c - registers and instructions of x86-64.
 *
 * At a stop rip is past the two-byte `syscall` instruction, orig_rax holds
 * the pending number (-1: none, and the kernel restarts nothing).  A call
 * changes no registers but rax, rcx and r11.
 */
#include "arch/arch.h"

#include <linux/audit.h>
#include <sys/ptrace.h>

#define SYSCALL_INSN_SIZE 2
#define TRAP_FLAG 0x100
#define X32_BIT 0x40000000u

const uint32_t arch_audit = AUDIT_ARCH_X86_64;
const bool arch_can_repeat = true;
const bool arch_exec_takes_key = true;

const struct arch_foreign arch_foreign[] = {
	{ "i386", AUDIT_ARCH_I386, { 395, 396, 397, 398 }, 117, 20 },
	{ "x32", AUDIT_ARCH_X86_64,
	  { X32_BIT | 29, X32_BIT | 31, X32_BIT | 30, X32_BIT | 67 }, -1,
	  X32_BIT | 39 },
	{ NULL, 0, { 0 }, -1, 0 },
};

static int load(pid_t tid, struct user_regs_struct *user)
{
	return (int)ptrace(PTRACE_GETREGS, tid, NULL, user);
}

static int store(pid_t tid, const struct user_regs_struct *user)
{
	return (int)ptrace(PTRACE_SETREGS, tid, NULL, user);
}

static void set_call(struct user_regs_struct *user,
		     const struct arch_call *call)
{
	user->rdi = call->args[0];
	user->rsi = call->args[1];
	user->rdx = call->args[2];
	user->r10 = call->args[3];
	user->r8 = call->args[4];
	user->r9 = call->args[5];
}

int arch_fetch(pid_t tid, struct arch_regs *regs, struct arch_call *call)
{
	const struct user_regs_struct *user = &regs->user;

	if (load(tid, &regs->user) < 0)
		return -1;
	regs->nr = (int64_t)user->orig_rax;
	call->nr = regs->nr;
	call->args[0] = user->rdi;
	call->args[1] = user->rsi;
	call->args[2] = user->rdx;
	call->args[3] = user->r10;
	call->args[4] = user->r8;
	call->args[5] = user->r9;
	return 0;
}

int arch_cancel(pid_t tid, const struct arch_regs *regs, int64_t result)
{
	struct user_regs_struct user = regs->user;

	user.orig_rax = (unsigned long long)-1;
	user.rax = (unsigned long long)result;
	return store(tid, &user);
}

int arch_rewrite(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip)
{
	struct user_regs_struct user = regs->user;

	set_call(&user, call);
	user.orig_rax = (unsigned long long)call->nr;
	if (ip)
		user.rip = ip + SYSCALL_INSN_SIZE;
	return store(tid, &user);
}

int arch_result(pid_t tid, int64_t *result)
{
	struct user_regs_struct user;

	if (load(tid, &user) < 0)
		return -1;
	*result = (int64_t)user.rax;
	return 0;
}

int arch_reissue(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip)
{
	struct user_regs_struct user = regs->user;

	set_call(&user, call);
	user.rax = (unsigned long long)call->nr;
	user.orig_rax = (unsigned long long)-1;
	user.eflags &= ~(unsigned long long)TRAP_FLAG;
	user.rip = ip ? ip : regs->user.rip - SYSCALL_INSN_SIZE;
	return store(tid, &user);
}

int arch_restore(pid_t tid, const struct arch_regs *regs, int64_t result)
{
	struct user_regs_struct user = regs->user;

	user.rax = (unsigned long long)result;
	return store(tid, &user);
}

int arch_put_first(pid_t tid, uint64_t value)
{
	struct user_regs_struct user;

	if (load(tid, &user) < 0)
		return -1;
	user.rdi = value;
	return store(tid, &user);
}

int arch_restart(pid_t tid, const struct arch_regs *regs)
{
	struct user_regs_struct user = regs->user;

	user.rax = (unsigned long long)regs->nr;
	user.orig_rax = (unsigned long long)-1;
	user.rip -= SYSCALL_INSN_SIZE;
	return store(tid, &user);
}

/* The first argument of int 0x80 is in ebx. */
uint64_t arch_foreign_first(const struct arch_regs *regs)
{
	return regs->user.rbx & 0xffffffff;
}

bool arch_is_stepping(const struct arch_regs *regs)
{
	return regs->user.eflags & TRAP_FLAG;
}

int arch_ip(pid_t tid, uint64_t *ip)
{
	struct user_regs_struct user;

	if (load(tid, &user) < 0)
		return -1;
	*ip = user.rip;
	return 0;
}
