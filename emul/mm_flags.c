// SPDX-License-Identifier: MIT
/*
 * mm_flags.c - the calls that change properties of a range: mprotect,
 * madvise, mlock and its kin, mbind, mseal.
 *
 * Linux splits a mapping where a part of it really changes.  Mappings of shm
 * are never deleted by merging (they have a close operation), but when the
 * part lies at the edge and becomes equal to the neighbour of the same
 * attach, the boundary moves (vma_modify, since about Linux 6.8).
 */
#include "emul/shm.h"

/* props = (props & ~clear) | set */
struct change {
	uint32_t clear, set;
};

bool flags_op(enum emul_mmop op)
{
	switch (op) {
	case EMUL_MM_MPROTECT:
	case EMUL_MM_MADVISE:
	case EMUL_MM_MLOCK:
	case EMUL_MM_MUNLOCK:
	case EMUL_MM_MLOCKALL:
	case EMUL_MM_MUNLOCKALL:
	case EMUL_MM_MBIND:
	case EMUL_MM_MSEAL:
		return true;
	case EMUL_MM_MUNMAP:
	case EMUL_MM_MMAP:
	case EMUL_MM_MREMAP:
	case EMUL_MM_REMAP_FILE_PAGES:
		break;
	}
	return false;
}

/* madvise_vma_behavior(): the advice that changes the mapping itself. */
static struct change advice_change(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
		return (struct change){ PIECE_RANDOM | PIECE_SEQUENTIAL, 0 };
	case MADV_SEQUENTIAL:
		return (struct change){ PIECE_RANDOM, PIECE_SEQUENTIAL };
	case MADV_RANDOM:
		return (struct change){ PIECE_SEQUENTIAL, PIECE_RANDOM };
	case MADV_DONTFORK:
		return (struct change){ 0, PIECE_DONTFORK };
	case MADV_DOFORK:
		return (struct change){ PIECE_DONTFORK, 0 };
	case MADV_DONTDUMP:
		return (struct change){ 0, PIECE_DONTDUMP };
	case MADV_DODUMP:
		return (struct change){ PIECE_DONTDUMP, 0 };
	case MADV_HUGEPAGE:
		return (struct change){ PIECE_NOHUGE, PIECE_HUGE };
	case MADV_NOHUGEPAGE:
		return (struct change){ PIECE_HUGE, PIECE_NOHUGE };
	default:
		return (struct change){ 0, 0 };
	}
}

uint32_t flags_exec_key(const struct emul *emul, uint32_t prot)
{
	return prot == EMUL_EXEC && emul->config.exec_takes_key ?
		       PIECE_EXEC_KEY :
		       0;
}

/* pkey_mprotect sets the protection key.  mprotect keeps it, but for the one
   that the kernel gives to what can only be executed
   (__arch_override_mprotect_pkey(), arch/x86/mm/pkeys.c, Linux 6.18). */
static struct change protection_change(const struct emul *emul,
				       const struct emul_mmcall *call)
{
	struct change change = { PIECE_PROT | PIECE_EXEC_KEY, 0 };

	change.set = (uint32_t)call->prot & PIECE_PROT;
	if (call->flags) {
		change.clear |= PIECE_PKEY;
		change.set |= (uint32_t)(call->flags - 1) << PIECE_PKEY_SHIFT &
			      PIECE_PKEY;
	} else if (flags_exec_key(emul, change.set)) {
		change.clear |= PIECE_PKEY;
		change.set |= PIECE_EXEC_KEY;
	}
	return change;
}

static uint32_t lock_props(bool lock, bool on_fault)
{
	if (!lock)
		return 0;
	return PIECE_LOCKED | (on_fault ? (uint32_t)PIECE_ONFAULT : 0);
}

/* 0: the default policy; else its place in the table, from 1. */
static uint32_t policy_index(const struct emul *emul, uint64_t policy)
{
	uint32_t i = 0;

	if (!policy)
		return 0;
	while (i < emul->policy_count && emul->policies[i] != policy)
		i++;
	return i + 1;
}

sysret_t flags_enter(struct emul *emul, const struct emul_mmcall *call)
{
	uint32_t capacity = emul->policy_capacity * 2 + 8;
	uint64_t *policies;

	if (policy_index(emul, call->policy) <= emul->policy_count)
		return 0;
	if (emul->policy_count == PIECE_POLICY_MAX)
		return -ENOMEM; /* more than a piece has bits for */
	if (emul->policy_count == emul->policy_capacity) {
		policies = memory_get(capacity, sizeof *policies);
		if (!policies)
			return -ENOMEM;
		for (uint32_t i = 0; i < emul->policy_count; i++)
			policies[i] = emul->policies[i];
		memory_put(emul->policies);
		emul->policies = policies;
		emul->policy_capacity = capacity;
	}
	emul->policies[emul->policy_count++] = call->policy;
	return 0;
}

