// SPDX-License-Identifier: MIT
/*
 * emul_host.c - the functions of struct emul_host: emul/ calls them to change
 * and to read the program.
 *
 * Each attach maps an open file of its own, read-only for SHM_RDONLY: two
 * attaches never merge in the kernel, and mprotect(PROT_WRITE) on a read-only
 * one fails with EACCES as in Linux.
 */
#include "tracer/calls/emul_host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/calls/mm.h"
#include "tracer/remote/remote.h"
#include "tracer/store/store.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

static sysret_t host_pages_create(void *arg,
				  const struct emul_pages_request *request)
{
	const struct task *task = request->task;

	(void)arg;
	return memfd_new(request, task->tid);
}

static uint64_t map_flags(const struct emul_mapping *mapping)
{
	unsigned flags = MAP_SHARED;

	if (memfd_is_huge(mapping->pages))
		flags |= MAP_NORESERVE;
	if (mapping->place == EMUL_PLACE_FREE)
		flags |= MAP_FIXED_NOREPLACE;
	if (mapping->place == EMUL_PLACE_REPLACE)
		flags |= MAP_FIXED;
	return flags;
}

static bool may_use_fastpath(struct task *task,
			     const struct emul_mapping *mapping)
{
	return mapping->place == EMUL_PLACE_FREE && fastpath_is_possible(task);
}

/* Let the program open and map the file on the fast path: -errno if that is not
   possible. */
