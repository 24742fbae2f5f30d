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

#include "tracer/tasks/tasks.h"

/* 0, -EFAULT (bytes before the fault are copied), -EPERM (the process is not
   dumpable, the tracer has no CAP_SYS_PTRACE, and mm->files are not open), -EIO
   (the page is not there yet; only with mm->userfaults, or on hosts that refuse
   process_vm_readv), or SYSRET_GONE. */
sysret_t mem_read(const struct task *task, uint64_t addr, void *buf,
		  size_t len);
sysret_t mem_write(const struct task *task, uint64_t addr, const void *buf,
		   size_t len);
/* Write whatever the protection: 0 or -1. */
int mem_poke(const struct task *task, uint64_t addr, const void *buf,
	     size_t len);

/* 0 or -1 with errno. */
int mem_open_files(pid_t tid, struct mm_files *files);
void mem_close_files(const struct mm_files *files);

#endif