static struct change call_change(const struct emul *emul,
				 const struct emul_mmcall *call)
{
	uint64_t flags = call->flags;

	switch (call->op) {
	case EMUL_MM_MPROTECT:
		return protection_change(emul, call);
	case EMUL_MM_MADVISE:
		return advice_change(call->advice);
	case EMUL_MM_MLOCK:
		return (struct change){
			PIECE_LOCK_MASK, lock_props(true, flags & MLOCK_ONFAULT)
		};
	case EMUL_MM_MLOCKALL:
		return (struct change){ PIECE_LOCK_MASK,
					lock_props(true, flags & MCL_ONFAULT) };
	case EMUL_MM_MBIND:
		return (struct change){ PIECE_POLICY,
					policy_index(emul, call->policy)
						<< PIECE_POLICY_SHIFT };
	case EMUL_MM_MSEAL:
		return (struct change){ 0, PIECE_SEALED };
	default: /* munlock, munlockall */
		return (struct change){ PIECE_LOCK_MASK, 0 };
	}
}

bool flags_concern(const struct emul_space *space,
		   const struct emul_mmcall *call)
{
	struct change change = call_change(space->emul, call);

	if (call->op == EMUL_MM_MLOCKALL)
		return true; /* MCL_FUTURE: attaches to come */
	if (call->op == EMUL_MM_MUNLOCKALL)
		return space->root || space->lock_future;
	return change.clear || change.set;
}

/* can_vma_merge_left() and _right(): would [.., at) and [at, ..) be one? */
static bool joins(const struct emul *emul, const struct piece *lower,
		  const struct piece *upper)
{
	return lower && upper && lower->end == upper->start &&
	       lower->attach == upper->attach &&
	       piece_pgoff(emul, lower, lower->end) == upper->pgoff;
}

static void move_boundary(struct emul_space *space, struct piece *lower,
			  struct piece *upper, uint64_t to)
{
	space_remove(space, lower);
	space_remove(space, upper);
	lower->end = to;
	piece_set_start(space->emul, upper, to);
	space_insert(space, lower);
	space_insert(space, upper);
}

/* vma_modify(): [from, to), a part of piece, gets these properties. */
static void part_change(const struct emul_caller *caller, struct piece *piece,
			uint64_t from, uint64_t to, uint32_t props)
{
	struct emul_space *space = caller->space;
	struct piece *other;

	if (from == piece->start) {
		other = from ? tree_at(space->root, from - 1) : NULL;
		if (joins(space->emul, other, piece) && other->props == props) {
			move_boundary(space, other, piece, to);
			return;
		}
	} else if (to == piece->end) {
		other = tree_at(space->root, to);
		if (joins(space->emul, piece, other) && other->props == props) {
			move_boundary(space, piece, other, from);
			return;
		}
	}
	if (from > piece->start)
		piece = piece_split(caller, piece, from);
	if (to < piece->end)
		piece_split(caller, piece, to);
	piece->props = props;
}

/* Huge pages are never marked locked (mlock_fixup). */
static bool is_exempt(const struct piece *piece, const struct change *change)
{
	return piece->attach->segment->huge_shift &&
	       (change->clear & PIECE_LOCK_MASK);
}

/* Every piece in the range; holes do not matter. */
static void range_change(const struct emul_caller *caller, uint64_t start,
			 uint64_t end, const struct change *change)
{
	struct piece *piece;
	uint64_t from, to;
	uint32_t props;

	while (start < end &&
	       (piece = tree_after(caller->space->root, start)) &&
	       piece->start < end) {
		from = piece->start > start ? piece->start : start;
		to = piece->end < end ? piece->end : end;
		start = to;
		props = (piece->props & ~change->clear) | change->set;
		if (props == piece->props || is_exempt(piece, change))
			continue;
		if (from == piece->start && to == piece->end)
			piece->props = props;
		else
			part_change(caller, piece, from, to, props);
	}
}

/* ---- how far a call came that failed ---- */

static bool refuses(const struct piece *piece, const struct emul_mmcall *call,
		    sysret_t error)
{
	if (call->op == EMUL_MM_MADVISE) /* only private memory does */
		return false;
	if (error == -EPERM)
		return (piece->props & PIECE_SEALED) != 0;
	return !piece->attach->writable && (call->prot & EMUL_WRITE);
}

/* It works upward and stops at the first mapping that refuses: one of
   ours, or else one of others where our pieces leave off. */
static uint64_t refused_at(const struct emul_space *space,
			   const struct emul_mmcall *call, uint64_t start,
			   uint64_t end, sysret_t error)
{
	struct piece *piece;
	uint64_t gap = end, at = start;

	while (at < end && (piece = tree_after(space->root, at))) {
		if (piece->start > at && gap == end)
			gap = at;
		if (piece->start >= end)
			break;
		if (refuses(piece, call, error))
			return piece->start > start ? piece->start : start;
		at = piece->end;
	}
	return gap;
}

