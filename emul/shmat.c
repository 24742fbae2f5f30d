// SPDX-License-Identifier: MIT
/* shmat.c - attach a segment (do_shmat, Linux 6.18). */
#include "emul/shm.h"

enum { MAX_NEW_VMAS = 3 }; /* the new VMA, and what REMAP may split */

/* What is to be mapped, worked out from the arguments. */
struct plan {
	struct segment *segment;
	struct shm_file *file;
	struct emul_mapping mapping;
};

/* Address and flags.  SHM_RND to address 0 maps there, over whatever is
   there (MAP_FIXED, and the overlap check wants addr != 0). */
static sysret_t plan_address(const struct emul *emul, struct plan *plan,
			     uint64_t addr, uint32_t flags)
{
	struct emul_mapping *m = &plan->mapping;
	bool replace = (flags & SHM_REMAP) != 0;

	if (!addr) {
		m->place = EMUL_PLACE_ANY;
		return replace ? -EINVAL : 0;
	}
	if (addr != page_down(emul, addr)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr = page_down(emul, addr);
		if (!addr && replace)
			return -EINVAL;
	}
	m->addr = addr;
	m->place = replace || !addr ? EMUL_PLACE_REPLACE : EMUL_PLACE_FREE;
	return 0;
}

static uint32_t plan_access(struct plan *plan, uint32_t flags)
{
	uint32_t mode = 0444;

	plan->mapping.prot = EMUL_READ;
	if (!(flags & SHM_RDONLY)) {
		plan->mapping.prot |= EMUL_WRITE;
		plan->mapping.writable = true;
		mode |= 0222;
	}
	if (flags & SHM_EXEC) {
		plan->mapping.prot |= EMUL_EXEC;
		mode |= 0111;
	}
	return mode;
}

static bool anything_mapped(const struct emul_caller *caller, uint64_t from,
			    uint64_t to)
{
	const struct emul *emul = caller->mm->emul;

	if (find_vma_intersection(caller->mm, from, to))
		return true;
	return emul->host.first_mapped &&
	       emul->host.first_mapped(caller->task, from, to) < to;
}

/* The overlap check comes before that of the range (do_mmap), which the
   host's MAP_FIXED_NOREPLACE would make first. */
static sysret_t check_range(const struct emul_caller *caller,
			    const struct plan *plan)
{
	const struct emul *emul = caller->mm->emul;
	const struct emul_mapping *m = &plan->mapping;
	uint64_t limit = emul->config.task_size;
	uint64_t size =
		plan->segment->huge_shift ? m->len : plan->segment->size;

	if (m->place == EMUL_PLACE_FREE) {
		if (m->addr + size < m->addr)
			return -EINVAL;
		if (m->addr < limit && m->len > limit - m->addr &&
		    anything_mapped(caller, m->addr, limit))
			return -EINVAL;
	}
	if (m->len > limit || m->addr > limit - m->len)
		return -ENOMEM;
	if (plan->segment->huge_shift &&
	    m->addr & ((UINT64_C(1) << plan->segment->huge_shift) - 1))
		return -EINVAL;
	return 0;
}

/* The highest hole in the arena; its first page is not ours. */
static uint64_t pick_address(const struct emul_mm *mm, const struct plan *plan)
{
	const struct emul_config *config = &mm->emul->config;
	uint64_t align = plan->segment->huge_shift ?
				 UINT64_C(1) << plan->segment->huge_shift :
				 config->page_size;
	uint64_t room = plan->mapping.len + align - config->page_size;
	uint64_t low = config->arena_start + config->page_size;
	uint64_t addr;

	if (config->arena_end <= low || room > config->arena_end - low)
		return 0;
	addr = tree_fit(mm->root, low, config->arena_end, room);
	return addr ? (addr + room - plan->mapping.len) & ~(align - 1) : 0;
}

