// SPDX-License-Identifier: MIT
/*
 * dispatch.c - from a stop to the handler of the call, by number.
 */
#include "tracer/calls/dispatch.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#include "tracer/calls/exec.h"
#include "tracer/calls/fork.h"
#include "tracer/calls/mm.h"
#include "tracer/calls/outside.h"
#include "tracer/calls/procfs.h"
#include "tracer/calls/seccomp.h"
#include "tracer/calls/watch.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef void handler(struct task *task);

static sysret_t emulate_shmat(struct task *task,
			      const struct emul_caller *caller)
{
	const uint64_t *args = task->call.asked.args;
	sysret_t result = emul_shmat(caller, args[0], args[1], args[2]);

	outside_watch(task);
	return result;
}

static sysret_t emulate(struct task *task)
{
	const uint64_t *args = task->call.asked.args;
	const struct emul_caller caller = task->call.asked.nr == SYS_shmdt ?
						  task_caller(task) :
						  task_caller_cred(task);

	switch (task->call.asked.nr) {
	case SYS_shmget:
		return emul_shmget(&caller, args[0], args[1], args[2]);
	case SYS_shmctl:
		return emul_shmctl(&caller, args[0], args[1], args[2]);
	case SYS_shmat:
		return emulate_shmat(task, &caller);
	default:
		return emul_shmdt(&caller, args[0]);
	}
}

static void handle_shm(struct task *task)
{
	if (config.journal)
		watch_call(task, emulate);
	else
		remote_answer(task, emulate(task));
}

static void handle_credentials(struct task *task)
{
	cred_forget(&task->cred);
}

/* unshare() and setns() can put the task into another IPC or user namespace,
   and its future children into another pid namespace. */
static void handle_namespaces(struct task *task)
{
	struct emul_ns *ns;
	sysret_t result = remote_run(task);

	cred_forget(&task->cred);
	if (result != 0)
		return;
	task->nests_children = true;
	ns = ipcns_of(task->tid, task->ns);
	ipcns_put(task->ns);
	task->ns = ns;
}

static void handle_personality(struct task *task)
{
	uint32_t persona = (uint32_t)task->call.asked.args[0];

	if (remote_run(task) >= 0 && persona != UINT32_MAX)
		task->read_implies_exec = persona & READ_IMPLIES_EXEC;
}

/* Before it runs: from now on a copy may meet a page that is not there. */
static void handle_userfaultfd(struct task *task)
{
	task->mm->userfaults = true;
	undumpable_prepare(task);
}

static const struct {
	long nr;
	handler *handle;
} table[] = {
	{ SYS_personality, handle_personality },
	{ SYS_shmget, handle_shm },
	{ SYS_shmctl, handle_shm },
	{ SYS_shmat, handle_shm },
	{ SYS_shmdt, handle_shm },
	{ SYS_setuid, handle_credentials },
	{ SYS_setgid, handle_credentials },
	{ SYS_setreuid, handle_credentials },
	{ SYS_setregid, handle_credentials },
	{ SYS_setresuid, handle_credentials },
	{ SYS_setresgid, handle_credentials },
	{ SYS_setgroups, handle_credentials },
	{ SYS_setfsuid, handle_credentials },
	{ SYS_setfsgid, handle_credentials },
	{ SYS_capset, handle_credentials },
	{ SYS_unshare, handle_namespaces },
	{ SYS_setns, handle_namespaces },
	{ SYS_clone, fork_begins },
	{ SYS_clone3, fork_begins },
#ifdef SYS_fork
	{ SYS_fork, fork_begins },
#endif
	{ SYS_execve, exec_begins },
	{ SYS_execveat, exec_begins },
	{ SYS_userfaultfd, handle_userfaultfd },
	{ SYS_seccomp, seccomp_handle },
	{ SYS_prctl, seccomp_handle_prctl },
#ifdef SYS_open
	{ SYS_open, procfs_open },
	{ SYS_creat, procfs_open },
#endif
	{ SYS_openat, procfs_open },
	{ SYS_openat2, procfs_open },
	{ SYS_write, procfs_write },
	{ SYS_pwrite64, procfs_write },
};

static handler *find_handler(int64_t nr)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].nr == nr)
			return table[i].handle;
	return NULL;
}

/* The numbers of one ABI mean other calls in another. */
static bool is_foreign_shm(uint32_t audit, uint64_t nr, uint64_t first)
{
	for (const struct arch_foreign *f = arch_foreign; f->name; f++) {
		if (f->audit != audit)
			continue;
		for (size_t i = 0; i < COUNT(f->nr); i++)
			if (f->nr[i] == nr)
				return true;
		if (f->multiplexer >= 0 && nr == (uint64_t)f->multiplexer &&
		    (first & 0xffff) >= 21 && (first & 0xffff) <= 24)
			return true;
	}
	return false;
}

static void refuse_foreign(struct task *task)
{
	static bool warned;

	if (!warned)
		log_hint("process %d makes shared-memory calls of another "
			 "ABI (32-bit or x32): not supported, ENOSYS",
			 task->tgid);
	warned = true;
	remote_answer(task, -ENOSYS);
}

