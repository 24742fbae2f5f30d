// SPDX-License-Identifier: MIT
/*
 * syscall.h - one system call of the program: from its stop, over the calls
 * that the tracer injects in its place, to its answer.
 *
 *	remote_begin	at a seccomp or entry stop
 *	remote_inject	any number of times: run a call in the program
 *	remote_answer	put everything back and give the result
 *
 * Without remote_inject, the call is answered at its one stop.  The thread can
 * die at every step; then remote_inject returns SYSRET_GONE, and the status
 * that said so is deferred (wait_defer) for the loop.
 */
#ifndef REMOTE_SYSCALL_H
#define REMOTE_SYSCALL_H

#include <stddef.h>

#include "tracer/tasks/tasks.h"

enum call_kind {
	CALL_IS_NATIVE,	 /* task->call.asked has number and arguments */
	CALL_IS_FOREIGN, /* another ABI: only task->call.asked.nr */
	CALL_IS_EXIT,	 /* the exit stop of a call that ran as it was */
	CALL_IS_GONE,	 /* the thread is gone */
};

/* Fill in task->call.info (PTRACE_GET_SYSCALL_INFO) for this stop; false: the
   thread is gone. */
bool remote_info(struct task *task);
/* Which call has the thread stopped at?  Fills in task->call. */
enum call_kind remote_begin(struct task *task);

/* Run the call `nr` with these arguments in the program, and wait for its
   result.  The first injected call takes the place of the program's own. */
sysret_t remote_inject(struct task *task, long nr, const uint64_t args[6]);

/* After injected calls: take the thread back to the stop where it was,
   CALL_SECCOMP or CALL_ENTRY, with its own call still to run. */
void remote_return(struct task *task, enum call_at at);

/* At the seccomp or entry stop: let the program's own call run, and return its
   result.  A result of -ERESTART* must be answered as it is (remote_answer):
   the kernel restarts the call. */
sysret_t remote_run(struct task *task);

/* The program gets `result`, and all its other registers back.  With
   SYSRET_GONE the thread is gone, and nothing is done. */
void remote_answer(struct task *task, sysret_t result);
/* Would remote_answer not answer, but have the call handled again at a ptrace
   stop?  */
bool remote_will_retry(const struct task *task, sysret_t result);

/* In place of an answer, after calls were injected: put everything back, and
   let the program make its call again. */
void remote_repeat(struct task *task);

/* waitpid() for this thread with WNOHANG.  If the kernel will never report the
   thread's exit stop, *status receives the status of that stop. */
pid_t remote_poll_status(const struct task *task, int *status);
/* Set up the call that the thread will run when it is resumed: at a seccomp,
   entry or exit stop.  0 or -1. */
int remote_prepare(struct task *task, const struct arch_call *next);
void remote_block_signals(struct task *task);
void remote_unblock_signals(struct task *task);
/* Handle a status of a thread that runs an injected call.  1: the thread is at
   the exit stop of that call; 0: it was resumed, wait on; -1: it is gone. */
int remote_take_status(struct task *task, int status);
/* Is the result ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND or
   ERESTART_RESTARTBLOCK, negated?  Only the kernel and tracers see these. */
bool remote_was_interrupted(sysret_t result);

/* At the PTRACE_EVENT_STOP of CALL_RETRY_AT_STOP: begin the call in
   task->call.asked again, as if at its exit stop; false: the thread is gone. */
bool remote_retry_at_stop(struct task *task);

/* PTRACE_GETEVENTMSG at an event stop.  False when the thread was killed
   meanwhile: at PTRACE_EVENT_EXIT the message is the exit status. */
bool remote_event_message(const struct task *task, unsigned long *message);

/* Does the thread run a sequence of the stub that answers its call without a
   stop (fastpath.h)? */
bool remote_is_completing(const struct task *task);

/* Resume the thread from the stop that was handled, with a signal or 0. */
void remote_resume(struct task *task, int sig);
/* Has the thread left the stop that is being handled?  A thread that is killed
   goes on to its exit stop.  If the tracer resumed it from there, the exit stop
   would not be handled. */
bool remote_has_moved(const struct task *task);

#endif
