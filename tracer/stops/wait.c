// SPDX-License-Identifier: MIT
/*
 * wait.c - all tasks, or those that are likely to have stopped.
 */
#include "tracer/stops/wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

#include "tracer/stops/unotify.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/log.h"

enum {
	FEW = 64,		/* tasks: a walk over these is cheap */
	RECENT = 4,
	WALKS = 8,		/* more for each SIGCHLD that was swallowed, */
	MANY_WALKS = 64,	/* and no more than so many */
	SWALLOWED_NS = 1000000,	/* and for each task: */
	SWALLOWED_NS_EACH = 1000,
};

static pid_t recent[RECENT];	/* tasks that stopped last */
static unsigned next_recent;
static unsigned walks_left;	/* so many before we rely on SIGCHLD again */
static bool unsure;		/* not all were looked at; a timer runs */

static struct task *first_deferred, **last_deferred = &first_deferred;

void wait_defer(struct task *task, int status)
{
	struct deferred_status *deferred = &task->deferred;

	deferred->status = status;
	if (deferred->queued)
		return;
	deferred->queued = true;
	deferred->next = NULL;
	*last_deferred = task;
	last_deferred = &deferred->next;
}

bool wait_is_deferred(const struct task *task)
{
	return task->deferred.queued;
}

void wait_forget(struct task *task)
{
	struct task **at = &first_deferred;

	while (*at && *at != task)
		at = &(*at)->deferred.next;
	if (!*at)
		return;
	task->deferred.queued = false;
	*at = task->deferred.next;
	if (!*at)
		last_deferred = at;
}

struct task *wait_next_deferred(int *status)
{
	struct task *task = first_deferred;

	if (!task)
		return NULL;
	wait_forget(task);
	*status = task->deferred.status;
	return task;
}

bool wait_any_deferred(void)
{
	return first_deferred != NULL;
}

void wait_fork_begins(struct task *task)
{
	task->forks = true;
	task->mm->forking++;
}

static void resume_deferred(struct task *task, void *mm)
{
	if (task->mm != mm || task->state != TASK_DEFERRED_BY_FORK)
		return;
	task->state = TASK_RUNNING;
	wait_defer(task, task->deferred.status);
}

void wait_fork_over(struct task *task)
{
	if (!task->forks)
		return;
	task->forks = false;
	if (task->mm && --task->mm->forking == 0)
		task_each(resume_deferred, task->mm);
}

bool wait_for_fork(struct task *task, int status)
{
	if (!task->mm || !task->mm->forking || task->forks)
		return false;
	task->state = TASK_DEFERRED_BY_FORK;
	task->deferred.status = status;
	return true;
}

static struct task *find_or_add(pid_t tid)
{
	struct task *task = task_find(tid);

	if (!task)
		task = task_add_unannounced(tid);
	if (!task)
		log_fatal("out of memory");
	if (task->state == TASK_DEFERRED_BY_FORK) /* it was killed */
		task->state = TASK_RUNNING;
	return task;
}

/* As waitpid. */
static pid_t take(pid_t which, int flags)
{
	int status;
	pid_t tid;

	/* __WCLONE skips children that report by SIGCHLD, which the fd stores
	   are, but never a traced thread (eligible_child(), kernel/exit.c) */
	do
		tid = waitpid(which, &status, (int)__WCLONE | flags);
	while (tid < 0 && errno == EINTR);
	if (tid > 0)
		wait_defer(find_or_add(tid), status);
	return tid;
}

static bool is_recent(pid_t tid)
{
	for (unsigned i = 0; i < RECENT; i++)
		if (recent[i] == tid)
			return true;
	return false;
}

static void remember(pid_t tid)
{
	if (is_recent(tid))
		return;
	recent[next_recent] = tid;
	next_recent = (next_recent + 1) % RECENT;
}

void wait_expect(pid_t tid)
{
	remember(tid);
	if (task_count() > FEW)
		take(tid, WNOHANG);
}

/* False when no task is left.  Tells how many there were that nothing had
   pointed to. */
static bool take_all(int flags, unsigned *surprises)
{
	*surprises = 0;
	for (;;) {
		pid_t tid = take(-1, flags);

		if (tid <= 0)
			return tid == 0;
		*surprises += !is_recent(tid);
		flags = WNOHANG;
	}
}

/* Those that SIGCHLD named, then those whose own may have been swallowed. */
static void take_likely(void)
{
	pid_t tid;

	while (unotify_hint(&tid))
		if (take(tid, WNOHANG) > 0)
			remember(tid);
	for (unsigned i = 0; i < RECENT; i++) {
		const struct task *task = task_find(recent[i]);

		if (task && !wait_is_deferred(task))
			take(recent[i], WNOHANG);
	}
}

/* Once, when a walk has become cheap beside the time until then; false if
   that is not possible. */
static bool set_timer(void)
{
	static timer_t timer;
	static enum { UNKNOWN, MADE, NONE } state;
	long wait = SWALLOWED_NS + SWALLOWED_NS_EACH * (long)task_count();
	const struct itimerspec once = {
		.it_value = { wait / 1000000000, wait % 1000000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = UNOTIFY_TIMER };

	if (state == UNKNOWN)
		state = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 ?
				MADE : NONE;
	return state == MADE && timer_settime(timer, 0, &once, NULL) == 0;
}

bool wait_take(bool block)
{
	unsigned surprises;
	bool any;

	if (!block && task_count() > FEW && !walks_left &&
	    !unotify_hints_lost() && (unsure || (unsure = set_timer()))) {
		take_likely();
		return true;
	}
	if (!block && (unsure || walks_left))
		take_likely();
	any = take_all(block ? 0 : WNOHANG, &surprises);
	if (surprises && (unsure || walks_left))
		walks_left = walks_left + WALKS < MANY_WALKS ?
			walks_left + WALKS : MANY_WALKS;
	else if (walks_left)
		walks_left--;
	unsure = false;
	unotify_forget_hints();
	return any;
}
