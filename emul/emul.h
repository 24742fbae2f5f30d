// SPDX-License-Identifier: MIT
/*
 * emul.h - what each shared-memory call means.
 *
 * The emulated IPC namespaces, their segments, and the attachments of each
 * address space.  This folder decides and never acts: it makes no system
 * call, reads no clock and no /proc.  Whatever it must know or have done
 * comes in as an argument or goes through struct emul_host.
 *
 * Not thread-safe: one caller at a time, as the tracer has one thread.
 */
#ifndef EMUL_H
#define EMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a system call gives the program: a value >= 0 or -errno (-1..-4095).
 * SYSRET_GONE is neither: the calling thread died while the host worked on
 * it.  Handlers pass it on and record nothing that did not happen.
 */
typedef int64_t sysret_t;
#define SYSRET_GONE INT64_MIN

struct emul;	/* everything: one per run */
struct emul_ns; /* an IPC namespace (counted references) */
struct emul_mm; /* the attachments of one address space */

/* Capabilities that count, in the user namespace that owns the IPC one. */
enum {
	EMUL_CAP_IPC_OWNER = 1,
	EMUL_CAP_IPC_LOCK = 2,
	EMUL_CAP_SYS_ADMIN = 4,
	EMUL_CAP_SYS_RESOURCE = 8,
};

/* Credentials of the calling thread (ipcperms() in ipc/util.c). */
struct emul_cred {
	uint32_t uid; /* real: RLIMIT_MEMLOCK is charged to it */
	uint32_t euid;
	uint32_t egid;
	uint32_t fsgid;
	uint32_t caps; /* EMUL_CAP_* */
	uint32_t ngroups;
	const uint32_t *groups; /* supplementary groups, owned by the caller */
	bool in_child_userns;	/* in a child of the first user namespace: caps
			   do not reach what belongs to the machine */
};

/* Who calls, and when.  Borrowed for the length of one call. */
struct emul_caller {
	void *task;	    /* handed back to the host's functions */
	struct emul_ns *ns; /* the caller's IPC namespace */
	struct emul_mm *mm;
	const struct emul_cred *cred;
	int32_t pid;		/* thread group id: cpid and lpid */
	uint64_t creator;	/* identity of the calling thread, never 0 and
				   never used twice in a run: for
				   shm_rmid_forced */
	int64_t now;		/* seconds, CLOCK_REALTIME */
	bool read_implies_exec; /* personality: readable is executable */
};

/* Protection bits of a VMA; the values of PROT_*. */
enum { EMUL_READ = 1, EMUL_WRITE = 2, EMUL_EXEC = 4 };

/* How an attach wants to be placed. */
enum emul_place {
	EMUL_PLACE_ANY,	    /* the host picks; addr is 0 */
	EMUL_PLACE_FREE,    /* there or -EEXIST (MAP_FIXED_NOREPLACE) */
	EMUL_PLACE_REPLACE, /* there, replacing (MAP_FIXED) */
};

struct emul_mapping {
	int64_t pages; /* handle from pages_create */
	uint64_t addr; /* page aligned */
	uint64_t len;  /* bytes, a multiple of the page size */
	int prot;      /* EMUL_READ ... */
	bool writable; /* false for SHM_RDONLY: the mapping can never
			  become writable, whatever mprotect says */
	enum emul_place place;
};

struct emul_pages_request {
	int32_t key;	     /* creation key: names the pages SYSV%08x */
	uint64_t size;	     /* bytes as given to shmget, > 0 */
	uint32_t huge_shift; /* log2 of the huge page size; 0: none */
	bool noreserve;	     /* SHM_NORESERVE */
	bool sys_admin;	     /* the caller has CAP_SYS_ADMIN */
	void *task;	     /* emul_caller.task */
};

struct emul_usage {
	uint64_t rss, swap;
}; /* bytes */

struct emul_mmcall;

/*
 * What the outside world does for us.  `task` is emul_caller.task; functions
 * that take it can return SYSRET_GONE.  `host` is what emul_new was given.
 */
struct emul_host {
	/* Memory for emul's own records: zeroed, or NULL; free takes NULL.
	   Both NULL: calloc() and free(). */
	void *(*alloc)(void *host, size_t count, size_t size);
	void (*free)(void *host, void *memory);

