// SPDX-License-Identifier: MIT
/*
 * memlock.c - a locked mapping of our own keeps a file's pages in memory.
 *
 * Locked on fault (MLOCK_ONFAULT) the mapping takes no page that the file has
 * not: as in Linux, SHM_LOCK populates nothing.  But mlock2(2) locks only what
 * is mapped there too, so once a second what the programs have touched since
 * is mapped.
 *
 * That is done by a process of its own, the keeper, whose list is the
 * tracer's: the keeper has it by fork and is told of changes.  When the keeper
 * was stopped or killed, or does not take what it is told, it is killed, and
 * the next one begins with the whole list.  A keeper that nothing was left to
 * for a second ends.
 */
#include "tracer/store/memlock.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/store/fdstore.h"
#include "tracer/util/fdpass.h"

/* Newer than some C libraries. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum {
	EACH_MS = 1000,
	PIECE = 1 << 20,  /* bytes that are mapped at once, about 2 ms */
	FIRST_PIECES = 4, /* before SHM_LOCK returns */
};

struct memlock {
	int file; /* its number in the tracer, a name for it */
	size_t size;
	struct memlock *next;
	/* in the keeper: */
	int fd;
	char *addr;	 /* NULL: still to be mapped */
	blkcnt_t blocks; /* that the file had when the walk began */
	off_t at;	 /* where the walk goes on; 0: there is none */
};

static struct memlock *locked;

/* ---- the keeper ---- */

struct order {
	int file;
	size_t size; /* 0: unlock */
	unsigned number;
};

static void map(struct memlock *memlock)
{
	memlock->addr = mmap(NULL, memlock->size, PROT_READ, MAP_SHARED,
			     memlock->fd, 0);
	if (memlock->addr == MAP_FAILED ||
	    mlock2(memlock->addr, memlock->size, MLOCK_ONFAULT) == 0)
		return;
	munmap(memlock->addr, memlock->size);
	memlock->addr = MAP_FAILED;
}

/* Has the file other pages than when the last walk began? */
static bool has_changed(struct memlock *memlock)
{
	struct stat st;

	if (fstat(memlock->fd, &st) < 0 || st.st_blocks == memlock->blocks)
		return false;
	memlock->blocks = st.st_blocks;
	return true;
}

/* Map a piece of what the file has: only pages that are there, and none in
   holes.  False: that was all. */
static bool follow(struct memlock *memlock)
{
	off_t start, end;

	if (!memlock->addr)
		map(memlock);
	if (memlock->addr == MAP_FAILED ||
	    (!memlock->at && !has_changed(memlock)))
		return false;
	start = lseek(memlock->fd, memlock->at, SEEK_DATA);
	end = start < 0 ? -1 : lseek(memlock->fd, start, SEEK_HOLE);
	memlock->at = 0;
	if (end <= start || (size_t)start >= memlock->size)
		return false;
	if ((size_t)end > memlock->size)
		end = (off_t)memlock->size;
	if (end - start > PIECE)
		end = start + PIECE;
	madvise(memlock->addr + start, (size_t)(end - start),
		MADV_POPULATE_READ);
	memlock->at = end;
	return true;
}

/* False: there is nothing more to do now. */
static bool follow_all(void)
{
	bool more = false;

	for (struct memlock *memlock = locked; memlock; memlock = memlock->next)
		more |= follow(memlock);
	return more;
}

static void lock(const struct order *order, int fd)
{
	struct memlock *memlock = fd < 0 ? NULL : malloc(sizeof(*memlock));

	if (!memlock) {
		close(fd);
		return;
	}
	*memlock = (struct memlock){
		.file = order->file, .size = order->size, .next = locked,
		.fd = fd
	};
	locked = memlock;
	for (int i = 0; i < FIRST_PIECES && follow(memlock); i++)
		;
}

static void unlock(int file)
{
	struct memlock **at = &locked, *memlock;

	while (*at && (*at)->file != file)
		at = &(*at)->next;
	memlock = *at;
	if (!memlock)
		return;
	*at = memlock->next;
	if (memlock->addr && memlock->addr != MAP_FAILED)
		munmap(memlock->addr, memlock->size);
	close(memlock->fd);
	free(memlock);
}

/* False: the tracer is gone. */
static bool take_order(int socket)
{
	struct order order;
	int fd;

	if (fdpass_receive(socket, &order, sizeof(order), &fd) < 0)
		return false;
	if (order.size)
		lock(&order, fd);
	else
		unlock(order.file);
	return fdpass_send(socket, &order.number, sizeof(order.number), -1) ==
	       0;
}

/* Whether the program may lock is emul's business; we take what we get. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static unsigned last_order; /* its number */

static void serve(int socket)
{
	struct pollfd entry = { .fd = socket, .events = POLLIN };
	bool more;

	raise_limit();
	more = follow_all();
	fdpass_send(socket, &last_order, sizeof(last_order), -1);
	for (;;) {
		int ready = poll(&entry, 1, more ? 0 : EACH_MS);

		if (ready ? !take_order(socket) : !locked)
			return;
		more = follow_all();
	}
}

/* ---- the tracer ---- */

static struct store_process *keeper;

static void replace_keeper(void)
{
	size_t size = 0;
	bool *wanted;

	if (keeper)
		store_process_end(keeper);
	keeper = NULL;
	for (const struct memlock *memlock = locked; memlock;
	     memlock = memlock->next)
		if ((size_t)memlock->file >= size)
			size = (size_t)memlock->file + 1;
	wanted = size ? calloc(size, sizeof(*wanted)) : NULL;
	if (!wanted)
		return;
	for (const struct memlock *memlock = locked; memlock;
	     memlock = memlock->next)
		wanted[memlock->file] = true;
	keeper = store_process_start(wanted, size, serve);
	free(wanted);
}

/* Wait a moment for the answer to the last order.  False: the keeper has
   ended. */
static bool hear(void)
{
	unsigned answered = last_order - 1;
	int none;

	while (keeper && answered != last_order &&
	       store_process_await(keeper, POLLIN))
		if (fdpass_receive(keeper->socket, &answered, sizeof(answered),
				   &none) < 0)
			return false;
	return true;
}

/* `fd` comes along unless it is -1. */
static void tell(int file, size_t size, int fd)
{
	const struct order order = { file, size, ++last_order };

	if (keeper && store_process_runs(keeper) &&
	    fdpass_send(keeper->socket, &order, sizeof(order), fd) == 0 &&
	    hear())
		return;
	replace_keeper();
	hear();
}

struct memlock *memlock_start(int fd, size_t size)
{
	struct memlock *memlock = malloc(sizeof(*memlock));

	if (!memlock)
		return NULL;
	*memlock = (struct memlock){
		.file = fd, .size = size, .next = locked, .fd = fd
	};
	locked = memlock;
	tell(fd, size, fd);
	return memlock;
}

void memlock_stop(struct memlock *memlock)
{
	struct memlock **at = &locked;

	if (!memlock)
		return;
	while (*at != memlock)
		at = &(*at)->next;
	*at = memlock->next;
	tell(memlock->file, 0, -1);
	free(memlock);
}
