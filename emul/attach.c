// SPDX-License-Identifier: MIT
/*
 * attach.c - address spaces, the attaches in them, and their pieces.
 *
 * A piece is a VMA of Linux.  Each one that comes into being counts as
 * shm_open() does (nattch, atime, lpid), each one that goes as shm_close()
 * does (nattch, dtime, lpid), so that splitting counts as it does there.
 */
#include "emul/shm.h"

struct emul_space *emul_space_new(struct emul *emul)
{
	struct emul_space *space = memory_get(1, sizeof *space);

	if (space)
		space->emul = emul;
	return space;
}

bool emul_space_is_empty(const struct emul_space *space)
{
	return !space->root;
}

bool emul_space_is_outside(const struct emul_space *space)
{
	return space->outside_count > 0;
}

/* ---- spare pieces, so that recording cannot run out of memory ---- */

static void spares_trim(struct emul_space *space)
{
	while (space->spare_count > space->promised) {
		struct piece *piece = space->spare;

		space->spare = piece->right;
		space->spare_count--;
		memory_put(piece);
	}
}

/* Makes sure that `count` more space_take will succeed. */
bool space_promise(struct emul_space *space, uint32_t count)
{
	while (space->spare_count < space->promised + count) {
		struct piece *piece = memory_get(1, sizeof *piece);

		if (!piece) {
			spares_trim(space);
			return false;
		}
		piece->right = space->spare;
		space->spare = piece;
		space->spare_count++;
	}
	space->promised += count;
	return true;
}

/* Ends a promise, whether it was used or not. */
void space_redeem(struct emul_space *space, uint32_t count)
{
	assert(space->promised >= count);
	space->promised -= count;
	spares_trim(space);
}

struct piece *space_take(struct emul_space *space)
{
	struct piece *piece = space->spare;

	assert(piece);
	space->spare = piece->right;
	space->spare_count--;
	return piece;
}

/* ---- the tree of a space ---- */

static bool is_outside(const struct emul_space *space,
		       const struct piece *piece)
{
	const struct emul_config *config = &space->emul->config;

	return piece->start < config->arena_start ||
	       piece->end > config->arena_end;
}

void space_insert(struct emul_space *space, struct piece *piece)
{
	space->root = tree_insert(space->root, piece);
	space->piece_count++;
	space->outside_count += is_outside(space, piece);
}

void space_remove(struct emul_space *space, struct piece *piece)
{
	space->root = tree_remove(space->root, piece);
	space->piece_count--;
	space->outside_count -= is_outside(space, piece);
}

bool space_overlaps(const struct emul_space *space, uint64_t start,
		    uint64_t end)
{
	const struct piece *piece = tree_after(space->root, start);

	return piece && piece->start < end;
}

struct walk {
	int (*visit)(const struct emul_piece_info *, void *arg);
	void *arg;
	uint64_t page_size;
	int result;
};

static bool walk_visit(const struct piece *piece, void *arg)
{
	struct walk *walk = arg;
	struct emul_piece_info info = {
		.addr = piece->start,
		.len = piece->end - piece->start,
		.offset = piece->pgoff * walk->page_size,
		.pages = piece->attach->segment->pages,
		.attach = piece->attach->id,
		.prot = (int)(piece->props & PIECE_PROT),
		.props = piece->props,
	};

	walk->result = walk->visit(&info, walk->arg);
	return walk->result != 0;
}

int emul_space_walk(const struct emul_space *space,
		    int (*visit)(const struct emul_piece_info *, void *arg),
		    void *arg)
{
	struct walk walk = { visit, arg, space->emul->config.page_size, 0 };

	tree_find(space->root, 0, walk_visit, &walk);
	return walk.result;
}

/* How many different attaches have a piece here: each is marked when it is
   met the first time. */
static bool mark_attach(const struct piece *piece, void *arg)
{
	struct walk *count = arg;
	uint32_t mark = (uint32_t)count->page_size;

	if (piece->attach->mark != mark) {
		piece->attach->mark = mark & INT32_MAX;
		count->result++;
	}
	return false;
}

uint64_t space_attaches(struct emul_space *space)
{
	struct walk count = { .result = 0 };

	space->emul->mark = (space->emul->mark + 1) & INT32_MAX;
	count.page_size = space->emul->mark;
	tree_find(space->root, 0, mark_attach, &count);
	return (uint64_t)count.result;
}

/* ---- what the segment sees ---- */

