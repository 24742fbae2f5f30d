// SPDX-License-Identifier: MIT
/*
 * shm.h - what the files of emul/ share: segments, namespaces, pieces.
 *
 * Invariants, between any two calls into emul/:
 *   - a segment's nattch is the number of pieces, in all spaces, whose attach
 *     belongs to it; a segment with no piece and SHM_DEST does not exist;
 *   - the pieces of a space do not overlap; none is empty;
 *   - an attach lives as long as a piece refers to it.
 */
#ifndef SHM_H
#define SHM_H

#include <assert.h>
#include <errno.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "emul/emul.h"

/* Newer than some C libraries. */
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

enum {
	ID_INDEX_BITS = 15,
	ID_INDEX_MAX = 1 << ID_INDEX_BITS, /* ipc_mni */
	ID_SEQ_MAX = 65535,		   /* ipcid_seq_max() */
};

/* alloc.c: the one door to memory; a test puts a failing one in. */
struct memory_door {
	void *(*get)(size_t count, size_t size); /* zeroed, or NULL */
	void (*put)(void *memory);
};
extern struct memory_door memory_door;
void *memory_get(size_t count, size_t size);
void memory_put(void *memory);

/* Who has locked how much with SHM_LOCK (struct ucounts, by real uid). */
struct locker {
	struct locker *next;
	uint32_t uid;
	uint32_t refs; /* segments */
	uint64_t pages;
};

struct emul {
	struct emul_host host;
	void *host_arg;
	struct emul_config config;
	struct locker *lockers;
	uint64_t next_attach;
	uint32_t mark;	    /* last one given by space_attaches */
	uint64_t *policies; /* seen by mbind; a piece has the index + 1 */
	uint32_t policy_count;
	uint32_t policy_capacity;
};

struct segment {
	struct emul_ns *ns;
	struct segment *next_key; /* same hash chain */
	int32_t key;		  /* IPC_PRIVATE once removed */
	int32_t id;
	uint32_t uid, gid, cuid, cgid;
	uint32_t mode;	     /* 0777 | SHM_DEST | SHM_LOCKED */
	uint32_t huge_shift; /* 0: ordinary pages */
	uint64_t size;	     /* as given to shmget */
	uint64_t nattch;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	int64_t pages; /* the host's handle */
	uint64_t creator;
	struct locker *locker; /* set while SHM_LOCKED */
};

/* Free and used indices, two levels so that any search is short. */
struct id_map {
	uint64_t used[ID_INDEX_MAX / 64];
	uint64_t full[ID_INDEX_MAX / 64 / 64]; /* words of used: all ones */
	uint64_t some[ID_INDEX_MAX / 64 / 64]; /* words of used: not zero */
};

struct emul_ns {
	struct emul *emul;
	uint64_t refs;
	struct emul_limits limits;
	struct segment **by_index;
	uint32_t capacity; /* of by_index */
	uint32_t in_use;
	uint32_t next_index; /* the cursor of idr_alloc_cyclic() */
	int32_t last_index;
	uint32_t seq;
	struct segment **buckets; /* by key */
	uint32_t bucket_count;	  /* power of two, or 0 */
	uint32_t key_count;
	uint64_t total_pages; /* shm_tot */
	struct id_map map;
};

/* One shmat: Linux gives each its own struct file. */
struct attach {
	struct segment *segment;
	uint64_t id;
	uint32_t refs;	       /* pieces, in all spaces */
	uint32_t mark : 31;    /* see space_attaches */
	uint32_t writable : 1; /* not SHM_RDONLY */
};

/* Properties of a piece: whatever differs between neighbours keeps them
   apart.  Bits 0..2 are EMUL_READ, EMUL_WRITE, EMUL_EXEC; 12..15 the
   protection key; 17..31 the memory policy. */
