// SPDX-License-Identifier: MIT
/*
 * supervise.c - the supervisor passes signals on to the program, and stops and
 * ends as the program does.
 *
 * A signal from the terminal goes to the whole foreground process group, so the
 * program has it already.  A signal that a process sent to the supervisor alone
 * is passed on.  When the program stops, the supervisor stops by the same
 * signal, so that the shell sees it.  The program may continue before the
 * supervisor has stopped: so the tracer, which sees the program continue, sends
 * SIGCONT to the supervisor as well.
 */
#include "tracer/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/spawn.h"
#include "tracer/util/exit.h"
#include "tracer/util/log.h"

struct supervisor {
	pid_t program, tracer;
	bool ended;    /* the program has ended, */
	siginfo_t how; /* with this status */
};

/* Stop or end the supervisor by the signal's default action. */
static void act_by_default(int sig)
{
	struct sigaction fatal = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(sig, &fatal, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

_Noreturn static void end_by(int sig)
{
	const struct rlimit no_core = { 0, 0 };

	/* the program has dumped core, if it was to */
	setrlimit(RLIMIT_CORE, &no_core);
	act_by_default(sig);
	_exit(128 + sig);
}

_Noreturn static void end_as_program(const struct supervisor *supervisor)
{
	if (supervisor->how.si_code == CLD_EXITED)
		_exit(supervisor->how.si_status);
	end_by(supervisor->how.si_status);
}

/* The tracer has ended, and with it every program. */
_Noreturn static void tracer_ended(struct supervisor *supervisor,
				   const siginfo_t *how)
{
	bool is_failure = how->si_code != CLD_EXITED || how->si_status != 0;

	if (how->si_code != CLD_EXITED)
		log_warn("the tracer was killed by signal %d, and its programs "
			 "with it", how->si_status);
	if (!supervisor->ended) {
		if (is_failure)
			kill(supervisor->program, SIGKILL);
		waitid(P_PID, (id_t)supervisor->program, &supervisor->how,
		       WEXITED);
	}
	if (is_failure)
		_exit(EXIT_OWN);
	end_as_program(supervisor);
}

/* Has the program continued or ended since the stop that was waited for last?
   It may have stopped again. */
static bool has_gone_on(const struct supervisor *supervisor)
{
	siginfo_t info = { .si_pid = 0 };

	waitid(P_PID, (id_t)supervisor->program, &info,
	       WCONTINUED | WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid != 0;
}

static void program_stopped(const struct supervisor *supervisor, int sig)
{
	if (has_gone_on(supervisor))
		return;
	act_by_default(sig);
	/* The supervisor got SIGCONT; if the program did not, pass it on. */
	if (!has_gone_on(supervisor))
		kill(supervisor->program, SIGCONT);
}

static bool has_ended(const siginfo_t *info)
{
	return info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED;
}

static bool ends_supervisor(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP ||
	       sig == SIGQUIT;
}

/*
 * Discard the signals that are pending, then reap the program.  A signal that
 * came before the program's end was meant for the program, which may have ended
 * by its own copy.  Discard before reaping: a caller who has seen the program's
 * pid vanish must not have his next signal discarded here.
 */
static void program_ended(struct supervisor *supervisor)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	for (int sig = 1; sig < 32; sig++)
		if (ends_supervisor(sig))
			sigaddset(&set, sig);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
	waitid(P_PID, (id_t)supervisor->program, &supervisor->how, WEXITED);
	supervisor->ended = true;
}

/* The next child that has stopped, continued or ended; false: none.  A child
   that has ended is not reaped. */
static bool next_child(siginfo_t *info)
{
	const int changes = WSTOPPED | WCONTINUED | WNOHANG;

	for (;;) {
		pid_t pid;

		info->si_pid = 0;
		if (waitid(P_ALL, 0, info, changes | WEXITED | WNOWAIT) < 0 ||
		    info->si_pid == 0)
			return false;
		if (has_ended(info))
			return true;
		pid = info->si_pid;
		info->si_pid = 0;
		if (waitid(P_PID, (id_t)pid, info, changes) == 0 &&
		    info->si_pid)
			return true;
	}
}

/* Other children: those that the program clones with CLONE_PARENT, and those
   that this process had before its execve(). */
static void take_children(struct supervisor *supervisor)
{
	siginfo_t info;

	while (next_child(&info)) {
		if (info.si_pid == supervisor->tracer) {
			if (has_ended(&info))
				tracer_ended(supervisor, &info);
		} else if (info.si_pid != supervisor->program) {
			if (has_ended(&info))
				waitid(P_PID, (id_t)info.si_pid, &info,
				       WEXITED);
		} else if (has_ended(&info)) {
			program_ended(supervisor);
		} else if (info.si_code == CLD_STOPPED) {
			program_stopped(supervisor, info.si_status);
		}
	}
}

/* The program has ended, and processes that it started run on: end them with
   the tracer. */
_Noreturn static void end_run(struct supervisor *supervisor, int sig)
{
	siginfo_t info;

	kill(supervisor->tracer, SIGKILL);
	waitid(P_PID, (id_t)supervisor->tracer, &info, WEXITED);
	end_by(sig);
}

static void forward(struct supervisor *supervisor, const siginfo_t *info)
{
	if (!supervisor->ended) {
		if (info->si_code <= 0 && info->si_signo != SIGCONT)
			kill(supervisor->program, info->si_signo);
	} else if (ends_supervisor(info->si_signo)) {
		end_run(supervisor, info->si_signo);
	}
}

_Noreturn void supervise_run(pid_t program, pid_t tracer)
{
	struct supervisor supervisor = { .program = program, .tracer = tracer };
	sigset_t all;

	spawn_drop_files(-1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		siginfo_t info;

		take_children(&supervisor);
		if (sigwaitinfo(&all, &info) > 0 && info.si_signo != SIGCHLD)
			forward(&supervisor, &info);
	}
}
