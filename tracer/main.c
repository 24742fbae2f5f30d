// SPDX-License-Identifier: MIT
/*
 * main.c - shmtrace: System V shared memory, emulated by a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tracer/calls/calls.h"
#include "tracer/loop.h"
#include "tracer/options.h"
#include "tracer/output.h"
#include "tracer/probe.h"
#include "tracer/remote/remote.h"
#include "tracer/report/report.h"
#include "tracer/spawn.h"
#include "tracer/stops/stops.h"
#include "tracer/store/store.h"
#include "tracer/supervise.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/ended.h"
#include "tracer/util/exit.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

/* Linux does not hold a segment to RLIMIT_FSIZE, but it holds a memfd to it.
   So the tracer raises its own limit as far as it may, and ignores the signal
   of a call that exceeds it. */
static void lift_file_size(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	sigaction(SIGXFSZ, &ignore, NULL);
	if (setrlimit(RLIMIT_FSIZE, &limit) == 0 ||
	    getrlimit(RLIMIT_FSIZE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* In the tracer: leave the user's session, directory and files.  The tracer
   dies with the supervisor, and the programs die with the tracer. */
static void leave_session(pid_t supervisor, int socket)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != supervisor)
		_exit(EXIT_OWN);
	setsid();
	sigaction(SIGPIPE, &ignore, NULL);
	lift_file_size();
	unotify_set_signals();
	spawn_drop_files(socket);
}

static void set_limits(const struct options *options)
{
	struct emul_limits *limits = emul_ns_limits(ipcns_first());

	if (options->shmmax.is_set)
		limits->shmmax = options->shmmax.value;
	if (options->shmall.is_set)
		limits->shmall = options->shmall.value;
	if (options->shmmni.is_set)
		limits->shmmni = options->shmmni.value;
	if (options->shmseg.is_set)
		limits->shmseg = options->shmseg.value;
}

static void place_arena(void)
{
	const struct arch_window *window = probe_arena(config.page_size);

	config.task_size = UINT64_MAX;
	if (!window)
		return;
	config.arena_start = window->start;
	config.arena_end = window->start + window->len;
	config.task_size = window->task_size;
}

/* An even number: the call that reports a failed attach has cookie + 1. */
static uint64_t make_cookie(void)
{
	uint64_t cookie;

	if (getrandom(&cookie, sizeof(cookie), 0) < 0)
		cookie = (uint64_t)getpid() << 32 | 0x53485954;
	return cookie & ~UINT64_C(1);
}

static void configure(const struct options *options)
{
	config.page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	config.cookie = make_cookie();
	config.proc = options->proc;
	config.stop_opens = options->proc == PROC_ON;
	config.self_check = options->self_check;
	config.debug_stops = options->debug_stops;
	config.journal = options->journal.log != 0;
	journal_set_up(&options->journal);
	if (proc_init() < 0)
		log_fatal("no /proc here, and none can be mounted: it is "
			  "needed to know who calls");
	cred_init();
	overcommit_init();
	pidns_init();
	probe_means();
	place_arena();
	probe_stops(options->seccomp);
	if (options->journal.stack) /* a stack is read at a ptrace stop */
		config.use_unotify = false;
}

static void set_up_emulation(const struct options *options)
{
	struct emul_config emul = {
		.page_size = config.page_size,
		/* the stub has two pages: emul/ starts at the second one
		   and leaves its first page free */
		.arena_start = config.arena_start ?
				       config.arena_start + config.page_size :
				       0,
		.arena_end = config.arena_end,
		.task_size = config.task_size,
		.exec_takes_key = arch_exec_takes_key,
		.huge_group = (uint32_t)proc_number("sys/vm/hugetlb_shm_group"),
	};

	memfd_huge_sizes(&emul.huge_shift, &emul.huge_sizes);
	config.emul = emul_new(&host, NULL, &emul);
	if (!config.emul || ipcns_init() < 0)
		log_fatal("out of memory");
	set_limits(options);
}

/* Seize the program's process, which waits for spawn_go() before execve(). */
static void seize_program(int socket)
{
	struct spawn_report report;

	if (spawn_prepare(socket, &report, &config.listener) < 0)
		log_fatal("the program's process ended before its program");
	if (config.use_filter && !report.filtered)
		log_fatal("cannot install the seccomp filter");
	if (config.use_unotify && !unotify_is_cheap(config.listener))
		log_fatal("the seccomp filter has no listener");
	if (config.listener >= 0 && !unotify_works(config.listener)) {
		close(config.listener);
		config.listener = -1;
	}
	config.hide_no_new_privs = report.no_new_privs;
	config.first = report.pid;
	if (!fork_first_program(report.pid, ipcns_first()))
		log_fatal("out of memory");
	if (remote_seize(report.pid) < 0)
		log_fatal("cannot trace the program: %s", strerror(errno));
	/* stop it once, so that it is resumed with PTRACE_SYSCALL */
	if (!config.use_filter)
		remote_interrupt(report.pid);
	if (spawn_go(socket) < 0)
		log_fatal("the program's process ended before its program");
}

_Noreturn static void trace(const struct options *options, int socket,
			    pid_t supervisor)
{
	leave_session(supervisor, socket);
	configure(options);
	set_up_emulation(options);
	seize_program(socket);
	close(socket);
	loop_run();
	ipcns_done();
	emul_free(config.emul);
	exit(0);
}

static pid_t must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		log_fatal("cannot fork: %s", strerror(errno));
	return pid;
}

/* With descriptors from 3 on: if 0, 1 or 2 are free, the program must find them
   free. */
static void make_pair(int pair[2])
{
	int low[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low) < 0)
		log_fatal("cannot make a socket pair: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		pair[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
		if (pair[i] < 0)
			log_fatal("cannot make a socket pair: %s",
				  strerror(errno));
	}
	close(low[0]);
	close(low[1]);
}

/* Block all signals until all three processes have set up their handlers. */
static void hold_signals(struct spawn_signals *signals)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &signals->mask);
	sigaction(SIGCHLD, &usual, &signals->child);
}

static void open_output(const struct options *options)
{
	char *name = output_name(options->output);

	log_open(name, options->append);
	free(name);
}

int main(int argc, char **argv)
{
	struct spawn_signals signals;
	struct options options;
	pid_t supervisor = getpid(), tracer, program;
	int pair[2];

	options_parse(argc, argv, &options);
	if (options.output)
		open_output(&options);
	log_be_quiet(options.quiet);
	hold_signals(&signals);
	make_pair(pair);
	ended_init();
	tracer = must_fork();
	if (tracer == 0) {
		close(pair[1]);
		trace(&options, pair[0], supervisor);
	}
	program = must_fork();
	if (program == 0) {
		close(pair[0]);
		spawn_program(options.argv, pair[1], tracer, &signals);
	}
	close(pair[0]);
	close(pair[1]);
	supervise_run(program, tracer, options.orphans);
}
