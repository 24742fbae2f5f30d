// SPDX-License-Identifier: MIT
/*
 * mm_remap.c - mremap and remap_file_pages (mm/mremap.c, mm/mmap.c of
 * Linux 6.18).
 *
 * A VMA that comes to lie beside another one of the same attach, with
 * contiguous offsets and equal properties, extends that neighbour instead of
 * becoming a mapping of its own: no open, so it does not count.
 */
#include "emul/shm.h"

/* The arguments of mremap, rounded as the kernel does. */
struct remap {
	uint64_t addr, old_len, new_len;
	uint64_t target;
	bool fixed, dont_unmap;
};

static struct remap remap_of(const struct emul *emul,
			     const struct emul_mmcall *call)
{
	return (struct remap){
		.addr = call->addr,
		.old_len = page_up(emul, call->len),
		.new_len = page_up(emul, call->new_len),
		.target = call->new_addr,
		.fixed = (call->flags & MREMAP_FIXED) != 0,
		.dont_unmap = (call->flags & MREMAP_DONTUNMAP) != 0,
	};
}

bool mremap_concerns(const struct emul_mm *mm, const struct emul_mmcall *call)
{
	struct remap r = remap_of(mm->emul, call);
	uint64_t len = r.old_len ? r.old_len : 1;

	if (find_vma_intersection(mm, r.addr,
				  r.addr + len < r.addr ? UINT64_MAX :
							  r.addr + len))
		return true;
	return r.fixed && r.target + r.new_len > r.target &&
	       find_vma_intersection(mm, r.target, r.target + r.new_len);
}

/* check_mremap_params(): what is EINVAL before any mapping is looked at. */
static bool is_invalid(const struct emul *emul, const struct emul_mmcall *call,
		       const struct remap *r)
{
	uint64_t known = MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	uint64_t limit = emul->config.task_size;

	if (call->flags & ~known || r->addr != page_down(emul, r->addr))
		return true;
	if (!r->new_len || r->new_len > limit)
		return true;
	if (!r->fixed && !r->dont_unmap)
		return false;
	if (r->target > limit - r->new_len ||
	    r->target != page_down(emul, r->target))
		return true;
	if (!(call->flags & MREMAP_MAYMOVE))
		return true;
	if (r->dont_unmap && r->old_len != r->new_len)
		return true;
	return r->addr + r->old_len > r->target &&
	       r->target + r->new_len > r->addr;
}

static sysret_t foreign_move(const struct emul_caller *caller,
			     const struct emul_mmcall *call,
			     const struct remap *r);

/* On Linux something lies above an attach without an address; above the arena
   there is nothing. */
static bool is_at_top(const struct emul_mm *mm, const struct vma *vma,
		      const struct remap *r)
{
	return !r->fixed && !r->dont_unmap && r->old_len &&
	       r->addr + r->old_len == vma->end &&
	       vma->end == mm->emul->config.arena_end;
}

/* So it moves, or finds no room: after what check_prep_vma() says, which the
   kernel knows for a locked one alone. */
static sysret_t grow_at_top(const struct emul_caller *caller,
			    const struct emul_mmcall *call,
			    const struct remap *r)
{
	const struct emul_host *host = &caller->mm->emul->host;
	const struct vma *vma = vma_lookup(caller->mm, r->addr);
	struct emul_mmcall moved = *call;
	uint64_t to;
	sysret_t result;

	if (!(call->flags & MREMAP_MAYMOVE))
		return vma->flags & VM_LOCKED ? 0 : -ENOMEM;
	to = mm_get_unmapped_area(caller, vma->file->segment, r->new_len);
	if (!to || !host->first_mapped || !host->remap ||
	    host->first_mapped(caller->task, to, to + r->new_len) !=
		    to + r->new_len)
		return 0;
	moved.flags |= MREMAP_FIXED;
	moved.new_addr = to;
	result = host->remap(caller->task, &moved);
	if (result != SYSRET_GONE)
		mremap_leave(caller, &moved, result);
	return result;
}

/*
 * A range over several mappings cannot grow or move (check_prep_vma; shm is
 * not among the files that Linux 6.17 and later move several mappings of).
 * The kernel would do it for the pages behind our VMAs, which it may even
 * have merged to one mapping.
 */
