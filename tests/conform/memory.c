// SPDX-License-Identifier: MIT
/*
 * memory.c - what the pages of a segment really are: locked in memory, huge,
 * accounted.
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
#include <sys/mman.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGES = 8,
	DEADLINE = 20,		/* seconds */
	/* bits of /proc/kpageflags */
	UNEVICTABLE = 18,
	MLOCKED = 33,
};

static uint64_t read_word(const char *path, uint64_t index)
{
	uint64_t word = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &word, sizeof(word),
			    (off_t)(index * sizeof(word))) != sizeof(word))
		skip("physical pages cannot be looked at");
	close(fd);
	return word;
}

/* Does the kernel keep the page at addr in memory? */
static bool is_kept(const char *addr)
{
	uint64_t entry = read_word("/proc/self/pagemap",
				   (uintptr_t)addr / page_size());
	uint64_t frame = entry & ((UINT64_C(1) << 55) - 1), flags;

	if (!(entry >> 63))
		return false;
	if (!frame)
		skip("physical pages cannot be looked at");
	flags = read_word("/proc/kpageflags", frame);
	return (flags >> UNEVICTABLE | flags >> MLOCKED) & 1;
}

static int count_kept(const char *addr)
{
	int kept = 0;

	for (size_t i = 0; i < PAGES; i++)
		kept += is_kept(addr + i * page_size());
	return kept;
}

/* The kernel moves pages between its lists in batches, one of each CPU. */
static void drain(void)
{
	cpu_set_t old, one;

	sched_getaffinity(0, sizeof(old), &old);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		char *page;

		if (!CPU_ISSET(cpu, &old))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mlock(page, page_size());
		munmap(page, page_size());
	}
	sched_setaffinity(0, sizeof(old), &old);
}

static int await_kept(const char *addr, int least, int most)
{
	time_t end = time(NULL) + DEADLINE;
	int kept;

	while (kept = count_kept(addr),
	       (kept < least || kept > most) && time(NULL) < end) {
		drain();
		poll(NULL, 0, 50);
	}
	return kept;
}

static void say_kept(const char *when, const char *addr, int expected)
{
	say("%s: %d of %d pages are kept", when,
	    await_kept(addr, expected, expected), PAGES);
}

static void touch(char *addr, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		addr[i * page_size()] = 1;
}

static unsigned long pages_in_use(void)
{
	struct shm_info info;

	if (shmctl(0, SHM_INFO, (struct shmid_ds *)&info) < 0)
		broken("SHM_INFO");
	return info.shm_rss;
}

/* Linux leaves pages that it has in its lists where they are, and finds out
   when it wants to take them away. */
static void lock_keeps_pages(long arg)
{
	int id = segment(PAGES * page_size());
	char *addr = attach(id);

	(void)arg;
	touch(addr, 0, PAGES / 2);
	say_kept("before", addr, 0);
	say_result("lock", shmctl(id, SHM_LOCK, NULL));
	say("in use: %lu", pages_in_use());
	touch(addr, PAGES / 2, PAGES);
	say("at least half are kept: %d",
	    await_kept(addr, PAGES / 2, PAGES) >= PAGES / 2);
	say_result("unlock", shmctl(id, SHM_UNLOCK, NULL));
	say_kept("unlocked", addr, 0);
	say("in use: %lu", pages_in_use());
}

static void lock_keeps_what_is_there(long arg)
{
	int id = segment(PAGES * page_size());
	char *addr = attach(id);
	int kept;

	(void)arg;
	touch(addr, 0, PAGES / 2);
	claim(shmctl(id, SHM_LOCK, NULL) == 0, "SHM_LOCK failed");
	kept = count_kept(addr);
	claim(kept == PAGES / 2, "%d pages are kept", kept);
	touch(addr, PAGES / 2, PAGES);
	kept = await_kept(addr, PAGES, PAGES);
	claim(kept == PAGES, "%d pages are kept", kept);
}

static void lock_comes_first(long arg)
{
	int id = segment(PAGES * page_size());
	char *addr;

	(void)arg;
	say_result("lock", shmctl(id, SHM_LOCK, NULL));
	addr = attach(id);
	say("in use: %lu", pages_in_use());
	touch(addr, 0, PAGES);
	say_kept("touched", addr, PAGES);
	detach(addr);
	addr = attach(id);
	touch(addr, 0, PAGES);
	say_kept("attached again", addr, PAGES);
}

/* The processes of the tracer's own that keep pages in memory. */
static int kill_keepers(void)
{
	long tracer = strtol(status_field("TracerPid"), NULL, 10), pid;
	char path[64], list[4096], *rest = list;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", tracer,
		 tracer);
	snprintf(list, sizeof(list), "%s", file_text(path));
	while ((pid = strtol(rest, &rest, 10)) > 0)
		count += kill((pid_t)pid, SIGKILL) == 0;
	return count;
}

