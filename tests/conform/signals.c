// SPDX-License-Identifier: MIT
/*
 * signals.c - signals of a program reach it once, whole and in time, and
 * shared-memory calls leave its signal state alone.
 */
#include "kit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"

typedef void handler(int sig, siginfo_t *info, void *context);

static void on(int sig, handler *handle, int flags)
{
	struct sigaction action = { .sa_sigaction = handle,
				    .sa_flags = SA_SIGINFO | flags };

	if (sigaction(sig, &action, NULL) < 0)
		broken("sigaction");
}

static void mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static void attach_loop(int rounds)
{
	int id = segment(page_size());

	for (int i = 0; i < rounds; i++) {
		void *addr = shmat(id, NULL, 0);

		claim((intptr_t)addr != -1, "shmat: %s", error_name(errno));
		claim(shmdt(addr) == 0, "shmdt: %s", error_name(errno));
	}
	claim(nattch(id) == 0, "nattch %ld", nattch(id));
	shmctl(id, IPC_RMID, NULL);
}

/* All that the kernel tells of the signal state. */
struct state {
	unsigned char actions[65][64];
	sigset_t blocked, pending;
	stack_t stack;
};

static void read_state(struct state *state)
{
	memset(state, 0, sizeof(*state));
	for (int sig = 1; sig <= 64; sig++)
		syscall(SYS_rt_sigaction, sig, NULL, state->actions[sig], 8);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &state->blocked, 8);
	syscall(SYS_rt_sigpending, &state->pending, 8);
	sigaltstack(NULL, &state->stack);
}

static void ignore_it(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

static void state_is_kept(long arg)
{
	static char other[65536];
	static struct state before, after;
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };

	(void)arg;
	sigaltstack(&stack, NULL);
	on(SIGUSR1, ignore_it, SA_RESTART | SA_ONSTACK);
	on(SIGTRAP, ignore_it, SA_NODEFER);
	on(SIGSEGV, ignore_it, (int)SA_RESETHAND);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGSYS, SIG_IGN);
	for (int sig = SIGTRAP; sig <= 64; sig += 3)
		if (sig != 32 && sig != 33)
			mask(SIG_BLOCK, sig);
	raise(SIGTRAP);
	raise(SIGALRM);
	kill(getpid(), SIGRTMAX);
	read_state(&before);
	attach_loop(5);
	read_state(&after);
	say("signal state %s", memcmp(&before, &after, sizeof(before)) ?
	    "has changed" : "is as before");
	say("SIGTRAP is %s", sigismember(&after.pending, SIGTRAP) ? "pending" :
	    "not pending");
}

static volatile int seen, last_value;

static void tell(int sig, siginfo_t *info, void *context)
{
	(void)context;
	seen++;
	last_value = info->si_value.sival_int;
	say("%d: code %d, pid %s, uid %s, value %d", sig, info->si_code,
	    info->si_pid == getpid() ? "mine" :
	    info->si_pid == getppid() ? "parent" : "another",
	    info->si_uid == getuid() ? "mine" : "another",
	    info->si_code == SI_QUEUE ? info->si_value.sival_int : 0);
}

static void siginfo_of_senders(long arg)
{
	union sigval value = { .sival_int = 4711 };

	(void)arg;
	shared(page_size());
	on(SIGUSR1, tell, 0);
	on(SIGRTMIN + 1, tell, 0);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR1);
	sigqueue(getpid(), SIGUSR1, value);
	sigqueue(getpid(), SIGRTMIN + 1, value);
	if (fork() == 0) {
		sigqueue(getppid(), SIGUSR1, value);
		_exit(0);
	}
	while (seen < 5)
		sched_yield();
	reap(-1);
}

static volatile int received[65], sum;

static void add(int sig, siginfo_t *info, void *context)
{
	(void)context;
	received[sig]++;
	sum += info->si_value.sival_int;
}

enum { STORM = 500 };

static void queue_many(void *arg)
{
	pid_t to = *(pid_t *)arg;
	union sigval value;

	for (int i = 0; i < STORM; i++) {
		value.sival_int = i;
		while (sigqueue(to, SIGRTMIN + i % 3, value) < 0)
			sched_yield();
	}
}

/* Queued signals are never lost, however busy the program attaches. */
static void queued_storm(long arg)
{
	pid_t self = getpid(), pid;
	int total = 0;

	(void)arg;
	for (int i = 0; i < 3; i++)
		on(SIGRTMIN + i, add, SA_RESTART);
	pid = start(queue_many, &self);
	do {
		attach_loop(1);
		total = received[SIGRTMIN] + received[SIGRTMIN + 1] +
			received[SIGRTMIN + 2];
	} while (total < STORM);
	say_reaped("sender", pid);
	attach_loop(3);
	say("received %d %d %d, sum %d", received[SIGRTMIN],
	    received[SIGRTMIN + 1], received[SIGRTMIN + 2], sum);
}

