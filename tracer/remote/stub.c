// SPDX-License-Identifier: MIT
/*
 * stub.c - maps the tracer's page of code, and its page of data, into the
 * program.
 */
#include "tracer/remote/stub.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "tracer/remote/copy.h"
#include "tracer/remote/syscall.h"
#include "tracer/util/config.h"

/* mmap() both pages as code, write the stub, and make the second page data. */
static bool map_stub(struct task *task)
{
	const uint64_t code[6] = {
		config.arena_start,
		2 * config.page_size,
		PROT_READ | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		(uint64_t)-1,
		0,
	};
	const uint64_t data[6] = {
		remote_stub_data(),
		config.page_size,
		PROT_READ | PROT_WRITE,
	};

	if (remote_inject(task, SYS_mmap, code) != (sysret_t)code[0])
		return false;
	return remote_poke(task, code[0], arch_stub, arch_stub_size) == 0 &&
	       remote_inject(task, SYS_mprotect, data) == 0;
}

uint64_t remote_stub(struct task *task)
{
	if (config.arena_start == config.arena_end)
		return 0;
	if (!task->mm->stub)
		task->mm->stub = map_stub(task);
	return task->mm->stub ? config.arena_start : 0;
}

uint64_t remote_stub_data(void)
{
	return config.arena_start + config.page_size;
}
