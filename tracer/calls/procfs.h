// SPDX-License-Identifier: MIT
/*
 * procfs.h - /proc/sysvipc/shm and /proc/sys/kernel/shm* as the program's
 * emulated namespace has them.
 *
 * A seccomp filter cannot look at a path, and a stop for each open would make
 * every program slow.  So only those that are likely to look there are
 * stopped at each call (--proc=auto): their executable, script or arguments
 * name one of these files.  --proc=on stops at the opens of all programs.
 */
#ifndef CALLS_PROCFS_H
#define CALLS_PROCFS_H

#include "tracer/tasks/tasks.h"

struct procfs_file;

/* A new image runs: is it likely to look? */
bool procfs_is_likely(struct task *task);
/* Is this one of the calls that we answer for such programs? */
bool procfs_handles(int64_t nr);
/* At open, openat, openat2; write and pwrite64. */
void procfs_open(struct task *task);
void procfs_write(struct task *task);
/* The address space is gone. */
void procfs_close_all(struct procfs_file *views);

#endif
