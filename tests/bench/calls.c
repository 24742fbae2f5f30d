// SPDX-License-Identifier: MIT
/*
 * calls.c - rows of single calls, ours and others, and of memory.
 */
#include "tests/bench/work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY 0x5eed
#define MIB ((size_t)1 << 20)
#define MEMORY (32 * MIB)

/* ---- ours ---- */

void op_shmget(void *key)
{
	if (shmget(*(const key_t *)key, 0, 0) < 0)
		work_fail("shmget");
}

void op_create(void *unused)
{
	(void)unused;
	if (shmctl(work_segment(4096), IPC_RMID, NULL) < 0)
		work_fail("IPC_RMID");
}

void op_stat(void *shmid)
{
	struct shmid_ds ds;

	if (shmctl(*(const int *)shmid, IPC_STAT, &ds) < 0)
		work_fail("IPC_STAT");
}

void op_attach(void *shmid)
{
	if (shmdt(work_attach(*(const int *)shmid)) < 0)
		work_fail("shmdt");
}

void row_shmget(unsigned number)
{
	key_t key = KEY;

	if (shmget(key, 4096, IPC_CREAT | 0600) < 0)
		work_fail("shmget");
	work_measure("shmget of a key", number, op_shmget, &key);
}

void row_create(unsigned number)
{
	work_measure("shmget IPC_PRIVATE + IPC_RMID", number, op_create,
		     NULL);
}

void row_stat(unsigned number)
{
	int shmid = work_segment(4096);

	work_measure("IPC_STAT", number, op_stat, &shmid);
}

void row_attach(unsigned kib)
{
	int shmid = work_segment((size_t)kib << 10);

	work_measure("attach + detach %u KiB", kib, op_attach, &shmid);
}

/* ---- memory ---- */

static void fill(unsigned char *memory, int byte)
{
	memset(memory, byte, MEMORY);
	/* it is read by someone, as far as the compiler knows */
	__asm__ volatile("" : : "r"(memory) : "memory");
}

static double time_first_touch(void)
{
	int shmid = work_segment(MEMORY);
	unsigned char *memory = work_attach(shmid);
	uint64_t start = work_now(), end;

	fill(memory, 1);
	end = work_now();
	shmdt(memory);
	shmctl(shmid, IPC_RMID, NULL);
	return (double)(end - start);
}

void row_touch(unsigned number)
{
	double taken[3];

	for (size_t i = 0; i < 3; i++)
		taken[i] = time_first_touch();
	work_report("first touch of memory, per MiB", number,
		    work_typical(taken, 3) / (double)(MEMORY / MIB), "ns");
}

static void op_fill(void *memory)
{
	fill(memory, 2);
}

/* A pass over all of it, reported by the MiB. */
void row_steady(unsigned number)
{
	unsigned char *memory = work_attach(work_segment(MEMORY));
	double taken[9];

	op_fill(memory);
	for (size_t i = 0; i < 9; i++) {
		uint64_t start = work_now();

		op_fill(memory);
		taken[i] = (double)(work_now() - start);
	}
	work_report("memory once touched, per MiB", number,
		    work_typical(taken, 9) / (double)(MEMORY / MIB), "ns");
}

/* ---- others ---- */

static void op_getppid(void *unused)
{
	(void)unused;
	syscall(SYS_getppid);
}

void row_getppid(unsigned number)
{
	work_measure("getppid", number, op_getppid, NULL);
}

static void op_read(void *fd)
{
	char byte;

	if (read(*(const int *)fd, &byte, 1) != 1)
		work_fail("read");
}

void row_read(unsigned number)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	work_measure("read", number, op_read, &fd);
}

static void op_open(void *unused)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)unused;
	if (fd < 0)
		work_fail("open");
	close(fd);
}

void row_open(unsigned number)
{
	work_measure("open + close", number, op_open, NULL);
}

static void *map_pages(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		work_fail("mmap");
	return at;
}

static void op_mmap(void *unused)
{
	(void)unused;
	munmap(map_pages(MIB), MIB);
}

void row_mmap(unsigned number)
{
	work_measure("mmap + munmap", number, op_mmap, NULL);
}

static void op_mprotect(void *at)
{
	static int toggle;

	toggle ^= PROT_WRITE;
	if (mprotect(at, MIB, PROT_READ | toggle) < 0)
		work_fail("mprotect");
}

void row_mprotect(unsigned number)
{
	work_measure("mprotect", number, op_mprotect, map_pages(MIB));
}

static void handle_signal(int sig)
{
	(void)sig;
}

static void op_signal(void *unused)
{
	(void)unused;
	raise(SIGUSR1);
}

void row_signal(unsigned number)
{
	const struct sigaction action = { .sa_handler = handle_signal };

	sigaction(SIGUSR1, &action, NULL);
	work_measure("a signal to oneself", number, op_signal, NULL);
}
