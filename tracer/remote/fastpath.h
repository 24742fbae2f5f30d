// SPDX-License-Identifier: MIT
/*
 * fastpath.h - attach and detach as sequences of the stub that end by
 * themselves: no stop reports success.
 *
 * While a thread is in flight the model is ahead of the kernel.  So only the
 * one thread of an address space flies, which nobody can watch; and whatever
 * brings it to a stop on the way is dealt with here first.
 */
#ifndef REMOTE_FASTPATH_H
#define REMOTE_FASTPATH_H

#include "tracer/tasks/tasks.h"

/* Can the call that the task is in be finished this way? */
bool fastpath_is_possible(struct task *task);

/* mmap in the program with these arguments, of our `fd`: the address, before
   it has happened; or -errno, nothing was begun; or SYSRET_GONE.  The call
   must then be given this result. */
sysret_t fastpath_attach(struct task *task, int fd, const uint64_t args[6]);
/* The same, where the program opens the file itself. */
bool fastpath_may_open(const struct task *task);
sysret_t fastpath_open(struct task *task, const struct arch_stub_file *file);
/* munmap in the program: 0, before it has happened. */
sysret_t fastpath_detach(struct task *task, uint64_t addr, uint64_t len);

/* At a stop of a task in flight.  FASTPATH_OVER: it has landed, deal with the
   stop as ever.  FASTPATH_FAILED: the attach failed, and the thread is at the
   seccomp stop of its call as if nothing had been done.  FASTPATH_ENDED: it
   stopped at the end, and has its answer.  FASTPATH_GOES_ON: it was resumed. */
enum fastpath_state {
	FASTPATH_OVER,
	FASTPATH_FAILED,
	FASTPATH_ENDED,
	FASTPATH_GOES_ON,
};
enum fastpath_state fastpath_at_seccomp(struct task *task);
enum fastpath_state fastpath_at_signal(struct task *task, int sig);

#endif
