// SPDX-License-Identifier: MIT
/*
 * jobs.c - job control: a small shell on a pseudo-terminal starts a job,
 * types at it, stops it and takes it to the foreground and background.
 *
 * Each case comes twice: the job under shmtrace (by $WRAP) and the shell
 * outside, and both of them inside.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_Z = 26, CTRL_BACKSLASH = 28 };
enum where { FOREGROUND, BACKGROUND };

static int master, slave;
static pid_t job;

/* The shell. */

static void take_terminal(void)
{
	struct termios mode;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip("no pseudo-terminal");
	setsid();
	slave = open(ptsname(master), O_RDWR | O_CLOEXEC);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		skip("no controlling terminal");
	tcgetattr(slave, &mode);
	mode.c_lflag &= ~(tcflag_t)(ECHO | TOSTOP);
	mode.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(slave, TCSANOW, &mode);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void to_foreground(pid_t group)
{
	if (tcsetpgrp(slave, group) < 0)
		broken("tcsetpgrp");
}

static _Noreturn void become_job(const char *name, enum where where)
{
	char **argv = wrapped_command(name);

	setpgid(0, 0);
	if (where == FOREGROUND)
		to_foreground(getpid());
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	signal(SIGTTOU, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execv(argv[0], argv);
	broken(argv[0]);
}

/* The next line that the job writes to its terminal. */
static const char *next_line(void)
{
	static char line[256];
	size_t len = 0;

	while (len < sizeof(line) - 1) {
		await(master, POLLIN, "a line of the job");
		if (read(master, line + len, 1) != 1)
			broken("read from the terminal");
		if (line[len] == '\n')
			break;
		len++;
	}
	line[len] = 0;
	return line;
}

/* Returns the line that it starts with. */
static const char *launch_job(const char *name, enum where where)
{
	job = fork();
	if (job < 0)
		broken("fork");
	if (job == 0)
		become_job(name, where);
	setpgid(job, job);
	if (where == FOREGROUND)
		to_foreground(job);
	return strcmp(name, "job_reads") != 0 ? next_line() : NULL;
}

static void start_job(const char *name, enum where where)
{
	const char *line = launch_job(name, where);

	if (line)
		say("job: %s", line);
}

static void press(char key)
{
	if (write(master, &key, 1) != 1)
		broken("write to the terminal");
}

static void type(const char *text)
{
	while (*text)
		press(*text++);
}

static void wait_job(void)
{
	int status;

	if (waitpid(job, &status, WUNTRACED | WCONTINUED) != job)
		broken("waitpid");
	say("shell: %s", status_name(status));
	if (WIFSTOPPED(status))
		to_foreground(getpid());
}

static void resume_job(enum where where)
{
	if (where == FOREGROUND)
		to_foreground(job);
	kill(-job, SIGCONT);
	wait_job();
}

static void say_silence(void)
{
	struct pollfd polled = { .fd = master, .events = POLLIN };

	/* Not a wait for something: there is nothing to wait for. */
	say("%s", poll(&polled, 1, 0) ? "output of a stopped job" : "silence");
}

static void ends_by_key(long key)
{
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	press((char)key);
	wait_job();
}

static void stops_and_goes_on(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	for (int i = 0; i < 5; i++) {
		press(CTRL_Z);
		wait_job();
		say_silence();
		resume_job(FOREGROUND);
		say("job: %s", next_line());
	}
	press(CTRL_C);
	wait_job();
}

static void goes_on_in_background(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	press(CTRL_Z);
	wait_job();
	resume_job(BACKGROUND);
	say("job: %s", next_line());
	to_foreground(job);
	press(CTRL_C);
	wait_job();
}

static void reads_in_background(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_reads", BACKGROUND);
	wait_job();
	resume_job(FOREGROUND);
	type("hello\n");
	say("job: %s", next_line());
	wait_job();
}

static void handles_keys(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_handles", FOREGROUND);
	for (int i = 0; i < 5; i++) {
		press(CTRL_C);
		say("job: %s", next_line());
	}
	press(CTRL_BACKSLASH);
	say("job: %s", next_line());
	type("quit\n");
	say("job: %s", next_line());
	wait_job();
}

/* Sent to the job's first process alone, as by kill(1). */
static void handles_kill(long sig)
{
	take_terminal();
	start_job("job_handles", FOREGROUND);
	for (int i = 0; i < 3; i++) {
		kill(job, (int)sig);
		say("job: %s", next_line());
	}
	type("quit\n");
	say("job: %s", next_line());
	wait_job();
}

/* The child of the job's parent, made by CLONE_PARENT, is not the job. */
static void handles_kill_after_clone_parent(long sig)
{
	take_terminal();
	start_job("job_has_a_brother", FOREGROUND);
	kill(job, (int)sig);
	say("job: %s", next_line());
	type("quit\n");
	say("job: %s", next_line());
	wait_job();
}

static void handles_group_kill(long sig)
{
	take_terminal();
	start_job("job_handles", FOREGROUND);
	for (int i = 0; i < 3; i++) {
		kill(-job, (int)sig);
		say("job: %s", next_line());
	}
	type("quit\n");
	say("job: %s", next_line());
	wait_job();
}

/* By itself, and passed on: the man page's "Parent process". */
static void handles_group_kill_twice(long sig)
{
	int count = -1;

	take_terminal();
	start_job("job_handles", FOREGROUND);
	for (int i = 0; i < 3; i++)
		kill(-job, (int)sig);
	say("job: %s", next_line());
	type("quit\n");
	do
		count++;
	while (strcmp(next_line(), "quit 5") != 0);
	claim(count <= 5, "handled %d times", count + 1);
	say_reaped("job", job);
}

/* The program goes on while shmtrace stands still. */
static void stopped_alone(long arg)
{
	int status;

	(void)arg;
	take_terminal();
	start_job("job_handles", FOREGROUND);
	kill(job, SIGSTOP);
	waitpid(job, &status, WUNTRACED);
	claim(WIFSTOPPED(status), "job: %s", status_name(status));
	press(CTRL_C);
	claim(strcmp(next_line(), "INT 1") == 0, "the program stands still");
	kill(job, SIGCONT);
	type("quit\n");
	claim(strcmp(next_line(), "quit 5") == 0, "another line");
	say_reaped("job", job);
}

static void ends_by_kill(long sig)
{
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	kill(sig < 0 ? -job : job, (int)(sig < 0 ? -sig : sig));
	wait_job();
}

static void stops_by_kill(long sig)
{
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	for (int i = 0; i < 3; i++) {
		kill(-job, (int)sig);
		wait_job();
		say_silence();
		resume_job(FOREGROUND);
		say("job: %s", next_line());
	}
	kill(-job, SIGKILL);
	wait_job();
}

static void stops_itself(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_stops_itself", FOREGROUND);
	for (int i = 0; i < 3; i++) {
		wait_job();
		say_silence();
		resume_job(FOREGROUND);
		type("go\n");
		say("job: %s", next_line());
	}
	wait_job();
}

static void await_traced_stop(pid_t pid)
{
	char path[32];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		sched_yield();
		state = strrchr(file_text(path), ')');
	} while (state && state[2] != 't');
}

/* It stops once more before shmtrace, held by ptrace, can see it go on. */
static void stops_again_unseen(long arg)
{
	pid_t program;
	int status;

	(void)arg;
	take_terminal();
	program = (pid_t)atoi(launch_job("job_tells_and_stops", FOREGROUND));
	wait_job();
	if (ptrace(PTRACE_SEIZE, job, NULL, NULL) < 0)
		broken("PTRACE_SEIZE");
	waitpid(job, &status, __WALL);
	to_foreground(job);
	kill(-job, SIGCONT);
	type("go\n");
	say("job: %s", next_line());
	await_traced_stop(program);
	ptrace(PTRACE_DETACH, job, NULL, NULL);
	waitpid(job, &status, WUNTRACED);
	claim(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, "job: %s",
	      status_name(status));
	kill(-job, SIGKILL);
	reap(job);
}

static void killed_while_stopped(long arg)
{
	(void)arg;
	take_terminal();
	start_job("job_attaches", FOREGROUND);
	press(CTRL_Z);
	wait_job();
	kill(-job, SIGTERM);
	kill(-job, SIGCONT);
	say_reaped("shell", job);
}

static void run_and_leave(void *arg)
{
	const int *ends = arg;

	take_terminal();
	start_job("job_attaches", FOREGROUND);
	if (write(ends[1], &job, sizeof(job)) != sizeof(job))
		broken("write");
}

/* The end of the shell is the hang-up of its foreground. */
static void hangs_up(long arg)
{
	int ends[2];
	pid_t shell;

	(void)arg;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (pipe(ends) < 0)
		broken("pipe");
	shell = start(run_and_leave, ends);
	say_reaped("shell", shell);
	if (read(ends[0], &job, sizeof(job)) != sizeof(job))
		broken("read");
	say_reaped("job", job);
}

/* What is sent when the program has ended is for what it left behind. */
static void left_behind_is_ended(long sig)
{
	int ends[2], status;

	take_terminal();
	if (pipe(ends) < 0)
		broken("pipe");
	start_job("job_leaves_a_daemon", FOREGROUND);
	close(ends[1]);
	kill(job, (int)sig);
	await(ends[0], POLLHUP, "the end of the daemon");
	waitpid(job, &status, 0);
	claim(WIFSIGNALED(status) && WTERMSIG(status) == (int)sig,
	      "shmtrace: %s", status_name(status));
}

static void resizes(long arg)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	(void)arg;
	take_terminal();
	start_job("job_handles", FOREGROUND);
	for (int i = 0; i < 3; i++) {
		size.ws_row++;
		ioctl(master, TIOCSWINSZ, &size);
		say("job: %s", next_line());
	}
	type("quit\n");
	say("job: %s", next_line());
	wait_job();
}

