// SPDX-License-Identifier: MIT
/*
 * shm.h - what the files of emul/ share: segments, namespaces, VMAs.
 *
 * Invariants, between any two calls into emul/:
 *   - a segment's nattch is the number of VMAs, in all mms, whose file
 *     belongs to it; a segment with no VMA and SHM_DEST does not exist;
 *   - the VMAs of an mm do not overlap; none is empty;
 *   - a shm_file lives as long as a VMA refers to it.
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
	IPCMNI_SHIFT = 15,
	IPCMNI = 1 << IPCMNI_SHIFT,
	IPCID_SEQ_MAX = 65535, /* ipcid_seq_max() */
};

/* Who has locked how much with SHM_LOCK (struct ucounts, by real uid). */
struct mlock_user {
	struct mlock_user *next;
	uint32_t uid;
	uint32_t refs; /* segments */
	uint64_t pages;
};

struct emul {
	struct emul_host host;
	void *host_arg;
	struct emul_config config;
	struct mlock_user *mlock_users;
	uint64_t next_file;
	uint32_t mark;	    /* last one given by mm_count_files */
	uint64_t *policies; /* seen by mbind; a VMA has the index + 1 */
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
	struct mlock_user *mlock_user; /* set while SHM_LOCKED */
};

/* Free and used indices, two levels so that any search is short. */
struct id_map {
	uint64_t used[IPCMNI / 64];
	uint64_t full[IPCMNI / 64 / 64]; /* words of used: all ones */
	uint64_t some[IPCMNI / 64 / 64]; /* words of used: not zero */
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
struct shm_file {
	struct segment *segment;
	uint64_t id;
	uint32_t refs;	       /* VMAs, in all mms */
	uint32_t mark : 31;    /* see mm_count_files */
	uint32_t writable : 1; /* not SHM_RDONLY */
};

/* Properties of a VMA: whatever differs between neighbours keeps them
   apart.  Bits 0..2 are EMUL_READ, EMUL_WRITE, EMUL_EXEC; 12..15 the
   protection key; 17..31 the memory policy. */
enum {
	VM_ACCESS_FLAGS = EMUL_READ | EMUL_WRITE | EMUL_EXEC,
	VM_LOCKED = 1 << 3,
	VM_LOCKONFAULT = 1 << 4,
	VM_DONTCOPY = 1 << 5,
	VM_DONTDUMP = 1 << 6,
	VM_RAND_READ = 1 << 7,
	VM_SEQ_READ = 1 << 8,
	VM_HUGEPAGE = 1 << 9,
	VM_NOHUGEPAGE = 1 << 10,
	VM_SEALED = 1 << 11,
	VM_PKEY_SHIFT = 12,
	VM_PKEY = 15 << VM_PKEY_SHIFT,
	VM_EXEC_KEY = 1 << 16, /* the kernel's own for PROT_EXEC */
	VM_POLICY_SHIFT = 17,
};
#define VM_POLICY_MAX  UINT32_C(0x7fff)
#define VM_POLICY      (VM_POLICY_MAX << VM_POLICY_SHIFT)
#define VM_LOCKED_MASK ((uint32_t)(VM_LOCKED | VM_LOCKONFAULT))

/* A node of its mm's tree.  56 bytes. */
struct vma {
	struct vma *left, *right; /* right: next preallocated one */
	struct shm_file *file;
	uint64_t start, end;
	uint64_t pgoff;
	uint32_t flags;
	uint32_t gap; /* largest hole inside this subtree */
};

/* A place that a thread has detached. */
struct detached {
	uint64_t start, end;
	uint64_t creator;
};

enum { DETACHED_MAX = 32 };

struct emul_mm {
	struct emul *emul;
	struct vma *root;
	struct vma *prealloc;
	uint32_t prealloc_count;
	uint32_t reserved;	/* by calls not finished yet */
	uint32_t lock_future;	/* VM_LOCKED_MASK: mm->def_flags */
	uint64_t outside_count; /* VMAs not wholly in the arena */
	int64_t undo_atime;	/* before the last shmat */
	int32_t undo_lpid;
	struct detached detached[DETACHED_MAX]; /* the last ones */
	uint32_t next_detached;
};

/* tree.c: VMAs in order of address. */
struct vma *tree_insert(struct vma *root, struct vma *vma);
struct vma *tree_remove(struct vma *root, struct vma *vma);
/* The lowest VMA that ends above addr, or NULL. */
struct vma *tree_after(struct vma *root, uint64_t addr);
/* The VMA that addr lies in, or NULL. */
struct vma *tree_at(struct vma *root, uint64_t addr);
/* In order of address, from the lowest that ends above addr: the first VMA
   for which test gives true, or NULL.  test must not change the tree. */
struct vma *tree_find(struct vma *root, uint64_t addr,
		      bool (*test)(const struct vma *, void *), void *arg);
/* The highest address of a hole of len bytes in [low, high), or 0. */
uint64_t tree_fit(const struct vma *root, uint64_t low, uint64_t high,
		  uint64_t len);

/* emul.c */
/* The host's memory: zeroed, or NULL. */
void *emul_alloc(const struct emul *emul, size_t count, size_t size);
void emul_dealloc(const struct emul *emul, void *memory);
uint64_t page_up(const struct emul *emul, uint64_t len); /* 0: wrapped */
uint64_t page_down(const struct emul *emul, uint64_t addr);

/* registry.c */
struct segment *ipc_findkey(const struct emul_ns *ns, int32_t key);
/* By id; and by the index in it, whatever its sequence number. */
struct segment *ipc_obtain_object_check(const struct emul_ns *ns, int32_t id);
struct segment *ipc_obtain_object_idr(const struct emul_ns *ns, int32_t id);
uint32_t ipcid_to_idx(int32_t id);
/* The highest index in use.  0 when there is none, which IPC_INFO gives then;
   it is -1 in Linux. */
uint32_t ipc_get_maxidx(const struct emul_ns *ns);
/* Room for one more segment, and the index that it will get: 0 or -ENOMEM. */
sysret_t ipc_prealloc(struct emul_ns *ns, uint32_t *index);
/* Gives the segment its id: 0 or -ENOSPC.  No other segment may come or go
   between ipc_prealloc and this. */
sysret_t ipc_addid(struct emul_ns *ns, struct segment *segment, uint32_t index);
void ipc_set_key_private(struct emul_ns *ns, struct segment *segment);
void ipc_rmid(struct emul_ns *ns, struct segment *segment);

/* segment.c */
/* Bytes of its file: do_shmat() maps, and ksys_shmdt() unmaps, up to this
   size rounded up to pages. */
uint64_t segment_i_size(const struct segment *segment);
uint64_t segment_pages(const struct segment *segment); /* in shm_tot */
/* Its last VMA takes it along: SHM_DEST or shm_rmid_forced. */
bool shm_is_doomed(const struct segment *segment);
bool shm_may_destroy(const struct segment *segment);
void shm_destroy(struct segment *segment);
void do_shm_rmid(struct segment *segment);
void user_shm_unlock(struct segment *segment); /* accounting only */
void shm_add_rss_swap(const struct segment *segment, struct emul_usage *sum);
/* The open and close of shm_vm_ops: a VMA more, a VMA less. */
void shm_vm_open(struct segment *segment, const struct emul_caller *caller);
void shm_vm_close(struct segment *segment, const struct emul_caller *caller);
/* Frees a namespace that has neither references nor segments. */
void ns_free_if_unused(struct emul_ns *ns);

/* names.c */
/* How the task names those whom we know by other ids. */
uint32_t from_kuid_munged(const struct emul *emul, void *task, uint32_t uid);
uint32_t from_kgid_munged(const struct emul *emul, void *task, uint32_t gid);
uint32_t make_kuid(const struct emul *emul, void *task, uint32_t uid);
uint32_t make_kgid(const struct emul *emul, void *task, uint32_t gid);
int32_t pid_vnr(const struct emul *emul, void *task, int32_t pid);

/* perm.c */
/* 0, or -1: the mode forbids it. */
int ipcperms(const struct segment *segment, const struct emul_cred *cred,
	     uint32_t flag);
bool ipc_is_owner(const struct segment *segment, const struct emul_cred *cred);
bool in_group_p(const struct emul_cred *cred, uint32_t gid);
/* In the user namespace that owns the IPC one; in the first one, for what
   belongs to the machine: memory. */
bool ns_capable(const struct emul_cred *cred, uint32_t cap);
bool capable(const struct emul_cred *cred, uint32_t cap);

/* vma.c */
/* Until mm_unreserve of the same count, so many vma_alloc will succeed; false:
   out of memory. */
bool mm_reserve(struct emul_mm *mm, uint32_t count);
void mm_unreserve(struct emul_mm *mm, uint32_t count);
struct vma *vma_alloc(struct emul_mm *mm);
/* The lowest VMA that ends above addr; the VMA that addr lies in; the lowest
   that has a byte in [start, end).  NULL: none. */
struct vma *find_vma(const struct emul_mm *mm, uint64_t addr);
struct vma *vma_lookup(const struct emul_mm *mm, uint64_t addr);
struct vma *find_vma_intersection(const struct emul_mm *mm, uint64_t start,
				  uint64_t end);
/* Into the tree of mm, and out of it. */
void vma_link(struct emul_mm *mm, struct vma *vma);
void vma_unlink(struct emul_mm *mm, struct vma *vma);
/* How many different files have a VMA here. */
uint64_t mm_count_files(struct emul_mm *mm);
struct shm_file *shm_file_new(struct segment *segment, bool writable);
/* Frees the VMA, and its file with the last VMA of that. */
void vma_free(struct vma *vma);
/* remove_vma(): vma_unlink, vma_free, shm_vm_close. */
void vma_close(const struct emul_caller *caller, struct vma *vma);
/* __split_vma(): cuts at `at`, gives the upper part.  Takes one vma_alloc. */
struct vma *vma_split(const struct emul_caller *caller, struct vma *vma,
		      uint64_t at);
/* Unmaps [start, end) as munmap does.  Takes up to two vma_alloc. */
void mm_unmap(const struct emul_caller *caller, uint64_t start, uint64_t end);
/* Moves the lower bound, up or down, of a VMA that is not in the tree. */
void vma_set_start(const struct emul *emul, struct vma *vma, uint64_t start);
/* linear_page_index() */
uint64_t vma_pgoff(const struct emul *emul, const struct vma *vma,
		   uint64_t addr);

/* shmdt.c */
/* The lowest VMA with this virtual base: what shmdt begins with, or NULL. */
struct vma *shmdt_first(const struct emul_mm *mm, uint64_t addr);

/* mm_flags.c: calls that change properties. */
bool mm_flags_op(enum emul_mmop op);
/* VM_EXEC_KEY for what has this protection, or 0 (mprotect, do_mmap()). */
uint32_t mm_flags_exec_key(const struct emul *emul, uint32_t prot);
/* Remembers the policy of an mbind: 0 or -ENOMEM. */
sysret_t mm_flags_enter(struct emul *emul, const struct emul_mmcall *call);
bool mm_flags_concern(const struct emul_mm *mm, const struct emul_mmcall *call);
void mm_flags_leave(const struct emul_caller *caller,
		    const struct emul_mmcall *call, sysret_t result);

/* place.c */
void mm_note_detached(const struct emul_caller *caller, uint64_t start,
		      uint64_t end);
/* For an attach without an address; 0: none. */
uint64_t mm_get_unmapped_area(const struct emul_caller *caller,
			      const struct segment *segment, uint64_t len);

/* mm_remap.c: calls that move VMAs. */
sysret_t mremap_enter(const struct emul_caller *caller,
		      const struct emul_mmcall *call);
void mremap_leave(const struct emul_caller *caller,
		  const struct emul_mmcall *call, sysret_t result);
bool mremap_concerns(const struct emul_mm *mm, const struct emul_mmcall *call);
sysret_t remap_pages_enter(const struct emul_caller *caller,
			   const struct emul_mmcall *call);
void remap_pages_leave(const struct emul_caller *caller,
		       const struct emul_mmcall *call, sysret_t result);

/* mm_failed.c: what calls that failed have done all the same. */
/* Did it unmap our VMAs in [start, end) before it failed?  Then that is
   recorded, and true. */
bool mm_record_if_gone(const struct emul_caller *caller, uint64_t start,
		       uint64_t end);
/* A munmap stopped by a seal: the VMA that its start lies in was split. */
void mm_split_at(const struct emul_caller *caller, uint64_t start);
/* An mmap with MAP_FIXED gave this error. */
void mm_map_failed(const struct emul_caller *caller, uint64_t start,
		   uint64_t end, sysret_t error);

/* abi.c: the structs of the 64-bit ABI, to and from the program. */
sysret_t copy_shmid_to_user(const struct emul_caller *caller, uint64_t buf,
			    const struct segment *segment);
struct abi_set {
	uint32_t uid, gid, mode;
};
sysret_t copy_shmid_from_user(const struct emul_caller *caller, uint64_t buf,
			      struct abi_set *set);
sysret_t copy_shminfo_to_user(const struct emul_caller *caller, uint64_t buf);
sysret_t copy_shm_info_to_user(const struct emul_caller *caller, uint64_t buf);

#endif
