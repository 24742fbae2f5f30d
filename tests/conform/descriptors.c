// SPDX-License-Identifier: MIT
/*
 * descriptors.c - an attach needs no descriptor that the program can notice:
 * none is left, none is lost, and a full table is no reason to fail.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TABLE = 48, SCANNED = 1024 };

/* What a program can learn of a descriptor. */
struct view {
	int open, flags, status;
	dev_t dev;
	ino_t ino;
	off_t offset;
};

static void look(struct view views[SCANNED])
{
	struct stat st;

	memset(views, 0, sizeof(*views) * SCANNED);
	for (int fd = 0; fd < SCANNED; fd++) {
		views[fd].flags = fcntl(fd, F_GETFD);
		if (views[fd].flags < 0)
			continue;
		views[fd].open = 1;
		views[fd].status = fcntl(fd, F_GETFL);
		views[fd].offset = lseek(fd, 0, SEEK_CUR);
		if (fstat(fd, &st) == 0) {
			views[fd].dev = st.st_dev;
			views[fd].ino = st.st_ino;
		}
	}
}

static struct view before[SCANNED], after[SCANNED];

static void compare(const char *when)
{
	look(after);
	/* A pipe's offset is an errno; a terminal's may be anything. */
	for (int fd = 3; fd < SCANNED; fd++)
		claim(!memcmp(&before[fd], &after[fd], sizeof(before[fd])),
		      "%s: descriptor %d differs", when, fd);
	for (int fd = 0; fd < 3; fd++)
		claim(before[fd].open == after[fd].open &&
		      before[fd].ino == after[fd].ino,
		      "%s: descriptor %d differs", when, fd);
}

/* Attach and detach twice in between: the first time is special. */
static void attach_and_compare(void)
{
	int id = segment(page_size());
	void *addr;

	look(before);
	for (int i = 0; i < 3; i++) {
		addr = shmat(id, NULL, i == 2 ? SHM_RDONLY : 0);
		claim((intptr_t)addr != -1, "shmat: %s", error_name(errno));
		compare("attached");
		claim(nattch(id) == 1, "nattch %ld", nattch(id));
		claim(shmdt(addr) == 0, "shmdt: %s", error_name(errno));
		compare("detached");
	}
	say("%s", round_trip());
}

static void nothing_left(long arg)
{
	(void)arg;
	attach_and_compare();
}

static void listing(long arg)
{
	char path[64], target[256];
	ssize_t len;

	(void)arg;
	for (int round = 0; round < 2; round++) {
		for (int fd = 0; fd < SCANNED; fd++) {
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			len = readlink(path, target, sizeof(target));
			if (len >= 0)
				say("%d is open", fd);
		}
		shared(page_size());
	}
}

static void lowest_is_next(long arg)
{
	int fd;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		detach(shared(page_size()));
		fd = open("/dev/null", O_RDONLY);
		say("next descriptor %d", fd);
		if (i)
			close(fd);
	}
}

static void set_limit(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		broken("setrlimit");
}

/* Fill the table up to `limit` with duplicates of `source`. */
static void fill(int source, int limit)
{
	for (int fd = 3; fd < limit; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    dup3(source, fd, fd % 2 ? O_CLOEXEC : 0) < 0)
			broken("dup3");
}

static int temporary(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		broken("memfd_create");
	return fd;
}

static void say_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	say("soft %ld hard %ld", (long)limit.rlim_cur, (long)limit.rlim_max);
}

static void full_table(long spare)
{
	set_limit(TABLE, (rlim_t)(TABLE + spare));
	fill(temporary("abc"), TABLE);
	say_result("open", open("/dev/null", O_RDONLY));
	attach_and_compare();
	say_result("open", open("/dev/null", O_RDONLY));
	say_limit();
}

static void lowered_limit(long soft)
{
	fill(temporary("abc"), 16);
	set_limit((rlim_t)soft, TABLE);
	say_result("open", open("/dev/null", O_RDONLY));
	attach_and_compare();
	say_limit();
}