static sysret_t open_and_map(struct task *task,
			     const struct emul_mapping *mapping)
{
	struct arch_stub_file file = {
		.flags = (mapping->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC,
		.mmap = { mapping->addr, mapping->len,
			  (uint64_t)mapping->prot, map_flags(mapping) },
	};
	struct memfd_place pages;

	if (!may_use_fastpath(task, mapping) || !fastpath_may_open(task) ||
	    !memfd_find(mapping->pages, &pages))
		return -EAGAIN;
	file.dev = pages.dev;
	file.ino = pages.inode;
	snprintf(file.path, sizeof(file.path), "/proc/%d/fd/%d", pages.holder,
		 pages.number);
	return fastpath_open(task, &file);
}

/* Inject the descriptor and map it on the fast path: -errno if that is not
   possible. */
static sysret_t map_by_fastpath(struct task *task,
				const struct emul_mapping *mapping, int fd)
{
	const uint64_t args[6] = {
		mapping->addr, mapping->len, (uint64_t)mapping->prot,
		map_flags(mapping),
	};

	return may_use_fastpath(task, mapping) ?
		       fastpath_attach(task, fd, args) :
		       -EAGAIN;
}

/* Inject the descriptor, mmap() and close() from stop to stop. */
static sysret_t map_file(struct task *task, const struct emul_mapping *mapping,
			 int fd)
{
	uint64_t args[6] = {
		mapping->addr, mapping->len, (uint64_t)mapping->prot,
		map_flags(mapping), 0, 0,
	};
	struct injected_fd injected;
	sysret_t result;

	result = fd_inject(task, fd, mapping->writable ? O_RDWR : O_RDONLY,
			   &injected);
	if (result < 0)
		return result == SYSRET_GONE ? result : -ENOMEM;
	args[4] = (uint64_t)injected.number;
	result = remote_inject(task, SYS_mmap, args);
	fd_withdraw(task, &injected);
	return result;
}

static sysret_t host_map(void *arg, const struct emul_mapping *mapping)
{
	sysret_t result;
	int fd;

	remote_stub(arg);
	result = open_and_map(arg, mapping);
	if (result >= 0 || result == SYSRET_GONE)
		return result;
	fd = memfd_open(mapping->pages, mapping->writable);
	if (fd < 0)
		return -ENOMEM;
	result = map_by_fastpath(arg, mapping, fd);
	if (result < 0 && result != SYSRET_GONE)
		result = map_file(arg, mapping, fd);
	close(fd);
	return result;
}

static sysret_t host_unmap(void *task, uint64_t addr, uint64_t len,
			   bool is_last)
{
	const uint64_t args[6] = { addr, len };

	if (is_last && fastpath_is_possible(task) &&
	    fastpath_detach(task, addr, len) == 0)
		return 0;
	return remote_inject(task, SYS_munmap, args);
}

static sysret_t host_read(void *task, uint64_t addr, void *buf, size_t len)
{
	return remote_read(task, addr, buf, len);
}

static sysret_t host_write(void *task, uint64_t addr, const void *buf,
			   size_t len)
{
	return remote_write(task, addr, buf, len);
}

static uint64_t memlock_limit(void *arg)
{
	const struct task *task = arg;
	struct rlimit limit;

	if (prlimit(task->tgid, RLIMIT_MEMLOCK, NULL, &limit) < 0 &&
	    !proc_limit(task->tid, "Max locked memory", &limit))
		return 0; /* the process is gone */
	if (limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

static int open_maps(struct task *task)
{
	return undumpable_open_file(task, "maps", O_RDONLY);
}

static uint64_t first_hole(void *task, uint64_t from, uint64_t to)
{
	int maps = open_maps(task);
	struct proc_map map;

	if (maps < 0)
		return to;
	while (from < to && proc_map_at(maps, from, &map) && map.start <= from)
		from = map.end;
	close(maps);
	return from < to ? from : to;
}

static uint64_t first_mapped(void *task, uint64_t from, uint64_t to)
{
	int maps = open_maps(task);
	struct proc_map map;

	if (maps >= 0 && proc_map_at(maps, from, &map) && map.start < to)
		to = map.start > from ? map.start : from;
	if (maps >= 0)
		close(maps);
	return to;
}

static uint64_t mapping_end(void *task, uint64_t addr)
{
	int maps = open_maps(task);
	uint64_t end = UINT64_MAX;
	struct proc_map map;

	if (maps >= 0 && proc_map_at(maps, addr, &map))
		end = map.end;
	if (maps >= 0)
		close(maps);
	return end;
}

static sysret_t host_remap(void *arg, const struct emul_mmcall *call)
{
	const uint64_t args[6] = {
		call->addr,  call->len,	     call->new_len,
		call->flags, call->new_addr,
	};
	sysret_t result = remote_inject(arg, SYS_mremap, args);

	mm_watch_stub(arg, call, result);
	return result;
}

static int protection(void *task, uint64_t addr)
{
	int maps = open_maps(task), prot = 0;
	struct proc_map map;

	if (maps >= 0 && proc_map_at(maps, addr, &map))
		prot = (map.prot[0] == 'r' ? EMUL_READ : 0) |
		       (map.prot[1] == 'w' ? EMUL_WRITE : 0) |
		       (map.prot[2] == 'x' ? EMUL_EXEC : 0);
	if (maps >= 0)
		close(maps);
	return prot;
}

/* /proc/TID/smaps has a line like that of maps for each mapping, followed by
   "VmFlags: rd wr lo" and others. */
static bool is_locked(void *arg, uint64_t addr)
{
	const struct task *task = arg;
	char *text = proc_read(task->tid, "smaps"), *rest = text, *line;
	bool inside = false, locked = false;

	while (rest && (line = strsep(&rest, "\n")) != NULL) {
		uint64_t start, end;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			inside = start <= addr && addr < end;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			locked = strstr(line, " lo") != NULL;
	}
	free(text);
	return locked;
}

static uint32_t id_to_task(void *arg, bool group, uint32_t id)
{
	struct task *task = arg;

	if (!cred_user_ns(&task->cred, task->tid))
		return id;
	return userns_seen(task->tid, group ? USERNS_GID : USERNS_UID, id);
}

static uint32_t id_from_task(void *arg, bool group, uint32_t id)
{
	struct task *task = arg;

	if (!cred_user_ns(&task->cred, task->tid))
		return id;
	return userns_meant(task->tid, group ? USERNS_GID : USERNS_UID, id);
}

static int32_t pid_to_task(void *arg, int32_t pid)
{
	const struct task *task = arg;

	return pidns_seen(task->pidns, pid);
}

const struct emul_host host = {
	.pages_create = host_pages_create,
	.pages_destroy = memfd_free,
	.pages_usage = memfd_usage,
	.pages_lock = memfd_lock,
	.map = host_map,
	.unmap = host_unmap,
	.read = host_read,
	.write = host_write,
	.memlock_limit = memlock_limit,
	.first_hole = first_hole,
	.pid_to_task = pid_to_task,
	.id_to_task = id_to_task,
	.id_from_task = id_from_task,
	.first_mapped = first_mapped,
	.mapping_end = mapping_end,
	.remap = host_remap,
	.is_locked = is_locked,
	.protection = protection,
};
