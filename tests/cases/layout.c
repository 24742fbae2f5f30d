// SPDX-License-Identifier: MIT
/*
 * layout.c - where the addresses of a case lie on this machine.
 */
#include "scenario.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

struct layout layout;

static bool can_map(uint64_t addr)
{
	void *at = (void *)(uintptr_t)addr;
	void *got = mmap(at, layout.page, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0);

	if (got == MAP_FAILED)
		return errno == EEXIST;
	munmap(got, layout.page);
	return got == at;
}

/* The highest power of two below which there is something to map, less the
   guard page that some CPUs keep there. */
static uint64_t find_top(void)
{
	for (int bits = 56; bits > 30; bits--) {
		uint64_t top = UINT64_C(1) << bits;

		if (can_map(top - 2 * layout.page))
			return can_map(top - layout.page) ? top :
							    top - layout.page;
	}
	return 0;
}

static uint64_t find_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return 0;
	return ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

void layout_move(uint64_t window)
{
	layout.window = window;
	layout.grounds = window + GROUNDS_PAGE * layout.page;
}

void layout_init(void)
{
	layout.page = (uint64_t)sysconf(_SC_PAGESIZE);
	layout.memory = find_memory();
	if (layout.top == 0)
		layout.top = find_top();
	if (layout.window == 0)
		layout.window = layout.top > UINT64_C(1) << 46 ?
					UINT64_C(0x200000000000) :
					UINT64_C(0x2000000000);
	layout_move(layout.window);
}
