// SPDX-License-Identifier: MIT
/*
 * orphans.c - finds the processes of a run in /proc: the tracer traces them.
 */
#include "tracer/orphans.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tracer/util/ended.h"
#include "tracer/util/proc.h"

struct visit {
	pid_t tracer;
	int sig; /* 0: only count */
	pid_t except;
	pid_t *told;
	size_t count, room;
	bool any_new;
};

bool orphans_has(pid_t tracer, pid_t pid)
{
	struct proc_status status;

	if (pid <= 0) /* the kernel, or another pid namespace */
		return false;
	if (proc_status(pid, &status) == 0 && status.tracer == tracer)
		return true;
	/* The tracer reaps a process before its parent does. */
	return (status.state == 'Z' || !status.state) && ended_has(pid);
}

static bool is_told(const struct visit *visit, pid_t pid)
{
	for (size_t i = 0; i < visit->count; i++)
		if (visit->told[i] == pid)
			return true;
	return false;
}

/* Without memory nothing is remembered, and there is no next round. */
static void remember(struct visit *visit, pid_t pid)
{
	if (visit->count == visit->room) {
		size_t room = visit->room ? 2 * visit->room : 64;
		pid_t *more = realloc(visit->told, room * sizeof(*more));

		if (!more)
			return;
		visit->told = more;
		visit->room = room;
	}
	visit->told[visit->count++] = pid;
	visit->any_new = true;
}

static void visit_process(pid_t pid, void *arg)
{
	struct visit *visit = arg;
	struct proc_status status;

	if (proc_status(pid, &status) < 0 || status.tracer != visit->tracer ||
	    (status.state == 'Z' && status.threads < 2) || is_told(visit, pid))
		return;
	remember(visit, pid);
	if (!visit->sig || (visit->except && getpgid(pid) == visit->except))
		return;
	kill(pid, visit->sig);
	kill(pid, SIGCONT); /* a stopped one takes no other signal */
}

/* A fork that was under way can end, and show its child behind us; its parent
   then waits for the tracer.  So a round that finds none is the last. */
int orphans_signal(pid_t tracer, int sig, pid_t except)
{
	struct visit visit = { .tracer = tracer, .sig = sig, .except = except };
	int result = 0;

	do {
		visit.any_new = false;
		result = proc_each(visit_process, &visit);
	} while (result == 0 && visit.any_new);
	free(visit.told);
	return result;
}

int orphans_count(pid_t tracer, pid_t *one)
{
	struct visit visit = { .tracer = tracer };
	int result = proc_each(visit_process, &visit);

	if (visit.count)
		*one = visit.told[0];
	free(visit.told);
	return result < 0 ? -1 : (int)visit.count;
}
