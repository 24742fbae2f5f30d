// SPDX-License-Identifier: MIT
/*
 * arch.h - registers and instructions of one CPU.
 *
 * The only folder that names a register, an instruction byte, or a system
 * call number of another ABI.  Each CPU has two files, CPU.c for registers and
 * ABIs and CPU_stub.c for the stub and its place; the Makefile picks them from
 * the compiler's target.  Numbers of the native ABI come from
 * <sys/syscall.h>, which is the target's own.
 *
 * The life of one call as the tracer sees it:
 *
 *	arch_fetch	at an entry or seccomp stop: number and arguments
 *	arch_cancel	  answer now; the kernel runs nothing
 *   or	arch_rewrite	  let the kernel run another call in its place
 *	arch_result	at the exit stop: the result
 *	arch_reissue	  run one more call from `ip`
 *	arch_restore	  everything as it was fetched, with this result
 *
 * Functions that access a thread return 0, or -1 with errno.  ESRCH: the thread
 * is gone or was killed, which can happen at any time.
 *
 * Recipe for one more CPU, riscv64 as the example.  The files arch/riscv64.c
 * and arch/riscv64_stub.c (the first word of `$(CC) -dumpmachine`) are all;
 * tests/arch/contract.c tells whether they keep what is promised here: `make
 * CC=... check-arch`, on that CPU.  Their parts, and what Linux has there:
 *	registers	PTRACE_GETREGSET, NT_PRSTATUS.  <sys/user.h> has no
 *			struct user_regs_struct: <asm/ptrace.h> has, include
 *			it below
 *	call		number a7, arguments a0-a5, result a0, and pc past the
 *			4-byte ecall; all but a0 survive.  AUDIT_ARCH_RISCV64
 *	stub		ecall; unimp (73 00 00 00  73 10 00 c0)
 *	windows		user space of 47 bits (Sv48, and what Sv57 gives unless
 *			asked) and of 38 (Sv39)
 *	foreign ABIs	none with numbers of its own: 32-bit programs use the
 *			same ones
 *	restart		the kernel rewinds pc and takes a0 from its hidden
 *			orig_a0 where a0 is -512..-516: as on arm64, but
 *			without a number of its own that could forbid it
 * Two things would be new.  The number is a7 itself, which the program gets
 * back: a cancelled call has to be taken to its exit stop to repair it, so
 * arch_cancel would have to be able to ask for that.  And since Linux 6.6 the
 * kernel takes the first argument from orig_a0, which NT_PRSTATUS does not
 * have: arch_rewrite needs PTRACE_SET_SYSCALL_INFO (6.16), or has to cancel
 * and leave the work to arch_reissue, whose ecall is a fresh one.
 */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct sock_filter;

/* All registers of a stopped thread.  Opaque outside arch/. */
struct arch_regs {
	struct user_regs_struct user;
	int64_t nr;		/* pending system call */
};

/* A system call in the CPU's native ABI. */
struct arch_call {
	int64_t nr;
	uint64_t args[6];
};

/* Does the kernel give memory with PROT_EXEC alone a protection key? */
extern const bool arch_exec_takes_key;
extern const uint32_t arch_audit;	/* AUDIT_ARCH_* of the native ABI */

int arch_fetch(pid_t tid, struct arch_regs *regs, struct arch_call *call);

/* At a seccomp stop: no call runs, the program gets `result`.  Not at an entry
   stop: there seccomp filters are still to see the number -1. */
int arch_cancel(pid_t tid, const struct arch_regs *regs, int64_t result);

/* At an entry or seccomp stop: run `call` instead.  `ip` is the instruction
   pointer that seccomp filters see (0: the program's).  The thread MUST be
   taken to its exit stop, for arch_restore() or arch_reissue(). */
int arch_rewrite(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip);

/* The result of a call at its exit stop when a signal interrupted it: how the
   kernel is to go on, negated like an errno (include/linux/errno.h).  Only
   the kernel and tracers see these numbers, on every CPU the same ones.  515,
   ENOIOCTLCMD, is none of them and never gets that far. */
enum {
	ERESTARTSYS = 512,	     /* again; EINTR if a handler without
					SA_RESTART ran */
	ERESTARTNOINTR = 513,	     /* always again */
	ERESTARTNOHAND = 514,	     /* again; EINTR if any handler ran */
	ERESTART_RESTARTBLOCK = 516, /* restart_syscall(2); EINTR if any
					handler ran */
};

/* At an exit stop: the result of the call (value, -errno or one of these). */
int arch_result(pid_t tid, int64_t *result);

