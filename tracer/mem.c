// SPDX-License-Identifier: MIT
/*
 * mem.c - process_vm_readv and writev: they respect page protections, which
 * ptrace's own peek and poke do not, and stop at the first bad page.
 */
#include "tracer/mem.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tracer/call.h"
#include "tracer/run.h"

typedef ssize_t copy_fn(pid_t, const struct iovec *, unsigned long,
			const struct iovec *, unsigned long, unsigned long);

bool mem_open(struct task *task)
{
	const uint64_t args[6] = { PR_SET_DUMPABLE, 1 };

	if (task->call.undumpable || task->call.at == CALL_NONE ||
	    task->call.at == CALL_NOTICE)
		return false;
	task->call.undumpable = call_inject(task, SYS_prctl, args) == 0;
	return task->call.undumpable;
}

/* Page by page: a fault must not take back what fits before it. */
static sysret_t copy(struct task *task, copy_fn *fn, uint64_t addr, char *buf,
		     size_t len)
{
	size_t done = 0;

	while (done < len) {
		uint64_t at = addr + done;
		uint64_t rest = run.page_size - at % run.page_size;
		size_t part = len - done < rest ? len - done : (size_t)rest;
		struct iovec local = { buf + done, part };
		/* an address of the program travels as a pointer here */
		struct iovec remote = { (void *)(uintptr_t)at, part };
		ssize_t n = fn(task->tid, &local, 1, &remote, 1, 0);

		if (n < 0 && errno == ESRCH)
			return SYSRET_GONE;
		if (n < 0 && errno == EPERM && mem_open(task))
			continue;
		if (n < 0 && errno == EPERM)
			task->call.barred = true;
		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

sysret_t mem_read(struct task *task, uint64_t addr, void *buf, size_t len)
{
	return copy(task, process_vm_readv, addr, buf, len);
}

sysret_t mem_write(struct task *task, uint64_t addr, const void *buf,
		   size_t len)
{
	/* struct iovec knows no const; writev only reads */
	return copy(task, process_vm_writev, addr, (char *)(uintptr_t)buf,
		    len);
}