	/* Pages for a new segment: a handle >= 0, or -ENOMEM (memory
	   accounting, FACTS 2.4), -EINVAL, -EPERM (huge pages). */
	sysret_t (*pages_create)(void *host,
				 const struct emul_pages_request *request);
	void (*pages_destroy)(void *host, int64_t pages);
	void (*pages_usage)(void *host, int64_t pages,
			    struct emul_usage *usage);
	/* SHM_LOCK (true) and SHM_UNLOCK: 0 or -ENOMEM. */
	sysret_t (*pages_lock)(void *host, int64_t pages, bool lock);

	/* Map into the caller: the address, or the -errno of mmap(2). */
	sysret_t (*map)(void *task, const struct emul_mapping *mapping);
	/* Unmap from the caller: 0 or the -errno of munmap(2).  is_last: the
	   call asks for nothing more and is going to give 0, so the host may
	   let it end with this munmap. */
	sysret_t (*unmap)(void *task, uint64_t addr, uint64_t len,
			  bool is_last);
	/* Copy from the caller: 0, or -EFAULT. */
	sysret_t (*read)(void *task, uint64_t addr, void *buf, size_t len);
	/* Copy to the caller: 0, or -EFAULT with the part before the fault
	   written, as copy_to_user() does. */
	sysret_t (*write)(void *task, uint64_t addr, const void *buf,
			  size_t len);
	/* Soft RLIMIT_MEMLOCK of the caller, bytes; UINT64_MAX: none. */
	uint64_t (*memlock_limit)(void *task);
	/* First byte in [from, to) that nothing is mapped at, or `to`. */
	uint64_t (*first_hole)(void *task, uint64_t from, uint64_t to);
	/* First byte in [from, to) that something is mapped at, or `to`.
	   Only for attaches that cross task_size, and as the next two.  May
	   be NULL. */
	uint64_t (*first_mapped)(void *task, uint64_t from, uint64_t to);
	/* End of the mapping at addr, which is one, and mremap(2) in the
	   caller: what it gives.  Only for moves of other memory that reach a
	   VMA, and for growth at the top of the arena.  May be NULL. */
	uint64_t (*mapping_end)(void *task, uint64_t addr);
	sysret_t (*remap)(void *task, const struct emul_mmcall *call);
	/* Is the page at addr in a locked mapping ("lo" in smaps)?  Only
	   after an mlock that failed with ENOMEM, to tell a limit (nothing
	   done) from pages that cannot be had (all done).  May be NULL. */
	bool (*is_locked)(void *task, uint64_t addr);
	/* What the task calls a process: pid as in emul_caller, or 0 when it
	   is not visible in the task's pid namespace.  NULL: the same. */
	int32_t (*pid_to_task)(void *task, int32_t pid);
	/* What the task's user namespace calls a user or group, and what it
	   means by one: UINT32_MAX when there is no such id.  NULL: the
	   same. */
	uint32_t (*id_to_task)(void *task, bool group, uint32_t id);
	uint32_t (*id_from_task)(void *task, bool group, uint32_t id);
	/* PROT_* of the mapping at addr, which is one.  Only after an mprotect
	   that failed, to see how far it came.  May be NULL. */
	int (*protection)(void *task, uint64_t addr);
};

/* Fixed for a run. */
struct emul_config {
	uint64_t page_size;   /* bytes, power of two; SHMLBA is the same */
	uint64_t arena_start; /* where attaches without an address go: */
	uint64_t arena_end;   /* [start, end), page aligned; may be empty */
	uint64_t task_size;   /* first address no program can map */
	uint32_t huge_shift;  /* log2 of the default huge page size, or 0 */
	uint32_t huge_group;  /* vm.hugetlb_shm_group: may have huge pages */
	uint64_t huge_sizes;  /* bit n: huge pages of 2^n bytes exist; the
				 default size need not be listed */
	bool exec_takes_key;  /* PROT_EXEC alone gets a protection key */
};

/* Namespace limits (FACTS 13); Linux's defaults in emul_ns_new. */
struct emul_limits {
	uint64_t shmmax, shmall;
	uint64_t shmmni; /* 0..32768 */
	bool rmid_forced;
	int32_t next_id; /* -1: none */
	uint64_t shmseg; /* attaches per address space; UINT64_MAX */
};

