// SPDX-License-Identifier: MIT
/* shmat.c - attach a segment (do_shmat, Linux 6.18). */
#include "emul/shm.h"

enum { SPARES = 3 }; /* the new piece, and what REMAP may split */

/* What is to be mapped, worked out from the arguments. */
struct plan {
	struct segment *segment;
	struct attach *attach;
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
	const struct emul *emul = caller->space->emul;

	if (space_overlaps(caller->space, from, to))
		return true;
	return emul->host.first_mapped &&
	       emul->host.first_mapped(caller->task, from, to) < to;
}

/* The overlap check comes before that of the range (do_mmap), which the
   host's MAP_FIXED_NOREPLACE would make first. */
static sysret_t check_range(const struct emul_caller *caller,
			    const struct plan *plan)
{
	const struct emul *emul = caller->space->emul;
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
static uint64_t pick_address(const struct emul_space *space,
			     const struct plan *plan)
{
	const struct emul_config *config = &space->emul->config;
	uint64_t align = plan->segment->huge_shift ?
				 UINT64_C(1) << plan->segment->huge_shift :
				 config->page_size;
	uint64_t room = plan->mapping.len + align - config->page_size;
	uint64_t low = config->arena_start + config->page_size;
	uint64_t addr;

	if (config->arena_end <= low || room > config->arena_end - low)
		return 0;
	addr = tree_fit(space->root, low, config->arena_end, room);
	return addr ? (addr + room - plan->mapping.len) & ~(align - 1) : 0;
}

static sysret_t map_anywhere(const struct emul_caller *caller,
			     const struct plan *plan)
{
	const struct emul *emul = caller->space->emul;
	struct emul_mapping m = plan->mapping;
	sysret_t result = -EEXIST;

	m.place = EMUL_PLACE_FREE;
	m.addr = pick_address(caller->space, plan);
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
	const struct emul *emul = caller->space->emul;
	const struct emul_mapping *m = &plan->mapping;
	sysret_t result = check_range(caller, plan);

	if (result < 0)
		return result;
	if (m->place == EMUL_PLACE_ANY)
		return map_anywhere(caller, plan);
	if (m->place == EMUL_PLACE_FREE &&
	    space_overlaps(caller->space, m->addr, m->addr + m->len))
		return -EINVAL;
	result = emul->host.map(caller->task, m);
	if (result < 0 && m->place == EMUL_PLACE_REPLACE)
		map_failed(caller, m->addr, m->addr + m->len, result);
	return result == -EEXIST ? -EINVAL : result;
}

/* AddMapping: the kernel has done it.  What it replaced goes first, but the
   segment lives on even if that was its last piece. */
static void record(const struct emul_caller *caller, struct plan *plan,
		   uint64_t addr)
{
	struct emul_space *space = caller->space;
	struct piece *piece = space_take(space);
	uint32_t locked = space->lock_future;

	if (plan->segment->huge_shift) /* __mmap_complete() */
		locked = 0;
	plan->segment->nattch++;
	space_cut(caller, addr, addr + plan->mapping.len);
	*piece = (struct piece){
		.attach = plan->attach,
		.start = addr,
		.end = addr + plan->mapping.len,
		.props = (uint32_t)plan->mapping.prot | locked,
	};
	plan->attach->refs = 1;
	space_insert(space, piece);
	plan->segment->nattch--;
	space->undo_atime = plan->segment->atime;
	space->undo_lpid = plan->segment->lpid;
	segment_opened(plan->segment, caller);
}

/* ConfigureAttach, from the moment that the segment may be attached. */
static sysret_t attach(const struct emul_caller *caller, struct plan *plan)
{
	sysret_t result = -ENOMEM;

	plan->attach = attach_new(plan->segment, plan->mapping.writable);
	if (!plan->attach)
		return -ENOMEM;
	if (!space_promise(caller->space, SPARES))
		goto free_attach;
	plan->mapping.pages = plan->segment->pages;
	plan->mapping.len = segment_length(plan->segment);
	result = map(caller, plan);
	if (result >= 0)
		record(caller, plan, (uint64_t)result);
	space_redeem(caller->space, SPARES);
	if (result >= 0)
		return result;
free_attach:
	memory_put(plan->attach);
	return result;
}

static bool over_shmseg(const struct emul_caller *caller)
{
	uint64_t limit = caller->ns->limits.shmseg;

	return limit != UINT64_MAX && space_attaches(caller->space) >= limit;
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
	result = plan_address(caller->space->emul, &plan, shmaddr, flags);
	if (result < 0)
		return result;
	mode = plan_access(&plan, flags);
	plan.segment = ns_find_id(caller->ns, id);
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
	    segment_may_destroy(plan.segment))
		segment_destroy(plan.segment);
	return result;
}

void emul_shmat_undo(const struct emul_caller *caller, uint64_t addr)
{
	struct emul_space *space = caller->space;
	struct piece *piece = tree_at(space->root, addr);
	struct segment *segment = piece->attach->segment;

	space_remove(space, piece);
	piece_free(piece);
	segment->nattch--;
	segment->atime = space->undo_atime;
	segment->lpid = space->undo_lpid;
	if (segment_may_destroy(segment))
		segment_destroy(segment);
}
