// SPDX-License-Identifier: MIT
/*
 * storms.c - many things at once: signals, stops, threads, forks and execs
 * while attachments come and go.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/chaos.h"

struct board {
	atomic_int leave;
	atomic_int sent, handled;
	atomic_int bad;
};

static struct board *board;
static int id;

static void attach_once(void)
{
	char *addr = shmat(id, NULL, 0);

	if ((intptr_t)addr == -1 || shmdt(addr) < 0)
		board->bad++;
}

static void prepare(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	id = segment(4 * page_size());
	board = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		broken("mmap");
}

static void verdict(void)
{
	say("%d bad, nattch %ld, %s", board->bad, nattch(id), round_trip());
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_code != SI_QUEUE || info->si_value.sival_int != 17)
		board->bad++;
	board->handled++;
}

static void *attach_until_left(void *arg)
{
	while (!board->leave)
		attach_once();
	return arg;
}

static void handle_and_attach(void *arg)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t threads[4];
	long count = *(long *)arg;

	for (int sig = SIGRTMIN; sig < SIGRTMIN + 4; sig++)
		sigaction(sig, &action, NULL);
	board->sent = 1;
	for (long i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, attach_until_left, NULL);
	attach_until_left(NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void signals(long threads)
{
	union sigval value = { .sival_int = 17 };
	int rounds = chaos_rounds(1000);
	pid_t pid;

	prepare();
	pid = start(handle_and_attach, &threads);
	while (!board->sent)
		sched_yield();
	for (int i = 0; i < rounds; i++) {
		while (sigqueue(pid, SIGRTMIN + (int)chaos(4), value) < 0)
			sched_yield();
		if (chaos(10) == 0)
			chaos_pause(200);
	}
	while (board->handled < rounds)
		sched_yield();
	board->leave = 1;
	say_reaped("child", pid);
	say("%s", board->handled == rounds ? "all handled" : "too many");
	verdict();
}

/* Stops, continuations and ignored signals in any order. */
static void stops(long threads)
{
	static const int mix[] = { SIGSTOP, SIGTSTP, SIGCONT, SIGCONT,
				   SIGWINCH, SIGURG, SIGTTIN };
	int rounds = chaos_rounds(500);
	pid_t pid;

	prepare();
	pid = start(handle_and_attach, &threads);
	while (!board->sent)
		sched_yield();
	for (int i = 0; i < rounds; i++) {
		kill(pid, mix[chaos(7)]);
		if (chaos(4) == 0)
			chaos_pause(300);
	}
	board->leave = 1;
	kill(pid, SIGCONT);
	say_reaped("child", pid);
	verdict();
}

static void attach_until_killed(void *arg)
{
	(void)arg;
	for (;;)
		attach_once();
}

/* Calls that only want an answer, while others stop all the time. */
static void answers(long processes)
{
	int rounds = chaos_rounds(2000);
	pid_t pids[24];

	prepare();
	for (long i = 0; i < processes; i++)
		pids[i] = start(attach_until_killed, NULL);
	for (int i = 0; i < rounds; i++)
		if (shmget(IPC_PRIVATE, 0, 0) != -1 || nattch(id) < 0)
			board->bad++;
	for (long i = 0; i < processes; i++) {
		kill(pids[i], SIGKILL);
		reap(pids[i]);
	}
	verdict();
}

/* A thread execs while the others attach. */
static void *exec_soon(void *arg)
{
	chaos_pause(1000);
	execl("/bin/true", "true", NULL);
	return arg;
}

static void exec_amid_threads(void *arg)
{
	pthread_t thread;

	chaos_branch(*(uint32_t *)arg);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, attach_until_left, NULL);
	pthread_create(&thread, NULL, exec_soon, NULL);
	attach_until_left(NULL);
}

static void execs(long arg)
{
	int rounds = chaos_rounds(50);

	(void)arg;
	prepare();
	for (int i = 0; i < rounds; i++) {
		uint32_t seed = chaos(1 << 30);
		int status = reap(start(exec_amid_threads, &seed));

		claim(status == 0 && nattch(id) == 0,
		      "round %d: %s, nattch %ld", i, status_name(status),
		      nattch(id));
	}
	verdict();
}

static void vfork_once(void)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		attach_once();
		_exit(5);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 5)
		board->bad++;
}

static void *vfork_thread(void *arg)
{
	for (int i = 0; i < chaos_rounds(50); i++) {
		vfork_once();
		attach_once();
	}
	return arg;
}