/* A signal of the job to its own group is its own business.  SIGUSR2, which we
   send to its first process alone, comes after whatever SIGUSR1 leads to. */
static void signals_its_group(long name)
{
	take_terminal();
	start_job(name ? "job_whose_child_signals" : "job_signals_its_group",
		  FOREGROUND);
	for (int i = 0; i < 3; i++) {
		say("job: %s", next_line());
		kill(job, SIGUSR2);
		say("job: %s", next_line());
	}
	wait_job();
}

/* setpgid(0, 0) is nothing to the leader of a group. */
static void leads_its_group(long sig)
{
	take_terminal();
	start_job("job_makes_a_group", FOREGROUND);
	if (sig)
		kill(-job, (int)sig);
	else
		press(CTRL_C);
	say("job: %s", next_line());
	wait_job();
}

static void handles_queued(long arg)
{
	union sigval value = { .sival_int = 4711 };

	(void)arg;
	take_terminal();
	start_job("job_takes_queued", FOREGROUND);
	sigqueue(job, SIGUSR1, value);
	say("job: %s", next_line());
	wait_job();
}

static _Noreturn void become_session_leader(const char *name)
{
	char **argv = wrapped_command(name);

	setsid();
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		broken("TIOCSCTTY");
	signal(SIGTTOU, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	dup2(slave, 0);
	execv(argv[0], argv);
	broken(argv[0]);
}

/* The window of a terminal is closed: its first program alone is told. */
static void terminal_goes_away(long stops)
{
	static const char *const names[] = { "job_is_hung_up",
					     "job_is_hung_up_stopped" };
	struct gate gate;

	gate_init(&gate);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip("no pseudo-terminal");
	slave = open(ptsname(master), O_RDWR | O_CLOEXEC | O_NOCTTY);
	job = fork();
	if (job == 0) {
		dup2(gate.fd[1], 3);
		become_session_leader(names[stops]);
	}
	gate_pass(&gate, "the job");
	if (stops)
		if (waitpid(job, NULL, WUNTRACED) != job)
			broken("waitpid");
	close(slave);
	close(master);
	say_reaped("job", job);
}

/* What is left at the end of the job shuts down in its own way. */
static void left_behind_shuts_down(long sig)
{
	int status;

	take_terminal();
	start_job("job_leaves_a_server", FOREGROUND);
	kill(job, (int)sig);
	claim(strcmp(next_line(), "shuts down") == 0, "no shutdown");
	waitpid(job, &status, 0);
	claim(WIFSIGNALED(status) && WTERMSIG(status) == (int)sig,
	      "shmtrace: %s", status_name(status));
}

/* Ctrl-C reaches the job's processes by the terminal, and no second time. */
static void left_behind_is_told_once(long arg)
{
	int status;

	(void)arg;
	take_terminal();
	start_job("job_leaves_a_counter", FOREGROUND);
	press(CTRL_C);
	claim(strcmp(next_line(), "INT 1") == 0, "not told");
	kill(job, SIGTERM); /* the second one: none is told any more */
	waitpid(job, &status, 0);
	claim(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
	      "shmtrace: %s", status_name(status));
}

static void left_behind_at_terminal(long arg)
{
	const char *line;
	int status;

	(void)arg;
	take_terminal();
	start_job("job_leaves_a_daemon", FOREGROUND);
	line = next_line();
	claim(strncmp(line, "shmtrace: process ", 18) == 0 &&
		      strstr(line, " goes on: jobs; Ctrl-C ends it"),
	      "%s", line);
	press(CTRL_Z);
	waitpid(job, &status, WUNTRACED);
	claim(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, "job: %s",
	      status_name(status));
	kill(-job, SIGCONT);
	press(CTRL_C);
	waitpid(job, &status, 0);
	claim(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "job: %s",
	      status_name(status));
}

/* The jobs; they talk to their terminal. */

static volatile sig_atomic_t got[65];

static void count(int sig)
{
	got[sig]++;
}

static void job_attaches(long arg)
{
	int id = segment(page_size());
	int seen = 0;

	(void)arg;
	signal(SIGCONT, count);
	say("ready");
	for (;;) {
		detach(attach(id));
		if (seen != got[SIGCONT]) {
			seen++;
			say("continued %d", seen);
		}
	}
}

static void job_reads(long arg)
{
	char line[64] = "";
	ssize_t len;

	(void)arg;
	shared(page_size());
	len = read(0, line, sizeof(line) - 1);
	say("read %zd: %.*s", len, (int)strcspn(line, "\n"), line);
	exit(4);
}

/* A line for each signal, with how many there were, until it reads one. */
static void job_handles(long arg)
{
	static const int handled[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP,
				       SIGWINCH, SIGUSR1 };
	struct sigaction action = { .sa_handler = count };
	char line[64];
	sigset_t all, none;

	(void)arg;
	shared(page_size());
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &none);
	for (int i = 0; i < 6; i++)
		sigaction(handled[i], &action, NULL);
	say("ready");
	for (;;) {
		struct pollfd polled = { .fd = 0, .events = POLLIN };

		if (ppoll(&polled, 1, NULL, &none) == 1)
			break;
		for (int i = 0; i < 6; i++)
			if (got[handled[i]])
				say("%s %d", sigabbrev_np(handled[i]),
				    got[handled[i]]);
		memset((void *)(uintptr_t)got, 0, sizeof(got));
	}
	say("quit %zd", read(0, line, sizeof(line)));
	exit(3);
}