static void lowered_hard_limit(long hard)
{
	fill(temporary("abc"), 16);
	set_limit((rlim_t)hard, (rlim_t)hard);
	attach_and_compare();
	say_limit();
}

static void closed_standard(long arg)
{
	int id = segment(page_size());
	int out = fcntl(1, F_DUPFD_CLOEXEC, 500);

	(void)arg;
	close(0);
	close(1);
	close(2);
	for (int i = 0; i < 3; i++) {
		void *addr = shmat(id, NULL, 0);

		dprintf(out, "%d: %d %d %d\n", i, fcntl(0, F_GETFD),
			fcntl(1, F_GETFD), fcntl(2, F_GETFD));
		shmdt(addr);
	}
	dprintf(out, "next descriptor %d\n", open("/dev/null", O_RDONLY));
}

static void no_descriptor_at_all(long arg)
{
	int id = segment(page_size());
	struct rlimit none = { 0, TABLE };
	void *addr;

	(void)arg;
	close_range(0, ~0U, 0);
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < 3; i++) {
		addr = shmat(id, NULL, 0);
		if ((intptr_t)addr == -1 || nattch(id) != 1 || shmdt(addr))
			_exit(1);
		for (int fd = 0; fd < SCANNED; fd++)
			if (fcntl(fd, F_GETFD) != -1)
				_exit(2);
	}
	_exit(3);
}

/* Closing any descriptor of a file drops the process's locks on it. */
static void keeps_posix_locks(long arg)
{
	int fd = temporary("abc");
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)arg;
	set_limit(TABLE, TABLE);
	fill(fd, TABLE);
	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) >= 0 && i != 1)
			dup2(fd, i);
	if (fcntl(fd, F_SETLK, &lock) < 0)
		broken("F_SETLK");
	attach_and_compare();
	if (fork() == 0) {
		lock.l_type = F_WRLCK;
		say_result("F_GETLK", fcntl(fd, F_GETLK, &lock));
		say("%s", lock.l_type == F_UNLCK ? "lock is lost" :
		    "still locked");
		_exit(0);
	}
	reap(-1);
}

static void keeps_flock(long arg)
{
	char path[64];
	int fd = temporary("abc"), other;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_RDWR | O_CLOEXEC);
	set_limit(TABLE, TABLE);
	fill(fd, TABLE);
	say_result("flock", flock(fd, LOCK_EX));
	attach_and_compare();
	say_result("other's flock", flock(other, LOCK_EX | LOCK_NB));
}

static void keeps_epoll(long arg)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);
	int fd = eventfd(0, EFD_CLOEXEC);
	int found;

	(void)arg;
	set_limit(TABLE, TABLE);
	fill(fd, TABLE);
	for (int i = 3; i < TABLE; i++) {
		event.data.fd = i;
		if (i != set && epoll_ctl(set, EPOLL_CTL_ADD, i, &event) < 0)
			broken("epoll_ctl");
	}
	attach_and_compare();
	eventfd_write(fd, 1);
	struct epoll_event events[TABLE];
	found = epoll_wait(set, events, TABLE, 1000);
	say("%d of %d ready", found, TABLE - 4);
}

static void hold_writers(void *arg)
{
	int *ends = arg;

	close(ends[0]);
	set_limit(TABLE, TABLE);
	fill(ends[1], TABLE);
	attach_and_compare();
	if (write(TABLE - 1, "x", 1) != 1)
		broken("write");
}

/* The reader sees no end of file while the table is borrowed from. */
static void keeps_pipe_open(long arg)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	(void)arg;
	if (pipe(ends) < 0)
		broken("pipe");
	pid = start(hold_writers, ends);
	close(ends[1]);
	await(ends[0], POLLIN | POLLHUP, "the writer");
	say("read %zd", read(ends[0], &byte, 1));
	say_reaped("writer", pid);
	say("read %zd", read(ends[0], &byte, 1));
}