enum {
	PIECE_PROT = EMUL_READ | EMUL_WRITE | EMUL_EXEC,
	PIECE_LOCKED = 1 << 3,
	PIECE_ONFAULT = 1 << 4,
	PIECE_DONTFORK = 1 << 5,
	PIECE_DONTDUMP = 1 << 6,
	PIECE_RANDOM = 1 << 7,
	PIECE_SEQUENTIAL = 1 << 8,
	PIECE_HUGE = 1 << 9,
	PIECE_NOHUGE = 1 << 10,
	PIECE_SEALED = 1 << 11,
	PIECE_PKEY_SHIFT = 12,
	PIECE_PKEY = 15 << PIECE_PKEY_SHIFT,
	PIECE_EXEC_KEY = 1 << 16, /* the kernel's own for PROT_EXEC */
	PIECE_POLICY_SHIFT = 17,
};
#define PIECE_POLICY_MAX UINT32_C(0x7fff)
#define PIECE_POLICY	 (PIECE_POLICY_MAX << PIECE_POLICY_SHIFT)
#define PIECE_LOCK_MASK	 ((uint32_t)(PIECE_LOCKED | PIECE_ONFAULT))

/* A VMA of Linux, a node of its space's tree.  56 bytes. */
struct piece {
	struct piece *left, *right; /* right: next in a list of spares */
	struct attach *attach;
	uint64_t start, end;
	uint64_t pgoff;
	uint32_t props;
	uint32_t gap; /* largest hole inside this subtree */
};

struct emul_space {
	struct emul *emul;
	struct piece *root;
	struct piece *spare;
	uint32_t spare_count;
	uint32_t promised;    /* spares that open calls may use */
	uint32_t lock_future; /* PIECE_LOCK_MASK: mm->def_flags */
	uint64_t piece_count;
	uint64_t outside_count; /* pieces not wholly in the arena */
	int64_t undo_atime;	/* before the last shmat */
	int32_t undo_lpid;
};

/* tree.c: pieces in order of address. */
struct piece *tree_insert(struct piece *root, struct piece *piece);
struct piece *tree_remove(struct piece *root, struct piece *piece);
/* The lowest piece that ends above addr, or NULL. */
struct piece *tree_after(struct piece *root, uint64_t addr);
/* The piece that addr lies in, or NULL. */
struct piece *tree_at(struct piece *root, uint64_t addr);
/* In order of address, from the lowest that ends above addr: the first piece
   for which test gives true, or NULL.  test must not change the tree. */
struct piece *tree_find(struct piece *root, uint64_t addr,
			bool (*test)(const struct piece *, void *), void *arg);
/* The highest address of a hole of len bytes in [low, high), or 0. */
uint64_t tree_fit(const struct piece *root, uint64_t low, uint64_t high,
		  uint64_t len);

/* registry.c */
uint64_t page_up(const struct emul *emul, uint64_t len); /* 0: wrapped */
uint64_t page_down(const struct emul *emul, uint64_t addr);
struct segment *ns_find_key(const struct emul_ns *ns, int32_t key);
struct segment *ns_find_id(const struct emul_ns *ns, int32_t id);
struct segment *ns_find_index(const struct emul_ns *ns, uint32_t index);
/* Highest index in use, 0 when there is none. */
uint32_t ns_max_index(const struct emul_ns *ns);
/* Room for one more segment: 0 or -ENOMEM. */
sysret_t ns_make_room(struct emul_ns *ns);
/* Gives the segment its id; 0 or -ENOSPC.  Only after ns_make_room. */
sysret_t ns_add(struct emul_ns *ns, struct segment *segment);
uint64_t segment_length(const struct segment *segment); /* i_size, rounded */
uint64_t segment_pages(const struct segment *segment);	/* shm_tot's share */
bool segment_may_destroy(const struct segment *segment);
void segment_destroy(struct segment *segment);
void segment_mark_destroyed(struct segment *segment);
void segment_unlock(struct segment *segment); /* accounting only */
void segment_usage(const struct segment *segment, struct emul_usage *usage);

/* names.c */
/* How the task names those whom we know by other ids. */
uint32_t uid_seen(const struct emul *emul, void *task, uint32_t uid);
uint32_t gid_seen(const struct emul *emul, void *task, uint32_t gid);
uint32_t uid_meant(const struct emul *emul, void *task, uint32_t uid);
uint32_t gid_meant(const struct emul *emul, void *task, uint32_t gid);
int32_t pid_seen(const struct emul *emul, void *task, int32_t pid);

