// SPDX-License-Identifier: MIT
/*
 * outside.c - attachments outside the arena: the stopped thread installs one
 * more filter, for their addresses.
 *
 * The ranges of one thread grow with their number, so that many places never
 * make a long chain of filters.
 */
#include "tracer/calls/outside.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

/* Offset of the filter in the stub's data page, behind what fd.c puts there. */
#define FILTER_AT      1024
#define FILTER_LONGEST 256 /* instructions */

/* What the nth range of a thread is rounded out to: its low bits.  With the
   last one all addresses are watched. */
static const unsigned low_bits[WATCHED_MAX] = { 21, 26, 32, 38, 44, 64 };

/* How many filters a thread has, or 0. */
static unsigned long count_filters(pid_t tid)
{
	char *status = proc_read(tid, "status");
	const char *line = status ? strstr(status, "\nSeccomp_filters:") : NULL;
	unsigned long count = line ? strtoul(line + 17, NULL, 10) : 0;

	free(status);
	return count;
}

/* Between the birth of a process with CLONE_VM and our knowledge of it another
   thread may have given its parent a filter. */
void outside_inherit(struct task *task, const struct task *parent)
{
	task->filters = parent->filters;
	task->watched = parent->watched;
	task->stops_for = parent->stops_for;
	if (!parent->watched.count || !task->mm || task->mm != parent->mm ||
	    task->tgid == parent->tgid || task->mm->users == 2 ||
	    count_filters(task->tid) == count_filters(parent->tid))
		return;
	task->watched.count = 0;
	task->stops_for = OUTSIDE_UNTIL_WATCHED;
}

static struct range round_out(unsigned nth, struct range range)
{
	uint64_t low;

	if (low_bits[nth] == 64)
		return (struct range){ 0, UINT64_MAX };
	low = (UINT64_C(1) << low_bits[nth]) - 1;
	return (struct range){ range.start & ~low, (range.end + low) & ~low };
}

static const struct range *find_watched(const struct watched *watched,
					const struct range *range)
{
	for (unsigned i = 0; i < watched->count; i++)
		if (watched->ranges[i].start <= range->start &&
		    range->end <= watched->ranges[i].end)
			return &watched->ranges[i];
	return NULL;
}

/* The first attachment outside the arena that no filter of the thread knows;
   false: there is none. */
static bool find_unwatched(const struct task *task, struct range *range)
{
	const struct range *known;
	uint64_t from = 0;

	/* such a thread cannot change a mapping */
	if (task->strict)
		return false;
	while (emul_mm_next_outside(task->mm->emul, from, &range->start,
				    &range->end)) {
		known = find_watched(&task->watched, range);
		if (!known)
			return true;
		from = known->end;
	}
	return false;
}

/* As the filter of the run is: hidden or not, it is set. */
static bool has_no_new_privs(pid_t tid)
{
	char *status = proc_read(tid, "status");
	const char *line = status ? strstr(status, "\nNoNewPrivs:\t1") : NULL;
	bool set = line != NULL;

	free(status);
	return set;
}

/* SECCOMP_FILTER_FLAG_TSYNC gives the other threads all filters of this one,
   and its no_new_privs: only where they have these already. */
struct group {
	const struct task *task;
	bool no_new_privs;
	bool alike;
	unsigned others;
};

static bool is_other_thread(const struct task *other, const struct task *task)
{
	return other != task && other->tgid == task->tgid && other->mm &&
	       !task_is_unannounced(other);
}

static bool is_same(const struct watched *a, const struct watched *b)
{
	return a->count == b->count &&
	       memcmp(a->ranges, b->ranges, a->count * sizeof(a->ranges[0])) ==
		       0;
}

static void compare_thread(struct task *other, void *arg)
{
	struct group *group = arg;

	if (!is_other_thread(other, group->task))
		return;
	group->others++;
	if (other->filters != group->task->filters ||
	    !is_same(&other->watched, &group->task->watched) ||
	    (group->no_new_privs && !has_no_new_privs(other->tid)))
		group->alike = false;
}

