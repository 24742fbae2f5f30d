// SPDX-License-Identifier: MIT
/*
 * shmdt.c - detach (ksys_shmdt, Linux 6.18).
 *
 * Any VMA whose virtual base is the address is detached, whatever
 * splitting and moving has made of it: (start - addr) / page == pgoff.
 */
#include "emul/shm.h"

struct base {
	uint64_t addr;
	uint64_t page_size;
};

static bool is_based(const struct vma *vma, void *arg)
{
	const struct base *base = arg;

	return (vma->start - base->addr) / base->page_size == vma->pgoff;
}

struct vma *shmdt_first(const struct emul_mm *mm, uint64_t addr)
{
	struct base base = { addr, mm->emul->config.page_size };

	if (addr != page_down(mm->emul, addr))
		return NULL;
	return tree_find(mm->root, addr, is_based, &base);
}

/* May the host let the call end with the munmap of this VMA?  Not when the
   second loop has one more to look at, and not when the segment goes with it:
   its pages are free when shmdt returns. */
static bool ends_call(const struct emul_mm *mm, const struct vma *vma,
		      uint64_t end)
{
	const struct segment *segment = vma->file->segment;
	bool is_kept = segment->nattch > 1 || !shm_is_doomed(segment);

	return is_kept && !find_vma_intersection(mm, vma->end, end);
}

/* do_vma_munmap().  Its errors are ignored: a sealed VMA stays. */
static sysret_t unmap(const struct emul_caller *caller, struct vma *vma,
		      bool is_last)
{
	const struct emul_host *host = &caller->mm->emul->host;
	sysret_t result;

	if (vma->flags & VM_SEALED)
		return 0;
	result = host->unmap(caller->task, vma->start, vma->end - vma->start,
			     is_last);
	if (result == SYSRET_GONE)
		return result;
	if (result >= 0) {
		mm_note_detached(caller, vma->start, vma->end);
		vma_close(caller, vma);
	}
	return 0;
}

/* The first loop finds the lowest VMA with this base, and its file.  The
   second one unmaps what else there is of that file, up to the first mapping
   that ends beyond the segment's size.  Mappings of others end it where a
   later VMA of ours ends it too. */
sysret_t emul_shmdt(const struct emul_caller *caller, uint64_t addr)
{
	const struct emul *emul = caller->mm->emul;
	struct base base = { addr, emul->config.page_size };
	struct vma *vma = shmdt_first(caller->mm, addr);
	uint64_t file, size, end;
	sysret_t result;

	if (!vma)
		return -EINVAL;
	file = vma->file->id;
	size = page_up(emul, segment_i_size(vma->file->segment));
	end = vma->end;
	result = unmap(caller, vma, ends_call(caller->mm, vma, addr + size));
	while (result >= 0 && (vma = find_vma(caller->mm, end)) &&
	       vma->end - addr <= size) {
		end = vma->end;
		if (vma->file->id == file && is_based(vma, &base))
			result = unmap(caller, vma, false);
	}
	return result;
}
