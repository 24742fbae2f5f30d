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

bool task_is_unannounced(const struct task *task)
{
	return task->state == TASK_UNANNOUNCED ||
	       task->state == TASK_UNANNOUNCED_DEAD;
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
	bool dead = task->state == TASK_UNANNOUNCED_DEAD;

	if (task_is_unannounced(task))
		unannounced--;
	task->state = dead ? TASK_EXITING : TASK_ANNOUNCED;
}

unsigned task_count(void)
{
	return count;
}

void task_free(struct task *task)
{
	if (task_is_unannounced(task))
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

struct mm *mm_new(struct emul_mm *emul)
{
	struct mm *mm = calloc(1, sizeof(*mm));

	if (!mm)
		return NULL;
	mm->users = 1;
	mm->emul = emul;
	return mm;
}
