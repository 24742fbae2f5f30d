// SPDX-License-Identifier: MIT
/*
 * procs.c - rows of processes and threads.
 */
#include "tests/bench/work.h"

#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *with_attachments(unsigned number, const char *none,
				    const char *one, const char *many)
{
	for (unsigned i = 0; i < number; i++)
		work_attach(work_segment(4096));
	return number == 0 ? none : number == 1 ? one : many;
}

void op_fork(void *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(0);
	work_wait(pid);
}

void row_fork(unsigned number)
{
	const char *label = with_attachments(
		number, "fork + exit", "fork + exit, 1 attachment",
		"fork + exit, %u attachments");

	work_measure(label, number, op_fork, NULL);
}

static void op_vfork(void *unused)
{
	static char option[] = "-x";
	char *const argv[] = { work.self, option, NULL };
	pid_t pid = vfork();

	(void)unused;
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(1);
	}
	work_wait(pid);
}

void row_vfork(unsigned number)
{
	const char *label = with_attachments(
		number, "vfork + exec", "vfork + exec, 1 attachment",
		"vfork + exec, %u attachments");

	work_measure(label, number, op_vfork, NULL);
}

static void *thread(void *unused)
{
	return unused;
}

static void op_thread(void *unused)
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, unused) != 0)
		work_fail("pthread_create");
	pthread_join(id, NULL);
}

void row_thread(unsigned number)
{
	work_measure("thread create + join", number, op_thread, NULL);
}

/* The row that is not run under anything: it starts the others. */
static void op_start(void *unused)
{
	pid_t pid;

	(void)unused;
	if (posix_spawnp(&pid, work.command[0], NULL, NULL, work.command,
			 environ) != 0)
		work_fail(work.command[0]);
	work_wait(pid);
}

void row_start(unsigned number)
{
	work_measure("start-up of true", number, op_start, NULL);
}

/* ---- many at once ---- */

/* A pipe that its writer's end, or death, opens as a gate. */
struct gate {
	int ends[2];
};

static void gate_open(struct gate *gate)
{
	close(gate->ends[1]);
}

static void gate_make(struct gate *gate)
{
	if (pipe(gate->ends) < 0)
		work_fail("pipe");
}

static void gate_wait(struct gate *gate)
{
	char byte;

	close(gate->ends[1]);
	if (read(gate->ends[0], &byte, 1) != 0)
		_exit(1);
}

struct race {
	uint64_t end;		/* ns; no operation begins after it */
	struct {
		uint64_t done, end;
	} each[64];
};

_Noreturn static void race_run(struct gate *gate, struct race *race,
			       unsigned self)
{
	int shmid = work_segment(4096);

	op_attach(&shmid);
	gate_wait(gate);
	do {
		op_attach(&shmid);
		race->each[self].done++;
		race->each[self].end = work_now();
	} while (race->each[self].end < race->end);
	_exit(0);
}

static struct race *race_new(void)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (race == MAP_FAILED)
		work_fail("mmap");
	return race;
}

static struct race *race_hold(unsigned number, uint64_t *start)
{
	struct race *race = race_new();
	struct gate gate;

	gate_make(&gate);
	for (unsigned i = 0; i < number; i++)
		if (fork() == 0)
			race_run(&gate, race, i);
	*start = work_now();
	race->end = *start + work.millis * UINT64_C(1000000);
	gate_open(&gate);
	for (unsigned i = 0; i < number; i++)
		wait(NULL);
	return race;
}

/* The time of all, divided by the operations of all. */
void row_at_once(unsigned number)
{
	uint64_t start, end = 0, done = 0;
	const struct race *race = race_hold(number, &start);

	for (unsigned i = 0; i < number; i++) {
		done += race->each[i].done;
		if (race->each[i].end > end)
			end = race->each[i].end;
	}
	if (!done)
		work_fail("no process could attach");
	work_report("attach + detach, %u at once", number,
		    (double)(end - start) / (double)done, "ns");
}

static void start_tasks(struct gate *gate, unsigned number)
{
	for (unsigned i = 0; i < number; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			gate_wait(gate);
			_exit(0);
		}
		if (pid < 0)
			work_fail("fork");
	}
}

void row_tasks(unsigned number)
{
	int shmid = work_segment(4096);
	struct gate gate;

	gate_make(&gate);
	start_tasks(&gate, number - 1);
	work_measure("IPC_STAT, %u live tasks", number, op_stat, &shmid);
	work_measure("attach + detach, %u live tasks", number, op_attach,
		     &shmid);
	work_measure("fork + exit, %u live tasks", number, op_fork, NULL);
	gate_open(&gate);
}