static volatile int trips, bad_trips;

static void attach_inside(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	if (strcmp(round_trip(), "round trip ok") != 0)
		bad_trips++;
	/* It must not go on: a slow machine would do nothing else. */
	if (++trips == 100)
		setitimer(ITIMER_REAL,
			  &(struct itimerval){ { 0, 0 }, { 0, 0 } },
			  NULL);
}

static void handler_attaches(long arg)
{
	struct itimerval timer = { { 0, 500 }, { 0, 500 } };

	(void)arg;
	on(SIGALRM, attach_inside, 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (trips < 100)
		attach_loop(1);
	say("%d bad trips", bad_trips);
}

static sigjmp_buf back;

static void jump(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	trips++;
	siglongjmp(back, sig);
}

/* A handler need not return: a call is either done or was never made. */
static void handler_jumps(long arg)
{
	struct itimerval timer = { { 0, 0 }, { 0, 300 } };
	static int id, rounds;

	(void)arg;
	id = segment(page_size());
	on(SIGALRM, jump, 0);
	while (rounds++ < 200) {
		if (sigsetjmp(back, 1) == 0) {
			setitimer(ITIMER_REAL, &timer, NULL);
			for (;;)
				shmget(IPC_PRIVATE, 0, 0);
		}
	}
	say("jumped %d times, nattch %ld", trips, nattch(id));
	attach_loop(2);
}

static void timers(long arg)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 3 };
	struct itimerspec when = { { 0, 1000000 }, { 0, 1000000 } };
	timer_t timer;

	(void)arg;
	event.sigev_value.sival_int = 99;
	on(SIGRTMIN + 3, add, 0);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		broken("timer_create");
	timer_settime(timer, 0, &when, NULL);
	while (received[SIGRTMIN + 3] < 100)
		attach_loop(1);
	timer_delete(timer);
	say("values %s", sum == 99 * received[SIGRTMIN + 3] ? "whole" :
	    "broken");
}

static void kick(void *arg)
{
	const int *ends = arg;
	char path[64], state = 0;

	/* Until the reader sleeps in its read. */
	while (state != 'S') {
		const char *stat;

		sched_yield();
		snprintf(path, sizeof(path), "/proc/%d/stat", getppid());
		stat = strrchr(file_text(path), ')');
		state = 0;
		if (stat && stat[1] && stat[2])
			state = stat[2];
	}
	kill(getppid(), SIGUSR1);
	if (ends[2] && write(ends[1], "x", 1) != 1)
		broken("write");
}

static void interrupted_read(long flags)
{
	int ends[3] = { 0, 0, flags & SA_RESTART ? 1 : 0 };
	char byte;
	pid_t pid;

	if (pipe(ends) < 0)
		broken("pipe");
	detach(shared(page_size()));
	on(SIGUSR1, tell, (int)flags);
	pid = start(kick, ends);
	say_result("read", read(ends[0], &byte, 1));
	say_reaped("sender", pid);
}

/* restart_syscall(2) after a stop: the rest of the time is slept. */
static void stopped_sleep(long arg)
{
	struct timespec span = { 0, 300000000 }, from, to;
	int ends[3] = { 0, 0, 0 };
	pid_t pid;
	long ms;

	(void)arg;
	detach(shared(page_size()));
	on(SIGCONT, ignore_it, SA_RESTART);
	signal(SIGCONT, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	pid = start(kick, ends);
	clock_gettime(CLOCK_MONOTONIC, &from);
	say_result("nanosleep", nanosleep(&span, NULL));
	clock_gettime(CLOCK_MONOTONIC, &to);
	ms = (to.tv_sec - from.tv_sec) * 1000 +
	     (to.tv_nsec - from.tv_nsec) / 1000000;
	say("slept %s", ms >= 300 ? "enough" : "too short");
	say_reaped("sender", pid);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	say("SIGTRAP: code %d", info->si_code);
	if (info->si_code != SI_USER && info->si_code != SI_TKILL)
		cpu_skip_breakpoint(context);
}

static void own_breakpoints(long arg)
{
	(void)arg;
	shared(page_size());
	on(SIGTRAP, on_trap, 0);
	for (int i = 0; i < 3; i++) {
		cpu_breakpoint();
		detach(shared(page_size()));
	}
	raise(SIGTRAP);
	kill(getpid(), SIGTRAP);
	say("after all");
}

static void breakpoint_in_child(void *arg)
{
	long how = *(long *)arg;

	shared(page_size());
	if (how)
		signal(SIGTRAP, SIG_IGN);
	else
		mask(SIG_BLOCK, SIGTRAP);
	raise(SIGTRAP);
	attach_loop(3);
	say("raised");
	cpu_breakpoint();
	say("still here");
}

static void breakpoint_refused(long how)
{
	say_reaped("child", start(breakpoint_in_child, &how));
}

static void default_breakpoint(long arg)
{
	(void)arg;
	shared(page_size());
	cpu_breakpoint();
	say("still here");
}

static volatile int steps, stepping;

static void on_step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	steps++;
	if (info->si_code != TRAP_TRACE)
		say("step has code %d", info->si_code);
	if (!stepping)
		cpu_step_off(context);
}

