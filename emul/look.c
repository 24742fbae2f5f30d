// SPDX-License-Identifier: MIT
/* look.c - what a report may ask about segments. */
#include "emul/shm.h"

bool emul_segment_look(const struct emul_ns *ns, int32_t shmid,
		       struct emul_segment *look)
{
	const struct segment *segment = ipc_obtain_object_check(ns, shmid);

	if (!segment)
		return false;
	*look = (struct emul_segment){
		.shmid = segment->id,
		.key = segment->key,
		.size = segment->size,
		.uid = segment->uid,
		.gid = segment->gid,
		.mode = segment->mode,
		.cpid = segment->cpid,
	};
	return true;
}

bool emul_attached_look(const struct emul_mm *mm, uint64_t addr,
			struct emul_segment *look)
{
	const struct vma *vma = shmdt_first(mm, addr);
	const struct segment *segment = vma ? vma->file->segment : NULL;

	return segment && emul_segment_look(segment->ns, segment->id, look);
}