/*
 * The order of these tests is essential.  Which stops reach which test:
 *
 *	CALL_SECCOMP	with a filter: the call is in the table of DESIGN.md, or
 *			a filter that the program installed returned TRACE
 *	CALL_ENTRY	plain mode: every call; with a filter: every call of a
 *			task that runs with PTRACE_SYSCALL, because of
 *			task->stops_for, mm->stop_all_calls, a fork that
 *			is going on, or task->undo
 *
 *	seccomp_forbids	CALL_SECCOMP, CALL_ENTRY: a call that is forbidden must
 *			have no effect
 *	mm_handle	CALL_SECCOMP for ranges in the arena; CALL_ENTRY for all
 *			ranges
 *	procfs_handles	CALL_SECCOMP for opens, with --proc=on; CALL_ENTRY for
 *			opens and writes
 *	exec_settle,	CALL_SECCOMP; CALL_ENTRY in plain mode only: with a
 *	the table	filter the seccomp stop of the same call is to come
 *
 * A call that mm_handle() or procfs_open() has run at its entry stop, has had
 * its seccomp stop meanwhile: remote_take_status() passed that stop.
 */
static void handle_native(struct task *task)
{
	handler *handle = find_handler(task->call.asked.nr);

	if (seccomp_forbids(task) || outside_catch_up(task))
		return;
	if (mm_handle(task))
		return;
	if (procfs_handles(task->call.asked.nr)) {
		if (config.proc != PROC_OFF)
			handle(task);
		return;
	}
	if (task->call.at == CALL_ENTRY && config.use_filter)
		return;
	exec_settle();
	if (handle)
		handle(task);
	else if (is_foreign_shm(arch_audit, (uint64_t)task->call.asked.nr, 0))
		refuse_foreign(task);
}

/* A handler that has met a page that is not there yet returns; its call is
   handled once more. */
static void handle_with_touch(struct task *task)
{
	undumpable_settle(task);
	handle_native(task);
	if (touch_is_due(task))
		touch_begin(task);
	else if (task->call.at != CALL_ENTRY || !config.use_filter)
		task->touch.failed &= task->touch.runs;
}

void calls_at_stop(struct task *task)
{
	if (task->touch.runs) {
		touch_at_stop(task);
		return;
	}
	switch (remote_begin(task)) {
	case CALL_IS_NATIVE:
		/* handled at its entry stop, and left to run */
		if (!task->mm_call)
			handle_with_touch(task);
		break;
	case CALL_IS_FOREIGN:
		if (is_foreign_shm(task->call.info.arch,
				   (uint64_t)task->call.asked.nr,
				   arch_foreign_first(&task->call.regs)))
			refuse_foreign(task);
		break;
	case CALL_IS_EXIT:
		mm_at_exit(task);
		fork_undo(task);
		break;
	case CALL_IS_GONE:
		break;
	}
}

bool calls_must_wait(struct task *task)
{
	const struct ptrace_syscall_info *look = &task->call.info;

	if (!wait_is_forking(task) || !remote_info(task))
		return false;
	if (look->op != PTRACE_SYSCALL_INFO_ENTRY)
		return look->op == PTRACE_SYSCALL_INFO_SECCOMP;
	return look->arch != arch_audit || mm_knows((int64_t)look->entry.nr) ||
	       (find_handler((int64_t)look->entry.nr) &&
		!procfs_handles((int64_t)look->entry.nr));
}

void calls_redo(struct task *task)
{
	task->call.slow_only = true;
	handle_shm(task);
	task->call.slow_only = false;
}

void calls_retry(struct task *task)
{
	if (!remote_retry_at_stop(task))
		return;
	find_handler(task->call.asked.nr)(task);
	if (touch_is_due(task))
		touch_begin(task);
}

void calls_at_unotify(const struct unotify *unotify)
{
	struct task *task = task_find(unotify->tid);

	/* any other number is a trigger call that no fd_inject() waits for:
	   the program has guessed the cookie */
	if (!task || (unotify->nr != SYS_shmget && unotify->nr != SYS_shmctl)) {
		unotify_answer(unotify->id, -ENOSYS);
		return;
	}
	if (!task->mm) /* killed while its notification was queued */
		return;
	if (task->strict) {
		kill(task->tgid, SIGKILL);
		return;
	}
	task->call.at = CALL_UNOTIFY;
	task->call.needs_stop = false;
	task->call.unotify_id = unotify->id;
	task->call.asked.nr = unotify->nr;
	exec_settle();
	memcpy(task->call.asked.args, unotify->args, sizeof(unotify->args));
	find_handler(unotify->nr)(task);
	if (task->call.at == CALL_UNOTIFY) {
		task->call.at = CALL_NONE;
		task->touch.failed = false;
	}
}

void calls_restart_interrupted(struct task *task)
{
	struct arch_regs regs;
	struct arch_call call;
	int64_t result;

	if (!config.use_unotify || arch_fetch(task->tid, &regs, &call) < 0 ||
	    (call.nr != SYS_shmget && call.nr != SYS_shmctl) ||
	    arch_result(task->tid, &result) < 0)
		return;
	if (remote_was_interrupted(result))
		arch_restart(task->tid, &regs);
}