/* Each instruction gives one SIGTRAP, a system call as any other. */
static void single_steps(long nr)
{
	int id = segment(page_size());
	long result;

	if (!CPU_CAN_STEP)
		skip("this CPU cannot set its trap flag");
	on(SIGTRAP, on_step, 0);
	for (int i = 0; i < 3; i++) {
		steps = 0;
		stepping = 1;
		cpu_step_on();
		result = syscall(nr, id, NULL, 0);
		stepping = 0;
		say("%d steps%s", steps, result == -1 ? ", refused" : "");
	}
	say("nattch %ld", nattch(id));
}

static void pending_waited_for(long arg)
{
	union sigval value = { .sival_int = 12 };
	siginfo_t info;
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTRAP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigqueue(getpid(), SIGUSR1, value);
	attach_loop(3);
	say("got %d", sigwaitinfo(&set, &info));
	say("code %d, value %d", info.si_code, info.si_value.sival_int);
	raise(SIGTRAP);
	attach_loop(3);
	say("got %d", sigwaitinfo(&set, &info));
	say("code %d", info.si_code);
}

static void signal_descriptors(long arg)
{
	struct signalfd_siginfo info;
	union sigval value = { .sival_int = 5 };
	sigset_t set;
	int fd;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	sigqueue(getpid(), SIGUSR1, value);
	attach_loop(3);
	await(fd, POLLIN, "the signal");
	say_result("read", read(fd, &info, sizeof(info)));
	say("%u: code %d, value %d", info.ssi_signo, info.ssi_code,
	    info.ssi_int);
}

static void on_child(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	say("SIGCHLD: code %d, status %d, uid %s", info->si_code,
	    info->si_status, info->si_uid == getuid() ? "mine" : "another");
	seen++;
}

static void die(void *arg)
{
	shared(page_size());
	if (*(int *)arg)
		kill(getpid(), *(int *)arg);
	_exit(3);
}

static void child_signals(long arg)
{
	int how[] = { 0, SIGTERM, SIGKILL };

	(void)arg;
	on(SIGCHLD, on_child, SA_RESTART);
	for (int i = 0; i < 3; i++) {
		pid_t pid = start(die, &how[i]);

		while (seen <= i)
			sched_yield();
		say_reaped("child", pid);
	}
}

static void no_zombies(long arg)
{
	int how = 0;

	on(SIGCHLD, on_child, (int)arg);
	if (!arg)
		signal(SIGCHLD, SIG_IGN);
	start(die, &how);
	say_result("wait", wait(NULL));
}

static void *to_itself(void *arg)
{
	on(SIGUSR2, tell, 0);
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
	attach_loop(3);
	return arg;
}

