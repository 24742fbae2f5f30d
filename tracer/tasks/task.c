// SPDX-License-Identifier: MIT
/*
 * task.c - the table of traced threads and their address spaces.
 */
#include "tracer/tasks/task.h"

#include <stdlib.h>

#define BUCKETS 1024		/* a power of two */

static struct task *buckets[BUCKETS];
static unsigned count;
static unsigned unannounced;
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

struct task *task_add_unannounced(pid_t tid)
{
	struct task *task = task_add(tid);

	if (task) {
		task->state = TASK_UNANNOUNCED;
		unannounced++;
	}
	return task;
}

unsigned task_count_unannounced(void)
{
	return unannounced;
}

void task_announced(struct task *task)
{
	if (task->state == TASK_UNANNOUNCED)
		unannounced--;
	task->state = TASK_ANNOUNCED;
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
	if (task->state == TASK_UNANNOUNCED)
		unannounced--;
	unlink_task(task);
	count--;
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

void task_fork_begins(struct task *task)
{
	task->forks = true;
	task->mm->forking++;
}

static void resume_deferred(struct task *task, void *mm)
{
	if (task->mm != mm || !task->deferred_by_fork)
		return;
	task->deferred_by_fork = false;
	task_defer(task, task->status);
}

void task_fork_over(struct task *task)
{
	if (!task->forks)
		return;
	task->forks = false;
	if (task->mm && --task->mm->forking == 0)
		task_each(resume_deferred, task->mm);
}

bool task_waits_for_fork(struct task *task, int status)
{
	if (!task->mm || !task->mm->forking || task->forks)
		return false;
	task->deferred_by_fork = true;
	task->status = status;
	return true;
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
