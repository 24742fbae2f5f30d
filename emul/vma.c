// SPDX-License-Identifier: MIT
/*
 * vma.c - address spaces, the files attached there, and their VMAs.
 *
 * The VMAs are those that Linux would have.  Each new one counts as
 * shm_open() does (nattch, atime, lpid), each one that goes as shm_close()
 * does (nattch, dtime, lpid), so that splitting counts as it does there.
 */
#include "emul/shm.h"

struct emul_mm *emul_mm_new(struct emul *emul)
{
	struct emul_mm *mm = emul_alloc(emul, 1, sizeof *mm);

	if (mm)
		mm->emul = emul;
	return mm;
}

bool emul_mm_is_empty(const struct emul_mm *mm)
{
	return !mm->root;
}

bool emul_mm_is_outside(const struct emul_mm *mm)
{
	return mm->outside_count > 0;
}

/* ---- preallocated VMAs: recording cannot run out of memory ---- */

static void prealloc_trim(struct emul_mm *mm)
{
	while (mm->prealloc_count > mm->reserved) {
		struct vma *vma = mm->prealloc;

		mm->prealloc = vma->right;
		mm->prealloc_count--;
		emul_dealloc(mm->emul, vma);
	}
}

/* mas_preallocate(): `count` more calls of vma_alloc will succeed. */
bool mm_reserve(struct emul_mm *mm, uint32_t count)
{
	while (mm->prealloc_count < mm->reserved + count) {
		struct vma *vma = emul_alloc(mm->emul, 1, sizeof *vma);

		if (!vma) {
			prealloc_trim(mm);
			return false;
		}
		vma->right = mm->prealloc;
		mm->prealloc = vma;
		mm->prealloc_count++;
	}
	mm->reserved += count;
	return true;
}

/* Ends a reservation, whether it was used or not. */
void mm_unreserve(struct emul_mm *mm, uint32_t count)
{
	assert(mm->reserved >= count);
	mm->reserved -= count;
	prealloc_trim(mm);
}

struct vma *vma_alloc(struct emul_mm *mm)
{
	struct vma *vma = mm->prealloc;

	assert(vma);
	mm->prealloc = vma->right;
	mm->prealloc_count--;
	return vma;
}

/* ---- the tree of an address space ---- */

struct vma *find_vma(const struct emul_mm *mm, uint64_t addr)
{
	return tree_after(mm->root, addr);
}

struct vma *vma_lookup(const struct emul_mm *mm, uint64_t addr)
{
	return tree_at(mm->root, addr);
}

static bool is_outside(const struct emul_mm *mm, const struct vma *vma)
{
	const struct emul_config *config = &mm->emul->config;

	return vma->start < config->arena_start || vma->end > config->arena_end;
}

bool emul_mm_next_outside(const struct emul_mm *mm, uint64_t from,
			  uint64_t *start, uint64_t *end)
{
	const struct vma *vma = mm->outside_count ? find_vma(mm, from) : NULL;

	if (vma && !is_outside(mm, vma))
		vma = find_vma(mm, mm->emul->config.arena_end);
	if (!vma)
		return false;
	*start = vma->start;
	*end = vma->end;
	return true;
}

void vma_link(struct emul_mm *mm, struct vma *vma)
{
	mm->root = tree_insert(mm->root, vma);
	mm->outside_count += is_outside(mm, vma);
}

void vma_unlink(struct emul_mm *mm, struct vma *vma)
{
	mm->root = tree_remove(mm->root, vma);
	mm->outside_count -= is_outside(mm, vma);
}

struct vma *find_vma_intersection(const struct emul_mm *mm, uint64_t start,
				  uint64_t end)
{
	struct vma *vma = find_vma(mm, start);

	return vma && vma->start < end ? vma : NULL;
}

struct walk {
	int (*visit)(const struct emul_vma *, void *arg);
	void *arg;
	uint64_t page_size;
	int result;
};

static bool walk_visit(const struct vma *vma, void *arg)
{
	struct walk *walk = arg;
	struct emul_vma info = {
		.addr = vma->start,
		.len = vma->end - vma->start,
		.offset = vma->pgoff * walk->page_size,
		.pages = vma->file->segment->pages,
		.file = vma->file->id,
		.prot = (int)(vma->flags & VM_ACCESS_FLAGS),
		.flags = vma->flags,
	};

	walk->result = walk->visit(&info, walk->arg);
	return walk->result != 0;
}

int emul_mm_walk(const struct emul_mm *mm,
		 int (*visit)(const struct emul_vma *, void *arg), void *arg)
{
	struct walk walk = { visit, arg, mm->emul->config.page_size, 0 };

	tree_find(mm->root, 0, walk_visit, &walk);
	return walk.result;
}

struct file_count {
	uint32_t mark; /* of this count: a file that has it was met before */
	uint64_t files;
};

