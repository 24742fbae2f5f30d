// SPDX-License-Identifier: MIT
/*
 * stops.c - stopped and continued processes, as their parent sees them.
 */
#include "kit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct board {
	atomic_long counter;
	atomic_int handled;
	atomic_int leave;
};

static struct board *board;

static void wait_status(const char *what, pid_t pid, int flags)
{
	int status;

	if (waitpid(pid, &status, flags) != pid)
		broken(what);
	say("%s: %s", what, status_name(status));
}

static void count_and_attach(void *arg)
{
	int id = segment(page_size());

	(void)arg;
	while (!board->leave) {
		void *addr = shmat(id, NULL, 0);

		if ((intptr_t)addr == -1 || shmdt(addr) < 0)
			_exit(1);
		board->counter++;
	}
}

static void count_only(void *arg)
{
	(void)arg;
	while (!board->leave)
		board->counter++;
}

static void await_progress(void)
{
	long now = board->counter;

	while (board->counter < now + 3)
		sched_yield();
}

/* Nothing may move between the report of the stop and SIGCONT. */
static void say_standstill(void)
{
	long now = board->counter;

	for (int i = 0; i < 2000; i++)
		sched_yield();
	say("%s", board->counter == now ? "stands still" : "goes on");
}

static void stop_and_continue(pid_t pid, int sig)
{
	await_progress();
	kill(pid, sig);
	wait_status("child", pid, WUNTRACED);
	say_standstill();
	kill(pid, SIGCONT);
	wait_status("child", pid, WCONTINUED);
	await_progress();
}

static void stop_by(long sig)
{
	pid_t pid;

	board = shared(sizeof(*board));
	pid = start(sig < 0 ? count_only : count_and_attach, NULL);
	for (int i = 0; i < 20; i++)
		stop_and_continue(pid, (int)(sig < 0 ? -sig : sig));
	board->leave = 1;
	say_reaped("child", pid);
}

static void kill_stopped(long sig)
{
	int id = segment(page_size());
	pid_t pid;

	board = shared(sizeof(*board));
	attach(id);
	pid = start(count_and_attach, NULL);
	await_progress();
	kill(pid, SIGSTOP);
	wait_status("child", pid, WUNTRACED);
	kill(pid, (int)sig);
	if (sig != SIGKILL)
		kill(pid, SIGCONT);
	say_reaped("child", pid);
	say("nattch %ld", nattch(id));
}

static void stop_itself(void *arg)
{
	(void)arg;
	shared(page_size());
	/* A stop that came before the parent's wait would hide SIGCONT. */
	raise(SIGSTOP);
	while (board->counter < 1)
		sched_yield();
	say("child: goes on, %s", round_trip());
	kill(getpid(), SIGTSTP);
	while (board->counter < 2)
		sched_yield();
	say("child: goes on, %s", round_trip());
	_exit(4);
}

static pid_t start_stopping(void)
{
	board = shared(sizeof(*board));
	return start(stop_itself, NULL);
}

static void self_stop(long arg)
{
	pid_t pid = start_stopping();

	(void)arg;
	for (int i = 0; i < 2; i++) {
		wait_status("child", pid, WUNTRACED);
		kill(pid, SIGCONT);
		wait_status("child", pid, WCONTINUED);
		board->counter++;
	}
	say_reaped("child", pid);
}

static void say_info(const char *what, pid_t pid, int flags)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)pid, &info, flags) < 0)
		broken(what);
	say("%s: code %d, status %d, signal %d, pid %s", what, info.si_code,
	    info.si_status, info.si_signo, info.si_pid == pid ? "child" : "?");
}

static void waitid_stops(long arg)
{
	pid_t pid = start_stopping();

	(void)arg;
	for (int i = 0; i < 2; i++) {
		say_info("peek", pid, WSTOPPED | WNOWAIT);
		say_info("stopped", pid, WSTOPPED);
		kill(pid, SIGCONT);
		say_info("continued", pid, WCONTINUED);
		board->counter++;
	}
	say_info("peek", pid, WEXITED | WNOWAIT);
	say_info("exited", pid, WEXITED);
}

static atomic_int chld[8];

static void on_child(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	chld[info->si_code & 7]++;
}

static void child_signals(long flags)
{
	struct sigaction action = { .sa_sigaction = on_child };
	pid_t pid;

	action.sa_flags = SA_SIGINFO | SA_RESTART | (int)flags;
	sigaction(SIGCHLD, &action, NULL);
	pid = start_stopping();
	for (int i = 0; i < 2; i++) {
		wait_status("child", pid, WUNTRACED);
		/* one that is still pending would swallow the next */
		while (!flags && chld[CLD_STOPPED] <= i)
			sched_yield();
		kill(pid, SIGCONT);
		wait_status("child", pid, WCONTINUED);
		while (!flags && chld[CLD_CONTINUED] <= i)
			sched_yield();
		board->counter++;
	}
	say_reaped("child", pid);
	while (!chld[CLD_EXITED])
		sched_yield();
	say("SIGCHLD: %d stopped, %d continued, %d exited", chld[CLD_STOPPED],
	    chld[CLD_CONTINUED], chld[CLD_EXITED]);
}

static void on_cont(int sig)
{
	(void)sig;
	board->handled++;
}

static void with_cont_handler(void *arg)
{
	signal(SIGCONT, on_cont);
	count_and_attach(arg);
}

static void cont_is_handled(long arg)
{
	pid_t pid;

	(void)arg;
	board = shared(sizeof(*board));
	pid = start(with_cont_handler, NULL);
	for (int i = 0; i < 5; i++) {
		stop_and_continue(pid, SIGSTOP);
		while (board->handled <= i)
			sched_yield();
	}
	say("handled %d", board->handled);
	board->leave = 1;
	say_reaped("child", pid);
}

