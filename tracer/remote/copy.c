// SPDX-License-Identifier: MIT
/*
 * copy.c - tries the copy; then opens the memory of a process that is not
 * dumpable, or leaves the page to the thread.
 */
#include "tracer/remote/copy.h"

#include <errno.h>

#include "tracer/remote/mem.h"
#include "tracer/remote/touch.h"
#include "tracer/remote/undumpable.h"

sysret_t remote_read(struct task *task, uint64_t addr, void *buf, size_t len)
{
	sysret_t result = mem_read(task, addr, buf, len);

	if (result == -EPERM && undumpable_open(task))
		result = mem_read(task, addr, buf, len);
	if (result == -EIO)
		return touch_later(task, addr, len, false);
	if (result != -EPERM)
		return result;
	task->call.needs_stop = true;
	return -EFAULT;
}

sysret_t remote_write(struct task *task, uint64_t addr, const void *buf,
		      size_t len)
{
	sysret_t result = mem_write(task, addr, buf, len);

	if (result == -EPERM && undumpable_open(task))
		result = mem_write(task, addr, buf, len);
	if (result == -EIO)
		return touch_later(task, addr, len, true);
	if (result != -EPERM)
		return result;
	task->call.needs_stop = true;
	return -EFAULT;
}

int remote_poke(struct task *task, uint64_t addr, const void *buf, size_t len)
{
	if (mem_poke(task, addr, buf, len) == 0)
		return 0;
	return undumpable_open(task) ? mem_poke(task, addr, buf, len) : -1;
}
