// SPDX-License-Identifier: MIT
/*
 * fd.h - put a descriptor of the tracer into the program, and take it out
 * again.
 */
#ifndef REMOTE_FD_H
#define REMOTE_FD_H

#include "tracer/tasks/tasks.h"

/* A descriptor that was put into the program, and what fd_withdraw() needs. */
struct injected_fd {
	int number;		/* in the program */
	int replaced;		/* the tracer's copy of the descriptor that
				   had this number, or -1: none had it */
	bool cloexec;		/* FD_CLOEXEC of that descriptor */
};

/* Put a copy of the tracer's `fd` into the program: its number, -errno, or
   SYSRET_GONE.  Works also when the program's descriptor table is full.
   `flags`: O_RDONLY or O_RDWR, as `fd` was opened. */
sysret_t fd_inject(struct task *task, int fd, int flags,
		   struct injected_fd *injected);
/* Answer the notification `id` of a trigger call with a copy of the tracer's
   `fd`: 0 or -errno. */
sysret_t fd_inject_by_unotify(uint64_t id, int fd);
/* Put a copy of the tracer's `fd` into the program for good: as fd_inject().
   Of `flags`, as open(2) has them, only O_CLOEXEC counts. */
sysret_t fd_inject_to_keep(struct task *task, int fd, int flags);
/* Replace the program's descriptor `number` by a copy of the tracer's `fd`, for
   good; fd_flags: O_CLOEXEC or 0. */
sysret_t fd_inject_at(struct task *task, int number, int fd, int fd_flags);
/* Close the injected descriptor in the program, or put the descriptor back
   that it replaced. */
void fd_withdraw(struct task *task, const struct injected_fd *injected);

#endif