static void *count_thread(void *arg)
{
	count_and_attach(arg);
	return NULL;
}

static void with_threads(void *arg)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count_thread, NULL);
	count_and_attach(arg);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void all_threads_stop(long arg)
{
	pid_t pid;

	(void)arg;
	board = shared(sizeof(*board));
	pid = start(with_threads, NULL);
	for (int i = 0; i < 5; i++)
		stop_and_continue(pid, SIGSTOP);
	board->leave = 1;
	say_reaped("child", pid);
}

/* A stop ends a sleep of poll() early only for signals with handlers. */
static void sleep_in_poll(void *arg)
{
	struct gate *gate = arg;
	struct pollfd polled = { .fd = gate->fd[0], .events = POLLIN };

	shared(page_size());
	board->counter = 1;
	say("child: poll %d", poll(&polled, 1, 40000));
	say("child: %s", round_trip());
}

static char state_of(pid_t pid)
{
	char path[64];
	const char *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = strrchr(file_text(path), ')');
	return stat && stat[1] && stat[2] ? stat[2] : 0;
}

static void sleep_survives_stop(long arg)
{
	struct gate gate;
	pid_t pid;

	(void)arg;
	gate_init(&gate);
	board = shared(sizeof(*board));
	pid = start(sleep_in_poll, &gate);
	while (!board->counter || state_of(pid) != 'S')
		sched_yield();
	for (int i = 0; i < 3; i++) {
		kill(pid, SIGSTOP);
		wait_status("child", pid, WUNTRACED);
		kill(pid, SIGCONT);
		wait_status("child", pid, WCONTINUED);
	}
	gate_open(&gate);
	say_reaped("child", pid);
}

static void stop_unanswered(void *arg)
{
	(void)arg;
	signal(SIGTSTP, SIG_IGN);
	raise(SIGTSTP);
	say("SIGTSTP ignored");
	setsid();
	signal(SIGTTIN, SIG_DFL);
	raise(SIGTTIN);
	say("orphaned group: SIGTTIN does nothing");
	signal(SIGTTOU, SIG_DFL);
	raise(SIGTTOU);
	say("nor does SIGTTOU");
}

static void stops_that_are_none(long arg)
{
	(void)arg;
	say_reaped("child", start(stop_unanswered, NULL));
}

static void stop_two(long arg)
{
	pid_t one, two;

	(void)arg;
	board = shared(sizeof(*board));
	one = start(count_and_attach, NULL);
	two = start(count_and_attach, NULL);
	setpgid(one, one);
	setpgid(two, one);
	for (int i = 0; i < 3; i++) {
		await_progress();
		kill(-one, SIGTSTP);
		wait_status("one", one, WUNTRACED);
		wait_status("two", two, WUNTRACED);
		say_standstill();
		kill(-one, SIGCONT);
		wait_status("one", one, WCONTINUED);
		wait_status("two", two, WCONTINUED);
	}
	kill(-one, SIGTERM);
	say_reaped("one", one);
	say_reaped("two", two);
}

static void fork_while_stopping(void *arg)
{
	(void)arg;
	while (!board->leave) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (waitpid(pid, NULL, 0) != pid)
			_exit(1);
		board->counter++;
	}
}

static void stops_amid_forks(long arg)
{
	pid_t pid;

	(void)arg;
	board = shared(sizeof(*board));
	pid = start(fork_while_stopping, NULL);
	for (int i = 0; i < 10; i++)
		stop_and_continue(pid, SIGSTOP);
	board->leave = 1;
	say_reaped("child", pid);
}

/* Stop and go without waiting for either. */
static void stop_storm(long arg)
{
	int id = segment(page_size());
	pid_t pid;

	(void)arg;
	board = shared(sizeof(*board));
	pid = start(count_and_attach, NULL);
	await_progress();
	for (int i = 0; i < 300; i++) {
		kill(pid, SIGSTOP);
		kill(pid, SIGCONT);
	}
	await_progress();
	board->leave = 1;
	say_reaped("child", pid);
	say("nattch %ld", nattch(id));
}

const struct test tests[] = {
	{ "sigstop_is_seen_by_the_parent", stop_by, SIGSTOP, NATIVE },
	{ "sigtstp_is_seen_by_the_parent", stop_by, SIGTSTP, NATIVE },
	{ "sigttin_is_seen_by_the_parent", stop_by, SIGTTIN, NATIVE },
	{ "stop_of_a_busy_process", stop_by, -SIGSTOP, NATIVE },
	{ "stopped_process_is_killed", kill_stopped, SIGKILL, NATIVE },
	{ "stopped_process_is_terminated", kill_stopped, SIGTERM, NATIVE },
	{ "process_stops_itself", self_stop, 0, NATIVE },
	{ "waitid_tells_of_stops", waitid_stops, 0, NATIVE },
	{ "sigchld_of_stops", child_signals, 0, NATIVE },
	{ "nocldstop_has_no_sigchld", child_signals, SA_NOCLDSTOP, NATIVE },
	{ "sigcont_is_handled", cont_is_handled, 0, NATIVE },
	{ "all_threads_stop", all_threads_stop, 0, NATIVE },
	{ "sleep_survives_a_stop", sleep_survives_stop, 0, NATIVE },
	{ "stops_that_are_none", stops_that_are_none, 0, NATIVE },
	{ "group_of_two_stops", stop_two, 0, NATIVE },
	{ "stops_amid_forks", stops_amid_forks, 0, NATIVE },
	{ "stop_storm", stop_storm, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