static void vforks(long arg)
{
	pthread_t threads[4];

	(void)arg;
	prepare();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, vfork_thread, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	verdict();
}

/* Forks while other threads attach: the child has what was there then. */
static void *fork_thread(void *arg)
{
	for (int i = 0; i < chaos_rounds(50); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			attach_once();
			_exit(0);
		}
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return arg;
}

static void forks(long arg)
{
	pthread_t threads[4];

	(void)arg;
	prepare();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, i % 2 ? fork_thread :
			       attach_until_left, NULL);
	pthread_join(threads[1], NULL);
	pthread_join(threads[3], NULL);
	board->leave = 1;
	pthread_join(threads[0], NULL);
	pthread_join(threads[2], NULL);
	verdict();
}

static void tree(void *arg)
{
	int depth = *(int *)arg - 1;

	attach(id);
	attach_once();
	for (int i = 0; i < 2 && depth > 0; i++)
		start(tree, &depth);
	if (chaos(2))
		detach(attach(id));
	if (chaos(3) == 0)
		kill(getpid(), SIGKILL);
}

/* Processes that end before, with and after their children. */
static void trees(long arg)
{
	int depth = 6;

	(void)arg;
	prepare();
	for (int i = 0; i < 5; i++) {
		start(tree, &depth);
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			;
		claim(nattch(id) == 0, "nattch %ld", nattch(id));
	}
	verdict();
}

static void one_of_all(void *arg)
{
	chaos_branch((uint32_t)*(int *)arg);
	for (int i = 0; i < chaos_rounds(60); i++) {
		char *addr = attach(id), *other;
		pid_t pid;

		switch (chaos(6)) {
		case 0:
			pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
			break;
		case 1:
			munmap(addr + page_size(), page_size());
			break;
		case 2:
			other = attach(id);
			shmdt(other);
			break;
		case 3:
			shmat(id, addr, SHM_REMAP);
			break;
		case 4:
			mprotect(addr, page_size(), PROT_READ);
			break;
		default:
			break;
		}
		if (shmdt(addr) < 0)
			board->bad++;
	}
}

static void everything(long count)
{
	prepare();
	for (int i = 0; i < count; i++)
		start(one_of_all, &i);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	verdict();
}

static void sleep_until_killed(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

/* The same where a walk over all tasks is dear. */
static void beside_idle(long count)
{
	static pid_t idle[100];

	prepare();
	for (int i = 0; i < 100; i++)
		idle[i] = start(sleep_until_killed, NULL);
	for (int i = 0; i < count; i++)
		start(one_of_all, &i);
	for (long left = count; left > 0; left--)
		if (waitpid(-1, NULL, 0) < 0)
			broken("waitpid");
	for (int i = 0; i < 100; i++) {
		kill(idle[i], SIGKILL);
		reap(idle[i]);
	}
	verdict();
}

/* All threads end, and the last one leaves with an attachment. */
static void *end_alone(void *arg)
{
	attach_once();
	attach(id);
	syscall(SYS_exit, 0);
	return arg;
}

static void end_one_by_one(void *arg)
{
	pthread_t thread;

	(void)arg;
	for (int i = 0; i < 20; i++)
		if (pthread_create(&thread, NULL, end_alone, NULL))
			_exit(1);
	attach_once();
	syscall(SYS_exit, 0);
}

static void leaders(long arg)
{
	(void)arg;
	prepare();
	for (int i = 0; i < 30; i++) {
		int status = reap(start(end_one_by_one, NULL));

		claim(status == 0 && nattch(id) == 0,
		      "round %d: %s, nattch %ld", i, status_name(status),
		      nattch(id));
	}
	verdict();
}

const struct test tests[] = {
	{ "signals_amid_attaches", signals, 0, NATIVE },
	{ "signals_amid_attaches_of_threads", signals, 4, NATIVE },
	{ "stops_amid_attaches", stops, 0, NATIVE },
	{ "stops_amid_attaches_of_threads", stops, 4, NATIVE },
	{ "answers_amid_attaches_of_processes", answers, 24, NATIVE },
	{ "execs_amid_attaches_of_threads", execs, 0, NATIVE },
	{ "vforks_by_four_threads", vforks, 0, NATIVE },
	{ "forks_amid_attaches_of_threads", forks, 0, NATIVE },
	{ "trees_of_processes", trees, 0, NATIVE },
	{ "six_processes_do_everything", everything, 6, NATIVE },
	{ "six_processes_beside_100_idle_ones", beside_idle, 6, NATIVE },
	{ "threads_end_one_by_one", leaders, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
