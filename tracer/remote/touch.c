// SPDX-License-Identifier: MIT
/*
 * touch.c - madvise(MADV_POPULATE_READ or WRITE) in place of the program's
 * call: it may take for ever, so nobody waits for it but the thread.
 */
#include "tracer/remote/touch.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tracer/remote/syscall.h"
#include "tracer/util/config.h"

/* Linux 5.14; newer than some headers. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

sysret_t touch_later(struct task *task, uint64_t addr, size_t len, bool write)
{
	uint64_t mask = ~(config.page_size - 1);

	/* the stub's pages are none that a call points into */
	if (task->touch.failed || task->call.at == CALL_NONE ||
	    addr - config.arena_start < 2 * config.page_size)
		return -EFAULT;
	task->touch.addr = addr & mask;
	task->touch.len = ((addr + len - 1) & mask) - task->touch.addr +
			  config.page_size;
	task->touch.write = write;
	task->call.needs_stop = true;
	return -EFAULT;
}

bool touch_is_due(const struct task *task)
{
	return task->touch.len != 0;
}

void touch_begin(struct task *task)
{
	const struct arch_call next = {
		.nr = SYS_madvise,
		.args = { task->touch.addr, task->touch.len,
			  task->touch.write ? MADV_POPULATE_WRITE :
					      MADV_POPULATE_READ },
	};

	task->touch.len = 0;
	task->touch.runs = remote_prepare(task, &next) == 0;
}

void touch_at_stop(struct task *task)
{
	bool there = remote_info(task);
	int64_t result;

	task->call.info_valid = false;
	if (!there || task->call.info.op != PTRACE_SYSCALL_INFO_EXIT ||
	    arch_result(task->tid, &result) < 0)
		return;
	task->touch.runs = false;
	task->touch.failed = result < 0 && result != -EINTR &&
			     result != -EAGAIN;
	arch_restart(task->tid, &task->call.regs);
	remote_unblock_signals(task);
}
