// SPDX-License-Identifier: MIT
/*
 * registers.c - what a shared-memory call leaves in the registers, the flags
 * and the memory around the stack pointer: all of it but the result.
 */
#include "kit.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "cpu.h"

static uint8_t stack[CPU_STACK] __attribute__((aligned(64)));
static uint8_t stack_before[CPU_STACK];
static uint64_t step = 1;

/* Every round has other values in everything. */
static uint64_t pattern(void)
{
	step = step * 6364136223846793005u + 1442695040888963407u;
	return step ^ step >> 29;
}

static void fill_block(void)
{
	cpu_prepare();
	for (int i = 0; i < CPU_REGS; i++)
		cpu_block.in[i] = pattern();
	for (int i = CPU_VECTOR_FROM; i < CPU_VECTOR_TO; i++)
		cpu_block.vector_in[i] = (uint8_t)pattern();
	for (int i = 0; i < CPU_STACK; i++)
		stack[i] = (uint8_t)pattern();
	cpu_block.in[FLAGS] = (pattern() & cpu_mask(FLAGS)) | 2;
	cpu_block.in[CPU_SP] =
		(uint64_t)(uintptr_t)(stack + CPU_STACK - CPU_ABOVE);
}

static void compare(const char *what)
{
	const int from = CPU_VECTOR_FROM;
	uint8_t *above = stack + CPU_STACK - CPU_ABOVE;

	for (int i = 0; i < CPU_REGS; i++) {
		uint64_t want = cpu_block.in[i], got = cpu_block.out[i];

		if (!cpu_expects(i, &want))
			continue;
		claim(!((want ^ got) & cpu_mask(i)), "%s: %s is %llx, not %llx",
		      what, cpu_names[i], (unsigned long long)got,
		      (unsigned long long)want);
	}
	claim(!memcmp(cpu_block.vector_in + from, cpu_block.vector_out + from,
		      CPU_VECTOR_TO - from), "%s: vector registers", what);
	claim(!memcmp(stack, stack_before, CPU_STACK - CPU_ABOVE),
	      "%s: memory below the stack pointer", what);
	claim(!memcmp(above + 16, stack_before + CPU_STACK - CPU_ABOVE + 16,
		      CPU_ABOVE - 16), "%s: the stack", what);
}

/* The first three arguments are the call's; the others are garbage. */
static long call(const char *what, long nr, uint64_t a, uint64_t b, uint64_t c)
{
	fill_block();
	cpu_block.in[CPU_NR] = (uint64_t)nr;
	cpu_block.in[cpu_args[0]] = a;
	cpu_block.in[cpu_args[1]] = b;
	cpu_block.in[cpu_args[2]] = c;
	memcpy(stack_before, stack, sizeof(stack));
	cpu_call();
	compare(what);
	return (long)cpu_block.out[CPU_RESULT];
}

static void tell(const char *what, long result)
{
	if (result < 0 && result > -4096)
		say("%s: %s", what, error_name((int)-result));
	else
		say("%s: done", what);
}

/* Garbage in the upper halves of int arguments, which Linux ignores. */
static uint64_t high(uint64_t value)
{
	return (value & 0xffffffffu) | pattern() << 32;
}

static void shmget_registers(long arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		tell("create", call("create", SYS_shmget, high(IPC_PRIVATE),
				    page_size(), high(IPC_CREAT | 0600)));
	tell("key", call("key", SYS_shmget, high(77), 100,
			 high(IPC_CREAT | 0600)));
	tell("found", call("found", SYS_shmget, high(77), 0, high(0)));
	tell("exists", call("exists", SYS_shmget, high(77), 0,
			    high(IPC_CREAT | IPC_EXCL)));
	tell("absent", call("absent", SYS_shmget, high(78), 0, high(0)));
	tell("too small", call("too small", SYS_shmget, high(0), 0, 0));
}

static void shmat_registers(long arg)
{
	int id = segment(3 * page_size());

	(void)arg;
	for (int i = 0; i < 20; i++) {
		long addr = call("attach", SYS_shmat, high((unsigned)id), 0,
				 high(i % 2 ? SHM_RDONLY : 0));

		tell("attach", addr);
		tell("detach", call("detach", SYS_shmdt, (uint64_t)addr,
				    pattern(), pattern()));
	}
	say("nattch %ld", nattch(id));
}

