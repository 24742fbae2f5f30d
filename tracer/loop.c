// SPDX-License-Identifier: MIT
/*
 * loop.c - the tracer's main loop: the one door for all waits but those for
 * a thread in the middle of a call (syscall.c, fd.c).
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
	struct task *task;	/* NULL: a notice */
	int status;
	struct unotify unotify;
};

/* A notice that is there; with `sleep`, wait for one or for SIGCHLD. */
static void take_unotify(bool sleep)
{
	struct unotify unotify;

	if (sleep ? unotify_next(&unotify) : unotify_poll(&unotify))
		unotify_defer(&unotify);
}

/*
 * The next thing that happens to anyone; false at the end.  In rounds, so
 * that neither statuses nor notices wait for ever: first a notice that is
 * there is taken, then all statuses; these are handled before that, for a
 * death may be what a notice asks about.  Statuses are looked for only after
 * SIGCHLD: to look costs the kernel a walk over all tasks.
 */
static bool next_event(struct event *event)
{
	static bool look = true;

	for (;;) {
		event->task = wait_next_deferred(&event->status);
		if (event->task)
			return true;
		if (unotify_deferred(&event->unotify))
			return true;
		if (unotify_can_come()) {
			look = unotify_sigchld_came() || look;
			take_unotify(!look);
			look = unotify_sigchld_came() || look;
			if (!look)
				continue;
			unotify_block_sigchld();
		}
		look = !wait_take(!unotify_can_come());
		if (look && !wait_any_deferred())
			return false;
	}
}

static bool was_answered;	/* by the last stop; for --debug=stops */

static void handled(struct task *task, int sig)
{
	if (wait_is_deferred(task)) /* it is at another stop already */
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
	if (remote_is_completing(task)) /* it runs already */
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
	if (task_is_unannounced(task)) { /* waits for its parent's event */
		task->state = TASK_UNANNOUNCED; /* a dead one had the same id */
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

	parent->call.handled = true; /* it may have changed: check */
	if (child)
		handle_event_stop(child);
	if (expected)
		wait_expect(expected);
	handled(parent, 0);
}

/* One that is born into a stopped group waits for its parent as well. */
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

	/* over, or it failed; not before now: others may be handled first */
	if (task->state == TASK_IN_EXEC)
		task->state = TASK_RUNNING;
	switch (stop_classify(status, &sig)) {
	case STOP_SECCOMP:
		if (!wait_for_fork(task, status))
			handle_seccomp(task);
		break;
	case STOP_SYSCALL:
		if (!wait_for_fork(task, status))
			handle_call(task, calls_at_stop);
		break;
	case STOP_FORK:
		end_fastpath(task);
		handle_fork(task);
		break;
	case STOP_EXEC:
		handled(exec_event(task), 0);
		break;
	case STOP_EXIT:		/* it may have been killed on the way */
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