/* Wait for a signal; others are handled meanwhile. */
static void await_signal(int sig)
{
	sigset_t none;

	sigemptyset(&none);
	while (!got[sig])
		sigsuspend(&none);
}

static void block_and_count(const int *sigs)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	while (*sigs)
		signal(*sigs++, count);
}

static void job_signals_its_group(long by_child)
{
	static const int sigs[] = { SIGUSR1, SIGUSR2, 0 };

	block_and_count(sigs);
	shared(page_size());
	say("ready");
	for (int i = 0; i < 3; i++) {
		pid_t pid = by_child ? fork() : 0;

		if (pid == 0)
			kill(0, SIGUSR1);
		if (by_child && pid == 0)
			_exit(0);
		await_signal(SIGUSR1);
		if (by_child)
			reap(pid);
		say("told");
		await_signal(SIGUSR2);
		say("USR1 %d", got[SIGUSR1]);
		got[SIGUSR1] = got[SIGUSR2] = 0;
	}
	exit(5);
}

static void job_makes_a_group(long arg)
{
	static const int sigs[] = { SIGINT, SIGTERM, 0 };
	siginfo_t info;
	sigset_t set;

	(void)arg;
	block_and_count(sigs);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (setpgid(0, 0) < 0)
		broken("setpgid");
	say("ready");
	say("got %d", sigwaitinfo(&set, &info));
	exit(5);
}

