// SPDX-License-Identifier: MIT
/*
 * supervise.c - the supervisor passes signals on to the program, and stops and
 * ends as the program does.
 *
 * A signal from the terminal goes to the whole foreground process group, so the
 * program has it already, and a signal that a process of the run sent is not
 * meant for the supervisor.  All others are passed on.  When the program stops,
 * the supervisor stops by the same signal, so that the shell sees it.  The
 * program may continue before the supervisor has stopped: so the tracer, which
 * sees the program continue, sends SIGCONT to the supervisor as well.
 */
#include "tracer/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/orphans.h"
#include "tracer/spawn.h"
#include "tracer/util/exit.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

enum {
	KILL_AFTER = 2, /* seconds from SIGTERM to SIGKILL */
	SAY_AFTER = 1,	/* from the program's end to a line on it */
};

struct supervisor {
	pid_t program, tracer;
	enum orphans_mode orphans;
	bool ended;    /* the program has ended, */
	siginfo_t how; /* with this status */

	/* What is left when the program has ended. */
	int telling;  /* the signal to send when the tracer has stopped, */
	pid_t except; /* but not to this process group; 0: none */
	bool told;    /* it is sent: the next signal kills */
	int ends_by;  /* the signal that the supervisor ends by, or 0 */
	enum due { NOTHING, SAY, KILL } due;
	struct timespec when; /* CLOCK_MONOTONIC */
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
	if (supervisor->ends_by)
		end_by(supervisor->ends_by);
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

static void discard(int sig)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
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
	if (has_gone_on(supervisor))
		return;
	kill(supervisor->program, SIGCONT);
	discard(SIGCONT);
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

static void set_due(struct supervisor *supervisor, enum due what, time_t after)
{
	supervisor->due = what;
	clock_gettime(CLOCK_MONOTONIC, &supervisor->when);
	supervisor->when.tv_sec += after;
}

/* All that is left gets `sig`, at one moment: when the tracer has stopped. */
static void tell(struct supervisor *supervisor, int sig, pid_t except)
{
	supervisor->told = true;
	supervisor->telling = sig;
	supervisor->except = except;
	kill(supervisor->tracer, SIGSTOP);
}

static bool is_at_terminal(void)
{
	return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

/*
 * Discard the signals that are pending, then reap the program.  A signal that
 * came before the program's end was meant for the program, which may have ended
 * by its own copy.  Discard before reaping: a caller who has seen the program's
 * pid vanish must not have his next signal discarded here.
 */
static void program_ended(struct supervisor *supervisor)
{
	for (int sig = 1; sig < 32; sig++)
		if (ends_supervisor(sig))
			discard(sig);
	waitid(P_PID, (id_t)supervisor->program, &supervisor->how, WEXITED);
	supervisor->ended = true;
	if (supervisor->orphans == ORPHANS_KILL) {
		tell(supervisor, SIGTERM, 0);
		set_due(supervisor, KILL, KILL_AFTER);
	} else if (is_at_terminal()) {
		set_due(supervisor, SAY, SAY_AFTER);
	}
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

/* The program has ended, and processes that it started run on: kill them with
   the tracer. */
_Noreturn static void kill_run(struct supervisor *supervisor)
{
	siginfo_t info;

	kill(supervisor->tracer, SIGKILL);
	waitid(P_PID, (id_t)supervisor->tracer, &info, WEXITED);
	end_as_program(supervisor);
}

static void tracer_stopped(struct supervisor *supervisor)
{
	int sig = supervisor->telling;

	supervisor->telling = 0;
	if (orphans_signal(supervisor->tracer, sig, supervisor->except) < 0)
		kill_run(supervisor);
	kill(supervisor->tracer, SIGCONT);
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
			if (info.si_code == CLD_STOPPED && supervisor->telling)
				tracer_stopped(supervisor);
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

/*
 * Is the signal to be passed on?  The program is to get what it would have got
 * in the supervisor's place.  The terminal signals a whole process group: the
 * program has its own signal, unless it has left the group that the supervisor
 * leads, which a group's leader cannot leave by setpgid(0, 0).  When the
 * terminal goes away, the kernel signals the leader of the session alone.
 */
static bool is_for_program(const struct supervisor *supervisor,
			   const siginfo_t *info)
{
	int sig = info->si_signo;

	if (info->si_code <= 0)
		return sig != SIGCONT &&
		       !orphans_has(supervisor->tracer, info->si_pid);
	if ((sig == SIGHUP || sig == SIGCONT) && getsid(0) == getpid())
		return true;
	return sig != SIGCONT && getpgrp() == getpid() &&
	       getpgid(supervisor->program) == supervisor->program;
}

/* A queued signal comes with its value, and its sender. */
static void pass_on(const struct supervisor *supervisor, siginfo_t *info)
{
	if (info->si_code != SI_QUEUE ||
	    syscall(SYS_rt_sigqueueinfo, supervisor->program, info->si_signo,
		    info) < 0)
		kill(supervisor->program, info->si_signo);
}

/* The program has ended: as an init, which ends what is left. */
static void end_orphans(struct supervisor *supervisor, const siginfo_t *info)
{
	int sig = info->si_signo;

	if (info->si_code <= 0 && orphans_has(supervisor->tracer, info->si_pid))
		return;
	if (sig == SIGTSTP) {
		act_by_default(sig);
	} else if (ends_supervisor(sig)) {
		supervisor->ends_by = sig;
		supervisor->due = NOTHING;
		if (supervisor->told)
			kill_run(supervisor);
		tell(supervisor, sig, info->si_code > 0 ? getpgrp() : 0);
	}
}

static void forward(struct supervisor *supervisor, siginfo_t *info)
{
	if (supervisor->ended)
		end_orphans(supervisor, info);
	else if (is_for_program(supervisor, info))
		pass_on(supervisor, info);
}

static void say_orphans(pid_t tracer)
{
	pid_t one = 0;
	int count = orphans_count(tracer, &one);
	char *name = count > 0 ? proc_read(one, "comm") : NULL;

	if (name && count == 1)
		log_warn("process %d of the run goes on: %.*s; Ctrl-C ends it",
			 one, (int)strcspn(name, "\n"), name);
	else if (name)
		log_warn("%d processes of the run go on, %d is %.*s; Ctrl-C "
			 "ends them",
			 count, one, (int)strcspn(name, "\n"), name);
	free(name);
}

static void do_due(struct supervisor *supervisor)
{
	enum due due = supervisor->due;

	supervisor->due = NOTHING;
	if (due == SAY)
		say_orphans(supervisor->tracer);
	else if (due == KILL)
		kill_run(supervisor);
}

/* As sigwaitinfo(): 0 when something was due before a signal came. */
static int next_signal(struct supervisor *supervisor, siginfo_t *info)
{
	struct timespec now, left;
	sigset_t all;
	int sig;

	sigfillset(&all);
	if (supervisor->due == NOTHING)
		return sigwaitinfo(&all, info);
	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = supervisor->when.tv_sec - now.tv_sec;
	left.tv_nsec = supervisor->when.tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	if (left.tv_sec < 0)
		left = (struct timespec){ 0, 0 };
	sig = sigtimedwait(&all, info, &left);
	if (sig >= 0 || errno != EAGAIN)
		return sig;
	do_due(supervisor);
	return 0;
}

_Noreturn void supervise_run(pid_t program, pid_t tracer,
			     enum orphans_mode orphans)
{
	struct supervisor supervisor = { .program = program,
					 .tracer = tracer,
					 .orphans = orphans };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all;

	spawn_drop_files(-1);
	/* a message that RLIMIT_FSIZE refuses: not a signal to pass on */
	sigaction(SIGXFSZ, &ignore, NULL);
	proc_init();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (;;) {
		siginfo_t info;

		take_children(&supervisor);
		if (next_signal(&supervisor, &info) > 0 &&
		    info.si_signo != SIGCHLD)
			forward(&supervisor, &info);
	}
}