static int share_files(void *arg)
{
	(void)arg;
	say("%s", round_trip());
	detach(shared(page_size()));
	return 0;
}

static void shared_table(long arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid;

	(void)arg;
	set_limit(TABLE, TABLE);
	fill(temporary("abc"), TABLE);
	look(before);
	pid = clone(share_files, stack + sizeof(stack),
		    CLONE_FILES | SIGCHLD, NULL);
	say_reaped("child", pid);
	compare("after the child");
}

static int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

/* SIGIO and leases go with descriptors, too. */
static void keeps_owner(long arg)
{
	int ends[2];

	(void)arg;
	signal(SIGIO, tick);
	if (pipe(ends) < 0)
		broken("pipe");
	fcntl(ends[0], F_SETOWN, getpid());
	fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	set_limit(TABLE, TABLE);
	fill(ends[0], TABLE);
	attach_and_compare();
	say("before: %d", ticks);
	if (write(ends[1], "x", 1) != 1)
		broken("write");
	say("after: %d", ticks > 0);
}

static void inherited(long arg)
{
	(void)arg;
	for (int fd = 3; fd < SCANNED; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("%d is open at the start", fd);
	say("that is all");
}

/* Each with contents of its own, twice over; then they go, some of them
   while they are locked or attached.  For cli, which limits the tracer. */
static void many_segments(long count)
{
	int *ids = calloc((size_t)count, sizeof(*ids));
	char *kept;

	for (long i = 0; i < count; i++) {
		long *at;

		ids[i] = segment(page_size());
		at = attach(ids[i]);
		*at = i;
		detach(at);
	}
	kept = attach(ids[0]);
	for (long i = count; i-- > 0;) {
		long *at = attach(ids[i]);

		claim(*at == i, "segment %ld has %ld", i, *at);
		detach(at);
		if (i % 7 == 0)
			claim(shmctl(ids[i], SHM_LOCK, NULL) == 0, "lock");
		claim(shmctl(ids[i], IPC_RMID, NULL) == 0, "remove %ld", i);
	}
	claim(*(long *)kept == 0, "what is attached has changed");
	detach(kept);
	free(ids);
	say("%s", round_trip());
}

static void leaked_segments(long count)
{
	while (count--)
		detach(attach(segment(page_size())));
	say("%s", round_trip());
}

const struct test tests[] = {
	{ "no_descriptor_at_the_start", inherited, 0, NATIVE },
	{ "attach_leaves_no_descriptor", nothing_left, 0, NATIVE },
	{ "proc_self_fd_is_as_before", listing, 0, NATIVE },
	{ "lowest_free_descriptor_is_as_before", lowest_is_next, 0, NATIVE },
	{ "full_table", full_table, 0, NATIVE },
	{ "full_table_below_the_hard_limit", full_table, 8, NATIVE },
	{ "soft_limit_below_use", lowered_limit, 5, NATIVE },
	{ "soft_limit_at_use", lowered_limit, 16, NATIVE },
	{ "soft_limit_0", lowered_limit, 0, NATIVE },
	{ "hard_limit_below_use", lowered_hard_limit, 5, NATIVE },
	{ "closed_standard_streams", closed_standard, 0, NATIVE },
	{ "no_descriptor_at_all", no_descriptor_at_all, 0, NATIVE },
	{ "full_table_keeps_posix_locks", keeps_posix_locks, 0, NATIVE },
	{ "full_table_keeps_flock", keeps_flock, 0, NATIVE },
	{ "full_table_keeps_epoll_sets", keeps_epoll, 0, NATIVE },
	{ "full_table_keeps_pipes_open", keeps_pipe_open, 0, NATIVE },
	{ "full_table_keeps_sigio", keeps_owner, 0, NATIVE },
	{ "full_table_shared_with_a_process", shared_table, 0, NATIVE },
	{ "many_segments", many_segments, 600, HIDDEN },
	{ "leaked_segments", leaked_segments, 300, HIDDEN },
	{ NULL, NULL, 0, NATIVE },
};
