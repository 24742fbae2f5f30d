// SPDX-License-Identifier: MIT
/*
 * memlock.c - a locked mapping of our own keeps a file's pages in memory.
 *
 * Locked on fault (MLOCK_ONFAULT) it takes no page that the file has not: as
 * in Linux, SHM_LOCK populates nothing.  But it locks only what is mapped in
 * it too, so once a second a timer maps what the programs have touched since.
 * The handler may come at any moment: it makes system calls on its list, and
 * whoever changes the list holds the signal back.
 */
#include "tracer/store/memlock.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "tracer/stops/stops.h"

/* Newer than some C libraries. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22	/* Linux 5.14 */
#endif

struct memlock {
	int fd;
	char *addr;
	size_t size;
	blkcnt_t blocks;	/* that the file had when we last looked */
	struct memlock *next;
};

static struct memlock *locked;

/* Map what the file has: only pages that are there, and none in holes. */
static void follow(struct memlock *memlock)
{
	struct stat st;
	off_t end = 0, start;

	if (fstat(memlock->fd, &st) < 0 || st.st_blocks == memlock->blocks)
		return;
	memlock->blocks = st.st_blocks;
	while ((start = lseek(memlock->fd, end, SEEK_DATA)) >= 0) {
		end = lseek(memlock->fd, start, SEEK_HOLE);
		if (end <= start || (size_t)start >= memlock->size)
			break;
		if ((size_t)end > memlock->size)
			end = (off_t)memlock->size;
		madvise(memlock->addr + start, (size_t)(end - start),
			MADV_POPULATE_READ);
	}
}

static void follow_all(int sig)
{
	int error = errno;

	(void)sig;
	for (struct memlock *memlock = locked; memlock; memlock = memlock->next)
		follow(memlock);
	errno = error;
}

static void set_timer(time_t seconds)
{
	const struct itimerval each = { { seconds, 0 }, { seconds, 0 } };
	struct sigaction action = { .sa_handler = follow_all,
				    .sa_flags = SA_RESTART };

	/* those may jump away (unotify.c), and would leave SIGALRM blocked */
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGCHLD);
	sigaddset(&action.sa_mask, UNOTIFY_TIMER);
	if (seconds)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
}

static void block(int how)
{
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(how, &alarm, NULL);
}

/* What the program may lock is emul's business; we take what we can get. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

struct memlock *memlock_start(int fd, size_t size)
{
	struct memlock *memlock = malloc(sizeof(*memlock));
	char *addr = MAP_FAILED;

	raise_limit();
	if (memlock)
		addr = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED || mlock2(addr, size, MLOCK_ONFAULT) < 0) {
		if (addr != MAP_FAILED)
			munmap(addr, size);
		free(memlock);
		return NULL;
	}
	*memlock = (struct memlock){ .fd = fd, .addr = addr, .size = size };
	follow(memlock);
	block(SIG_BLOCK);
	if (!locked)
		set_timer(1);
	memlock->next = locked;
	locked = memlock;
	block(SIG_UNBLOCK);
	return memlock;
}

void memlock_stop(struct memlock *memlock)
{
	struct memlock **at = &locked;

	if (!memlock)
		return;
	block(SIG_BLOCK);
	while (*at != memlock)
		at = &(*at)->next;
	*at = memlock->next;
	if (!locked)
		set_timer(0);
	block(SIG_UNBLOCK);
	munmap(memlock->addr, memlock->size);
	free(memlock);
}
