// SPDX-License-Identifier: MIT
/*
 * host.c - segments' pages are memfds, made at the first attach.
 *
 * Each attach maps an open file of its own, read-only for SHM_RDONLY: two
 * attaches never merge in the kernel, and mprotect(PROT_WRITE) on a read-only
 * one fails with EACCES as in Linux.
 */
#include "tracer/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tracer/call.h"
#include "tracer/flight.h"
#include "tracer/lend.h"
#include "tracer/mem.h"
#include "tracer/proc.h"
#include "tracer/run.h"

struct pages {
	bool used;
	int fd;			/* -1 until the first attach */
	int32_t key;
	uint64_t size;		/* bytes */
	int64_t next_free;
};

static struct pages *table;
static int64_t room, first_free = -1;

static bool grow(void)
{
	int64_t more = room ? 2 * room : 64;
	struct pages *bigger =
		realloc(table, (size_t)more * sizeof(*bigger));

	if (!bigger)
		return false;
	table = bigger;
	for (int64_t i = more - 1; i >= room; i--) {
		table[i] = (struct pages){ .next_free = first_free };
		first_free = i;
	}
	room = more;
	return true;
}

/* __vm_enough_memory(), mm/util.c: with the default overcommit a segment may
   be as large as all memory and swap, each looked at alone. */
static bool may_commit(uint64_t size)
{
	struct sysinfo info;
	uint64_t total;

	if (sysinfo(&info) < 0)
		return true;
	total = ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
	return size <= total;
}

static sysret_t pages_create(void *arg,
			     const struct emul_pages_request *request)
{
	int64_t handle;

	(void)arg;
	if (request->huge_shift)
		return -ENOMEM;
	if (!request->noreserve && !may_commit(request->size))
		return -ENOMEM;
	if (first_free < 0 && !grow())
		return -ENOMEM;
	handle = first_free;
	first_free = table[handle].next_free;
	table[handle] = (struct pages){
		.used = true,
		.fd = -1,
		.key = request->key,
		.size = request->size,
	};
	return handle;
}

static void pages_destroy(void *arg, int64_t handle)
{
	struct pages *pages = &table[handle];

	(void)arg;
	if (pages->fd >= 0)
		close(pages->fd);
	*pages = (struct pages){ .next_free = first_free };
	first_free = handle;
}

static void pages_usage(void *arg, int64_t handle, struct emul_usage *usage)
{
	struct stat st;

	(void)arg;
	*usage = (struct emul_usage){ 0 };
	if (table[handle].fd >= 0 && fstat(table[handle].fd, &st) == 0)
		usage->rss = (uint64_t)st.st_blocks * 512;
}

static sysret_t pages_lock(void *arg, int64_t handle, bool lock)
{
	(void)arg;
	(void)handle;
	(void)lock;
	return 0;
}

/* The segment's memfd, made when first needed: 0 or -errno. */
static int make_file(struct pages *pages)
{
	char name[16];
	int fd;

	if (pages->fd >= 0)
		return 0;
	snprintf(name, sizeof(name), "SYSV%08x", (unsigned)pages->key);
	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return -ENOMEM;
	if (ftruncate(fd, (off_t)pages->size) < 0) {
		close(fd);
		return -ENOMEM;
	}
	pages->fd = fd;
	return 0;
}

static int map_flags(enum emul_place place)
{
	switch (place) {
	case EMUL_PLACE_FREE:
		return MAP_SHARED | MAP_FIXED_NOREPLACE;
	case EMUL_PLACE_REPLACE:
		return MAP_SHARED | MAP_FIXED;
	default:
		return MAP_SHARED;
	}
}

/* The short way: -errno if it cannot be gone. */
static sysret_t fly(struct task *task, const struct emul_mapping *mapping,
		    int fd)
{
	const uint64_t args[6] = {
		mapping->addr, mapping->len, (uint64_t)mapping->prot,
		(uint64_t)map_flags(mapping->place),
	};

	if (mapping->place != EMUL_PLACE_FREE || !flight_is_possible(task))
		return -EAGAIN;
	return flight_attach(task, fd, args);
}

static sysret_t map_file(struct task *task, const struct emul_mapping *mapping,
			 int fd)
{
	uint64_t args[6] = {
		mapping->addr, mapping->len, (uint64_t)mapping->prot,
		(uint64_t)map_flags(mapping->place), 0, 0,
	};
	struct loan loan;
	sysret_t result;

	result = lend_fd(task, fd, mapping->writable ? O_RDWR : O_RDONLY,
			 &loan);
	if (result < 0)
		return result == SYSRET_GONE ? result : -ENOMEM;
	args[4] = (uint64_t)loan.number;
	result = call_inject(task, SYS_mmap, args);
	lend_return(task, &loan);
	return result;
}

static sysret_t host_map(void *arg, const struct emul_mapping *mapping)
{
	struct pages *pages = &table[mapping->pages];
	sysret_t result;
	int fd;

	if (make_file(pages) < 0)
		return -ENOMEM;
	fd = proc_reopen(pages->fd, mapping->writable ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return -ENOMEM;
	call_stub(arg);
	result = fly(arg, mapping, fd);
	if (result < 0 && result != SYSRET_GONE)
		result = map_file(arg, mapping, fd);
	close(fd);
	return result;
}

static sysret_t host_unmap(void *task, uint64_t addr, uint64_t len)
{
	const uint64_t args[6] = { addr, len };

	return call_inject(task, SYS_munmap, args);
}

static sysret_t host_unmap_last(void *task, uint64_t addr, uint64_t len)
{
	sysret_t result = -EAGAIN;

	if (flight_is_possible(task))
		result = flight_detach(task, addr, len);
	return result == 0 ? 0 : host_unmap(task, addr, len);
}

static sysret_t host_read(void *task, uint64_t addr, void *buf, size_t len)
{
	return mem_read(task, addr, buf, len);
}

static sysret_t host_write(void *task, uint64_t addr, const void *buf,
			   size_t len)
{
	return mem_write(task, addr, buf, len);
}

static uint64_t memlock_limit(void *arg)
{
	const struct task *task = arg;
	struct rlimit limit;

	if (prlimit(task->tgid, RLIMIT_MEMLOCK, NULL, &limit) < 0 &&
	    !proc_limit(task->tid, "Max locked memory", &limit))
		return 0;	/* it is gone */
	if (limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

struct hole { uint64_t from; };

static int cover(const struct proc_map *map, void *arg)
{
	struct hole *hole = arg;

	if (map->start > hole->from)
		return 1;
	if (map->end > hole->from)
		hole->from = map->end;
	return 0;
}

static uint64_t first_hole(void *arg, uint64_t from, uint64_t to)
{
	const struct task *task = arg;
	struct hole hole = { from };

	if (proc_maps(task->tid, cover, &hole) < 0)
		return to;
	return hole.from < to ? hole.from : to;
}

uint64_t host_pages_inode(int64_t handle)
{
	struct stat st;

	if (table[handle].fd < 0 || fstat(table[handle].fd, &st) < 0)
		return 0;
	return st.st_ino;
}

const struct emul_host host = {
	.pages_create = pages_create,
	.pages_destroy = pages_destroy,
	.pages_usage = pages_usage,
	.pages_lock = pages_lock,
	.map = host_map,
	.unmap = host_unmap,
	.unmap_last = host_unmap_last,
	.read = host_read,
	.write = host_write,
	.memlock_limit = memlock_limit,
	.first_hole = first_hole,
};
