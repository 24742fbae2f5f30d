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

struct depot {
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
			rights_send(socket, "", 1, order.number);
	}
	_exit(0);
}

static pid_t fork_depot(const bool *wanted, size_t size, const int pair[2])
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

struct depot *depot_new(const bool *wanted, size_t size)
{
	struct depot *depot = malloc(sizeof(*depot));
	int pair[2];

	if (!depot)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		goto free_depot;
	*depot = (struct depot){ .socket = pair[0] };
	for (size_t n = 0; n < size; n++)
		depot->files += wanted[n];
	depot->pid = fork_depot(wanted, size, pair);
	close(pair[1]);
	if (depot->pid > 0)
		return depot;
	close(pair[0]);
free_depot:
	free(depot);
	return NULL;
}

static int tell(const struct depot *depot, int number, bool drop)
{
	const struct order order = { .number = number, .drop = drop };

	return send(depot->socket, &order, sizeof(order), MSG_NOSIGNAL) ==
			       sizeof(order) ? 0 : -1;
}

int depot_fetch(struct depot *depot, int number)
{
	char byte;
	int fd;

	if (tell(depot, number, false) < 0 ||
	    rights_receive(depot->socket, &byte, 1, &fd) < 0)
		return -1;
	return fd;
}

pid_t depot_holder(const struct depot *depot)
{
	return depot->pid;
}

void depot_drop(struct depot *depot, int number)
{
	tell(depot, number, true);
	if (--depot->files)
		return;
	close(depot->socket);
	while (waitpid(depot->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(depot);
}