static void directed_at_threads(long arg)
{
	pthread_t thread;

	(void)arg;
	mask(SIG_BLOCK, SIGUSR1);
	pthread_create(&thread, NULL, to_itself, NULL);
	pthread_join(thread, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	attach_loop(3);
	on(SIGUSR1, tell, 0);
	mask(SIG_UNBLOCK, SIGUSR1);
	say("seen %d", seen);
}

static void on_other_stack(int sig, siginfo_t *info, void *context)
{
	stack_t stack;

	(void)sig;
	(void)info;
	(void)context;
	sigaltstack(NULL, &stack);
	say("%s, %s", stack.ss_flags & SS_ONSTACK ? "on it" : "not on it",
	    round_trip());
}

static void alternate_stack(long arg)
{
	static char other[65536];
	stack_t stack = { .ss_sp = other, .ss_size = sizeof(other) };

	(void)arg;
	sigaltstack(&stack, NULL);
	on(SIGUSR1, on_other_stack, SA_ONSTACK);
	raise(SIGUSR1);
	say("%s", round_trip());
}

static void suspended(long arg)
{
	int ends[3] = { 0, 0, 0 };
	sigset_t none;
	pid_t pid;

	(void)arg;
	on(SIGUSR1, tell, 0);
	mask(SIG_BLOCK, SIGUSR1);
	pid = start(kick, ends);
	sigemptyset(&none);
	say_result("sigsuspend", sigsuspend(&none));
	say_reaped("sender", pid);
}

static void reset_by_exec(long arg)
{
	static struct state state;
	struct sigaction action;

	(void)arg;
	if (!getenv("EXECED")) {
		shared(page_size());
		on(SIGUSR1, tell, 0);
		signal(SIGUSR2, SIG_IGN);
		mask(SIG_BLOCK, SIGTERM);
		raise(SIGTERM);
		setenv("EXECED", "1", 1);
		execl("/proc/self/exe", "signals", "state_across_exec", NULL);
		broken("exec");
	}
	read_state(&state);
	sigaction(SIGUSR1, NULL, &action);
	say("handled: %s", action.sa_handler == SIG_DFL ? "default" : "?");
	sigaction(SIGUSR2, NULL, &action);
	say("ignored: %s", action.sa_handler == SIG_IGN ? "ignored" : "?");
	say("blocked %d, pending %d", sigismember(&state.blocked, SIGTERM),
	    sigismember(&state.pending, SIGTERM));
}

static void inherited_state(long arg)
{
	struct sigaction action;
	sigset_t set;

	(void)arg;
	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int sig = 1; sig <= 64; sig++) {
		if (sig == 32 || sig == 33)
			continue;
		sigaction(sig, NULL, &action);
		if (action.sa_handler != SIG_DFL)
			say("%d is not default at the start", sig);
		if (sigismember(&set, sig))
			say("%d is blocked at the start", sig);
	}
	say("that is all");
}

static void floating_point(int sig, siginfo_t *info, void *context)
{
	(void)context;
	say("%d: code %d", sig, info->si_code);
	siglongjmp(back, 1);
}

static void synchronous(long arg)
{
	volatile int *nowhere = shared(page_size());

	(void)arg;
	shmdt((const void *)(uintptr_t)nowhere);
	on(SIGSEGV, floating_point, SA_NODEFER);
	on(SIGILL, floating_point, SA_NODEFER);
	if (sigsetjmp(back, 1) == 0)
		*nowhere = 1;
	if (sigsetjmp(back, 1) == 0)
		__builtin_trap();
	say("%s", round_trip());
	signal(SIGSEGV, SIG_IGN);
	*nowhere = 1;
	say("still here");
}

const struct test tests[] = {
	{ "signal_state_is_kept", state_is_kept, 0, NATIVE },
	{ "siginfo_of_senders", siginfo_of_senders, 0, NATIVE },
	{ "no_queued_signal_is_lost", queued_storm, 0, NATIVE },
	{ "handlers_attach_amid_attaches", handler_attaches, 0, NATIVE },
	{ "handlers_jump_out_of_calls", handler_jumps, 0, NATIVE },
	{ "timers_keep_their_values", timers, 0, NATIVE },
	{ "read_is_interrupted", interrupted_read, 0, NATIVE },
	{ "read_is_restarted", interrupted_read, SA_RESTART, NATIVE },
	{ "sleep_goes_on_after_an_ignored_signal", stopped_sleep, 0, NATIVE },
	{ "own_breakpoints", own_breakpoints, 0, NATIVE },
	{ "breakpoint_with_sigtrap_blocked", breakpoint_refused, 0, NATIVE },
	{ "breakpoint_with_sigtrap_ignored", breakpoint_refused, 1, NATIVE },
	{ "breakpoint_without_a_handler", default_breakpoint, 0, NATIVE },
	{ "single_steps_over_getppid", single_steps, SYS_getppid, NATIVE },
	{ "single_steps_over_shmat", single_steps, SYS_shmat, NATIVE },
	{ "single_steps_over_shmctl", single_steps, SYS_shmctl, NATIVE },
	{ "pending_signals_are_waited_for", pending_waited_for, 0, NATIVE },
	{ "signal_descriptors", signal_descriptors, 0, NATIVE },
	{ "siginfo_of_children", child_signals, 0, NATIVE },
	{ "ignored_children_leave_no_zombie", no_zombies, 0, NATIVE },
	{ "nocldwait_leaves_no_zombie", no_zombies, SA_NOCLDWAIT | SA_RESTART,
	  NATIVE },
	{ "signals_directed_at_threads", directed_at_threads, 0, NATIVE },
	{ "alternate_stack", alternate_stack, 0, NATIVE },
	{ "sigsuspend", suspended, 0, NATIVE },
	{ "state_across_exec", reset_by_exec, 0, NATIVE },
	{ "no_signal_state_at_the_start", inherited_state, 0, NATIVE },
	{ "faults_in_the_program", synchronous, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
