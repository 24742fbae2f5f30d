// SPDX-License-Identifier: MIT
/*
 * fastpath.h - attach and detach as sequences of the stub that end by
 * themselves: no stop reports success.
 *
 * emul/ records the attach before the kernel has made it.  No other thread may
 * see that gap, so the fast path is taken only when the address space has a
 * single thread.  When that thread stops before the sequence has ended,
 * fastpath_at_seccomp() or fastpath_at_signal() repairs that first.
 */
#ifndef REMOTE_FASTPATH_H
#define REMOTE_FASTPATH_H

#include "tracer/tasks/tasks.h"

/* Can the call that the task has stopped at end in the stub? */
bool fastpath_is_possible(struct task *task);

/* Start mmap() in the program with these arguments, of the tracer's `fd`.
   Returns the address, although mmap() has not run yet; -errno if nothing was
   begun; or SYSRET_GONE.  The caller passes an address or SYSRET_GONE on as
   the result of the call. */
sysret_t fastpath_attach(struct task *task, int fd, const uint64_t args[6]);
/* Can the program open the file of a segment itself? */
bool fastpath_may_open(const struct task *task);
/* As fastpath_attach(), but the program opens the file itself. */
sysret_t fastpath_open(struct task *task, const struct arch_stub_file *file);
/* Start munmap() in the program.  Returns 0, although munmap() has not run yet,
   or -errno if nothing was begun. */
sysret_t fastpath_detach(struct task *task, uint64_t addr, uint64_t len);

/* What a stop of a task means for the fast path. */
enum fastpath_state {
	FASTPATH_OVER,	  /* no sequence runs any more: handle the stop */
	FASTPATH_FAILED,  /* the attach failed and is undone; the thread is at
			     a seccomp stop of its call: handle it again */
	FASTPATH_ENDED,	  /* the attach is made, and the call is answered:
			     resume */
	FASTPATH_GOES_ON, /* the task was resumed already */
};
enum fastpath_state fastpath_at_seccomp(struct task *task);
enum fastpath_state fastpath_at_signal(struct task *task, int sig);

#endif