sysret_t mremap_enter(const struct emul_caller *caller,
		      const struct emul_mmcall *call)
{
	struct emul_mm *mm = caller->mm;
	struct remap r = remap_of(mm->emul, call);
	const struct vma *vma;
	bool is_move;

	if (is_invalid(mm->emul, call, &r))
		return 0;
	if (!r.fixed && !r.dont_unmap && r.new_len <= r.old_len)
		return 0;
	vma = vma_lookup(mm, r.addr);
	is_move = r.fixed && r.old_len == r.new_len; /* vrm_move_only() */
	if (!vma)
		return is_move ? foreign_move(caller, call, &r) : 0;
	/* remap_move() looks at the end before the seal. */
	if (vma->flags & VM_SEALED && !is_move)
		return -EPERM;
	if (r.new_len < r.old_len) /* shrinks first, then moves the rest */
		r.old_len = r.new_len;
	if (r.old_len > vma->end - r.addr)
		return -EFAULT;
	return is_at_top(mm, vma, &r) ? grow_at_top(caller, call, &r) : 0;
}

static bool joins(const struct emul *emul, const struct vma *lower,
		  const struct vma *upper)
{
	return lower->end == upper->start && lower->file == upper->file &&
	       lower->flags == upper->flags &&
	       vma_pgoff(emul, lower, lower->end) == upper->pgoff;
}

static void resize(struct emul_mm *mm, struct vma *vma, uint64_t start,
		   uint64_t end)
{
	vma_unlink(mm, vma);
	vma_set_start(mm->emul, vma, start);
	vma->end = end;
	vma_link(mm, vma);
}

/* vma_merge_new_range(): the lower neighbour grows, else the upper one, else
   it is a new mapping, which is opened.  Nothing is mapped there. */
static void place(const struct emul_caller *caller, const struct vma *new)
{
	struct emul_mm *mm = caller->mm;
	struct vma *lower = NULL, *upper, *vma;

	if (new->start)
		lower = vma_lookup(mm, new->start - 1);
	upper = vma_lookup(mm, new->end);
	if (lower && joins(mm->emul, lower, new)) {
		resize(mm, lower, lower->start, new->end);
	} else if (upper && joins(mm->emul, new, upper)) {
		resize(mm, upper, new->start, upper->end);
	} else {
		vma = vma_alloc(mm);
		*vma = *new;
		vma->file->refs++;
		vma_link(mm, vma);
		shm_vm_open(vma->file->segment, caller);
	}
}

/* The VMA at addr changed hands in the meantime: look it up again. */
static void source_leaves(const struct emul_caller *caller,
			  const struct remap *r)
{
	struct vma *source;

	if (r->dont_unmap) { /* dontunmap_complete(): the whole mapping */
		source = vma_lookup(caller->mm, r->addr);
		if (source)
			source->flags &= ~VM_LOCKED_MASK;
	} else if (r->old_len) {
		mm_unmap(caller, r->addr, r->addr + r->old_len);
	}
}

/* move_vma(): copy, then unmap the source. */
static void move(const struct emul_caller *caller, struct remap *r, uint64_t to)
{
	struct vma *source;
	struct vma new;

	if (r->fixed)
		mm_unmap(caller, to, to + r->new_len);
	if (r->new_len < r->old_len) {
		mm_unmap(caller, r->addr + r->new_len, r->addr + r->old_len);
		r->old_len = r->new_len;
	}
	source = vma_lookup(caller->mm, r->addr);
	if (!source)
		return; /* a mapping of others was moved over ours */
	new = *source;
	new.pgoff = vma_pgoff(caller->mm->emul, source, r->addr);
	new.start = to;
	new.end = to + r->new_len;
	place(caller, &new);
	source_leaves(caller, r);
}

static void resize_in_place(const struct emul_caller *caller,
			    const struct remap *r)
{
	struct vma *vma;
	uint64_t end = r->addr + r->new_len;

	if (r->new_len < r->old_len) {
		mm_unmap(caller, end, r->addr + r->old_len);
	} else if (r->new_len > r->old_len) {
		vma = vma_lookup(caller->mm, r->addr);
		if (vma && vma->end < end)
			resize(caller->mm, vma, vma->start, end);
	}
}

