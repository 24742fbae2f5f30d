// SPDX-License-Identifier: MIT
/* vm.c - address spaces of the fake machine, by the rules of Linux 6.18. */
#include "tests/unit/vm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
enum { FREE_ADVICE = 8, MERGEABLE = 12, UNMERGEABLE = 13 };

/* ---- memory ---- */

struct leaf {
	struct leaf *next;
	uint64_t pgoff;
	unsigned char bytes[];
};

struct object *object_new(uint64_t size, bool is_shm)
{
	struct object *object = calloc(1, sizeof *object);

	assert(object);
	object->refs = 1;
	object->size = size;
	object->is_shm = is_shm;
	return object;
}

void object_put(struct object *object)
{
	struct leaf *next;

	if (--object->refs)
		return;
	for (struct leaf *leaf = object->leaves; leaf; leaf = next) {
		next = leaf->next;
		free(leaf);
	}
	free(object);
}

uint64_t object_usage(const struct object *object, uint64_t page)
{
	return object->touched * page;
}

/* The key of what can only be executed; no program can name it. */
enum { EXEC_KEY = 16 };

static struct leaf *object_page(struct object *object, uint64_t pgoff,
				uint64_t page)
{
	struct leaf *leaf = object->leaves;

	while (leaf && leaf->pgoff != pgoff)
		leaf = leaf->next;
	if (leaf)
		return leaf;
	leaf = calloc(1, sizeof *leaf + page);
	assert(leaf);
	leaf->pgoff = pgoff;
	leaf->next = object->leaves;
	object->leaves = leaf;
	object->touched++;
	return leaf;
}

static void object_punch(struct object *object, uint64_t from, uint64_t to)
{
	struct leaf **link = &object->leaves, *leaf;

	while ((leaf = *link)) {
		if (leaf->pgoff < from || leaf->pgoff >= to) {
			link = &leaf->next;
			continue;
		}
		*link = leaf->next;
		free(leaf);
		object->touched--;
	}
}

/* ---- the array of mappings ---- */

struct vm *vm_new(uint64_t page, uint64_t task_size)
{
	struct vm *vm = calloc(1, sizeof *vm);

	assert(vm);
	vm->page = page;
	vm->task_size = task_size;
	return vm;
}