static bool count_file(const struct vma *vma, void *arg)
{
	struct file_count *count = arg;

	if (vma->file->mark != count->mark) {
		vma->file->mark = count->mark & INT32_MAX;
		count->files++;
	}
	return false;
}

uint64_t mm_count_files(struct emul_mm *mm)
{
	struct file_count count = { .files = 0 };

	mm->emul->mark = (mm->emul->mark + 1) & INT32_MAX;
	count.mark = mm->emul->mark;
	tree_find(mm->root, 0, count_file, &count);
	return count.files;
}

/* ---- files and VMAs ---- */

struct shm_file *shm_file_new(struct segment *segment, bool writable)
{
	struct emul *emul = segment->ns->emul;
	struct shm_file *file = emul_alloc(emul, 1, sizeof *file);

	if (!file)
		return NULL;
	file->segment = segment;
	file->id = ++emul->next_file;
	file->writable = writable;
	return file;
}

void vma_free(struct vma *vma)
{
	const struct emul *emul = vma->file->segment->ns->emul;

	if (--vma->file->refs == 0)
		emul_dealloc(emul, vma->file);
	emul_dealloc(emul, vma);
}

void vma_close(const struct emul_caller *caller, struct vma *vma)
{
	struct segment *segment = vma->file->segment;

	vma_unlink(caller->mm, vma);
	vma_free(vma);
	shm_vm_close(segment, caller);
}

uint64_t vma_pgoff(const struct emul *emul, const struct vma *vma,
		   uint64_t addr)
{
	return vma->pgoff + (addr - vma->start) / emul->config.page_size;
}

void vma_set_start(const struct emul *emul, struct vma *vma, uint64_t start)
{
	if (start >= vma->start)
		vma->pgoff = vma_pgoff(emul, vma, start);
	else
		vma->pgoff -= (vma->start - start) / emul->config.page_size;
	vma->start = start;
}

/* __split_vma() */
struct vma *vma_split(const struct emul_caller *caller, struct vma *vma,
		      uint64_t at)
{
	struct emul_mm *mm = caller->mm;
	struct vma *upper = vma_alloc(mm);

	*upper = *vma;
	upper->start = at;
	upper->pgoff = vma_pgoff(mm->emul, vma, at);
	upper->file->refs++;
	vma_unlink(mm, vma);
	vma->end = at;
	vma_link(mm, vma);
	vma_link(mm, upper);
	shm_vm_open(upper->file->segment, caller);
	return upper;
}

/* vms_gather_munmap_vmas(): split at both ends, then close what is between.
   Times and lpid come out as in Linux: a part unmapped moves atime too. */
void mm_unmap(const struct emul_caller *caller, uint64_t start, uint64_t end)
{
	struct emul_mm *mm = caller->mm;
	struct vma *vma = find_vma(mm, start);

	if (vma && vma->start < start && start < end)
		vma = vma_split(caller, vma, start);
	while (vma && vma->start < end) {
		if (vma->end > end)
			vma_split(caller, vma, end);
		vma_close(caller, vma);
		vma = find_vma(mm, start);
	}
}

/* ---- fork and the end ---- */

struct copy {
	struct emul_mm *mm;
	const struct emul_caller *caller;
};

static bool count_inherited(const struct vma *vma, void *arg)
{
	*(uint32_t *)arg += !(vma->flags & VM_DONTCOPY);
	return false;
}

/* dup_mmap(): the lock of a mapping is not inherited. */
static bool copy_vma(const struct vma *vma, void *arg)
{
	struct copy *copy = arg;
	struct vma *new;

	if (vma->flags & VM_DONTCOPY)
		return false;
	new = vma_alloc(copy->mm);
	*new = *vma;
	new->flags &= ~VM_LOCKED_MASK;
	new->file->refs++;
	vma_link(copy->mm, new);
	shm_vm_open(new->file->segment, copy->caller);
	return false;
}

struct emul_mm *emul_mm_fork(const struct emul_caller *caller)
{
	struct emul_mm *mm = emul_mm_new(caller->mm->emul);
	struct copy copy = { mm, caller };
	uint32_t count = 0;

	if (!mm)
		return NULL;
	tree_find(caller->mm->root, 0, count_inherited, &count);
	if (!mm_reserve(mm, count)) {
		emul_dealloc(mm->emul, mm);
		return NULL;
	}
	tree_find(caller->mm->root, 0, copy_vma, &copy);
	mm_unreserve(mm, count);
	return mm;
}

/* exit_mmap() */
void emul_mm_drop(const struct emul_caller *caller)
{
	struct emul_mm *mm = caller->mm;
	struct vma *vma;

	while ((vma = find_vma(mm, 0)))
		vma_close(caller, vma);
	mm->reserved = 0;
	prealloc_trim(mm);
	emul_dealloc(mm->emul, mm);
}
