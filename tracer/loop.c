// SPDX-License-Identifier: MIT
/*
 * loop.c - the tracer's main loop: it waits for all events, except those of a
 * thread that runs an injected call (remote/).
 */
#include "tracer/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "tracer/calls/calls.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"

struct event {
	struct task *task; /* NULL: a user notification */
	int status;
	struct unotify unotify;
};

/* Queue a notification that is there; with `sleep`, wait for a notification or
   for SIGCHLD. */
static void take_unotify(bool sleep)
{
	struct unotify unotify;

	if (sleep ? unotify_next(&unotify) : unotify_poll(&unotify))
		unotify_defer(&unotify);
}

/*
 * The next event of any task; false when no task is left.
 *
 * statuses_due says whether waitpid() can have statuses that are not queued:
 *
 *	true	at the start, after SIGCHLD, and after waitpid() has said ECHILD
 *	false	all statuses are queued, and no SIGCHLD has come since
 *
 * waitpid() is called only when that is true, since it walks all tasks.  One
 * round, when both queues are empty:
 *
 *	false	sleep for a notification or SIGCHLD; queue the notification
 *	true	queue a notification that is there; block SIGCHLD; queue all
 *		statuses
 *
 * SIGCHLD can come at any time before it is blocked: so it is asked for before
 * the sleep, which must not begin then, and again after it.
 *
 * One notification and then all statuses: so neither waits for ever.  Statuses
 * are handled before notifications, since an answer can depend on a death that
 * is among them (shm_nattch).
 */
static bool next_event(struct event *event)
{
	static bool statuses_due = true;

	for (;;) {
		event->task = wait_next_deferred(&event->status);
		if (event->task)
			return true;
		if (unotify_deferred(&event->unotify))
			return true;
		if (unotify_can_come()) {
			statuses_due = unotify_sigchld_came() || statuses_due;
			take_unotify(!statuses_due);
			statuses_due = unotify_sigchld_came() || statuses_due;
			if (!statuses_due)
				continue;
			unotify_block_sigchld();
		}
		statuses_due = !wait_take(!unotify_can_come());
		if (statuses_due && !wait_any_deferred())
			return false;
	}
}

static bool was_answered;	/* by the last stop; for --debug=stops */

/* The stop was handled: check, and resume the task with a signal or 0. */
static void handled(struct task *task, int sig)
{
	if (wait_is_deferred(task)) /* the task is at another stop already */
		return;
	if (config.self_check && task->call.handled &&
	    !remote_is_completing(task))
		selfcheck_task(task);
	was_answered = task->call.handled;
	task->call.handled = false;
	remote_resume(task, sig);
}

static void handle_call(struct task *task, void (*handle)(struct task *))
{
	int sig;

	handle(task);
	if (remote_is_completing(task)) /* the task runs already */
		return;
	task->call.at = CALL_NONE;
	sig = task->call.borrowed.signal;
	task->call.borrowed.signal = 0;
	handled(task, sig);
}

/* Any other stop proves that the fast path is over: emul/ and the kernel agree
   again. */
static void end_fastpath(struct task *task)
{
	if (!remote_is_completing(task))
		return;
	task->call.at = CALL_NONE;
	if (config.self_check)
		selfcheck_task(task);
}

static void answered(struct task *task)
{
	(void)task;
}

static void handle_seccomp(struct task *task)
{
	enum fastpath_state state = fastpath_at_seccomp(task);

	if (state == FASTPATH_OVER) {
		end_fastpath(task);
		handle_call(task, calls_at_stop);
	} else {
		handle_call(task,
			    state == FASTPATH_FAILED ? calls_redo : answered);
	}
}

static void handle_signal(struct task *task, int sig)
{
	if (fastpath_at_signal(task, sig) == FASTPATH_GOES_ON)
		return;
	end_fastpath(task);
	calls_restart_interrupted(task);
	remote_resume(task, sig);
}

static void handle_event_stop(struct task *task)
{
	if (task_is_unannounced(task)) { /* stays until the parent's event */
		/* if UNANNOUNCED_DEAD: that task had the same id */
		task->state = TASK_UNANNOUNCED;
		return;
	}
	if (task->state == TASK_ANNOUNCED)
		fork_first_stop(task);
	task->call.borrowed.group_stop = false;
	if (task->state == TASK_GROUP_STOPPED) {
		task->state = TASK_RUNNING;
		if (task->tid == config.first)
			kill(getppid(), SIGCONT); /* see supervise.c */
	}
	if (task->call.at == CALL_RETRY_AT_STOP)
		handle_call(task, calls_retry);
	else
		handled(task, 0);
}

