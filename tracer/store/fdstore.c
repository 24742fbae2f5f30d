// SPDX-License-Identifier: MIT
/*
 * fdstore.c - hold files until they are asked for.
 */
#include "tracer/store/fdstore.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/util/fdpass.h"

struct fdstore {
	int socket;
	pid_t pid;
	unsigned files;
};

struct order {
	int number;
	bool drop;		/* else: send a copy */
};

static void close_others(const bool *wanted, size_t size, int socket)
{
	for (size_t n = 0; n < size; n++)
		if (!wanted[n] && (int)n != socket)
			close((int)n);
}

_Noreturn static void serve(int socket)
{
	struct order order;

	while (recv(socket, &order, sizeof(order), 0) == sizeof(order)) {
		if (order.drop)
			close(order.number);
		else
			fdpass_send(socket, "", 1, order.number);
	}
	_exit(0);
}

static pid_t fork_fdstore(const bool *wanted, size_t size, const int pair[2])
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
	close_others(wanted, size, pair[1]);
	serve(pair[1]);
}

struct fdstore *fdstore_new(const bool *wanted, size_t size)
{
	struct fdstore *fdstore = malloc(sizeof(*fdstore));
	int pair[2];

	if (!fdstore)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		goto free_fdstore;
	*fdstore = (struct fdstore){ .socket = pair[0] };
	for (size_t n = 0; n < size; n++)
		fdstore->files += wanted[n];
	fdstore->pid = fork_fdstore(wanted, size, pair);
	close(pair[1]);
	if (fdstore->pid > 0)
		return fdstore;
	close(pair[0]);
free_fdstore:
	free(fdstore);
	return NULL;
}

static int tell(const struct fdstore *fdstore, int number, bool drop)
{
	const struct order order = { .number = number, .drop = drop };

	return send(fdstore->socket, &order, sizeof(order), MSG_NOSIGNAL) ==
			       sizeof(order) ?
		       0 :
		       -1;
}

int fdstore_fetch(struct fdstore *fdstore, int number)
{
	char byte;
	int fd;

	if (tell(fdstore, number, false) < 0 ||
	    fdpass_receive(fdstore->socket, &byte, 1, &fd) < 0)
		return -1;
	return fd;
}

pid_t fdstore_holder(const struct fdstore *fdstore)
{
	return fdstore->pid;
}

void fdstore_drop(struct fdstore *fdstore, int number)
{
	tell(fdstore, number, true);
	if (--fdstore->files)
		return;
	close(fdstore->socket);
	while (waitpid(fdstore->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(fdstore);
}
