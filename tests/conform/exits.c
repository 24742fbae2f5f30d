// SPDX-License-Identifier: MIT
/*
 * exits.c - how a program ends: exit codes and fatal signals of the first
 * program, attached or not, from any of its threads.
 */
#include "kit.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

static void exit_with(long code)
{
	shared(page_size());
	exit((int)code);
}

static void exit_unattached(long code)
{
	_exit((int)code);
}

static void die_by(long sig)
{
	shared(page_size());
	signal((int)sig, SIG_DFL);
	kill(getpid(), (int)sig);
	say("still here");
}

static void *exit_group(void *arg)
{
	syscall(SYS_exit_group, *(long *)arg);
	return NULL;
}

static void exit_from_thread(long code)
{
	pthread_t thread;

	shared(page_size());
	pthread_create(&thread, NULL, exit_group, &code);
	pthread_join(thread, NULL);
	say("still here");
}

static void *exit_last(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	say("%s", round_trip());
	_exit(9);
}

static void leader_first(long code)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	shared(page_size());
	pthread_create(&thread, NULL, exit_last, &self);
	syscall(SYS_exit, code);
}

static void *end_alone(void *arg)
{
	pthread_join(*(pthread_t *)arg, NULL);
	syscall(SYS_exit, 3);
	return NULL;
}

/* Nobody calls exit_group: synchronize_group_exit(), Linux 5.17. */
static void each_thread_alone(long code)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	shared(page_size());
	pthread_create(&thread, NULL, end_alone, &self);
	syscall(SYS_exit, code);
}

static void *die_in_thread(void *arg)
{
	kill(getpid(), (int)*(long *)arg);
	pause();
	return NULL;
}

static void killed_from_thread(long sig)
{
	pthread_t thread;

	shared(page_size());
	pthread_create(&thread, NULL, die_in_thread, &sig);
	pthread_join(thread, NULL);
}

static void write_read_only(long arg)
{
	volatile char *addr = shmat(segment(page_size()), NULL, SHM_RDONLY);

	(void)arg;
	*addr = 1;
	say("still here");
}

static void abort_attached(long arg)
{
	(void)arg;
	shared(page_size());
	abort();
}

/* A daemon that is still there when the first program has ended. */
static void outlived(long code)
{
	static struct gate gate;
	static int first;

	gate_init(&gate);
	first = getpid();
	if (fork() == 0) {
		setsid();
		close(gate.fd[1]);
		await(gate.fd[0], 0, "the end of the first program");
		while (getppid() == first)
			sched_yield();
		say("daemon: %s", round_trip());
		_exit(3);
	}
	close(gate.fd[0]);
	exit((int)code);
}

static void outlived_after_signal(long sig)
{
	struct gate gate;

	gate_init(&gate);
	if (fork() == 0) {
		close(gate.fd[1]);
		await(gate.fd[0], 0, "the end of the first program");
		say("child: %s", round_trip());
		_exit(3);
	}
	shared(page_size());
	kill(getpid(), (int)sig);
}

const struct test tests[] = {
	{ "exit_0", exit_with, 0, NATIVE },
	{ "exit_1", exit_with, 1, NATIVE },
	{ "exit_125", exit_with, 125, NATIVE },
	{ "exit_255", exit_with, 255, NATIVE },
	{ "exit_256_is_0", exit_unattached, 256, NATIVE },
	{ "exit_unattached", exit_unattached, 42, NATIVE },
	{ "signal_hup", die_by, SIGHUP, NATIVE },
	{ "signal_int", die_by, SIGINT, NATIVE },
	{ "signal_quit", die_by, SIGQUIT, NATIVE },
	{ "signal_ill", die_by, SIGILL, NATIVE },
	{ "signal_trap", die_by, SIGTRAP, NATIVE },
	{ "signal_bus", die_by, SIGBUS, NATIVE },
	{ "signal_fpe", die_by, SIGFPE, NATIVE },
	{ "signal_kill", die_by, SIGKILL, NATIVE },
	{ "signal_segv", die_by, SIGSEGV, NATIVE },
	{ "signal_usr1", die_by, SIGUSR1, NATIVE },
	{ "signal_pipe", die_by, SIGPIPE, NATIVE },
	{ "signal_alrm", die_by, SIGALRM, NATIVE },
	{ "signal_term", die_by, SIGTERM, NATIVE },
	{ "signal_chld_is_ignored", die_by, SIGCHLD, NATIVE },
	{ "signal_sys", die_by, SIGSYS, NATIVE },
	{ "signal_realtime", die_by, 34, NATIVE },
	{ "signal_last", die_by, 64, NATIVE },
	{ "abort_attached", abort_attached, 0, NATIVE },
	{ "write_to_a_read_only_attach", write_read_only, 0, NATIVE },
	{ "exit_group_from_a_thread", exit_from_thread, 7, NATIVE },
	{ "leader_ends_before_its_thread", leader_first, 5, NATIVE },
	{ "each_thread_ends_by_itself", each_thread_alone, 6, NATIVE },
	{ "killed_from_a_thread", killed_from_thread, SIGTERM, NATIVE },
	{ "first_program_ends_before_its_child", outlived, 4, NATIVE },
	{ "first_program_is_killed_before_its_child",
	  outlived_after_signal, SIGTERM, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
