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

/* flags = (flags & ~clear) | set */
struct change {
	uint32_t clear, set;
};

bool mm_flags_op(enum emul_mmop op)
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
		return (struct change){ VM_RAND_READ | VM_SEQ_READ, 0 };
	case MADV_SEQUENTIAL:
		return (struct change){ VM_RAND_READ, VM_SEQ_READ };
	case MADV_RANDOM:
		return (struct change){ VM_SEQ_READ, VM_RAND_READ };
	case MADV_DONTFORK:
		return (struct change){ 0, VM_DONTCOPY };
	case MADV_DOFORK:
		return (struct change){ VM_DONTCOPY, 0 };
	case MADV_DONTDUMP:
		return (struct change){ 0, VM_DONTDUMP };
	case MADV_DODUMP:
		return (struct change){ VM_DONTDUMP, 0 };
	case MADV_HUGEPAGE:
		return (struct change){ VM_NOHUGEPAGE, VM_HUGEPAGE };
	case MADV_NOHUGEPAGE:
		return (struct change){ VM_HUGEPAGE, VM_NOHUGEPAGE };
	default:
		return (struct change){ 0, 0 };
	}
}

uint32_t mm_flags_exec_key(const struct emul *emul, uint32_t prot)
{
	return prot == EMUL_EXEC && emul->config.exec_takes_key ? VM_EXEC_KEY :
								  0;
}

/* pkey_mprotect sets the protection key.  mprotect keeps it, but for the one
   that the kernel gives to what can only be executed
   (__arch_override_mprotect_pkey(), arch/x86/mm/pkeys.c, Linux 6.18). */
static struct change protection_change(const struct emul *emul,
				       const struct emul_mmcall *call)
{
	struct change change = { VM_ACCESS_FLAGS | VM_EXEC_KEY, 0 };

	change.set = (uint32_t)call->prot & VM_ACCESS_FLAGS;
	if (call->flags) {
		change.clear |= VM_PKEY;
		change.set |=
			(uint32_t)(call->flags - 1) << VM_PKEY_SHIFT & VM_PKEY;
	} else if (mm_flags_exec_key(emul, change.set)) {
		change.clear |= VM_PKEY;
		change.set |= VM_EXEC_KEY;
	}
	return change;
}

static uint32_t lock_flags(bool lock, bool on_fault)
{
	if (!lock)
		return 0;
	return VM_LOCKED | (on_fault ? (uint32_t)VM_LOCKONFAULT : 0);
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

sysret_t mm_flags_enter(struct emul *emul, const struct emul_mmcall *call)
{
	uint32_t capacity = emul->policy_capacity * 2 + 8;
	uint64_t *policies;

	if (policy_index(emul, call->policy) <= emul->policy_count)
		return 0;
	if (emul->policy_count == VM_POLICY_MAX)
		return -ENOMEM; /* more than a VMA has bits for */
	if (emul->policy_count == emul->policy_capacity) {
		policies = emul_alloc(emul, capacity, sizeof *policies);
		if (!policies)
			return -ENOMEM;
		for (uint32_t i = 0; i < emul->policy_count; i++)
			policies[i] = emul->policies[i];
		emul_dealloc(emul, emul->policies);
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
			VM_LOCKED_MASK, lock_flags(true, flags & MLOCK_ONFAULT)
		};
	case EMUL_MM_MLOCKALL:
		return (struct change){ VM_LOCKED_MASK,
					lock_flags(true, flags & MCL_ONFAULT) };
	case EMUL_MM_MBIND:
		return (struct change){ VM_POLICY,
					policy_index(emul, call->policy)
						<< VM_POLICY_SHIFT };
	case EMUL_MM_MSEAL:
		return (struct change){ 0, VM_SEALED };
	default: /* munlock, munlockall */
		return (struct change){ VM_LOCKED_MASK, 0 };
	}
}

