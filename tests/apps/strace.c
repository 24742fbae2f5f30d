// SPDX-License-Identifier: MIT
/*
 * strace.c - the shared-memory calls in every shape that a log can show.
 *
 *	strace			all of them
 *	strace rounds N		N times the ordinary ones, each from a
 *				function of its own
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY = 0x1234, ANY = 15, VERSION_64 = 0x100 };

static union {
	struct shmid_ds ds;
	char bytes[256];
} buffer;

/* The C library would look at the arguments. */
static long ctl(long shmid, long cmd, const void *buf)
{
	return syscall(SYS_shmctl, shmid, cmd, buf);
}

static void gets(void)
{
	shmget(KEY, 4096, IPC_CREAT | IPC_EXCL | 0600);
	shmget(IPC_PRIVATE, 4096, 0);
	shmget(-1, 4096, 0);
	shmget(5, 0, IPC_CREAT | 0777);
	shmget(5, 1, 0x8000 | 0600);
	shmget(5, 1, 21 << 26);
	shmget(5, 1, (21 << 26) | 0x8000);
	shmget(5, 1, (21 << 26) | IPC_EXCL | 7);
	shmget(0x77, 4096, (int)0x80000000 | 01000000 | IPC_CREAT | 07777);
	shmget(-7, 12345, IPC_CREAT | SHM_NORESERVE | 0640);
	syscall(SYS_shmget, 0x1122334455667788, -1L, 0x1ffffffffL);
}

static void attaches(int shmid)
{
	char *at = shmat(shmid, NULL, 0);
	char *other = shmat(shmid, NULL, SHM_RDONLY | SHM_EXEC);

	shmat(shmid, (void *)0x123, SHM_RND | SHM_REMAP);
	shmat(99, NULL, 1);
	shmat(99, NULL, SHM_RDONLY | 1);
	shmat(-1, NULL, -1);
	shmat(shmid, at, 0);
	shmat(shmid, at, SHM_REMAP);
	shmdt(shmat(shmid, NULL, SHM_HUGETLB | 0600));
	syscall(SYS_shmat, 0x123456789, 0xffffffff80000000, 0);
	shmdt(at);
	shmdt(other);
	shmdt(other);
	shmdt(NULL);
	shmdt((void *)-1);
	shmdt((void *)5);
}

static void states(long shmid)
{
	shmat((int)shmid, NULL, 0);
	ctl(shmid, IPC_STAT, &buffer);
	buffer.ds.shm_perm.mode = 0640;
	ctl(shmid, IPC_SET, &buffer);
	ctl(shmid, SHM_STAT, &buffer);
	ctl(shmid, ANY, &buffer);
	ctl(shmid, IPC_STAT, NULL);
	ctl(shmid, IPC_STAT, (void *)1);
	ctl(99, IPC_STAT, &buffer);
	ctl(99, IPC_SET, &buffer);
	buffer.ds.shm_perm.uid = (uid_t)-1;
	buffer.ds.shm_perm.mode = 0xffff;
	ctl(shmid, IPC_SET, &buffer);
	ctl(shmid, IPC_SET, NULL);
	ctl(shmid, IPC_SET, (void *)8);
	ctl(shmid, SHM_LOCK, NULL);
	ctl(shmid, IPC_STAT, &buffer);
	ctl(shmid, SHM_UNLOCK, &buffer);
}

static void totals(long shmid)
{
	ctl(0, IPC_INFO, &buffer);
	ctl(0, SHM_INFO, &buffer);
	ctl(0, IPC_INFO, NULL);
	ctl(0, SHM_INFO, (void *)8);
	ctl(shmid, 7, &buffer);
	ctl(shmid, 16, &buffer);
	ctl(shmid, VERSION_64 | IPC_STAT, &buffer);
	ctl(shmid, VERSION_64 | SHM_INFO, &buffer);
	ctl(shmid, 0xffff, &buffer);
	ctl(shmid, -1, &buffer);
}

/* A structure that ends in what is not mapped. */
static void edge(long shmid)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(at + page, page);
	ctl(shmid, IPC_STAT, at + page - 24);
	ctl(shmid, IPC_SET, at + page - 48);
	ctl(shmid, IPC_INFO, at + page - 24);
}

static void child(int shmid)
{
	if (fork() == 0) {
		shmat(shmid, NULL, 0);
		ctl(shmid, IPC_STAT, &buffer);
		_exit(0);
	}
	wait(NULL);
}

static int id;
static void *at;

/* Not tail calls: something is left to do. */
static __attribute__((noinline)) int in_shmget(void)
{
	id = shmget(IPC_PRIVATE, 4096, 0600);
	return id + 1;
}

static __attribute__((noinline)) int in_shmat(void)
{
	at = shmat(id, NULL, 0);
	return at != NULL;
}

static __attribute__((noinline)) int in_shmdt(void)
{
	return shmdt(at) + 1;
}

static __attribute__((noinline)) int in_shmctl(void)
{
	return shmctl(id, IPC_RMID, NULL) + 1;
}

static int rounds(int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		sum += in_shmget() + in_shmat() + in_shmdt();
		sum += in_shmat() + in_shmctl() + in_shmdt();
	}
	return sum == 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return rounds(atoi(argv[2]));
	id = shmget(KEY, 4096, IPC_CREAT | 0600);
	gets();
	attaches(id);
	states(id);
	totals(id);
	edge(id);
	child(id);
	shmctl(id, IPC_RMID, NULL);
	ctl(id, IPC_STAT, &buffer);
	ctl(id, IPC_RMID, &buffer);
	return 0;
}