/* At an exit stop: make the thread, not stepping, run `call` from the
   system-call instruction at `ip` (0: that of its last call) when
   resumed. */
int arch_reissue(pid_t tid, const struct arch_regs *regs,
		 const struct arch_call *call, uint64_t ip);

/* At an exit stop: put every register back, with `result`. */
int arch_restore(pid_t tid, const struct arch_regs *regs, int64_t result);

/* At the first stop of a thread whose clone() had its first argument changed by
   the tracer: put the program's value into that register, unless the register
   holds the result. */
int arch_put_first(pid_t tid, uint64_t value);

/* At an exit or signal stop: put every register back so that the original
   call is made again (it was interrupted before it began). */
extern const bool arch_can_repeat; /* works at signal stops too */
int arch_restart(pid_t tid, const struct arch_regs *regs);

/* The stub: a page of code, and a page of data after it.  At offset 0 of the
   code a system-call instruction, then instructions that end the thread
   rather than run on.  Where the CPU can jump without losing a register
   there are three sequences more; each begins with a system-call instruction
   (arch_rewrite's `ip`), and ends where the program made its call, with all
   registers as they were:
   - attach: the trigger call, which gives a descriptor; mmap with the trigger
     call's arguments (descriptor put in, offset 0); close.  If mmap gave
     anything but what arch_stub_data was told, it stops instead at the trigger
     call's number with `cookie` as sixth argument and that value as fifth one;
   - open: opens a file by its name, and goes on as attach from mmap; if it was
     not the file that arch_stub_file was told, as if mmap had given
     ARCH_STUB_NO_FILE;
   - detach: munmap; gives 0. */
extern const unsigned char arch_stub[];
extern const size_t arch_stub_size;
extern const size_t arch_stub_attach;	/* offsets; 0: there is none */
extern const size_t arch_stub_detach, arch_stub_open;
/* In the attach sequence: behind its load of the expected address, where it
   goes on when mmap gave another value, and where when mmap gave this one. */
extern const size_t arch_stub_compares, arch_stub_fails, arch_stub_succeeds;

#define ARCH_STUB_WORDS 9
/* Fill in the beginning of the data page for one call. */
void arch_stub_data(const struct arch_regs *regs, uint64_t expected,
		    uint64_t cookie, uint64_t data[ARCH_STUB_WORDS]);

#define ARCH_STUB_NO_FILE 2	/* neither an address nor an error */
struct arch_stub_file {
	char path[40];
	uint64_t flags;		/* of open */
	uint64_t dev, ino;	/* what stat says of it */
	uint64_t mmap[4];	/* its first arguments */
};
#define ARCH_STUB_FILE_WORDS 29
/* Fill in what follows that, for the sequence that opens, in a data page at
   the address `page`: the call to begin it with. */
struct arch_call arch_stub_file(const struct arch_stub_file *file,
				uint64_t page,
				uint64_t data[ARCH_STUB_FILE_WORDS]);
/* For a thread that is stopped at the offset `at` in the stub: has the attach
   sequence already compared mmap's result with the expected address, and found
   them equal?  Then the sequence only restores registers, replacing the
   expected address comes too late, and the attach stands. */
bool arch_stub_is_past_commit(pid_t tid, size_t at, uint64_t expected);
/* Does the program single-step itself?  Then it would step through the stub as
   well. */
bool arch_is_stepping(const struct arch_regs *regs);
/* At a signal stop: the thread's instruction pointer. */
int arch_ip(pid_t tid, uint64_t *ip);

/* Address ranges for the arena, best first, ended by a zero length.  Each is
   for one size of address space of this CPU. */
struct arch_window {
	uint64_t start, len;	/* bytes; multiples of 4 GiB */
	uint64_t task_size;	/* end of the address space it is valid for */
};
extern const struct arch_window arch_windows[];

/* Foreign ABIs of this CPU, whose shared-memory calls must never reach the
   host: calls of the ABI `audit` with a number in nr[], or with the number
   `multiplexer` (ipc(2); -1: none) if the first argument & 0xffff is 21 to 24.
   Ended by a null name. */
struct arch_foreign {
	const char *name;	/* "i386" */
	uint32_t audit;
	uint32_t nr[4];		/* shmget shmctl shmat shmdt */
	int32_t multiplexer;
	uint32_t nothing;	/* a call that does nothing: getpid */
};
extern const struct arch_foreign arch_foreign[];
/* First argument of a call made by the ABI that has the multiplexer. */
uint64_t arch_foreign_first(const struct arch_regs *regs);

#endif
