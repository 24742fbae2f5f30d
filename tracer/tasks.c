// SPDX-License-Identifier: MIT
/*
 * tasks.c - the table of traced threads and their address spaces.
 */
#include "tracer/tasks.h"

#include <stdlib.h>
#include <time.h>

#include "tracer/ipcns.h"
#include "tracer/pidns.h"
#include "tracer/views.h"

#define BUCKETS 1024		/* a power of two */

static struct task *buckets[BUCKETS];
static unsigned count;
static uint64_t last_creator;
static struct task *first_pending, **last_pending = &first_pending;

static struct task **bucket(pid_t tid)
{
	return &buckets[(unsigned)tid % BUCKETS];
}

struct task *task_find(pid_t tid)
{
	struct task *task = *bucket(tid);

	while (task && task->tid != tid)
		task = task->next;
	return task;
}

static void link_task(struct task *task)
{
	struct task **head = bucket(task->tid);

	task->next = *head;
	*head = task;
}

static void unlink_task(const struct task *task)
{
	struct task **at = bucket(task->tid);

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
}

struct task *task_add(pid_t tid)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	task->tid = tid;
	task->tgid = tid;
	task->creator = ++last_creator;
	link_task(task);
	count++;
	return task;
}

static void drop_pending(struct task *task)
{
	struct task **at = &first_pending;

	while (*at && *at != task)
		at = &(*at)->next_pending;
	if (!*at)
		return;
	*at = task->next_pending;
	if (!*at)
		last_pending = at;
}

unsigned task_count(void)
{
	return count;
}

void task_free(struct task *task)
{
	if (task->pending)
		drop_pending(task);
	unlink_task(task);
	count--;
	if (task->mm)
		mm_put(task);
	if (task->ns)
		ipcns_put(task->ns);
	pidns_put(task->pidns);
	cred_free(&task->cred);
	free(task->undo);
	free(task);
}

void task_rename(struct task *task, pid_t to)
{
	unlink_task(task);
	task->tid = to;
	link_task(task);
}

void task_each(void (*visit)(struct task *, void *), void *arg)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct task *next, *task = buckets[i];

		for (; task; task = next) {
			next = task->next;
			visit(task, arg);
		}
	}
}

void task_defer(struct task *task, int status)
{
	task->status = status;
	if (task->pending)
		return;
	task->pending = true;
	task->next_pending = NULL;
	*last_pending = task;
	last_pending = &task->next_pending;
}

struct task *task_deferred(void)
{
	struct task *task = first_pending;

	if (!task)
		return NULL;
	drop_pending(task);
	task->pending = false;
	return task;
}

bool task_any_deferred(void)
{
	return first_pending != NULL;
}

struct mm *mm_new(struct emul_space *space)
{
	struct mm *mm = calloc(1, sizeof(*mm));

	if (!mm)
		return NULL;
	mm->users = 1;
	mm->space = space;
	return mm;
}

void mm_put(struct task *task)
{
	struct mm *mm = task->mm;

	if (--mm->users == 0) {
		emul_space_drop(task_caller(task));
		views_drop(mm->views);
		free(mm);
	}
	task->mm = NULL;
}

static struct emul_caller caller;

const struct emul_caller *task_caller(struct task *task)
{
	static const struct emul_cred none;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	caller = (struct emul_caller){
		.task = task,
		.ns = task->ns,
		.space = task->mm ? task->mm->space : NULL,
		.cred = &none,
		.pid = task->tgid,
		.creator = task->creator,
		.now = now.tv_sec,
		.read_implies_exec = task->read_implies_exec,
	};
	return &caller;
}

const struct emul_caller *task_caller_cred(struct task *task)
{
	static struct emul_cred weak;

	task_caller(task);
	caller.cred = cred_get(&task->cred, task->tid);
	/* ns_capable() */
	if (task->cred.user_ns && caller.cred->caps &&
	    !ipcns_is_below(task->ns, task->cred.user_ns)) {
		weak = *caller.cred;
		weak.caps = 0;
		caller.cred = &weak;
	}
	return &caller;
}
