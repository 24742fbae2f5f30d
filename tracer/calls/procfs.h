// SPDX-License-Identifier: MIT
/*
 * procfs.h - /proc/sysvipc/shm and /proc/sys/kernel/shm* as the program's
 * emulated namespace has them.
 *
 * A seccomp filter cannot read a path, and a stop for each open() would make
 * every program slow.  So with --proc=auto only programs that are likely to
 * open these files are stopped, at each call: programs whose executable, script
 * or arguments name one of the files.  --proc=on stops at the opens of all
 * programs.
 */
#ifndef CALLS_PROCFS_H
#define CALLS_PROCFS_H

#include "tracer/tasks/tasks.h"

struct procfs_file;

/* After an exec: is the program likely to open one of the files? */
bool procfs_is_likely(struct task *task);
/* Is this one of the calls that open or write such files? */
bool procfs_handles(int64_t nr);
/* At open, openat, openat2; write and pwrite64. */
void procfs_open(struct task *task);
void procfs_write(struct task *task);
/* After the end of an address space: close the tracer's descriptors. */
void procfs_close_all(struct procfs_file *files_written);

#endif