static bool is_sealed(const struct vma *vma, void *arg)
{
	return (vma->flags & VM_SEALED) && vma->start < *(const uint64_t *)arg;
}

/* Whose seal was it?  A source of others may have one, of which we know
   nothing: believe in it unless one of ours is in the way. */
static bool was_source_sealed(const struct emul_mm *mm, const struct remap *r)
{
	const struct vma *source = vma_lookup(mm, r->addr);
	uint64_t start = r->fixed ? r->target : r->addr + r->new_len;
	uint64_t end = r->fixed ? r->target + r->new_len : r->addr + r->old_len;

	if (source)
		return (source->flags & VM_SEALED) != 0;
	return !tree_find(mm->root, start, is_sealed, &end);
}

static bool is_unmapped(const struct emul_caller *caller, uint64_t start,
			uint64_t end)
{
	const struct emul_host *host = &caller->mm->emul->host;

	if (host->first_mapped)
		return host->first_mapped(caller->task, start, end) == end;
	return host->first_hole(caller->task, start, end) == start;
}

/* EINVAL is found before anything is touched; so is EFAULT since Linux 6.17
   (but with no old length the target may cover the source, which then is
   missing), older kernels have unmapped the target.  A seal stops it at the
   source; or at the target; or, when the target is unmapped already, at the
   tail. */
static void mremap_failed(const struct emul_caller *caller,
			  const struct remap *r, sysret_t result)
{
	uint64_t end = r->target + r->new_len;
	bool gone = false;

	if (result == -EINVAL)
		return;
	if (r->fixed)
		gone = mm_record_if_gone(caller, r->target, end);
	if (r->new_len < r->old_len)
		mm_record_if_gone(caller, r->addr + r->new_len,
				  r->addr + r->old_len);
	if (result != -EPERM || (!gone && was_source_sealed(caller->mm, r)))
		return;
	if (r->fixed && !is_unmapped(caller, r->target, end))
		mm_split_at(caller, r->target);
	else if (r->new_len < r->old_len)
		mm_split_at(caller, r->addr + r->new_len);
}

void mremap_leave(const struct emul_caller *caller,
		  const struct emul_mmcall *call, sysret_t result)
{
	struct remap r = remap_of(caller->mm->emul, call);

	if (result < 0)
		mremap_failed(caller, &r, result);
	else if ((uint64_t)result == r.addr && !r.fixed && !r.dont_unmap)
		resize_in_place(caller, &r);
	else
		move(caller, &r, (uint64_t)result);
}

/* ---- mappings of others ---- */

/* One of them, from `start` on, moves to its place in the target. */
static sysret_t move_one(const struct emul_caller *caller,
			 const struct emul_mmcall *call, uint64_t start,
			 uint64_t end)
{
	enum { MAX_NEW_VMAS = 3 }; /* the target is split twice, or once */
	struct emul_mmcall one = *call;
	sysret_t result;

	one.addr = start;
	one.len = one.new_len = end - start;
	one.new_addr = call->new_addr + (start - call->addr);
	if (!mm_reserve(caller->mm, MAX_NEW_VMAS))
		return -ENOMEM;
	result = caller->mm->emul->host.remap(caller->task, &one);
	if (result != SYSRET_GONE)
		mremap_leave(caller, &one, result);
	mm_unreserve(caller->mm, MAX_NEW_VMAS);
	return result;
}

/*
 * remap_move() of Linux 6.17 and later: one after the other moves, with the
 * holes between them, up to the first VMA of ours.  For the kernel that is one
 * of a memfd, which would move with them.
 */
static sysret_t foreign_move(const struct emul_caller *caller,
			     const struct emul_mmcall *call,
			     const struct remap *r)
{
	const struct emul_host *host = &caller->mm->emul->host;
	uint64_t end = r->addr + r->old_len, start = r->addr, to;
	sysret_t result;

	if (!host->first_mapped || !host->mapping_end || !host->remap)
		return 0;
	if (host->first_mapped(caller->task, start, end) != start)
		return -EFAULT;
	for (; start < end; start = host->first_mapped(caller->task, to, end)) {
		if (vma_lookup(caller->mm, start))
			return -EFAULT;
		to = host->mapping_end(caller->task, start);
		if (to > end)
			to = end;
		result = move_one(caller, call, start, to);
		if (result < 0)
			return result;
	}
	return (sysret_t)r->target;
}

