// SPDX-License-Identifier: MIT
/*
 * shmdt.c - detach (ksys_shmdt, Linux 6.18).
 *
 * Any piece whose virtual base is the address is detached, whatever
 * splitting and moving has made of it: (start - addr) / page == pgoff.
 */
#include "emul/shm.h"

struct match {
	uint64_t addr;
	uint64_t page_size;
};

static bool matches(const struct piece *piece, void *arg)
{
	const struct match *match = arg;

	return (piece->start - match->addr) / match->page_size == piece->pgoff;
}

/* The pages of a segment that ends here are free when shmdt returns. */
static bool ends_segment(const struct piece *piece)
{
	struct segment rest = *piece->attach->segment;

	rest.nattch--;
	return segment_may_destroy(&rest);
}

/* Errors of the unmapping are ignored: a sealed piece stays. */
static sysret_t detach(const struct emul_caller *caller, struct piece *piece,
		       bool is_last)
{
	const struct emul_host *host = &caller->space->emul->host;
	sysret_t (*unmap)(void *, uint64_t, uint64_t) = host->unmap;
	sysret_t result;

	if (piece->props & PIECE_SEALED)
		return 0;
	if (is_last && host->unmap_last && !ends_segment(piece))
		unmap = host->unmap_last;
	result = unmap(caller->task, piece->start, piece->end - piece->start);
	if (result == SYSRET_GONE)
		return result;
	if (result >= 0)
		piece_close(caller, piece);
	return 0;
}

/* Further pieces of the same attach, up to the first mapping that ends
   beyond the segment's size.  Mappings of others end the walk where a later
   piece of ours ends it too. */
static sysret_t detach_rest(const struct emul_caller *caller,
			    struct match *match, uint64_t from, uint64_t attach,
			    uint64_t size)
{
	struct piece *piece = tree_after(caller->space->root, from);
	sysret_t result;

	while (piece && piece->end - match->addr <= size) {
		from = piece->end;
		if (piece->attach->id == attach && matches(piece, match)) {
			result = detach(caller, piece, false);
			if (result < 0)
				return result;
		}
		piece = tree_after(caller->space->root, from);
	}
	return 0;
}

/* No piece at all where the second loop would look. */
static bool is_alone(const struct emul_space *space, uint64_t from, uint64_t to)
{
	const struct piece *next = tree_after(space->root, from);

	return !next || next->start >= to;
}

sysret_t emul_shmdt(const struct emul_caller *caller, uint64_t shmaddr)
{
	const struct emul *emul = caller->space->emul;
	struct match match = { shmaddr, emul->config.page_size };
	struct piece *piece;
	uint64_t attach, size, end;
	sysret_t result;

	if (shmaddr != page_down(emul, shmaddr))
		return -EINVAL;
	piece = tree_find(caller->space->root, shmaddr, matches, &match);
	if (!piece)
		return -EINVAL;
	attach = piece->attach->id;
	size = segment_length(piece->attach->segment);
	end = piece->end;
	result = detach(caller, piece,
			is_alone(caller->space, end, shmaddr + size));
	if (result < 0)
		return result;
	return detach_rest(caller, &match, end, attach, size);
}