/* NULL when out of memory.  `host` and `config` are copied. */
struct emul *emul_new(const struct emul_host *host, void *arg,
		      const struct emul_config *config);
/* Every address space and namespace must have been dropped before. */
void emul_free(struct emul *emul);

/* A fresh namespace with one reference; NULL when out of memory. */
struct emul_ns *emul_ns_new(struct emul *emul);
struct emul_ns *emul_ns_get(struct emul_ns *ns);
void emul_ns_put(struct emul_ns *ns); /* last one: segments without attach
					 go; attached ones live on */
/* Is pid the creating or the last process of a segment? */
bool emul_ns_mentions_pid(const struct emul_ns *ns, int32_t pid);
/* Has anyone but the caller a reference? */
bool emul_ns_is_shared(const struct emul_ns *ns);
struct emul_limits *emul_ns_limits(struct emul_ns *ns);
/* shm_rmid_forced was just set to 1: orphans go (FACTS 11.3).
   alive(creator, arg) says whether the creating thread still exists. */
void emul_ns_destroy_orphans(struct emul_ns *ns,
			     bool (*alive)(uint64_t creator, void *arg),
			     void *arg);
/* A thread ended: with shm_rmid_forced its unattached segments go. */
void emul_task_exit(struct emul_ns *ns, uint64_t creator);

/* An empty address space (exec, first program); NULL: out of memory. */
struct emul_mm *emul_mm_new(struct emul *emul);
/* fork(): a copy without the DONTFORK VMAs; nattch, atime and lpid (of the
   parent, caller->pid) change.  caller->mm is the parent.  NULL: out of
   memory, nothing changed. */
struct emul_mm *emul_mm_fork(const struct emul_caller *caller);
/* The last user exits or execs: every VMA is detached.  Only caller->pid
   and caller->now are used.  Frees caller->mm. */
void emul_mm_drop(const struct emul_caller *caller);
bool emul_mm_is_empty(const struct emul_mm *mm);
/* Does any VMA reach outside the arena? */
bool emul_mm_is_outside(const struct emul_mm *mm);
/* The lowest such VMA that ends above `from`: its bounds. */
bool emul_mm_next_outside(const struct emul_mm *mm, uint64_t from,
			  uint64_t *start, uint64_t *end);

/* A mapping of a segment, with the bounds that Linux gives it. */
struct emul_vma {
	uint64_t addr, len; /* bytes */
	uint64_t offset;    /* bytes into the segment */
	int64_t pages;
	uint64_t file; /* identity of the attach (its struct file) */
	int prot;
	uint32_t flags; /* all properties: where they differ the kernel
			   keeps two mappings apart; neighbours of one
			   attach with contiguous offsets and equal
			   flags are one mapping of a memfd */
};
/* Calls visit for each VMA in order of address; stops when it returns
   non-zero and returns that. */
int emul_mm_walk(const struct emul_mm *mm,
		 int (*visit)(const struct emul_vma *, void *arg), void *arg);

/* The four system calls (ipc/shm.c: ksys_shmget, do_shmat, ksys_shmdt,
   ksys_shmctl).  Arguments as the registers hold them. */
sysret_t emul_shmget(const struct emul_caller *caller, uint64_t key,
		     uint64_t size, uint64_t shmflg);
sysret_t emul_shmat(const struct emul_caller *caller, uint64_t shmid,
		    uint64_t shmaddr, uint64_t shmflg);
/* The host's map announced success at `addr` before the program's mmap was
   done, and mmap then failed: take the attach back as if it had never been.
   Only right after emul_shmat, before any other call on this address space. */
void emul_shmat_undo(const struct emul_caller *caller, uint64_t addr);
sysret_t emul_shmdt(const struct emul_caller *caller, uint64_t addr);
sysret_t emul_shmctl(const struct emul_caller *caller, uint64_t shmid,
		     uint64_t cmd, uint64_t buf);

