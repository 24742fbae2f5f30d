// SPDX-License-Identifier: MIT
/*
 * place.c - where an attach without an address goes: the highest hole of the
 * arena, but not one that another thread has just given back.
 *
 * Programs look for room by an attach and a detach, and then attach there.
 * On Linux another thread rarely comes between; where calls stop it would in
 * half of the cases.
 */
#include "emul/shm.h"

void mm_note_detached(const struct emul_caller *caller, uint64_t start,
		      uint64_t end)
{
	struct emul_mm *mm = caller->mm;
	struct detached *place;

	for (uint32_t i = 0; i < DETACHED_MAX; i++) {
		place = &mm->detached[i];
		if (place->creator != caller->creator || place->end < start ||
		    end < place->start)
			continue;
		place->start = place->start < start ? place->start : start;
		place->end = place->end > end ? place->end : end;
		return;
	}
	place = &mm->detached[mm->next_detached++ % DETACHED_MAX];
	*place = (struct detached){ start, end, caller->creator };
}

static const struct detached *find_others(const struct emul_caller *caller,
					  uint64_t start, uint64_t end)
{
	const struct detached *place = caller->mm->detached;

	for (uint32_t i = 0; i < DETACHED_MAX; i++, place++)
		if (place->creator != caller->creator && place->start < end &&
		    start < place->end)
			return place;
	return NULL;
}

/* From the top down, past those of other threads; 0: none. */
static uint64_t fit(const struct emul_caller *caller, uint64_t low,
		    uint64_t len)
{
	const struct emul_mm *mm = caller->mm;
	uint64_t top = mm->emul->config.arena_end, high = top;
	const struct detached *place;
	uint64_t addr;

	while ((addr = tree_fit(mm->root, low, high, len))) {
		place = find_others(caller, addr, addr + len);
		if (!place)
			return addr;
		high = place->start;
	}
	return tree_fit(mm->root, low, top, len);
}

/* The arena's first page is not ours. */
uint64_t mm_get_unmapped_area(const struct emul_caller *caller,
			      const struct segment *segment, uint64_t len)
{
	const struct emul_config *config = &caller->mm->emul->config;
	uint64_t align = segment->huge_shift ?
				 UINT64_C(1) << segment->huge_shift :
				 config->page_size;
	uint64_t room = len + align - config->page_size;
	uint64_t low = config->arena_start + config->page_size;
	uint64_t addr;

	if (config->arena_end <= low || room > config->arena_end - low)
		return 0;
	addr = fit(caller, low, room);
	return addr ? (addr + room - len) & ~(align - 1) : 0;
}
