// SPDX-License-Identifier: MIT
/*
 * spawn.c - what the program's process does before execve(), and the tracer's
 * part in that.
 */
#include "tracer/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/util/exit.h"
#include "tracer/util/fdpass.h"
#include "tracer/util/log.h"

static int set_filter(const struct filter *filter, unsigned long flags)
{
	struct sock_fprog program = {
		.len = filter->len,
		/* struct sock_fprog has no const; the kernel only reads */
		.filter = (struct sock_filter *)(uintptr_t)filter->code,
	};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			    &program);
}

/* Install the filter, with a listener unless an outer filter has one already
   (EBUSY): 0 or -errno. */
static int set_filter_best(const struct filter *filter, int *listener)
{
	int fd = set_filter(filter,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	if (fd < 0 && errno == EINVAL)	/* before Linux 5.19 */
		fd = set_filter(filter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	*listener = fd;
	if (fd >= 0)
		return 0;
	if (errno == EACCES)
		return -EACCES;
	return set_filter(filter, 0) == 0 ? 0 : -errno;
}

/* Only uid 0 may write the host's limits, and with no_new_privs nobody else
   becomes it; a namespace that a user makes has limits of its own. */
static bool can_be_root(void)
{
	uid_t real, effective, saved;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	       getresuid(&real, &effective, &saved) < 0 || real == 0 ||
	       effective == 0 || saved == 0;
}

int spawn_install(const struct config *conf, struct spawn_report *report)
{
	struct config own = *conf;
	struct filter filter;
	int listener, result;

	own.stop_write_opens = conf->proc == PROC_AUTO && can_be_root();
	filter_build(&filter, &own);
	result = set_filter_best(&filter, &listener);
	if (result == -EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		own.hide_no_new_privs = true;
		report->no_new_privs = 1;
		own.stop_write_opens = conf->proc == PROC_AUTO && can_be_root();
		filter_build(&filter, &own);
		result = set_filter_best(&filter, &listener);
	}
	report->filtered = result == 0;
	return listener;
}

int spawn_send_report(int socket, const struct spawn_report *report,
		      int listener)
{
	return fdpass_send(socket, report, sizeof(*report), listener);
}

int spawn_receive_report(int socket, struct spawn_report *report,
			 int *listener)
{
	return fdpass_receive(socket, report, sizeof(*report), listener);
}

int spawn_prepare(int socket, struct spawn_report *report, int *listener)
{
	if (send(socket, &config, sizeof(config), MSG_NOSIGNAL) !=
	    sizeof(config))
		return -1;
	return spawn_receive_report(socket, report, listener);
}

int spawn_go(int socket)
{
	return send(socket, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Wait for spawn_go().  If the tracer has ended instead, exit. */
static void wait_for_tracer(int socket)
{
	char byte;

	if (recv(socket, &byte, 1, 0) != 1)
		_exit(EXIT_OWN);
}

_Noreturn static void execute(char **argv)
{
	int error;

	execvp(argv[0], argv);
	error = errno;
	log_warn("cannot run '%s': %s", argv[0], strerror(error));
	_exit(error == ENOENT ? EXIT_NOTFOUND : EXIT_CANNOT);
}

_Noreturn void spawn_program(char **argv, int socket, pid_t tracer,
			     const struct spawn_signals *signals)
{
	struct spawn_report report = { .pid = getpid() };
	struct config conf;
	int listener;

	/* Yama allows only ancestors to trace, except a process named here;
	   without Yama EINVAL */
	prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
	if (recv(socket, &conf, sizeof(conf), 0) != sizeof(conf))
		_exit(EXIT_OWN);
	listener = spawn_install(&conf, &report);
	if (spawn_send_report(socket, &report, listener) < 0)
		_exit(EXIT_OWN);
	if (listener >= 0)
		close(listener);
	wait_for_tracer(socket);
	close(socket);
	prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	sigaction(SIGCHLD, &signals->child, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	execute(argv);
}

static void close_between(int low, int high)
{
	if (low < high - 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
}

void spawn_drop_files(int keep)
{
	int other = log_descriptor(), null = open("/dev/null", O_RDWR);
	int low = keep < other ? keep : other;
	int high = keep < other ? other : keep;

	dup2(null, STDIN_FILENO); /* if dup2() fails, both stay open */
	dup2(null, STDOUT_FILENO);
	if (low < STDERR_FILENO)
		low = STDERR_FILENO;
	if (high < low)
		high = low;
	close_between(STDERR_FILENO, low);
	close_between(low, high);
	close_range((unsigned)high + 1, ~0U, 0);
	if (chdir("/") < 0)
		log_warn("cannot leave the working directory: it stays busy");
}
