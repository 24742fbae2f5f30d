// SPDX-License-Identifier: MIT
/*
 * memfd.c - segments' pages are memfds, made when they are first needed.
 * When the table of descriptors is nearly full, they go to a depot.
 */
#include "tracer/store/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tracer/store/fdstore.h"
#include "tracer/store/memlock.h"
#include "tracer/store/overcommit.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

struct pages {
	int fd;			/* -1 until the first attach or lock */
	struct depot *depot;	/* where fd is a number of, or NULL: ours */
	uint64_t dev, inode;
	int32_t key;
	uint64_t size;		/* bytes, whole huge pages */
	uint32_t huge_shift;
	void *reserve;		/* a mapping that holds huge pages for us */
	int64_t accounted;	/* base pages that count as committed */
	struct keep *keep;	/* SHM_LOCK */
	int64_t next_free;
};

/* Where huge page sizes are looked for: 64 KiB to 16 GiB. */
enum { HUGE_SHIFT_MIN = 16, HUGE_SHIFT_MAX = 34 };

#define CACHESTAT 451		/* on every CPU; newer than some headers */

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
		table[i] = (struct pages){ .fd = -1, .next_free = first_free };
		first_free = i;
	}
	room = more;
	return true;
}

static uint64_t round_up(uint64_t size, uint32_t shift)
{
	uint64_t unit = UINT64_C(1) << shift;

	return (size + unit - 1) & ~(unit - 1);
}

static unsigned file_flags(uint32_t huge_shift)
{
	unsigned flags = MFD_CLOEXEC;

	if (huge_shift)
		flags |= MFD_HUGETLB | huge_shift << MAP_HUGE_SHIFT;
	return flags;
}

/* Mark the files that can go to a depot, those that nothing holds here. */
static size_t find_movable(bool *wanted, size_t size)
{
	size_t count = 0;

	for (int64_t i = 0; i < room; i++) {
		if (table[i].fd < 0 || table[i].depot || table[i].keep ||
		    (size_t)table[i].fd >= size)
			continue;
		wanted[table[i].fd] = true;
		count++;
	}
	return count;
}

static void move_files(struct depot *depot, const bool *moved, size_t size)
{
	for (int64_t i = 0; i < room; i++) {
		if (table[i].fd < 0 || table[i].depot ||
		    (size_t)table[i].fd >= size || !moved[table[i].fd])
			continue;
		close(table[i].fd);
		table[i].depot = depot;
	}
}

/* So many descriptors are left for all else. */
enum { SPARE_DESCRIPTORS = 32 };

/* Is this descriptor, just made, one of the last?  Then empty the table. */
static void keep_room(int fd)
{
	size_t size = (size_t)sysconf(_SC_OPEN_MAX);
	struct depot *depot = NULL;
	bool *wanted;

	if ((size_t)fd + SPARE_DESCRIPTORS < size)
		return;
	wanted = calloc(size, sizeof(*wanted));
	/* a process for few is not worth it */
	if (wanted && find_movable(wanted, size) >= size / 4)
		depot = depot_new(wanted, size);
	if (depot)
		move_files(depot, wanted, size);
	free(wanted);
}

/* The file for a moment: -1 or a descriptor, to be returned. */
static int borrow(const struct pages *pages)
{
	if (pages->depot)
		return depot_fetch(pages->depot, pages->fd);
	return pages->fd;
}

static void give_back(const struct pages *pages, int fd)
{
	if (pages->depot && fd >= 0)
		close(fd);
}

/* The file for good. */
static int take_home(struct pages *pages)
{
	int fd = borrow(pages);

	if (!pages->depot || fd < 0)
		return fd < 0 ? -1 : 0;
	depot_drop(pages->depot, pages->fd);
	pages->depot = NULL;
	pages->fd = fd;
	return 0;
}

static void identify(struct pages *pages)
{
	struct stat st;

	if (fstat(pages->fd, &st) < 0)
		return;
	pages->dev = st.st_dev;
	pages->inode = st.st_ino;
}

/* The segment's memfd, made when first needed: 0 or -errno. */
static int make_file(struct pages *pages)
{
	char name[16];
	int fd;

	if (pages->fd >= 0)
		return 0;
	snprintf(name, sizeof(name), "SYSV%08x", (unsigned)pages->key);
	fd = memfd_create(name, file_flags(pages->huge_shift));
	if (fd < 0)
		return -ENOMEM;
	if (ftruncate(fd, (off_t)pages->size) < 0) {
		close(fd);
		return -ENOMEM;
	}
	pages->fd = fd;
	identify(pages);
	keep_room(fd);
	return 0;
}

static void drop_file(const struct pages *pages)
{
	if (pages->depot)
		depot_drop(pages->depot, pages->fd);
	else if (pages->fd >= 0)
		close(pages->fd);
}

/* hugetlb_file_setup() reserves at once; of a memfd only a mapping does. */
static int reserve(struct pages *pages)
{
	void *addr;

	if (make_file(pages) < 0)
		return -ENOMEM;
	addr = mmap(NULL, (size_t)pages->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, pages->fd, 0);
	if (addr == MAP_FAILED) {
		close(pages->fd);
		return -ENOMEM;
	}
	pages->reserve = addr;
	return 0;
}

/* Blocks of the file, of 512 bytes; 0 without one. */
static uint64_t file_blocks(const struct pages *pages)
{
	int fd = borrow(pages);
	struct stat st = { .st_blocks = 0 };

	if (fd < 0 || fstat(fd, &st) < 0)
		st.st_blocks = 0;
	give_back(pages, fd);
	return (uint64_t)st.st_blocks;
}

