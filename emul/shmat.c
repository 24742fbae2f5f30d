// SPDX-License-Identifier: MIT
/* shmat.c - attach a segment (do_shmat, Linux 6.18). */
#include "emul/shm.h"

enum { MAX_NEW_VMAS = 3 }; /* the new VMA, and what REMAP may split */

/* SHM_RND to address 0 maps there, over whatever is there: MAP_FIXED, and
   do_shmat() looks for an intersection only when addr != 0. */
static sysret_t check_address(const struct emul *emul, uint64_t addr,
			      uint32_t flags, struct emul_mapping *m)
{
	bool is_remap = (flags & SHM_REMAP) != 0;

	m->addr = page_down(emul, addr);
	if (m->addr != addr && !(flags & SHM_RND))
		return -EINVAL;
	if (!m->addr && is_remap)
		return -EINVAL;
	if (!addr)
		m->place = EMUL_PLACE_ANY;
	else if (is_remap || !m->addr)
		m->place = EMUL_PLACE_REPLACE;
	else
		m->place = EMUL_PLACE_FREE;
	return 0;
}

/* prot, f_flags, and the acc_mode that ipcperms() is asked for. */
static uint32_t set_access(uint32_t flags, struct emul_mapping *m)
{
	uint32_t acc_mode = 0444;

	m->prot = EMUL_READ;
	if (!(flags & SHM_RDONLY)) {
		m->prot |= EMUL_WRITE;
		m->writable = true;
		acc_mode |= 0222;
	}
	if (flags & SHM_EXEC) {
		m->prot |= EMUL_EXEC;
		acc_mode |= 0111;
	}
	return acc_mode;
}

/* find_vma_intersection() in do_shmat().  Mappings of others are left to the
   host's MAP_FIXED_NOREPLACE, except in a range that do_mmap() is going to
   refuse: mmap(2) refuses it before it looks for them. */
static bool intersects(const struct emul_caller *caller,
		       const struct emul_mapping *m)
{
	const struct emul_host *host = &caller->mm->emul->host;
	uint64_t limit = caller->mm->emul->config.task_size;
	bool fits = m->len <= limit && m->addr <= limit - m->len;
	uint64_t end = fits ? m->addr + m->len : limit;

	if (find_vma_intersection(caller->mm, m->addr, end))
		return true;
	return !fits && m->addr < limit && host->first_mapped &&
	       host->first_mapped(caller->task, m->addr, limit) < limit;
}

static sysret_t map_anywhere(const struct emul_caller *caller,
			     const struct segment *segment,
			     struct emul_mapping *m)
{
	const struct emul_host *host = &caller->mm->emul->host;
	sysret_t result = -EEXIST;

	m->addr = mm_get_unmapped_area(caller, segment, m->len);
	m->place = EMUL_PLACE_FREE;
	if (m->addr)
		result = host->map(caller->task, m);
	if (result != -EEXIST)
		return result;
	m->addr = 0;
	m->place = EMUL_PLACE_ANY;
	return host->map(caller->task, m);
}

/* From find_vma_intersection() to the end of do_mmap(). */
static sysret_t map(const struct emul_caller *caller,
		    const struct segment *segment, struct emul_mapping *m)
{
	const struct emul *emul = caller->mm->emul;
	uint64_t limit = emul->config.task_size;
	uint64_t huge_mask = (UINT64_C(1) << segment->huge_shift) - 1;
	sysret_t result;

	if (m->place == EMUL_PLACE_FREE) {
		if (m->addr + segment_i_size(segment) < m->addr)
			return -EINVAL;
		if (intersects(caller, m))
			return -EINVAL;
	}
	if (m->len > limit || m->addr > limit - m->len)
		return -ENOMEM;
	if (m->addr & huge_mask)
		return -EINVAL;
	if (caller->read_implies_exec)
		m->prot |= EMUL_EXEC;
	if (m->place == EMUL_PLACE_ANY)
		return map_anywhere(caller, segment, m);
	result = emul->host.map(caller->task, m);
	if (result < 0 && m->place == EMUL_PLACE_REPLACE)
		mm_map_failed(caller, m->addr, m->addr + m->len, result);
	return result == -EEXIST ? -EINVAL : result;
}

