// SPDX-License-Identifier: MIT
/*
 * wait.c - waitpid() for all tasks, or for those that are likely to have
 * stopped; and the queue of statuses that are not handled yet.
 *
 * waitpid(-1) walks all tasks of the tracer, so with many tasks it is avoided:
 *
 *	WALK_ALL to TRUST_SIGCHLD	more than 64 tasks; the timer is set
 *	TRUST_SIGCHLD to
 *	  WALK_ALL			a walk found only expected tasks
 *	  WALK_FOR_A_WHILE		a walk found an unexpected task
 *	WALK_FOR_A_WHILE to WALK_ALL	walks_left has come down to 0
 *
 * In TRUST_SIGCHLD a walk is made when a hint was lost or the timer has expired
 * (unotify_hints_lost()), and when few tasks are left.
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
	CHEAP_WALK_TASKS = 64,	/* a walk over so many tasks is cheap */
	LAST_STOPPED = 4,	/* tasks in last_stopped[] */
	WALKS_PER_MISS = 8,	/* added to walks_left by a walk that found a
				   task that had no hint, */
	WALKS_MAX = 64,		/* up to this number */
	TIMER_NS = 1000000,	/* the timer of TRUST_SIGCHLD, */
	TIMER_NS_PER_TASK = 1000, /* and more for each task */
};

static pid_t last_stopped[LAST_STOPPED];
static unsigned next_last_stopped; /* the entry to replace next */

/* Which tasks wait_take() asks waitpid() for. */
static enum {
	WALK_ALL,	  /* -1: any task */
	TRUST_SIGCHLD,	  /* those with a hint, and last_stopped[]; the timer
			     runs, since a hint can be missing */
	WALK_FOR_A_WHILE, /* -1, in the next walks_left calls: hints were
			     missing lately */
} strategy;
static unsigned walks_left; /* not 0 in WALK_FOR_A_WHILE only */

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

bool wait_is_forking(const struct task *task)
{
	return task->mm && task->mm->forking && !task->forks;
}

void wait_for_fork(struct task *task, int status)
{
	task->state = TASK_DEFERRED_BY_FORK;
	task->call.info_valid = false;
	task->deferred.status = status;
}

static struct task *find_or_add(pid_t tid)
{
	struct task *task = task_find(tid);

	if (!task)
		task = task_add_unannounced(tid);
	if (!task)
		log_fatal("out of memory");
	if (task->state == TASK_DEFERRED_BY_FORK) /* the task was killed */
		task->state = TASK_RUNNING;
	return task;
}

/* waitpid(), and the status is deferred; returns what waitpid() returns. */
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

static bool stopped_lately(pid_t tid)
{
	for (unsigned i = 0; i < LAST_STOPPED; i++)
		if (last_stopped[i] == tid)
			return true;
	return false;
}

static void remember(pid_t tid)
{
	if (stopped_lately(tid))
		return;
	last_stopped[next_last_stopped] = tid;
	next_last_stopped = (next_last_stopped + 1) % LAST_STOPPED;
}

void wait_expect(pid_t tid)
{
	remember(tid);
	if (task_count() > CHEAP_WALK_TASKS)
		take(tid, WNOHANG);
}

/* Take in the statuses of all tasks; false when no task is left.  *unexpected
   receives the number of tasks that had stopped and are not in last_stopped[];
   after take_likely() these had no hint. */
static bool take_all(int flags, unsigned *unexpected)
{
	*unexpected = 0;
	for (;;) {
		pid_t tid = take(-1, flags);

		if (tid <= 0)
			return tid == 0;
		*unexpected += !stopped_lately(tid);
		flags = WNOHANG;
	}
}

/* Take in the statuses of the tasks that SIGCHLD named, then of the tasks that
   stopped lately: these are the most likely to have sent a SIGCHLD that the
   kernel dropped. */
static void take_likely(void)
{
	pid_t tid;

	while (unotify_hint(&tid))
		if (take(tid, WNOHANG) > 0)
			remember(tid);
	for (unsigned i = 0; i < LAST_STOPPED; i++) {
		const struct task *task = task_find(last_stopped[i]);

		if (task && !wait_is_deferred(task))
			take(last_stopped[i], WNOHANG);
	}
}

/* Let UNOTIFY_TIMER come once, after a time that is long beside the time that
   a walk over all tasks takes; false if the kernel gives no timer. */
static bool set_timer(void)
{
	static timer_t timer;
	static enum { UNKNOWN, MADE, NONE } state;
	long wait = TIMER_NS + TIMER_NS_PER_TASK * (long)task_count();
	const struct itimerspec once = {
		.it_value = { wait / 1000000000, wait % 1000000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = UNOTIFY_TIMER };

	if (state == UNKNOWN)
		state = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 ?
				MADE : NONE;
	return state == MADE && timer_settime(timer, 0, &once, NULL) == 0;
}

static bool may_trust_sigchld(bool block)
{
	if (block || task_count() <= CHEAP_WALK_TASKS ||
	    strategy == WALK_FOR_A_WHILE || unotify_hints_lost())
		return false;
	if (strategy == WALK_ALL && set_timer())
		strategy = TRUST_SIGCHLD;
	return strategy == TRUST_SIGCHLD;
}

static void walk_is_done(unsigned unexpected)
{
	if (unexpected && strategy != WALK_ALL)
		walks_left = walks_left + WALKS_PER_MISS < WALKS_MAX ?
			walks_left + WALKS_PER_MISS : WALKS_MAX;
	else if (walks_left)
		walks_left--;
	strategy = walks_left ? WALK_FOR_A_WHILE : WALK_ALL;
}

bool wait_take(bool block)
{
	unsigned unexpected;
	bool any;

	if (may_trust_sigchld(block)) {
		take_likely();
		return true;
	}
	if (!block && strategy != WALK_ALL)
		take_likely();
	any = take_all(block ? 0 : WNOHANG, &unexpected);
	walk_is_done(unexpected);
	unotify_forget_hints();
	return any;
}