/* perm.c */
bool perm_allows(const struct segment *segment, const struct emul_cred *cred,
		 uint32_t mode);
bool perm_in_group(const struct emul_cred *cred, uint32_t gid);
/* capable(): memory, for all namespaces. */
bool perm_is_capable(const struct emul_cred *cred, uint32_t cap);
bool perm_is_owner(const struct segment *segment, const struct emul_cred *cred);

/* attach.c */
bool space_promise(struct emul_space *space, uint32_t count);
void space_redeem(struct emul_space *space, uint32_t count);
struct piece *space_take(struct emul_space *space);
void space_insert(struct emul_space *space, struct piece *piece);
void space_remove(struct emul_space *space, struct piece *piece);
uint64_t space_attaches(struct emul_space *space);
bool space_overlaps(const struct emul_space *space, uint64_t start,
		    uint64_t end);
struct attach *attach_new(struct segment *segment, bool writable);
void segment_opened(struct segment *segment, const struct emul_caller *caller);
void segment_closed(struct segment *segment, const struct emul_caller *caller);
/* Out of the tree, freed, and its segment told (shm_close). */
void piece_free(struct piece *piece); /* and its attach with the last */
void piece_close(const struct emul_caller *caller, struct piece *piece);
/* Cuts at `at`; gives the upper part.  Takes a spare. */
struct piece *piece_split(const struct emul_caller *caller, struct piece *piece,
			  uint64_t at);
/* Unmaps [start, end) as munmap does.  Takes up to two spares. */
void space_cut(const struct emul_caller *caller, uint64_t start, uint64_t end);
/* Moves the lower bound, up or down; the piece is not in the tree. */
void piece_set_start(const struct emul *emul, struct piece *piece,
		     uint64_t start);
uint64_t piece_pgoff(const struct emul *emul, const struct piece *piece,
		     uint64_t addr);

/* mm_flags.c: calls that change properties. */
bool flags_op(enum emul_mmop op);
/* PIECE_EXEC_KEY for what has this protection, or 0 (mprotect, do_mmap()). */
uint32_t flags_exec_key(const struct emul *emul, uint32_t prot);
/* Remembers the policy of an mbind: 0 or -ENOMEM. */
sysret_t flags_enter(struct emul *emul, const struct emul_mmcall *call);
bool flags_concern(const struct emul_space *space,
		   const struct emul_mmcall *call);
void flags_leave(const struct emul_caller *caller,
		 const struct emul_mmcall *call, sysret_t result);

/* mm_remap.c: calls that move pieces. */
sysret_t mremap_enter(const struct emul_caller *caller,
		      const struct emul_mmcall *call);
void mremap_leave(const struct emul_caller *caller,
		  const struct emul_mmcall *call, sysret_t result);
bool mremap_concerns(const struct emul_space *space,
		     const struct emul_mmcall *call);
sysret_t remap_pages_enter(const struct emul_caller *caller,
			   const struct emul_mmcall *call);
void remap_pages_leave(const struct emul_caller *caller,
		       const struct emul_mmcall *call, sysret_t result);
/* mm.c, after calls that failed.  Did it unmap our pieces in [start, end)
   before?  Then that is recorded. */
bool is_gone(const struct emul_caller *caller, uint64_t start, uint64_t end);
/* It was stopped by a seal: all that is left is a split at its start. */
void split_at(const struct emul_caller *caller, uint64_t start);
/* An mmap with MAP_FIXED. */
void map_failed(const struct emul_caller *caller, uint64_t start, uint64_t end,
		sysret_t result);

/* abi.c: the structs of the 64-bit ABI, to and from the program. */
sysret_t abi_put_segment(const struct emul_caller *caller, uint64_t buf,
			 const struct segment *segment);
struct abi_set {
	uint32_t uid, gid, mode;
};
sysret_t abi_get_set(const struct emul_caller *caller, uint64_t buf,
		     struct abi_set *set);
sysret_t abi_put_limits(const struct emul_caller *caller, uint64_t buf);
sysret_t abi_put_info(const struct emul_caller *caller, uint64_t buf);

#endif
