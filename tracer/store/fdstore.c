// SPDX-License-Identifier: MIT
/*
 * fdstore.c - hold files until they are asked for.
 *
 * pidfd_getfd(2) takes a copy of a file without the other process's help, so
 * it does not matter whether that runs.  Where pidfd_getfd is not allowed
 * (Yama's ptrace_scope above 1, filters of containers) or not there (before
 * Linux 5.6), the tracer asks by the socket, and waits a second at most.
 */
#include "tracer/store/fdstore.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/util/fdpass.h"

enum {
	AWAIT_MS = 50,
	ASK_TIMES = 20,
};

/* The same numbers on every CPU; newer than some headers. */
#define PIDFD_OPEN  434 /* Linux 5.3 */
#define CLOSE_RANGE 436 /* Linux 5.9 */
#define PIDFD_GETFD 438 /* Linux 5.6 */

/* Killed, and not yet reaped: the tracer waits for no end. */
static struct store_process *ended;

static void reap(void)
{
	struct store_process **at = &ended, *process;

	while ((process = *at)) {
		if (waitpid(process->pid, NULL, WNOHANG) == 0) {
			at = &process->next;
			continue;
		}
		*at = process->next;
		free(process);
	}
}

static void close_range_of(size_t from, size_t end)
{
	if (from >= end || syscall(CLOSE_RANGE, from, end - 1, 0) == 0)
		return;
	for (; from < end; from++)
		close((int)from);
}

static void close_others(const bool *wanted, size_t size, int socket)
{
	size_t from = 0;

	for (size_t n = 0; n < size; n++) {
		if (!wanted[n] && (int)n != socket)
			continue;
		close_range_of(from, n);
		from = n + 1;
	}
	close_range_of(from, size);
}

static pid_t fork_process(const bool *wanted, size_t size, int socket,
			  void (*serve)(int socket))
{
	pid_t tracer = getpid(), pid = fork();
	sigset_t all;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != tracer)
		_exit(0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	close_others(wanted, size, socket);
	serve(socket);
	_exit(0);
}

/* Only the tracer's end never blocks. */
static int make_sockets(int pair[2])
{
	int type = SOCK_SEQPACKET | SOCK_CLOEXEC;

	if (socketpair(AF_UNIX, type, 0, pair) < 0)
		return -1;
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	close(pair[0]);
	close(pair[1]);
	return -1;
}

struct store_process *store_process_start(const bool *wanted, size_t size,
					  void (*serve)(int socket))
{
	struct store_process *process = malloc(sizeof(*process));
	int pair[2];

	reap();
	if (!process)
		return NULL;
	if (make_sockets(pair) < 0)
		goto free_process;
	*process = (struct store_process){ .socket = pair[0] };
	process->pid = fork_process(wanted, size, pair[1], serve);
	close(pair[1]);
	if (process->pid > 0)
		return process;
	close(pair[0]);
free_process:
	free(process);
	return NULL;
}

bool store_process_runs(const struct store_process *process)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)process->pid, &info,
		      WSTOPPED | WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

bool store_process_await(const struct store_process *process, short events)
{
	struct pollfd entry = { .fd = process->socket, .events = events };
	const struct timespec patience = { 0, AWAIT_MS * 1000000L };
	sigset_t all;

	sigfillset(&all);
	return ppoll(&entry, 1, &patience, &all) > 0;
}

void store_process_end(struct store_process *process)
{
	kill(process->pid, SIGKILL);
	close(process->socket);
	process->next = ended;
	ended = process;
	reap();
}

struct fdstore {
	struct store_process *process;
	int pidfd; /* -1: there is none */
	unsigned files;
	unsigned asked;	  /* for a copy, so often */
	unsigned dropped; /* numbers that the socket had no room for */
	int drops[];
};

struct order {
	int number;
	unsigned asked; /* 0: close it, else send a copy with this */
};

static void serve(int socket)
{
	struct order order;

	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		const unsigned *asked = &order.asked;

		if (!order.asked)
			close(order.number);
		else if (fdpass_send(socket, asked, sizeof(*asked),
				     order.number) < 0)
			fdpass_send(socket, asked, sizeof(*asked), -1);
	}
}

struct fdstore *fdstore_new(const bool *wanted, size_t size)
{
	struct fdstore *fdstore;
	unsigned files = 0;

	for (size_t n = 0; n < size; n++)
		files += wanted[n];
	fdstore = malloc(sizeof(*fdstore) + files * sizeof(fdstore->drops[0]));
	if (!fdstore)
		return NULL;
	*fdstore = (struct fdstore){ .files = files };
	fdstore->process = store_process_start(wanted, size, serve);
	if (!fdstore->process) {
		free(fdstore);
		return NULL;
	}
	fdstore->pidfd = (int)syscall(PIDFD_OPEN, fdstore->process->pid, 0);
	return fdstore;
}

static bool tell(const struct fdstore *fdstore, int number, unsigned asked)
{
	const struct order order = { .number = number, .asked = asked };

	if (send(fdstore->process->socket, &order, sizeof(order),
		 MSG_NOSIGNAL) == sizeof(order))
		return true;
	kill(fdstore->process->pid, SIGCONT);
	return false;
}

/* False: it does not answer, or is gone. */
static bool await(const struct fdstore *fdstore, short events)
{
	for (int i = 0; i < ASK_TIMES; i++) {
		if (store_process_await(fdstore->process, events))
			return true;
		kill(fdstore->process->pid, SIGCONT);
	}
	return false;
}

static int ask(struct fdstore *fdstore, int number)
{
	unsigned answered;
	int fd;

	if (++fdstore->asked == 0)
		fdstore->asked = 1;
	while (!tell(fdstore, number, fdstore->asked))
		if (errno != EAGAIN || !await(fdstore, POLLOUT))
			return -1;
	while (await(fdstore, POLLIN) &&
	       fdpass_receive(fdstore->process->socket, &answered,
			      sizeof(answered), &fd) == 0) {
		if (answered == fdstore->asked)
			return fd;
		/* late: nobody waits for this one any more */
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

int fdstore_fetch(struct fdstore *fdstore, int number)
{
	int fd = (int)syscall(PIDFD_GETFD, fdstore->pidfd, number, 0);

	return fd >= 0 ? fd : ask(fdstore, number);
}

pid_t fdstore_holder(const struct fdstore *fdstore)
{
	return fdstore->process->pid;
}

void fdstore_drop(struct fdstore *fdstore, int number)
{
	fdstore->drops[fdstore->dropped++] = number;
	while (fdstore->dropped &&
	       tell(fdstore, fdstore->drops[fdstore->dropped - 1], 0))
		fdstore->dropped--;
	if (--fdstore->files)
		return;
	if (fdstore->pidfd >= 0)
		close(fdstore->pidfd);
	store_process_end(fdstore->process);
	free(fdstore);
}