/* What the segments have accounted, less what the kernel counts already. */
static int64_t promised(void)
{
	int64_t pages = 0;

	for (int64_t i = 0; i < room; i++) {
		int64_t taken;

		if (!table[i].accounted)
			continue;
		taken = (int64_t)(file_blocks(&table[i]) * 512 /
				  run.page_size);
		if (taken < table[i].accounted || table[i].accounted < 0)
			pages += table[i].accounted - taken;
	}
	return pages;
}

/* shmem_acct_size().  Its rounding up takes a size in the last page that there
   is beyond the largest number, and from there on pages are given back. */
static bool account(struct pages *pages,
		    const struct emul_pages_request *request, pid_t tid)
{
	uint64_t whole = (pages->size + run.page_size - 1) &
			 ~(run.page_size - 1);
	int64_t count = (int64_t)whole / (int64_t)run.page_size;

	if (!commit_allows(request, tid, count, promised))
		return false;
	if (!request->noreserve || commit_is_strict())
		pages->accounted = count;
	return true;
}

sysret_t pages_create(const struct emul_pages_request *request, pid_t tid)
{
	struct pages pages = {
		.fd = -1,
		.key = request->key,
		.size = request->size,
		.huge_shift = request->huge_shift,
	};
	int64_t handle;

	if (first_free < 0 && !grow())
		return -ENOMEM;
	if (request->huge_shift) {
		pages.size = round_up(request->size, request->huge_shift);
		if (!request->noreserve && reserve(&pages) < 0)
			return -ENOMEM;
	} else if (!account(&pages, request, tid)) {
		return -ENOMEM;
	}
	handle = first_free;
	first_free = table[handle].next_free;
	table[handle] = pages;
	return handle;
}

void pages_destroy(void *arg, int64_t handle)
{
	struct pages *pages = &table[handle];

	(void)arg;
	keep_stop(pages->keep);
	if (pages->reserve)
		munmap(pages->reserve, (size_t)pages->size);
	drop_file(pages);
	*pages = (struct pages){ .fd = -1, .next_free = first_free };
	first_free = handle;
}

static bool is_swap_used(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && info.freeswap != info.totalswap;
}

/* cachestat(2), Linux 6.5: bytes of the file that are in memory, if it can
   be known. */
static uint64_t bytes_in_memory(int fd, uint64_t otherwise)
{
	const struct { uint64_t off, len; } all = { 0, 0 };
	struct { uint64_t cache, dirty, writeback, evicted, recently; } stat;

	if (syscall(CACHESTAT, fd, &all, &stat, 0) < 0)
		return otherwise;
	return stat.cache * run.page_size;
}

/* Blocks are those in memory and those swapped out (shmem_getattr). */
void pages_usage(void *arg, int64_t handle, struct emul_usage *usage)
{
	const struct pages *pages = &table[handle];
	uint64_t all = file_blocks(pages) * 512;
	int fd;

	(void)arg;
	*usage = (struct emul_usage){ .rss = all };
	if (all && !pages->huge_shift && is_swap_used()) {
		fd = borrow(pages);
		usage->rss = bytes_in_memory(fd, all);
		give_back(pages, fd);
	}
	if (usage->rss < all)
		usage->swap = all - usage->rss;
}

/* Best effort: whether the caller may lock was decided by emul, and our own
   RLIMIT_MEMLOCK, address space or kernel must not change that answer. */
sysret_t pages_lock(void *arg, int64_t handle, bool lock)
{
	struct pages *pages = &table[handle];

	(void)arg;
	keep_stop(pages->keep);
	pages->keep = NULL;
	if (lock && make_file(pages) == 0 && take_home(pages) == 0)
		pages->keep = keep_start(pages->fd, (size_t)pages->size);
	return 0;
}

int pages_open(int64_t handle, bool writable)
{
	struct pages *pages = &table[handle];
	int file, fd;

	if (make_file(pages) < 0)
		return -1;
	file = borrow(pages);
	fd = file < 0 ? -1 : proc_reopen(file, writable ? O_RDWR : O_RDONLY);
	give_back(pages, file);
	return fd;
}

bool pages_find(int64_t handle, struct pages_file *file)
{
	struct pages *pages = &table[handle];

	if (make_file(pages) < 0 || !pages->inode)
		return false;
	*file = (struct pages_file){
		.holder = pages->depot ? depot_holder(pages->depot) :
					 getpid(),
		.number = pages->fd,
		.dev = pages->dev,
		.inode = pages->inode,
	};
	return true;
}

bool pages_are_huge(int64_t handle)
{
	return table[handle].huge_shift != 0;
}

void pages_huge_sizes(uint32_t *shift, uint64_t *sizes)
{
	struct stat st;
	int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	*shift = 0;
	*sizes = 0;
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0)
		*shift = (uint32_t)__builtin_ctz((unsigned)st.st_blksize);
	close(fd);
	for (uint32_t i = HUGE_SHIFT_MIN; i <= HUGE_SHIFT_MAX; i++) {
		fd = memfd_create("probe", file_flags(i));
		if (fd < 0)
			continue;
		*sizes |= UINT64_C(1) << i;
		close(fd);
	}
}

uint64_t pages_inode(int64_t handle)
{
	return table[handle].inode;
}