bool mm_flags_concern(const struct emul_mm *mm, const struct emul_mmcall *call)
{
	struct change change = call_change(mm->emul, call);

	if (call->op == EMUL_MM_MLOCKALL)
		return true; /* MCL_FUTURE: attaches to come */
	if (call->op == EMUL_MM_MUNLOCKALL)
		return mm->root || mm->lock_future;
	return change.clear || change.set;
}

/* can_vma_merge_left() and _right(): would [.., at) and [at, ..) be one? */
static bool joins(const struct emul *emul, const struct vma *lower,
		  const struct vma *upper)
{
	return lower && upper && lower->end == upper->start &&
	       lower->file == upper->file &&
	       vma_pgoff(emul, lower, lower->end) == upper->pgoff;
}

static void move_boundary(struct emul_mm *mm, struct vma *lower,
			  struct vma *upper, uint64_t to)
{
	vma_unlink(mm, lower);
	vma_unlink(mm, upper);
	lower->end = to;
	vma_set_start(mm->emul, upper, to);
	vma_link(mm, lower);
	vma_link(mm, upper);
}

/* vma_modify(): [from, to), a part of VMA, gets these properties. */
static void part_change(const struct emul_caller *caller, struct vma *vma,
			uint64_t from, uint64_t to, uint32_t flags)
{
	struct emul_mm *mm = caller->mm;
	struct vma *other;

	if (from == vma->start) {
		other = from ? vma_lookup(mm, from - 1) : NULL;
		if (joins(mm->emul, other, vma) && other->flags == flags) {
			move_boundary(mm, other, vma, to);
			return;
		}
	} else if (to == vma->end) {
		other = vma_lookup(mm, to);
		if (joins(mm->emul, vma, other) && other->flags == flags) {
			move_boundary(mm, vma, other, from);
			return;
		}
	}
	if (from > vma->start)
		vma = vma_split(caller, vma, from);
	if (to < vma->end)
		vma_split(caller, vma, to);
	vma->flags = flags;
}

/* Huge pages are never marked locked (mlock_fixup). */
static bool is_exempt(const struct vma *vma, const struct change *change)
{
	return vma->file->segment->huge_shift &&
	       (change->clear & VM_LOCKED_MASK);
}

/* Every VMA in the range; holes do not matter. */
static void range_change(const struct emul_caller *caller, uint64_t start,
			 uint64_t end, const struct change *change)
{
	struct vma *vma;
	uint64_t from, to;
	uint32_t flags;

	while (start < end && (vma = find_vma(caller->mm, start)) &&
	       vma->start < end) {
		from = vma->start > start ? vma->start : start;
		to = vma->end < end ? vma->end : end;
		start = to;
		flags = (vma->flags & ~change->clear) | change->set;
		if (flags == vma->flags || is_exempt(vma, change))
			continue;
		if (from == vma->start && to == vma->end)
			vma->flags = flags;
		else
			part_change(caller, vma, from, to, flags);
	}
}

/*
 * ---- how far a call came that failed ----
 *
 * These calls work upward, mapping by mapping; what is done stays done.
 *
 *   call            error          changed up to
 *   mprotect        EACCES EPERM   the first VMA that has not got the new
 *                   ENOMEM         protection, looked up in the host, and at
 *                                  most the first hole; without the host's
 *                                  protection():
 *                   EACCES EPERM   - the first VMA that refuses
 *                   ENOMEM         - the first hole; nothing when there is
 *                                    none: max_map_count
 *   madvise         EPERM          the first hole between our VMAs: only a
 *                                  private mapping of others refuses
 *                   ENOMEM         the end: holes are skipped, and reported
 *                                  when all is done
 *   mlock munlock   EAGAIN         the end: pages could not be had
 *                   ENOMEM         the first hole, or the end; but nothing
 *                                  when it was RLIMIT_MEMLOCK: then the first
 *                                  VMA to change is not locked in the host
 *   mbind           EIO            the end, with MPOL_MF_MOVE or MOVE_ALL:
 *                                  pages stayed where they were
 *   any             any other      nothing
 */