static bool may_synchronize(const struct task *task)
{
	struct group group = { .task = task, .alike = true };

	if (task->mm->users == 1)
		return false;
	group.no_new_privs =
		!config.hide_no_new_privs && has_no_new_privs(task->tid);
	task_each(compare_thread, &group);
	return group.others && group.alike;
}

static void share_watched(struct task *other, void *arg)
{
	const struct task *task = arg;

	if (is_other_thread(other, task))
		other->watched = task->watched;
}

/* The filter as it lies in the program's memory. */
struct stored_filter {
	struct sock_fprog header;
	struct sock_filter code[FILTER_LONGEST];
};

/* 0, -errno, or SYSRET_GONE. */
static sysret_t store(struct task *task, const struct range *range, uint64_t at)
{
	struct filter filter;
	struct stored_filter stored = { .header = { 0 } };

	filter_build_range(&filter, range->start, range->end);
	stored.header.len = filter.len;
	/* an address of the program travels as a pointer here */
	stored.header.filter =
		(struct sock_filter *)(uintptr_t)(at +
						  offsetof(struct stored_filter,
							   code));
	memcpy(stored.code, filter.code, filter.len * sizeof(filter.code[0]));
	return remote_write(task, at, &stored, sizeof(stored));
}

static sysret_t install(struct task *task, const struct range *range)
{
	uint64_t args[6] = { SECCOMP_SET_MODE_FILTER, 0, 0 };
	bool together = may_synchronize(task);
	sysret_t result;

	if (!remote_stub(task))
		return -ENOMEM;
	args[1] = together ? SECCOMP_FILTER_FLAG_TSYNC : 0;
	args[2] = remote_stub_data() + FILTER_AT;
	result = store(task, range, args[2]);
	if (result == 0)
		result = remote_inject(task, SYS_seccomp, args);
	if (result != 0) /* positive: a thread with other filters */
		return result;
	task->watched.ranges[task->watched.count++] = *range;
	if (together)
		task_each(share_watched, task);
	return 0;
}

/* Filters for all that is outside: 0, or what the first failure was. */
static sysret_t install_all(struct task *task)
{
	struct range range;
	sysret_t result = 0;

	while (result == 0 && find_unwatched(task, &range)) {
		range = round_out(task->watched.count, range);
		result = install(task, &range);
	}
	return result;
}

/* Threads that run freely now must come by. */
static void look_after_sharer(struct task *other, void *arg)
{
	const struct task *task = arg;
	struct range range;

	if (other == task || other->mm != task->mm ||
	    other->stops_for != NOTHING_OUTSIDE ||
	    !find_unwatched(other, &range))
		return;
	other->stops_for = OUTSIDE_UNTIL_WATCHED;
	if (other->state >= TASK_RUNNING)
		remote_interrupt(other->tid);
}

void outside_watch(struct task *task)
{
	if (!task->mm || !config.use_filter || task->call.at == CALL_UNOTIFY ||
	    remote_is_completing(task) ||
	    !emul_mm_is_outside(task->mm->emul))
		return;
	if (task->stops_for == NOTHING_OUTSIDE && install_all(task) != 0)
		task->stops_for = OUTSIDE_FOR_GOOD;
	if (task->mm && task->mm->users > 1)
		task_each(look_after_sharer, task);
}

bool outside_catch_up(struct task *task)
{
	if (task->call.at != CALL_ENTRY ||
	    task->stops_for != OUTSIDE_UNTIL_WATCHED)
		return false;
	task->stops_for =
		install_all(task) == 0 ? NOTHING_OUTSIDE : OUTSIDE_FOR_GOOD;
	if (task->call.at == CALL_ENTRY)
		return false;
	remote_repeat(task);
	return true;
}
