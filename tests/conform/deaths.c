// SPDX-License-Identifier: MIT
/*
 * deaths.c - when a process ends, its attachments are gone before anybody
 * can notice the end: Linux drops the memory (exit_mm) before it closes the
 * descriptors and notifies the parent.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 200, THREADS = 4 };

enum way { EXITS, KILLED, EXECS, GROUP_EXITS, THREAD_EXITS };

static int id;
static int ends[2];		/* the child's end closes when it dies */
static enum way way;

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *exit_all(void *arg)
{
	syscall(SYS_exit_group, 3);
	return arg;
}

static void spin_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, i == THREADS - 1 &&
			       way == THREAD_EXITS ? exit_all : wait_for_ever,
			       NULL);
}

/* A child that is attached three times and ends in its way. */
static void child(void *arg)
{
	const struct gate *gate = arg;

	close(ends[0]);
	attach(id);
	attach(id);
	attach(id);
	gate_open(gate);
	if (way == GROUP_EXITS || way == THREAD_EXITS)
		spin_threads();
	if (way == EXECS) {
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		execl("/bin/sleep", "sleep", "1000", NULL);
	}
	while (way == KILLED || way == THREAD_EXITS)
		pause();
	_exit(0);
}

static void by_waitpid(pid_t pid)
{
	reap(pid);
}

static void by_nowait(pid_t pid)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		broken("waitid");
}

static void by_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		broken("pidfd_open");
	await(fd, POLLIN, "a pidfd");
	close(fd);
}

static void by_end_of_file(pid_t pid)
{
	char byte;

	(void)pid;
	await(ends[0], POLLIN | POLLHUP, "end of file");
	if (read(ends[0], &byte, 1) != 0)
		broken("end of file");
}

static volatile sig_atomic_t told;

static void on_child(int sig)
{
	(void)sig;
	told = 1;
}

static void by_signal(pid_t pid)
{
	sigset_t set, old;

	(void)pid;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (!told)
		sigsuspend(&old);
	told = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void by_wnohang(pid_t pid)
{
	while (kill(pid, 0) == 0 && waitpid(pid, NULL, WNOHANG) == 0)
		;
}

typedef void watch(pid_t pid);
static watch *const watches[] = {
	by_waitpid, by_nowait, by_pidfd, by_end_of_file, by_signal,
	by_wnohang,
};
enum { WAITPID, NOWAIT, PIDFD, END_OF_FILE, SIGNAL, WNOHANG_LOOP };

static long one_round(watch *see)
{
	struct gate gate;
	long left;
	pid_t pid;

	gate_init(&gate);
	if (pipe(ends) < 0)
		broken("pipe");
	pid = start(child, &gate);
	close(ends[1]);
	gate_pass(&gate, "the child");
	if (way == KILLED)
		kill(pid, SIGKILL);
	see(pid);
	left = nattch(id);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	close(gate.fd[0]);
	close(gate.fd[1]);
	return left;
}

/* After an exec Linux itself is not always done with the old address space
   (6.1 on arm64, two CPUs: 4 of 4000).  That is no leave for a tracer. */
static void say_stale(long stale)
{
	bool traced = atol(status_field("TracerPid")) != 0;

	if (way == EXECS && !traced && stale * 50 <= ROUNDS)
		stale = 0;
	say("%ld of %d counts are stale", stale, ROUNDS);
}

static void accounted(long arg)
{
	long stale = 0;

	way = (enum way)(arg & 15);
	id = segment(page_size());
	signal(SIGCHLD, arg >> 4 == SIGNAL ? on_child : SIG_DFL);
	for (int i = 0; i < ROUNDS; i++)
		stale += one_round(watches[arg >> 4]) != 0;
	say_stale(stale);
}

static void doomed(long arg)
{
	pid_t pid;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		id = segment(page_size());
		attach(id);
		shmctl(id, IPC_RMID, NULL);
		pid = fork();
		if (pid == 0)
			_exit(0);
		reap(pid);
		claim(nattch(id) == 1, "nattch %ld", nattch(id));
	}
	say("done");
}