static void handle_fork(struct task *parent)
{
	pid_t expected;
	struct task *child = fork_announced(parent, &expected);

	parent->call.handled = true; /* for --self-check */
	if (child)
		handle_event_stop(child);
	if (expected)
		wait_expect(expected);
	handled(parent, 0);
}

/* The first stop of a new task is a group stop if its process is stopped: then
   the task waits for its parent's event as well. */
static void handle_group_stop(struct task *task)
{
	if (task_is_unannounced(task))
		return;
	if (task->state == TASK_ANNOUNCED)
		fork_first_stop(task);
	task->state = TASK_GROUP_STOPPED;
	task->call.borrowed.group_stop = false;
	remote_listen(task->tid);
}

static void handle_stop(struct task *task, int status)
{
	int sig;

	/* any stop of the task says that its exec is over or has failed; not
	   when the status is queued: exec_settle() must see the state while
	   other tasks are handled first */
	if (task->state == TASK_IN_EXEC)
		task->state = TASK_RUNNING;
	switch (stop_classify(status, &sig)) {
	case STOP_SECCOMP:
		if (calls_must_wait(task))
			wait_for_fork(task, status);
		else
			handle_seccomp(task);
		break;
	case STOP_SYSCALL:
		/* its exit stop, which takes back what we asked for
		   (ptrace_stop()), does as well */
		if (task->call.at == CALL_RETRY_AT_STOP)
			handle_call(task, calls_retry);
		else if (calls_must_wait(task))
			wait_for_fork(task, status);
		else
			handle_call(task, calls_at_stop);
		break;
	case STOP_FORK:
		end_fastpath(task);
		handle_fork(task);
		break;
	case STOP_EXEC:
		handled(exec_event(task), 0);
		break;
	case STOP_EXIT: /* it may have been killed in a call */
		task->call.at = CALL_NONE;
		fork_adopt_orphans(task);
		exit_event(task);
		remote_resume(task, 0);
		break;
	case STOP_GROUP:
		handle_group_stop(task);
		break;
	case STOP_EVENT_STOP:
		handle_event_stop(task);
		break;
	case STOP_SIGNAL:
		handle_signal(task, sig);
		break;
	case STOP_DEAD:
		exit_reap_missed(task);
		fork_adopt_orphans(task);
		exit_dead(task);
		break;
	}
}

/* What became of the task that had this id, for --debug=stops. */
static const char *decision(pid_t tid)
{
	const struct task *task = task_find(tid);

	if (!task)
		return "released";
	if (wait_is_deferred(task))
		return "another status of it came";
	if (remote_is_completing(task))
		return "completes in the stub";
	if (task->call.at == CALL_RETRY_AT_STOP)
		return "will stop, and be handled again";
	switch (task->state) {
	case TASK_UNANNOUNCED:
	case TASK_UNANNOUNCED_DEAD:
		return "waits for its parent's event";
	case TASK_DEFERRED_BY_FORK:
		return "waits for a fork in its address space";
	case TASK_GROUP_STOPPED:
		return "left in its group stop";
	case TASK_EXITING:
		return "exits, accounted for";
	default:
		return was_answered ? "answered" : "resumed";
	}
}

static void debug_stop(pid_t tid, const char *stop, int64_t nr)
{
	if (nr < 0)
		log_line("debug: %d: %s stop: %s", (int)tid, stop,
			 decision(tid));
	else
		log_line("debug: %d: %s stop of call %lld: %s", (int)tid, stop,
			 (long long)nr, decision(tid));
}

static void handle_event(const struct event *event)
{
	pid_t tid = event->task->tid;
	const struct task *task;
	enum stop stop;
	int sig;

	was_answered = false;
	handle_stop(event->task, event->status);
	if (!config.debug_stops)
		return;
	stop = stop_classify(event->status, &sig);
	task = task_find(tid);
	debug_stop(tid, stop_name(stop),
		   task && (stop == STOP_SECCOMP || stop == STOP_SYSCALL) ?
			   task->call.asked.nr : -1);
}

static void handle_unotify(const struct unotify *unotify)
{
	calls_at_unotify(unotify);
	was_answered = true;
	if (config.debug_stops)
		log_line("debug: %d: user notification of call %lld: %s",
			 (int)unotify->tid, (long long)unotify->nr,
			 decision(unotify->tid));
}

void loop_run(void)
{
	struct event event;

	while (next_event(&event)) {
		if (event.task)
			handle_event(&event);
		else
			handle_unotify(&event.unotify);
	}
}
