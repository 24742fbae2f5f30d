// SPDX-License-Identifier: MIT
/*
 * overcommit.c - __vm_enough_memory(), mm/util.c, Linux 6.18.
 *
 * A memfd accounts page by page for what is touched, a segment of Linux for
 * all of its size, and at once: so the sum is done here.
 */
#include "tracer/store/overcommit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tracer/util/config.h"
#include "tracer/util/proc.h"

/* What vm.overcommit_memory says. */
enum mode { GUESS, ALWAYS, NEVER };

static int mode_fd = -1;

void overcommit_init(void)
{
	mode_fd = proc_open_file("sys/vm/overcommit_memory");
}

static enum mode mode(void)
{
	char digit = '0';

	if (mode_fd >= 0 && pread(mode_fd, &digit, 1, 0) == 1 &&
	    (digit == '1' || digit == '2'))
		return digit == '1' ? ALWAYS : NEVER;
	return GUESS;
}

bool overcommit_is_strict(void)
{
	return mode() == NEVER;
}

/* OVERCOMMIT_GUESS: each segment alone must fit into all memory and swap.
   The comparison is unsigned, so a negative number of pages is refused. */
static bool fits_memory(int64_t pages)
{
	struct sysinfo info;
	uint64_t total;

	if (sysinfo(&info) < 0)
		return true;
	total = ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
	return (uint64_t)pages <= total / config.page_size;
}

/* "Name:    123 kB", in pages. */
static uint64_t meminfo_pages(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	uint64_t kib = line ? strtoull(line + strlen(name), NULL, 10) : 0;

	return kib / (config.page_size / 1024);
}

static uint64_t sysctl_pages(const char *name)
{
	return proc_number(name) / (config.page_size / 1024);
}

/* mm->total_vm of the caller. */
static uint64_t total_vm(pid_t tid)
{
	char *text = proc_read(tid, "statm");
	uint64_t pages = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return pages;
}

/* What __vm_enough_memory() leaves free: for root, and for the user to end the
   caller with. */
static uint64_t kept_back(const struct emul_pages_request *request, pid_t tid)
{
	uint64_t share = total_vm(tid) / 32;
	uint64_t most = sysctl_pages("sys/vm/user_reserve_kbytes");
	uint64_t pages = share < most ? share : most;

	if (!request->sys_admin)
		pages += sysctl_pages("sys/vm/admin_reserve_kbytes");
	return pages;
}

static bool fits_limit(const struct emul_pages_request *request, pid_t tid,
		       int64_t pages, int64_t promised)
{
	char *text = proc_read_file("meminfo");
	int64_t limit, used, locked = (int64_t)kept_back(request, tid);

	if (!text)
		return true;
	limit = (int64_t)meminfo_pages(text, "\nCommitLimit:");
	used = (int64_t)meminfo_pages(text, "\nCommitted_AS:") + promised +
	       pages;
	free(text);
	return (used > 0 ? used : 0) < limit - locked;
}

bool overcommit_allows(const struct emul_pages_request *request, pid_t tid,
		       int64_t pages, int64_t (*promised)(void))
{
	switch (mode()) {
	case ALWAYS:
		return true;
	case NEVER:
		return fits_limit(request, tid, pages, promised());
	default:
		return request->noreserve || fits_memory(pages);
	}
}