/* The segment itself is gone, and its id. */
static void nobody_left(long arg)
{
	long alive = 0;
	pid_t pid;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		id = segment(page_size());
		pid = fork();
		if (pid == 0) {
			attach(id);
			shmctl(id, IPC_RMID, NULL);
			if (i % 2)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		reap(pid);
		alive += nattch(id) != -EINVAL;
	}
	say("%ld of %d segments are alive", alive, ROUNDS);
}

/* Children and grandchildren that end in any order. */
static void whole_family(long arg)
{
	long stale = 0;
	char byte;

	(void)arg;
	id = segment(page_size());
	for (int i = 0; i < 50; i++) {
		if (pipe(ends) < 0)
			broken("pipe");
		for (int n = 0; n < 5; n++)
			if (fork() == 0) {
				attach(id);
				if (fork() == 0)
					attach(id);
				_exit(0);
			}
		close(ends[1]);
		await(ends[0], POLLIN | POLLHUP, "end of file");
		stale += read(ends[0], &byte, 1) != 0 || nattch(id) != 0;
		close(ends[0]);
		for (int n = 0; n < 5; n++)
			reap(-1);
	}
	say("%ld counts are stale", stale);
}

static void killed_group(long arg)
{
	long stale = 0;
	struct gate gate;
	pid_t pid, one;

	(void)arg;
	id = segment(page_size());
	gate_init(&gate);
	for (int i = 0; i < 50; i++) {
		pid = 0;
		for (int n = 0; n < 4; n++) {
			one = fork();
			if (one == 0) {
				attach(id);
				gate_open(&gate);
				for (;;)
					detach(attach(id));
			}
			setpgid(one, pid);
			pid = pid ? pid : one;
			gate_pass(&gate, "a child");
		}
		kill(-pid, SIGKILL);
		for (int n = 0; n < 4; n++)
			reap(-1);
		stale += nattch(id) != 0;
	}
	say("%ld counts are stale", stale);
}

#define DEATH(name, way, how) { name, accounted, (how) << 4 | (way), NATIVE }

const struct test tests[] = {
	DEATH("exit_is_accounted_before_waitpid", EXITS, WAITPID),
	DEATH("exit_is_accounted_before_waitid_nowait", EXITS, NOWAIT),
	DEATH("exit_is_accounted_before_pidfd", EXITS, PIDFD),
	DEATH("exit_is_accounted_before_end_of_file", EXITS, END_OF_FILE),
	DEATH("exit_is_accounted_before_sigchld", EXITS, SIGNAL),
	DEATH("exit_is_accounted_before_wnohang", EXITS, WNOHANG_LOOP),
	DEATH("kill_is_accounted_before_waitpid", KILLED, WAITPID),
	DEATH("kill_is_accounted_before_waitid_nowait", KILLED, NOWAIT),
	DEATH("kill_is_accounted_before_pidfd", KILLED, PIDFD),
	DEATH("kill_is_accounted_before_end_of_file", KILLED, END_OF_FILE),
	DEATH("kill_is_accounted_before_sigchld", KILLED, SIGNAL),
	DEATH("exec_is_accounted_before_end_of_file", EXECS, END_OF_FILE),
	DEATH("group_exit_is_accounted_before_waitpid", GROUP_EXITS, WAITPID),
	DEATH("group_exit_is_accounted_before_pidfd", GROUP_EXITS, PIDFD),
	DEATH("group_exit_is_accounted_before_end_of_file", GROUP_EXITS,
	      END_OF_FILE),
	DEATH("exit_by_a_thread_is_accounted_before_waitpid", THREAD_EXITS,
	      WAITPID),
	DEATH("exit_by_a_thread_is_accounted_before_end_of_file",
	      THREAD_EXITS, END_OF_FILE),
	{ "doomed_segment_outlives_children", doomed, 0, NATIVE },
	{ "doomed_segment_dies_with_its_last_process", nobody_left, 0,
	  NATIVE },
	{ "whole_families_are_accounted", whole_family, 0, NATIVE },
	{ "killed_groups_are_accounted", killed_group, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