static sysret_t map_anywhere(const struct emul_caller *caller,
			     const struct plan *plan)
{
	const struct emul *emul = caller->mm->emul;
	struct emul_mapping m = plan->mapping;
	sysret_t result = -EEXIST;

	m.place = EMUL_PLACE_FREE;
	m.addr = pick_address(caller->mm, plan);
	if (m.addr)
		result = emul->host.map(caller->task, &m);
	if (result != -EEXIST)
		return result;
	m.place = EMUL_PLACE_ANY;
	m.addr = 0;
	return emul->host.map(caller->task, &m);
}

static sysret_t map(const struct emul_caller *caller, const struct plan *plan)
{
	const struct emul *emul = caller->mm->emul;
	const struct emul_mapping *m = &plan->mapping;
	sysret_t result = check_range(caller, plan);

	if (result < 0)
		return result;
	if (m->place == EMUL_PLACE_ANY)
		return map_anywhere(caller, plan);
	if (m->place == EMUL_PLACE_FREE &&
	    find_vma_intersection(caller->mm, m->addr, m->addr + m->len))
		return -EINVAL;
	result = emul->host.map(caller->task, m);
	if (result < 0 && m->place == EMUL_PLACE_REPLACE)
		map_failed(caller, m->addr, m->addr + m->len, result);
	return result == -EEXIST ? -EINVAL : result;
}

/* The kernel has done it.  What it replaced goes first, but the
   segment lives on even if that was its last VMA. */
static void record(const struct emul_caller *caller, struct plan *plan,
		   uint64_t addr)
{
	struct emul_mm *mm = caller->mm;
	struct vma *vma = vma_alloc(mm);
	uint32_t locked = mm->lock_future;

	if (plan->segment->huge_shift) /* __mmap_complete() */
		locked = 0;
	plan->segment->nattch++;
	mm_unmap(caller, addr, addr + plan->mapping.len);
	*vma = (struct vma){
		.file = plan->file,
		.start = addr,
		.end = addr + plan->mapping.len,
		.flags = (uint32_t)plan->mapping.prot | locked,
	};
	plan->file->refs = 1;
	vma_link(mm, vma);
	plan->segment->nattch--;
	mm->undo_atime = plan->segment->atime;
	mm->undo_lpid = plan->segment->lpid;
	shm_vm_open(plan->segment, caller);
}

/* From the moment that the segment may be attached. */
static sysret_t attach(const struct emul_caller *caller, struct plan *plan)
{
	sysret_t result = -ENOMEM;

	plan->file = shm_file_new(plan->segment, plan->mapping.writable);
	if (!plan->file)
		return -ENOMEM;
	if (!mm_reserve(caller->mm, MAX_NEW_VMAS))
		goto free_file;
	plan->mapping.pages = plan->segment->pages;
	plan->mapping.len = segment_length(plan->segment);
	result = map(caller, plan);
	if (result >= 0)
		record(caller, plan, (uint64_t)result);
	mm_unreserve(caller->mm, MAX_NEW_VMAS);
	if (result >= 0)
		return result;
free_file:
	emul_dealloc(caller->mm->emul, plan->file);
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
	uint32_t flags = (uint32_t)shmflg, mode;
	struct plan plan = { .segment = NULL };
	sysret_t result;

	if (id < 0)
		return -EINVAL;
	result = plan_address(caller->mm->emul, &plan, shmaddr, flags);
	if (result < 0)
		return result;
	mode = plan_access(&plan, flags);
	plan.segment = ipc_obtain_object_check(caller->ns, id);
	if (!plan.segment)
		return -EINVAL;
	if (!perm_allows(plan.segment, caller->cred, mode))
		return -EACCES;
	if (over_shmseg(caller)) /* POSIX; Linux has no such limit */
		return -EMFILE;
	if (caller->read_implies_exec) /* do_mmap() */
		plan.mapping.prot |= EMUL_EXEC;
	result = attach(caller, &plan);
	/* out_nattch: with shm_rmid_forced a failed attach destroys. */
	if (result < 0 && result != SYSRET_GONE &&
	    shm_may_destroy(plan.segment))
		shm_destroy(plan.segment);
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