/* The first piece in the range that the call would change; NULL: none. */
static struct piece *first_changed(const struct emul_space *space,
				   uint64_t start, uint64_t end,
				   const struct change *change)
{
	struct piece *piece = tree_after(space->root, start);

	while (piece && piece->start < end) {
		if (((piece->props & ~change->clear) | change->set) !=
		    piece->props)
			return piece;
		piece = tree_after(space->root, piece->end);
	}
	return NULL;
}

/* mlock gives ENOMEM for a hole (done up to there), for pages that cannot be
   had (all done), and for RLIMIT_MEMLOCK (nothing done). */
static uint64_t locked_until(const struct emul_caller *caller, uint64_t start,
			     uint64_t end, const struct change *change)
{
	const struct emul_host *host = &caller->space->emul->host;
	uint64_t hole = host->first_hole(caller->task, start, end);
	const struct piece *piece =
		first_changed(caller->space, start, hole, change);

	if (!piece || perm_is_capable(caller->cred, EMUL_CAP_IPC_LOCK) ||
	    !host->is_locked || !(change->set & PIECE_LOCKED))
		return hole;
	if (piece->start > start)
		start = piece->start;
	return host->is_locked(caller->task, start) ? hole : start;
}

/* mprotect, looked up: to the first piece that does not have what it should
   have.  Without the host's help: a guess by the error. */
static uint64_t protected_until(const struct emul_caller *caller,
				const struct emul_mmcall *call,
				const struct change *change, uint64_t start,
				uint64_t end, sysret_t error)
{
	const struct emul_host *host = &caller->space->emul->host;
	uint64_t hole = host->first_hole(caller->task, start, end), at = start;
	const struct piece *piece;

	if (!host->protection && error != -ENOMEM)
		return refused_at(caller->space, call, start, end, error);
	if (!host->protection)
		return hole < end ? hole : start; /* else: too many mappings */
	while ((piece = first_changed(caller->space, at, hole, change))) {
		at = piece->start > at ? piece->start : at;
		if (host->protection(caller->task, at) !=
		    (call->prot & PIECE_PROT))
			return at;
		if (piece->end >= hole)
			break;
		at = piece->end;
	}
	return hole;
}

/* Up to where [start, end) was changed; `start`: not at all. */
static uint64_t changed_until(const struct emul_caller *caller,
			      const struct emul_mmcall *call,
			      const struct change *change, uint64_t start,
			      uint64_t end, sysret_t error)
{
	switch (call->op) {
	case EMUL_MM_MPROTECT:
		if (error != -EACCES && error != -EPERM && error != -ENOMEM)
			return start;
		return protected_until(caller, call, change, start, end, error);
	case EMUL_MM_MADVISE:	     /* skips holes, and tells in the end */
		if (error == -EPERM) /* can_madvise_modify(): DONTFORK */
			return refused_at(caller->space, call, start, end,
					  error);
		return error == -ENOMEM ? end : start;
	case EMUL_MM_MLOCK:
	case EMUL_MM_MUNLOCK:
		if (error == -EAGAIN) /* __mlock_posix_error_return() */
			return end;
		return error == -ENOMEM ?
			       locked_until(caller, start, end, change) :
			       start;
	case EMUL_MM_MBIND: /* EIO after MPOL_MF_MOVE: pages that stayed */
		return error == -EIO && (call->flags & 6) ? end : start;
	default:
		return start;
	}
}

/* apply_mlockall_flags() */
static void lock_all(const struct emul_caller *caller,
		     const struct emul_mmcall *call,
		     const struct change *change)
{
	struct emul_space *space = caller->space;
	bool lock = call->op == EMUL_MM_MLOCKALL;

	space->lock_future =
		lock && (call->flags & MCL_FUTURE) ? change->set : 0;
	if (!lock || (call->flags & MCL_CURRENT))
		range_change(caller, 0, UINT64_MAX, change);
}

void flags_leave(const struct emul_caller *caller,
		 const struct emul_mmcall *call, sysret_t result)
{
	const struct emul *emul = caller->space->emul;
	struct change change = call_change(emul, call);
	uint64_t start = page_down(emul, call->addr);
	uint64_t end = page_up(emul, call->addr + call->len);

	if (call->op == EMUL_MM_MLOCKALL || call->op == EMUL_MM_MUNLOCKALL) {
		if (result == 0)
			lock_all(caller, call, &change);
		return;
	}
	if (result < 0)
		end = changed_until(caller, call, &change, start, end, result);
	range_change(caller, start, end, &change);
}
