// SPDX-License-Identifier: MIT
/*
 * mem.h - copies from and to the program's memory, with the access that its
 * page protections give the program.
 */
#ifndef REMOTE_MEM_H
#define REMOTE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/emul.h"

/* 0, -EFAULT (bytes before the fault are copied), -EPERM (the process is not
   dumpable, and the tracer has no CAP_SYS_PTRACE), or SYSRET_GONE. */
sysret_t mem_read(pid_t tid, uint64_t addr, void *buf, size_t len);
sysret_t mem_write(pid_t tid, uint64_t addr, const void *buf, size_t len);

#endif
