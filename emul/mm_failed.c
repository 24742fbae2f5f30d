// SPDX-License-Identifier: MIT
/* mm_failed.c - what munmap and mmap leave behind when they fail. */
#include "emul/shm.h"

/* A sealed mapping in the range stops munmap before anything is unmapped,
   but after the mapping that `start` lies in was split, unless that is the
   sealed one (vms_gather_munmap_vmas). */
void mm_split_at(const struct emul_caller *caller, uint64_t start)
{
	struct vma *vma = vma_lookup(caller->mm, start);

	if (vma && vma->start < start && !(vma->flags & VM_SEALED))
		vma_split(caller, vma, start);
}

/* Did a call that failed unmap the range before?  Then record it. */
bool mm_record_if_gone(const struct emul_caller *caller, uint64_t start,
		       uint64_t end)
{
	const struct emul_host *host = &caller->mm->emul->host;
	const struct vma *vma = find_vma(caller->mm, start);
	uint64_t from;

	if (!vma || vma->start >= end)
		return false;
	from = vma->start > start ? vma->start : start;
	if (host->first_hole(caller->task, from, end) != from)
		return false;
	mm_unmap(caller, start, end);
	return true;
}

/* RLIMIT_AS is looked at when the old mappings are split, but still there
   (__mmap_prepare, Linux 6.12 and later). */
void mm_map_failed(const struct emul_caller *caller, uint64_t start,
		   uint64_t end, sysret_t error)
{
	if (end > caller->mm->emul->config.task_size || start >= end)
		return;
	if (error == -EPERM) {
		mm_split_at(caller, start);
	} else if (error == -ENOMEM && !mm_record_if_gone(caller, start, end)) {
		mm_split_at(caller, start);
		mm_split_at(caller, end);
	}
}
