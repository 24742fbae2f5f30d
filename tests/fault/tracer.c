// SPDX-License-Identifier: MIT
/*
 * tracer.c - the end of shmtrace itself: when it is killed, its programs die
 * with it, wherever they are, and nothing is left.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/chaos.h"

enum { LIFE = 3, READY = 4 };	/* descriptors that the programs inherit */
enum target { SUPERVISOR, TRACER, FIRST, GROUP };

static int life[2], ready[2];

static pid_t start_run(const char *name)
{
	pid_t pid;

	if (pipe(life) < 0 || pipe(ready) < 0)
		broken("pipe");
	pid = fork();
	if (pid)
		return pid;
	setpgid(0, 0);
	dup2(life[1], 100);
	dup2(ready[1], 101);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	dup2(100, LIFE);
	dup2(101, READY);
	close(100);
	close(101);
	char **argv = wrapped_command(name);

	execv(argv[0], argv);
	broken(argv[0]);
}

/* Is it shmtrace, or a program of the run? */
static int is_tracer(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return strncmp(file_text(path), "shmtrace", 8) == 0;
}

/* A child of the run's first process, of this sort; 0 if it has none. */
static pid_t child_of(pid_t pid, int tracer)
{
	char path[64], list[4096], *rest = list;
	long child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	snprintf(list, sizeof(list), "%s", file_text(path));
	while ((child = strtol(rest, &rest, 10)) > 0)
		if (is_tracer((pid_t)child) == tracer)
			return (pid_t)child;
	return 0;
}

static void await_ready(int count)
{
	char byte;

	for (int i = 0; i < count; i++) {
		await(ready[0], POLLIN, "a program of the run");
		if (read(ready[0], &byte, 1) != 1)
			broken("read");
	}
}

static pid_t find(pid_t supervisor, enum target target)
{
	pid_t pid = 0;

	switch (target) {
	case SUPERVISOR:
		return supervisor;
	case GROUP:
		return -supervisor;
	case TRACER:
		pid = child_of(supervisor, 1);
		break;
	case FIRST:
		pid = child_of(supervisor, 0);
		break;
	}
	if (!pid)
		skip("there is no such process of its own");
	return pid;
}

/* Every program holds the write end of `life`. */
static int kill_run(const char *name, int programs, enum target target)
{
	pid_t supervisor = start_run(name);
	char byte;

	close(life[1]);
	close(ready[1]);
	await_ready(programs);
	chaos_pause(2000);
	kill(find(supervisor, target), SIGKILL);
	await(life[0], POLLIN | POLLHUP, "the end of all programs");
	claim(read(life[0], &byte, 1) == 0, "a program speaks");
	close(life[0]);
	close(ready[0]);
	return reap(supervisor);
}

static void killed(long target)
{
	static const struct {
		const char *name;
		int programs;
	} runs[] = {
		{ "run_one", 1 }, { "run_threads", 1 }, { "run_many", 12 },
		{ "run_daemons", 4 }, { "run_stopped", 3 },
	};

	for (int round = 0; round < chaos_rounds(5); round++)
		for (int i = 0; i < 5; i++) {
			int status;

			/* The others outlive the first one. */
			if (target == FIRST && i > 1)
				break;
			status = kill_run(runs[i].name, runs[i].programs,
					  (enum target)target);
			claim(target == TRACER ? status == 125 << 8 :
			      WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGKILL,
			      "%s: %s", runs[i].name, status_name(status));
		}
}

/* The programs. */

static void tell(void)
{
	if (write(READY, "", 1) != 1)
		broken("write");
}

static void attach_for_ever(void)
{
	int id = segment(page_size());

	tell();
	for (;;)
		detach(attach(id));
}

static void run_one(long arg)
{
	(void)arg;
	attach_for_ever();
}

static void *attaching(void *arg)
{
	int id = segment(page_size());

	for (;;)
		detach(attach(id));
	return arg;
}

static void run_threads(long arg)
{
	pthread_t thread;

	(void)arg;
	for (int i = 0; i < 8; i++)
		pthread_create(&thread, NULL, attaching, NULL);
	attach_for_ever();
}

static void run_many(long count)
{
	for (long i = 1; i < count; i++)
		if (fork() == 0)
			attach_for_ever();
	attach_for_ever();
}

static void run_daemons(long arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			setsid();
			if (fork() == 0) {
				shared(page_size());
				tell();
				for (;;)
					pause();
			}
			_exit(0);
		}
	attach_for_ever();
}

static void run_stopped(long arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			shared(page_size());
			tell();
			raise(SIGSTOP);
			for (;;)
				pause();
		}
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	attach_for_ever();
}

const struct test tests[] = {
	{ "shmtrace_is_killed", killed, SUPERVISOR, DRIVER },
	{ "its_tracing_process_is_killed", killed, TRACER, DRIVER },
	{ "first_program_is_killed", killed, FIRST, DRIVER },
	{ "whole_group_is_killed", killed, GROUP, DRIVER },
	{ "run_one", run_one, 0, HIDDEN },
	{ "run_threads", run_threads, 0, HIDDEN },
	{ "run_many", run_many, 12, HIDDEN },
	{ "run_daemons", run_daemons, 0, HIDDEN },
	{ "run_stopped", run_stopped, 0, HIDDEN },
	{ NULL, NULL, 0, NATIVE },
};