/* __shm_open() */
void segment_opened(struct segment *segment, const struct emul_caller *caller)
{
	segment->nattch++;
	segment->atime = caller->now;
	segment->lpid = caller->pid;
}

/* __shm_close() */
void segment_closed(struct segment *segment, const struct emul_caller *caller)
{
	segment->nattch--;
	segment->dtime = caller->now;
	segment->lpid = caller->pid;
	if (segment_may_destroy(segment))
		segment_destroy(segment);
}

struct attach *attach_new(struct segment *segment, bool writable)
{
	struct attach *attach = memory_get(1, sizeof *attach);

	if (!attach)
		return NULL;
	attach->segment = segment;
	attach->id = ++segment->ns->emul->next_attach;
	attach->writable = writable;
	return attach;
}

void piece_free(struct piece *piece)
{
	if (--piece->attach->refs == 0)
		memory_put(piece->attach);
	memory_put(piece);
}

/* RemoveMapping */
void piece_close(const struct emul_caller *caller, struct piece *piece)
{
	struct segment *segment = piece->attach->segment;

	space_remove(caller->space, piece);
	piece_free(piece);
	segment_closed(segment, caller);
}

uint64_t piece_pgoff(const struct emul *emul, const struct piece *piece,
		     uint64_t addr)
{
	return piece->pgoff + (addr - piece->start) / emul->config.page_size;
}

void piece_set_start(const struct emul *emul, struct piece *piece,
		     uint64_t start)
{
	if (start >= piece->start)
		piece->pgoff = piece_pgoff(emul, piece, start);
	else
		piece->pgoff -= (piece->start - start) / emul->config.page_size;
	piece->start = start;
}

/* __split_vma() */
struct piece *piece_split(const struct emul_caller *caller, struct piece *piece,
			  uint64_t at)
{
	struct emul_space *space = caller->space;
	struct piece *upper = space_take(space);

	*upper = *piece;
	upper->start = at;
	upper->pgoff = piece_pgoff(space->emul, piece, at);
	upper->attach->refs++;
	space_remove(space, piece);
	piece->end = at;
	space_insert(space, piece);
	space_insert(space, upper);
	segment_opened(upper->attach->segment, caller);
	return upper;
}

/* vms_gather_munmap_vmas(): split at both ends, then close what is between.
   Times and lpid come out as in Linux: a part unmapped moves atime too. */
void space_cut(const struct emul_caller *caller, uint64_t start, uint64_t end)
{
	struct emul_space *space = caller->space;
	struct piece *piece = tree_after(space->root, start);

	if (piece && piece->start < start && start < end)
		piece = piece_split(caller, piece, start);
	while (piece && piece->start < end) {
		if (piece->end > end)
			piece_split(caller, piece, end);
		piece_close(caller, piece);
		piece = tree_after(space->root, start);
	}
}

/* ---- fork and the end ---- */

struct copy {
	struct emul_space *space;
	const struct emul_caller *caller;
};

static bool count_inherited(const struct piece *piece, void *arg)
{
	*(uint32_t *)arg += !(piece->props & PIECE_DONTFORK);
	return false;
}

/* CopyMapping (dup_mmap): the lock of a mapping is not inherited. */
static bool copy_piece(const struct piece *piece, void *arg)
{
	struct copy *copy = arg;
	struct piece *new;

	if (piece->props & PIECE_DONTFORK)
		return false;
	new = space_take(copy->space);
	*new = *piece;
	new->props &= ~PIECE_LOCK_MASK;
	new->attach->refs++;
	space_insert(copy->space, new);
	segment_opened(new->attach->segment, copy->caller);
	return false;
}

struct emul_space *emul_space_fork(const struct emul_caller *caller)
{
	struct emul_space *space = emul_space_new(caller->space->emul);
	struct copy copy = { space, caller };
	uint32_t count = 0;

	if (!space)
		return NULL;
	tree_find(caller->space->root, 0, count_inherited, &count);
	if (!space_promise(space, count)) {
		memory_put(space);
		return NULL;
	}
	tree_find(caller->space->root, 0, copy_piece, &copy);
	space_redeem(space, count);
	return space;
}

/* exit_mmap() */
void emul_space_drop(const struct emul_caller *caller)
{
	struct emul_space *space = caller->space;
	struct piece *piece;

	while ((piece = tree_after(space->root, 0)))
		piece_close(caller, piece);
	space->promised = 0;
	spares_trim(space);
	memory_put(space);
}