/* ---- remap_file_pages ---- */

struct pages_range {
	uint64_t start, end;
};

/* start & PAGE_MASK, size & PAGE_MASK; empty when it is EINVAL anyway. */
static struct pages_range range_of(const struct emul *emul,
				   const struct emul_mmcall *call)
{
	struct pages_range r = { page_down(emul, call->addr), 0 };

	r.end = r.start + page_down(emul, call->len);
	if (r.end < r.start)
		r.end = r.start;
	return r;
}

struct inside {
	struct pages_range range;
	const struct segment *segment;
	uint64_t count;
};

static bool count_inside(const struct vma *vma, void *arg)
{
	struct inside *inside = arg;

	if (vma->start >= inside->range.end)
		return true;
	inside->count += vma->start >= inside->range.start &&
			 vma->end <= inside->range.end &&
			 vma->file->segment == inside->segment;
	return false;
}

/* The range lies in VMAs of one attach that are equal and shared. */
static bool is_uniform(const struct emul_mm *mm, const struct vma *first,
		       const struct pages_range *r)
{
	uint32_t flags = ~VM_POLICY;
	const struct vma *p = first;

	while (p->end < r->end) {
		const struct vma *next = vma_lookup(mm, p->end);

		if (!next || next->file != first->file ||
		    ((next->flags ^ first->flags) & flags))
			return false;
		p = next;
	}
	return first->file->writable;
}

/*
 * The kernel unmaps the old mappings and then opens the segment again.  When
 * they were the last of a removed segment, it has gone in between: EINVAL,
 * and nothing is mapped there any more (shm_mmap, __shm_open).
 */
sysret_t remap_pages_enter(const struct emul_caller *caller,
			   const struct emul_mmcall *call)
{
	struct emul_mm *mm = caller->mm;
	const struct emul_host *host = &mm->emul->host;
	struct inside inside = { .range = range_of(mm->emul, call) };
	struct pages_range r = inside.range;
	const struct vma *vma = vma_lookup(mm, r.start);
	sysret_t result;

	if (call->prot || !vma || r.end == r.start ||
	    call->pgoff + (r.end - r.start) / mm->emul->config.page_size <
		    call->pgoff ||
	    !is_uniform(mm, vma, &r))
		return 0;
	inside.segment = vma->file->segment;
	if ((vma->flags & VM_SEALED) || !shm_is_doomed(inside.segment))
		return 0;
	tree_find(mm->root, r.start, count_inside, &inside);
	if (inside.count < inside.segment->nattch)
		return 0;
	result = host->unmap(caller->task, r.start, r.end - r.start, false);
	if (result < 0)
		return result;
	mm_unmap(caller, r.start, r.end);
	return -EINVAL;
}

/* do_mmap() of the same file: of the properties only protection and lock
   carry over, and what can only be executed gets its key again. */
void remap_pages_leave(const struct emul_caller *caller,
		       const struct emul_mmcall *call, sysret_t result)
{
	struct emul_mm *mm = caller->mm;
	struct pages_range r = range_of(mm->emul, call);
	struct vma *old = vma_lookup(mm, r.start), new;
	struct segment *segment;

	if (result < 0) {
		mm_map_failed(caller, r.start, r.end, result);
		return;
	}
	if (!old)
		return;
	new = *old;
	new.start = r.start;
	new.end = r.end;
	new.pgoff = call->pgoff;
	new.flags = (old->flags & VM_ACCESS_FLAGS) | (old->flags & VM_LOCKED) |
		    mm->lock_future;
	new.flags |= mm_flags_exec_key(mm->emul, new.flags &VM_ACCESS_FLAGS);
	segment = new.file->segment;
	segment->nattch++; /* neither goes with its last VMA */
	new.file->refs++;
	mm_unmap(caller, r.start, r.end);
	place(caller, &new);
	new.file->refs--;
	segment->nattch--;
}