static void shmat_at_an_address_registers(long arg)
{
	size_t page = page_size();
	int id = segment(2 * page);
	char *room = mmap(NULL, 8 * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t addr = (uint64_t)(uintptr_t)room;

	(void)arg;
	tell("busy", call("busy", SYS_shmat, (uint64_t)id, addr, 0));
	tell("remap", call("remap", SYS_shmat, (uint64_t)id, addr, SHM_REMAP));
	munmap(room + 4 * page, 4 * page);
	tell("there", call("there", SYS_shmat, (uint64_t)id,
			   addr + 4 * page + 5, SHM_RND));
	tell("twice", call("twice", SYS_shmat, (uint64_t)id,
			   addr + 4 * page, 0));
	say("nattch %ld", nattch(id));
	tell("detach", call("detach", SYS_shmdt, addr, 0, 0));
	tell("again", call("again", SYS_shmdt, addr, 0, 0));
}

static void failing_registers(long arg)
{
	int id = segment(page_size());
	int other = segment(page_size());

	(void)arg;
	shmctl(other, IPC_RMID, NULL);
	tell("stale", call("stale", SYS_shmat, (uint64_t)other, 0, 0));
	tell("negative", call("negative", SYS_shmat, UINT64_MAX, 0, 0));
	tell("odd", call("odd", SYS_shmat, (uint64_t)id, 1, 0));
	tell("too high", call("too high", SYS_shmat, (uint64_t)id,
			      (uint64_t)1 << 60, 0));
	tell("nothing", call("nothing", SYS_shmdt, page_size(), 1, 2));
	tell("odd detach", call("odd detach", SYS_shmdt, 1, 2, 3));
}

static void shmctl_registers(long arg)
{
	int id = segment(page_size());
	struct shmid_ds ds;
	uint64_t buf = (uint64_t)(uintptr_t)&ds;

	(void)arg;
	tell("stat", call("stat", SYS_shmctl, high((unsigned)id),
			  high(IPC_STAT), buf));
	tell("set", call("set", SYS_shmctl, high((unsigned)id),
			 high(IPC_SET), buf));
	tell("fault", call("fault", SYS_shmctl, (uint64_t)id, IPC_STAT, 8));
	tell("unknown", call("unknown", SYS_shmctl, (uint64_t)id, 9, 0));
	tell("remove", call("remove", SYS_shmctl, (uint64_t)id, IPC_RMID,
			    pattern()));
	tell("remove", call("remove", SYS_shmctl, (uint64_t)id, IPC_RMID, 0));
}

/* Calls that are none of shmtrace's, or only looked at. */
static void other_calls_registers(long arg)
{
	void *page = mmap(NULL, page_size(), PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *mine = shared(2 * page_size());

	(void)arg;
	tell("getppid", call("getppid", SYS_getppid, 1, 2, 3));
	tell("no call", call("no call", 99999, 1, 2, 3));
	tell("minus one", call("minus one", -1, 1, 2, 3));
	tell("munmap", call("munmap", SYS_munmap, (uint64_t)(uintptr_t)page,
			    page_size(), pattern()));
	tell("mprotect", call("mprotect", SYS_mprotect,
			      (uint64_t)(uintptr_t)mine, page_size(), 1));
	tell("unmap it", call("unmap it", SYS_munmap,
			      (uint64_t)(uintptr_t)mine, page_size(),
			      pattern()));
	tell("bad unmap", call("bad unmap", SYS_munmap, 1, 1, 1));
}

const struct test tests[] = {
	{ "shmget_changes_only_the_result", shmget_registers, 0, NATIVE },
	{ "shmat_changes_only_the_result", shmat_registers, 0, NATIVE },
	{ "shmat_at_an_address_changes_only_the_result",
	  shmat_at_an_address_registers, 0, NATIVE },
	{ "failing_calls_change_only_the_result", failing_registers, 0,
	  NATIVE },
	{ "shmctl_changes_only_the_result", shmctl_registers, 0, NATIVE },
	{ "other_calls_change_only_the_result", other_calls_registers, 0,
	  NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
