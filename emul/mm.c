// SPDX-License-Identifier: MIT
/*
 * mm.c - what the address-space calls do to pieces: the common part, and
 * those that only unmap (munmap, mmap with MAP_FIXED).
 */
#include "emul/shm.h"

/* mremap with a fixed target that shrinks: three cuts of two splits each, and
   the new piece. */
enum { SPARES = 7 };

/* From the page of addr to the end of the page of addr + len - 1. */
static void page_range(const struct emul *emul, uint64_t addr, uint64_t len,
		       uint64_t *start, uint64_t *end)
{
	*start = page_down(emul, addr);
	*end = page_up(emul, addr + len);
	if (*end < *start)
		*end = UINT64_MAX;
}

bool emul_mm_concerns(const struct emul_space *space,
		      const struct emul_mmcall *call)
{
	uint64_t start, end;

	if (call->op == EMUL_MM_MREMAP)
		return mremap_concerns(space, call);
	if (flags_op(call->op) && !flags_concern(space, call))
		return false;
	if (call->op == EMUL_MM_MLOCKALL || call->op == EMUL_MM_MUNLOCKALL)
		return true;
	page_range(space->emul, call->addr, call->len, &start, &end);
	return space_overlaps(space, start, end);
}

sysret_t emul_mm_enter(const struct emul_caller *caller,
		       const struct emul_mmcall *call)
{
	sysret_t result = 0;

	if (!space_promise(caller->space, SPARES))
		return -ENOMEM;
	if (call->op == EMUL_MM_MREMAP)
		result = mremap_enter(caller, call);
	else if (call->op == EMUL_MM_REMAP_FILE_PAGES)
		result = remap_pages_enter(caller, call);
	else if (call->op == EMUL_MM_MBIND)
		result = flags_enter(caller->space->emul, call);
	if (result != 0)
		space_redeem(caller->space, SPARES);
	return result;
}

/* A sealed mapping in the range stops munmap before anything is unmapped,
   but after the mapping that `start` lies in was split, unless that is the
   sealed one (vms_gather_munmap_vmas). */
void split_at(const struct emul_caller *caller, uint64_t start)
{
	struct piece *piece = tree_at(caller->space->root, start);

	if (piece && piece->start < start && !(piece->props & PIECE_SEALED))
		piece_split(caller, piece, start);
}

/* Did a call that failed unmap the range before?  Then record it. */
bool is_gone(const struct emul_caller *caller, uint64_t start, uint64_t end)
{
	const struct emul_host *host = &caller->space->emul->host;
	const struct piece *piece = tree_after(caller->space->root, start);
	uint64_t from;

	if (!piece || piece->start >= end)
		return false;
	from = piece->start > start ? piece->start : start;
	if (host->first_hole(caller->task, from, end) != from)
		return false;
	space_cut(caller, start, end);
	return true;
}

/* RLIMIT_AS is looked at when the old mappings are split, but still there
   (__mmap_prepare, Linux 6.12 and later). */
void map_failed(const struct emul_caller *caller, uint64_t start, uint64_t end,
		sysret_t result)
{
	if (end > caller->space->emul->config.task_size || start >= end)
		return;
	if (result == -EPERM) {
		split_at(caller, start);
	} else if (result == -ENOMEM && !is_gone(caller, start, end)) {
		split_at(caller, start);
		split_at(caller, end);
	}
}

static void munmap_leave(const struct emul_caller *caller,
			 const struct emul_mmcall *call, sysret_t result)
{
	uint64_t start = call->addr, end;

	page_range(caller->space->emul, call->addr, call->len, &start, &end);
	if (result == 0)
		space_cut(caller, start, end);
	else if (result == -EPERM)
		split_at(caller, start);
}

static void mmap_leave(const struct emul_caller *caller,
		       const struct emul_mmcall *call, sysret_t result)
{
	uint64_t start = call->addr, end;

	page_range(caller->space->emul, call->addr, call->len, &start, &end);
	if (result >= 0)
		space_cut(caller, start, end);
	else
		map_failed(caller, start, end, result);
}

void emul_mm_leave(const struct emul_caller *caller,
		   const struct emul_mmcall *call, sysret_t result)
{
	if (result == SYSRET_GONE)
		;
	else if (flags_op(call->op))
		flags_leave(caller, call, result);
	else if (call->op == EMUL_MM_MUNMAP)
		munmap_leave(caller, call, result);
	else if (call->op == EMUL_MM_MMAP)
		mmap_leave(caller, call, result);
	else if (call->op == EMUL_MM_MREMAP)
		mremap_leave(caller, call, result);
	else
		remap_pages_leave(caller, call, result);
	space_redeem(caller->space, SPARES);
}
