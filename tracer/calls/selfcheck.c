// SPDX-License-Identifier: MIT
/*
 * selfcheck.c - compares the attachments that emul/ has recorded with
 * /proc/TID/maps.
 *
 * The kernel merges mappings of a memfd where it does not merge those of shm.
 * So on both sides, neighbours that continue each other are joined before the
 * comparison.
 */
#include "tracer/calls/selfcheck.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/store/store.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

struct run_of_pages {
	uint64_t start, end, offset, inode;
	int prot;
};

struct list {
	struct run_of_pages *runs;
	size_t count, room;
};

static bool continues(const struct run_of_pages *a,
		      const struct run_of_pages *b)
{
	return a->end == b->start && a->inode == b->inode &&
	       a->prot == b->prot && a->offset + (a->end - a->start) ==
					     b->offset;
}

static void add(struct list *list, const struct run_of_pages *next)
{
	if (list->count && continues(&list->runs[list->count - 1], next)) {
		list->runs[list->count - 1].end = next->end;
		return;
	}
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 16;
		list->runs = realloc(list->runs,
				     list->room * sizeof(*list->runs));
		if (!list->runs)
			log_fatal("self-check: out of memory");
	}
	list->runs[list->count++] = *next;
}

static int add_vma(const struct emul_vma *vma, void *arg)
{
	const struct run_of_pages next = {
		vma->addr,   vma->addr + vma->len,
		vma->offset, memfd_inode(vma->pages),
		vma->prot,
	};

	add(arg, &next);
	return 0;
}

/* Has maps shown any mapping?  Those of a process that is being killed may show
   none. */
static bool any_mapping;

static int add_map(const struct proc_map *map, void *arg)
{
	struct run_of_pages next = { map->start, map->end, map->offset,
				     map->inode, 0 };

	any_mapping = true;
	if (strncmp(map->path, "/memfd:SYSV", 11) != 0)
		return 0;
	next.prot = (map->prot[0] == 'r' ? EMUL_READ : 0) |
		    (map->prot[1] == 'w' ? EMUL_WRITE : 0) |
		    (map->prot[2] == 'x' ? EMUL_EXEC : 0);
	add(arg, &next);
	return 0;
}

static bool is_equal(const struct list *a, const struct list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct run_of_pages *x = &a->runs[i], *y = &b->runs[i];

		if (x->start != y->start || x->end != y->end ||
		    x->offset != y->offset || x->inode != y->inode ||
		    x->prot != y->prot)
			return false;
	}
	return true;
}

static bool is_in_model(const struct run_of_pages *run,
			const struct list *model)
{
	for (size_t i = 0; i < model->count; i++)
		if (run->start < model->runs[i].end &&
		    model->runs[i].start < run->end)
			return true;
	return false;
}

/* Drop what the program mapped itself: an attachment once more through
   /proc/PID/map_files, which Linux does not count in nattch, or a memfd that it
   called SYSV....  What lies outside the arena, and has no part of an
   attachment, is taken for that. */
static void drop_foreign(struct list *kernel, const struct list *model)
{
	size_t kept = 0;

	for (size_t i = 0; i < kernel->count; i++) {
		const struct run_of_pages *run = &kernel->runs[i];

		if ((run->start >= config.arena_start &&
		     run->start < config.arena_end) ||
		    is_in_model(run, model))
			kernel->runs[kept++] = *run;
	}
	kernel->count = kept;
}

static void show(const char *title, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		log_line("  %s %" PRIx64 "-%" PRIx64 " offset %" PRIx64
			 " inode %" PRIu64 " prot %d", title,
			 list->runs[i].start, list->runs[i].end,
			 list->runs[i].offset, list->runs[i].inode,
			 list->runs[i].prot);
}

/* Is SIGKILL pending, for the thread or its process? */
static bool is_killed(const char *status)
{
	const char *thread = strstr(status, "\nSigPnd:");
	const char *shared = strstr(status, "\nShdPnd:");
	unsigned long long pending = 0;

	if (thread)
		pending |= strtoull(thread + 8, NULL, 16);
	if (shared)
		pending |= strtoull(shared + 8, NULL, 16);
	return pending >> (SIGKILL - 1) & 1;
}

/* A thread that was killed meanwhile can lose its mappings while maps is
   read. */
static bool is_still_stopped(pid_t tid)
{
	char *status = proc_read(tid, "status");
	bool stopped = status && strstr(status, "State:\tt") &&
		       !is_killed(status);

	free(status);
	return stopped;
}

void selfcheck_task(const struct task *task)
{
	struct list model = { 0 }, kernel = { 0 };
	int result;

	if (!task->mm || wait_is_deferred(task))
		return;
	if (remote_has_moved(task))
		return;
	any_mapping = false;
	emul_mm_walk(task->mm->emul, add_vma, &model);
	result = proc_maps(task->tid, add_map, &kernel);
	drop_foreign(&kernel, &model);
	if (result == 0 && any_mapping && !is_equal(&model, &kernel) &&
	    is_still_stopped(task->tid) && !remote_has_moved(task)) {
		show("model ", &model);
		show("kernel", &kernel);
		log_fatal("self-check failed for process %d (call %" PRId64
			  "); this is a bug in shmtrace", task->tid,
			  task->call.asked.nr);
	}
	free(model.runs);
	free(kernel.runs);
}
