// SPDX-License-Identifier: MIT
/*
 * copy.h - copies from and to the memory of a program at a stop, also when it
 * is not dumpable, and when a page is not there yet.
 */
#ifndef REMOTE_COPY_H
#define REMOTE_COPY_H

#include <stddef.h>

#include "tracer/tasks/tasks.h"

/* Copy from and to the program's memory, with the access that its page
   protections give the program: 0, -EFAULT (bytes before the fault are copied),
   or SYSRET_GONE. */
sysret_t remote_read(struct task *task, uint64_t addr, void *buf, size_t len);
sysret_t remote_write(struct task *task, uint64_t addr, const void *buf,
		      size_t len);
/* Write to the program's memory whatever its protection is (PTRACE_POKEDATA);
   0 or -1. */
int remote_poke(struct task *task, uint64_t addr, const void *buf, size_t len);

#endif