static void job_takes_queued(long arg)
{
	static const int sigs[] = { SIGUSR1, 0 };
	siginfo_t info;
	sigset_t set;

	(void)arg;
	block_and_count(sigs);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	say("ready");
	sigwaitinfo(&set, &info);
	say("code %d, value %d, sender %s", info.si_code,
	    info.si_value.sival_int,
	    info.si_pid == getsid(0) ? "known" : "unknown");
	exit(5);
}

static void job_is_hung_up(long stops)
{
	static const int sigs[] = { SIGHUP, SIGCONT, 0 };

	block_and_count(sigs);
	if (write(3, "", 1) != 1)
		broken("write");
	if (stops)
		raise(SIGSTOP);
	await_signal(SIGHUP);
	await_signal(SIGCONT);
	say("HUP %d, CONT %d", got[SIGHUP], got[SIGCONT]);
	exit(5);
}

/* Left behind: it tells of the first signal, and ends if it is to. */
static void leave(long ends)
{
	static const int sigs[] = { SIGINT, SIGTERM, 0 };
	pid_t first = getpid();
	siginfo_t info;
	sigset_t set;

	shared(page_size());
	block_and_count(sigs);
	if (fork())
		exit(3);
	while (kill(first, 0) == 0)
		sched_yield();
	if (ends)
		setsid();
	say("ready");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigwaitinfo(&set, &info);
	if (ends) {
		say("shuts down");
		exit(0);
	}
	for (int i = 1;; i++) {
		say("INT %d", i);
		sigwaitinfo(&set, &info);
	}
}