/* The host has mapped the file at addr, in place of what was there. */
static void record(const struct emul_caller *caller, struct shm_file *file,
		   const struct emul_mapping *m, uint64_t addr)
{
	struct segment *segment = file->segment;
	struct emul_mm *mm = caller->mm;
	struct vma *vma = vma_alloc(mm);
	uint32_t locked = mm->lock_future;

	if (segment->huge_shift) /* __mmap_complete() */
		locked = 0;
	mm_unmap(caller, addr, addr + m->len);
	*vma = (struct vma){
		.file = file,
		.start = addr,
		.end = addr + m->len,
		.flags = (uint32_t)m->prot | locked,
	};
	file->refs = 1;
	vma_link(mm, vma);
	mm->undo_atime = segment->atime;
	mm->undo_lpid = segment->lpid;
	shm_vm_open(segment, caller);
}

/* What do_shmat() does while it holds the segment: alloc_file_clone(),
   do_mmap(). */
static sysret_t shm_do_mmap(const struct emul_caller *caller,
			    struct segment *segment, struct emul_mapping *m)
{
	struct emul_mm *mm = caller->mm;
	struct shm_file *file = shm_file_new(segment, m->writable);
	sysret_t result = -ENOMEM;

	if (!file)
		return -ENOMEM;
	if (!mm_reserve(mm, MAX_NEW_VMAS))
		goto free_file;
	m->pages = segment->pages;
	m->len = page_up(mm->emul, segment_i_size(segment));
	result = map(caller, segment, m);
	if (result >= 0)
		record(caller, file, m, (uint64_t)result);
	mm_unreserve(mm, MAX_NEW_VMAS);
	if (result >= 0)
		return result;
free_file:
	emul_dealloc(mm->emul, file);
	return result;
}

static bool over_shmseg(const struct emul_caller *caller)
{
	uint64_t limit = caller->ns->limits.shmseg;

	return limit != UINT64_MAX && mm_count_files(caller->mm) >= limit;
}

sysret_t emul_shmat(const struct emul_caller *caller, uint64_t shmid,
		    uint64_t shmaddr, uint64_t shmflg)
{
	int32_t id = (int32_t)(uint32_t)shmid;
	uint32_t flags = (uint32_t)shmflg, acc_mode;
	struct emul_mapping m = { 0 };
	struct segment *segment;
	sysret_t result;

	if (id < 0)
		return -EINVAL;
	result = check_address(caller->mm->emul, shmaddr, flags, &m);
	if (result < 0)
		return result;
	acc_mode = set_access(flags, &m);
	segment = ipc_obtain_object_check(caller->ns, id);
	if (!segment)
		return -EINVAL;
	if (ipcperms(segment, caller->cred, acc_mode))
		return -EACCES;
	if (over_shmseg(caller)) /* POSIX; Linux has no such limit */
		return -EMFILE;
	segment->nattch++;
	result = shm_do_mmap(caller, segment, &m);
	segment->nattch--; /* out_nattch: for a killed caller too */
	if (shm_may_destroy(segment))
		shm_destroy(segment);
	return result;
}

void emul_shmat_undo(const struct emul_caller *caller, uint64_t addr)
{
	struct emul_mm *mm = caller->mm;
	struct vma *vma = vma_lookup(mm, addr);
	struct segment *segment = vma->file->segment;

	vma_unlink(mm, vma);
	vma_free(vma);
	segment->nattch--;
	segment->atime = mm->undo_atime;
	segment->lpid = mm->undo_lpid;
	if (shm_may_destroy(segment))
		shm_destroy(segment);
}
