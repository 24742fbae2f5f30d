// SPDX-License-Identifier: MIT
/*
 * undumpable.h - the memory of processes that are not dumpable, which are
 * closed to a tracer without privilege.
 */
#ifndef REMOTE_UNDUMPABLE_H
#define REMOTE_UNDUMPABLE_H

#include "tracer/tasks/tasks.h"

/* At a stop in a call: open the files of its address space (struct mm_files).
   The process is dumpable for two calls that the thread makes; then it is at
   the same stop again.  False: that does not help, or it is gone. */
bool undumpable_open(struct task *task);
/* Open a file of /proc/TID, also if the process is not dumpable, in the same
   way; flags as proc_open's; -1 with errno. */
int undumpable_open_file(struct task *task, const char *name, int flags);
/* As undumpable_open, before it stops being dumpable. */
void undumpable_prepare(struct task *task);
/* At a stop in a call: one that was killed between those two calls must not
   leave others in its address space dumpable. */
void undumpable_settle(struct task *task);
/* Close them: the address space goes. */
void undumpable_forget(struct mm *mm);

#endif
