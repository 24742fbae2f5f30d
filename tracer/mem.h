// SPDX-License-Identifier: MIT
/*
 * mem.h - the program's memory, as the program itself could touch it.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

#include "tracer/tasks.h"

/* A process that is not dumpable is closed to an unprivileged tracer: make it
   dumpable until the call is answered.  False: that does not help. */
bool mem_open(struct task *task);

/* 0, -EFAULT (what comes before the fault is copied), or SYSRET_GONE. */
sysret_t mem_read(struct task *task, uint64_t addr, void *buf, size_t len);
sysret_t mem_write(struct task *task, uint64_t addr, const void *buf,
		   size_t len);

#endif
