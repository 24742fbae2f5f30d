// SPDX-License-Identifier: MIT
/*
 * shmdt.c - detach (ksys_shmdt, Linux 6.18).
 *
 * Any VMA whose virtual base is the address is detached, whatever
 * splitting and moving has made of it: (start - addr) / page == pgoff.
 */
#include "emul/shm.h"

struct match {
	uint64_t addr;
	uint64_t page_size;
};

static bool matches(const struct vma *vma, void *arg)
{
	const struct match *match = arg;

	return (vma->start - match->addr) / match->page_size == vma->pgoff;
}

/* The pages of a segment that ends here are free when shmdt returns. */
static bool ends_segment(const struct vma *vma)
{
	struct segment rest = *vma->file->segment;

	rest.nattch--;
	return shm_may_destroy(&rest);
}

/* Errors of the unmapping are ignored: a sealed VMA stays. */
static sysret_t detach(const struct emul_caller *caller, struct vma *vma,
		       bool is_last)
{
	const struct emul_host *host = &caller->mm->emul->host;
	sysret_t (*unmap)(void *, uint64_t, uint64_t) = host->unmap;
	sysret_t result;

	if (vma->flags & VM_SEALED)
		return 0;
	if (is_last && host->unmap_last && !ends_segment(vma))
		unmap = host->unmap_last;
	result = unmap(caller->task, vma->start, vma->end - vma->start);
	if (result == SYSRET_GONE)
		return result;
	if (result >= 0)
		vma_close(caller, vma);
	return 0;
}

/* Further VMAs of the same attach, up to the first mapping that ends
   beyond the segment's size.  Mappings of others end the walk where a later
   VMA of ours ends it too. */
static sysret_t detach_rest(const struct emul_caller *caller,
			    struct match *match, uint64_t from, uint64_t file,
			    uint64_t size)
{
	struct vma *vma = find_vma(caller->mm, from);
	sysret_t result;

	while (vma && vma->end - match->addr <= size) {
		from = vma->end;
		if (vma->file->id == file && matches(vma, match)) {
			result = detach(caller, vma, false);
			if (result < 0)
				return result;
		}
		vma = find_vma(caller->mm, from);
	}
	return 0;
}

/* No VMA at all where the second loop would look. */
static bool is_alone(const struct emul_mm *mm, uint64_t from, uint64_t to)
{
	const struct vma *next = find_vma(mm, from);

	return !next || next->start >= to;
}

sysret_t emul_shmdt(const struct emul_caller *caller, uint64_t shmaddr)
{
	const struct emul *emul = caller->mm->emul;
	struct match match = { shmaddr, emul->config.page_size };
	struct vma *vma;
	uint64_t file, size, end;
	sysret_t result;

	if (shmaddr != page_down(emul, shmaddr))
		return -EINVAL;
	vma = tree_find(caller->mm->root, shmaddr, matches, &match);
	if (!vma)
		return -EINVAL;
	file = vma->file->id;
	size = segment_length(vma->file->segment);
	end = vma->end;
	result = detach(caller, vma, is_alone(caller->mm, end, shmaddr + size));
	if (result < 0)
		return result;
	return detach_rest(caller, &match, end, file, size);
}
