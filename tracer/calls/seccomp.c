// SPDX-License-Identifier: MIT
/*
 * seccomp.c - lets shmat() work under a seccomp filter that the program has
 * installed.  On Linux shmat() works also where that filter refuses mmap() or
 * close().
 *
 * So filter_exemption() puts instructions in front of the program's filter that
 * allow a few calls, if they are made from the stub.
 */
#include "tracer/calls/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"

/* The program's filter behind the exemption, as the copy in the program's
   memory has it. */
struct patched_filter {
	struct sock_fprog header;
	struct sock_filter code[BPF_MAXINSNS];
};

static size_t patched_size(const struct patched_filter *patched)
{
	return offsetof(struct patched_filter, code) +
	       patched->header.len * sizeof(patched->code[0]);
}

/* For the program nobody traces it, and RET_TRACE without a tracer means
   ENOSYS.  Written as RET_ERRNO | ENOSYS, it also takes precedence over the
   RET_TRACE of the tracer's filter. */
static void replace_trace(struct patched_filter *patched)
{
	for (unsigned i = 0; i < patched->header.len; i++) {
		struct sock_filter *insn = &patched->code[i];

		if (insn->code == (BPF_RET | BPF_K) &&
		    (insn->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE)
			insn->k = SECCOMP_RET_ERRNO | ENOSYS;
	}
}

/* Returns 0, SYSRET_GONE, or -ENOEXEC: leave the call as it is, since Linux
   will refuse the filter, or the filter has no room for the exemption. */
static sysret_t read_and_patch(struct task *task, uint64_t at,
			       struct patched_filter *patched)
{
	struct sock_fprog program;
	unsigned prefix = filter_exemption(patched->code, &config);
	sysret_t result = remote_read(task, at, &program, sizeof(program));

	if (result == 0 && (program.len == 0 ||
			    program.len > BPF_MAXINSNS - prefix))
		result = -ENOEXEC;
	if (result == 0)
		result = remote_read(task, (uintptr_t)program.filter,
				     patched->code + prefix,
				     program.len * sizeof(patched->code[0]));
	patched->header.len = (unsigned short)(program.len + prefix);
	if (result == 0)
		replace_trace(patched);
	return result == SYSRET_GONE || result == 0 ? result : -ENOEXEC;
}

/* Copy the patched filter into the program's memory: its address, -errno, or
   SYSRET_GONE. */
static sysret_t store_patched(struct task *task, struct patched_filter *patched)
{
	const uint64_t args[6] = {
		0,
		patched_size(patched),
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS,
		(uint64_t)-1,
		0,
	};
	sysret_t at = remote_inject(task, SYS_mmap, args);
	sysret_t result;

	if (at < 0)
		return at;
	patched->header.filter =
		(struct sock_filter *)(uintptr_t)((uint64_t)at +
						  offsetof(
							  struct patched_filter,
							  code));
	result = remote_write(task, (uint64_t)at, patched,
			      patched_size(patched));
	return result == 0 ? at : result;
}

static sysret_t install(struct task *task, unsigned pointer,
			struct patched_filter *patched)
{
	uint64_t args[6], unmap[6] = { 0, patched_size(patched) };
	sysret_t result, at;

	if (!remote_stub(task))
		return -ENOMEM;
	at = store_patched(task, patched);
	if (at < 0)
		return at;
	memcpy(args, task->call.asked.args, sizeof(args));
	args[pointer] = (uint64_t)at;
	result = remote_inject(task, (long)task->call.asked.nr, args);
	unmap[0] = (uint64_t)at;
	remote_inject(task, SYS_munmap, unmap);
	return result;
}

/* May the program install a filter?  As in seccomp_prepare_filter(),
   kernel/seccomp.c, but a no_new_privs that the tracer has set does not
   count. */
static bool may_install(struct task *task)
{
	return !config.hide_no_new_privs || task->no_new_privs ||
	       cred_get(&task->cred, task->tid)->caps & EMUL_CAP_SYS_ADMIN;
}

/* SECCOMP_FILTER_FLAG_TSYNC gives no_new_privs as well. */
static void share_filter(struct task *other, void *arg)
{
	const struct task *task = arg;

	if (other == task || other->tgid != task->tgid ||
	    task_is_unannounced(other))
		return;
	other->own_filter = true;
	other->filters = task->filters;
	other->watched = task->watched;
	other->no_new_privs |= task->no_new_privs;
}

/* `flags`: of seccomp(2).  With SECCOMP_FILTER_FLAG_TSYNC a positive result
   names a thread whose filters are in the way; with ENOEXEC the kernel has
   still to decide. */
static void note_filter(struct task *task, uint64_t flags, sysret_t result)
{
	static uint64_t last;

	if (result == -ENOEXEC)
		task->filters = ++last;
	if (result < 0 || (result > 0 && flags & SECCOMP_FILTER_FLAG_TSYNC))
		return;
	task->own_filter = true;
	task->filters = ++last;
	if (flags & SECCOMP_FILTER_FLAG_TSYNC)
		task_each(share_filter, task);
}

static void install_own_filter(struct task *task, unsigned pointer)
{
	bool by_prctl = task->call.asked.nr == SYS_prctl;
	uint64_t flags = by_prctl ? 0 : task->call.asked.args[1];
	struct patched_filter *patched = calloc(1, sizeof(*patched));
	sysret_t result = -ENOMEM;

	if (patched)
		result = read_and_patch(task, task->call.asked.args[pointer],
					patched);
	if (result == 0) {
		result = may_install(task) ? install(task, pointer, patched) :
					     -EACCES;
		remote_answer(task, result);
	}
	note_filter(task, flags, result);
	free(patched);
}

/* Install strict mode as a filter.  Without the exemption, since shmat() kills
   in strict mode on Linux too. */
static void enter_strict(struct task *task)
{
	struct patched_filter *patched = calloc(1, sizeof(*patched));
	struct filter filter;
	sysret_t result = -ENOMEM;

	filter_strict(&filter);
	if (patched) {
		patched->header.len = filter.len;
		memcpy(patched->code, filter.code,
		       filter.len * sizeof(filter.code[0]));
		task->call.asked.nr = SYS_prctl;
		task->call.asked.args[0] = PR_SET_SECCOMP;
		task->call.asked.args[1] = SECCOMP_MODE_FILTER;
		result = install(task, 2, patched);
		remote_answer(task, result);
	}
	note_filter(task, 0, result);
	if (result >= 0)
		task->strict = true;
	free(patched);
}

void seccomp_handle(struct task *task)
{
	const uint64_t *args = task->call.asked.args;

	if ((uint32_t)args[0] == SECCOMP_SET_MODE_FILTER)
		install_own_filter(task, 2);
	else if ((uint32_t)args[0] == SECCOMP_SET_MODE_STRICT && !args[1] &&
		 !args[2] && !task->own_filter)
		enter_strict(task);
}

/* Answer a question that only hides what is ours.  At an entry stop the
   program's own filter has not judged the call yet: the call runs. */
static void answer_question(struct task *task, sysret_t answer)
{
	sysret_t result = 0;

	if (task->call.at == CALL_ENTRY)
		result = remote_run(task);
	remote_answer(task, result < 0 ? result : answer);
}

void seccomp_handle_prctl(struct task *task)
{
	const uint64_t *args = task->call.asked.args;

	switch ((uint32_t)args[0]) {
	case PR_SET_SECCOMP:
		if (args[1] == SECCOMP_MODE_FILTER)
			install_own_filter(task, 2);
		else if (args[1] == SECCOMP_MODE_STRICT && !task->own_filter)
			enter_strict(task);
		break;
	case PR_GET_SECCOMP:
		answer_question(task,
				task->own_filter ? SECCOMP_MODE_FILTER : 0);
		break;
	case PR_SET_DUMPABLE:
		if (!args[1] && geteuid() != 0)
			undumpable_prepare(task);
		break;
	case PR_SET_NO_NEW_PRIVS:
		if (args[1] == 1 && !args[2] && !args[3] && !args[4])
			task->no_new_privs = true;
		break;
	case PR_GET_NO_NEW_PRIVS:
		if (config.hide_no_new_privs && !args[1] && !args[2] &&
		    !args[3] && !args[4])
			answer_question(task, task->no_new_privs);
		break;
	default:
		break;
	}
}

static bool strict_allows(int64_t nr)
{
	return nr == SYS_read || nr == SYS_write || nr == SYS_exit ||
	       nr == SYS_rt_sigreturn;
}

/* A stop with other data than the tracer's filter gives comes from RET_TRACE of
   the program's filter: without a tracer that is ENOSYS. */
bool seccomp_forbids(struct task *task)
{
	if (task->strict && !strict_allows(task->call.asked.nr)) {
		kill(task->tgid, SIGKILL);
		return true;
	}
	if (task->call.at != CALL_SECCOMP ||
	    task->call.info.seccomp.ret_data == FILTER_TRACE_DATA)
		return false;
	remote_answer(task, -ENOSYS);
	return true;
}
