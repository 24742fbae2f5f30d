// SPDX-License-Identifier: MIT
/*
 * syscall.h - one system call of the program in our hands: from its stop, over
 * other calls that we run in its place, to its answer.
 *
 *	remote_begin	at a seccomp or entry stop
 *	remote_inject	any number of times: run a call in the program
 *	remote_answer	put everything back and give the result
 *
 * Nothing is injected: the call is answered at its one stop.  The thread can
 * die at every step; then remote_inject gives SYSRET_GONE, and the status that
 * said so is deferred for the loop.
 */
#ifndef REMOTE_SYSCALL_H
#define REMOTE_SYSCALL_H

#include <stddef.h>

#include "tracer/tasks/tasks.h"

enum call_kind {
	CALL_IS_NATIVE,		/* task->call.asked says what */
	CALL_IS_FOREIGN,	/* another ABI: task->call.asked.nr only */
	CALL_IS_EXIT,		/* the exit stop of a call that is not ours */
	CALL_IS_GONE,
};

/* Ask the kernel about this stop: task->call.info; false: gone. */
bool remote_info(struct task *task);
/* What is the thread asking at this stop? */
enum call_kind remote_begin(struct task *task);

/* Run `nr` with these arguments in the program, synchronously.  The first
   one takes the place of the program's own call. */
sysret_t remote_inject(struct task *task, long nr, const uint64_t args[6]);

/* Let the program's own call run, from its first stop: what it gave.  A call
   that was interrupted is left to the kernel, which restarts it: answer with
   the same result. */
sysret_t remote_run(struct task *task);

/* The program gets `result` and all its registers.  With SYSRET_GONE nothing
   is left to do. */
void remote_answer(struct task *task, sysret_t result);

/* Take the thread, just set going, to its next exit stop: 0 or -1, gone. */
int remote_wait_exit(struct task *task);

/* Is there a status of the thread, or will there never be one?  As waitpid
   with WNOHANG. */
pid_t remote_poll_status(const struct task *task, int *status);
/* Set up a call to run next, at whatever stop the thread is. */
int remote_prepare(struct task *task, const struct arch_call *next);
void remote_block_signals(struct task *task);
void remote_unblock_signals(struct task *task);
/* Take one waited-for status of the thread on its way to an exit stop: 1 it
   is there, 0 go on waiting (it was resumed), -1 gone. */
int remote_take_status(struct task *task, int status);
/* ERESTARTSYS and its kin: only the kernel and tracers see them. */
bool remote_was_interrupted(sysret_t result);

/* At the PTRACE_EVENT_STOP of CALL_RETRY_AT_STOP: begin the call in
   task->call.asked again, as if at its exit stop; false: the thread is gone. */
bool remote_retry_at_stop(struct task *task);

/* The message of the event stop that the thread is at.  False when the thread
   was killed meanwhile: at its exit stop the message would be its status. */
bool remote_event_message(const struct task *task, unsigned long *message);

/* Does the call run in the stub, and return without a stop (fastpath.h)? */
bool remote_is_completing(const struct task *task);

/* Set the thread going from the stop it is at, with a signal or 0. */
void remote_resume(struct task *task, int sig);
/* Killed while it was in our hands, it can be at another stop by now: resumed
   from there, it would go on unaccounted for. */
bool remote_has_moved(const struct task *task);

/* Copy from and to the program's memory, as the program itself could touch it:
   0, -EFAULT (what comes before the fault is copied), or SYSRET_GONE. */
sysret_t remote_read(struct task *task, uint64_t addr, void *buf, size_t len);
sysret_t remote_write(struct task *task, uint64_t addr, const void *buf,
		      size_t len);
/* Write over the program's code or data, whatever its protection; 0 or -1. */
int remote_poke(struct task *task, uint64_t addr, const void *buf, size_t len);

#endif
