// SPDX-License-Identifier: MIT
/*
 * front.c - passes signals to the program, and its stops and its end on.
 *
 * A signal from the terminal goes to the whole foreground process group, so
 * the program has it already; one that was sent to us alone is passed on.
 * When the program stops we stop in the same way, for the shell to see.  It
 * may go on again before we have stopped: so the tracer, which sees it go on,
 * sends us SIGCONT as well.
 */
#include "tracer/front.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/log.h"
#include "tracer/options.h"
#include "tracer/spawn.h"

struct front {
	pid_t program, tracer;
	bool ended;		/* the program; its status: */
	siginfo_t how;
};

/* Do in ourselves what the signal does by default. */
static void suffer(int sig)
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

_Noreturn static void end_as_program(const struct front *front)
{
	const struct rlimit no_core = { 0, 0 };

	if (front->how.si_code == CLD_EXITED)
		_exit(front->how.si_status);
	setrlimit(RLIMIT_CORE, &no_core);	/* the program has its own */
	suffer(front->how.si_status);
	_exit(128 + front->how.si_status);
}

/* The tracer has ended: so has every program. */
_Noreturn static void tracer_ended(struct front *front, const siginfo_t *how)
{
	bool is_failure = how->si_code != CLD_EXITED || how->si_status != 0;

	if (how->si_code != CLD_EXITED)
		log_warn("the tracer was killed by signal %d, and its programs "
			 "with it", how->si_status);
	if (!front->ended) {
		if (is_failure)
			kill(front->program, SIGKILL);
		waitid(P_PID, (id_t)front->program, &front->how, WEXITED);
	}
	if (is_failure)
		_exit(EXIT_OWN);
	end_as_program(front);
}

static bool has_gone_on(const struct front *front)
{
	siginfo_t info = { .si_pid = 0 };

	waitid(P_PID, (id_t)front->program, &info,
	       WCONTINUED | WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid != 0;
}

static void program_stopped(const struct front *front, int sig)
{
	if (has_gone_on(front))
		return;
	suffer(sig);
	/* We run again; if the program does not, SIGCONT was for us alone. */
	if (!has_gone_on(front))
		kill(front->program, SIGCONT);
}

static void take_children(struct front *front)
{
	for (;;) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_ALL, 0, &info,
			   WEXITED | WSTOPPED | WCONTINUED | WNOHANG) < 0 ||
		    info.si_pid == 0)
			return;
		if (info.si_pid == front->tracer) {
			if (info.si_code != CLD_STOPPED &&
			    info.si_code != CLD_CONTINUED)
				tracer_ended(front, &info);
		} else if (info.si_code == CLD_STOPPED) {
			program_stopped(front, info.si_status);
		} else if (info.si_code != CLD_CONTINUED) {
			front->ended = true;
			front->how = info;
		}
	}
}

static bool ends_us(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP ||
	       sig == SIGQUIT;
}

static void pass_on(struct front *front, const siginfo_t *info)
{
	if (front->ended) {
		/* only what the program left behind is there to end */
		if (ends_us(info->si_signo))
			kill(front->tracer, SIGKILL);
	} else if (info->si_code <= 0 && info->si_signo != SIGCONT) {
		kill(front->program, info->si_signo);
	}
}

_Noreturn void front_run(pid_t program, pid_t tracer)
{
	struct front front = { .program = program, .tracer = tracer };
	sigset_t all;

	spawn_drop_files(-1);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		siginfo_t info;

		take_children(&front);
		if (sigwaitinfo(&all, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(&front, &info);
	}
}
