// SPDX-License-Identifier: MIT
/*
 * watch.c - what the journal is told of a call, gathered round its answer.
 */
#include "tracer/calls/watch.h"

#include <string.h>
#include <sys/syscall.h>

#include "tracer/remote/remote.h"
#include "tracer/report/report.h"

static enum journal_nr journal_nr_of(int64_t nr)
{
	switch (nr) {
	case SYS_shmget:
		return JOURNAL_SHMGET;
	case SYS_shmctl:
		return JOURNAL_SHMCTL;
	case SYS_shmat:
		return JOURNAL_SHMAT;
	default:
		return JOURNAL_SHMDT;
	}
}

static void read_buffer(struct task *task, struct journal_call *call,
			size_t size)
{
	call->has_buffer = size && remote_read(task, call->args[2],
					       call->buffer, size) == 0;
}

/* Before the call: the segment of the id or of the address; after it: of the
   id that it gave. */
static void look_at(struct task *task, struct journal_call *call, bool after)
{
	bool by_result = call->nr == JOURNAL_SHMGET ||
			 (call->nr == JOURNAL_SHMCTL &&
			  journal_takes_index(call->args));

	if (!journal_wants_segments() || by_result != after ||
	    (after && call->result < 0))
		return;
	if (call->nr == JOURNAL_SHMDT)
		call->is_about = emul_attached_look(
			task->mm->emul, call->args[0], &call->about);
	else
		call->is_about = emul_segment_look(
			task->ns, (int32_t)(after ? call->result :
						    (int64_t)call->args[0]),
			&call->about);
}

/* A thread at a stop shows its own stack only after its registers are put
   back; one that waits for a notification runs as soon as it has its answer,
   and what it prints then must come behind the line of the call. */
static void answer(struct task *task, const struct journal_call *call)
{
	bool runs_on = task->call.at == CALL_UNOTIFY;

	if (touch_is_due(task) || remote_will_retry(task, call->result)) {
		remote_answer(task, call->result);
		return;
	}
	if (runs_on)
		journal_call(call);
	remote_answer(task, call->result);
	if (!runs_on)
		journal_call(call);
}

void watch_call(struct task *task, sysret_t (*emulate)(struct task *))
{
	struct journal_call call = {
		.tid = task->tid,
		.nr = journal_nr_of(task->call.asked.nr),
		.knows_pids = !task->pidns,
	};

	clock_gettime(CLOCK_REALTIME, &call.start);
	memcpy(call.args, task->call.asked.args, sizeof(call.args));
	if (call.nr == JOURNAL_SHMCTL)
		read_buffer(task, &call, journal_buffer_read(call.args));
	look_at(task, &call, false);
	call.result = emulate(task);
	clock_gettime(CLOCK_REALTIME, &call.end);
	look_at(task, &call, true);
	if (call.nr == JOURNAL_SHMCTL && call.result >= 0 && !call.has_buffer)
		read_buffer(task, &call, journal_buffer_written(call.args));
	answer(task, &call);
}
