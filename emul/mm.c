// SPDX-License-Identifier: MIT
/*
 * mm.c - what the address-space calls do to VMAs: the common part, and
 * those that only unmap (munmap, mmap with MAP_FIXED).
 */
#include "emul/shm.h"

/* mremap with a fixed target that shrinks: three cuts of two splits each, and
   the new VMA. */
enum { MAX_NEW_VMAS = 7 };

/* From the page of addr to the end of the page of addr + len - 1. */
static void page_range(const struct emul *emul, uint64_t addr, uint64_t len,
		       uint64_t *start, uint64_t *end)
{
	*start = page_down(emul, addr);
	*end = page_up(emul, addr + len);
	if (*end < *start)
		*end = UINT64_MAX;
}

bool emul_mm_concerns(const struct emul_mm *mm, const struct emul_mmcall *call)
{
	uint64_t start, end;

	if (call->op == EMUL_MM_MREMAP)
		return mremap_concerns(mm, call);
	if (mm_flags_op(call->op) && !mm_flags_concern(mm, call))
		return false;
	if (call->op == EMUL_MM_MLOCKALL || call->op == EMUL_MM_MUNLOCKALL)
		return true;
	page_range(mm->emul, call->addr, call->len, &start, &end);
	return find_vma_intersection(mm, start, end);
}

sysret_t emul_mm_enter(const struct emul_caller *caller,
		       const struct emul_mmcall *call)
{
	sysret_t result = 0;

	if (!mm_reserve(caller->mm, MAX_NEW_VMAS))
		return -ENOMEM;
	if (call->op == EMUL_MM_MREMAP)
		result = mremap_enter(caller, call);
	else if (call->op == EMUL_MM_REMAP_FILE_PAGES)
		result = remap_pages_enter(caller, call);
	else if (call->op == EMUL_MM_MBIND)
		result = mm_flags_enter(caller->mm->emul, call);
	if (result != 0)
		mm_unreserve(caller->mm, MAX_NEW_VMAS);
	return result;
}

static void munmap_leave(const struct emul_caller *caller,
			 const struct emul_mmcall *call, sysret_t result)
{
	uint64_t start = call->addr, end;

	page_range(caller->mm->emul, call->addr, call->len, &start, &end);
	if (result == 0)
		mm_unmap(caller, start, end);
	else if (result == -EPERM)
		mm_split_at(caller, start);
}

static void mmap_leave(const struct emul_caller *caller,
		       const struct emul_mmcall *call, sysret_t result)
{
	uint64_t start = call->addr, end;

	page_range(caller->mm->emul, call->addr, call->len, &start, &end);
	if (result >= 0)
		mm_unmap(caller, start, end);
	else
		mm_map_failed(caller, start, end, result);
}

void emul_mm_leave(const struct emul_caller *caller,
		   const struct emul_mmcall *call, sysret_t result)
{
	if (result == SYSRET_GONE)
		;
	else if (mm_flags_op(call->op))
		mm_flags_leave(caller, call, result);
	else if (call->op == EMUL_MM_MUNMAP)
		munmap_leave(caller, call, result);
	else if (call->op == EMUL_MM_MMAP)
		mmap_leave(caller, call, result);
	else if (call->op == EMUL_MM_MREMAP)
		mremap_leave(caller, call, result);
	else
		remap_pages_leave(caller, call, result);
	mm_unreserve(caller->mm, MAX_NEW_VMAS);
}
