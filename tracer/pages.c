// SPDX-License-Identifier: MIT
/*
 * pages.c - segments' pages are memfds, made when they are first needed.
 */
#include "tracer/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tracer/keep.h"
#include "tracer/proc.h"

struct pages {
	int fd;			/* -1 until the first attach or lock */
	int32_t key;
	uint64_t size;		/* bytes */
	struct keep *keep;	/* SHM_LOCK */
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

sysret_t pages_create(void *arg, const struct emul_pages_request *request)
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
		.fd = -1,
		.key = request->key,
		.size = request->size,
	};
	return handle;
}

void pages_destroy(void *arg, int64_t handle)
{
	struct pages *pages = &table[handle];

	(void)arg;
	keep_stop(pages->keep);
	if (pages->fd >= 0)
		close(pages->fd);
	*pages = (struct pages){ .next_free = first_free };
	first_free = handle;
}

void pages_usage(void *arg, int64_t handle, struct emul_usage *usage)
{
	struct stat st;

	(void)arg;
	*usage = (struct emul_usage){ 0 };
	if (table[handle].fd >= 0 && fstat(table[handle].fd, &st) == 0)
		usage->rss = (uint64_t)st.st_blocks * 512;
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

/* Best effort: whether the caller may lock was decided by emul, and our own
   RLIMIT_MEMLOCK, address space or kernel must not change that answer. */
sysret_t pages_lock(void *arg, int64_t handle, bool lock)
{
	struct pages *pages = &table[handle];

	(void)arg;
	keep_stop(pages->keep);
	pages->keep = NULL;
	if (lock && make_file(pages) == 0)
		pages->keep = keep_start(pages->fd, (size_t)pages->size);
	return 0;
}

int pages_open(int64_t handle, bool writable)
{
	struct pages *pages = &table[handle];

	if (make_file(pages) < 0)
		return -1;
	return proc_reopen(pages->fd, writable ? O_RDWR : O_RDONLY);
}

uint64_t pages_inode(int64_t handle)
{
	struct stat st;

	if (table[handle].fd < 0 || fstat(table[handle].fd, &st) < 0)
		return 0;
	return st.st_ino;
}