static size_t vm_find(const struct vm *vm, uint64_t addr)
{
	size_t low = 0, high = vm->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (vm->areas[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static struct area *vm_at(const struct vm *vm, uint64_t addr)
{
	size_t i = vm_find(vm, addr);

	return i < vm->count && vm->areas[i].start <= addr ? &vm->areas[i] :
							     NULL;
}

static void vm_insert(struct vm *vm, const struct area *area)
{
	struct area new = *area;
	size_t i = vm_find(vm, area->start);

	if (vm->count == vm->capacity) {
		vm->capacity = vm->capacity * 2 + 16;
		vm->areas =
			realloc(vm->areas, vm->capacity * sizeof *vm->areas);
		assert(vm->areas);
	}
	memmove(vm->areas + i + 1, vm->areas + i,
		(vm->count - i) * sizeof *vm->areas);
	vm->areas[i] = new;
	vm->count++;
	new.object->refs++;
}

static void vm_delete(struct vm *vm, size_t i)
{
	object_put(vm->areas[i].object);
	vm->count--;
	memmove(vm->areas + i, vm->areas + i + 1,
		(vm->count - i) * sizeof *vm->areas);
}

void vm_free(struct vm *vm)
{
	while (vm->count)
		vm_delete(vm, vm->count - 1);
	free(vm->areas);
	free(vm);
}

static uint64_t pages_of(const struct vm *vm, uint64_t len)
{
	return len / vm->page;
}

static void vm_split(struct vm *vm, uint64_t at)
{
	struct area *area = vm_at(vm, at);
	struct area upper;

	if (!area || area->start == at)
		return;
	upper = *area;
	upper.start = at;
	upper.pgoff += pages_of(vm, at - area->start);
	area->end = at;
	vm_insert(vm, &upper);
}

static void vm_zap(struct vm *vm, uint64_t start, uint64_t end)
{
	size_t i;

	vm_split(vm, start);
	vm_split(vm, end);
	i = vm_find(vm, start);
	while (i < vm->count && vm->areas[i].start < end)
		vm_delete(vm, i);
}

static bool equal(const struct vm *vm, const struct area *a,
		  const struct area *b)
{
	return a->end == b->start && a->object == b->object &&
	       a->file == b->file && a->prot == b->prot &&
	       a->flags == b->flags && a->policy == b->policy &&
	       a->pkey == b->pkey &&
	       a->pgoff + pages_of(vm, a->end - a->start) == b->pgoff;
}

static void vm_merge(struct vm *vm)
{
	for (size_t i = 0; i + 1 < vm->count;) {
		if (!equal(vm, &vm->areas[i], &vm->areas[i + 1])) {
			i++;
			continue;
		}
		vm->areas[i].end = vm->areas[i + 1].end;
		vm_delete(vm, i + 1);
	}
}

static struct object *object_copy(const struct object *from, uint64_t page)
{
	struct object *object = object_new(from->size, false);

	for (struct leaf *leaf = from->leaves; leaf; leaf = leaf->next)
		memcpy(object_page(object, leaf->pgoff, page)->bytes,
		       leaf->bytes, page);
	return object;
}

struct vm *vm_fork(const struct vm *parent)
{
	struct vm *vm = vm_new(parent->page, parent->task_size);
	struct area area;

	vm->guards_code = parent->guards_code;
	for (size_t i = 0; i < parent->count; i++)
		parent->areas[i].object->copy = NULL;
	for (size_t i = 0; i < parent->count; i++) {
		area = parent->areas[i];
		if (area.flags & AREA_DONTFORK)
			continue;
		area.flags &= ~(uint32_t)AREA_LOCK_MASK;
		if (!area.object->is_shm) {
			if (!area.object->copy)
				area.object->copy =
					object_copy(area.object, vm->page);
			else
				area.object->copy->refs++;
			area.object = area.object->copy;
			vm_insert(vm, &area);
			object_put(area.object);
		} else {
			vm_insert(vm, &area);
		}
	}
	vm_merge(vm);
	return vm;
}

/* ---- questions ---- */

uint64_t vm_first_hole(const struct vm *vm, uint64_t from, uint64_t to)
{
	for (size_t i = vm_find(vm, from); i < vm->count && from < to; i++) {
		if (vm->areas[i].start > from)
			break;
		from = vm->areas[i].end;
	}
	return from < to ? from : to;
}

uint64_t vm_first_mapped(const struct vm *vm, uint64_t from, uint64_t to)
{
	size_t i = vm_find(vm, from);

	if (i == vm->count || vm->areas[i].start >= to)
		return to;
	return vm->areas[i].start > from ? vm->areas[i].start : from;
}

uint64_t vm_end(const struct vm *vm, uint64_t addr)
{
	const struct area *area = vm_at(vm, addr);

	assert(area);
	return area->end;
}

uint64_t vm_length(const struct vm *vm, uint64_t addr)
{
	const struct area *area = vm_at(vm, addr);

	assert(area);
	return area->end - area->start;
}

int vm_protection(const struct vm *vm, uint64_t addr)
{
	const struct area *area = vm_at(vm, addr);

	assert(area);
	return area->prot;
}

bool vm_is_locked(const struct vm *vm, uint64_t addr)
{
	const struct area *area = vm_at(vm, addr);

	return area && (area->flags & AREA_LOCKED);
}

static uint64_t round_up(const struct vm *vm, uint64_t len)
{
	return (len + vm->page - 1) & ~(vm->page - 1);
}

static bool aligned(const struct vm *vm, uint64_t addr)
{
	return !(addr & (vm->page - 1));
}

static uint64_t total(const struct vm *vm)
{
	uint64_t len = 0;

	for (size_t i = 0; i < vm->count; i++)
		len += vm->areas[i].end - vm->areas[i].start;
	return len;
}

/* Bytes in [start, end) that are mapped; locked ones only when asked. */
static uint64_t mapped(const struct vm *vm, uint64_t start, uint64_t end,
		       bool locked)
{
	uint64_t len = 0;

	for (size_t i = vm_find(vm, start); i < vm->count; i++) {
		const struct area *area = &vm->areas[i];

		if (area->start >= end)
			break;
		if (locked && !(area->flags & AREA_LOCKED))
			continue;
		len += (area->end < end ? area->end : end) -
		       (area->start > start ? area->start : start);
	}
	return len;
}

static bool any_sealed(const struct vm *vm, uint64_t start, uint64_t end)
{
	for (size_t i = vm_find(vm, start); i < vm->count; i++) {
		if (vm->areas[i].start >= end)
			break;
		if (vm->areas[i].flags & AREA_SEALED)
			return true;
	}
	return false;
}

/* ---- munmap, mmap ---- */

static int64_t unmap(struct vm *vm, uint64_t start, uint64_t end)
{
	const struct area *area = vm_at(vm, start);

	if (area && area->start < start && area->end > end &&
	    vm->count >= vm->max_map_count)
		return -ENOMEM;
	if (any_sealed(vm, start, end))
		return -EPERM;
	vm_zap(vm, start, end);
	return 0;
}

int64_t vm_munmap(struct vm *vm, uint64_t addr, uint64_t len)
{
	if (!aligned(vm, addr) || addr > vm->task_size ||
	    len > vm->task_size - addr)
		return -EINVAL;
	len = round_up(vm, len);
	return len ? unmap(vm, addr, addr + len) : -EINVAL;
}

/* Top-down, first fit, below the top quarter of the address space. */
static uint64_t find_free(const struct vm *vm, uint64_t len)
{
	uint64_t end = vm->task_size / 8 * 7 & ~(vm->page - 1), start;

	for (size_t i = vm_find(vm, end); i-- > 0;) {
		start = vm->areas[i].end;
		if (start <= end && end - start >= len)
			return end - len;
		if (vm->areas[i].start < end)
			end = vm->areas[i].start;
	}
	return end > len + vm->page ? end - len : 0;
}

static bool over_memlock(const struct vm *vm, uint64_t more)
{
	return !vm->may_lock && mapped(vm, 0, UINT64_MAX, true) + more >
				       vm->memlock;
}

/* arch_vma_access_permitted(): also of the kernel for the process itself. */
static bool is_guarded(const struct vm *vm, const struct area *area)
{
	return vm->guards_code && area->prot == PROT_EXEC &&
	       area->pkey == EXEC_KEY;
}

/* Allocates the pages of a range of a mapping; false at the first one that
   cannot be touched, or is beyond the end of a segment. */
static bool touch(struct vm *vm, const struct area *area, uint64_t from,
		  uint64_t to)
{
	if (is_guarded(vm, area))
		return false;
	for (; from < to; from += vm->page) {
		uint64_t pgoff = area->pgoff + pages_of(vm, from - area->start);

		if (area->object->is_shm &&
		    pgoff >= pages_of(vm, round_up(vm, area->object->size)))
			return false;
		object_page(area->object, pgoff, vm->page);
	}
	return true;
}

int64_t vm_mmap(struct vm *vm, uint64_t addr, uint64_t len, int prot, int flags,
		const struct area *file)
{
	struct area area = { .prot = prot, .may_write = true };
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (!len)
		return -EINVAL;
	len = round_up(vm, len);
	if (!len || len > vm->task_size || vm->count > vm->max_map_count)
		return -ENOMEM;
	if (!fixed)
		addr = find_free(vm, len);
	if ((!fixed && !addr) || addr > vm->task_size - len)
		return -ENOMEM;
	if (!aligned(vm, addr))
		return -EINVAL;
	if (addr < vm->page && !vm->root)
		return -EPERM;
	if (flags & MAP_FIXED_NOREPLACE && mapped(vm, addr, addr + len, false))
		return -EEXIST;
	if (vm->lock_future && over_memlock(vm, len))
		return -EAGAIN;
	if (any_sealed(vm, addr, addr + len))
		return -EPERM;
	if (total(vm) + len - mapped(vm, addr, addr + len, false) >
	    vm->as_limit)
		return -ENOMEM;
	if (file) {
		area.object = file->object;
		area.object->refs++;
		area.file = file->file;
		area.pgoff = file->pgoff;
		area.may_write = file->may_write;
	} else {
		area.object = object_new(UINT64_MAX, false);
	}
	vm_zap(vm, addr, addr + len);
	area.start = addr;
	area.end = addr + len;
	area.flags = area.object->is_huge ? 0 : vm->lock_future;
	if (prot == PROT_EXEC && vm->guards_code)
		area.pkey = EXEC_KEY;
	vm_insert(vm, &area);
	object_put(area.object);
	if (file && prot && area.flags & AREA_LOCKED &&
	    !(area.flags & AREA_ONFAULT))
		touch(vm, &area, addr, addr + len);
	vm_merge(vm);
	return (int64_t)addr;
}

/* ---- mprotect, madvise, locks, policy, seal ---- */

struct change {
	uint32_t clear, set;
	int prot;		/* -1: not changed */
	int64_t policy;		/* -1: not changed */
	uint64_t key;		/* + 1; 0: not changed */
};

static void vm_change(struct vm *vm, uint64_t start, uint64_t end,
		      const struct change *change)
{
	vm_split(vm, start);
	vm_split(vm, end);
	for (size_t i = vm_find(vm, start);
	     i < vm->count && vm->areas[i].start < end; i++) {
		struct area *area = &vm->areas[i];

		if (area->object->is_huge && change->clear & AREA_LOCK_MASK)
			continue;
		area->flags = (area->flags & ~change->clear) | change->set;
		if (change->prot >= 0)
			area->prot = change->prot;
		if (change->policy >= 0)
			area->policy = (uint64_t)change->policy;
		if (change->key)
			area->pkey = change->key - 1;
		else if (change->prot == PROT_EXEC && vm->guards_code)
			area->pkey = EXEC_KEY;
		else if (change->prot >= 0 && area->pkey == EXEC_KEY)
			area->pkey = 0;
	}
	vm_merge(vm);
}

/* 0 to go on, 1 for an empty range, or -errno. */
static int64_t check_range(const struct vm *vm, uint64_t start, uint64_t *len,
			   int64_t wrapped)
{
	uint64_t rounded = round_up(vm, *len);

	if (!aligned(vm, start))
		return -EINVAL;
	if (*len && !rounded)
		return wrapped;
	*len = rounded;
	if (start + rounded < start)
		return wrapped;
	return rounded ? 0 : 1;
}

int64_t vm_mprotect(struct vm *vm, uint64_t addr, uint64_t len, int prot,
		    uint64_t key)
{
	struct change change = { 0, 0, prot & 7, -1, key };
	int64_t result = check_range(vm, addr, &len, -ENOMEM);
	uint64_t end = addr + len, hole;

	if (result)
		return result < 0 ? result : 0;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | 8))
		return -EINVAL;
	hole = vm_first_hole(vm, addr, end);
	while (addr < hole) {
		const struct area *area = vm_at(vm, addr);
		uint64_t to = area->end < hole ? area->end : hole;

		if (prot & PROT_WRITE && !area->may_write)
			return -EACCES;
		if (area->flags & AREA_SEALED)
			return -EPERM;
		vm_change(vm, addr, to, &change);
		addr = to;
	}
	return hole < end ? -ENOMEM : 0;
}

static bool advice_change(int advice, struct change *change)
{
	*change = (struct change){ 0, 0, -1, -1, 0 };
	switch (advice) {
	case MADV_NORMAL:
		change->clear = AREA_RANDOM | AREA_SEQUENTIAL;
		return true;
	case MADV_RANDOM:
		change->clear = AREA_SEQUENTIAL;
		change->set = AREA_RANDOM;
		return true;
	case MADV_SEQUENTIAL:
		change->clear = AREA_RANDOM;
		change->set = AREA_SEQUENTIAL;
		return true;
	case MADV_DONTFORK:
		change->set = AREA_DONTFORK;
		return true;
	case MADV_DOFORK:
		change->clear = AREA_DONTFORK;
		return true;
	case MADV_DONTDUMP:
		change->set = AREA_DONTDUMP;
		return true;
	case MADV_DODUMP:
		change->clear = AREA_DONTDUMP;
		return true;
	case MADV_HUGEPAGE:
		change->clear = AREA_NOHUGE;
		change->set = AREA_HUGE;
		return true;
	case MADV_NOHUGEPAGE:
		change->clear = AREA_HUGE;
		change->set = AREA_NOHUGE;
		return true;
	case MADV_DONTNEED:
	case MADV_WILLNEED:
	case MADV_REMOVE:
	case MERGEABLE:
	case UNMERGEABLE:
	case FREE_ADVICE:
	case 18: case 19: case 20: case 21: case 22: case 23: case 24:
	case 102: case 103:	/* up to MADV_GUARD_REMOVE */
		return true;
	default:
		return false;
	}
}

/* is_discard() of mm/madvise.c; 24 and 102 are DONTNEED_LOCKED and
   GUARD_INSTALL. */
static bool discards(int advice)
{
	return advice == MADV_DONTNEED || advice == MADV_REMOVE ||
	       advice == MADV_DONTFORK || advice == FREE_ADVICE ||
	       advice == 18 || advice == 24 || advice == 102;
}

/* Advice that is about pages. */
static int64_t advise_pages(struct vm *vm, const struct area *area,
			    uint64_t from, uint64_t to, int advice)
{
	uint64_t pgoff = area->pgoff + pages_of(vm, from - area->start);

	bool drops = advice == MADV_DONTNEED || advice == MADV_REMOVE ||
		     advice == 20 || advice == 21;	/* COLD, PAGEOUT */

	/* can_madvise_modify(): what would discard sealed private memory */
	if (area->flags & AREA_SEALED && !area->object->is_shm &&
	    !(area->prot & PROT_WRITE) && discards(advice))
		return -EPERM;
	if (area->flags & AREA_LOCKED && (drops || advice == FREE_ADVICE))
		return -EINVAL;
	if ((advice == FREE_ADVICE || advice == 18) && area->object->is_shm)
		return -EINVAL;
	if (advice == MADV_REMOVE && !area->object->is_shm)
		return -EINVAL;
	if (advice == MADV_REMOVE && !area->may_write)
		return -EACCES;
	/* faultin_page_range(): what may not be accessed so */
	if ((advice == 22 && !(area->prot & PROT_READ)) ||
	    (advice == 23 && !(area->prot & PROT_WRITE)))
		return -EINVAL;
	if ((advice == 22 || advice == 23) && !touch(vm, area, from, to))
		return -EFAULT;
	if (advice == MADV_REMOVE ||
	    (advice == MADV_DONTNEED && !area->object->is_shm))
		object_punch(area->object, pgoff,
			     pgoff + pages_of(vm, to - from));
	return 0;
}

int64_t vm_madvise(struct vm *vm, uint64_t addr, uint64_t len, int advice)
{
	struct change change;
	int64_t result, error = 0;
	uint64_t end;

	if (!advice_change(advice, &change))
		return -EINVAL;
	result = check_range(vm, addr, &len, -EINVAL);
	if (result)
		return result < 0 ? result : 0;
	end = addr + len;
	while (addr < end) {
		size_t i = vm_find(vm, addr);
		uint64_t from, to;

		if (i == vm->count || vm->areas[i].start >= end)
			return -ENOMEM;
		from = vm->areas[i].start > addr ? vm->areas[i].start : addr;
		to = vm->areas[i].end < end ? vm->areas[i].end : end;
		if (from > addr)
			error = -ENOMEM;
		if (error && (advice == 22 || advice == 23))
			return error;	/* madvise_populate() */
		result = advise_pages(vm, &vm->areas[i], from, to, advice);
		if (result < 0)
			return result;
		vm_change(vm, from, to, &change);
		addr = to;
	}
	return error;
}

/* Touches the pages that mlock wants in memory; false at the first one that
   cannot be. */
static bool populate(struct vm *vm, uint64_t start, uint64_t end)
{
	for (; start < end; start += vm->page) {
		const struct area *area = vm_at(vm, start);

		if (!area || !(area->flags & AREA_LOCKED) ||
		    area->flags & AREA_ONFAULT)
			continue;
		if (!(area->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) ||
		    !touch(vm, area, start, start + vm->page))
			return false;
	}
	return true;
}

static int64_t lock_range(struct vm *vm, uint64_t addr, uint64_t len,
			  uint32_t lock)
{
	struct change change = { AREA_LOCK_MASK, lock, -1, -1, 0 };
	uint64_t start = addr & ~(vm->page - 1), end, hole;

	len = round_up(vm, len + (addr - start));
	end = start + len;
	if (lock && over_memlock(vm, len - mapped(vm, start, end, true)))
		return -ENOMEM;
	if (end < start)
		return -EINVAL;
	hole = vm_first_hole(vm, start, end);
	vm_change(vm, start, hole, &change);
	if (hole < end)
		return -ENOMEM;
	return lock && !populate(vm, start, end) ? -ENOMEM : 0;
}

int64_t vm_mlock(struct vm *vm, uint64_t addr, uint64_t len, uint32_t lock)
{
	if (!vm->may_lock && !vm->memlock)
		return -EPERM;
	return lock_range(vm, addr, len, lock);
}

int64_t vm_munlock(struct vm *vm, uint64_t addr, uint64_t len)
{
	return lock_range(vm, addr, len, 0);
}

int64_t vm_mlockall(struct vm *vm, uint64_t flags)
{
	uint32_t lock = AREA_LOCKED | (flags & MCL_ONFAULT ? AREA_ONFAULT : 0);
	struct change change = { AREA_LOCK_MASK, lock, -1, -1, 0 };

	if (!flags || flags == MCL_ONFAULT ||
	    flags & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	if (!vm->may_lock && !vm->memlock)
		return -EPERM;
	if (flags & MCL_CURRENT && !vm->may_lock && total(vm) > vm->memlock)
		return -ENOMEM;
	vm->lock_future = flags & MCL_FUTURE ? lock : 0;
	if (flags & MCL_CURRENT) {
		vm_change(vm, 0, UINT64_MAX, &change);
		for (size_t i = 0; i < vm->count; i++)
			populate(vm, vm->areas[i].start, vm->areas[i].end);
	}
	return 0;
}

int64_t vm_munlockall(struct vm *vm)
{
	struct change change = { AREA_LOCK_MASK, 0, -1, -1, 0 };

	vm->lock_future = 0;
	vm_change(vm, 0, UINT64_MAX, &change);
	return 0;
}

int64_t vm_mbind(struct vm *vm, uint64_t addr, uint64_t len, uint64_t policy)
{
	struct change change = { 0, 0, -1, (int64_t)policy, 0 };

	len = round_up(vm, len);	/* may come to 0 */
	if (!aligned(vm, addr) || addr + len < addr)
		return -EINVAL;
	if (!len)
		return 0;
	if (policy ? vm_first_hole(vm, addr, addr + len) < addr + len
		   : !mapped(vm, addr, addr + len, false))
		return -EFAULT;
	vm_change(vm, addr, addr + len, &change);
	return 0;
}

int64_t vm_mseal(struct vm *vm, uint64_t addr, uint64_t len)
{
	struct change change = { 0, AREA_SEALED, -1, -1, 0 };
	int64_t result = check_range(vm, addr, &len, -EINVAL);

	if (result)
		return result < 0 ? result : 0;
	if (vm_first_hole(vm, addr, addr + len) < addr + len)
		return -ENOMEM;
	vm_change(vm, addr, addr + len, &change);
	return 0;
}

/* ---- mremap ---- */

struct remap {
	uint64_t addr, old_len, new_len, target, flags;
};

static bool has_target(const struct remap *r)
{
	return r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
}

static int64_t remap_params(const struct vm *vm, const struct remap *r)
{
	if (r->flags & ~(uint64_t)(MREMAP_FIXED | MREMAP_MAYMOVE |
				   MREMAP_DONTUNMAP))
		return -EINVAL;
	if (!aligned(vm, r->addr) || !r->new_len || r->new_len > vm->task_size)
		return -EINVAL;
	if (!has_target(r))
		return 0;
	if (r->target > vm->task_size - r->new_len || !aligned(vm, r->target))
		return -EINVAL;
	if (!(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (r->flags & MREMAP_DONTUNMAP && r->old_len != r->new_len)
		return -EINVAL;
	if (r->addr + r->old_len > r->target &&
	    r->target + r->new_len > r->addr)
		return -EINVAL;
	return vm->count + 5 >= vm->max_map_count ? -ENOMEM : 0;
}

static int64_t remap_prepare(const struct vm *vm, const struct remap *r)
{
	const struct area *area = vm_at(vm, r->addr);
	uint64_t more = r->new_len > r->old_len ? r->new_len - r->old_len : 0;

	if (!area)
		return -EFAULT;
	if (area->flags & AREA_SEALED)
		return -EPERM;
	if (r->new_len <= r->old_len && !has_target(r))
		return 0;
	if (!r->old_len && !area->object->is_shm)
		return -EINVAL;
	if ((r->old_len < r->new_len ? r->old_len : r->new_len) >
	    area->end - r->addr)
		return -EFAULT;
	if (!more)
		return 0;
	if (area->flags & AREA_LOCKED && over_memlock(vm, more))
		return -EAGAIN;
	return total(vm) + more > vm->as_limit ? -ENOMEM : 0;
}

static int64_t remap_move(struct vm *vm, struct remap *r, uint64_t to)
{
	struct area *source = vm_at(vm, r->addr);
	struct area new = *source;
	struct change unlock = { AREA_LOCK_MASK, 0, -1, -1, 0 };

	new.pgoff += pages_of(vm, r->addr - source->start);
	new.start = to;
	new.end = to + r->new_len;
	new.object->refs++;
	if (r->flags & MREMAP_DONTUNMAP)
		vm_change(vm, source->start, source->end, &unlock);
	if (r->flags & MREMAP_DONTUNMAP && !new.object->is_shm) {
		vm_split(vm, r->addr);
		vm_split(vm, r->addr + r->old_len);
		source = vm_at(vm, r->addr);
		object_put(source->object);
		source->object = object_new(UINT64_MAX, false);
	} else if (r->old_len && !(r->flags & MREMAP_DONTUNMAP)) {
		vm_zap(vm, r->addr, r->addr + r->old_len);
	}
	vm_insert(vm, &new);
	object_put(new.object);
	vm_merge(vm);
	return (int64_t)to;
}

static int64_t remap_to(struct vm *vm, struct remap *r)
{
	uint64_t to = r->target;
	int64_t result = 0;

	if (r->flags & MREMAP_FIXED)
		result = unmap(vm, r->target, r->target + r->new_len);
	else if (mapped(vm, to, to + r->new_len, false) || !to)
		to = find_free(vm, r->new_len);	/* the address is a hint */
	if (result < 0)
		return result;
	if (!to && !(r->flags & MREMAP_FIXED))
		return -ENOMEM;
	if (!vm_at(vm, r->addr))
		return -EFAULT;
	if (r->new_len < r->old_len) {
		result = unmap(vm, r->addr + r->new_len, r->addr + r->old_len);
		if (result < 0)
			return result;
		r->old_len = r->new_len;
	}
	if (r->flags & MREMAP_DONTUNMAP &&
	    total(vm) + r->new_len > vm->as_limit)
		return -ENOMEM;
	return remap_move(vm, r, to);
}

static int64_t remap_grow(struct vm *vm, struct remap *r)
{
	struct area *area = vm_at(vm, r->addr);
	uint64_t end = r->addr + r->new_len, to;

	if (r->old_len && r->addr + r->old_len == area->end &&
	    end <= vm->task_size && end > r->addr &&
	    !mapped(vm, area->end, end, false)) {
		area->end = end;
		vm_merge(vm);
		return (int64_t)r->addr;
	}
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = find_free(vm, r->new_len);
	return to ? remap_move(vm, r, to) : -ENOMEM;
}

static int64_t remap_one(struct vm *vm, struct remap *r)
{
	int64_t result = remap_prepare(vm, r);

	if (result < 0)
		return result;
	if (!has_target(r) && r->new_len <= r->old_len) {
		if (r->new_len < r->old_len)
			result = unmap(vm, r->addr + r->new_len,
				       r->addr + r->old_len);
		return result < 0 ? result : (int64_t)r->addr;
	}
	result = has_target(r) ? remap_to(vm, r) : remap_grow(vm, r);
	if (result > 0 && r->new_len > r->old_len) /* where locked */
		populate(vm, (uint64_t)result + r->old_len,
			 (uint64_t)result + r->new_len);
	return result;
}

/* remap_move(): several mappings, of which none is shm. */
static int64_t remap_several(struct vm *vm, const struct remap *r)
{
	uint64_t at = r->addr, end = at + r->old_len;
	int64_t result;

	if (vm_first_mapped(vm, at, end) != at)
		return -EFAULT;
	while (at < end) {
		const struct area *area = vm_at(vm, at);
		struct remap one = *r;
		uint64_t to = area->end < end ? area->end : end;

		if (area->object->is_shm && (at > r->addr || to < end))
			return -EFAULT;
		one.addr = at;
		one.old_len = one.new_len = to - at;
		one.target = r->target + (at - r->addr);
		result = remap_one(vm, &one);
		if (result < 0)
			return result;
		at = vm_first_mapped(vm, to, end);
	}
	return (int64_t)r->target;
}

int64_t vm_mremap(struct vm *vm, uint64_t addr, uint64_t old_len,
		  uint64_t new_len, uint64_t flags, uint64_t new_addr)
{
	struct remap r = { addr, round_up(vm, old_len), round_up(vm, new_len),
			   new_addr, flags };
	int64_t result = remap_params(vm, &r);

	if (result < 0)
		return result;
	return flags & MREMAP_FIXED && r.old_len == r.new_len ?
		       remap_several(vm, &r) :
		       remap_one(vm, &r);
}

/* ---- remap_file_pages ---- */

int64_t vm_remap_file_pages(struct vm *vm, uint64_t addr, uint64_t len,
			    uint64_t pgoff)
{
	uint64_t start = addr & ~(vm->page - 1);
	uint64_t end = start + (len & ~(vm->page - 1)), at;
	const struct area *first = vm_at(vm, start);
	uint32_t locked = vm->lock_future;
	struct area file;
	int64_t result;

	if (end <= start || pgoff + pages_of(vm, end - start) < pgoff ||
	    !first || !first->object->is_shm || !first->may_write)
		return -EINVAL;
	for (at = first->end; at < end;) {
		const struct area *next = vm_at(vm, at);

		if (!next || next->file != first->file ||
		    next->prot != first->prot || next->flags != first->flags)
			return -EINVAL;
		at = next->end;
	}
	file = *first;
	file.pgoff = pgoff;
	vm->lock_future |= first->flags & AREA_LOCKED;
	file.object->refs++;
	result = vm_mmap(vm, start, end - start, file.prot, MAP_FIXED, &file);
	object_put(file.object);
	vm->lock_future = locked;
	if (result >= 0 && file.prot)	/* MAP_POPULATE */
		touch(vm, vm_at(vm, start), start, end);
	return result < 0 ? result : 0;
}

/* ---- the program's loads and stores ---- */

static unsigned char *byte_at(struct vm *vm, uint64_t addr, int prot)
{
	const struct area *area = vm_at(vm, addr);
	uint64_t pgoff;

	if (!area || !(area->prot & prot) || is_guarded(vm, area))
		return NULL;
	pgoff = area->pgoff + pages_of(vm, addr - area->start);
	if (area->object->is_shm &&
	    pgoff >= pages_of(vm, round_up(vm, area->object->size)))
		return NULL;
	return object_page(area->object, pgoff, vm->page)->bytes +
	       (addr & (vm->page - 1));
}

int64_t vm_read(struct vm *vm, uint64_t addr, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* Memory that can be written or executed can be read. */
		unsigned char *byte = byte_at(vm, addr + i, PROT_READ |
					      PROT_WRITE | PROT_EXEC);

		if (!byte)
			return -EFAULT;
		((unsigned char *)buf)[i] = *byte;
	}
	return 0;
}

int64_t vm_write(struct vm *vm, uint64_t addr, const void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char *byte = byte_at(vm, addr + i, PROT_WRITE);

		if (!byte)
			return -EFAULT;
		*byte = ((const unsigned char *)buf)[i];
	}
	return 0;
}