static void job_has_a_brother(long arg)
{
	int ends[2];
	long pid;

	if (pipe(ends) < 0)
		broken("pipe");
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL,
		      NULL);
	if (pid < 0)
		broken("clone");
	if (pid == 0)
		_exit(9);
	close(ends[1]);
	await(ends[0], POLLHUP, "the end of the brother");
	job_handles(arg);
}

static void job_stops_itself(long tells)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN };
	char line[16];

	shared(page_size());
	if (tells)
		say("%d", getpid());
	else
		say("ready");
	for (int i = 0; i < 3; i++) {
		raise(stops[i]);
		/* The shell's wait must come before the next stop. */
		if (read(0, line, sizeof(line)) != 3)
			broken("read");
		say("goes on, %s", round_trip());
	}
	exit(6);
}

static void job_leaves_a_daemon(long arg)
{
	pid_t first = getpid();

	(void)arg;
	shared(page_size());
	if (fork())
		exit(3);
	setsid();
	while (kill(first, 0) == 0)
		sched_yield();
	say("ready");
	for (;;)
		pause();
}

#define BOTH(name, run, arg) \
	{ name, run, arg, WRAPPED }, { "inside_" name, run, arg, NATIVE }

const struct test tests[] = {
	BOTH("ctrl_c_ends_the_job", ends_by_key, CTRL_C),
	BOTH("ctrl_backslash_ends_the_job", ends_by_key, CTRL_BACKSLASH),
	BOTH("ctrl_z_and_fg", stops_and_goes_on, 0),
	BOTH("ctrl_z_and_bg", goes_on_in_background, 0),
	BOTH("read_in_the_background_stops", reads_in_background, 0),
	BOTH("keys_are_handled_once", handles_keys, 0),
	BOTH("sigterm_is_handled_once", handles_kill, SIGTERM),
	BOTH("sighup_is_handled_once", handles_kill, SIGHUP),
	BOTH("sigint_is_handled_once", handles_kill, SIGINT),
	BOTH("sigquit_is_handled_once", handles_kill, SIGQUIT),
	{ "inside_sigterm_of_the_group_is_handled_once", handles_group_kill,
	  SIGTERM, NATIVE },
	{ "inside_sigint_of_the_group_is_handled_once", handles_group_kill,
	  SIGINT, NATIVE },
	{ "sigterm_of_the_group_is_handled_at_most_twice",
	  handles_group_kill_twice, SIGTERM, DRIVER },
	{ "sigstop_of_shmtrace_alone_stops_nothing_else", stopped_alone, 0,
	  DRIVER },
	BOTH("sigterm_after_clone_parent_is_handled",
	     handles_kill_after_clone_parent, SIGTERM),
	BOTH("sigterm_ends_the_job", ends_by_kill, SIGTERM),
	BOTH("sighup_ends_the_job", ends_by_kill, SIGHUP),
	BOTH("sigint_ends_the_job", ends_by_kill, SIGINT),
	BOTH("sigquit_ends_the_job", ends_by_kill, SIGQUIT),
	BOTH("sigkill_ends_the_job", ends_by_kill, SIGKILL),
	BOTH("sigterm_of_the_group_ends_the_job", ends_by_kill, -SIGTERM),
	BOTH("sigkill_of_the_group_ends_the_job", ends_by_kill, -SIGKILL),
	BOTH("sigstop_of_the_group_stops_the_job", stops_by_kill, SIGSTOP),
	BOTH("sigtstp_of_the_group_stops_the_job", stops_by_kill, SIGTSTP),
	BOTH("job_stops_itself_and_goes_on", stops_itself, 0),
	{ "job_stops_again_before_shmtrace_goes_on", stops_again_unseen, 0,
	  DRIVER },
	BOTH("stopped_job_is_terminated", killed_while_stopped, 0),
	BOTH("hangup_ends_the_job", hangs_up, 0),
	{ "sigterm_ends_what_is_left_behind", left_behind_is_ended, SIGTERM,
	  DRIVER },
	{ "sigint_ends_what_is_left_behind", left_behind_is_ended, SIGINT,
	  DRIVER },
	BOTH("signal_of_the_job_to_its_group_comes_once", signals_its_group, 0),
	BOTH("signal_of_a_child_to_the_group_comes_once", signals_its_group, 1),
	BOTH("ctrl_c_reaches_a_job_that_makes_a_group", leads_its_group, 0),
	BOTH("sigterm_of_the_group_reaches_one_that_makes_a_group",
	     leads_its_group, SIGTERM),
	BOTH("queued_signal_keeps_its_value", handles_queued, 0),
	BOTH("end_of_the_terminal_is_told", terminal_goes_away, 0),
	BOTH("end_of_the_terminal_wakes_the_stopped", terminal_goes_away, 1),
	{ "sigterm_lets_the_left_behind_shut_down", left_behind_shuts_down,
	  SIGTERM, DRIVER },
	{ "sigint_lets_the_left_behind_shut_down", left_behind_shuts_down,
	  SIGINT, DRIVER },
	{ "ctrl_c_is_told_the_left_behind_once", left_behind_is_told_once, 0,
	  DRIVER },
	{ "left_behind_at_a_terminal_is_named", left_behind_at_terminal, 0,
	  DRIVER },
	BOTH("resize_is_told_once", resizes, 0),
	{ "job_attaches", job_attaches, 0, HIDDEN },
	{ "job_reads", job_reads, 0, HIDDEN },
	{ "job_handles", job_handles, 0, HIDDEN },
	{ "job_signals_its_group", job_signals_its_group, 0, HIDDEN },
	{ "job_whose_child_signals", job_signals_its_group, 1, HIDDEN },
	{ "job_makes_a_group", job_makes_a_group, 0, HIDDEN },
	{ "job_takes_queued", job_takes_queued, 0, HIDDEN },
	{ "job_is_hung_up", job_is_hung_up, 0, HIDDEN },
	{ "job_is_hung_up_stopped", job_is_hung_up, 1, HIDDEN },
	{ "job_leaves_a_server", leave, 1, HIDDEN },
	{ "job_leaves_a_counter", leave, 0, HIDDEN },
	{ "job_has_a_brother", job_has_a_brother, 0, HIDDEN },
	{ "job_stops_itself", job_stops_itself, 0, HIDDEN },
	{ "job_tells_and_stops", job_stops_itself, 1, HIDDEN },
	{ "job_leaves_a_daemon", job_leaves_a_daemon, 0, HIDDEN },
	{ NULL, NULL, 0, NATIVE },
};
