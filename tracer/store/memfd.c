// SPDX-License-Identifier: MIT
/*
 * memfd.c - segments' pages are memfds, made when they are first needed.
 * When the table of descriptors is nearly full, they go to an fd store.
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

struct memfd {
	int fd;			/* -1 until the first attach or lock */
	struct fdstore *fdstore; /* where fd is a number of, or NULL: ours */
	uint64_t dev, inode;
	int32_t key;
	uint64_t size;		/* bytes, whole huge pages */
	uint32_t huge_shift;
	void *reserve;		/* a mapping that holds huge pages for us */
	int64_t accounted;	/* base pages that count as committed */
	struct memlock *memlock; /* SHM_LOCK */
	int64_t next_free;
};

/* Where huge page sizes are looked for: 64 KiB to 16 GiB. */
enum { HUGE_SHIFT_MIN = 16, HUGE_SHIFT_MAX = 34 };

#define CACHESTAT 451		/* on every CPU; newer than some headers */

static struct memfd *table;
static int64_t room, first_free = -1;

static bool grow(void)
{
	int64_t more = room ? 2 * room : 64;
	struct memfd *bigger = realloc(table, (size_t)more * sizeof(*bigger));

	if (!bigger)
		return false;
	table = bigger;
	for (int64_t i = more - 1; i >= room; i--) {
		table[i] = (struct memfd){ .fd = -1, .next_free = first_free };
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

/* Mark the files that can go to an fd store, those that nothing holds here. */
static size_t find_movable(bool *wanted, size_t size)
{
	size_t count = 0;

	for (int64_t i = 0; i < room; i++) {
		if (table[i].fd < 0 || table[i].fdstore || table[i].memlock ||
		    (size_t)table[i].fd >= size)
			continue;
		wanted[table[i].fd] = true;
		count++;
	}
	return count;
}

static void move_files(struct fdstore *fdstore, const bool *moved, size_t size)
{
	for (int64_t i = 0; i < room; i++) {
		if (table[i].fd < 0 || table[i].fdstore ||
		    (size_t)table[i].fd >= size || !moved[table[i].fd])
			continue;
		close(table[i].fd);
		table[i].fdstore = fdstore;
	}
}

/* So many descriptors are left for all else. */
enum { SPARE_DESCRIPTORS = 32 };

/* Is this descriptor, just made, one of the last?  Then empty the table. */
static void make_room_for_fds(int fd)
{
	size_t size = (size_t)sysconf(_SC_OPEN_MAX);
	struct fdstore *fdstore = NULL;
	bool *wanted;

	if ((size_t)fd + SPARE_DESCRIPTORS < size)
		return;
	wanted = calloc(size, sizeof(*wanted));
	/* a process for few is not worth it */
	if (wanted && find_movable(wanted, size) >= size / 4)
		fdstore = fdstore_new(wanted, size);
	if (fdstore)
		move_files(fdstore, wanted, size);
	free(wanted);
}

/* The file for a moment: -1 or a descriptor, to be returned. */
static int borrow(const struct memfd *memfd)
{
	if (memfd->fdstore)
		return fdstore_fetch(memfd->fdstore, memfd->fd);
	return memfd->fd;
}

static void give_back(const struct memfd *memfd, int fd)
{
	if (memfd->fdstore && fd >= 0)
		close(fd);
}

/* The file for good. */
static int take_home(struct memfd *memfd)
{
	int fd = borrow(memfd);

	if (!memfd->fdstore || fd < 0)
		return fd < 0 ? -1 : 0;
	fdstore_drop(memfd->fdstore, memfd->fd);
	memfd->fdstore = NULL;
	memfd->fd = fd;
	return 0;
}

static void identify(struct memfd *memfd)
{
	struct stat st;

	if (fstat(memfd->fd, &st) < 0)
		return;
	memfd->dev = st.st_dev;
	memfd->inode = st.st_ino;
}

/* The segment's memfd, made when first needed: 0 or -errno. */
static int make_file(struct memfd *memfd)
{
	char name[16];
	int fd;

	if (memfd->fd >= 0)
		return 0;
	snprintf(name, sizeof(name), "SYSV%08x", (unsigned)memfd->key);
	fd = memfd_create(name, file_flags(memfd->huge_shift));
	if (fd < 0)
		return -ENOMEM;
	if (ftruncate(fd, (off_t)memfd->size) < 0) {
		close(fd);
		return -ENOMEM;
	}
	memfd->fd = fd;
	identify(memfd);
	make_room_for_fds(fd);
	return 0;
}

static void drop_file(const struct memfd *memfd)
{
	if (memfd->fdstore)
		fdstore_drop(memfd->fdstore, memfd->fd);
	else if (memfd->fd >= 0)
		close(memfd->fd);
}

/* hugetlb_file_setup() reserves at once; of a memfd only a mapping does. */
static int reserve(struct memfd *memfd)
{
	void *addr;

	if (make_file(memfd) < 0)
		return -ENOMEM;
	addr = mmap(NULL, (size_t)memfd->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, memfd->fd, 0);
	if (addr == MAP_FAILED) {
		close(memfd->fd);
		return -ENOMEM;
	}
	/* an fd store must not hold them, too */
	madvise(addr, (size_t)memfd->size, MADV_DONTFORK);
	memfd->reserve = addr;
	return 0;
}

/* Blocks of the file, of 512 bytes; 0 without one. */
static uint64_t file_blocks(const struct memfd *memfd)
{
	int fd = borrow(memfd);
	struct stat st = { .st_blocks = 0 };

	if (fd < 0 || fstat(fd, &st) < 0)
		st.st_blocks = 0;
	give_back(memfd, fd);
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
				  config.page_size);
		if (taken < table[i].accounted || table[i].accounted < 0)
			pages += table[i].accounted - taken;
	}
	return pages;
}

