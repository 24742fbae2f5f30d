// SPDX-License-Identifier: MIT
/*
 * musl.c - a static program with threads, fork and exec that shares memory
 * by key.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY = 0x6d75736c, THREADS = 8, ROUNDS = 50, SLOT = 128 };

static int failed;
static int segment;

static void ok(int good, const char *behaviour)
{
	printf("%s - %s\n", good ? "ok" : "not ok", behaviour);
	fflush(stdout);
	failed |= !good;
}

static unsigned long nattch(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) == 0 ? ds.shm_nattch : ~0UL;
}

static int exit_status(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* What the exec'ed copy of this program does. */
static int second_program(void)
{
	int id = shmget(KEY, 0, 0);
	char *p = shmat(id, NULL, 0);

	if (p == (char *)-1 || nattch(id) != 2)
		return 1;
	if (strcmp(p, "for the second program") != 0)
		return 2;
	strcpy(p + SLOT, "from the second program");
	return 0;
}

static void fork_and_exec(char *p)
{
	pid_t pid;

	strcpy(p, "for the second program");
	pid = fork();
	if (pid == 0) {
		execl("./musl", "musl", "second", (char *)NULL);
		_exit(127);
	}
	ok(exit_status(pid) == 0, "an_execed_program_attaches_by_key");
	ok(strcmp(p + SLOT, "from the second program") == 0,
	   "its_data_is_seen");
	ok(nattch(segment) == 1, "its_exit_drops_its_attach");
}

static void fork_inherits(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(nattch(segment) != 2);
	ok(exit_status(pid) == 0, "fork_copies_the_attach");
	ok(nattch(segment) == 1, "exit_drops_the_copy");
}

static void *worker(void *arg)
{
	long number = (long)arg;

	for (int i = 0; i < ROUNDS; i++) {
		char *p = shmat(segment, NULL, 0);

		if (p == (char *)-1)
			return (void *)1;
		memset(p + number * SLOT, 'a' + (int)number, SLOT);
		if (shmdt(p) != 0)
			return (void *)2;
	}
	return NULL;
}

static void threads(const char *p)
{
	pthread_t thread[THREADS];
	int wrong = 0;

	for (long i = 0; i < THREADS; i++)
		wrong |= pthread_create(&thread[i], NULL, worker, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		void *result = NULL;

		wrong |= pthread_join(thread[i], &result) || result;
	}
	for (int i = 0; i < THREADS * SLOT; i++)
		wrong |= p[i] != 'a' + i / SLOT;
	ok(!wrong, "eight_threads_attach_write_and_detach");
	ok(nattch(segment) == 1, "threads_leave_no_attach");
}

static void placement(const char *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *room = mmap(NULL, 4 * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ok(shmat(segment, room, 0) == (void *)-1 && errno == EINVAL,
	   "an_occupied_address_is_refused");
	ok(shmat(segment, room + page, SHM_REMAP) == room + page &&
	   memcmp(room + page, p, SLOT) == 0, "SHM_REMAP_replaces");
	munmap(room, page);
	ok(shmat(segment, room + 1, SHM_RND | SHM_RDONLY) == room &&
	   memcmp(room, p, SLOT) == 0, "SHM_RND_rounds_down");
	ok(mprotect(room, page, PROT_READ | PROT_WRITE) == -1 &&
	   errno == EACCES, "a_read_only_attach_stays_read_only");
	ok(nattch(segment) == 3, "each_attach_is_counted");
	ok(shmdt(room) == 0 && shmdt(room + page) == 0 &&
	   shmdt(room) == -1 && errno == EINVAL, "each_is_detached_once");
}

int main(int argc, char **argv)
{
	char *p;

	if (argc == 2 && strcmp(argv[1], "second") == 0)
		return second_program();
	alarm(60);
	segment = shmget(KEY, THREADS * SLOT, IPC_CREAT | IPC_EXCL | 0600);
	p = shmat(segment, NULL, 0);
	ok(segment == 0 && p != (char *)-1, "create_and_attach");
	fork_and_exec(p);
	fork_inherits();
	threads(p);
	placement(p);
	ok(shmctl(segment, IPC_RMID, NULL) == 0 && nattch(segment) == 1,
	   "removed_but_attached");
	ok(shmdt(p) == 0 && nattch(segment) == ~0UL, "gone_with_the_last");
	return failed;
}