static bool refuses(const struct vma *vma, const struct emul_mmcall *call,
		    sysret_t error)
{
	if (call->op == EMUL_MM_MADVISE) /* only private memory does */
		return false;
	if (error == -EPERM)
		return (vma->flags & VM_SEALED) != 0;
	return !vma->file->writable && (call->prot & EMUL_WRITE);
}

/* The start of the first VMA that refuses; when none does, a mapping of others
   did: where the first hole between our VMAs is. */
static uint64_t refused_at(const struct emul_mm *mm,
			   const struct emul_mmcall *call, uint64_t start,
			   uint64_t end, sysret_t error)
{
	struct vma *vma;
	uint64_t gap = end, at = start;

	while (at < end && (vma = find_vma(mm, at))) {
		if (vma->start > at && gap == end)
			gap = at;
		if (vma->start >= end)
			break;
		if (refuses(vma, call, error))
			return vma->start > start ? vma->start : start;
		at = vma->end;
	}
	return gap;
}

/* The first VMA in the range that the call would change; NULL: none. */
static struct vma *first_changed(const struct emul_mm *mm, uint64_t start,
				 uint64_t end, const struct change *change)
{
	struct vma *vma = find_vma(mm, start);

	while (vma && vma->start < end) {
		if (((vma->flags & ~change->clear) | change->set) != vma->flags)
			return vma;
		vma = find_vma(mm, vma->end);
	}
	return NULL;
}

/* An mlock or munlock that gave ENOMEM. */
static uint64_t locked_until(const struct emul_caller *caller, uint64_t start,
			     uint64_t end, const struct change *change)
{
	const struct emul_host *host = &caller->mm->emul->host;
	uint64_t hole = host->first_hole(caller->task, start, end);
	const struct vma *vma = first_changed(caller->mm, start, hole, change);

	if (!vma || capable(caller->cred, EMUL_CAP_IPC_LOCK) ||
	    !host->is_locked || !(change->set & VM_LOCKED))
		return hole;
	if (vma->start > start)
		start = vma->start;
	return host->is_locked(caller->task, start) ? hole : start;
}

/* An mprotect that gave EACCES, EPERM or ENOMEM. */
static uint64_t protected_until(const struct emul_caller *caller,
				const struct emul_mmcall *call,
				const struct change *change, uint64_t start,
				uint64_t end, sysret_t error)
{
	const struct emul_host *host = &caller->mm->emul->host;
	uint64_t hole = host->first_hole(caller->task, start, end), at = start;
	const struct vma *vma;

	if (!host->protection && error != -ENOMEM)
		return refused_at(caller->mm, call, start, end, error);
	if (!host->protection)
		return hole < end ? hole : start; /* else: too many mappings */
	while ((vma = first_changed(caller->mm, at, hole, change))) {
		at = vma->start > at ? vma->start : at;
		if (host->protection(caller->task, at) !=
		    (call->prot & VM_ACCESS_FLAGS))
			return at;
		if (vma->end >= hole)
			break;
		at = vma->end;
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
	case EMUL_MM_MADVISE:
		if (error == -EPERM) /* can_madvise_modify(): DONTFORK */
			return refused_at(caller->mm, call, start, end, error);
		return error == -ENOMEM ? end : start;
	case EMUL_MM_MLOCK:
	case EMUL_MM_MUNLOCK:
		if (error == -EAGAIN) /* __mlock_posix_error_return() */
			return end;
		return error == -ENOMEM ?
			       locked_until(caller, start, end, change) :
			       start;
	case EMUL_MM_MBIND: /* 6: MPOL_MF_MOVE | MPOL_MF_MOVE_ALL */
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
	struct emul_mm *mm = caller->mm;
	bool lock = call->op == EMUL_MM_MLOCKALL;

	mm->lock_future = lock && (call->flags & MCL_FUTURE) ? change->set : 0;
	if (!lock || (call->flags & MCL_CURRENT))
		range_change(caller, 0, UINT64_MAX, change);
}

void mm_flags_leave(const struct emul_caller *caller,
		    const struct emul_mmcall *call, sysret_t result)
{
	const struct emul *emul = caller->mm->emul;
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
