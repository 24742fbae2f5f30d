// SPDX-License-Identifier: MIT
/*
 * limits.c - memory, mappings and limits that run out in the middle: an
 * attach works or fails as Linux's would, and a failed one changes nothing.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

enum { STUBS = 2 };	/* pages that the first attach may cost, too */

static void limit_memory(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = bytes;
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		broken("setrlimit");
}

static size_t used_pages(void)
{
	return strtoul(file_text("/proc/self/statm"), NULL, 10);
}

/* From far too little to enough, a page at a time. */
static void address_space(long attached_before)
{
	size_t page = page_size(), used, failures = 0;
	int id = segment(16 * page);

	if (attached_before)
		detach(attach(id));
	used = used_pages();
	for (size_t spare = 0; spare < 24; spare++) {
		limit_memory((used + spare) * page);
		void *addr = shmat(id, NULL, 0);
		int error = errno;

		limit_memory(RLIM_INFINITY);
		if ((intptr_t)addr == -1) {
			failures++;
			claim(error == ENOMEM, "%s", error_name(error));
			claim(nattch(id) == 0, "nattch %ld", nattch(id));
			claim(used_pages() <= used + 2, "memory is left");
			continue;
		}
		claim(nattch(id) == 1, "nattch %ld", nattch(id));
		claim(shmdt(addr) == 0, "shmdt %s", error_name(errno));
	}
	claim(failures >= 16 && failures <= 16 + (attached_before ? 0 : STUBS),
	      "%zu failures", failures);
	say("%s", round_trip());
}

static void detach_without_memory(long arg)
{
	size_t page = page_size();
	int id = segment(4 * page);
	char *one = attach(id), *two = attach(id);

	(void)arg;
	limit_memory(page);
	say_result("shmat", (intptr_t)shmat(id, NULL, 0) == -1 ? -1 : 0);
	say_result("remap", (intptr_t)shmat(id, one, SHM_REMAP) == -1 ? -1 : 0);
	say_result("shmdt", shmdt(two));
	limit_memory(RLIM_INFINITY);
	say("nattch %ld", nattch(id));
	one[0] = 1;
	say_result("shmdt", shmdt(one));
	say("nattch %ld, %s", nattch(id), round_trip());
}

/* Every second page of it is a mapping of its own, up to the last. */
static char *fill_mappings(size_t *len)
{
	size_t page = page_size(), pages = 200000;
	char *room = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		broken("mmap");
	*len = pages * page;
	for (size_t i = 1; i < pages; i += 2)
		if (mprotect(room + i * page, page, PROT_READ) < 0)
			return room;
	skip("vm.max_map_count is too high");
}

static void no_mapping_left(long attached_before)
{
	size_t page = page_size(), len;
	int id = segment(4 * page);
	char *addr = attached_before ? attach(id) : NULL, *room;

	room = fill_mappings(&len);
	/* One may still fit, and then no more. */
	while ((intptr_t)shmat(id, NULL, 0) != -1)
		;
	claim(errno == ENOMEM, "%s", error_name(errno));
	long now = nattch(id);
	for (int i = 0; i < 3; i++)
		say_result("shmat", (intptr_t)shmat(id, NULL, 0) == -1 ?
			   -1 : 0);
	claim(nattch(id) == now, "nattch %ld was %ld", nattch(id), now);
	if (addr) {
		say_result("split", munmap(addr + page, page));
		claim(nattch(id) == now, "nattch %ld was %ld", nattch(id),
		      now);
		say_result("protect", mprotect(addr + page, page, PROT_READ));
		claim(nattch(id) == now, "nattch %ld was %ld", nattch(id),
		      now);
		say_result("shmdt", shmdt(addr));
		claim(nattch(id) == now - 1, "nattch %ld", nattch(id));
	}
	munmap(room, len);
	say("%s", round_trip());
}

static void locked_future(long arg)
{
	size_t page = page_size();
	struct rlimit limit = { 64 * page, 64 * page };
	int small = segment(page), big = segment(256 * page);

	(void)arg;
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		broken("setresuid");
	small = segment(page);
	big = segment(256 * page);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		broken("setrlimit");
	if (mlockall(MCL_FUTURE | MCL_ONFAULT) < 0)
		broken("mlockall");
	say_result("big", (intptr_t)shmat(big, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(big));
	say_result("small", (intptr_t)shmat(small, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(small));
	say_result("big", (intptr_t)shmat(big, NULL, 0) == -1 ? -1 : 0);
	munlockall();
	say_result("big", (intptr_t)shmat(big, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(big));
}

static void too_many_segments(long arg)
{
	int id, count = 0;
	struct shminfo info;

	(void)arg;
	while ((id = shmget(IPC_PRIVATE, 1, 0600)) >= 0)
		count++;
	say_result("shmget", id);
	say("%d segments", count);
	shmctl(0, IPC_INFO, (struct shmid_ds *)&info);
	say("limit %lu", info.shmmni);
	say_result("remove", shmctl(7, IPC_RMID, NULL));
	say_result("shmget", shmget(IPC_PRIVATE, 1, 0600) >= 0 ? 0 : -1);
	say_result("shmget", shmget(IPC_PRIVATE, 1, 0600));
}

static void too_big(long arg)
{
	(void)arg;
	say_result("shmget", shmget(IPC_PRIVATE, (size_t)1 << 60, 0600));
	say_result("nothing reserved", shmget(IPC_PRIVATE, (size_t)1 << 60,
					      SHM_NORESERVE | 0600));
	say_result("shmat", (intptr_t)shmat(0, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(0));
	say("%s", round_trip());
}

const struct test tests[] = {
	{ "address_space_runs_out", address_space, 0, NATIVE },
	{ "address_space_runs_out_after_an_attach", address_space, 1, NATIVE },
	{ "detach_without_memory", detach_without_memory, 0, NATIVE },
	{ "no_mapping_is_left", no_mapping_left, 0, NATIVE },
	{ "no_mapping_is_left_after_an_attach", no_mapping_left, 1, NATIVE },
	{ "locked_memory_runs_out", locked_future, 0, NATIVE },
	{ "segments_run_out", too_many_segments, 0, NATIVE },
	{ "segment_is_too_big", too_big, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
