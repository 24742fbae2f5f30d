// SPDX-License-Identifier: MIT
/*
 * fd.h - lend the program one of our descriptors, for one moment.
 */
#ifndef REMOTE_FD_H
#define REMOTE_FD_H

#include "tracer/tasks/tasks.h"

/* What was done to make room for it. */
struct injected_fd {
	int number;		/* in the program */
	int replaced;		/* our copy of what was there, or -1 */
	bool cloexec;		/* of what was there */
};

/* A descriptor in the program for our `fd`: its number, -errno, or
   SYSRET_GONE.  A full table is no reason to fail.  `flags`: O_RDONLY or
   O_RDWR, as `fd` was opened. */
sysret_t fd_inject(struct task *task, int fd, int flags,
		   struct injected_fd *injected);
/* Answer this notice with a descriptor for our `fd`: 0 or -errno. */
sysret_t fd_inject_by_unotify(uint64_t id, int fd);
/* A descriptor for the program to keep; `flags` as open(2) has them. */
sysret_t fd_inject_to_keep(struct task *task, int fd, int flags);
/* Replace the program's descriptor `number` by ours; fd_flags: O_CLOEXEC. */
sysret_t fd_inject_at(struct task *task, int number, int fd, int fd_flags);
/* Close it, and put back what was in its place. */
void fd_withdraw(struct task *task, const struct injected_fd *injected);

#endif
