// SPDX-License-Identifier: MIT
/*
 * undumpable.c - a thread makes its process dumpable, we open what we need,
 * and the thread takes it back: before its own call, never in place of it.
 */
#include "tracer/remote/undumpable.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tracer/remote/mem.h"
#include "tracer/remote/syscall.h"
#include "tracer/util/proc.h"

/* So many address spaces have open files: all others wait for their turn. */
enum { KEPT = 64 };

static struct mm *kept[KEPT];
static unsigned next_kept;

void undumpable_forget(struct mm *mm)
{
	if (!mm->files)
		return;
	for (unsigned i = 0; i < KEPT; i++)
		if (kept[i] == mm)
			kept[i] = NULL;
	mem_close_files(mm->files);
	free(mm->files);
	mm->files = NULL;
}

static void open_files(struct task *task)
{
	struct mm_files *files = malloc(sizeof(*files));

	if (!files || mem_open_files(task->tid, files) < 0) {
		free(files);
		return;
	}
	if (kept[next_kept])
		undumpable_forget(kept[next_kept]);
	kept[next_kept] = task->mm;
	next_kept = (next_kept + 1) % KEPT;
	task->mm->files = files;
}

static void set_dumpable(struct task *task, bool dumpable)
{
	const uint64_t args[6] = { PR_SET_DUMPABLE, dumpable };

	if (remote_inject(task, SYS_prctl, args) == 0)
		task->mm->left_dumpable = dumpable;
}

static bool is_in_call(const struct task *task)
{
	return task->call.at == CALL_SECCOMP || task->call.at == CALL_ENTRY ||
	       task->call.at == CALL_EXIT;
}

bool undumpable_open(struct task *task)
{
	enum call_at at = task->call.at;

	if (!task->mm || task->mm->files || !is_in_call(task))
		return false;
	set_dumpable(task, true);
	if (task->mm->left_dumpable) {
		open_files(task);
		set_dumpable(task, false);
	}
	remote_return(task, at);
	return task->mm->files && is_in_call(task);
}

int undumpable_open_file(struct task *task, const char *name, int flags)
{
	int fd = proc_open(task->tid, name, flags);
	enum call_at at = task->call.at;

	if (fd >= 0 || errno != EACCES || !task->mm || !is_in_call(task))
		return fd;
	set_dumpable(task, true);
	if (task->mm->left_dumpable) {
		fd = proc_open(task->tid, name, flags);
		set_dumpable(task, false);
	}
	remote_return(task, at);
	errno = EACCES;
	return fd;
}

void undumpable_prepare(struct task *task)
{
	if (task->mm && !task->mm->files)
		open_files(task);
}

void undumpable_settle(struct task *task)
{
	enum call_at at = task->call.at;

	if (!task->mm || !task->mm->left_dumpable || !is_in_call(task))
		return;
	set_dumpable(task, false);
	remote_return(task, at);
}
