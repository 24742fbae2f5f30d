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

#include "tracer/tasks/task.h"

struct view;

/* A new image runs: is it likely to look? */
bool views_expected(struct task *task);
/* Is this one of the calls that we answer for such programs? */
bool views_concern(int64_t nr);
/* At open, openat, openat2; write and pwrite64. */
void views_open(struct task *task);
void views_write(struct task *task);
/* The address space is gone. */
void views_drop(struct view *views);

#endif