/* The next lock restores all. */
static void lock_is_restored(long arg)
{
	int id = segment(PAGES * page_size()), kept;
	char *addr = attach(id);

	(void)arg;
	touch(addr, 0, PAGES);
	claim(shmctl(id, SHM_LOCK, NULL) == 0, "SHM_LOCK failed");
	claim(kill_keepers() == 1, "there is not one keeper");
	kept = await_kept(addr, 0, 0);
	claim(kept == 0, "%d pages are kept by nobody", kept);
	claim(shmctl(segment(page_size()), SHM_LOCK, NULL) == 0,
	      "SHM_LOCK failed");
	kept = await_kept(addr, PAGES, PAGES);
	claim(kept == PAGES, "%d pages are kept", kept);
}

static void say_usage(const char *when)
{
	struct shm_info info;

	if (shmctl(0, SHM_INFO, (struct shmid_ds *)&info) < 0)
		broken("SHM_INFO");
	say("%s: %lu in memory, %lu swapped out", when, info.shm_rss,
	    info.shm_swp);
}

static void page_out(char *addr)
{
	if (madvise(addr, PAGES * page_size(), MADV_PAGEOUT) < 0)
		skip("needs MADV_PAGEOUT");
}

static void swap_is_counted(long arg)
{
	int id = segment(PAGES * page_size());
	char *addr = attach(id);

	(void)arg;
	if (strtol(strstr(file_text("/proc/meminfo"), "SwapFree:") + 9, NULL,
		   10) < 1024)
		skip("needs swap");
	shmctl(id, SHM_LOCK, NULL);
	touch(addr, 0, PAGES);
	say_kept("touched", addr, PAGES);
	page_out(addr);
	say_usage("locked");
	shmctl(id, SHM_UNLOCK, NULL);
	say_kept("unlocked", addr, 0);
	page_out(addr);
	say_usage("unlocked");
	touch(addr, 0, PAGES / 2);
	say_usage("touched");
}

static void no_mapping_is_locked(long arg)
{
	int id = segment(PAGES * page_size());
	char *addr = attach(id);

	(void)arg;
	touch(addr, 0, PAGES);
	say_result("lock", shmctl(id, SHM_LOCK, NULL));
	say("VmLck: %s", status_field("VmLck"));
	say("nattch %ld", nattch(id));
}