/* shmem_acct_size(), mm/shmem.c.  With pages of 4 KiB a size above
   INT64_MAX - 4095 rounds up to a negative number of pages, and Linux then
   takes pages off what is committed: the same is done here. */
static bool account(struct memfd *memfd,
		    const struct emul_pages_request *request, pid_t tid)
{
	uint64_t whole =
		(memfd->size + config.page_size - 1) & ~(config.page_size - 1);
	int64_t count = (int64_t)whole / (int64_t)config.page_size;

	if (!overcommit_allows(request, tid, count, promised))
		return false;
	if (!request->noreserve || overcommit_is_strict())
		memfd->accounted = count;
	return true;
}

sysret_t memfd_new(const struct emul_pages_request *request, pid_t tid)
{
	struct memfd memfd = {
		.fd = -1,
		.key = request->key,
		.size = request->size,
		.huge_shift = request->huge_shift,
	};
	int64_t handle;

	if (first_free < 0 && !grow())
		return -ENOMEM;
	if (request->huge_shift) {
		memfd.size = round_up(request->size, request->huge_shift);
		if (!request->noreserve && reserve(&memfd) < 0)
			return -ENOMEM;
	} else if (!account(&memfd, request, tid)) {
		return -ENOMEM;
	}
	handle = first_free;
	first_free = table[handle].next_free;
	table[handle] = memfd;
	return handle;
}

void memfd_free(void *arg, int64_t handle)
{
	struct memfd *memfd = &table[handle];

	(void)arg;
	memlock_stop(memfd->memlock);
	if (memfd->reserve)
		munmap(memfd->reserve, (size_t)memfd->size);
	drop_file(memfd);
	*memfd = (struct memfd){ .fd = -1, .next_free = first_free };
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
	return stat.cache * config.page_size;
}

/* Blocks are those in memory and those swapped out (shmem_getattr). */
void memfd_usage(void *arg, int64_t handle, struct emul_usage *usage)
{
	const struct memfd *memfd = &table[handle];
	uint64_t all = file_blocks(memfd) * 512;
	int fd;

	(void)arg;
	*usage = (struct emul_usage){ .rss = all };
	if (all && !memfd->huge_shift && is_swap_used()) {
		fd = borrow(memfd);
		usage->rss = bytes_in_memory(fd, all);
		give_back(memfd, fd);
	}
	if (usage->rss < all)
		usage->swap = all - usage->rss;
}

/* Best effort: whether the caller may lock was decided by emul, and our own
   RLIMIT_MEMLOCK, address space or kernel must not change that answer. */
sysret_t memfd_lock(void *arg, int64_t handle, bool lock)
{
	struct memfd *memfd = &table[handle];

	(void)arg;
	memlock_stop(memfd->memlock);
	memfd->memlock = NULL;
	if (lock && make_file(memfd) == 0 && take_home(memfd) == 0)
		memfd->memlock = memlock_start(memfd->fd, (size_t)memfd->size);
	return 0;
}

int memfd_open(int64_t handle, bool writable)
{
	struct memfd *memfd = &table[handle];
	int file, fd;

	if (make_file(memfd) < 0)
		return -1;
	file = borrow(memfd);
	fd = file < 0 ? -1 : proc_reopen(file, writable ? O_RDWR : O_RDONLY);
	give_back(memfd, file);
	return fd;
}

bool memfd_find(int64_t handle, struct memfd_place *file)
{
	struct memfd *memfd = &table[handle];

	if (make_file(memfd) < 0 || !memfd->inode)
		return false;
	*file = (struct memfd_place){
		.holder = memfd->fdstore ? fdstore_holder(memfd->fdstore) :
					   getpid(),
		.number = memfd->fd,
		.dev = memfd->dev,
		.inode = memfd->inode,
	};
	return true;
}

bool memfd_is_huge(int64_t handle)
{
	return table[handle].huge_shift != 0;
}

void memfd_huge_sizes(uint32_t *shift, uint64_t *sizes)
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

uint64_t memfd_inode(int64_t handle)
{
	return table[handle].inode;
}