/* A segment, for reports. */
struct emul_segment {
	int32_t shmid, key;
	uint64_t size;		/* as given to shmget */
	uint32_t uid, gid;	/* owner, as the first user namespace has it */
	uint32_t mode;		/* 0777 | SHM_DEST | SHM_LOCKED */
	int32_t cpid;
};
/* By its id; by an address that shmdt would detach.  False: no such one. */
bool emul_segment_look(const struct emul_ns *ns, int32_t shmid,
		       struct emul_segment *look);
bool emul_attached_look(const struct emul_mm *mm, uint64_t addr,
			struct emul_segment *look);

/* System calls that can change VMAs. */
enum emul_mmop {
	EMUL_MM_MUNMAP,	  /* addr len */
	EMUL_MM_MMAP,	  /* addr len, only with MAP_FIXED */
	EMUL_MM_MREMAP,	  /* addr len(old) new_len flags new_addr */
	EMUL_MM_MPROTECT, /* addr len prot; pkey_mprotect too */
	EMUL_MM_MADVISE,  /* addr len advice */
	EMUL_MM_MLOCK,	  /* addr len flags(MLOCK_ONFAULT) */
	EMUL_MM_MUNLOCK,  /* addr len */
	EMUL_MM_MLOCKALL, /* flags */
	EMUL_MM_MUNLOCKALL,
	EMUL_MM_MBIND,		  /* addr len policy */
	EMUL_MM_MSEAL,		  /* addr len */
	EMUL_MM_REMAP_FILE_PAGES, /* addr len pgoff */
};

struct emul_mmcall {
	enum emul_mmop op;
	uint64_t addr, len;
	uint64_t new_addr, new_len;
	uint64_t flags;	 /* mremap, mlock2, mlockall, mbind;
			    pkey_mprotect: key + 1, mprotect: 0 */
	uint64_t pgoff;	 /* remap_file_pages, in pages */
	uint64_t policy; /* mbind: equal policies have equal numbers;
			    0 is the default policy */
	int prot;	 /* PROT_* as given */
	int advice;	 /* MADV_* as given */
};

/* Can this call touch a VMA of the caller?  If not it runs untouched. */
bool emul_mm_concerns(const struct emul_mm *mm, const struct emul_mmcall *call);
/* Before: 0, let it run; or the -errno that Linux would give where the pages
   behind a VMA (a memfd) would not (FACTS 8.6, 18.1), or what the call gave
   that was made in parts (FACTS 8.7).  Refusals may have side effects as in
   Linux.  -ENOMEM also when there is no memory to
   record what the call may do; then nothing has happened.
   Each enter that gave 0 takes exactly one leave, of the same mm, also
   when the thread died meanwhile (result SYSRET_GONE: not done); only
   emul_mm_drop makes it superfluous. */
sysret_t emul_mm_enter(const struct emul_caller *caller,
		       const struct emul_mmcall *call);
/* After it ran with `result` (the kernel's value or -errno): bring the
   VMAs, nattch, times and lpid up to date, also after half a failure.
   Addresses and lengths are as the program gave them, address tags (arm64)
   taken off. */
void emul_mm_leave(const struct emul_caller *caller,
		   const struct emul_mmcall *call, sysret_t result);

/* /proc/sysvipc/shm of a namespace as `task` (NULL: the one with our own
   view of processes and users) sees it: up to `size` bytes into buf; returns
   the whole length, as snprintf does. */
size_t emul_sysvipc(const struct emul_ns *ns, void *task, char *buf,
		    size_t size);

/* The files of /proc/sys/kernel that belong to a namespace (ipc/ipc_sysctl.c,
   Linux 6.18). */
enum emul_sysctl {
	EMUL_SHMMAX,
	EMUL_SHMALL,
	EMUL_SHMMNI,
	EMUL_SHM_RMID_FORCED,
	EMUL_SHM_NEXT_ID,
};

/* Its text as read(2) gives it: the length, at most 24 bytes. */
size_t emul_sysctl_read(struct emul_ns *ns, enum emul_sysctl which,
			char buf[24]);
/* What write(2) of `len` bytes gives: bytes taken, or -EINVAL.  Setting
   shm_rmid_forced is the caller's cue for emul_ns_destroy_orphans. */
sysret_t emul_sysctl_write(struct emul_ns *ns, enum emul_sysctl which,
			   const char *text, size_t len);

#endif
