// SPDX-License-Identifier: MIT
/*
 * mem.h - the program's memory, as the program itself could touch it.
 */
#ifndef REMOTE_MEM_H
#define REMOTE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/emul.h"

/* 0, -EFAULT (what comes before the fault is copied), -EPERM (the process is
   not dumpable, and we are not privileged), or SYSRET_GONE. */
sysret_t mem_read(pid_t tid, uint64_t addr, void *buf, size_t len);
sysret_t mem_write(pid_t tid, uint64_t addr, const void *buf, size_t len);

#endif