/* A line of /proc/meminfo. */
static long meminfo(const char *name)
{
	const char *line = strstr(file_text("/proc/meminfo"), name);

	return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

struct pool {
	long available, reserved;
};

static struct pool pool(void)
{
	struct pool now = { meminfo("\nHugePages_Free:"),
			    meminfo("\nHugePages_Rsvd:") };

	return now;
}

static void say_pool(const char *when, const struct pool *before)
{
	struct pool now = pool();

	say("%s: %ld taken, %ld reserved", when,
	    before->available - now.available,
	    now.reserved - before->reserved);
}

static size_t huge_page_size(void)
{
	return (size_t)meminfo("\nHugepagesize:") * 1024;
}

static int huge_segment(size_t size, int flags)
{
	int id = shmget(IPC_PRIVATE, size, SHM_HUGETLB | 0600 | flags);

	if (id < 0)
		broken("shmget");
	return id;
}

static void need_huge_pages(const struct pool *pool, long count)
{
	if (pool->available - pool->reserved < count)
		skip("needs huge pages in the pool");
	if (geteuid() != 0)
		skip("needs root");
}

static void huge_pages_are_reserved(long noreserve)
{
	struct pool before = pool();
	size_t size = huge_page_size();
	char *addr;
	int id;

	need_huge_pages(&before, 2);
	id = huge_segment(size + 1, (int)noreserve);
	say_pool("created", &before);
	addr = attach(id);
	say_pool("attached", &before);
	say("aligned %d", (uintptr_t)addr % size == 0);
	addr[2 * size - 1] = 1;
	say_pool("touched", &before);
	say("in use: %lu", pages_in_use());
	shmctl(id, IPC_RMID, NULL);
	say_pool("removed", &before);
	detach(addr);
	say_pool("detached", &before);
}

/* The mark that Linux has only for files, not for segments. */
static void huge_mappings_are_marked(long arg)
{
	struct pool before = pool();
	const char *line;
	char flags[256];

	(void)arg;
	need_huge_pages(&before, 1);
	attach(huge_segment(huge_page_size(), 0));
	line = strstr(file_text("/proc/self/smaps"), "SYSV");
	if (line)
		line = strstr(line, "VmFlags:");
	snprintf(flags, sizeof(flags), "%s", line ? line : "no flags");
	flags[strcspn(flags, "\n")] = 0;
	claim(strstr(flags, " ht") && strstr(flags, " nr"), "%s", flags);
}

static void huge_segment_outlives(long arg)
{
	struct pool before = pool();
	size_t size = huge_page_size();
	char *addr, *again;
	int id;

	(void)arg;
	need_huge_pages(&before, 1);
	id = huge_segment(size, 0);
	addr = attach(id);
	addr[5] = 5;
	detach(addr);
	say_pool("detached", &before);
	addr = attach(id);
	again = shmat(id, NULL, SHM_RDONLY);
	say("%d, %d there", addr[5], again[5]);
	say_result("small munmap", munmap(addr, page_size()) ? -1 : 0);
	say_result("small mprotect", mprotect(addr, page_size(), PROT_READ));
	say_result("read-only", mprotect(again, size, PROT_WRITE));
	say_result("lock", shmctl(id, SHM_LOCK, NULL));
	say("nattch %ld", nattch(id));
	shmctl(id, IPC_RMID, NULL);
}

static size_t mib(long kib)
{
	return (size_t)kib / 1024 << 20;
}

/* The id, or -1. */
static int say_create(const char *what, size_t size, int flags)
{
	int id = shmget(IPC_PRIVATE, size, 0600 | flags);

	say_result(what, id < 0 ? -1 : 0);
	return id;
}

/* Everything that vm.overcommit_memory=2 still allows, to some megabytes:
   others live here, too.  And the kernel knows what is committed to a 256th of
   all memory only, on each side (vm_committed_as_batch). */
static void strict_commit(long attached)
{
	size_t left, slack = mib(meminfo("MemTotal:")) / 64;
	int id, others[3];

	if (slack < (size_t)64 << 20)
		slack = (size_t)64 << 20;

	if (strtol(file_text("/proc/sys/vm/overcommit_memory"), NULL, 10) != 2)
		skip("vm.overcommit_memory is not 2");
	left = mib(meminfo("\nCommitLimit:") - meminfo("\nCommitted_AS:"));
	if (left < 8 * slack)
		skip("too much is committed");
	say_create("more than is left", left + slack, 0);
	say_create("the same, not reserved", left + slack, SHM_NORESERVE);
	id = segment(left - 4 * slack);
	if (attached)
		memset(attach(id), 1, slack);
	others[0] = say_create("more than the rest", 5 * slack, 0);
	others[1] = say_create("less than the rest", slack, 0);
	others[2] = say_create("less, not reserved", slack, SHM_NORESERVE);
	say_create("too much now", 2 * slack + slack / 2, 0);
	shmctl(id, IPC_RMID, NULL);
	id = say_create("too much before", 2 * slack + slack / 2, 0);
	/* what is left to the end of the namespace goes when the next case has
	   begun */
	shmctl(id, IPC_RMID, NULL);
	for (int i = 0; i < 3; i++)
		shmctl(others[i], IPC_RMID, NULL);
}

static void lax_commit(long arg)
{
	(void)arg;
	if (strtol(file_text("/proc/sys/vm/overcommit_memory"), NULL, 10) != 1)
		skip("vm.overcommit_memory is not 1");
	say_create("a pebibyte", (size_t)1 << 50, 0);
	say_create("the largest", (size_t)PTRDIFF_MAX, 0);
	say_create("one more", (size_t)PTRDIFF_MAX + 1, 0);
}

/* To the page. */
static void guessed_commit(long arg)
{
	size_t all;

	(void)arg;
	if (strtol(file_text("/proc/sys/vm/overcommit_memory"), NULL, 10) != 0)
		skip("vm.overcommit_memory is not 0");
	all = (size_t)(meminfo("MemTotal:") + meminfo("\nSwapTotal:")) * 1024;
	say_create("all memory", all, 0);
	say_create("one byte less", all - 1, 0);
	say_create("one byte more", all + 1, 0);
	say_create("not reserved", all + 1, SHM_NORESERVE);
}

const struct test tests[] = {
	{ "lock_keeps_pages_in_memory", lock_keeps_pages, 0, NATIVE },
	{ "lock_keeps_pages_that_are_there", lock_keeps_what_is_there, 0,
	  OURS },
	{ "lock_is_restored_when_its_process_was_killed", lock_is_restored, 0,
	  OURS },
	{ "lock_comes_before_the_first_attach", lock_comes_first, 0, NATIVE },
	{ "swap_is_counted_and_locked_pages_stay", swap_is_counted, 0, NATIVE },
	{ "lock_locks_no_mapping", no_mapping_is_locked, 0, NATIVE },
	{ "huge_pages_are_reserved_by_shmget", huge_pages_are_reserved, 0,
	  NATIVE },
	{ "huge_pages_are_not_reserved_with_noreserve",
	  huge_pages_are_reserved, SHM_NORESERVE, NATIVE },
	{ "huge_mappings_are_marked", huge_mappings_are_marked, 0, OURS },
	{ "huge_segment_outlives_its_attachments", huge_segment_outlives, 0,
	  NATIVE },
	{ "commit_by_guess_is_memory_and_swap", guessed_commit, 0, NATIVE },
	{ "commit_without_limit", lax_commit, 0, NATIVE },
	{ "commit_with_a_limit", strict_commit, 0, NATIVE },
	{ "commit_with_a_limit_counts_pages_once", strict_commit, 1, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
